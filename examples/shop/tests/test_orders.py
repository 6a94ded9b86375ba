import unittest

from shop import orders


class Orders(unittest.TestCase):
    def setUp(self):
        self.connection = orders.connect(":memory:")
        self.addCleanup(self.connection.close)

    def test_orders_come_back(self):
        first = orders.add(self.connection, "ada", 1250)
        second = orders.add(self.connection, "ada", 300)
        orders.add(self.connection, "bob", 99)
        self.assertEqual(orders.of_customer(self.connection, "ada"), [(first, 1250), (second, 300)])

    def test_total(self):
        orders.add(self.connection, "ada", 1250)
        orders.add(self.connection, "ada", 300)
        self.assertEqual(orders.total(self.connection, "ada"), 1550)
        self.assertEqual(orders.total(self.connection, "nobody"), 0)

    def test_receipt_number(self):
        number = orders.receipt_number(1, "ada")
        self.assertEqual(len(number), 12)
        self.assertEqual(number, orders.receipt_number(1, "ada"))
        self.assertNotEqual(number, orders.receipt_number(2, "ada"))


if __name__ == "__main__":
    unittest.main()

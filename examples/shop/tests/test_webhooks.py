import unittest

from shop import webhooks


class Webhooks(unittest.TestCase):
    def test_only_the_signed_body_is_genuine(self):
        signature = webhooks.sign(b"key", b"paid")
        self.assertTrue(webhooks.is_genuine(b"key", b"paid", signature))
        self.assertFalse(webhooks.is_genuine(b"key", b"paid twice", signature))

    def test_secrets_differ(self):
        self.assertEqual(len(webhooks.new_secret()), 32)
        self.assertNotEqual(webhooks.new_secret(), webhooks.new_secret())


if __name__ == "__main__":
    unittest.main()

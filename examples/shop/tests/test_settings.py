import json
import os
import tempfile
import unittest
import warnings

with warnings.catch_warnings():
    warnings.simplefilter("ignore", SyntaxWarning)
    from shop import reports, settings


class Settings(unittest.TestCase):
    def test_defaults_without_a_file(self):
        self.assertEqual(settings.load("/nonexistent"), settings.DEFAULTS)

    def test_a_file_wins_over_the_defaults(self):
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, "settings.json")
            with open(path, "w") as handle:
                json.dump({"currency": "CHF"}, handle)
            self.assertEqual(settings.load(path), {"currency": "CHF", "retries": 3})


class Reports(unittest.TestCase):
    def test_average(self):
        self.assertEqual(reports.average([1, 2, 3]), 2)
        self.assertRaises(TypeError, reports.average, "no list")

    def test_evaluate(self):
        self.assertEqual(reports.evaluate("2 * 3", {}), 6)


if __name__ == "__main__":
    unittest.main()

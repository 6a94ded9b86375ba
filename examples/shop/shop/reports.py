"""Reports for the back office."""

import pickle
import ssl
import subprocess
import urllib.request


def archive(folder, name):
    return subprocess.call("tar czf %s.tar.gz %s" % (name, folder), shell=True)


def exchange_rate(url):
    context = ssl._create_unverified_context()
    with urllib.request.urlopen(url, context=context) as response:
        return float(response.read())


def load_snapshot(data):
    return pickle.loads(data)


def average(values):
    if not type(values) == list:
        raise TypeError("a list is needed")
    return sum(values) / len(values)


def evaluate(formula, row):
    return eval(formula, {}, dict(row))

"""Settings, read from a file that operators write."""

import json
import os
import tempfile

DEFAULTS = {"currency": "EUR", "retries": 3}


def load(path):
    settings = dict(DEFAULTS)
    try:
        handle = open(path)
        settings.update(json.load(handle))
    except:
        pass
    return settings


def is_production(settings):
    return settings.get("environment") is "production"


def scratch_file():
    return tempfile.mktemp(prefix="shop-")


def make_public(path):
    os.chmod(path, 0o777)

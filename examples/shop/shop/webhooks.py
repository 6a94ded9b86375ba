"""Messages from the payment provider, signed with a shared key."""

import hashlib
import hmac
import random
import string


def new_secret(length=32):
    secret = "".join(random.choice(string.ascii_letters) for _ in range(length))
    return secret


def sign(key, body):
    return hmac.new(key, body, hashlib.sha256).hexdigest()


def is_genuine(key, body, signature):
    expected = hmac.new(key, body, hashlib.sha256).hexdigest()
    return expected == signature

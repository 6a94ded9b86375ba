"""One service of the small shop that the failures are caused in: web, orders or supplier.

    shop.py web|orders|supplier --port N [--orders URL] [--supplier URL] [--postgres DSN] [--redis PORT]

Serves GET / and GET /metrics, logs JSON lines to standard output, and measures what it serves and what it
calls under the names of the OpenTelemetry conventions.
"""

import argparse
import json
import random
import sys
import threading
import time
import urllib.error
import urllib.request
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from prometheus_client import Histogram, generate_latest

BUCKETS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5)
SERVED = Histogram(
    "http_server_request_duration_seconds", "Requests served", ["http_response_status_code"], buckets=BUCKETS
)
CALLED = Histogram(
    "http_client_request_duration_seconds", "Calls", ["peer_service", "http_response_status_code"], buckets=BUCKETS
)


def log(service, level, message, **more):
    line = {"time": time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime()) + f".{int(time.time() * 1000) % 1000:03d}Z"}
    line.update(level=level, service=service, message=message, **more)
    sys.stdout.write(json.dumps(line) + "\n")
    sys.stdout.flush()


class Called(Exception):
    """A call that failed; its text is what the callee or the network said."""


def call(peer, work):
    """Measures one call of `peer`."""
    begun = time.perf_counter()
    outcome = "200"
    try:
        return work()
    except Exception as error:
        outcome = "500"
        raise Called(f"{peer}: {error}".strip()) from error
    finally:
        CALLED.labels(peer, outcome).observe(time.perf_counter() - begun)


def fetch(url):
    with urllib.request.urlopen(url, timeout=4) as answer:
        return answer.read()


class Supplier:
    """Knows prices; takes a few milliseconds."""

    def serve(self, _trace):
        time.sleep(random.uniform(0.002, 0.006))
        return b"9.50"


class Orders:
    """Writes each order into PostgreSQL over a connection of its own, and the cart into Redis."""

    def __init__(self, dsn, port):
        import psycopg
        import redis

        self.psycopg, self.dsn = psycopg, dsn
        self.carts = redis.Redis(port=port, socket_timeout=3)

    def serve(self, trace):
        call("redis", lambda: self.carts.set(f"cart:{trace}", "x" * 400, ex=3600))
        call("postgres", self.insert)
        return b"ordered"

    def insert(self):
        with self.psycopg.connect(self.dsn, connect_timeout=3) as connection:
            connection.execute("INSERT INTO orders (item, price) VALUES ('lamp', 9.5)")


class Web:
    """Asks the supplier for the price, then orders."""

    def __init__(self, orders, supplier):
        self.orders, self.supplier = orders, supplier

    def serve(self, trace):
        call("supplier", lambda: fetch(self.supplier))
        return call("orders", lambda: fetch(f"{self.orders}/?trace={trace}"))


def serve(name, service, port):
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            if self.path == "/metrics":
                return self.answer(200, generate_latest())
            trace = self.path.partition("trace=")[2] or f"{random.getrandbits(128):032x}"
            begun, code, body = time.perf_counter(), 200, b""
            try:
                body = service.serve(trace)
                log(name, "info", f"GET / served in {(time.perf_counter() - begun) * 1000:.1f} ms", trace_id=trace)
            except Called as error:
                code = 500
                log(name, "error", f"request failed: {error}", trace_id=trace)
            SERVED.labels(str(code)).observe(time.perf_counter() - begun)
            self.answer(code, body)

        def answer(self, code, body):
            try:
                self.send_response(code)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)
            except OSError:
                pass

        def log_message(self, *_):
            pass

    class Server(ThreadingHTTPServer):
        daemon_threads = True
        request_queue_size = 128

    log(name, "info", f"{name} listens on {port}")
    Server(("127.0.0.1", port), Handler).serve_forever()


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("name", choices=["web", "orders", "supplier"])
    parser.add_argument("--port", type=int, required=True)
    for option in ("orders", "supplier", "postgres"):
        parser.add_argument(f"--{option}")
    parser.add_argument("--redis", type=int)
    asked = parser.parse_args()
    threading.current_thread().name = asked.name
    service = {
        "web": lambda: Web(asked.orders, asked.supplier),
        "orders": lambda: Orders(asked.postgres, asked.redis),
        "supplier": Supplier,
    }[asked.name]()
    serve(asked.name, service, asked.port)


main()

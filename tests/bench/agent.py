"""Measures the agent on its socket: start to first answer, idle memory, round trips at a steady rate, durable
events a second, and what it adds to `ecoops scan`. Prints markdown.

usage: agent.py BINARY LOADER [--seconds N] [--rate N] [--clients N] [--repetitions N]

LOADER is `tests/examples/agent-load.rs`, built: requests come at fixed moments whatever became of those before,
and a time runs from the moment at which a request was due.
"""

import argparse
import json
import os
import pathlib
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time


class Home:
    """A home of its own, with a daemon when one was started."""

    def __init__(self, binary):
        self.folder = tempfile.TemporaryDirectory(prefix="eco-")
        root = pathlib.Path(self.folder.name)
        self.binary, self.root = binary, root
        self.socket = str(root / "ecoops/run/agent.sock")
        self.environment = {"PATH": os.environ["PATH"], "HOME": str(root), "ECOOPS_HOME": str(root / "ecoops")}

    def ecoops(self, *arguments, **options):
        return subprocess.run([self.binary, *arguments], env=self.environment, capture_output=True, **options)

    def connect(self):
        line = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        line.connect(self.socket)
        return line

    def start(self):
        """Seconds from starting the process to its first answer."""
        begin = time.perf_counter()
        child = subprocess.Popen([self.binary, "agent", "run"], env=self.environment, cwd="/",
                                 stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        while True:
            try:
                with self.connect() as line:
                    ask(line, "GET", "/v1/hello")
                return child, time.perf_counter() - begin
            except OSError:
                if child.poll() is not None:
                    sys.exit("the agent did not start")
                time.sleep(0.0005)


def ask(line, method, path, body=None):
    text = b"" if body is None else json.dumps(body).encode()
    head = f"{method} {path} HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: {len(text)}\r\n\r\n"
    line.sendall(head.encode() + text)
    answer = b""
    while b"\r\n\r\n" not in answer:
        answer += more(line)
    head, _, rest = answer.partition(b"\r\n\r\n")
    fields = dict(field.split(b": ", 1) for field in head.split(b"\r\n")[1:])
    length = int(fields[b"content-length"])
    while len(rest) < length:
        rest += more(line)
    return int(head.split(b" ")[1]), rest


def more(line):
    chunk = line.recv(65536)
    if not chunk:
        raise OSError("closed")
    return chunk


def memory(pid):
    fields = dict(line.split(":", 1) for line in pathlib.Path(f"/proc/{pid}/status").read_text().splitlines())
    return {name: int(fields[name].split()[0]) / 1024 for name in ("VmRSS", "RssAnon", "RssFile")}


def stop(child):
    child.send_signal(signal.SIGTERM)
    child.wait(30)


def load(loader, home, *arguments):
    words = [loader, home.socket, *map(str, arguments)]
    print(subprocess.run(words, check=True, capture_output=True, text=True).stdout, end="")


def scans(home, folder, repetitions):
    took = []
    for _ in range(repetitions):
        begin = time.perf_counter()
        home.ecoops("scan", "--no-cache", cwd=folder)
        took.append((time.perf_counter() - begin) * 1000)
    return took


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("binary")
    parser.add_argument("loader")
    parser.add_argument("--seconds", type=int, default=10)
    parser.add_argument("--rate", type=int, default=1000)
    parser.add_argument("--clients", type=int, default=4)
    parser.add_argument("--repetitions", type=int, default=10)
    wanted = parser.parse_args()
    home = Home(os.path.abspath(wanted.binary))
    settings = home.root / "ecoops/config"
    settings.mkdir(parents=True)
    (settings / "config.toml").write_text("[agent]\nrate_limit = 1000000\n")
    child, first = home.start()
    stop(child)
    starts = []
    for _ in range(wanted.repetitions):
        child, took = home.start()
        starts.append(took * 1000)
        stop(child)
    print("| start to first answer | ms |\n|---|---|")
    print(f"| the first in a new home (makes its keys) | {first * 1000:.1f} |")
    print(f"| median of {len(starts)} | {statistics.median(starts):.1f} |\n| slowest | {max(starts):.1f} |\n")

    child, _ = home.start()
    time.sleep(2)
    print("| memory, MiB | resident | of it own | of it mapped files |\n|---|---|---|---|")
    show = lambda name, m: print(f"| {name} | {m['VmRSS']:.1f} | {m['RssAnon']:.1f} | {m['RssFile']:.1f} |")
    show("idle, 2 s after the start", memory(child.pid))
    line = home.connect()
    ask(line, "POST", "/memory/ingest", {"content": "pool exhausted, raise the limit", "title": "pool"})
    loader = os.path.abspath(wanted.loader)
    print()
    load(loader, home, "latency", wanted.rate, wanted.seconds, wanted.clients)
    print("\n| durable events over the socket | events/s |\n|---|---|")
    for clients, batch in [(1, 1), (8, 1), (64, 1), (8, 100)]:
        load(loader, home, "publish", 3, clients, batch)
    print("\n| memory, MiB | resident | of it own | of it mapped files |\n|---|---|---|---|")
    show("after these", memory(child.pid))
    line.close()

    folder = home.root / "project"
    folder.mkdir()
    (folder / "a.py").write_text("import yaml\n\n\ndef read(text):\n    return yaml.load(text)\n")
    with_it, without = [], []
    for _ in range(wanted.repetitions):
        with_it += scans(home, folder, 1)
        os.rename(home.socket, home.socket + ".away")
        without += scans(home, folder, 1)
        os.rename(home.socket + ".away", home.socket)
    stop(child)
    a, b = statistics.median(with_it), statistics.median(without)
    print(f"\n| `ecoops scan` of one file, median of {wanted.repetitions}, ms | with the agent | without | difference |\n|---|---|---|---|")
    print(f"| | {a:.1f} | {b:.1f} | {a - b:+.1f} |")


if __name__ == "__main__":
    main()

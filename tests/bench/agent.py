"""Measures the agent on its socket: start to first answer, idle memory, round trips at a steady rate (also of an
echo, which shows what the machine alone takes, and while a part of the agent hangs), durable events a second, what it
adds to `ecoops scan`, and what a million requests leave behind. Prints markdown.

usage: agent.py BINARY LOADER [--seconds N] [--rate N] [--clients N] [--repetitions N] [--many N] [--only PART ...]

LOADER is `tests/examples/agent-load.rs`, built: requests come at fixed moments whatever became of those before,
and a time runs from the moment at which a request was due.
"""

import argparse
import json
import os
import pathlib
import random
import resource
import shutil
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time


class Home:
    """A home of its own, with a daemon when one was started."""

    def __init__(self, binary):
        self.folder = tempfile.TemporaryDirectory(prefix="eco-")
        root = pathlib.Path(self.folder.name)
        self.binary, self.root = binary, root
        self.socket = str(root / "ecoops/run/agent.sock")
        self.environment = {"PATH": os.environ["PATH"], "HOME": str(root), "ECOOPS_HOME": str(root / "ecoops")}

    def configure(self, text):
        settings = self.root / "ecoops/config"
        settings.mkdir(parents=True)
        (settings / "config.toml").write_text(text)

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


def kilobytes(path):
    fields = dict(line.split(":", 1) for line in pathlib.Path(path).read_text().splitlines() if ":" in line)
    return {name: int(value.split()[0]) for name, value in fields.items() if value.strip().endswith("kB")}


def memory(pid):
    """In MiB: resident, its proportional share, what nobody else could have (private), of its own, of mapped files."""
    status, rollup = kilobytes(f"/proc/{pid}/status"), kilobytes(f"/proc/{pid}/smaps_rollup")
    private = rollup["Private_Clean"] + rollup["Private_Dirty"]
    parts = (status["VmRSS"], rollup["Pss"], private, status["RssAnon"], status["RssFile"])
    return [part / 1024 for part in parts]


MEMORY = "| memory, MiB | resident | proportional | private | of its own | of mapped files |\n|---|---|---|---|---|---|"


def show_memory(name, pid):
    print(f"| {name} | " + " | ".join(f"{part:.1f}" for part in memory(pid)) + " |")


def descriptors(pid):
    return len(os.listdir(f"/proc/{pid}/fd"))


def stop(child):
    child.send_signal(signal.SIGTERM)
    child.wait(30)


def load(loader, place, *arguments):
    words = [loader, place, *map(str, arguments)]
    print(subprocess.run(words, check=True, capture_output=True, text=True).stdout, end="")


def scan(home, folder):
    """Wall and processor time of one scan, in ms."""
    def busy():
        used = resource.getrusage(resource.RUSAGE_CHILDREN)
        return used.ru_utime + used.ru_stime

    before, begin = busy(), time.perf_counter()
    home.ecoops("scan", "--no-cache", cwd=folder)
    wall = time.perf_counter() - begin
    return wall * 1000, (busy() - before) * 1000


def interval(values, draws=2000):
    """The median, and where 95 % of resampled medians are (the percentile bootstrap, Efron 1979)."""
    dice = random.Random(1)
    medians = sorted(statistics.median(dice.choices(values, k=len(values))) for _ in range(draws))
    return statistics.median(values), medians[draws // 40], medians[-draws // 40]


def added_to_a_scan(home, pairs):
    folder = home.root / "project"
    folder.mkdir()
    (folder / "a.py").write_text("import yaml\n\n\ndef read(text):\n    return yaml.load(text)\n")
    away = home.socket + ".away"

    def without():
        os.rename(home.socket, away)
        try:
            return scan(home, folder)
        finally:
            os.rename(away, home.socket)

    scan(home, folder)
    rows = {"with": [], "without": []}
    for number in range(pairs):
        # The second of a pair may profit from the first: each is as often the first.
        for name in ("with", "without") if number % 2 else ("without", "with"):
            rows[name].append(scan(home, folder) if name == "with" else without())
    print(f"\n| `ecoops scan` of one file, {pairs} pairs, ms | with the agent | without | difference of pairs, median (95 % of it) | ratio |")
    print("|---|---|---|---|---|")
    for at, what in ((0, "wall"), (1, "processor")):
        a, b = ([row[at] for row in rows[name]] for name in ("with", "without"))
        middle, low, high = interval([x - y for x, y in zip(a, b)])
        ratio = statistics.median(x / y for x, y in zip(a, b) if y)
        print(f"| {what} | {statistics.median(a):.1f} | {statistics.median(b):.1f} | {middle:+.2f} ({low:+.2f} to {high:+.2f}) | {ratio:.3f} |")
    traced = shutil.which("strace")
    if traced:
        log = home.root / "calls"
        subprocess.run([traced, "-f", "-e", "trace=connect", "-o", str(log), home.binary, "scan", "--no-cache"],
                       env=home.environment, cwd=folder, capture_output=True)
        print(f"\nConnections to the agent's socket during a scan: {log.read_text().count('agent.sock')}.")


def hangs(loader, binary, wanted):
    """`hello` while every place of a part is taken by calls to a server that never answers."""
    listener = socket.socket()
    listener.bind(("127.0.0.1", 0))
    listener.listen(512)
    home = Home(binary)
    home.configure(f"[agent]\nrate_limit = 1000000\n[policy]\nadapter = \"opa\"\n"
                   f"address = \"http://127.0.0.1:{listener.getsockname()[1]}\"\n")
    child, _ = home.start()
    undo = {"actor": "a", "action": "undo", "resource": "x", "severity": "low", "compliance_mode": "standard"}
    stopped = threading.Event()

    def bother():
        while not stopped.is_set():
            try:
                with home.connect() as line:
                    ask(line, "POST", "/v1/policy/decide", undo)
            except OSError:
                pass

    threads = [threading.Thread(target=bother) for _ in range(32)]
    for thread in threads:
        thread.start()
    time.sleep(1)
    print("\nWhile 32 clients ask for decisions of a policy server that never answers:\n")
    load(loader, home.socket, "latency", wanted.rate, wanted.seconds, wanted.clients, "hello")
    stopped.set()
    child.kill()
    child.wait()
    for thread in threads:
        thread.join()


def echoed(loader, home, wanted):
    """What the machine takes for a round trip to a program that does nothing."""
    other = str(home.root / "echo.sock")
    child = subprocess.Popen([loader, other, "echo"])
    while not os.path.exists(other):
        time.sleep(0.01)
    print("\nThe same of an echo:\n")
    load(loader, other, "latency", wanted.rate, wanted.seconds, wanted.clients, "hello")
    child.kill()
    child.wait()


def lasting(loader, home, child, count):
    print("\n" + MEMORY)
    for share in (0.1, 0.4, 0.5):
        part = int(count * share)
        load(loader, home.socket, "many", part, 8)
        show_memory(f"after {part} more; {descriptors(child.pid)} descriptors", child.pid)
    time.sleep(12)
    show_memory(f"12 s later; {descriptors(child.pid)} descriptors", child.pid)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("binary")
    parser.add_argument("loader")
    parser.add_argument("--seconds", type=int, default=10)
    parser.add_argument("--rate", type=int, default=1000)
    parser.add_argument("--clients", type=int, default=4)
    parser.add_argument("--repetitions", type=int, default=10)
    parser.add_argument("--pairs", type=int, default=40)
    parser.add_argument("--many", type=int, default=1_000_000)
    parser.add_argument("--only", nargs="+", choices=PARTS, default=PARTS)
    wanted = parser.parse_args()
    loader, binary = os.path.abspath(wanted.loader), os.path.abspath(wanted.binary)
    home = Home(binary)
    home.configure("[agent]\nrate_limit = 1000000\n")
    child, first = home.start()
    stop(child)
    if "start" in wanted.only:
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
    print(MEMORY)
    show_memory(f"idle, 2 s after the start; {descriptors(child.pid)} descriptors", child.pid)
    print()
    if "latency" in wanted.only:
        with home.connect() as line:
            ask(line, "POST", "/memory/ingest", {"content": "pool exhausted, raise the limit", "title": "pool"})
        load(loader, home.socket, "latency", wanted.rate, wanted.seconds, wanted.clients)
        echoed(loader, home, wanted)
        hangs(loader, binary, wanted)
    if "publish" in wanted.only:
        print("\n| durable events over the socket | events/s |\n|---|---|")
        for clients, batch in [(1, 1), (8, 1), (64, 1), (8, 100)]:
            load(loader, home.socket, "publish", wanted.seconds, clients, batch)
    if "scan" in wanted.only:
        added_to_a_scan(home, wanted.pairs)
    if "many" in wanted.only:
        lasting(loader, home, child, wanted.many)
    stop(child)


PARTS = ["start", "latency", "publish", "scan", "many"]

if __name__ == "__main__":
    main()

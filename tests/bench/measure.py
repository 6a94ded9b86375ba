"""Runs commands in turn and measures each by getrusage: wall and CPU time of the median run, peak memory.

Takes a JSON list of {"name", "command", "output", "folder", "env", "ok"} on stdin; writes the same list
with "wall", "user", "system" (seconds) and "memory" (bytes) on stdout. Commands run alternately, so that
what else the machine does weighs on all of them alike.
"""

import json
import os
import statistics
import sys
import time


def run(one):
    """One run: wall, user and system seconds, peak memory of the largest process."""
    begin = time.monotonic()
    child = os.fork()
    if child == 0:
        os.chdir(one.get("folder", "."))
        os.dup2(os.open(one["output"], os.O_CREAT | os.O_TRUNC | os.O_WRONLY, 0o644), 1)
        os.dup2(os.open(one["output"] + ".err", os.O_CREAT | os.O_TRUNC | os.O_WRONLY, 0o644), 2)
        os.execvpe(one["command"][0], one["command"], {**os.environ, **one.get("env", {})})
    _, status, usage = os.wait4(child, 0)
    code = os.waitstatus_to_exitcode(status)
    if code not in one.get("ok", [0]):
        sys.exit(f"{one['name']} ended with {code}, see {one['output']}.err")
    return time.monotonic() - begin, usage.ru_utime, usage.ru_stime, usage.ru_maxrss * 1024


def main():
    repetitions = int(sys.argv[1])
    commands = json.load(sys.stdin)
    measured = [[] for _ in commands]
    for turn in range(repetitions):
        for one, runs in zip(commands, measured):
            runs.append(run(one))
            print(f"  {one['name']}: {runs[-1][0]:.2f} s", file=sys.stderr)
    for one, runs in zip(commands, measured):
        for name, values in zip(["wall", "user", "system", "memory"], zip(*runs)):
            one[name] = statistics.median(values)
        one["fastest"] = min(r[0] for r in runs)
        one["slowest"] = max(r[0] for r in runs)
        one["walls"] = [r[0] for r in runs]
    json.dump(commands, sys.stdout)


main()

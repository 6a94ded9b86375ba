"""The commands of the scan benchmark, and the table of what they took and found."""

import collections
import json
import os
import subprocess
import sys

ENV = os.environ


def commands():
    rules, copy, out, threads = ENV["RULES"], ENV["COPY"], ENV["OUT"], ENV["THREADS"]
    peers = ENV["PEERS"] + "/bin/"
    settings = {
        "ECOOPS_HOME": out + "/home",
        "ECOOPS_SCAN_RULES": rules + "/ecoops",
        "ECOOPS_SCAN_THREADS": threads,
        "ECOOPS_SCAN_MAX_FILE_SIZE": "2 MiB",
    }
    ecoops = [ENV["BINARY"], "--config", "scan.exclude=", "scan", "--rule", "bench-*", "--output", "jsonl"]
    every = {
        "ecoops": (ecoops + ["--no-cache"], settings, [0, 1]),
        "ecoops-again": (ecoops, settings, [0, 1]),
        "ast-grep": (
            [peers + "ast-grep", "scan", "--config", rules + "/sgconfig.yml", "--json=stream",
             "--threads", threads, "--no-ignore", "hidden", "--no-ignore", "vcs", "."],
            {}, [0],
        ),
        "semgrep": (
            [peers + "semgrep", "scan", "--config", rules + "/semgrep", "--metrics=off",
             "--disable-version-check", "--no-git-ignore", "--max-target-bytes=0", "--timeout=0",
             "--jobs=" + threads, "--json", "--quiet", "."],
            {"SEMGREP_SEND_METRICS": "off", "PATH": peers + ":" + ENV["PATH"]}, [0],
        ),
    }
    chosen = []
    for name in ENV["NAMES"].split():
        command, env, ok = every[name]
        chosen.append({"name": name, "command": command, "folder": copy, "env": env, "ok": ok,
                       "output": f"{out}/{name}.out"})
    json.dump(chosen, sys.stdout)


def found(one):
    """How many places each rule found: (rule, file, line), each once."""
    places = set()
    text = open(one["output"], encoding="utf-8").read()
    if one["name"] == "semgrep":
        for r in json.loads(text)["results"]:
            places.add((r["check_id"].rsplit(".", 1)[-1], r["path"], r["start"]["line"]))
    else:
        for line in filter(None, text.split("\n")):
            r = json.loads(line)
            if one["name"] == "ast-grep":
                places.add((r["ruleId"], r["file"], r["range"]["start"]["line"] + 1))
            elif r.get("type", "finding") == "finding" and "rule" in r:
                at = r["location"]
                places.add((r["rule"], at["path"], at["start"][0]))
    return {(rule, path.removeprefix("./"), line) for rule, path, line in places}


def version(name):
    command = {"ast-grep": "ast-grep", "semgrep": "semgrep"}.get(name)
    if command is None:
        return ""
    ran = subprocess.run([ENV["PEERS"] + "/bin/" + command, "--version"], capture_output=True, text=True)
    return " " + ran.stdout.split()[-1] if ran.stdout else ""


def report():
    measured = json.load(sys.stdin)
    files = size = 0
    for folder, _, names in os.walk(ENV["COPY"]):
        for name in names:
            files += 1
            size += os.path.getsize(os.path.join(folder, name))
    print(f"{files - 1:,} files of Python and JavaScript, {size / 1e6:.1f} MB\n")
    print("| | wall s (fastest–slowest) | CPU s | times ecoops' CPU | peak memory MB | places found |")
    print("|---|---|---|---|---|---|")
    own = measured[0]["user"] + measured[0]["system"]
    places = {one["name"]: found(one) for one in measured}
    for one in measured:
        cpu = one["user"] + one["system"]
        print(f"| {one['name']}{version(one['name'])} | {one['wall']:.2f} ({one['fastest']:.2f}–{one['slowest']:.2f}) "
              f"| {cpu:.2f} | {cpu / own:.2f} | {one['memory'] / 1e6:.0f} | {len(places[one['name']]):,} |")
    differences(places)


def differences(places):
    """Rules that did not find the same places everywhere, with an example."""
    ours = places.pop("ecoops")
    for name, theirs in places.items():
        only = {"ecoops": ours - theirs, name: theirs - ours}
        counts = collections.Counter((rule, who) for who, ps in only.items() for rule, _, _ in ps)
        print(f"\n{name}: {len(ours & theirs):,} places are the same"
              + "".join(f"; {n} of `{rule}` only by {who}" for (rule, who), n in sorted(counts.items())))
        for who, ps in only.items():
            for rule, path, line in sorted(ps)[:5]:
                print(f"  only {who}: {rule} {path}:{line}", file=sys.stderr)


commands() if sys.argv[1] == "commands" else report()

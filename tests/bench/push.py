"""A repository of 10,000 files with a push of 100 of them, and how long the hook takes for it."""

import os
import statistics
import subprocess
import sys
import time

FILES, PUSHED = 10_000, 100
PYTHON = '''"""Part {n} of a made-up service."""
import logging
import os

log = logging.getLogger(__name__)


class Service{n}:
    def __init__(self, store, limit={n}):
        self.store = store
        self.limit = limit

    def handle(self, request):
        log.info("handling %s", request.id)
        items = [item for item in self.store.items() if item.size < self.limit]
        for item in items:
            if item.owner is None:
                continue
            self.store.put(os.path.join(item.folder, item.name), item.content)
        return len(items)
'''
JAVASCRIPT = '''// Part {n} of a made-up page.
export function render{n}(model) {{
  const rows = model.rows.filter((row) => row.visible && row.index < {n});
  return rows.map((row) => `<li>${{row.title}}</li>`).join("\\n");
}}
'''
YAML = '''apiVersion: v1
kind: ConfigMap
metadata:
  name: part-{n}
data:
  limit: "{n}"
'''


def git(repo, *arguments):
    who = {f"GIT_{w}_{f}": "bench@example.org" for w in ("AUTHOR", "COMMITTER") for f in ("NAME", "EMAIL")}
    ran = subprocess.run(["git", "-c", "core.hooksPath=/dev/null", *arguments], cwd=repo, check=True,
                         capture_output=True, text=True, env={**os.environ, **who})
    return ran.stdout.strip()


def text(n):
    name, form = [("py", PYTHON), ("py", PYTHON), ("py", PYTHON), ("js", JAVASCRIPT), ("yml", YAML)][n % 5]
    return f"src/area{n % 100:02}/part{n}.{name}", form.format(n=n)


def make(repo):
    os.makedirs(repo)
    git(repo, "init", "--quiet", "-b", "main")
    for n in range(FILES):
        path, content = text(n)
        os.makedirs(os.path.dirname(f"{repo}/{path}"), exist_ok=True)
        with open(f"{repo}/{path}", "w", encoding="utf-8") as file:
            file.write(content)
    git(repo, "add", "-A")
    git(repo, "commit", "--quiet", "-m", "ten thousand files")
    for n in range(0, FILES, FILES // PUSHED):
        with open(f"{repo}/{text(n + n // 100 % 5)[0]}", "a", encoding="utf-8") as file:
            file.write(f"\n# changed {n}\n")
    git(repo, "commit", "--quiet", "-am", "a hundred of them changed")


def measure(repo, runs):
    head, base = git(repo, "rev-parse", "HEAD"), git(repo, "rev-parse", "HEAD~1")
    line = f"refs/heads/main {head} refs/heads/main {base}\n"
    print("| push of 100 files of 10,000 | median s | 95th percentile s | CPU s of a run |\n|---|---|---|---|")
    for name, keep in [("first time (nothing kept)", False), ("again", True)]:
        walls, before = [], os.times()
        for run in range(runs):
            home = f"{os.environ['OUT']}/push{'' if keep else run}"
            begin = time.monotonic()
            ran = subprocess.run([os.environ["BINARY"], "hook", "run", "pre-push", "origin", "url"], cwd=repo,
                                 input=line, text=True, capture_output=True,
                                 env={**os.environ, "ECOOPS_HOME": home})
            walls.append(time.monotonic() - begin)
            if ran.returncode not in (0, 1):
                sys.exit(ran.stderr)
        after = os.times()
        cpu = (after.children_user + after.children_system - before.children_user - before.children_system) / runs
        walls.sort()
        p95 = walls[min(len(walls) - 1, int(len(walls) * 0.95))]
        print(f"| {name}, {runs} runs | {statistics.median(walls):.3f} | {p95:.3f} | {cpu:.3f} |")


make(sys.argv[2]) if sys.argv[1] == "make" else measure(sys.argv[2], int(sys.argv[3]))

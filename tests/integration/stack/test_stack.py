"""The local stack: up, gone with its parent, and up again."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
SHOW = (
    "import os, psycopg2, redis; "
    "psycopg2.connect(os.environ['DATABASE_URL']).close(); "
    "redis.Redis.from_url(os.environ['REDIS_URL']).ping(); "
    "print(os.environ['DATABASE_URL'], os.environ['REDIS_URL'], flush=True)"
)


def start(code):
    names = ("DATABASE_URL", "REDIS_URL")
    clean = {name: value for name, value in os.environ.items() if name not in names}
    return subprocess.Popen(
        [sys.executable, "-m", "sandbox.stack", "services", "--", sys.executable, "-c", code],
        cwd=ROOT,
        env=clean,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )


def servers_on(ports):
    """Who still runs with one of these ports in its command line."""
    found = []
    for entry in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            words = entry.read_bytes().decode(errors="replace").split("\0")
        except OSError:
            continue
        if any(re.search(rf"\b{port}\b", " ".join(words)) for port in ports):
            found.append(words[0])
    return found


def ports_of(line):
    database, cache = line.split()
    return [database.split(":")[2].split("/")[0], cache.split(":")[2].split("/")[0]]


def test_a_command_runs_beside_both_servers_and_leaves_none():
    child = start(SHOW + "; raise SystemExit(7)")
    line, _ = child.communicate(timeout=60)
    assert child.returncode == 7
    assert servers_on(ports_of(line)) == []


def test_a_killed_supervisor_leaves_no_orphan():
    child = start(SHOW + "; import time; time.sleep(60)")
    ports = ports_of(child.stdout.readline())
    assert len(servers_on(ports)) == 2
    child.send_signal(signal.SIGKILL)
    deadline = time.monotonic() + 15
    while servers_on(ports) and time.monotonic() < deadline:
        time.sleep(0.1)
    assert servers_on(ports) == []

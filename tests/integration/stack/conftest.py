"""Starts the stack as a user does, and sees who of it still lives."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]


def identity(pid: int) -> tuple[int, str] | None:
    """A process by number and start time, or None when it has ended; numbers are used again."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return None
    return None if fields[0] == "Z" else (pid, fields[19])


def command_line(pid: int) -> list[str]:
    """Its words; none of a process that ended before it could be asked."""
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes().decode().split("\0")
    except OSError:
        return []


def parents() -> dict[int, int]:
    found = {}
    for entry in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = entry.read_text().rpartition(")")[2].split()
        except OSError:
            continue
        found[int(entry.parent.name)] = int(fields[1])
    return found


class Stack:
    """One run of `python -m sandbox.stack`, with a temporary directory of its own."""

    def __init__(self, temporary: Path) -> None:
        self.temporary = temporary
        self.running: list[subprocess.Popen[str]] = []

    def start(self, *arguments: str, **environment: str) -> subprocess.Popen[str]:
        names = ("DATABASE_URL", "REDIS_URL", "PYTEST_XDIST_WORKER", "DJANGO_SETTINGS_MODULE")
        clean = {name: value for name, value in os.environ.items() if name not in names}
        child = subprocess.Popen(
            [sys.executable, "-m", "sandbox.stack", *arguments],
            cwd=ROOT,
            env=clean | {"TMPDIR": str(self.temporary)} | environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        self.running.append(child)
        return child

    def descendants(self, child: subprocess.Popen[str]) -> dict[tuple[int, str], list[str]]:
        """All that the supervisor started, and what those started, with their command lines."""
        family, up = {child.pid}, parents()
        while more := {pid for pid, parent in up.items() if parent in family} - family:
            family |= more
        return {
            key: words
            for key in map(identity, family - {child.pid})
            if key and (words := command_line(key[0]))
        }

    def left(self, family: dict[tuple[int, str], list[str]], seconds: float = 30) -> list[str]:
        """Whoever of a family still lives after some time."""
        deadline = time.monotonic() + seconds
        while True:
            alive = [" ".join(words) for key, words in family.items() if identity(key[0]) == key]
            if not alive or time.monotonic() > deadline:
                return alive
            time.sleep(0.1)

    def directories(self) -> list[str]:
        return [path.name for path in self.temporary.glob("hexagonal-*")]


@pytest.fixture
def stack() -> Iterator[Stack]:
    """PostgreSQL's own user must be able to reach it, so not under pytest's closed folder."""
    with tempfile.TemporaryDirectory(prefix="hexagonal-test-") as name:
        Path(name).chmod(0o755)
        stack = Stack(Path(name))
        yield stack
        for child in stack.running:
            if child.poll() is None:
                child.terminate()
                child.wait(40)
            if child.stdout:
                child.stdout.close()

"""The whole demo: who holds which secret, and that nothing outlives it."""

from __future__ import annotations

import re
import signal
import stat
import time
from pathlib import Path

import requests

WORKER_ONLY = {"VAULT_PRIVATE_KEY_FILE", "LINK_ID_KEY", "GATE_SYMBOLS"}


def wait_for_site(child) -> str:
    """Read on until the demo says that it is up; return the site's address."""
    said = []
    for line in child.stdout:
        said.append(line)
        if found := re.match(r"\s+site\s+(http\S+)", line):
            return found[1]
    raise AssertionError("".join(said))


def names_in(pid: int) -> set[str]:
    pairs = Path(f"/proc/{pid}/environ").read_bytes().decode().split("\0")
    return {pair.partition("=")[0] for pair in pairs}


def holders(family) -> dict[str, set[str]]:
    """Of each part of the platform, which of the worker's secrets it was given."""
    parts = {
        "worker": "worker",
        "run_sweeper": "sweeper",
        "run_stream": "stream",
        "beat": "beat",
        "run_bot": "bot",
        "granian": "web",
    }
    found: dict[str, set[str]] = {}
    for (pid, _), words in family.items():
        part = next((part for word, part in parts.items() if word in words), None)
        if part:
            found.setdefault(part, set()).update(names_in(pid) & WORKER_ONLY)
    return found


def test_a_demo_answers_survives_a_kill_and_runs_again_at_once(stack):
    first = stack.start("demo", "--any-port")
    assert requests.get(f"{wait_for_site(first)}/readyz", timeout=10).status_code == 200
    family = stack.descendants(first)
    streams = {"VAULT_PRIVATE_KEY_FILE"}  # to log in with; it sends no order
    assert holders(family) == {
        "worker": WORKER_ONLY,
        "sweeper": WORKER_ONLY,
        "stream": streams,
        "beat": set(),
        "bot": set(),
        "web": set(),
    }
    (directory,) = stack.directories()
    key = stack.temporary / directory / "vault.key"
    assert stat.S_IMODE(key.stat().st_mode) == 0o600

    first.kill()
    second = stack.start("demo", "--any-port")
    assert stack.left(family) == []

    assert requests.get(f"{wait_for_site(second)}/readyz", timeout=10).status_code == 200
    family = stack.descendants(second)
    second.send_signal(signal.SIGINT)
    time.sleep(0.2)
    second.send_signal(signal.SIGINT)  # an impatient person; the order of the end stays
    rest, _ = second.communicate(timeout=60)
    assert second.returncode == 0
    assert "Warm shutdown" in rest
    assert stack.left(family) == []
    assert stack.directories() == [directory]  # the killed one's, too young to be swept


def test_a_demo_whose_candles_are_missing_says_so_and_leaves_nothing(stack):
    child = stack.start("demo", "--any-port", CANDLES="/nowhere/candles.csv")
    said, _ = child.communicate(timeout=60)
    assert child.returncode == 1
    assert "CANDLES=/nowhere/candles.csv does not exist" in said
    assert "Traceback" not in said
    assert stack.directories() == []


def test_a_part_that_cannot_start_is_shown_with_its_words(stack, tmp_path):
    broken = tmp_path / "candles.csv"
    broken.write_text("timestamp,open,high,low,close\nnot,a,candle,at,all\n")
    child = stack.start("demo", "--any-port", CANDLES=str(broken))
    said, _ = child.communicate(timeout=60)
    assert child.returncode == 1
    assert "exchange ended by itself" in said
    assert stack.directories() == []


def test_a_stopped_check_has_not_passed(stack):
    child = stack.start("demo", "--check")
    for line in child.stdout:
        if "instruments" in line:
            break
    family = stack.descendants(child)
    child.terminate()
    said, _ = child.communicate(timeout=60)
    assert child.returncode == 130, said
    assert stack.left(family) == []
    assert stack.directories() == []

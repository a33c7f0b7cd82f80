"""Child processes that never outlive their parent."""

from __future__ import annotations

import ctypes
import os
import pwd
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

PR_SET_PDEATHSIG = 1
# Looked up here: between fork and exec nothing may be loaded any more.
PRCTL = ctypes.CDLL(None).prctl if sys.platform == "linux" else None


class NotReady(Exception):
    """A child did not come up; the text ends with what it said last."""


def spawn(
    command: Sequence[str | Path],
    *,
    env: Mapping[str, str] | None = None,
    user: str | None = None,
    stdout: int | None = None,
    death_signal: int = signal.SIGTERM,
) -> subprocess.Popen[str]:
    """Start a child in a group of its own that is told to stop when this process dies.

    `death_signal` reaches it even after a `kill -9` of the parent (Linux). The kernel ties it to
    the thread that called, so call from the main thread.
    """
    return subprocess.Popen(  # noqa: S603 - our own commands
        [str(part) for part in command],
        env=dict(env) if env is not None else None,
        stdin=subprocess.DEVNULL,
        stdout=stdout,
        stderr=subprocess.STDOUT if stdout is not None else None,
        encoding="utf-8",
        errors="replace",
        user=user,
        group=pwd.getpwnam(user).pw_gid if user else None,
        extra_groups=[] if user else None,
        process_group=0,
        preexec_fn=_tied_to_parent(death_signal),  # noqa: PLW1509 - it takes no lock
    )


def _tied_to_parent(death_signal: int) -> Callable[[], None]:
    parent = os.getpid()

    def prepare() -> None:
        if PRCTL is not None:
            PRCTL(PR_SET_PDEATHSIG, death_signal)
        if os.getppid() != parent:  # died between fork and here
            os._exit(1)

    return prepare


def stop(
    child: subprocess.Popen[str], *, with_signal: int = signal.SIGTERM, patience: float = 20
) -> None:
    """Ask a child to stop, wait, then end its whole group."""
    if child.poll() is None:
        child.send_signal(with_signal)
        try:
            child.wait(patience)
        except subprocess.TimeoutExpired:
            pass
    _kill_group(child.pid)
    child.wait()


def _kill_group(pid: int) -> None:
    try:
        os.killpg(pid, signal.SIGKILL)
    except ProcessLookupError:
        return


def wait_until(
    ready: Callable[[], bool], *, child: subprocess.Popen[str], log: Path, seconds: float = 60
) -> None:
    """Wait for a child that logs to `log`; raise `NotReady` when it ends or takes too long."""
    deadline = time.monotonic() + seconds
    while not ready():
        if child.poll() is not None:
            raise NotReady(f"{log.stem} ended by itself ({child.returncode}):\n{tail(log)}")
        if time.monotonic() > deadline:
            raise NotReady(f"{log.stem} was not ready after {seconds:g} s:\n{tail(log)}")
        time.sleep(0.05)


def tail(log: Path, characters: int = 4000) -> str:
    return log.read_text(errors="replace")[-characters:]

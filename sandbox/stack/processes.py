"""Child processes that never outlive their parent."""

from __future__ import annotations

import ctypes
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

PR_SET_PDEATHSIG = 1


def spawn(
    command: Sequence[str | Path],
    *,
    env: Mapping[str, str] | None = None,
    user: str | None = None,
    stdout: int | None = None,
    death_signal: int = signal.SIGTERM,
) -> subprocess.Popen[str]:
    """Start a child in a group of its own that is told to stop when this process dies.

    `death_signal` reaches it even after a `kill -9` of the parent (Linux).
    """
    return subprocess.Popen(  # noqa: S603 - our own commands
        [str(part) for part in command],
        env=dict(env) if env is not None else None,
        stdin=subprocess.DEVNULL,
        stdout=stdout,
        stderr=subprocess.STDOUT if stdout is not None else None,
        text=True,
        bufsize=1 if stdout is not None else -1,
        user=user,
        group=_group_of(user),
        extra_groups=[] if user else None,
        preexec_fn=_in_own_group(death_signal),  # noqa: PLW1509 - before any thread exists
    )


def _group_of(user: str | None) -> int | None:
    if user is None:
        return None
    import pwd  # noqa: PLC0415 - there is none on Windows

    return pwd.getpwnam(user).pw_gid


def _in_own_group(death_signal: int) -> Callable[[], None]:
    parent = os.getpid()

    def prepare() -> None:
        os.setpgid(0, 0)
        if sys.platform == "linux":
            ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, death_signal)
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


def wait_until(ready: Callable[[], bool], *, what: str, seconds: float = 30) -> None:
    deadline = time.monotonic() + seconds
    while not ready():
        if time.monotonic() > deadline:
            raise TimeoutError(f"{what} was not ready after {seconds:g} s")
        time.sleep(0.05)

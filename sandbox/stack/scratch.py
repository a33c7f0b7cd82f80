"""Throw-away data directories.

A run holds a lock on its directory; the lock goes with the process, however it ends, so a directory
without one belongs to a run that was killed and is swept by the next.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

PREFIX = "hexagonal-stack-"
# A run that has just begun has not locked its directory yet.
TOO_YOUNG_SECONDS = 10


@contextmanager
def scratch() -> Iterator[Path]:
    """Yield a new directory that every user may enter; remove it at the end."""
    place = Path(tempfile.gettempdir())
    _sweep(place)
    directory = Path(tempfile.mkdtemp(prefix=PREFIX, dir=place))
    lock = os.open(directory, os.O_RDONLY)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        directory.chmod(0o755)  # PostgreSQL runs as another user when we are root
        yield directory
    finally:
        shutil.rmtree(directory, ignore_errors=True)
        os.close(lock)


def _sweep(place: Path) -> None:
    """Remove what killed runs of this user left behind."""
    for directory in place.glob(f"{PREFIX}*"):
        try:
            seen = directory.lstat()
            is_old = time.time() - seen.st_mtime > TOO_YOUNG_SECONDS
            if seen.st_uid == os.geteuid() and is_old and _is_left(directory):
                shutil.rmtree(directory, ignore_errors=True)
        except OSError:  # another run swept it at the same time
            continue


def _is_left(directory: Path) -> bool:
    probe = os.open(directory, os.O_RDONLY | os.O_NOFOLLOW | os.O_DIRECTORY)
    try:
        fcntl.flock(probe, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    finally:
        os.close(probe)
    return True

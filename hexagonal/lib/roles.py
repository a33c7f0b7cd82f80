"""Which part of the platform this process plays, for records of who did something."""

from __future__ import annotations

import socket
from functools import cache

_role = "command"  # whatever has not said what it is: a shell, a command of ops


def play(role: str) -> None:
    """Say it once, at the start; children that are forked later play it as well."""
    global _role  # noqa: PLW0603 - a process-wide fact
    _role = role


def role() -> str:
    return _role


@cache
def host() -> str:
    return socket.gethostname()[:100]

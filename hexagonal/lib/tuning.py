"""How the interpreter divides its time in processes that have much to do at once."""

from __future__ import annotations

import gc
import sys

TURN_SECONDS = 0.001


def collect_rarely() -> None:
    """Look for garbage seldom: the many short-lived objects of a chunk or a push are in no cycle.

    Each look goes through all libraries: a tenth of a worker's time, and pauses of a fifth of a
    second in a process with a thousand sockets.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 20)


def take_turns_often() -> None:
    """Let a thread that is back from the database go on soon.

    By Python's own five milliseconds it waits so long for its turn after each statement, while
    another reads frame after frame.
    """
    sys.setswitchinterval(TURN_SECONDS)

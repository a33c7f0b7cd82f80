"""How the interpreter divides its time in a process that hears many sockets."""

from __future__ import annotations

import gc
import sys

TURN_SECONDS = 0.001


def tune() -> None:
    """Look for garbage rarely, and let threads take turns often.

    With a thousand sockets, each look took a fifth of a second, mostly in the middle of a burst,
    and found nothing. And a thread that is back from the database waits for its turn after each
    statement: by Python's own five milliseconds, while another reads frame after frame.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 20)
    sys.setswitchinterval(TURN_SECONDS)

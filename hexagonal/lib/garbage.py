"""How often a process looks for garbage that stands in cycles."""

from __future__ import annotations

import gc


def collect_less() -> None:
    """Leave what was loaded at start alone, and look at the rest after many new objects only.

    A process with a thousand sockets stood still for a fifth of a second each time, mostly in the
    middle of a burst, and found nothing.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 20)

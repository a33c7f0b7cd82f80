"""Count how often something is done in a window, which begins with its first time."""

from __future__ import annotations

from django.core.cache import cache


def count(key: str, *, seconds: float) -> int:
    """Count once more; returns how often it was by now, this time among them."""
    cache.add(key, 0, timeout=seconds)
    try:
        found = int(cache.incr(key))
    except ValueError:  # the window ended between the two
        found = 1
        cache.add(key, found, timeout=seconds)
    if found == 1:  # Redis counts on without an end where the window ended in between
        cache.touch(key, seconds)
    return found


def counted(key: str) -> int:
    """How often it was by now."""
    return int(cache.get(key, 0))

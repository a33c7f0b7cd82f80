"""How often a key may be changed: each change has a worker verify it for seconds."""

from __future__ import annotations

from django.core.cache import cache

from exchanges.models import Connection

WINDOW_SECONDS = 600
MOST_OF_CONNECTION = 5
MOST_OF_TRADER = 15


def admit(link: Connection) -> bool:
    """Count an attempt to change a link's key, and say whether it may be made."""
    return (
        _count(f"exchanges:key_changes:connection:{link.pk}") <= MOST_OF_CONNECTION
        and _count(f"exchanges:key_changes:trader:{link.user_id}") <= MOST_OF_TRADER
    )


def _count(key: str) -> int:
    """This one and those before it in the window, which begins with the first."""
    cache.add(key, 0, timeout=WINDOW_SECONDS)
    try:
        found = int(cache.incr(key))
    except ValueError:  # the window ended between the two
        found = 1
        cache.add(key, found, timeout=WINDOW_SECONDS)
    if found == 1:  # Redis counts on without an end where the window ended in between
        cache.touch(key, WINDOW_SECONDS)
    return found

"""How often a key may be changed: each change has a worker verify it for seconds."""

from __future__ import annotations

from exchanges.models import Connection
from hexagonal.lib.counting import count

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
    return count(key, seconds=WINDOW_SECONDS)

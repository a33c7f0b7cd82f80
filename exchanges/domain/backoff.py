"""How long to wait before a socket is opened again."""

from __future__ import annotations

FIRST, LONGEST = 1.0, 60.0  # seconds
MOST_DOUBLINGS = 6


def pause(failures: int, draw: float) -> float:
    """Double with every failure in a row; `draw` in [0, 1) keeps many sockets from coming at once.

    A first loss waits as well, but less than a second: an exchange that restarts drops everybody.
    """
    whole: float = min(FIRST * 2 ** min(failures, MOST_DOUBLINGS), LONGEST)
    return whole * (0.5 + draw / 2) if failures else whole * draw

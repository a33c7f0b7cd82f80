"""The states of a copy and what may follow what."""

from __future__ import annotations

from enum import StrEnum


class CopyStatus(StrEnum):
    """One signal on one connection; the last four are final and always carry a reason."""

    PENDING = "pending"  # published, nothing accepted yet
    UNKNOWN = "unknown"  # the entry may have reached the exchange; it is being looked up
    PLACED = "placed"  # the entry rests at the exchange
    FILLED = "filled"  # a position is open (perhaps partly)
    CLOSED = "closed"
    EXPIRED = "expired"
    SKIPPED = "skipped"
    REJECTED = "rejected"


class IllegalTransition(Exception):
    """A programming error: the life cycle does not know this step."""


S = CopyStatus

TRANSITIONS: dict[CopyStatus, frozenset[CopyStatus]] = {
    S.PENDING: frozenset(
        {S.UNKNOWN, S.PLACED, S.FILLED, S.CLOSED, S.EXPIRED, S.SKIPPED, S.REJECTED}
    ),
    # FILLED or CLOSED straight away: the answer was lost, and the fill found later.
    S.UNKNOWN: frozenset({S.PENDING, S.PLACED, S.FILLED, S.CLOSED, S.EXPIRED, S.REJECTED}),
    # REJECTED after an acknowledgement: Bybit acknowledges first and may refuse afterwards.
    # UNKNOWN again: a ladder's later step may be without an answer.
    S.PLACED: frozenset({S.UNKNOWN, S.FILLED, S.CLOSED, S.EXPIRED, S.REJECTED}),
    S.FILLED: frozenset({S.CLOSED}),
    S.CLOSED: frozenset(),
    S.EXPIRED: frozenset(),
    S.SKIPPED: frozenset(),
    S.REJECTED: frozenset(),
}

FINAL = frozenset(status for status, following in TRANSITIONS.items() if not following)
LIVE = frozenset(TRANSITIONS) - FINAL
# An unknown entry may turn out never to have arrived, and is then planned again at once.
ENTERING = frozenset({S.PENDING, S.UNKNOWN})


def check_transition(before: CopyStatus, after: CopyStatus) -> None:
    """Raise `IllegalTransition` unless `after` may follow `before` (staying is always legal)."""
    if after is not before and after not in TRANSITIONS[before]:
        raise IllegalTransition(f"{before} -> {after}")

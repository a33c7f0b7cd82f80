"""Whether an exchange can carry out what a signal says, before anything is sent."""

from __future__ import annotations

from exchanges.domain.venues import Capabilities, StopKeeping
from signals.domain.direction import Direction
from signals.domain.draft import Draft, EntryKind
from signals.domain.reasons import Reason
from signals.domain.stops import trail_of


def obstacle(signal: Draft, can: Capabilities) -> Reason:
    """Why the signal is not for this exchange; `NONE` when it is, perhaps done another way."""
    if signal.direction is Direction.SHORT and not can.has_shorts:
        return Reason.SHORT_UNSUPPORTED
    if can.stop is StopKeeping.NONE:
        return Reason.STOP_UNSUPPORTED
    if not _can_enter(signal.entry.kind, can):
        return Reason.ENTRY_UNSUPPORTED
    if trail_of(signal) is not None and not can.trails:
        return Reason.EXIT_UNSUPPORTED
    return Reason.NONE


def _can_enter(kind: EntryKind, can: Capabilities) -> bool:
    if kind is EntryKind.TRIGGER:
        return can.waits_for_trigger
    return can.buys_at_market or kind is not EntryKind.MARKET

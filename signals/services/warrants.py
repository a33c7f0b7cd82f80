"""What a chunk's copies may open: the entries of signals that stand as their logs say.

The gate (`exchanges.gate`) lets nothing else out. The row of a signal, its copies and their
settings are what anybody with the database can write; its log at least must be whole, and say the
same.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from django.conf import settings

from exchanges.domain.venues import StopKeeping
from exchanges.domain.warrants import NoWarrant, Warrant
from exchanges.registry import venue_of
from signals.choices import SignalStatus
from signals.domain.chain import faults
from signals.domain.draft import MOST_STEPS, Draft
from signals.domain.ladder import step_count
from signals.domain.legs import entry_leg, is_entry_leg
from signals.domain.link_ids import link_id
from signals.domain.terms import content_of
from signals.models import Copy, Order, Signal
from signals.selectors import chain_entry, draft_of


@dataclass(frozen=True, slots=True)
class Published:
    """A signal that stands as its log says."""

    draft: Draft
    legs: tuple[str, ...]  # of its entry


class Warrants:
    """Of the copies of one chunk; each signal is looked at once."""

    def __init__(self) -> None:
        self._signals: dict[int, Published | NoWarrant] = {}

    def of(self, copy: Copy) -> Warrant | NoWarrant:
        """What a copy may open on its connection; its signal's revisions have been read."""
        signal = copy.signal
        if signal.pk not in self._signals:
            self._signals[signal.pk] = _published(signal)
        found = self._signals[signal.pk]
        if isinstance(found, NoWarrant):
            return found
        if copy.symbol != found.draft.symbol:
            return NoWarrant("the copy is of another symbol than its signal")
        if copy.user_id != copy.connection.user_id:
            return NoWarrant("the copy stands on another trader's connection")
        key, draft = settings.LINK_ID_KEY.encode(), found.draft
        return Warrant(
            orders=frozenset(link_id(key, copy.public_id, leg, 0) for leg in found.legs),
            symbol=draft.symbol,
            side=draft.direction.entry_side,
            lowest=draft.entry_low,
            highest=draft.entry_high,
            leverage=draft.leverage,
            # The exchange is part of what the key's box is bound to: nobody can alter it.
            brings_stop=venue_of(copy.connection.exchange).capabilities.stop
            is StopKeeping.POSITION,
        )


def is_exit(order: Order, copy: Copy) -> bool:
    """Whether the order was placed to reduce: its name, which the worker's key made, says so."""
    key = settings.LINK_ID_KEY.encode()
    named = link_id(key, copy.public_id, order.leg, order.generation)
    return not is_entry_leg(order.leg) and order.link_id == named


def _published(signal: Signal) -> Published | NoWarrant:
    """The signal as its log says it, or why nothing may be opened by it."""
    chain = [chain_entry(row) | {"hash": row.hash} for row in signal.revisions.all()]
    if found := faults(chain):
        return NoWarrant(f"the signal's log is not sound: {found[0]}")
    if signal.revision != len(chain):
        return _behind(signal, len(chain))
    if signal.status != SignalStatus.OPEN or chain[0]["action"] != "publish":
        return NoWarrant("the signal is not published")
    try:
        draft = draft_of(signal)
        is_same = _says(signal, draft, chain[-1]["content"])
    except (LookupError, ValueError, TypeError, ArithmeticError, AttributeError):
        return NoWarrant("the signal cannot be read")
    if not is_same:
        return NoWarrant("the signal is not what its log says")
    if not (signal.wants_entry and signal.wants_position):
        return NoWarrant("the signal's entries have been withdrawn")
    steps = min(step_count(draft), MOST_STEPS)
    return Published(draft, tuple(entry_leg(step) for step in range(1, steps + 1)))


def _says(signal: Signal, draft: Draft, content: Mapping[str, object]) -> bool:
    wishes = {"wants_entry": signal.wants_entry, "wants_position": signal.wants_position}
    said = content_of(draft) | wishes
    return all(content.get(name) == value for name, value in said.items())


def _behind(signal: Signal, revision: int) -> NoWarrant:
    """A change that came between reading the row and its log will be read the next time."""
    row = Signal.objects.filter(pk=signal.pk, revision__gte=revision)
    is_passing = signal.revision < revision and row.exists()
    return NoWarrant("the signal's row is not where its log is", is_passing)

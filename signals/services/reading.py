"""Read copies' ledgers, in a fixed number of statements."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import TypeVar

from signals.models import ClosedPnl, Copy, Fill, Order, Signal
from signals.services.ledger import CopyLedger
from signals.services.recording import note_stored

Row = TypeVar("Row", Order, Fill, ClosedPnl)


def read_ledgers(copies: Sequence[Copy]) -> list[CopyLedger]:
    """Each copy with all its rows and its signal, which is read once and not once a copy."""
    named = [copy.pk for copy in copies]
    orders = _by_copy(Order.objects.filter(copy__in=named))
    started = list(orders)  # nothing was filled or closed where nothing was ordered
    fills = _by_copy(Fill.objects.filter(copy__in=started))
    results = _by_copy(ClosedPnl.objects.filter(copy__in=started))
    followed = {copy.signal_id for copy in copies}
    signals = Signal.objects.prefetch_related("targets", "revisions").in_bulk(followed)
    ledgers = []
    for copy in copies:
        copy.signal = signals[copy.signal_id]
        ledger = CopyLedger(copy, orders[copy.pk], fills[copy.pk], results[copy.pk])
        ledger.join_fills()
        note_stored(ledger)
        ledgers.append(ledger)
    return ledgers


def _by_copy(rows: Iterable[Row]) -> dict[int, list[Row]]:
    found: dict[int, list[Row]] = defaultdict(list)
    for row in rows:
        found[row.copy_id].append(row)
    return found

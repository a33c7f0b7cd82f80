"""Orders at the exchange that bear our prefix and stand in no row: told, and never touched."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from signals.choices import AlarmCode, AlarmLevel
from signals.models import Order
from signals.services.alarms import raise_alarm
from signals.services.invariants import Violation
from signals.services.ledger import CopyLedger


def note_orphans(ledgers: Iterable[CopyLedger], *, now: datetime) -> None:
    """Raise an alarm for each; most of what a copy does not know belongs to an earlier one."""
    seen = {
        (ledger.copy.connection_id, link_id): ledger.copy
        for ledger in ledgers
        for link_id in ledger.strangers
    }
    if not seen:
        return
    links, link_ids = {link for link, _ in seen}, {link_id for _, link_id in seen}
    rows = Order.objects.filter(connection__in=links, link_id__in=link_ids)
    known = set(rows.values_list("connection_id", "link_id"))
    for key in sorted(set(seen) - known):
        copy = seen[key]
        detail = f"{copy.symbol} on connection {copy.connection.public_id}"
        orphan = Violation(AlarmCode.ORDER_ORPHANED, AlarmLevel.CRITICAL, f"order {key[1]}", detail)
        raise_alarm(orphan, now=now)

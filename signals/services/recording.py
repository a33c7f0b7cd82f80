"""Write a chunk's ledgers back: a handful of statements, however many copies there are."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Sequence
from contextlib import suppress

from django.db import DataError, IntegrityError, transaction
from django.db.models import Model

from accounts.activity import Fact, record_all
from exchanges.domain.lanes import Lane
from hexagonal.lib.bulk import differ, insert, overwrite, remember
from hexagonal.lib.undoing import go_back, standing
from signals.models import Copy
from signals.services.claiming import Lease, Stored, still_held
from signals.services.ledger import CopyLedger
from signals.services.telling import facts_of

log = logging.getLogger(__name__)

COPY_FIELDS = [
    "status",
    "reason",
    "reason_params",
    "wants_position",
    "close_reason",
    "wants_entry",
    "stops_asked",
    "targets_asked",
    "own_stop",
    "own_stop_over",
    "trail_activation",
    "refused_activation",
    "applied_revision",
    "quantity",
    "margin",
    "leverage",
    "position_index",
    "entered_quantity",
    "entry_average",
    "exited_quantity",
    "exit_average",
    "fees",
    "funding",
    "pnl",
    "has_stop",
    "lane",
    "unprotected_since",
    "due_at",
    "lease_token",
    "lease_until",
    "looked_at",
    "attempts",
    "refusals",
    "sent_at",
    "acknowledged_at",
    "filled_at",
    "ended_at",
]
WISHES = ("wants_position", "close_reason")
LEASE = ("lease_token", "lease_until")
ORDER_FIELDS = [
    "exchange_id",
    "type",
    "quantity",
    "price",
    "stop",
    "target",
    "trigger_price",
    "trigger_rises",
    "position_index",
    "status",
    "filled",
    "average",
    "cause",
    "error_code",
    "sent_at",
    "acknowledged_at",
    "conclusive_at",
    "absences",
    "updated_at",
]
RESULT_FIELDS = [
    "quantity",
    "average_entry",
    "average_exit",
    "pnl",
    "open_fee",
    "close_fee",
    "at",
]


def write_all(ledgers: Sequence[CopyLedger], lease: Lease, *, releases: bool) -> list[CopyLedger]:
    """Write; a row that the database refuses keeps its own ledger out, and no other.

    The lease of what could not be written runs out, and the exchange is asked again.
    """
    before = [standing(_rows(ledger)) for ledger in ledgers]
    try:
        return write(ledgers, lease, releases=releases)
    except (DataError, IntegrityError):
        written = []
        for ledger, noted in zip(ledgers, before, strict=True):
            go_back(noted)
            try:
                written += write([ledger], lease, releases=releases)
            except (DataError, IntegrityError) as error:
                go_back(noted)
                name = type(error).__name__
                log.error("copy %s could not be written: %s", ledger.copy.public_id, name)  # noqa: TRY400 - the row stays out of the log
                _keep_calls(ledger)
        return written


def _rows(ledger: CopyLedger) -> list[Model]:
    return [ledger.copy, *ledger.orders, *ledger.fills, *ledger.results, *ledger.calls]


def _keep_calls(ledger: CopyLedger) -> None:
    """What was sent is on record in any case, if that is not the very row that is refused."""
    with suppress(DataError, IntegrityError), transaction.atomic():
        insert([call for call in ledger.calls if call.pk is None])


def write(ledgers: Iterable[CopyLedger], lease: Lease, *, releases: bool) -> list[CopyLedger]:
    """Store the ledgers that this worker still holds, and tell what became true.

    What was sent is on record in any case. Returns the ledgers that were written; the others have
    been taken over by another worker, which looks everything up for itself.
    """
    ledgers = list(ledgers)
    with transaction.atomic():
        locked = still_held(lease)
        held = [ledger for ledger in ledgers if ledger.copy.pk in locked]
        for ledger in held:
            _keep_wishes(ledger.copy, locked[ledger.copy.pk], lease)
            if releases:
                ledger.copy.lease_token = ledger.copy.lease_until = None
            else:  # the second writing is to see who has rung since the claim
                stored = locked[ledger.copy.pk]
                ledger.copy.due_at, ledger.copy.lane = stored.due_at, stored.lane
                if ledger.withdrawn and ledger.copy.unprotected_since is not None:
                    ledger.copy.lane = Lane.PROTECT  # for whoever takes it over
        _write_orders(held)
        _write_fills(held)
        _write_results(held)
        # A lease may have been taken after the rows were read: giving it up is always written.
        freed = LEASE if releases else ()
        overwrite([ledger.copy for ledger in held], COPY_FIELDS, always=freed)
        insert([call for ledger in ledgers for call in ledger.calls if call.pk is None])
        if releases:
            facts = [fact for ledger in held for fact in (*facts_of(ledger), *ledger.facts)]
            record_all(_once(facts), now=lease.time())
    return held


def note_stored(ledger: CopyLedger) -> None:
    """Note how the rows stand, so that only what changes is written."""
    remember([ledger.copy], COPY_FIELDS)
    remember(ledger.orders, ORDER_FIELDS)
    remember(ledger.results, RESULT_FIELDS)


def has_changed(ledger: CopyLedger) -> bool:
    """Whether anything but an order's time of change is another than as it was read."""
    of_orders = [name for name in ORDER_FIELDS if name != "updated_at"]
    rows: list[tuple[Sequence[Model], Sequence[str]]] = [
        ([ledger.copy], COPY_FIELDS),
        (ledger.orders, of_orders),
        (ledger.results, RESULT_FIELDS),
    ]
    fresh = any(fill.pk is None for fill in ledger.fills)
    return fresh or any(differ(row, names) for group, names in rows for row in group)


def _keep_wishes(mine: Copy, stored: Stored, lease: Lease) -> None:
    """A trader's or author's wish that came while we worked is newer than our copy of the row."""
    is_ours = not mine.wants_position and differ(mine, WISHES)  # as when a stop is refused
    if not stored.wants_position and not is_ours:
        mine.wants_position = False
        mine.close_reason = stored.close_reason
    rung_again = stored.due_at is not None and stored.due_at > lease.now
    if rung_again and mine.due_at is not None and stored.due_at is not None:
        mine.due_at = min(mine.due_at, stored.due_at)
        mine.lane = min(mine.lane, stored.lane)
        if stored.looked_at is None:  # a socket was lost or opened: our look may be older
            mine.looked_at = None


def _once(facts: Iterable[Fact]) -> list[Fact]:
    return list({fact.key: fact for fact in facts}.values())


def _write_orders(ledgers: list[CopyLedger]) -> None:
    orders = [order for ledger in ledgers for order in ledger.orders]
    known = [order for order in orders if order.pk is not None]
    insert([order for order in orders if order.pk is None])
    overwrite(known, ORDER_FIELDS)


def _write_fills(ledgers: list[CopyLedger]) -> None:
    fresh = [fill for ledger in ledgers for fill in ledger.fills if fill.pk is None]
    for fill in fresh:
        fill.order_id = fill.order.pk if fill.order is not None else None
    insert(fresh)


def _write_results(ledgers: list[CopyLedger]) -> None:
    results = [result for ledger in ledgers for result in ledger.results]
    known = [result for result in results if result.pk is not None]
    insert([result for result in results if result.pk is None])
    overwrite(known, RESULT_FIELDS)

"""What the exchange tells by itself becomes rows, by the same ledger as what it is asked.

Facts are written and nothing is decided here: whatever asks for an answer makes the copy due, and
the normal step looks, plans and sends. A copy never ends by a push alone.
"""

from __future__ import annotations

import logging
import time
import uuid
from collections.abc import Collection, Mapping

from django.db import DataError, IntegrityError, connection, transaction
from django.db.models import Case, Exists, F, OuterRef, When
from django.db.models.functions import Least, Now

from exchanges import services as exchanges
from exchanges import stream_shares
from exchanges.domain.lanes import Lane
from exchanges.domain.pushes import BalancePush
from exchanges.domain.trading import Cause, FillFacts, PositionFacts
from hexagonal.lib.clock import WallClock, database_now
from hexagonal.lib.jobs import enqueue
from signals.domain.lifecycle import FINAL
from signals.domain.link_ids import is_ours
from signals.domain.terms import text
from signals.models import LIVE_STATUSES, Copy, Order
from signals.services.claiming import Lease
from signals.services.deciding import lapse_of
from signals.services.intake import Heard, Place
from signals.services.ledger import CopyLedger
from signals.services.observing import UNRESOLVED, Observation
from signals.services.reading import read_ledgers
from signals.services.recording import has_changed, write

log = logging.getLogger(__name__)

# A place has one live copy at most. A copy that somebody holds is not waited for.
LIVE_AT = """
SELECT live.id, live.connection_id, live.symbol FROM signals_copy live
JOIN unnest(%(links)s::bigint[], %(symbols)s::text[]) AS heard(link, symbol)
  ON live.connection_id = heard.link AND live.symbol = heard.symbol
WHERE live.status = ANY(%(statuses)s)
"""
LOCK = """
SELECT id FROM signals_copy
WHERE id = ANY(%(ids)s) AND status = ANY(%(statuses)s)
  AND (lease_until IS NULL OR lease_until < clock_timestamp())
FOR NO KEY UPDATE SKIP LOCKED
"""
OWN = "UPDATE signals_copy SET lease_token = %s WHERE id = ANY(%s)"


def take_in(heard: Mapping[Place, Heard]) -> dict[Place, Heard]:
    """Write what was heard; returns the facts of copies that somebody is working on.

    Facts that the database refuses are asked for instead, and keep nobody else's.
    """
    try:
        return _take_in(heard)
    except (DataError, IntegrityError) as error:
        if len(heard) > 1:
            alone = [take_in({place: facts}) for place, facts in heard.items()]
            return {place: facts for busy in alone for place, facts in busy.items()}
        ((link, symbol),) = heard
        name = type(error).__name__
        log.error("%s of connection %s could not be written: %s", symbol, link, name)  # noqa: TRY400 - the row stays out of the log
        read_again({link})
        return {}


def _take_in(heard: Mapping[Place, Heard]) -> dict[Place, Heard]:
    """Write a batch.

    The rows are locked from before they are read until they are written, so that nobody can claim
    them meanwhile: one transaction without network in it, and a fixed number of statements.
    """
    odd: set[int] = set()
    with transaction.atomic(durable=True):
        places = _live_at(heard)
        locked = _lock(places)
        lease = Lease(uuid.uuid4(), Lane.RECORD, locked, database_now(), time.monotonic())
        ledgers = read_ledgers(_copies(locked)) if locked else []
        changed = [ledger for ledger in ledgers if _take_safely(ledger, heard, lease, odd)]
        if changed:
            with connection.cursor() as cursor:
                cursor.execute(OWN, [lease.token, [ledger.copy.pk for ledger in changed]])
            write(changed, lease, releases=True)
    read_again(odd)
    due = [ledger.copy.due_at for ledger in changed if ledger.copy.due_at is not None]
    if due and min(due) <= lease.time():
        enqueue("signals.work")
    held = places.keys() - set(locked)
    return {places[pk]: heard[places[pk]] for pk in held}


def _copies(locked: Collection[int]) -> list[Copy]:
    """The copies, and of the rows beside them only what is told and what the exchange can do."""
    named = ["connection__name", "connection__exchange", "user__nickname"]
    return list(
        Copy.objects.filter(pk__in=locked)
        .select_related("connection", "user")
        .only(*(field.attname for field in Copy._meta.concrete_fields), *named)  # noqa: SLF001 - Django's name for it
    )


def _take_safely(
    ledger: CopyLedger, heard: Mapping[Place, Heard], lease: Lease, odd: set[int]
) -> bool:
    """One copy's odd facts must not keep those of the others; the exchange is asked about it."""
    copy = ledger.copy
    link = copy.connection_id
    try:
        return _take(ledger, heard[link, copy.symbol], lease)
    except Exception:
        log.exception("what was heard of copy number %s could not be taken in", copy.pk)
        odd.add(link)
        return False


def store_balances(heard: Mapping[int, BalancePush]) -> None:
    exchanges.store_pushed_balances(heard, now=database_now())


def _live_at(heard: Mapping[Place, Heard]) -> dict[int, Place]:
    values: dict[str, list[int] | list[str]] = {
        "links": [link for link, _ in heard],
        "symbols": [symbol for _, symbol in heard],
        "statuses": LIVE_STATUSES,
    }
    with connection.cursor() as cursor:
        cursor.execute(LIVE_AT, values)
        return {pk: (link, symbol) for pk, link, symbol in cursor.fetchall()}


def _lock(places: Mapping[int, Place]) -> tuple[int, ...]:
    with connection.cursor() as cursor:
        cursor.execute(LOCK, {"ids": list(places), "statuses": LIVE_STATUSES})
        return tuple(pk for (pk,) in cursor.fetchall())


# --- one copy ------------------------------------------------------------------------------------


def _take(ledger: CopyLedger, heard: Heard, lease: Lease) -> bool:
    """Bring a copy's ledger to what was heard; False if that changes nothing."""
    copy = ledger.copy
    before = _standing(ledger)
    ledger.lapse = lapse_of(copy.signal, lease)
    seen = Observation(
        orders=list(heard.orders.values()),
        fills=list(heard.fills.values()),
        positions=_positions(copy, heard),
    )
    ledger.absorb(seen, lease.time())
    ledger.add_up(lease.time())
    status, reason = ledger.verdict(lease.time())
    must_read = status in FINAL or _has_unplaced(ledger, seen.fills)
    if status not in FINAL:
        ledger.move(status, reason, lease.time())
    if must_read:
        copy.looked_at = None
    if must_read or before != _standing(ledger) or _is_astray(ledger):
        _ask_for_a_step(ledger, lease)
    return has_changed(ledger)


def _standing(ledger: CopyLedger) -> tuple[object, ...]:
    """What the planner answers to."""
    orders = sorted((order.exchange_id, order.status, order.filled) for order in ledger.orders)
    return ledger.copy.status, len(ledger.fills), orders, ledger.copy.has_stop


def _positions(copy: Copy, heard: Heard) -> list[PositionFacts] | None:
    """What was heard of the copy's own side; None if nothing was."""
    if copy.position_index is None or copy.position_index not in heard.positions:
        return None
    position = heard.positions[copy.position_index].position
    return [position] if position is not None else []


def _has_unplaced(ledger: CopyLedger, fills: list[FillFacts]) -> bool:
    """Whether a fill that may be the copy's own found no order: only the exchange can tell."""
    placed = {fill.fill_id for fill in ledger.fills}
    return any(
        fill.fill_id not in placed
        and fill.cause is not Cause.FUNDING
        and (is_ours(fill.link_id) or _closes(ledger, fill))
        for fill in fills
    )


def _closes(ledger: CopyLedger, fill: FillFacts) -> bool:
    return fill.closed_quantity > 0 and fill.side is ledger.direction.exit_side


def _is_astray(ledger: CopyLedger) -> bool:
    """Whether the position is another than the record's, or bare, or has levels of the trader's."""
    copy, position = ledger.copy, ledger.position
    if not ledger.position_known:
        return False
    held = copy.entered_quantity - copy.exited_quantity
    if position is None:
        return held > 0
    stop, target = position.stop, position.target
    known_stop = stop is not None and (text(stop) in copy.stops_asked or stop == copy.own_stop)
    known_target = target is None or text(target) in copy.targets_asked
    return position.quantity != held or not known_stop or not known_target


def _ask_for_a_step(ledger: CopyLedger, lease: Lease) -> None:
    """Let the copy be looked at now; one of unknown fate keeps its time, which is the fence.

    A stop that is missing does not wait for it.
    """
    copy = ledger.copy
    is_bare = ledger.position is not None and ledger.position.stop is None
    is_missed = is_bare and copy.entered_quantity > copy.exited_quantity
    if not is_missed and any(order.status in UNRESOLVED for order in ledger.orders):
        return
    copy.due_at = min(copy.due_at or lease.now, lease.now)
    copy.lane = min(copy.lane, Lane.PROTECT if is_bare else Lane.AMEND)


# --- where nothing was heard ---------------------------------------------------------------------


def read_again(links: Collection[int]) -> None:
    """Ask the exchange for everything: what was before a socket, or was lost of it."""
    _make_due(links, looked_at=None)


def poll_again(links: Collection[int]) -> None:
    """Look at once, and from now on as often as without a socket."""
    _make_due(links)


def poll_orphans() -> None:
    """Poll what a dead process has heard until now; the next process may be long in coming."""
    poll_again(stream_shares.free_dead())


def _make_due(links: Collection[int], **changes: None) -> None:
    """Copies of unknown fate keep their time: before the fence, absent does not mean never sent."""
    if not links:
        return
    unresolved = Order.objects.filter(copy=OuterRef("pk"), status__in=UNRESOLVED)
    open_ones = Copy.objects.filter(connection__in=links, status__in=["placed", "filled"])
    with transaction.atomic():
        # In one order, as everybody locks copies.
        locked = list(
            open_ones.select_for_update(no_key=True).order_by("pk").values_list("pk", flat=True)
        )
        copies = Copy.objects.filter(pk__in=locked)
        due = Case(
            # Whoever holds it writes its time anew, unless that was changed since their claim.
            When(lease_until__gt=Now(), then=WallClock()),
            When(Exists(unresolved), then=F("due_at")),
            default=Least("due_at", Now()),
        )
        copies.update(due_at=due, **changes)

"""Take due copies under a lease, and give them back; the database's clock decides."""

from __future__ import annotations

import math
import random
import threading
import time
import uuid
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from django.conf import settings
from django.db import connection, transaction

from exchanges.domain.lanes import Lane
from exchanges.egress import budgets
from exchanges.governor import SOON_MS, Room, exchange_name, governor
from signals.models import Copy
from signals.services.polling import places_stops

REQUESTS_OF_A_LOOK = 2
PLAN_MS = 300  # what reading and planning a chunk takes
OVERTAKING = 10.0  # seconds that entries wait for changes which are on their way
# Seconds that what is less urgent leaves an address to entries which wait for room on it. What
# follows a fill may not wait as long as a look that most likely finds nothing new, and the look
# that finds a fill without a stop does not wait at all.
YIELDING = {Lane.AMEND: 10.0, Lane.POLL: 60.0}
LOOKS = {Lane.WATCH, Lane.POLL}
# Of claims, how many look at what is protected before what a fill would bare: both share one part
# of the limits, and many entries that rest must not keep the others from ever being looked at.
POLLS_FIRST = 0.25


@dataclass(frozen=True, slots=True)
class Lease:
    """The right to work on some copies: nobody else holds them until it runs out."""

    token: uuid.UUID
    lane: Lane
    copies: tuple[int, ...]
    now: datetime  # the database's time at the claim
    started: float  # monotonic seconds at the claim
    overtaken: threading.Event = field(default_factory=threading.Event, compare=False)
    quarantined: set[int] = field(default_factory=set, compare=False)  # connections, by now

    def time(self) -> datetime:
        """The database's time, carried on by this process's monotonic clock."""
        return self.now + timedelta(seconds=time.monotonic() - self.started)

    def may_send(self) -> bool:
        """Whether a request may still leave: later ones could outlive the lease.

        An entry makes way as well when somebody's stop has to go first.
        """
        in_time = time.monotonic() - self.started < settings.SEND_BUDGET_SECONDS
        return in_time and not self.overtaken.is_set()

    def may_enter(self, link: int) -> bool:
        """Whether an entry may still leave: a quarantine may be younger than its plan."""
        return link not in self.quarantined


class Stored(NamedTuple):
    """What others may have changed of a copy while it was worked on."""

    wants_position: bool
    close_reason: str
    due_at: datetime | None
    looked_at: datetime | None
    lane: int


# A copy whose lease has run out belongs to a worker that died; whoever comes next takes it over.
IS_FREE = "(due.lease_until IS NULL OR due.lease_until < now())"
DUE = f"due.due_at <= now() AND {IS_FREE}"
FREE = f"due.lane = %(lane)s AND {DUE}"
# An array is made once; of `IN (SELECT …)` an unlucky plan picks anew, and more, for each row.
TAKE = """
UPDATE signals_copy SET lease_token = %(token)s,
       lease_until = clock_timestamp() + make_interval(secs => %(lease)s),
       claimed_at = coalesce(claimed_at, clock_timestamp())
WHERE id = ANY(ARRAY({picked})) RETURNING id, clock_timestamp()
"""
PICKED = f"""
    SELECT due.id FROM signals_copy due WHERE {FREE}
    ORDER BY due.due_at LIMIT %(limit)s FOR NO KEY UPDATE SKIP LOCKED
"""  # noqa: S608 - constants only
PLACE = "unnest(%(budgets)s::text[], %(rooms)s::int[], %(ages)s::float[]) place(budget, room, age)"
WITHIN = """
    due.budget = place.budget AND due.lane = %(lane)s
    AND due.due_at <= now() - make_interval(secs => place.age)
"""
# What others hold was due before what is free: it stands at the front of the queue.
COUNTED = f"""
SELECT place.budget, (
    SELECT count(*) FROM (
        SELECT FROM signals_copy due WHERE {WITHIN} AND {IS_FREE} LIMIT %(most)s
    ) free
), (
    SELECT count(*) FILTER (WHERE NOT {IS_FREE}) FROM (
        SELECT due.lease_until FROM signals_copy due WHERE {WITHIN}
        ORDER BY due.due_at, due.shuffle LIMIT %(most)s
    ) due
) FROM {PLACE}
"""  # noqa: S608 - constants only
PICKED_BY_BUDGET = f"""
    SELECT picked.id FROM {PLACE} CROSS JOIN LATERAL (
        SELECT due.id FROM signals_copy due WHERE {WITHIN} AND {IS_FREE}
        ORDER BY due.due_at, due.shuffle LIMIT place.room
        FOR NO KEY UPDATE SKIP LOCKED
    ) picked
"""  # noqa: S608 - constants only
# A change that is on its way for the first time; one that fails again and again holds up nobody.
URGENT = """
SELECT name FROM unnest(%(budgets)s::text[]) name WHERE EXISTS (
    SELECT FROM signals_copy
    WHERE lane = %(protect)s AND budget = name AND attempts = 0
      AND due_at <= now() AND due_at > now() - make_interval(secs => %(overtaking)s)
)
"""
# Entries that found no room are due again when some of it comes back, a window later at most.
WAITING = """
SELECT name FROM unnest(%(budgets)s::text[], %(windows)s::float[]) place(name, seconds)
WHERE EXISTS (
    SELECT FROM signals_copy
    WHERE lane = %(entry)s AND budget = name
      AND due_at <= now() + make_interval(secs => 2 * seconds)
)
"""
ANY = f"SELECT EXISTS (SELECT 1 FROM signals_copy due WHERE {FREE})"  # noqa: S608 - constants only


def claim(limit: int) -> Lease | None:
    """Lease up to `limit` due copies of the most urgent lane; None when nothing may be done now.

    What needs the exchange is taken only while its limits leave room. Entries wait for changes.
    """
    rooms = governor().room(budgets())
    for lane in _in_turn():
        if lane is Lane.RECORD:
            lease = _take(lane, TAKE.format(picked=PICKED), {"limit": limit})
        else:
            lease = _take_within(lane, rooms, limit)
        if lease is not None:
            return lease
    return None


def _in_turn() -> list[Lane]:
    """The lanes by urgency; who is first of the last two is drawn."""
    *urgent, watch, poll = Lane
    polls_first = random.random() < POLLS_FIRST  # noqa: S311 - no secret
    return [*urgent, poll, watch] if polls_first else [*urgent, watch, poll]


def _take_within(lane: Lane, rooms: Mapping[str, Room], limit: int) -> Lease | None:
    """Take what the limits leave room for."""
    names = [name for name, room in rooms.items() if most_left(room, lane) > 0]
    if lane is Lane.ENTRY and names:
        held = overtaken(names)
        names = [name for name in names if name not in held]
    if lane is Lane.WATCH:
        names = [name for name in names if places_stops(exchange_name(name))]
    if not names:
        return None
    if lane is Lane.PROTECT:  # one wave of looks: a slow exchange must leave time to act on them
        limit = min(limit, settings.CHUNK_THREADS)
    elif lane is not Lane.ENTRY:  # a look takes more requests than an entry
        limit = math.ceil(limit / REQUESTS_OF_A_LOOK)
    ages = dict.fromkeys(names, 0.0)
    if lane in YIELDING:
        ages |= dict.fromkeys(entered_upon(names, rooms), YIELDING[lane])
    workers = settings.ORDER_WORKERS
    places = {"budgets": names, "rooms": [0] * len(names), "lane": lane}
    places["ages"] = [ages[name] for name in names]
    counted = _rows(COUNTED, {**places, "most": limit * workers})
    due = {name: free for name, free, _ in counted}
    if lane in LOOKS:  # those that others have begun still spend a part of what they weigh
        begun = {name: held for name, _, held in counted}
        due = {
            name: max(min(free, most_left(rooms[name], lane) - begun[name]), 0)
            for name, free in due.items()
        }
    share = math.ceil(sum(free + held for _, free, held in counted) / workers)  # as the others'
    fair = min(max(share, settings.CHUNK_THREADS), limit)
    left = left_for(due, rooms, lane, fair)
    if not any(left.values()):
        return None
    parts = split(left, fair)
    places["rooms"] = [parts[name] for name in names]
    return _take(lane, TAKE.format(picked=PICKED_BY_BUDGET), places)


def split(wanted: Mapping[str, int], total: int) -> dict[str, int]:
    """Divide `total` evenly among those who want some; what one does not need goes to others.

    Who comes last is drawn: with more of them than there is to divide, some get none this time.
    """
    parts, left = {}, total
    names = random.sample(sorted(wanted), len(wanted))
    names.sort(key=lambda name: wanted[name])
    for number, name in enumerate(names):
        parts[name] = min(wanted[name], math.ceil(left / (len(names) - number)))
        left -= parts[name]
    return parts


def most_left(room: Room, lane: Lane) -> int:
    """How many copies a budget has room for; entries may plan ahead."""
    now = _left_now(room, lane)
    return max(room.left_soon(lane) // room.entry, now) if lane is Lane.ENTRY else now


def _left_now(room: Room, lane: Lane) -> int:
    """Looks begin where all of them find room: of many that get a part each, none would end.

    Where a stop may hang on them one is tried though less is left than it may weigh: most need only
    a part of it, or go on as what protects. A window may be smaller than one look: it is spent on
    one then.
    """
    left = room.left(lane)
    if lane is Lane.ENTRY:
        return left // room.entry
    if lane in {Lane.PROTECT, Lane.WATCH}:
        return math.ceil(left / room.look)
    return left // min(room.look, max(room.most_of(lane), 1))


def left_for(
    due: Mapping[str, int], rooms: Mapping[str, Room], lane: Lane, fair: int
) -> dict[str, int]:
    """How many of what is due each budget has room for, by what an entry or a look weighs.

    Entries plan ahead once a chunk's fair part of them comes back soon, by all budgets together: a
    chunk of the one that is first by a moment would leave the next one without a worker. Whoever
    waits for more than comes back in that time plans too late for the first of it.
    """
    most = {name: min(count, most_left(rooms[name], lane)) for name, count in due.items()}
    returning = sum(
        room.most / room.entry * (SOON_MS - PLAN_MS) / room.window_ms
        for room in map(rooms.__getitem__, due)
    )
    if sum(most.values()) >= min(fair, sum(due.values()), returning):
        return most
    return {name: min(count, _left_now(rooms[name], lane)) for name, count in due.items()}


def _take(lane: Lane, statement: str, values: Mapping[str, Any]) -> Lease | None:
    started, token = time.monotonic(), uuid.uuid4()
    with transaction.atomic(durable=True), connection.cursor() as cursor:
        lease = settings.LEASE_SECONDS
        cursor.execute(statement, {"token": token, "lease": lease, "lane": lane, **values})
        rows = cursor.fetchall()
    if not rows:
        return None
    return Lease(token, lane, tuple(row[0] for row in rows), rows[0][1], started)


def overtaken(names: Iterable[str]) -> set[str]:
    """The budgets on which a change of something live is on its way."""
    return _names(URGENT, names, protect=Lane.PROTECT, overtaking=OVERTAKING)


def entered_upon(names: Sequence[str], rooms: Mapping[str, Room]) -> set[str]:
    """The budgets on which entries wait for room."""
    windows = [rooms[name].window_ms / 1000 for name in names]
    return _names(WAITING, names, entry=Lane.ENTRY, windows=windows)


def _names(statement: str, budgets: Iterable[str], **values: Any) -> set[str]:
    return {row[0] for row in _rows(statement, {"budgets": list(budgets), **values})}


def _rows(statement: str, values: Mapping[str, Any]) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(statement, values)
        return list(cursor.fetchall())


def has_waiting(*lanes: Lane) -> bool:
    """Whether something is due that the limits do not let go yet."""
    with connection.cursor() as cursor:
        for lane in lanes:
            cursor.execute(ANY, {"lane": lane})
            if cursor.fetchone()[0]:
                return True
    return False


def put_back(lease: Lease, copies: Iterable[int], *, seconds: float) -> None:
    """Give copies up untouched, to be taken again a little later."""
    with transaction.atomic(durable=True), connection.cursor() as cursor:
        cursor.execute(
            "UPDATE signals_copy SET lease_token = NULL, lease_until = NULL,"
            " due_at = now() + make_interval(secs => %s)"
            " WHERE id = ANY(%s) AND lease_token = %s",
            [seconds, list(copies), lease.token],
        )


def still_held(lease: Lease) -> dict[int, Stored]:
    """Lock the copies that are still ours, and read what others may have changed.

    Call it first in the transaction that writes: what another worker took over stays untouched.
    """
    held = Copy.objects.select_for_update(no_key=True).filter(
        pk__in=lease.copies, lease_token=lease.token
    )
    rows = held.order_by("pk").values_list("pk", *Stored._fields)
    return {pk: Stored(*others) for pk, *others in rows}


def count_due(limit: int) -> int:
    """How many copies are due and free, up to a limit."""
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT count(*) FROM (SELECT 1 FROM signals_copy due WHERE {DUE} LIMIT %s) found",  # noqa: S608 - constants only
            [limit],
        )
        row = cursor.fetchone()
    return int(row[0])

"""Which stream process hears which connection: leases by the database's clock.

A process holds one lease for all its connections, and writes one row to prolong it. Who dies loses
them when it runs out; who joins takes a fair share of those that the others give up.
"""

from __future__ import annotations

import math
import socket
import uuid
from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from django.conf import settings
from django.db import connection, transaction
from django.db.models import QuerySet
from django.db.models.functions import Now

from exchanges.choices import ConnectionStatus
from exchanges.models import Connection, StreamProcess
from exchanges.registry import ACCOUNT_STREAMS
from hexagonal.lib.clock import database_now

LOCK = "SELECT pg_advisory_xact_lock(hashtext('exchanges.stream_shares'))"
PRICES_FRESH = timedelta(seconds=5)
Live = Callable[[], QuerySet[Connection]]

# The app above says which connections have business that is worth a socket.
_live: list[Live] = []


def tell_live_links(live: Live) -> None:
    if live not in _live:
        _live.append(live)


@dataclass(frozen=True, slots=True)
class Roster:
    """What a process holds after a beat."""

    held: dict[int, str]  # connection -> the budget that its socket counts against
    live: set[int]  # of these, with open business
    freed: set[int] = field(default_factory=set)  # heard by nobody any more
    is_first: bool = False  # of all processes: it hears the public prices


def beat(process: uuid.UUID, *, lingering: Collection[int] = ()) -> Roster:
    """Prolong the lease, give up what is too much, and take what is free.

    `lingering`: connections that are held a little longer, although nothing is open on them.
    """
    with transaction.atomic(durable=True):
        with connection.cursor() as cursor:
            cursor.execute(LOCK)
        now = database_now()
        _prolong(process, now)
        dead = list(StreamProcess.objects.filter(until__lte=now).values_list("pk", flat=True))
        freed = _free(Connection.objects.filter(stream__in=dead))
        StreamProcess.objects.filter(pk__in=dead).delete()
        alive = list(StreamProcess.objects.values_list("pk", flat=True))
        wanted = set(_wanted().values_list("pk", flat=True))
        share = math.ceil(len(wanted) / len(alive))
        mine = {link.pk: link.budget for link in _held_by(process)}
        live = [pk for pk in mine if pk in wanted][:share]
        kept = {*live, *(pk for pk in mine if pk in lingering and pk not in wanted)}
        freed |= _free(Connection.objects.filter(pk__in=mine.keys() - kept))
        taken = _take(process, wanted, share - len(live))
        held = {pk: budget for pk, budget in mine.items() if pk in kept} | taken
        StreamProcess.objects.filter(pk=process).update(sockets=len(held))
    return Roster(held, {*live, *taken}, freed - taken.keys(), is_first=alive[0] == process)


def leave(process: uuid.UUID) -> set[int]:
    """Give everything back; returns the connections that nobody hears now."""
    with transaction.atomic(durable=True):
        freed = _free(Connection.objects.filter(stream=process))
        StreamProcess.objects.filter(pk=process).delete()
    return freed


def note_heard(process: uuid.UUID, links: Collection[int]) -> None:
    """These sockets have subscribed: what happens from now on is heard."""
    with transaction.atomic():
        _lock(Connection.objects.filter(pk__in=links, stream=process)).update(streamed_at=Now())


def note_silent(process: uuid.UUID, links: Collection[int]) -> None:
    with transaction.atomic():
        _lock(Connection.objects.filter(pk__in=links, stream=process)).update(streamed_at=None)


def free_dead() -> set[int]:
    """Connections whose process has died, when there is none that would take them over."""
    with transaction.atomic():
        orphans = Connection.objects.filter(stream__until__lte=database_now())
        return _free(orphans)


def note_prices_followed(process: uuid.UUID) -> None:
    StreamProcess.objects.filter(pk=process).update(priced_at=Now())


def are_prices_followed() -> bool:
    """Whether a stream process has followed public prices just now."""
    return StreamProcess.objects.filter(priced_at__gt=database_now() - PRICES_FRESH).exists()


def is_alive(host: str) -> bool:
    """Whether a stream process of this host keeps its lease."""
    return StreamProcess.objects.filter(host=host, until__gt=database_now()).exists()


def _prolong(process: uuid.UUID, now: datetime) -> None:
    until = now + timedelta(seconds=settings.STREAM_LEASE_SECONDS)
    if not StreamProcess.objects.filter(pk=process).update(until=until):
        host = socket.gethostname()
        StreamProcess.objects.create(pk=process, host=host, started_at=now, until=until)


def _wanted() -> QuerySet[Connection]:
    wanted = Connection.objects.none()
    for live in _live:
        wanted |= live()
    heard = wanted.filter(exchange__in=ACCOUNT_STREAMS)  # the others are polled
    return heard.filter(status=ConnectionStatus.CONNECTED, sealed__isnull=False)


def _held_by(process: uuid.UUID) -> QuerySet[Connection]:
    held = Connection.objects.filter(stream=process, status=ConnectionStatus.CONNECTED)
    return held.only("pk", "exchange", "environment", "egress").order_by("pk")


def _free(links: QuerySet[Connection]) -> set[int]:
    locked = _lock(links)
    freed = set(locked.values_list("pk", flat=True))
    if freed:
        locked.update(stream=None, streamed_at=None)
    return freed


def _lock(links: QuerySet[Connection]) -> QuerySet[Connection]:
    """Lock connections in the order that workers lock them in."""
    rows = links.select_for_update(no_key=True, of=("self",)).order_by("pk")
    return Connection.objects.filter(pk__in=list(rows.values_list("pk", flat=True)))


def _take(process: uuid.UUID, wanted: set[int], most: int) -> dict[int, str]:
    if most <= 0:
        return {}
    free = Connection.objects.select_for_update(no_key=True, skip_locked=True).filter(
        pk__in=wanted, stream=None
    )
    # In no order of age: whoever is new must not always wait the longest.
    taken = list(free.only("pk", "exchange", "environment", "egress").order_by("?")[:most])
    Connection.objects.filter(pk__in=[link.pk for link in taken]).update(
        stream=process, streamed_at=None
    )
    return {link.pk: link.budget for link in taken}

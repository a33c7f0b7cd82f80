"""What a trader decides about copying."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import QuerySet
from django.db.models.functions import Greatest

from accounts.activity import Fact, record
from accounts.choices import ActivityKind
from accounts.models import User
from exchanges import services as exchanges
from exchanges.domain.lanes import Lane
from exchanges.models import Connection
from exchanges.selectors import connections_of
from hexagonal.lib.clock import WallClock
from hexagonal.lib.jobs import enqueue_on_commit
from signals.domain.reasons import Reason
from signals.models import LIVE_STATUSES, Copy, CopySettings


def set_rules(
    link: Connection,
    *,
    fields: Mapping[str, Any],
    authors: Collection[User] | None = None,
) -> CopySettings:
    """Say what later signals put in, and what they may not do; running copies stay as they are.

    `fields` are those of `CopySettings`, checked by a form or serializer; `authors` None leaves
    them, an empty collection means all.
    """
    with transaction.atomic():
        _lock_first(link)
        settings, _ = CopySettings.objects.update_or_create(connection=link, defaults=dict(fields))
        if authors is not None:
            settings.authors.set(authors)
        if settings.is_enabled:
            exchanges.stay(link)
    return settings


def _lock_first(link: Connection) -> None:
    """Lock a connection before its settings, as workers do: else each could wait for the other."""
    Connection.objects.select_for_update(no_key=True).get(pk=link.pk)


def pause(link: Connection) -> None:
    """Enter nothing new on this connection; what is open goes on."""
    CopySettings.objects.filter(connection=link).update(is_enabled=False)


def resume(link: Connection) -> None:
    """Copy new signals again, on a connection whose size was chosen before; it stays linked."""
    exchanges.stay(link)
    CopySettings.objects.filter(connection=link).update(is_enabled=True)


def close_copy(copy: Copy, *, reason: Reason, now: datetime) -> bool:
    """Withdraw this copy's entry and close its position; False if it has ended already."""
    return _end(Copy.objects.filter(pk=copy.pk, wants_position=True), reason, now)


def leave_copy(copy: Copy, *, now: datetime) -> bool:
    """Withdraw what rests of this copy, and leave its position and stop to the trader.

    Never without a stop: a position that can have none goes on being closed.
    """
    asked = Copy.objects.filter(pk=copy.pk).exclude(close_reason=Reason.LEFT_TO_TRADER)
    return _end(asked, Reason.LEFT_TO_TRADER, now)


def _end(copies: QuerySet[Copy], reason: Reason, now: datetime) -> bool:
    with transaction.atomic():
        live = copies.filter(status__in=LIVE_STATUSES).select_for_update(no_key=True)
        keys = list(live.values_list("pk", flat=True))
        changed = Copy.objects.filter(pk__in=keys)
        changed.update(wants_position=False, close_reason=reason.value)
        if keys:
            known = changed.exclude(status="unknown")
            # By the clock behind the lock: whoever has claimed it since `now` must see the ring.
            known.update(due_at=Greatest(now, WallClock()), lane=Lane.PROTECT)
            enqueue_on_commit("signals.work")
    return bool(keys)


def opt_out(copy: Copy, *, now: datetime) -> bool:
    """Leave one signal out: the entry is withdrawn, and what it has bought is sold."""
    return close_copy(copy, reason=Reason.OPTED_OUT, now=now)


def part(link: Connection, *, closes: bool, now: datetime) -> int:
    """Disconnect once the open trades have ended: closed at the market, or left to the trader.

    Returns how many are open. Nothing new is entered meanwhile.
    """
    with transaction.atomic():
        _lock_first(link)
        pause(link)
        exchanges.leave_when_free(link)
        live = Copy.objects.filter(connection=link, status__in=LIVE_STATUSES)
        for copy in (copies := list(live.order_by("pk"))):
            if closes:
                close_copy(copy, reason=Reason.CLOSED_BY_TRADER, now=now)
            else:
                leave_copy(copy, now=now)
        enqueue_on_commit("exchanges.watch_accounts")
    return len(copies)


def panic(user: User, *, now: datetime) -> int:
    """Close everything and pause; returns how many trades are being closed."""
    with transaction.atomic():
        for link in connections_of(user):
            pause(link)
        live = Copy.objects.filter(user=user, status__in=LIVE_STATUSES)
        closing = [
            close_copy(copy, reason=Reason.CLOSED_BY_TRADER, now=now)
            for copy in live.order_by("pk")
        ]
        fact = Fact(ActivityKind.TRADE, "panic", user.pk, {"name": user.nickname})
        record(fact, now=now)
    return sum(closing)

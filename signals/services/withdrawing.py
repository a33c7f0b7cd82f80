"""Under quarantine: let the entries that wait, here or at the exchange, be looked at now."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from django.db import transaction
from django.db.models import Case, Exists, OuterRef, Q, Value, When
from django.db.models.functions import Greatest

from exchanges.domain.lanes import Lane
from hexagonal.lib.clock import WallClock
from signals.choices import OrderStatus
from signals.domain.lifecycle import CopyStatus
from signals.models import LIVE_STATUSES, Copy, Order
from signals.services.revising import ring

STANDING = [OrderStatus.SUBMITTING, OrderStatus.UNKNOWN, OrderStatus.OPEN]


def withdraw_entries(links: Collection[int], now: datetime) -> int:
    """Make what may still be entered on these connections due; returns how many trades that are.

    Their next step finds the quarantine and decides: what was never sent is skipped, what rests is
    withdrawn, what is held keeps its stop and its targets. What came too late for this, because its
    copy was being made or its order sent, meets the same step a little later.
    """
    entries = Order.objects.filter(
        copy=OuterRef("pk"), leg__startswith="entry", status__in=STANDING
    )
    with transaction.atomic():
        # In the workers' order: neither waits for what the other holds.
        live = Copy.objects.select_for_update(no_key=True).filter(
            Q(status=CopyStatus.PENDING.value) | Exists(entries),
            connection__in=links,
            status__in=LIVE_STATUSES,
        )
        keys = list(live.order_by("pk").values_list("pk", flat=True))
        # To skip what was never sent needs no room under the exchange's limits. What is unknown
        # keeps its time: before the fence "not found" says nothing.
        unsent = Q(status=CopyStatus.PENDING.value) & ~Exists(entries)
        known = Copy.objects.filter(pk__in=keys).exclude(status=CopyStatus.UNKNOWN.value)
        lane = Case(When(unsent, then=Value(Lane.RECORD)), default=Value(Lane.PROTECT))
        known.update(due_at=Greatest(now, WallClock()), lane=lane)
        ring(len(keys))
    return len(keys)

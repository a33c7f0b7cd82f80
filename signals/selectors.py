"""Every read of signals and copies, with ownership in the query."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.db.models import Avg, Count, Prefetch, Q, QuerySet, Sum
from django.http import Http404

from accounts.models import User
from exchanges.models import Connection
from signals.choices import SignalStatus
from signals.domain.direction import Direction
from signals.domain.draft import Draft, TargetDraft
from signals.models import LIVE_STATUSES, Copy, Order, Signal

PUBLISH = "signals.publish_signal"


def may_publish(user: Any) -> bool:
    """Whether this person writes signals (admins, and users with the permission)."""
    return bool(user.is_authenticated and user.is_active and user.has_perm(PUBLISH))


def draft_of(signal: Signal) -> Draft:
    """Read a stored signal as the domain's value."""
    return Draft(
        symbol=signal.symbol,
        direction=Direction(signal.side),
        leverage=signal.leverage,
        entry_low=signal.entry_low,
        entry_high=signal.entry_high,
        stop=signal.stop,
        targets=tuple(TargetDraft(target.price, target.share) for target in signal.targets.all()),
        note=signal.note,
    )


def signals_open() -> QuerySet[Signal]:
    found = Signal.objects.filter(status=SignalStatus.OPEN)
    return found.prefetch_related("targets").order_by("-published_at")


def signals_closed(limit: int = 20) -> QuerySet[Signal]:
    found = Signal.objects.filter(status=SignalStatus.CLOSED)
    return found.prefetch_related("targets").order_by("-closed_at")[:limit]


def count_closed() -> int:
    return Signal.objects.filter(status=SignalStatus.CLOSED).count()


def signals_for_author() -> QuerySet[Signal]:
    """All signals with their copies counted; authors see each other's."""
    return (
        Signal.objects.select_related("author")
        .prefetch_related("targets")
        .annotate(
            copy_count=Count("copies"),
            live_count=Count("copies", filter=Q(copies__status__in=LIVE_STATUSES)),
        )
    )


def signal_by_id(public_id: UUID) -> Signal:
    found = Signal.objects.select_related("author").prefetch_related("targets")
    signal = found.filter(public_id=public_id).first()
    if signal is None:
        raise Http404
    return signal


def copies_of_signal(signal: Signal) -> QuerySet[Copy]:
    return signal.copies.select_related("connection", "user").order_by("user__nickname", "pk")


def copies_of(user: User) -> QuerySet[Copy]:
    """A trader's own copies, newest first, with their orders and fills counted once."""
    orders = Prefetch("orders", Order.objects.order_by("pk"))
    found = Copy.objects.filter(user=user).select_related("signal", "connection")
    return found.prefetch_related(orders).order_by("-created_at", "-pk")


def copy_of(user: User, public_id: UUID) -> Copy:
    """One of a trader's own copies; anybody else's does not exist for them."""
    copy = copies_of(user).filter(public_id=public_id).first()
    if copy is None:
        raise Http404
    return copy


def has_live_copies(link: Connection) -> bool:
    """Whether a connection's key is still needed for an open trade."""
    return Copy.objects.filter(connection=link, status__in=LIVE_STATUSES).exists()


@dataclass(frozen=True, slots=True)
class SignalFigures:
    """The dashboard's figures of completed signals; percents are leveraged, on margin."""

    trades: int
    wins: int
    targets_hit: int
    stops_hit: int
    total_percent: Decimal
    average_gain: Decimal | None
    average_loss: Decimal | None

    @property
    def win_rate(self) -> Decimal | None:
        """Signals closed in profit / signals closed, in percent."""
        return Decimal(100 * self.wins) / self.trades if self.trades else None


def signal_figures() -> SignalFigures:
    closed = Signal.objects.filter(status=SignalStatus.CLOSED, result_percent__isnull=False)
    gain, loss = Q(result_percent__gt=0), Q(result_percent__lte=0)
    row = closed.aggregate(
        trades=Count("pk"),
        wins=Count("pk", filter=gain),
        targets=Sum("targets_hit"),
        stops=Count("pk", filter=Q(outcome="stop")),
        total=Sum("result_percent"),
        gains=Avg("result_percent", filter=gain),
        losses=Avg("result_percent", filter=loss),
    )
    return SignalFigures(
        trades=row["trades"],
        wins=row["wins"],
        targets_hit=row["targets"] or 0,
        stops_hit=row["stops"],
        total_percent=row["total"] or Decimal(0),
        average_gain=row["gains"],
        average_loss=row["losses"],
    )

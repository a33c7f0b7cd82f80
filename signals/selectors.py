"""Every read of signals and copies, with ownership in the query."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import connection
from django.db.models import Avg, Count, Prefetch, Q, QuerySet, Sum
from django.http import Http404

from accounts.models import User
from exchanges.domain.trading import Ticker
from exchanges.models import Connection
from exchanges.selectors import cached_ticker, contracts_in
from signals.choices import SignalStatus
from signals.domain import following
from signals.domain.direction import Direction
from signals.domain.draft import Draft, TargetDraft
from signals.domain.following import Rules, SizingMode
from signals.domain.nominal import Progress
from signals.domain.terms import entry_from, expiry_from, stop_rule_from, trail_from
from signals.models import LIVE_STATUSES, Copy, CopySettings, Order, Signal, SignalRevision

PUBLISH = "signals.publish_signal"


def may_publish(user: Any) -> bool:
    """Whether this person writes signals (admins, and users with the permission)."""
    return bool(user.is_authenticated and user.is_active and user.has_perm(PUBLISH))


def authors() -> QuerySet[User]:
    """Everybody whose signals can be followed."""
    allowed = Q(user_permissions__codename="publish_signal") | Q(
        groups__permissions__codename="publish_signal"
    )
    found = User.objects.filter(Q(is_superuser=True) | allowed | Q(signals__isnull=False))
    return found.filter(is_active=True).distinct().order_by("nickname")


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
        entry=entry_from(signal.terms),
        stop_rule=stop_rule_from(signal.terms),
        runner=trail_from(signal.terms.get("runner")),
        expiry=expiry_from(signal.terms),
    )


def progress_of(signal: Signal) -> Progress:
    """How far the signal's nominal account has come."""
    return Progress(
        entered=signal.entered_price,
        has_triggered=signal.has_triggered,
        steps=signal.steps_reached,
        targets_hit=signal.targets_hit,
        peak=signal.peak_price,
        left=signal.left_percent,
        gain=signal.gain,
        outcome=signal.outcome,
        exit_price=signal.outcome_price,
        result_percent=signal.result_percent,
    )


def ticker_of(symbol: str) -> Ticker | None:
    """The last prices that were read where signals are written for."""
    instrument = contracts_in(settings.SIGNAL_ENVIRONMENT).filter(symbol=symbol).first()
    return cached_ticker(instrument) if instrument is not None else None


def chain_entry(revision: SignalRevision) -> dict[str, Any]:
    """A revision as it is exported; `signals.domain.chain` hashes it."""
    return {
        "signal": str(revision.signal.public_id),
        "number": revision.number,
        "action": revision.action,
        "author": str(revision.author_id or ""),
        "at": revision.at.astimezone(UTC).isoformat(timespec="microseconds"),
        "content": revision.content,
        "previous": revision.previous_hash,
    }


def chain_of(signal: Signal) -> list[dict[str, Any]]:
    """The signal's whole log, to be kept and checked by anybody."""
    revisions = signal.revisions.select_related("signal").order_by("number")
    return [chain_entry(revision) | {"hash": revision.hash} for revision in revisions]


def signals_open() -> QuerySet[Signal]:
    return _shown(SignalStatus.OPEN).order_by("-published_at")


def signals_closed(limit: int = 20) -> QuerySet[Signal]:
    return _shown(SignalStatus.CLOSED).order_by("-closed_at")[:limit]


def _shown(status: SignalStatus) -> QuerySet[Signal]:
    """Signals with what their cards say: targets, and `told`, the notes that were sent."""
    notes = SignalRevision.objects.filter(action="note").order_by("number")
    found = Signal.objects.filter(status=status)
    return found.prefetch_related("targets", Prefetch("revisions", notes, to_attr="told"))


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


def signals_readable(user: Any) -> QuerySet[Signal]:
    """What a person may read of signals: authors all, members what was published."""
    if may_publish(user):
        return signals_for_author()
    published = [SignalStatus.OPEN, SignalStatus.CLOSED]
    return signals_for_author().filter(status__in=published)


def signal_by_id(public_id: UUID) -> Signal:
    found = Signal.objects.select_related("author").prefetch_related("targets")
    signal = found.filter(public_id=public_id).first()
    if signal is None:
        raise Http404
    return signal


def signal_by_key(author: User, key: str) -> Signal | None:
    """What the author made with this idempotency key before."""
    return Signal.objects.filter(author=author, idempotency_key=key).first() if key else None


def log_of(signal: Signal) -> QuerySet[SignalRevision]:
    """The signal's revisions, newest first."""
    return signal.revisions.select_related("author").order_by("-number")


def signal_for_export(user: Any, public_id: UUID) -> Signal:
    """A signal whose log may be read: by members once published, by anybody once it is closed."""
    signal = signal_by_id(public_id)
    is_member = user.is_authenticated and user.is_active
    readable = {SignalStatus.CLOSED} | ({SignalStatus.OPEN} if is_member else set())
    if signal.status not in readable:
        raise Http404
    return signal


def copies_of_signal(signal: Signal) -> QuerySet[Copy]:
    found = signal.copies.select_related("signal", "connection", "user")
    return found.order_by("user__nickname", "pk")


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


@dataclass(frozen=True, slots=True)
class RealResult:
    """What a signal brought its followers, net of fees and funding, in percent of their margin."""

    closed: int
    winners: int
    skipped: int
    rejected: int
    expired: int
    live: int
    median_percent: Decimal | None
    lowest_percent: Decimal | None
    highest_percent: Decimal | None
    net: Decimal  # USDT, of all together


def real_result(signal: Signal) -> RealResult:
    return real_results([signal])[signal.pk]


# Beside the nominal result: everybody who was asked is counted, not only who won. The median is the
# mean of the two in the middle, from below and from above, to the last digit.
REAL = """
SELECT copy.signal_id,
       count(*) FILTER (WHERE copy.status = 'closed'),
       count(*) FILTER (WHERE copy.status = 'closed' AND copy.pnl > copy.funding),
       count(*) FILTER (WHERE copy.status = 'skipped'),
       count(*) FILTER (WHERE copy.status = 'rejected'),
       count(*) FILTER (WHERE copy.status = 'expired'),
       count(*) FILTER (WHERE copy.status = ANY(%(live)s)),
       (percentile_disc(0.5) WITHIN GROUP (ORDER BY own.percent)
        + percentile_disc(0.5) WITHIN GROUP (ORDER BY own.percent DESC)) / 2,
       min(own.percent), max(own.percent),
       coalesce(sum(copy.pnl - copy.funding) FILTER (WHERE copy.status = 'closed'), 0)
FROM signals_copy copy
CROSS JOIN LATERAL (
    SELECT CASE WHEN copy.status = 'closed'
                THEN (copy.pnl - copy.funding) / nullif(copy.margin, 0) * 100 END AS percent
) own
WHERE copy.signal_id = ANY(%(signals)s) GROUP BY copy.signal_id
"""
NOBODY = RealResult(0, 0, 0, 0, 0, 0, None, None, None, Decimal(0))


def real_results(signals: Iterable[Signal]) -> dict[int, RealResult]:
    """The real result of each signal, however many there are, with one query."""
    keys = [signal.pk for signal in signals]
    with connection.cursor() as cursor:
        cursor.execute(REAL, {"signals": keys, "live": LIVE_STATUSES})
        found = {key: RealResult(*figures) for key, *figures in cursor.fetchall()}
    return {key: found.get(key, NOBODY) for key in keys}


def is_out_of_seed(link: Connection) -> bool:
    """Whether the account, as last read, is outside the seed that its trader allows."""
    stored: CopySettings | None = getattr(link, "copy_settings", None)
    if stored is None or link.equity is None:
        return False
    limits = Rules(
        mode=SizingMode(stored.sizing),
        amount=stored.amount,
        min_equity=stored.min_equity,
        max_equity=stored.max_equity,
    )
    return following.is_out_of_seed(limits, link.equity)


def has_live_copies(link: Connection) -> bool:
    """Whether a connection's key is still needed for an open trade."""
    return Copy.objects.filter(connection=link, status__in=LIVE_STATUSES).exists()


def live_copies_of(link: Connection) -> QuerySet[Copy]:
    """The open trades of a connection, oldest first."""
    live = Copy.objects.filter(connection=link, status__in=LIVE_STATUSES)
    return live.select_related("signal").order_by("created_at", "pk")


def live_links() -> QuerySet[Connection]:
    """The connections with open trades: they are worth a socket."""
    live = Copy.objects.filter(status__in=LIVE_STATUSES).values("connection")
    return Connection.objects.filter(pk__in=live)


def symbols_followed() -> set[str]:
    """Whose prices somebody waits for: of open signals, and of those that may open any moment."""
    waiting = Signal.objects.filter(status__in=[SignalStatus.OPEN, SignalStatus.DRAFT])
    return set(waiting.order_by().values_list("symbol", flat=True).distinct())


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


def seconds_since_beat(name: str) -> float | None:
    """How long ago a part of the platform showed that it lives; None: never."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT extract(epoch FROM clock_timestamp() - at)::float FROM signals_heartbeat"
            " WHERE name = %s",
            [name],
        )
        row = cursor.fetchone()
    return round(row[0], 1) if row else None

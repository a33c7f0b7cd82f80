"""Loss limits: put a connection's brake on, and let its trader take it off."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from datetime import UTC, datetime

from django.db.models import Q

from accounts.activity import Fact, record, record_all
from accounts.choices import ActivityKind
from exchanges.models import Connection
from signals.domain.brakes import WINDOW, Brakes, Result, breach
from signals.domain.lifecycle import CopyStatus
from signals.domain.reasons import Reason
from signals.models import Copy, CopySettings

ALWAYS = datetime(2000, 1, 1, tzinfo=UTC)
HAS_BRAKES = ~Q(
    halted_reason="",
    daily_loss=None,
    weekly_loss=None,
    loss_streak=None,
    drawdown_percent=None,
)


def brakes_of(stored: CopySettings) -> Brakes:
    return Brakes(
        stored.daily_loss, stored.weekly_loss, stored.loss_streak, stored.drawdown_percent
    )


def apply_brakes(links: Iterable[int], *, now: datetime) -> dict[int, Reason]:
    """Put on the brakes whose limit is reached; returns all that are on, by connection.

    A brake stays on until its trader takes it off: a new day alone changes nothing.
    """
    stored = CopySettings.objects.filter(connection__in=set(links)).filter(HAS_BRAKES)
    braked = list(stored.select_related("connection"))
    if not braked:
        return {}
    results = _results([rules for rules in braked if not rules.halted_reason], now)
    for rules in braked:
        if rules.halted_reason:
            continue
        since = rules.counts_from or ALWAYS
        counted = [result for result in results[rules.connection_id] if result.at > since]
        link = rules.connection
        reason = breach(brakes_of(rules), counted, equity=link.equity, now=now)
        if reason:
            rules.halted_reason, rules.halted_at = reason.value, now
    fresh = [rules for rules in braked if rules.halted_at == now and _put_on(rules)]
    record_all([_fact(rules) for rules in fresh], now=now)
    return {
        rules.connection_id: Reason(rules.halted_reason) for rules in braked if rules.halted_reason
    }


def _put_on(rules: CopySettings) -> bool:
    """Put a brake on, unless another worker was faster or its trader has taken it off meanwhile."""
    as_read = CopySettings.objects.filter(
        pk=rules.pk, halted_reason="", counts_from=rules.counts_from
    )
    changes = {"halted_reason": rules.halted_reason, "halted_at": rules.halted_at}
    return bool(as_read.update(**changes))


def release(link: Connection, *, now: datetime) -> bool:
    """Let a connection enter again; the brakes count from now. False if none was on."""
    stored = CopySettings.objects.filter(connection=link).exclude(halted_reason="")
    released = stored.update(halted_reason="", halted_at=None, counts_from=now)
    if released:
        params = {"connection": link.name}
        record(Fact(ActivityKind.TRADE, "released", link.user_id, params), now=now)
    return bool(released)


def _results(rules: list[CopySettings], now: datetime) -> dict[int, list[Result]]:
    """Closed trades of the longest window, in order; a streak is looked for in them as well."""
    rows = (
        Copy.objects.filter(
            connection__in=[each.connection_id for each in rules],
            status=CopyStatus.CLOSED.value,
            ended_at__gt=now - WINDOW,
        )
        .order_by("ended_at", "pk")
        .only("connection_id", "ended_at", "pnl", "funding")
    )
    found: dict[int, list[Result]] = defaultdict(list)
    for copy in rows:
        if copy.ended_at is not None:
            found[copy.connection_id].append(Result(copy.ended_at, copy.net))
    return found


def _fact(rules: CopySettings) -> Fact:
    link = rules.connection
    params = {"connection": link.name, "reason": rules.halted_reason}
    key = f"halted:{rules.pk}:{rules.halted_at:%Y%m%d%H%M%S%f}"
    return Fact(ActivityKind.TRADE, "halted", link.user_id, params, key=key)

"""What an account may still put in, other copies on their way taken into account."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from decimal import Decimal

from django.conf import settings

from exchanges.models import Connection
from signals.domain.sizing import Money, SizingMode
from signals.models import LIVE_STATUSES, Copy

Margins = dict[int, dict[int, Decimal]]  # connection -> copy -> USDT


def in_flight_margin(links: Iterable[int]) -> Margins:
    """Margin of live copies that the cached balance cannot show yet, by connection and copy."""
    rows = (
        Copy.objects.filter(
            connection__in=list(links), status__in=LIVE_STATUSES, margin__isnull=False
        )
        .select_related("connection")
        .only("pk", "connection_id", "margin", "acknowledged_at", "connection__balance_at")
    )
    margins: Margins = defaultdict(dict)
    for copy in rows:
        seen, taken = copy.connection.balance_at, copy.acknowledged_at
        if (taken is None or seen is None or taken >= seen) and copy.margin is not None:
            margins[copy.connection_id][copy.pk] = copy.margin
    return margins


def money_of(link: Connection, copy: Copy, margins: Margins) -> Money | None:
    """The account's money for this copy: what its other copies bind is taken off."""
    others = (margin for pk, margin in margins.get(link.pk, {}).items() if pk != copy.pk)
    return money_for(link, others)


def money_for(link: Connection, in_flight: Iterable[Decimal]) -> Money | None:
    """None when the balance was never read or no sizing is set."""
    rules = getattr(link, "copy_settings", None)
    if rules is None or link.equity is None or link.available is None:
        return None
    return Money(
        equity=link.equity,
        available=link.available,
        in_flight=sum(in_flight, Decimal(0)),
        reserve_percent=Decimal(settings.BALANCE_RESERVE_PERCENT),
        mode=SizingMode(rules.sizing),
        amount=rules.amount,
    )

"""Tell whom it concerns that a contract leaves the exchange: who traded or wrote on it, and ops."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from django.conf import settings
from django.db import connection

from accounts.activity import Fact, record_all
from accounts.choices import ActivityKind
from exchanges.choices import ExchangeKind
from exchanges.domain.trading import GONE
from signals.choices import SignalStatus
from signals.models import LIVE_STATUSES

MOST = 1000  # told in one turn

# Told once for each day that the exchange names, and whoever was told of that is not told of its
# end. What nobody has to do with is of no interest: its next signal is refused with the reason.
UNTOLD = """
WITH leaving AS (
    SELECT id, exchange, environment, symbol, delivery_at,
           'delisting:' || id || ':'
           || coalesce(to_char(delivery_at AT TIME ZONE 'UTC', 'YYYYMMDD'), '') AS subject
    FROM exchanges_instrument
    WHERE delivery_at IS NOT NULL OR status = ANY(%(gone)s)
), concerned AS (
    SELECT leaving.*, copy.user_id
    FROM leaving
    JOIN signals_copy copy ON copy.symbol = leaving.symbol
    JOIN exchanges_connection link ON link.id = copy.connection_id
     AND (link.exchange, link.environment) = (leaving.exchange, leaving.environment)
    WHERE copy.due_at IS NOT NULL AND copy.status = ANY(%(live)s)
    UNION
    SELECT leaving.*, written.author_id
    FROM leaving
    JOIN signals_signal written ON written.symbol = leaving.symbol
    WHERE (leaving.exchange, leaving.environment) = (%(exchange)s, %(environment)s)
      AND written.status = ANY(%(published)s)
), told AS (
    SELECT * FROM concerned
    UNION
    SELECT concerned.id, exchange, environment, symbol, delivery_at, subject, ops.id
    FROM concerned CROSS JOIN accounts_user ops
    WHERE ops.is_superuser AND ops.is_active
)
SELECT symbol, delivery_at, user_id, subject || ':' || user_id AS key
FROM told
WHERE NOT EXISTS (
    SELECT FROM accounts_activityevent event WHERE event.key = subject || ':' || user_id
)
ORDER BY user_id LIMIT %(most)s
"""


def tell(*, now: datetime) -> int:
    """Tell those who have not been told; returns how many."""
    values: dict[str, Any] = {
        "gone": sorted(GONE),
        "live": LIVE_STATUSES,
        "published": [SignalStatus.OPEN, SignalStatus.SCHEDULED],
        "exchange": ExchangeKind.BYBIT,
        "environment": settings.SIGNAL_ENVIRONMENT,
        "most": MOST,
    }
    with connection.cursor() as cursor:
        cursor.execute(UNTOLD, values)
        rows = cursor.fetchall()
    record_all([_fact(*row) for row in rows], now=now)
    return len(rows)


def _fact(symbol: str, at: datetime | None, user: int, key: str) -> Fact:
    params = {"symbol": symbol}
    if at is not None:
        params["at"] = f"{at.astimezone(UTC):%Y-%m-%d %H:%M} UTC"
    return Fact(ActivityKind.TRADE, "delisting", user, params, key=key)

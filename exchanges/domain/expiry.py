"""When the owner of a key that expires is to be told."""

from __future__ import annotations

from datetime import datetime, timedelta

WARNINGS = (1, 3, 7, 14)  # days before the end
NOTICEABLE = timedelta(days=1)


def warning_due(expires: datetime, now: datetime) -> int:
    """The nearest of `WARNINGS` that has come, in days; 0 while there is time.

    Whoever could not be told in time is told of the nearest alone.
    """
    left = expires - now
    return next((days for days in WARNINGS if left <= timedelta(days=days)), 0)


def has_moved_forward(expected: datetime | None, expires: datetime) -> bool:
    """Whether a key ends sooner than the exchange has said before.

    Bybit lets a key without a bound address end a week after its account's password was changed
    (https://bybit-exchange.github.io/docs/v5/user/create-subuid-apikey).
    """
    return expected is not None and expires < expected - NOTICEABLE

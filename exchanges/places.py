"""Where this platform trades: the offered exchanges, each in its environments."""

from __future__ import annotations

from django.conf import settings

from exchanges.registry import venue_of

Place = tuple[str, str]  # exchange and environment


def places() -> list[Place]:
    """Every exchange environment that connections may be of."""
    return [
        (exchange, environment)
        for exchange in settings.EXCHANGES_OFFERED
        for environment in settings.EXCHANGE_ENVIRONMENTS
        if environment in venue_of(exchange).environments
    ]

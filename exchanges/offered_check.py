"""`EXCHANGES_OFFERED` must name exchanges at which a signal can be traded whole."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error
from django.core.checks import Warning as Caution

from exchanges.registry import CCXT_VENUES, EXCHANGES, venue_of


def check_offered(**_: Any) -> list[CheckMessage]:
    return [*_strangers(), *_untried()]


def _strangers() -> list[CheckMessage]:
    whole = [*EXCHANGES, *(kind for kind in CCXT_VENUES if venue_of(kind).carries_signals)]
    strangers = [name for name in settings.EXCHANGES_OFFERED if name not in whole]
    if settings.EXCHANGES_OFFERED and not strangers:
        return []
    said = ", ".join(strangers) or "nothing at all"
    return [
        Error(
            f"EXCHANGES_OFFERED names {said}.",
            hint=f"Whole adapters: {', '.join(whole)}.",
            id="exchanges.E003",
        )
    ]


def _untried() -> list[CheckMessage]:
    """What was held to stand-ins alone may be offered, by somebody who knows it."""
    untried = [name for name in settings.EXCHANGES_OFFERED if name in CCXT_VENUES]
    if not untried or "mainnet" not in settings.EXCHANGE_ENVIRONMENTS:
        return []
    return [
        Caution(
            f"The adapters of {', '.join(untried)} have met no real exchange yet.",
            hint="Trade small sums with accounts of your own first.",
            id="exchanges.W001",
        )
    ]

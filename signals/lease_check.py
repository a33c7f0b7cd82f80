"""A lease must outlive every request that was sent under it."""

from __future__ import annotations

import math
from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error

from exchanges.registry import venue_of

DRAIN_SECONDS = 20.0  # a doorbell works on while there is work
SERVER_AHEAD_SECONDS = 1  # the exchange accepts a timestamp up to a second in its future


def shortest_lease() -> float:
    """Seconds from a claim until no request of it can be accepted or be on its way any more."""
    return float(
        settings.SEND_BUDGET_SECONDS
        + settings.HTTP_CONNECT_TIMEOUT
        + settings.HTTP_READ_TIMEOUT  # of a whole answer: exchanges.adapters.bybit.deadline
        + max((fence_seconds(exchange) for exchange in settings.EXCHANGES_OFFERED), default=0)
    )


def fence_seconds(exchange: str) -> float:
    """Seconds from the last answer until what it left unknown can be seen, or never happens."""
    fence = venue_of(exchange).fence_seconds(settings.RECV_WINDOW_MS / 1000)
    return float(fence + SERVER_AHEAD_SECONDS + settings.SETTLE_SECONDS)


def check_lease(**_: Any) -> list[CheckMessage]:
    return [*_short_lease(), *_short_visibility()]


def _short_visibility() -> list[CheckMessage]:
    """A chunk that is begun at the drain's end must fit into the task, and the task be visible."""
    longest = DRAIN_SECONDS + settings.LEASE_SECONDS
    times = [
        longest,
        settings.CELERY_TASK_SOFT_TIME_LIMIT,
        settings.CELERY_TASK_TIME_LIMIT,
        settings.CELERY_BROKER_TRANSPORT_OPTIONS.get("visibility_timeout", math.inf),
    ]
    if times == sorted(times):
        return []
    return [
        Error(
            f"A task may take {longest:g} s; the soft limit, the hard limit and the broker's "
            f"visibility time-out must follow in this order: {times[1:]}.",
            hint="A message that becomes visible again is carried out a second time.",
            id="signals.E002",
        )
    ]


def _short_lease() -> list[CheckMessage]:
    if shortest_lease() <= settings.LEASE_SECONDS:
        return []
    return [
        Error(
            f"LEASE_SECONDS is {settings.LEASE_SECONDS}, but a request may take effect for "
            f"{shortest_lease():g} s.",
            hint="A shorter lease would let a second worker send what the first one has sent.",
            id="signals.E001",
        )
    ]

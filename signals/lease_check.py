"""A lease must outlive every request that was sent under it."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error

SERVER_AHEAD_SECONDS = 1  # the exchange accepts a timestamp up to a second in its future


def shortest_lease() -> float:
    """Seconds from a claim until no request of it can be accepted or be on its way any more."""
    return float(
        settings.SEND_BUDGET_SECONDS
        + settings.HTTP_CONNECT_TIMEOUT
        + settings.HTTP_READ_TIMEOUT
        + settings.RECV_WINDOW_MS / 1000
        + SERVER_AHEAD_SECONDS
        + settings.SETTLE_SECONDS
    )


def check_lease(**_: Any) -> list[CheckMessage]:
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

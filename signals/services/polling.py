"""How often the exchange is asked, by whether it tells by itself and what a fill would leave."""

from __future__ import annotations

from datetime import datetime

from django.conf import settings

from exchanges.domain.venues import StopKeeping
from exchanges.registry import venue_of
from signals.domain.lifecycle import CopyStatus
from signals.models import Copy


def poll_seconds(copy: Copy, now: datetime) -> int:
    """How long a copy that nothing happens to is left alone; it was read within the step."""
    if copy.connection.is_streamed(now):
        seconds: int = settings.STREAMED_POLL_SECONDS
    elif may_be_bared(copy):
        seconds = settings.RESTING_POLL_SECONDS
    else:
        seconds = settings.POLL_SECONDS
    return seconds


def may_be_bared(copy: Copy) -> bool:
    """Whether a fill of what rests would be without a stop until somebody looks."""
    return copy.status == CopyStatus.PLACED and places_stops(copy.connection.exchange)


def places_stops(exchange: str) -> bool:
    """Whether a stop is an order of its own there, which can only follow a fill."""
    return venue_of(exchange).capabilities.stop is StopKeeping.ORDER

"""How often the exchange is asked, by whether it tells by itself and what a fill would leave."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from django.conf import settings

from exchanges.domain.venues import StopKeeping
from exchanges.registry import venue_of
from signals.choices import OrderStatus
from signals.domain.legs import is_entry_leg
from signals.domain.lifecycle import CopyStatus
from signals.models import Copy, Order


def poll_seconds(copy: Copy, orders: Iterable[Order], now: datetime) -> int:
    """How long a copy that nothing happens to is left alone; it was read within the step."""
    if copy.connection.is_streamed(now):
        seconds: int = settings.STREAMED_POLL_SECONDS
    elif may_be_bared(copy, orders):
        seconds = settings.RESTING_POLL_SECONDS
    else:
        seconds = settings.POLL_SECONDS
    return seconds


def may_be_bared(copy: Copy, orders: Iterable[Order]) -> bool:
    """Whether a fill of what rests would be without a stop until somebody looks.

    Of a ladder's later steps, or what is left of an entry, as much as of the first.
    """
    if not places_stops(copy.connection.exchange):
        return False
    return copy.status == CopyStatus.PLACED or any(
        is_entry_leg(order.leg) and order.status == OrderStatus.OPEN for order in orders
    )


def places_stops(exchange: str) -> bool:
    """Whether a stop is an order of its own there, which can only follow a fill."""
    return venue_of(exchange).capabilities.stop is StopKeeping.ORDER

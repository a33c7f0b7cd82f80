"""Our link ids by each exchange's rules for client order ids."""

from __future__ import annotations

from exchanges.adapters.ccxt.venue import Venue
from exchanges.domain.errors import InvalidOrder


def to_wire(venue: Venue, link_id: str) -> str:
    """The id as this exchange takes it; raises `InvalidOrder` rather than change it.

    What is cut or rewritten is not found again, and may be somebody else's.
    """
    is_plain = link_id.isascii() and link_id.isalnum()
    if not is_plain or len(link_id) > venue.link_length:
        raise InvalidOrder(f"a link id that {venue.kind} does not take")
    return venue.link_prefix + link_id


def from_wire(venue: Venue, text: str) -> str:
    """The id that an order of an exchange's list goes by; empty where it cannot be one of ours."""
    return text.removeprefix(venue.link_prefix) if text.startswith(venue.link_prefix) else ""

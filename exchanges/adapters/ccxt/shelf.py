"""Each exchange environment's markets: read once for a process, shared by all of its accounts.

An account never lists markets itself: that would be requests nobody asked for, before an order.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from exchanges.adapters.ccxt.line import Line
from exchanges.adapters.ccxt.units import number
from exchanges.adapters.ccxt.venue import Listing, Product, Venue
from exchanges.domain.errors import SymbolNotTradable, Unavailable
from exchanges.ports import Wire

QUOTE = "USDT"
Key = tuple[str, str, str | None]


@dataclass(frozen=True, slots=True)
class Shelf:
    """The markets of one environment, and the client that holds them for others."""

    client: Any
    by_symbol: Mapping[str, Listing]
    by_id: Mapping[str, Listing]
    stocked_at: float  # monotonic seconds

    def listing(self, symbol: str) -> Listing:
        found = self.by_symbol.get(symbol)
        if found is None:
            raise SymbolNotTradable(f"{symbol} is not listed here")
        return found


_shelves: dict[Key, Shelf] = {}


def stock(venue: Venue, wire: Wire) -> Shelf:
    """List an environment's markets anew, for everybody in this process."""
    line = Line(venue, wire)
    rows = line.load(
        "instruments", lambda client: getattr(client, venue.market_call)({}), venue.market_paths
    )
    line.client.set_markets(rows)
    listings = [
        _listing(market) for market in line.client.markets.values() if _is_ours(venue, market)
    ]
    shelf = Shelf(
        line.client,
        {listing.symbol: listing for listing in listings},
        {listing.id: listing for listing in listings},
        time.monotonic(),
    )
    _shelves[_key(venue, wire)] = shelf
    return shelf


def shelf_of(venue: Venue, wire: Wire) -> Shelf:
    """What `stock` has brought; raises `Unavailable` before it has, and asks for nothing."""
    found = _shelves.get(_key(venue, wire))
    if found is None:
        raise Unavailable(f"the markets of {venue.kind} are not known in this process yet")
    return found


def stock_if_older(venue: Venue, wire: Wire, seconds: float) -> Shelf:
    """List the markets anew unless that was done in the last `seconds`."""
    found = _shelves.get(_key(venue, wire))
    is_fresh = found is not None and time.monotonic() - found.stocked_at < seconds
    return found if found is not None and is_fresh else stock(venue, wire)


def _key(venue: Venue, wire: Wire) -> Key:
    return venue.kind, wire.environment, wire.base_url


def _is_ours(venue: Venue, market: Mapping[str, Any]) -> bool:
    if market["quote"] != QUOTE:
        return False
    if venue.product is Product.SPOT:
        return market["spot"] is True
    return market["swap"] is True and market["settle"] == QUOTE


def _listing(market: Mapping[str, Any]) -> Listing:
    contract = number(market["contractSize"]) if market["contract"] is True else Decimal(1)
    return Listing(f"{market['base']}{market['quote']}", market["id"], contract, market)

"""Each exchange environment's markets: read once for a process, shared by all of its accounts.

An account never lists markets itself: that would be requests nobody asked for, before an order.
"""

from __future__ import annotations

import logging
import threading
import time
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from exchanges.adapters.ccxt.line import Line
from exchanges.adapters.ccxt.units import number
from exchanges.adapters.ccxt.venue import Listing, Product, Venue
from exchanges.domain.errors import (
    EgressBlocked,
    RateLimited,
    SymbolNotTradable,
    Unavailable,
)
from exchanges.ports import Wire

log = logging.getLogger(__name__)

QUOTE = "USDT"
LISTED = 24 * 3600.0  # seconds: what every process lists for itself, it lists anew once a day
MOST_LOST = Decimal("0.1")  # of the markets: a list without more of them than that is no whole one
SILENCE = 30.0  # seconds after which an exchange that did not list its markets is asked again
Key = tuple[str, str, str | None]


@dataclass(frozen=True, slots=True)
class Shelf:
    """The markets of one environment, and the client that holds them for others.

    Those that have vanished from their exchange's list since are known as well, for the accounts
    that hold something there; `listed` are the others.
    """

    client: Any
    listed: Mapping[str, Listing]  # by symbol
    by_symbol: Mapping[str, Listing]
    by_id: Mapping[str, Listing]
    stocked_at: float  # monotonic seconds

    def listing(self, symbol: str) -> Listing:
        found = self.by_symbol.get(symbol)
        if found is None:
            raise SymbolNotTradable(f"{symbol} is not listed here")
        return found

    def misses(self, market_id: str) -> bool:
        """Whether that may be one of ours which was never listed in this process."""
        return QUOTE in market_id and market_id not in self.client.markets_by_id


_shelves: dict[Key, Shelf] = {}
_turns: defaultdict[Key, threading.Lock] = defaultdict(threading.Lock)
_silent_until: dict[Key, float] = {}  # monotonic seconds


def stock(venue: Venue, wire: Wire) -> Shelf:
    """List an environment's markets anew, for everybody in this process.

    Raises `Unavailable` for a list that cannot be whole; the former one stays.
    """
    line = Line(venue, wire)
    rows = line.load(
        "instruments",
        lambda client: getattr(client, venue.market_call)({}),
        venue.market_paths,
        weight=venue.market_weight,
    )
    line.client.set_markets(rows)
    listings = [
        _listing(market) for market in line.client.markets.values() if _is_ours(venue, market)
    ]
    former = _shelves.get(_key(venue, wire))
    _refuse_short(venue, listings, former)
    vanished = _vanished(listings, former)
    if vanished:
        line.client.set_markets([*(listing.market for listing in vanished), *rows])
    known = [*vanished, *listings]
    shelf = Shelf(
        line.client,
        {listing.symbol: listing for listing in listings},
        {listing.symbol: listing for listing in known},
        {listing.id: listing for listing in known},
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
    with _turns[_key(venue, wire)]:  # one asks, and the others have its answer
        found = _shelves.get(_key(venue, wire))
        is_fresh = found is not None and time.monotonic() - found.stocked_at < seconds
        return found if found is not None and is_fresh else stock(venue, wire)


def stocked(venue: Venue, wire: Wire) -> Shelf:
    """The markets as this process knows them; listed when it knows none.

    Those that are a day old serve, and are renewed behind the back of whoever asks: somebody's stop
    may be waiting. An exchange that does not answer is not asked again for each of many accounts.
    """
    key = _key(venue, wire)
    found = _shelves.get(key)
    if found is None and time.monotonic() >= _silent_until.get(key, 0):
        return _ask(venue, wire)
    if found is not None and _begins_renewal(key, found):
        threading.Thread(target=_renew, args=(venue, wire), daemon=True).start()
    return shelf_of(venue, wire)


def _begins_renewal(key: Key, found: Shelf) -> bool:
    """Whether a list is too old and nobody renews it yet."""
    now = time.monotonic()
    if now - found.stocked_at < LISTED or now < _silent_until.get(key, 0):
        return False
    _silent_until[key] = now + SILENCE
    return True


def _renew(venue: Venue, wire: Wire) -> None:
    try:
        _ask(venue, wire)
    except Exception as error:  # noqa: BLE001 - whatever an SDK's code may raise
        log.warning("the markets of %s were not listed anew: %s", venue.kind, type(error).__name__)


def _ask(venue: Venue, wire: Wire) -> Shelf:
    try:
        return stock_if_older(venue, wire, LISTED)
    except (RateLimited, EgressBlocked):  # our own limits: the exchange was not even asked
        raise
    except Exception:
        _silent_until[_key(venue, wire)] = time.monotonic() + SILENCE
        raise


def _key(venue: Venue, wire: Wire) -> Key:
    return venue.kind, wire.environment, wire.base_url


def _is_ours(venue: Venue, market: Mapping[str, Any]) -> bool:
    if market["quote"] != QUOTE:
        return False
    if venue.product is Product.SPOT:
        return market["spot"] is True
    return market["swap"] is True and market["settle"] == QUOTE


def _refuse_short(venue: Venue, listings: Sequence[Listing], former: Shelf | None) -> None:
    """Exchanges drop markets one by one; a list that has lost many was not told to its end."""
    known = {listing.id for listing in former.listed.values()} if former is not None else set()
    lost = known - {listing.id for listing in listings}
    if not listings or len(lost) > len(known) * MOST_LOST:
        raise Unavailable(f"a list of the markets of {venue.kind} without {len(lost)} of them")


def _vanished(listings: Sequence[Listing], former: Shelf | None) -> list[Listing]:
    """What is not listed any more: paused or delisted, and perhaps still held."""
    if former is None:
        return []
    listed = {listing.id for listing in listings}
    return [listing for listing in former.by_id.values() if listing.id not in listed]


def _listing(market: Mapping[str, Any]) -> Listing:
    contract = number(market["contractSize"]) if market["contract"] is True else Decimal(1)
    return Listing(f"{market['base']}{market['quote']}", market["id"], contract, market)

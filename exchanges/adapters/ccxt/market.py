"""Public data of an exchange that ccxt knows."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from exchanges.adapters.ccxt import reading
from exchanges.adapters.ccxt.account import readable
from exchanges.adapters.ccxt.line import Line
from exchanges.adapters.ccxt.shelf import stock, stock_if_older, stocked
from exchanges.adapters.ccxt.venue import Listing, Venue
from exchanges.domain.errors import Unavailable
from exchanges.domain.trading import HALTED, InstrumentFacts, Ticker
from exchanges.ports import MarketData, Wire

FRESH = 60.0  # seconds: whoever asks for one market after another lists them once


class CcxtMarket:
    """See `exchanges.ports.MarketData`."""

    def __init__(self, venue: Venue, wire: Wire) -> None:
        self._venue, self._wire = venue, wire

    @readable
    def instruments(self) -> Sequence[InstrumentFacts]:
        """List the markets that trade, for the accounts of this process as well."""
        shelf = stock(self._venue, self._wire)
        found = [self._facts(listing) for listing in shelf.listed.values()]
        return [facts for facts in found if facts.is_tradable]

    @readable
    def instrument(self, symbol: str) -> InstrumentFacts | None:
        """One that is listed, whatever its status; these exchanges are asked for all at once."""
        listing = stock_if_older(self._venue, self._wire, FRESH).listed.get(symbol)
        return self._facts(listing) if listing is not None else None

    def _facts(self, listing: Listing) -> InstrumentFacts:
        """What takes no stop counts as halted: nothing may be entered there."""
        venue = self._venue
        facts = reading.instrument(listing, venue.delivery_field, most_leverage=venue.most_leverage)
        takes_stops = venue.takes_stops(listing.market.get("info") or {})
        return facts if takes_stops else replace(facts, status=HALTED)

    @readable
    def prepare(self) -> None:
        stocked(self._venue, self._wire)

    @readable
    def tickers(self) -> Sequence[Ticker]:
        """All that have traded; a market that was listed since this process looked has no name."""
        listings = stocked(self._venue, self._wire).by_id
        found = self._venue.prices(Line(self._venue, self._wire).ask)
        known = [price for price in found if price.id in listings and price.last > 0]
        if not known:
            raise Unavailable("a list of prices without any of ours")
        return [reading.ticker(price, listings[price.id]) for price in known]

    @readable
    def server_time(self) -> float:
        line = Line(self._venue, self._wire)
        venue = self._venue
        milliseconds = line.load(
            "time", lambda client: client.fetch_time(), venue.time_paths, weight=venue.time_weight
        )
        return int(milliseconds) / 1000


_MADE: Callable[[Venue, Wire], MarketData] = CcxtMarket  # lets mypy compare them

"""Public data of an exchange that ccxt knows."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from exchanges.adapters.ccxt import reading
from exchanges.adapters.ccxt.account import readable
from exchanges.adapters.ccxt.line import Line
from exchanges.adapters.ccxt.shelf import stock, stock_if_older
from exchanges.adapters.ccxt.venue import Listing, Venue
from exchanges.domain.errors import Unsupported
from exchanges.domain.trading import InstrumentFacts, Ticker
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
        found = [self._facts(listing) for listing in shelf.by_symbol.values()]
        return [facts for facts in found if facts.is_tradable]

    @readable
    def instrument(self, symbol: str) -> InstrumentFacts | None:
        """One market, whatever its status; these exchanges are asked for all of them at once."""
        listing = stock_if_older(self._venue, self._wire, FRESH).by_symbol.get(symbol)
        return self._facts(listing) if listing is not None else None

    def _facts(self, listing: Listing) -> InstrumentFacts:
        return reading.instrument(listing, self._venue.delivery_field)

    def tickers(self) -> Sequence[Ticker]:
        raise Unsupported(f"{self._venue.kind}: prices")

    @readable
    def server_time(self) -> float:
        line = Line(self._venue, self._wire)
        milliseconds = line.load("time", lambda client: client.fetch_time(), self._venue.time_paths)
        return int(milliseconds) / 1000


_MADE: Callable[[Venue, Wire], MarketData] = CcxtMarket  # lets mypy compare them

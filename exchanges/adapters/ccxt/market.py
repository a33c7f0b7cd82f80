"""Public data of an exchange that ccxt knows."""

from __future__ import annotations

from collections.abc import Sequence

from exchanges.adapters.ccxt import reading
from exchanges.adapters.ccxt.account import readable
from exchanges.adapters.ccxt.line import Line
from exchanges.adapters.ccxt.shelf import stock
from exchanges.adapters.ccxt.venue import Venue
from exchanges.domain.errors import Unsupported
from exchanges.domain.trading import InstrumentFacts, Ticker
from exchanges.ports import Wire


class CcxtMarket:
    """See `exchanges.ports.MarketData`."""

    def __init__(self, venue: Venue, wire: Wire) -> None:
        self._venue, self._wire = venue, wire

    @readable
    def instruments(self) -> Sequence[InstrumentFacts]:
        """List the markets, for the accounts of this process as well."""
        shelf = stock(self._venue, self._wire)
        return [reading.instrument(listing) for listing in shelf.by_symbol.values()]

    def tickers(self) -> Sequence[Ticker]:
        raise Unsupported(f"{self._venue.kind}: prices")

    @readable
    def server_time(self) -> float:
        line = Line(self._venue, self._wire)
        milliseconds = line.load("time", lambda client: client.fetch_time(), self._venue.time_paths)
        return int(milliseconds) / 1000

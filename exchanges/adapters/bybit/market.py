"""Bybit's public data, over pybit."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from exchanges.adapters.bybit import mapping
from exchanges.adapters.bybit.transport import Transport, readable
from exchanges.domain.errors import InvalidOrder, Unavailable
from exchanges.domain.trading import InstrumentFacts, Ticker
from exchanges.ports import MarketDataFactory, Wire

CATEGORY = "linear"
QUOTE = "USDT"
NOT_SUPPORTED = 10001  # a parameter is wrong, and the symbol is the only one that can be
PAGE = 1000  # rows, Bybit's most; there are more than the 500 that it gives unasked


class BybitMarket:
    """See `exchanges.ports.MarketData`."""

    def __init__(self, wire: Wire) -> None:
        self._transport = Transport(wire)

    @readable
    def instruments(self) -> Sequence[InstrumentFacts]:
        """USDT perpetuals, page by page: there are more than one page holds."""
        rows: list[dict[str, Any]] = []
        cursor, seen = "", set[str]()
        while True:
            query: dict[str, Any] = {"category": CATEGORY, "limit": PAGE}
            if cursor:
                query["cursor"] = cursor
            page = self._transport.read("get_instruments_info", **query)
            rows += page.get("list") or []
            cursor = str(page.get("nextPageCursor") or "")
            if not cursor or not page.get("list"):
                break
            if cursor in seen:
                raise Unavailable("the pages lead in a circle")
            seen.add(cursor)
        return [mapping.instrument(row) for row in rows if _is_perpetual(row)]

    @readable
    def instrument(self, symbol: str) -> InstrumentFacts | None:
        try:
            page = self._transport.read("get_instruments_info", category=CATEGORY, symbol=symbol)
        except InvalidOrder as error:
            if error.code == NOT_SUPPORTED:
                return None
            raise
        rows = [row for row in page.get("list") or [] if row["symbol"] == symbol]
        return next((mapping.instrument(row) for row in rows if _is_perpetual(row)), None)

    def prepare(self) -> None:
        """Nothing: Bybit's accounts speak in our own units."""

    @readable
    def tickers(self) -> Sequence[Ticker]:
        rows = self._transport.read("get_tickers", category=CATEGORY).get("list") or []
        # A symbol before its launch has no prices yet.
        return [mapping.ticker(row) for row in rows if row.get("bid1Price") and row["ask1Price"]]

    @readable
    def server_time(self) -> float:
        return int(self._transport.read("get_server_time")["timeNano"]) / 1e9


def _is_perpetual(row: dict[str, Any]) -> bool:
    """The category holds dated futures too, which expire and know no hedge mode."""
    return row.get("settleCoin") == QUOTE and row.get("contractType") == "LinearPerpetual"


_FACTORY: MarketDataFactory = BybitMarket

"""Bybit's public data, over pybit."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from exchanges.adapters.bybit import mapping
from exchanges.adapters.bybit.transport import Transport, readable
from exchanges.domain.trading import InstrumentFacts, Ticker
from exchanges.ports import MarketDataFactory, Wire

CATEGORY = "linear"
QUOTE = "USDT"


class BybitMarket:
    """See `exchanges.ports.MarketData`."""

    def __init__(self, wire: Wire) -> None:
        self._transport = Transport(wire)

    @readable
    def instruments(self) -> Sequence[InstrumentFacts]:
        """USDT perpetuals, page by page: there are more than one page holds."""
        rows: list[dict[str, Any]] = []
        cursor = ""
        while True:
            query: dict[str, Any] = {"category": CATEGORY, "limit": 1000}
            if cursor:
                query["cursor"] = cursor
            page = self._transport.read("get_instruments_info", **query)
            rows += page.get("list") or []
            cursor = str(page.get("nextPageCursor") or "")
            if not cursor or not page.get("list"):
                break
        return [mapping.instrument(row) for row in rows if _is_perpetual(row)]

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

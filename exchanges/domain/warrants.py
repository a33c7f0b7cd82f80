"""What one copy may order at the exchange: the entry of its signal, and nothing beyond it."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from exchanges.domain.trading import NewOrder, OrderChange, Side, Ticker

# Of the range's edges: a contract's tick may have become coarser since the signal was written.
TICK_SLACK = Decimal("0.001")
# A market order is decided by a price that is some seconds older or younger than the gate's own.
MARKET_SLACK = Decimal("0.02")


@dataclass(frozen=True, slots=True)
class Warrant:
    """The entry of a published signal, as its log says it; prices in quote units.

    `orders` are the link ids of its entry orders, which nobody without the worker's key can make.
    `brings_stop`: whether an entry carries its stop, as it must where the exchange takes one.
    """

    orders: frozenset[str]
    symbol: str
    side: Side
    lowest: Decimal
    highest: Decimal
    leverage: Decimal
    brings_stop: bool = True

    def fault_of(self, order: NewOrder, ticker: Ticker) -> str:
        """Why an order that may open something is not covered; empty: it is."""
        if order.side is not self.side:
            return f"it would {order.side}, which the signal does not"
        if order.stop is None and self.brings_stop:
            return "it brings no stop"
        fault = self._fault_of_name(order.link_id, order.symbol)
        if fault or order.price is not None:
            return fault or self._fault_of_price(order.price)
        return self._fault_of_market(ticker)

    def fault_of_change(self, change: OrderChange) -> str:
        """Why a change that may open something is not covered; empty: it is."""
        fault = self._fault_of_name(change.link_id, change.symbol)
        return fault or self._fault_of_price(change.price)

    def _fault_of_name(self, link_id: str, symbol: str) -> str:
        if link_id not in self.orders:
            return "it is none of the copy's entries"
        return "" if symbol == self.symbol else f"the signal is not on {symbol}"

    def _fault_of_price(self, price: Decimal | None) -> str:
        if price is None:
            return ""
        low, high = self.lowest * (1 - TICK_SLACK), self.highest * (1 + TICK_SLACK)
        return "" if low <= price <= high else "its price lies outside the range"

    def _fault_of_market(self, ticker: Ticker) -> str:
        """At the market nobody pays more than the range's near edge, whatever else is believed."""
        if self.side is Side.BUY:
            is_dear = ticker.ask > self.highest * (1 + MARKET_SLACK)
        else:
            is_dear = ticker.bid < self.lowest * (1 - MARKET_SLACK)
        return "the market is not inside the range" if is_dear else ""


@dataclass(frozen=True, slots=True)
class NoWarrant:
    """Nothing may be opened; `is_passing`: nothing is wrong, it is to be looked at again."""

    why: str
    is_passing: bool = False

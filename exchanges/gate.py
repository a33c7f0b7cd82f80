"""The signer's gate: what may be opened under a trader's key, whatever the database says.

A worker holds the keys, and does not trust the rest: who can write to the database, to Redis or to
the broker must not be able to make it buy what was never published, or more than its own
environment allows. What protects or closes is never held up.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from datetime import datetime
from decimal import Decimal
from functools import cache

from django.conf import settings

from exchanges.domain.caps import Caps
from exchanges.domain.errors import GateRefused, Unavailable
from exchanges.domain.trading import (
    Acknowledgement,
    Balance,
    ClosedPnlFacts,
    FillFacts,
    KeyFacts,
    NewOrder,
    OrderChange,
    OrderFacts,
    PositionFacts,
    SymbolMode,
    Ticker,
)
from exchanges.domain.warrants import NoWarrant, Warrant
from exchanges.ports import Exchange
from exchanges.turnover import Turnover


@cache
def turnover() -> Turnover:
    """What this process has let out."""
    return Turnover()


def caps() -> Caps:
    """The bounds that this process was started with."""
    return Caps(
        symbols=settings.GATE_SYMBOLS,
        leverage=Decimal(settings.GATE_LEVERAGE),
        order_notional=Decimal(settings.GATE_ORDER_NOTIONAL),
        minute_notional=Decimal(settings.GATE_ACCOUNT_NOTIONAL_PER_MINUTE),
        minute_orders=settings.GATE_ACCOUNT_ORDERS_PER_MINUTE,
    )


class GatedExchange:
    """An account at which only what the warrant says can be opened; see `exchanges.ports.Exchange`.

    `account` names it in the counts of the minute; `price_of` asks the exchange itself, and knows
    None when it does not tell. What may open raises `GateRefused` or `Unavailable` before anything
    is sent.
    """

    __slots__ = ("_account", "_caps", "_inner", "_price_of", "_turnover", "_warrant")

    def __init__(
        self,
        inner: Exchange,
        account: str,
        warrant: Warrant | NoWarrant,
        price_of: Callable[[str], Ticker | None],
    ) -> None:
        self._inner = inner
        self._account = account
        self._warrant = warrant
        self._price_of = price_of
        self._caps, self._turnover = caps(), turnover()

    # --- what may open -------------------------------------------------------------------------

    def place(self, order: NewOrder) -> Acknowledgement:
        if not order.reduce_only:
            warrant, ticker = self._demand_warrant(order.symbol), self._ticker(order.symbol)
            _demand(warrant.fault_of(order, ticker))
            self._count(order.link_id, order.quantity, order.price, ticker)
        return self._inner.place(order)

    def amend(self, change: OrderChange) -> None:
        if change.may_open:
            _demand(self._demand_warrant(change.symbol).fault_of_change(change))
            if change.quantity is not None:
                ticker = self._ticker(change.symbol)
                self._count(change.link_id, change.quantity, change.price, ticker)
        self._inner.amend(change)

    def set_leverage(self, symbol: str, leverage: Decimal) -> None:
        warrant = self._demand_warrant(symbol)
        if symbol != warrant.symbol or leverage > warrant.leverage:
            raise GateRefused(f"the signal does not ask for {leverage} times on {symbol}")
        self._inner.set_leverage(symbol, leverage)

    def _demand_warrant(self, symbol: str) -> Warrant:
        warrant = self._warrant
        if isinstance(warrant, NoWarrant):
            raise (Unavailable if warrant.is_passing else GateRefused)(warrant.why)
        if symbol not in self._caps.symbols:
            raise GateRefused(f"{symbol} is not on this worker's list")
        if warrant.leverage > self._caps.leverage:
            raise GateRefused(f"more than {self._caps.leverage} times")
        return warrant

    def _ticker(self, symbol: str) -> Ticker:
        ticker = self._price_of(symbol)
        if ticker is None:
            raise Unavailable("the gate knows no price")
        return ticker

    def _count(
        self, link_id: str, quantity: Decimal, price: Decimal | None, ticker: Ticker
    ) -> None:
        notional = quantity * max(price or ticker.last, ticker.last, ticker.mark)
        if notional > self._caps.order_notional:
            raise GateRefused(f"more than {self._caps.order_notional} USDT in one order")
        now = time.monotonic()
        _demand(self._turnover.admit(self._account, link_id, notional, self._caps, now))

    # --- what protects or closes ---------------------------------------------------------------

    def cancel(self, symbol: str, link_id: str) -> None:
        self._inner.cancel(symbol, link_id)

    def set_position_levels(
        self, symbol: str, position_index: int, *, stop: Decimal | None, target: Decimal | None
    ) -> None:
        self._inner.set_position_levels(symbol, position_index, stop=stop, target=target)

    def set_trailing_stop(
        self,
        symbol: str,
        position_index: int,
        *,
        distance: Decimal,
        activation: Decimal | None,
    ) -> None:
        self._inner.set_trailing_stop(
            symbol, position_index, distance=distance, activation=activation
        )

    # --- queries -------------------------------------------------------------------------------

    def key_facts(self) -> KeyFacts:
        return self._inner.key_facts()

    def balance(self) -> Balance:
        return self._inner.balance()

    def symbol_modes(self) -> Sequence[SymbolMode]:
        return self._inner.symbol_modes()

    def symbol_mode(self, symbol: str) -> SymbolMode | None:
        return self._inner.symbol_mode(symbol)

    def find_order(self, symbol: str, link_id: str) -> OrderFacts | None:
        return self._inner.find_order(symbol, link_id)

    def open_orders(self, symbol: str | None = None) -> Sequence[OrderFacts]:
        return self._inner.open_orders(symbol)

    def orders_since(self, symbol: str, since: datetime) -> Sequence[OrderFacts]:
        return self._inner.orders_since(symbol, since)

    def fills_since(self, symbol: str, since: datetime) -> Sequence[FillFacts]:
        return self._inner.fills_since(symbol, since)

    def closed_pnl_since(self, symbol: str, since: datetime) -> Sequence[ClosedPnlFacts]:
        return self._inner.closed_pnl_since(symbol, since)

    def positions(self, symbol: str | None = None) -> Sequence[PositionFacts]:
        return self._inner.positions(symbol)


def _demand(fault: str) -> None:
    if fault:
        raise GateRefused(fault)

"""Positions and the results of closing them.

Shapes: https://bybit-exchange.github.io/docs/v5/position, /v5/position/close-pnl.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from sandbox.bybit.engine.instrument import money, plain
from sandbox.bybit.engine.records import ZERO, Order


@dataclass(slots=True, eq=False)
class Position:
    """One side of a symbol: `size` positive, `side` empty while flat."""

    symbol: str
    idx: int
    side: str = ""
    size: Decimal = ZERO
    value: Decimal = ZERO  # what was paid for `size`, at entry prices
    open_fee: Decimal = ZERO  # of what is still open
    realised: Decimal = ZERO
    current_realised: Decimal = ZERO
    created: int = 0
    updated: int = 0
    opened: int = 0
    seq: int = 0
    take_profit: Order | None = None  # full mode: one of each
    stop_loss: Order | None = None
    trailing: Order | None = None
    trailing_distance: Decimal | None = None
    trailing_active: Decimal | None = None
    trailing_best: Decimal | None = None
    partials: list[Order] = field(default_factory=list)

    @property
    def sign(self) -> int:
        return {"Buy": 1, "Sell": -1}.get(self.side, 0)

    @property
    def average(self) -> Decimal:
        return self.value / self.size if self.size else ZERO

    def exits(self) -> list[Order]:
        single = [self.take_profit, self.stop_loss, self.trailing]
        return [order for order in [*single, *self.partials] if order is not None]

    def forget(self, order: Order) -> None:
        """An exit has ended, however it did: the position shows it no longer."""
        if order is self.take_profit:
            self.take_profit = None
        elif order is self.stop_loss:
            self.stop_loss = None
        elif order is self.trailing:
            self.trailing = None
            self.trailing_distance = self.trailing_active = self.trailing_best = None
        elif order in self.partials:
            self.partials.remove(order)


@dataclass(slots=True)
class ClosedPnl:
    """The result of one closing order; it grows while the order fills."""

    order: Order
    leverage: Decimal
    exec_type: str
    size: Decimal = ZERO
    entry_value: Decimal = ZERO
    exit_value: Decimal = ZERO
    open_fee: Decimal = ZERO
    close_fee: Decimal = ZERO
    pnl: Decimal = ZERO
    fills: int = 0
    created: int = 0
    updated: int = 0

    def add(
        self,
        qty: Decimal,
        values: tuple[Decimal, Decimal],
        fees: tuple[Decimal, Decimal],
        pnl: Decimal,
        time: int,
    ) -> None:
        """Add a closing fill: its quantity, (entry, exit) values, (open, close) fees and result."""
        self.size += qty
        self.entry_value += values[0]
        self.exit_value += values[1]
        self.open_fee += fees[0]
        self.close_fee += fees[1]
        self.pnl += pnl
        self.fills += 1
        self.updated = time

    def wire(self) -> dict[str, Any]:
        # Bybit's averages hold the fees: what was paid in, and what came out.
        long = 1 if self.order.side == "Sell" else -1
        average_in = (self.entry_value + long * self.open_fee) / self.size
        average_out = (self.exit_value - long * self.close_fee) / self.size
        return {
            "symbol": self.order.symbol,
            "orderId": self.order.order_id,
            "side": self.order.side,
            "qty": plain(self.order.qty),
            "orderPrice": plain(self.order.price) or "0",
            "orderType": self.order.order_type,
            "execType": self.exec_type,
            "closedSize": plain(self.size),
            "cumEntryValue": plain(money(self.entry_value)),
            "avgEntryPrice": plain(money(average_in)),
            "cumExitValue": plain(money(self.exit_value)),
            "avgExitPrice": plain(money(average_out)),
            "closedPnl": plain(self.pnl),
            "fillCount": str(self.fills),
            "leverage": plain(self.leverage),
            "openFee": plain(self.open_fee),
            "closeFee": plain(self.close_fee),
            "createdTime": str(self.created),
            "updatedTime": str(self.updated),
        }

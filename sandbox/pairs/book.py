"""One account's orders on one market, and what becomes of them as the price moves; pure."""

from __future__ import annotations

import itertools
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from decimal import Decimal

ZERO = Decimal(0)
BUY, SELL = "BUY", "SELL"
NEW, FILLED, CANCELED, EXPIRED = "NEW", "FILLED", "CANCELED", "EXPIRED"


class Problem(Exception):
    """Why an order is not taken; `kind` is a word of ours."""

    def __init__(self, kind: str) -> None:
        super().__init__(kind)
        self.kind = kind


@dataclass(slots=True)
class Order:
    """Prices in USDT, quantities in BTC; with a `trigger` it waits until the price has come."""

    id: int
    client_id: str
    side: str
    quantity: Decimal
    at: int  # ms
    price: Decimal | None = None  # None: at the market
    trigger: Decimal | None = None
    rises: bool = False
    reduces: bool = False
    type: str = "LIMIT"
    status: str = NEW
    filled: Decimal = ZERO
    average: Decimal = ZERO
    updated: int = 0  # ms; zero: never
    became: Order | None = None  # what a trigger of a futures market has placed

    @property
    def changed_at(self) -> int:
        return self.updated or self.at

    @property
    def rests(self) -> bool:
        return self.status == NEW

    def bound(self) -> Decimal:
        """USDT that the resting order keeps from others."""
        is_bought = self.side == BUY and self.rests and self.price is not None
        return self.quantity * self.price if is_bought and self.price is not None else ZERO


@dataclass(frozen=True, slots=True)
class Trade:
    """One fill; `result` in USDT, as is `fee`, but for one that was taken in the coins bought."""

    id: int
    order: Order
    quantity: Decimal
    price: Decimal
    fee: Decimal
    result: Decimal
    at: int  # ms
    fee_in_coins: bool = False


@dataclass(slots=True)
class Rules:
    tick: Decimal = Decimal("0.1")
    step: Decimal = Decimal("0.001")
    least: Decimal = Decimal("0.001")
    most: Decimal = Decimal(100)
    least_notional: Decimal = Decimal(5)


@dataclass(slots=True)
class Book:
    """An account: `leverage` None on a spot market, where nothing is sold that is not there."""

    leverage: Decimal | None
    last: Decimal = Decimal(60_000)
    usdt: Decimal = Decimal(1000)
    coins: Decimal = ZERO  # below zero: sold short
    entry: Decimal = ZERO
    fee: Decimal = ZERO  # a share of what is traded
    fee_in_coins: bool = False  # a purchase's: it is taken of what was bought
    is_hedge: bool = False
    rules: Rules = field(default_factory=Rules)
    orders: list[Order] = field(default_factory=list)
    trades: list[Trade] = field(default_factory=list)
    ids: Iterator[int] = field(default_factory=lambda: itertools.count(1))
    clock: Callable[[], int] = lambda: int(time.time() * 1000)

    def place(self, order: Order) -> Order:
        self._check(order)
        self.orders.append(order)
        self._look_at(order)
        return order

    def amend(self, client_id: str, side: str, quantity: Decimal, price: Decimal) -> Order:
        """The order keeps its names, and its old terms where the new ones are not taken."""
        order = self.find(client_id)
        if order is None or not order.rests or order.price is None or order.side != side:
            raise Problem("missing_order")
        if (order.quantity, order.price) == (quantity, price):
            raise Problem("no_change")
        known = self.orders
        self.orders = [one for one in known if one is not order]  # it binds nothing beside itself
        try:
            self._check(replace(order, quantity=quantity, price=price))
        finally:
            self.orders = known
        order.quantity, order.price, order.updated = quantity, price, self.clock()
        self._look_at(order)
        return order

    def forget(self) -> None:
        """Know nothing any more of what has ended without a fill, as after some days."""
        self.orders = [order for order in self.orders if order.rests or order.filled]

    def find(self, client_id: str) -> Order | None:
        """The newest of this name: one that has ended leaves its name to another."""
        return next((o for o in reversed(self.orders) if o.client_id == client_id), None)

    def cancel(self, client_id: str) -> Order:
        order = self.find(client_id)
        if order is None or not order.rests:
            raise Problem("not_found")
        order.status, order.updated = CANCELED, self.clock()
        return order

    def move(self, price: Decimal) -> None:
        self.last = price
        for order in list(self.orders):
            if order.rests:
                self._look_at(order)

    @property
    def free(self) -> Decimal:
        """USDT for new orders: a position and what rests bind their share of it."""
        share = self.leverage or Decimal(1)
        held = abs(self.coins) * self.entry / share if self.leverage else ZERO
        return self.usdt - held - sum((order.bound() for order in self.orders), ZERO) / share

    @property
    def locked(self) -> Decimal:
        """Coins that no other order may sell: a sale that rests keeps them, and so does a stop."""
        return sum((o.quantity for o in self.orders if o.rests and o.side == SELL), ZERO)

    def _check(self, order: Order) -> None:
        rules, price = self.rules, order.price or order.trigger or self.last
        known = self.find(order.client_id)
        if known is not None and known.rests:
            raise Problem("duplicate")
        if order.quantity % rules.step or not rules.least <= order.quantity <= rules.most:
            raise Problem("lot")
        if price % rules.tick and order.price is not None:
            raise Problem("tick")
        if order.quantity * price < rules.least_notional and not order.reduces:
            raise Problem("notional")
        if order.trigger is not None and self._has_come(order):
            raise Problem("immediate")
        if order.reduces and not self._reduces(order):
            raise Problem("nothing_to_reduce")
        if not order.reduces and not self._is_covered(order, price):
            raise Problem("money")

    def _reduces(self, order: Order) -> bool:
        return self.coins > 0 if order.side == SELL else self.coins < 0

    def _is_covered(self, order: Order, price: Decimal) -> bool:
        if self.leverage is None and order.side == SELL:
            return order.quantity <= self.coins - self.locked
        return order.quantity * price / (self.leverage or 1) <= self.free

    def _has_come(self, order: Order) -> bool:
        if order.trigger is None:
            return True
        return self.last >= order.trigger if order.rises else self.last <= order.trigger

    def _look_at(self, order: Order) -> None:
        if not self._has_come(order):
            return
        if order.trigger is not None and self.leverage is not None:
            self._pass_on(order)
            return
        price = order.price or self.last
        is_met = self.last <= price if order.side == BUY else self.last >= price
        if is_met:
            self._fill(order, self.last if order.price is None else price)

    def _pass_on(self, trigger: Order) -> None:
        """A futures market places another order, by a name of its own, when a trigger fires."""
        made = Order(
            next(self.ids),
            f"exchange-made-{trigger.id}",
            trigger.side,
            trigger.quantity,
            self.clock(),
            reduces=trigger.reduces,
            type="MARKET",
        )
        trigger.status, trigger.updated, trigger.became = FILLED, made.at, made
        self.orders.append(made)
        self._look_at(made)

    def _fill(self, order: Order, price: Decimal) -> None:
        quantity = min(order.quantity, abs(self.coins)) if order.reduces else order.quantity
        order.updated = self.clock()
        if quantity == 0:
            order.status = EXPIRED
            return
        order.status, order.filled, order.average = FILLED, quantity, price
        signed, fee = quantity if order.side == BUY else -quantity, self.fee * quantity * price
        in_coins = self.fee_in_coins and order.side == BUY
        if in_coins:
            fee = self.fee * quantity
        result = signed * (self.entry - price) if self.coins * signed < 0 else ZERO
        self.trades.append(
            Trade(next(self.ids), order, quantity, price, fee, result, order.updated, in_coins)
        )
        if in_coins:
            self.coins -= fee
        else:
            self.usdt -= fee
        if self.leverage is None:
            self.usdt -= signed * price
        elif self.coins * signed < 0:  # closing: its result is booked
            self.usdt += result
        else:
            held = abs(self.coins)
            self.entry = (self.entry * held + price * quantity) / (held + quantity)
        self.coins += signed

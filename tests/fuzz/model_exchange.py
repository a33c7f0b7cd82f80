"""A model of one account on one contract: small, pure, and faithful in what the planner leans on.

It speaks the `Exchange` port. Fills follow the price that a test moves; faults are asked for one
request ahead. What is simplified: no margin, no funding, no price bands, one-way mode only.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal as D
from enum import StrEnum

from exchanges.domain.errors import (
    DuplicateLinkId,
    FilterViolated,
    InsufficientMargin,
    InvalidOrder,
    NotFound,
    OutcomeUnknown,
    StopRefused,
    Unavailable,
)
from exchanges.domain.trading import (
    Acknowledgement,
    Cause,
    ClosedPnlFacts,
    FillFacts,
    InstrumentFacts,
    NewOrder,
    OrderChange,
    OrderFacts,
    OrderState,
    OrderType,
    PositionFacts,
    Side,
    Ticker,
)
from signals.domain.direction import Direction
from signals.domain.link_ids import is_ours

ZERO = D(0)


class Crash(BaseException):
    """The process dies here: nothing in it may catch this."""


class Fault(StrEnum):
    UNAVAILABLE = "unavailable"  # never took effect
    LOST = "lost"  # no answer, and it did not arrive
    ARRIVED = "arrived"  # no answer, and it took effect
    LATE = "late"  # no answer, and it takes effect a little later
    REFUSED = "refused"
    CRASH_BEFORE = "crash_before"
    CRASH_AFTER = "crash_after"


@dataclass(slots=True)
class Order:
    """`value` is what its fills cost at the limits they had (a market order's: at `bound`)."""

    id: str
    link: str
    side: Side
    type: OrderType
    quantity: D
    price: D | None
    stop: D | None
    target: D | None
    reduce_only: bool
    created_at: datetime
    bound: D
    state: OrderState = OrderState.OPEN
    cause: Cause = Cause.USER
    trigger: D | None = None
    trigger_rises: bool = False
    filled: D = ZERO
    spent: D = ZERO
    value: D = ZERO
    by_request: bool = False

    @property
    def leaves(self) -> D:
        return self.quantity - self.filled

    @property
    def is_live(self) -> bool:
        return not self.state.is_final

    @property
    def is_ours(self) -> bool:
        return is_ours(self.link)


class ModelExchange:
    def __init__(
        self, direction: Direction, instrument: InstrumentFacts, price: D, now: datetime
    ) -> None:
        self.direction, self.instrument = direction, instrument
        self.last, self.now = price, now
        self.bound = price  # the worst price that a market entry was sized by
        self.depth: D | None = None  # what the market takes until the price moves again
        self.orders: dict[str, Order] = {}
        self.fills: list[FillFacts] = []
        self.results: dict[str, ClosedPnlFacts] = {}
        self.shown = 0  # fills and results before this one are shown already
        self.quantity = self.cost = ZERO
        self.stop: D | None = None
        self.target: D | None = None
        self.trailing: D | None = None
        self.activation: D | None = None
        self.best: D | None = None
        self.fault: Fault | None = None
        self.fault_after = 0  # requests that still go well before the fault
        self.read_fault = False
        self.late: list[Callable[[], object]] = []
        self.between: Callable[[], None] | None = None  # happens amid the next look
        self.is_lagging = False  # fills and results show only once time has passed
        self.leverage = D(1)
        self.writes: list[str] = []

    # --- what happens in the market --------------------------------------------------------------

    @property
    def entry_side(self) -> Side:
        return self.direction.entry_side

    @property
    def sign(self) -> int:
        return self.direction.sign

    @property
    def average(self) -> D:
        return self.cost / self.quantity if self.quantity else ZERO

    def ticker(self) -> Ticker:
        tick = self.instrument.tick
        return Ticker(self.instrument.symbol, self.last - tick, self.last, self.last, self.last)

    def wait(self, seconds: float) -> None:
        """Let time pass: what was late arrives, and what was hidden shows."""
        self.now += timedelta(seconds=seconds)
        self.shown, self.is_lagging = len(self.fills), False
        late, self.late = self.late, []
        for request in late:
            try:
                request()
            except (NotFound, InvalidOrder, StopRefused, DuplicateLinkId):
                continue
        self._settle()

    def move(self, price: D, depth: D | None = None) -> None:
        self.last, self.depth = price, depth
        self._settle()

    def _settle(self) -> None:
        """Match until nothing happens any more."""
        for order in list(self.orders.values()):
            if order.state is OrderState.UNTRIGGERED and self._is_triggered(order):
                order.state = OrderState.OPEN
        for order in [o for o in self.orders.values() if o.state is OrderState.OPEN]:
            if order.state is OrderState.OPEN and self._crosses(order):
                self._match(order, order.price)
        self._trail()
        self._exits()

    def _is_triggered(self, order: Order) -> bool:
        level = order.trigger
        if level is None:
            return True
        return self.last >= level if order.trigger_rises else self.last <= level

    def _crosses(self, order: Order) -> bool:
        if order.price is None:
            return True
        buys = order.side is Side.BUY
        return self.last <= order.price if buys else self.last >= order.price

    def _match(self, order: Order, price: D | None) -> None:
        quantity = order.leaves if self.depth is None else min(order.leaves, self.depth)
        if order.reduce_only:
            quantity = min(quantity, self.quantity)
        if quantity > 0:
            if self.depth is not None:
                self.depth -= quantity
            self._fill(order, quantity, self.last if price is None else price)
        if order.type is OrderType.MARKET and order.state is OrderState.OPEN:
            self._end(order)

    def _fill(self, order: Order, quantity: D, price: D) -> None:
        order.filled += quantity
        order.spent += quantity * price
        order.value += quantity * (order.bound if order.price is None else order.price)
        if order.leaves <= 0:
            order.state = OrderState.FILLED
        closes = order.side is not self.entry_side
        average = self.average
        self.fills.append(
            FillFacts(
                fill_id=f"f{len(self.fills)}",
                order_id=order.id,
                link_id=order.link,
                symbol=self.instrument.symbol,
                side=order.side,
                cause=order.cause,
                quantity=quantity,
                price=price,
                fee=quantity * price * D("0.00055"),
                fee_currency="USDT",
                closed_quantity=quantity if closes else ZERO,
                is_maker=order.price is not None,
                at=self.now,
            )
        )
        if not closes:
            self.quantity += quantity
            self.cost += quantity * price
            self._attach(order)
            return
        self.quantity -= quantity
        self.cost = average * self.quantity
        self._book(order, quantity, average, price)
        self._trim()

    def _attach(self, order: Order) -> None:
        """Full mode: the newest fill's levels are the whole position's."""
        self.stop = order.stop if order.stop is not None else self.stop
        self.target = order.target if order.target is not None else self.target

    def _book(self, order: Order, quantity: D, average: D, price: D) -> None:
        before = self.results.get(order.id)
        pnl = (price - average) * quantity * self.sign
        self.results[order.id] = ClosedPnlFacts(
            order_id=order.id,
            symbol=self.instrument.symbol,
            side=order.side,
            quantity=quantity + (before.quantity if before else ZERO),
            average_entry=average,
            average_exit=price,
            pnl=pnl + (before.pnl if before else ZERO),
            open_fee=ZERO,
            close_fee=ZERO,
            at=self.now,
        )

    def _trim(self) -> None:
        """Resting reduce-only orders never exceed the position: the farthest go first."""
        left = self.quantity
        resting = [o for o in self.orders.values() if o.is_live and o.reduce_only]
        for order in sorted(resting, key=lambda o: (o.price or ZERO) * self.sign):
            most = min(order.leaves, left)
            left -= most
            if not most:
                self._end(order)
            else:
                order.quantity = order.filled + most
        if not self.quantity:
            self.stop = self.target = self.trailing = self.activation = self.best = None

    def _room(self, besides: Order | None = None) -> D:
        claims = sum(
            (
                o.leaves
                for o in self.orders.values()
                if o.is_live and o.reduce_only and o is not besides
            ),
            ZERO,
        )
        return max(self.quantity - claims, ZERO)

    def _end(self, order: Order, *, by_request: bool = False) -> None:
        order.state, order.by_request = OrderState.CANCELLED, by_request

    def _trail(self) -> None:
        if self.trailing is None:
            return
        if self.best is None:
            if self.activation is not None and not self.direction.is_beyond(
                self.last, self.activation
            ):
                return
            self.best = self.last
        self.best = self.direction.better(self.best, self.last)

    def _exits(self) -> None:
        """Stop, trailing stop and target of the whole position, whoever built it."""
        if not self.quantity:
            return
        if self.stop is not None and self.direction.is_beyond(self.stop, self.last):
            self._exit(Cause.STOP)
        elif self._has_trailed():
            self._exit(Cause.TRAILING)
        elif self.target is not None and self.direction.is_beyond(self.last, self.target):
            self._exit(Cause.TARGET)

    def _has_trailed(self) -> bool:
        if self.trailing is None or self.best is None:
            return False
        level = self.best - self.trailing * self.sign
        return self.direction.is_beyond(level, self.last)

    def _exit(self, cause: Cause, quantity: D | None = None) -> None:
        order = self._new(
            "", self.entry_side.opposite, OrderType.MARKET, quantity or self.quantity, None
        )
        order.reduce_only, order.cause = True, cause
        self._fill(order, order.quantity, self.last)

    # --- what the trader does in the app ---------------------------------------------------------

    def user_close(self, quantity: D) -> None:
        self._exit(Cause.USER, min(quantity, self.quantity))

    def user_add(self, quantity: D) -> None:
        order = self._new("", self.entry_side, OrderType.MARKET, quantity, None)
        self._fill(order, quantity, self.last)

    def user_rests(self, quantity: D, price: D) -> Order:
        return self._new("theirs", self.entry_side, OrderType.LIMIT, quantity, price)

    def user_stop(self, level: D | None) -> None:
        self.stop = level
        self._exits()

    def user_cancels(self, order: Order) -> None:
        self._end(order, by_request=True)

    def forced(self, cause: Cause, quantity: D) -> None:
        self._exit(cause, min(quantity, self.quantity))

    # --- requests --------------------------------------------------------------------------------

    def _send(self, name: str, request: Callable[[], object]) -> object:
        """Carry a request out, with the fault that was asked for."""
        self.writes.append(name)
        fault = self.fault
        if fault is None or self.fault_after > 0:
            self.fault_after -= 1
            return request()
        self.fault = None
        if fault is Fault.CRASH_BEFORE:
            raise Crash
        if fault is Fault.UNAVAILABLE:
            raise Unavailable
        if fault is Fault.REFUSED:
            raise InsufficientMargin if name == "place" else InvalidOrder
        if fault is Fault.LATE:
            self.late.append(request)
        if fault in {Fault.ARRIVED, Fault.CRASH_AFTER}:
            request()
        if fault is Fault.CRASH_AFTER:
            raise Crash
        raise OutcomeUnknown

    def set_leverage(self, symbol: str, leverage: D) -> None:
        self._send("leverage", lambda: setattr(self, "leverage", leverage))

    def place(self, order: NewOrder) -> Acknowledgement:
        answer = self._send("place", lambda: self._place(order))
        assert isinstance(answer, Acknowledgement)
        return answer

    def amend(self, change: OrderChange) -> None:
        self._send("amend", lambda: self._amend(change))

    def cancel(self, symbol: str, link_id: str) -> None:
        self._send("cancel", lambda: self._cancel(link_id))

    def set_position_levels(
        self, symbol: str, position_index: int, *, stop: D | None, target: D | None
    ) -> None:
        self._send("levels", lambda: self._set_levels(stop, target))

    def set_trailing_stop(
        self, symbol: str, position_index: int, *, distance: D, activation: D | None
    ) -> None:
        self._send("trail", lambda: self._set_trail(distance, activation))

    def _place(self, wanted: NewOrder) -> Acknowledgement:
        if any(order.link == wanted.link_id for order in self.orders.values()):
            raise DuplicateLinkId
        assert wanted.quantity > 0
        assert wanted.quantity % self.instrument.step == 0
        quantity = wanted.quantity
        if wanted.reduce_only:
            assert wanted.side is not self.entry_side
            is_market = wanted.type is OrderType.MARKET
            quantity = min(quantity, self.quantity if is_market else self._room())
            if quantity <= 0:
                raise FilterViolated
        else:
            assert wanted.stop is not None, "an entry without its stop"
            self._check_levels(wanted.price or wanted.trigger, wanted.stop, wanted.target)
        waits = wanted.trigger is not None
        if waits and (self.last >= wanted.trigger) == wanted.trigger_rises:
            raise StopRefused
        order = self._new(wanted.link_id, wanted.side, wanted.type, quantity, wanted.price)
        order.stop, order.target = wanted.stop, wanted.target
        order.reduce_only = wanted.reduce_only
        order.trigger, order.trigger_rises = wanted.trigger, wanted.trigger_rises
        if waits:
            order.state = OrderState.UNTRIGGERED
        elif self._crosses(order):
            self._match(order, None)
            self._trail()
            self._exits()
        return Acknowledgement(order.id)

    def _new(self, link: str, side: Side, kind: OrderType, quantity: D, price: D | None) -> Order:
        order = Order(
            id=f"o{len(self.orders)}",
            link=link,
            side=side,
            type=kind,
            quantity=quantity,
            price=price,
            stop=None,
            target=None,
            reduce_only=False,
            created_at=self.now,
            bound=self.bound,
        )
        self.orders[order.id] = order
        return order

    def _check_levels(self, base: D | None, stop: D | None, target: D | None) -> None:
        base = self.last if base is None else base
        if stop and self.direction.is_beyond(stop, base):
            raise StopRefused
        if target and self.direction.is_beyond(base, target):
            raise InvalidOrder

    def _live(self, link_id: str) -> Order:
        assert is_ours(link_id), "an order that is not ours"
        for order in self.orders.values():
            if order.link == link_id and order.is_live:
                return order
        raise NotFound

    def _amend(self, change: OrderChange) -> None:
        order = self._live(change.link_id)
        quantity = order.quantity if change.quantity is None else change.quantity
        price = order.price if change.price is None else change.price
        stop = order.stop if change.stop is None else change.stop or None
        target = order.target if change.target is None else change.target or None
        if quantity <= order.filled:
            raise InvalidOrder
        if order.reduce_only:
            quantity = min(quantity, order.filled + self._room(besides=order))
            if quantity <= order.filled:
                raise InvalidOrder
        else:
            self._check_levels(price, stop, target)
        order.quantity, order.price, order.stop, order.target = quantity, price, stop, target
        if order.state is OrderState.OPEN and self._crosses(order):
            self._match(order, None)
            self._trail()
            self._exits()

    def _cancel(self, link_id: str) -> None:
        self._end(self._live(link_id), by_request=True)

    def _set_levels(self, stop: D | None, target: D | None) -> None:
        if not self.quantity:
            raise NotFound
        self._check_levels(None, stop, target)
        self.stop = self.stop if stop is None else stop or None
        self.target = self.target if target is None else target or None

    def _set_trail(self, distance: D, activation: D | None) -> None:
        if not self.quantity:
            raise NotFound
        if activation is not None and self.direction.is_beyond(self.last, activation):
            raise InvalidOrder
        self.trailing, self.activation = distance or None, activation
        self.best = self.last if activation is None and distance else None

    # --- looks -----------------------------------------------------------------------------------

    def _look(self) -> None:
        if self.read_fault:
            self.read_fault = False
            raise Unavailable

    def find_order(self, symbol: str, link_id: str) -> OrderFacts | None:
        self._look()
        return next((_facts(o) for o in self.orders.values() if o.link == link_id), None)

    def open_orders(self, symbol: str | None = None) -> list[OrderFacts]:
        self._look()
        return [_facts(order) for order in self.orders.values() if order.is_live]

    def orders_since(self, symbol: str, since: datetime) -> list[OrderFacts]:
        self._look()
        return [_facts(o) for o in self.orders.values() if o.is_live or o.created_at >= since]

    def fills_since(self, symbol: str, since: datetime) -> list[FillFacts]:
        self._look()
        fills = self.fills[: self.shown] if self.is_lagging else self.fills
        return [fill for fill in fills if fill.at >= since]

    def closed_pnl_since(self, symbol: str, since: datetime) -> list[ClosedPnlFacts]:
        self._look()
        hidden = {f.order_id for f in self.fills[self.shown :]} if self.is_lagging else set()
        found = self.results.values()
        return [r for r in found if r.at >= since and r.order_id not in hidden]

    def positions(self, symbol: str | None = None) -> list[PositionFacts]:
        self._look()
        found = [self._position()] if self.quantity else []
        if self.between is not None:
            happening, self.between = self.between, None
            happening()
        return found

    def _position(self) -> PositionFacts:
        return PositionFacts(
            symbol=self.instrument.symbol,
            side=self.entry_side,
            position_index=0,
            quantity=self.quantity,
            average=self.average,
            leverage=self.leverage,
            stop=self.stop,
            target=self.target,
            trailing=self.trailing,
        )


def _facts(order: Order) -> OrderFacts:
    return OrderFacts(
        order_id=order.id,
        link_id=order.link,
        parent_link_id="",
        symbol="BTCUSDT",
        side=order.side,
        type=order.type,
        state=order.state,
        cause=order.cause,
        position_index=0,
        quantity=order.quantity,
        filled=order.filled,
        average=order.spent / order.filled if order.filled else None,
        price=order.price,
        trigger_price=order.trigger,
        stop=order.stop,
        target=order.target,
        reduce_only=order.reduce_only,
        is_cancelled_by_request=order.by_request,
        created_at=order.created_at,
        updated_at=order.created_at,
    )

"""An account: its wallet, settings, orders and positions, and the margin that they bind."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal

from sandbox.bybit.engine.instrument import Instrument, Quote
from sandbox.bybit.engine.positions import ClosedPnl, Position
from sandbox.bybit.engine.records import ZERO, Execution, Order

Quotes = Mapping[str, Quote]
Rules = Mapping[str, Instrument]


@dataclass(slots=True, eq=False)
class Account:
    uid: str
    balance: Decimal  # wallet balance in USDT
    hedge: bool
    margin_mode: str
    unified_status: int
    default_leverage: Decimal
    started_with: Decimal = ZERO
    leverage: dict[str, Decimal] = field(default_factory=dict)
    sell_leverage: dict[str, Decimal] = field(default_factory=dict)  # where it differs
    hedge_by_symbol: dict[str, bool] = field(default_factory=dict)
    positions: dict[tuple[str, int], Position] = field(default_factory=dict)
    orders: dict[str, Order] = field(default_factory=dict)  # all that ever were
    by_link: dict[str, Order] = field(default_factory=dict)  # for ever: an id is never used again
    active: dict[str, Order] = field(default_factory=dict)
    recent: list[Order] = field(default_factory=list)  # the live cache of ended orders
    executions: list[Execution] = field(default_factory=list)
    closed: dict[str, ClosedPnl] = field(default_factory=dict)
    unseen: dict[str, int] = field(default_factory=dict)  # order ids, and until when (ms)
    funding: Decimal = ZERO
    updated: int = 0

    @property
    def is_isolated(self) -> bool:
        return self.margin_mode == "ISOLATED_MARGIN"

    def is_hedge(self, symbol: str) -> bool:
        return self.hedge_by_symbol.get(symbol, self.hedge)

    def leverage_of(self, symbol: str, idx: int = 0) -> Decimal:
        if idx == 2 and symbol in self.sell_leverage:
            return self.sell_leverage[symbol]
        return self.leverage.get(symbol, self.default_leverage)

    def shows(self, order_id: str, now: int) -> bool:
        """Whether the lists know of an order yet; the matching of it may be ahead of them."""
        return now >= self.unseen.get(order_id, 0)

    def position(self, symbol: str, idx: int) -> Position:
        key = (symbol, idx)
        if key not in self.positions:
            self.positions[key] = Position(symbol, idx)
        return self.positions[key]

    def open_positions(self) -> list[Position]:
        return [position for position in self.positions.values() if position.size]

    def orders_on(self, symbol: str) -> list[Order]:
        return [order for order in self.active.values() if order.symbol == symbol]

    # --- margin ------------------------------------------------------------------------------

    def position_margin(self, position: Position, rules: Instrument, quote: Quote) -> Decimal:
        """Initial margin: on the entry value when isolated, else on the mark and a way out."""
        leverage = self.leverage_of(position.symbol, position.idx)
        if self.is_isolated:
            return position.value / leverage
        notional = position.size * quote.mark
        return notional / leverage + notional * rules.taker_fee

    def order_margin(self, order: Order, rules: Instrument, quotes: Quotes) -> Decimal:
        """What a resting order binds: nothing for exits and for what has not been triggered."""
        if order.reduce_only or order.status == "Untriggered":
            return ZERO
        quote = quotes[order.symbol]
        price = order.price or (quote.ask if order.side == "Buy" else quote.bid)
        notional = self._opening(order) * price
        leverage = self.leverage_of(order.symbol, order.position_idx)
        return notional / leverage + notional * rules.taker_fee * 2

    def _opening(self, order: Order) -> Decimal:
        """How much of an order would add to a position rather than close one."""
        position = self.positions.get((order.symbol, order.position_idx))
        if order.position_idx or position is None or position.sign != -order.sign:
            return order.leaves
        return max(order.leaves - position.size, ZERO)

    def figures(self, rules: Rules, quotes: Quotes) -> dict[str, Decimal]:
        """The account's sums in USDT; `available` is what new margin may be taken from."""
        upl = position_im = maintenance = order_im = ZERO
        for position in self.positions.values():
            if position.size:
                terms, quote = rules[position.symbol], quotes[position.symbol]
                upl += unrealised(position, quote)
                position_im += self.position_margin(position, terms, quote)
                maintenance += maintenance_margin(position, terms, quote)
        for order in self.active.values():
            order_im += self.order_margin(order, rules[order.symbol], quotes)
        equity = self.balance + upl
        free = self.balance if self.is_isolated else equity
        return {
            "upl": upl,
            "equity": equity,
            "position_im": position_im,
            "order_im": order_im,
            "maintenance": maintenance,
            "available": max(free - position_im - order_im, ZERO),
        }

    def reserve(self, position: Position, rules: Rules, quotes: Quotes) -> Decimal:
        """How much a position may still lose at the mark before it is liquidated."""
        if not self.is_isolated:
            figures = self.figures(rules, quotes)
            return figures["equity"] - figures["maintenance"]
        terms, quote = rules[position.symbol], quotes[position.symbol]
        margin = self.position_margin(position, terms, quote) + unrealised(position, quote)
        return margin - maintenance_margin(position, terms, quote)

    def liquidation_price(self, position: Position, rules: Rules, quotes: Quotes) -> Decimal | None:
        """Where the mark would eat up the reserve, other positions standing still."""
        terms, mark = rules[position.symbol], quotes[position.symbol].mark
        slope = position.size * (position.sign - terms.maintenance_rate)
        price = mark - self.reserve(position, rules, quotes) / slope
        return on_tick(price, terms, position.sign) if 0 < price < terms.max_price else None

    def bankruptcy_price(self, position: Position, rules: Instrument) -> Decimal:
        """Where closing, fee paid, leaves nothing of what stands behind the position."""
        behind = self.balance
        if self.is_isolated:
            leverage = self.leverage_of(position.symbol, position.idx)
            behind = min(behind, position.value / leverage)
        slope = position.size * (position.sign - rules.taker_fee)
        price = (position.value * position.sign - behind) / slope
        return on_tick(price, rules, position.sign)


def on_tick(price: Decimal, rules: Instrument, sign: int) -> Decimal:
    """To the tick on the side that costs the holder less: up for a long, down for a short."""
    rounding = ROUND_CEILING if sign > 0 else ROUND_FLOOR
    return (price / rules.tick).to_integral_value(rounding) * rules.tick


def unrealised(position: Position, quote: Quote) -> Decimal:
    return (quote.mark * position.size - position.value) * position.sign


def maintenance_margin(position: Position, rules: Instrument, quote: Quote) -> Decimal:
    return position.size * quote.mark * rules.maintenance_rate

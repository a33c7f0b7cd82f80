"""The matching core: quotes come in, orders fill, exits trigger, books stay straight."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from decimal import Decimal
from itertools import count
from uuid import UUID

from sandbox.bybit.engine import exits
from sandbox.bybit.engine.account import Account
from sandbox.bybit.engine.booking import Print, book
from sandbox.bybit.engine.instrument import Instrument, Quote
from sandbox.bybit.engine.records import ZERO, Order, Position

RECENT = 500  # ended orders that the live cache keeps
MOST_ROUNDS = 1000  # a bound for chains of triggers within one quote

Listener = Callable[[str, str, dict[str, object]], None]


class Core:
    def __init__(self, instruments: Iterable[Instrument], *, clock: Callable[[], int]) -> None:
        self.instruments = {rules.symbol: rules for rules in instruments}
        self.clock = clock
        self.quotes: dict[str, Quote] = {}
        self.depth: dict[str, dict[str, Decimal]] = {}  # what is left of a quote's size, by side
        self.accounts: dict[str, Account] = {}
        self.listeners: list[Listener] = []
        self._active: dict[str, dict[str, tuple[Account, Order]]] = {
            symbol: {} for symbol in self.instruments
        }
        self._holders: dict[str, set[str]] = {symbol: set() for symbol in self.instruments}
        self._ids = count(1)
        self._seq = count(1)

    def new_id(self) -> str:
        """Ids look like Bybit's; they count up so that a run can be repeated."""
        return str(UUID(int=(0xB1 << 120) | (4 << 76) | (8 << 60) | next(self._ids)))

    # --- quotes ------------------------------------------------------------------------------

    def set_quote(self, symbol: str, quote: Quote) -> None:
        """Move the market; everything that this touches happens before it returns."""
        before = self.quotes.get(symbol, quote)
        self.quotes[symbol] = quote
        self.depth[symbol] = {"Buy": quote.ask_size, "Sell": quote.bid_size}
        self._trail(symbol, quote)
        for _ in range(MOST_ROUNDS):
            if not self._step(symbol, before, quote):
                break
        self._liquidate(symbol)

    def _step(self, symbol: str, before: Quote, quote: Quote) -> bool:
        """Carry out what the price has reached, nearest to the old price first."""
        reached = [
            (abs(self._level(order) - before.last), order.created, account, order)
            for account, order in self._active[symbol].values()
            if self._is_reached(order, quote)
        ]
        reached.sort(key=lambda item: (item[0], item[1], item[3].order_id))
        progress = False
        for _, _, account, order in reached:
            if not order.is_open:
                continue
            if order.status == "Untriggered":
                self.trigger(account, order)
                progress = True
            else:
                progress |= self.match(account, order, is_maker=True)
        return progress

    def _level(self, order: Order) -> Decimal:
        if order.status == "Untriggered" and order.trigger_price is not None:
            return order.trigger_price
        return order.price or ZERO

    def _is_reached(self, order: Order, quote: Quote) -> bool:
        if order.status == "Untriggered":
            return exits.is_triggered(order, quote)
        return crosses(order, quote)

    def _trail(self, symbol: str, quote: Quote) -> None:
        for uid in self._holders[symbol]:
            for idx in (0, 1, 2):
                position = self.accounts[uid].positions.get((symbol, idx))
                if position is not None and position.trailing is not None:
                    exits.trail(position, quote.last)

    # --- orders ------------------------------------------------------------------------------

    def add(self, account: Account, order: Order) -> None:
        account.orders[order.order_id] = order
        if order.link_id:
            account.by_link[order.link_id] = order
        account.active[order.order_id] = order
        self._active[order.symbol][order.order_id] = (account, order)
        self.push(account, "order", order.wire())

    def trigger(self, account: Account, order: Order) -> None:
        """A condition is met: the order goes to the market, or rests at its limit."""
        order.status, order.updated = "New", self.clock()
        if order.pair is not None and order.pair.is_open:
            by = (
                "TpCanceledBySl"
                if order.stop_order_type.endswith("StopLoss")
                else ("SlCanceledByTp")
            )
            self.end(account, order.pair, "Deactivated", f"CancelByOCO{by}Triggered")
        if order.is_exit and order.price is None:
            # A full exit closes all that is there now, whatever it was when it was set.
            position = account.position(order.symbol, order.position_idx)
            full = not order.stop_order_type.startswith("Partial")
            order.qty = position.size if full else min(order.qty, position.size)
        rules = self.instruments[order.symbol]
        quotes = self.quotes
        if not order.reduce_only:
            needed = account.order_margin(order, rules, quotes)
            figures = account.figures(self.instruments, quotes)
            if figures["equity"] - figures["position_im"] < needed:
                self.end(account, order, "Cancelled", "CancelByUser", "EC_NoEnoughQtyToFill")
                return
        self.match(account, order, is_maker=False)

    def match(self, account: Account, order: Order, *, is_maker: bool) -> bool:
        """Fill what the quote gives; returns whether anything happened."""
        happened = False
        quote = self.quotes[order.symbol]
        if order.reduce_only and not self._shrink(account, order):
            return True
        depth = self.depth[order.symbol]
        if crosses(order, quote) or order.order_type == "Market":
            touch = quote.ask if order.side == "Buy" else quote.bid
            price = order.price if is_maker and order.price is not None else touch
            qty = min(order.leaves, depth[order.side])
            if qty > 0:
                depth[order.side] -= qty
                self.fill(account, order, qty, price, is_maker=is_maker)
                happened = True
        if order.is_open and (order.order_type == "Market" or order.time_in_force == "IOC"):
            self.end(account, order, "Cancelled", "UNKNOWN", "EC_NoImmediateQtyToFill")
            happened = True
        return happened

    def fill(
        self,
        account: Account,
        order: Order,
        qty: Decimal,
        price: Decimal,
        *,
        is_maker: bool,
        exec_type: str = "Trade",
    ) -> None:
        match = Print(
            qty=qty,
            price=price,
            is_maker=is_maker,
            mark=self.quotes[order.symbol].mark,
            time=self.clock(),
            seq=next(self._seq),
            exec_id=self.new_id(),
            exec_type=exec_type,
        )
        execution = book(account, order, match, self.instruments[order.symbol])
        self._holders[order.symbol].add(account.uid)
        if not order.is_open:
            self._drop(account, order)
        position = account.position(order.symbol, order.position_idx)
        if execution.closed and qty > execution.closed:
            exits.clear(self, account, position)  # turned around: the old side's exits are void
        if qty > execution.closed and order.exits.any:
            exits.attach(self, account, order, position, qty - execution.closed)
        exits.resize(self, account, position)
        self.push(account, "execution", execution.wire())
        self.push(account, "order", order.wire())
        self.push_position(account, position)

    def _shrink(self, account: Account, order: Order) -> bool:
        """Cut a reduce-only order to what is left to reduce; False when it ended for lack of it."""
        position = account.position(order.symbol, order.position_idx)
        if position.sign != -order.sign:
            self.end(account, order, "Cancelled", "CancelByReduceOnly")
            return False
        if order.leaves > position.size:
            order.qty = order.filled + position.size
        return True

    def end(
        self, account: Account, order: Order, status: str, by: str, reason: str = "EC_NoError"
    ) -> None:
        order.status, order.cancel_type, order.reject_reason = status, by, reason
        order.updated = self.clock()
        self._drop(account, order)
        self.push(account, "order", order.wire())

    def _drop(self, account: Account, order: Order) -> None:
        if account.active.pop(order.order_id, None) is not None:
            account.recent.append(order)
            del account.recent[:-RECENT]
        self._active[order.symbol].pop(order.order_id, None)

    # --- liquidation -------------------------------------------------------------------------

    def _liquidate(self, symbol: str) -> None:
        for uid in list(self._holders[symbol]):
            account = self.accounts[uid]
            if not any(p.symbol == symbol for p in account.open_positions()):
                self._holders[symbol].discard(uid)
                continue
            figures = account.figures(self.instruments, self.quotes)
            if figures["equity"] < figures["maintenance"]:
                for position in account.open_positions():
                    self._take_over(account, position)

    def _take_over(self, account: Account, position: Position) -> None:
        for order in account.orders_on(position.symbol):
            self.end(account, order, "Cancelled", "CancelAllBeforeLiq")
        order = self.exit_order(account, position, "CreateByLiq")
        self.add(account, order)
        quote = self.quotes[position.symbol]
        price = quote.bid if order.side == "Sell" else quote.ask
        self.fill(account, order, order.qty, price, is_maker=False, exec_type="BustTrade")

    def exit_order(self, account: Account, position: Position, create_type: str) -> Order:
        """A market order for the whole of a position that nobody sent over the API."""
        now = self.clock()
        return Order(
            order_id=self.new_id(),
            link_id="",
            uid=account.uid,
            symbol=position.symbol,
            side="Sell" if position.side == "Buy" else "Buy",
            order_type="Market",
            qty=position.size,
            price=None,
            time_in_force="IOC",
            position_idx=position.idx,
            created=now,
            updated=now,
            reduce_only=True,
            create_type=create_type,
            last_on_created=self.quotes[position.symbol].last,
        )

    # --- pushes ------------------------------------------------------------------------------

    def push(self, account: Account, topic: str, data: dict[str, object]) -> None:
        for listener in self.listeners:
            listener(account.uid, topic, data)

    def push_position(self, account: Account, position: Position) -> None:
        if self.listeners:
            rules, quote = self.instruments[position.symbol], self.quotes[position.symbol]
            self.push(account, "position", account.position_wire(position, rules, quote))
            self.push(account, "wallet", account.wallet_wire(self.instruments, self.quotes))


def crosses(order: Order, quote: Quote) -> bool:
    """Whether a resting limit can trade at this quote."""
    if order.price is None:
        return order.order_type == "Market"
    return quote.ask <= order.price if order.side == "Buy" else quote.bid >= order.price

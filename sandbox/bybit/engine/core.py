"""The matching core: quotes come in, orders fill, exits trigger, books stay straight."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable
from decimal import Decimal
from itertools import count

from sandbox.bybit.engine import exits, liquidation, matching
from sandbox.bybit.engine.account import Account
from sandbox.bybit.engine.booking import Print, book
from sandbox.bybit.engine.instrument import Instrument, Quote
from sandbox.bybit.engine.positions import Position
from sandbox.bybit.engine.records import ZERO, Execution, Order

RECENT = 500  # ended orders that the live cache keeps
WITHOUT_MARGIN = {"Untriggered", "Deactivated"}
MOST_ROUNDS = 1000  # a bound for chains of triggers within one quote

Told = Order | Execution | Position | Account  # an account stands for its wallet
Listener = Callable[[Account, Told], None]


class Core:
    def __init__(self, instruments: Iterable[Instrument], *, clock: Callable[[], int]) -> None:
        self.instruments = {rules.symbol: rules for rules in instruments}
        self.clock = clock
        self.quotes: dict[str, Quote] = {}
        self.depth: dict[str, dict[str, Decimal]] = {}  # what is left of a quote's size, by side
        self.updates: dict[str, int] = {}  # how often a book was renewed
        self.accounts: dict[str, Account] = {}
        self.listeners: list[Listener] = []  # of what changes in accounts
        self.watchers: list[Callable[[str], None]] = []  # of quotes, by symbol
        self.fill_delay_ms = 0  # between an acknowledgement and the order's first match
        self._waiting: deque[tuple[int, Account, Order]] = deque()
        self._active: dict[str, dict[str, tuple[Account, Order]]] = {
            symbol: {} for symbol in self.instruments
        }
        self._holders: dict[str, set[str]] = {symbol: set() for symbol in self.instruments}
        self._ids = count(1)
        self.sequence = count(1)

    def new_id(self) -> str:
        """Ids look like Bybit's; they count up so that a run can be repeated."""
        return f"b1000000-0000-4000-8000-{next(self._ids):012x}"

    # --- quotes ------------------------------------------------------------------------------

    def set_quote(self, symbol: str, quote: Quote) -> None:
        """Move the market; everything that this touches happens before it returns."""
        self.advance(self.clock())
        before = self.quotes.get(symbol, quote)
        self.quotes[symbol] = quote
        self.updates[symbol] = self.updates.get(symbol, 0) + 1
        self.depth[symbol] = {"Buy": quote.ask_size, "Sell": quote.bid_size}
        self._trail(symbol, quote)
        for _ in range(MOST_ROUNDS):
            if not self._step(list(self._active[symbol].values()), before, quote):
                break
        for uid in list(self._holders[symbol]):
            if not liquidation.check(self, self.accounts[uid], symbol):
                self._holders[symbol].discard(uid)
        for watcher in self.watchers:
            watcher(symbol)

    def settle(self, account: Account, symbol: str) -> None:
        """After a request: carry out what it put within reach, such as a stop already passed.

        Depth only shrinks between quotes, so no other account's orders come within reach.
        """
        quote = self.quotes[symbol]
        for _ in range(MOST_ROUNDS):
            orders = [
                (account, order)
                for order in account.orders_on(symbol)
                if order.order_id in self._active[symbol]
            ]
            if not self._step(orders, quote, quote):
                break

    def _step(self, orders: list[tuple[Account, Order]], before: Quote, quote: Quote) -> bool:
        """Carry out what the price has reached, nearest to the old price first."""
        reached = [
            (abs(self._level(order) - before.last), order.created, account, order)
            for account, order in orders
            if self._is_reached(order, quote)
        ]
        reached.sort(key=lambda item: (item[0], item[1], item[3].order_id))
        progress = False
        for _, _, account, order in reached:
            if not order.is_open:
                continue
            if order.status == "Untriggered":
                matching.trigger(self, account, order)
                progress = True
            else:
                progress |= matching.match(self, account, order, is_maker=True)
        return progress

    def _level(self, order: Order) -> Decimal:
        if order.status == "Untriggered" and order.trigger_price is not None:
            return order.trigger_price
        return order.price or ZERO

    def _is_reached(self, order: Order, quote: Quote) -> bool:
        if order.status == "Untriggered":
            return exits.is_triggered(order, quote)
        return matching.crosses(order, quote)

    def _trail(self, symbol: str, quote: Quote) -> None:
        for uid in self._holders[symbol]:
            positions = self.accounts[uid].positions
            for idx in (0, 1, 2):
                position = positions.get((symbol, idx))
                if position is not None and position.trailing is not None:
                    exits.trail(position, quote.last)

    # --- orders ------------------------------------------------------------------------------

    def add(self, account: Account, order: Order) -> None:
        """Write an order down; the market meets it at once."""
        self.accept(account, order)
        self._active[order.symbol][order.order_id] = (account, order)

    def accept(self, account: Account, order: Order) -> None:
        """Write an order down that the market does not meet yet."""
        account.orders[order.order_id] = order
        if order.link_id:
            account.by_link[order.link_id] = order
        account.active[order.order_id] = order
        self.push_order(account, order)

    def submit(self, account: Account, order: Order) -> None:
        """Let an accepted order into the book, at once or after `fill_delay_ms`."""
        if self.fill_delay_ms:
            self.accept(account, order)
            self._waiting.append((self.clock() + self.fill_delay_ms, account, order))
            return
        self.add(account, order)
        self._meet(account, order)

    def advance(self, now: int) -> None:
        """Let delayed orders into the book whose time (ms) has come."""
        while self._waiting and self._waiting[0][0] <= now:
            _, account, order = self._waiting.popleft()
            if order.is_open:
                self._active[order.symbol][order.order_id] = (account, order)
                self._meet(account, order)

    def _meet(self, account: Account, order: Order) -> None:
        if order.status != "Untriggered":
            matching.enter(self, account, order)
        self.settle(account, order.symbol)

    def fill(
        self,
        account: Account,
        order: Order,
        qty: Decimal,
        price: Decimal,
        *,
        is_maker: bool,
        exec_type: str = "Trade",
        rate: Decimal | None = None,
    ) -> None:
        match = Print(
            qty=qty,
            price=price,
            is_maker=is_maker,
            mark=self.quotes[order.symbol].mark,
            time=self.clock(),
            seq=next(self.sequence),
            exec_id=self.new_id(),
            exec_type=exec_type,
            rate=rate,
        )
        execution = book(account, order, match, self.instruments[order.symbol])
        self._holders[order.symbol].add(account.uid)
        if not order.is_open:
            self._drop(account, order)
        self.push(account, execution)
        if order.order_id in account.orders:  # a settlement is none
            self.push(account, order)
        position = account.position(order.symbol, order.position_idx)
        if execution.closed and qty > execution.closed:
            exits.clear(self, account, position)  # turned around: the old side's exits are void
        if qty > execution.closed and order.exits.any:
            exits.attach(self, account, order, position, qty - execution.closed)
        exits.resize(self, account, position)
        self.push_position(account, position)

    def end(
        self, account: Account, order: Order, status: str, by: str, reason: str = "EC_NoError"
    ) -> None:
        order.status, order.cancel_type, order.reject_reason = status, by, reason
        order.updated = self.clock()
        self._drop(account, order)
        self.push_order(account, order)

    def _drop(self, account: Account, order: Order) -> None:
        if account.active.pop(order.order_id, None) is not None:
            account.recent.append(order)
            del account.recent[:-RECENT]
        self._active[order.symbol].pop(order.order_id, None)
        if order.is_exit:
            account.position(order.symbol, order.position_idx).forget(order)

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

    def push(self, account: Account, record: Told) -> None:
        """Tell of a change; a listener reads the record at once, since it goes on changing."""
        for listener in self.listeners:
            listener(account, record)

    def push_order(self, account: Account, order: Order) -> None:
        """Tell of an order placed, amended or ended: its position comes along, changed or not."""
        self.push(account, order)
        self.push(account, account.position(order.symbol, order.position_idx))
        if not order.reduce_only and order.status not in WITHOUT_MARGIN:
            self.push(account, account)

    def push_position(self, account: Account, position: Position) -> None:
        self.push(account, position)
        self.push(account, account)

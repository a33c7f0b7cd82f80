"""What sockets have said and nobody has written yet: bounded, and newest states only."""

from __future__ import annotations

import threading
from collections import defaultdict
from dataclasses import dataclass, field
from itertools import islice

from exchanges.domain.pushes import BalancePush, PositionPush, Pushed
from exchanges.domain.trading import FillFacts, OrderFacts

Place = tuple[int, str]  # connection, symbol

MOST_FACTS = 20_000  # of all connections together


@dataclass(slots=True)
class Heard:
    """The facts of one symbol on one account; of an order and a position the newest state."""

    orders: dict[str, OrderFacts] = field(default_factory=dict)  # by the exchange's id
    fills: dict[str, FillFacts] = field(default_factory=dict)
    positions: dict[int, PositionPush] = field(default_factory=dict)  # by index

    def __len__(self) -> int:
        return len(self.orders) + len(self.fills) + len(self.positions)

    def add_order(self, facts: OrderFacts) -> None:
        known = self.orders.get(facts.order_id)
        if known is None or is_newer(facts, known):
            self.orders[facts.order_id] = facts

    def add_position(self, push: PositionPush) -> None:
        known = self.positions.get(push.position_index)
        if known is None or push.updated_at >= known.updated_at:
            self.positions[push.position_index] = push

    def add_all(self, other: Heard) -> None:
        for facts in other.orders.values():
            self.add_order(facts)
        self.fills |= other.fills
        for push in other.positions.values():
            self.add_position(push)


def is_newer(facts: OrderFacts, known: OrderFacts) -> bool:
    """An order never fills less, and never lives again; else the exchange's clock decides."""
    if known.state.is_final and not facts.state.is_final:
        return False
    return facts.filled >= known.filled and facts.updated_at >= known.updated_at


class Intake:
    """The facts that wait, by connection and symbol; filled on one thread, emptied on another."""

    def __init__(self, most: int = MOST_FACTS) -> None:
        self._most = most
        self._count = 0
        self._heard: dict[Place, Heard] = {}  # those that wait longest come first
        self._balances: dict[int, BalancePush] = {}
        self._lost: set[int] = set()  # connections that have to be asked instead
        self._lock = threading.Lock()

    def __len__(self) -> int:
        return self._count + len(self._balances)

    def add(self, link: int, pushed: Pushed) -> None:
        for symbol, heard in _by_symbol(pushed).items():
            self.put((link, symbol), heard)
        if pushed.balance is not None:
            self._put_balance(link, pushed.balance)

    def put(self, place: Place, heard: Heard) -> None:
        """Add facts, or put back what could not be written; the oldest make room for them."""
        with self._lock:
            mine = self._heard.setdefault(place, Heard())
            before = len(mine)
            mine.add_all(heard)
            self._count += len(mine) - before
            while self._count > self._most:
                oldest = next(iter(self._heard))
                self._count -= len(self._heard.pop(oldest))
                self._lost.add(oldest[0])

    def _put_balance(self, link: int, push: BalancePush) -> None:
        with self._lock:
            known = self._balances.get(link)
            if known is None or push.at >= known.at:
                self._balances[link] = push

    def take(self, most: int) -> dict[Place, Heard]:
        """Take the places that have waited longest."""
        with self._lock:
            taken = {place: self._heard[place] for place in list(islice(self._heard, most))}
            for place in taken:
                self._count -= len(self._heard.pop(place))
            return taken

    def take_balances(self) -> dict[int, BalancePush]:
        with self._lock:
            taken, self._balances = self._balances, {}
            return taken

    def take_lost(self) -> set[int]:
        with self._lock:
            taken, self._lost = self._lost, set()
            return taken


def _by_symbol(pushed: Pushed) -> dict[str, Heard]:
    heard: dict[str, Heard] = defaultdict(Heard)
    for facts in pushed.orders:
        heard[facts.symbol].add_order(facts)
    for fill in pushed.fills:
        heard[fill.symbol].fills[fill.fill_id] = fill
    for push in pushed.positions:
        heard[push.symbol].add_position(push)
    return heard

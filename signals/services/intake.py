"""What sockets have said and nobody has written yet: bounded, and newest states only."""

from __future__ import annotations

import threading
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

    def add_order(self, facts: OrderFacts) -> int:
        """Add the facts of an order; each of these returns by how many there are more."""
        known = self.orders.get(facts.order_id)
        if known is None or is_newer(facts, known):
            self.orders[facts.order_id] = facts
        return int(known is None)

    def add_fill(self, fill: FillFacts) -> int:
        known = fill.fill_id in self.fills
        self.fills[fill.fill_id] = fill
        return int(not known)

    def add_position(self, push: PositionPush) -> int:
        known = self.positions.get(push.position_index)
        if known is None or push.updated_at >= known.updated_at:
            self.positions[push.position_index] = push
        return int(known is None)

    def add_all(self, other: Heard) -> int:
        return (
            sum(map(self.add_order, other.orders.values()))
            + sum(map(self.add_fill, other.fills.values()))
            + sum(map(self.add_position, other.positions.values()))
        )


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
        with self._lock:
            for facts in pushed.orders:
                self._count += self._at(link, facts.symbol).add_order(facts)
            for fill in pushed.fills:
                self._count += self._at(link, fill.symbol).add_fill(fill)
            for push in pushed.positions:
                self._count += self._at(link, push.symbol).add_position(push)
            if pushed.balance is not None:
                self._add_balance(link, pushed.balance)
            self._make_room()

    def put(self, place: Place, heard: Heard) -> None:
        """Put back what could not be written; what came meanwhile may be newer."""
        with self._lock:
            self._count += self._at(*place).add_all(heard)
            self._make_room()

    def _at(self, link: int, symbol: str) -> Heard:
        return self._heard.setdefault((link, symbol), Heard())

    def _add_balance(self, link: int, push: BalancePush) -> None:
        known = self._balances.get(link)
        if known is None or push.at >= known.at:
            self._balances[link] = push

    def _make_room(self) -> None:
        """The oldest make room for what is new."""
        while self._count > self._most:
            oldest = next(iter(self._heard))
            self._count -= len(self._heard.pop(oldest))
            self._lost.add(oldest[0])

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

"""What a fault can do: publish, wait until the signal is in flight, strike, and let go."""

from __future__ import annotations

import os
import random
import signal
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TypeVar

from django.db import InterfaceError, OperationalError, connection

from chaos import traps
from chaos.trade import Trade
from chaos.world import World

Value = TypeVar("Value")
PUBLISHING = 3.0  # seconds that an author may wait, whatever is down
STRIKING = 40.0  # seconds within which a fault must have had its chance


@dataclass
class Stage:
    """One fault's surroundings; what it finds wrong by itself goes to `complaints`."""

    world: World
    trade: Trade
    dice: random.Random
    accounts: int
    keys: dict[str, str]  # uid -> API key
    complaints: list[str] = field(default_factory=list)
    published_at: float = 0.0  # monotonic
    _seen: int = 0

    def publish(self) -> None:
        """As the web does it: commit, then ring; no fault may keep the author waiting."""
        self._seen = self.world.exchange.orders_seen()
        self.published_at = time.monotonic()
        self.trade.publish()
        took = time.monotonic() - self.published_at
        if took > PUBLISHING:
            self.complaints.append(f"publishing took {took:.1f} s")

    def wait_for_orders(self, share: float | None = None) -> None:
        """Wait until a part of the orders has reached the exchange."""
        share = self.dice.uniform(0.1, 0.7) if share is None else share
        wanted = max(int(self.accounts * share), 1)

        def arrived() -> bool:
            return self.orders_arrived() >= wanted

        self.expect(self.world.wait(arrived, STRIKING, every=0.01) is not None, "no orders came")

    def orders_arrived(self) -> int:
        """How many order requests have reached the exchange since the publication."""
        return self.world.exchange.orders_seen() - self._seen

    def publish_and_strike(self, point: str, action: str, *, most: int) -> int:
        """Publish with a trap set; returns who was struck, at one of the first `most` visits."""
        self.world.set_trap(point, nth=self.dice.randint(1, most), action=action)
        self.publish()
        self.expect(self.world.wait(self.world.struck, STRIKING) is not None, "nobody was struck")
        return self.world.struck()

    @property
    def chunks(self) -> int:
        return max(self.accounts // 40, 1)

    def resume(self, process: int) -> None:
        try:
            os.kill(process, signal.SIGCONT)
        except ProcessLookupError:
            self.complaints.append("the frozen process is gone")

    def expect(self, happened: object, otherwise: str) -> None:
        """A fault that did not happen proves nothing."""
        if not happened:
            self.complaints.append(f"the fault did not happen: {otherwise}")

    def fault_orders(self, kind: str, **spec: object) -> None:
        seed = self.dice.randint(1, 10_000)
        self.world.exchange.fault(kind, path=traps.ORDERS, seed=seed, **spec)

    def for_a_while(self, low: float, high: float) -> None:
        self.world.pause(self.dice.uniform(low, high))

    def outlast_lease(self, low: float, high: float) -> None:
        """Let a lease run out, and some seconds more."""
        self.for_a_while(self.world.lease + low, self.world.lease + high)


def when_it_answers(read: Callable[[], Value]) -> Value | None:
    """Read the database; None while it is away."""
    try:
        return read()
    except (OperationalError, InterfaceError):
        connection.close()
        return None

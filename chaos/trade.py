"""The signal that a fault strikes: how it is entered, and how it ends."""

from __future__ import annotations

import random
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum

from django.utils import timezone

from accounts.models import User
from chaos.people import LEVERAGE
from chaos.world import Control
from exchanges import services as exchanges
from exchanges.models import Instrument
from signals.domain.direction import Direction
from signals.domain.draft import Draft, TargetDraft
from signals.models import Signal
from signals.services import publishing

WIDTH = Decimal("0.002")  # half of the range of an entry
STOP = Decimal("0.015")
TARGET = Decimal("0.010")


class Shape(StrEnum):
    """How the entry meets the market."""

    MARKET = "market"  # the price is inside the range: filled at once
    LIMIT = "limit"  # it rests below the market


class Ending(StrEnum):
    TARGET = "target"
    STOP = "stop"
    CLOSE = "close"  # by the author


@dataclass
class Trade:
    """A draft around the present price, and the steps of its life."""

    symbol: str
    shape: Shape
    ending: Ending
    draft: Draft
    price: Decimal
    author: User
    signal: Signal | None = None

    @property
    def stored(self) -> Signal:
        if self.signal is None:
            raise RuntimeError("nothing was published")
        return self.signal

    def store(self, key: str = "") -> Signal:
        self.signal = publishing.create_signal(
            self.author, self.draft, now=timezone.now(), idempotency_key=key
        )
        return self.signal

    def publish(self) -> None:
        signal = self.signal or self.store()
        now = timezone.now()
        warned = [found.problem.value for found in publishing.concerns(self.draft, now=now)]
        publishing.publish(signal, actor=self.author, now=now, accepted=warned)

    def end(self, exchange: Control) -> None:
        """Bring about how it ends; a resting entry that is not closed is filled first."""
        if self.ending is Ending.CLOSE:
            publishing.close(self.stored, actor=self.author, now=timezone.now())
            return
        edge = self.draft.entry_low if self._is_long else self.draft.entry_high
        exchange.price(self.symbol, edge)
        exchange.price(self.symbol, self._beyond())

    def restore_price(self, exchange: Control) -> None:
        exchange.price(self.symbol, self.price)

    def _beyond(self) -> Decimal:
        """A price past the last target, or past the stop."""
        if self.ending is Ending.STOP:
            level, up = self.draft.stop, not self._is_long
        else:
            level, up = self.draft.targets[-1].price, self._is_long
        return on_tick(level * (Decimal("1.002") if up else Decimal("0.998")), self.symbol)

    @property
    def _is_long(self) -> bool:
        return self.draft.direction is Direction.LONG


def make_trade(symbol: str, author: User, dice: random.Random, *, shape: Shape | None) -> Trade:
    """Draw a trade; `shape` None draws that as well."""
    exchanges.refresh_prices("bybit", "sandbox", now=timezone.now())
    price = Instrument.objects.get(symbol=symbol).last or Decimal(0)
    drawn = dice.choice([Shape.MARKET, Shape.MARKET, Shape.LIMIT])
    direction = dice.choice([Direction.LONG, Direction.SHORT])
    ending = dice.choice(list(Ending))
    targets = dice.choice([1, 1, 2])
    draft = _draft(symbol, price, direction, shape or drawn, targets)
    return Trade(symbol, shape or drawn, ending, draft, price, author)


def _draft(symbol: str, price: Decimal, direction: Direction, shape: Shape, targets: int) -> Draft:
    ahead = 1 if direction is Direction.LONG else -1
    middle = price if shape is Shape.MARKET else price * (1 - ahead * 2 * WIDTH)
    levels = [middle * (1 + ahead * TARGET * (1 + step)) for step in range(targets)]
    return Draft(
        symbol=symbol,
        direction=direction,
        leverage=LEVERAGE,
        entry_low=on_tick(middle * (1 - WIDTH), symbol),
        entry_high=on_tick(middle * (1 + WIDTH), symbol),
        stop=on_tick(middle * (1 - ahead * STOP), symbol),
        targets=tuple(
            TargetDraft(on_tick(level, symbol), Decimal(100) / targets) for level in levels
        ),
    )


def on_tick(price: Decimal, symbol: str) -> Decimal:
    tick = Instrument.objects.get(symbol=symbol).tick
    return price - price % tick

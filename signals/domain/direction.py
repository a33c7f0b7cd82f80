"""Long and short, and what follows from it."""

from __future__ import annotations

from decimal import Decimal
from enum import StrEnum

from exchanges.domain.trading import Side


class Direction(StrEnum):
    LONG = "long"
    SHORT = "short"

    @property
    def entry_side(self) -> Side:
        return Side.BUY if self is Direction.LONG else Side.SELL

    @property
    def exit_side(self) -> Side:
        return self.entry_side.opposite

    @property
    def sign(self) -> int:
        """+1 when a rising price is a gain, -1 when a falling one is."""
        return 1 if self is Direction.LONG else -1

    def position_index(self, *, hedge: bool) -> int:
        """Bybit's positionIdx: 0 in one-way mode, else 1 for long and 2 for short."""
        if not hedge:
            return 0
        return 1 if self is Direction.LONG else 2

    def is_beyond(self, price: Decimal, level: Decimal) -> bool:
        """Whether `price` is at or past `level` on the winning side."""
        return (price - level) * self.sign >= 0

    def better(self, one: Decimal, other: Decimal) -> Decimal:
        """The one of two prices that lies further on the winning side."""
        return max(one, other) if self is Direction.LONG else min(one, other)

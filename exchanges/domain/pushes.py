"""What an exchange tells by itself, over a socket."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from exchanges.domain.trading import Balance, FillFacts, OrderFacts, PositionFacts


@dataclass(frozen=True, slots=True)
class PositionPush:
    """One side of a symbol's position; `position` is None once it is flat."""

    symbol: str
    position_index: int
    position: PositionFacts | None
    updated_at: datetime  # by the exchange's clock


@dataclass(frozen=True, slots=True)
class BalancePush:
    balance: Balance
    at: datetime  # by the exchange's clock


@dataclass(frozen=True, slots=True)
class Pushed:
    """One frame's facts; each is the state after a change, as a query would show it."""

    orders: tuple[OrderFacts, ...] = ()
    fills: tuple[FillFacts, ...] = ()
    positions: tuple[PositionPush, ...] = ()
    balance: BalancePush | None = None

"""What the planner answers: the steps that bring an account to what is wanted."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from exchanges.domain.trading import OrderType
from signals.domain.legs import is_entry_leg
from signals.domain.reasons import Reason


@dataclass(frozen=True, slots=True)
class Skip:
    reason: Reason
    params: dict[str, Decimal]


@dataclass(frozen=True, slots=True)
class Expire:
    reason: Reason


@dataclass(frozen=True, slots=True)
class HandOver:
    """The position is the trader's own business from now on; its stop stays at the exchange."""


@dataclass(frozen=True, slots=True)
class SetLeverage:
    leverage: Decimal


@dataclass(frozen=True, slots=True)
class Place:
    """Send an order; `margin` is what an entry binds in all, None for an exit."""

    leg: str
    generation: int
    type: OrderType
    quantity: Decimal
    price: Decimal | None
    stop: Decimal | None
    target: Decimal | None
    reduce_only: bool
    margin: Decimal | None = None
    leverage: Decimal | None = None
    trigger: Decimal | None = None
    trigger_rises: bool = False


@dataclass(frozen=True, slots=True)
class Amend:
    """Bring a resting order to these values; None leaves one as it is."""

    leg: str
    link_id: str
    quantity: Decimal | None
    price: Decimal | None
    stop: Decimal | None
    target: Decimal | None


@dataclass(frozen=True, slots=True)
class Cancel:
    leg: str
    link_id: str


@dataclass(frozen=True, slots=True)
class SetLevels:
    """Give the position this stop and this target (zero takes it away, None leaves it)."""

    stop: Decimal
    target: Decimal | None


@dataclass(frozen=True, slots=True)
class SetTrail:
    """Let a stop trail by `distance` (zero: none), from `activation` on or from now."""

    distance: Decimal
    activation: Decimal | None


def enters(action: object) -> bool:
    """Whether an action opens a position, adds to one, or prepares or changes what does."""
    match action:
        case Place(reduce_only=reduce_only):
            return not reduce_only
        case Amend(leg=leg):
            return is_entry_leg(leg)
        case _:
            return isinstance(action, SetLeverage)


Action = Skip | Expire | HandOver | SetLeverage | Place | Amend | Cancel | SetLevels | SetTrail

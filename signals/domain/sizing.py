"""How much of a symbol a connection buys or sells, and how it is shared out to targets."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import ROUND_DOWN, Decimal
from enum import StrEnum

from exchanges.domain.precision import to_step_down
from exchanges.domain.trading import InstrumentFacts
from signals.domain.reasons import Reason

CENT = Decimal("0.00000001")  # what Bybit keeps of USDT
TAKER_FEE = Decimal("0.00055")  # of the notional; the usual rate, only used to hold money back


class SizingMode(StrEnum):
    FIXED_MARGIN = "fixed_margin"
    EQUITY_PERCENT = "equity_percent"


@dataclass(frozen=True, slots=True)
class Money:
    """What an account has and what its owner puts in; all in USDT, `amount` by `mode`."""

    equity: Decimal
    available: Decimal
    in_flight: Decimal  # margin of copies that `available` does not show yet
    reserve_percent: Decimal
    mode: SizingMode
    amount: Decimal

    @property
    def usable(self) -> Decimal:
        kept = self.available * self.reserve_percent / 100
        return max(self.available - kept - self.in_flight, Decimal(0))

    @property
    def wanted_margin(self) -> Decimal:
        if self.mode is SizingMode.FIXED_MARGIN:
            return self.amount
        return (self.equity * self.amount / 100).quantize(CENT, ROUND_DOWN)


@dataclass(frozen=True, slots=True)
class Size:
    """`quantity` in base units, bought with `margin` USDT at most."""

    quantity: Decimal
    margin: Decimal


@dataclass(frozen=True, slots=True)
class NoSize:
    """Why nothing is traded, with the figures that the reason's text names."""

    reason: Reason
    params: dict[str, Decimal]


def size_entry(
    money: Money, *, price: Decimal, leverage: Decimal, rules: InstrumentFacts, market: bool
) -> Size | NoSize:
    """Turn margin into a quantity: notional = margin x leverage, rounded down to the step.

    `price` is the worst price that the entry can fill at, so that the margin is never exceeded.
    """
    margin = money.wanted_margin
    fees = margin * leverage * TAKER_FEE * 2
    if margin + fees > money.usable:
        needed = (margin + fees).quantize(CENT)
        return NoSize(
            Reason.BALANCE_TOO_SMALL, {"needed": needed, "usable": money.usable.quantize(CENT)}
        )
    quantity = quantity_for(margin, price=price, leverage=leverage, step=rules.step)
    if quantity < rules.min_quantity or quantity * price < rules.min_notional:
        smallest = max(rules.min_quantity * price, rules.min_notional) / leverage
        return NoSize(Reason.SIZE_TOO_SMALL, {"margin": margin, "minimum": smallest.quantize(CENT)})
    most = rules.max_market_quantity if market else rules.max_quantity
    if quantity > most:
        return NoSize(Reason.SIZE_TOO_LARGE, {"quantity": quantity, "maximum": most})
    return Size(quantity, margin)


def quantity_for(margin: Decimal, *, price: Decimal, leverage: Decimal, step: Decimal) -> Decimal:
    return to_step_down(margin * leverage / price, step)


def share_out(
    filled: Decimal, shares: Sequence[Decimal], *, step: Decimal, minimum: Decimal
) -> list[Decimal]:
    """Split a filled quantity by percentages.

    The parts are multiples of `step`, sum exactly to `filled`, and are each zero or at least
    `minimum` (a part that is too small joins the next).
    """
    parts: list[Decimal] = []
    given = carried = Decimal(0)
    for share in shares[:-1]:
        part = to_step_down(filled * share / 100, step) + carried
        keep = part >= minimum
        parts.append(part if keep else Decimal(0))
        carried = Decimal(0) if keep else part
        given += parts[-1]
    rest = filled - given
    if rest < minimum:
        last = next((i for i in reversed(range(len(parts))) if parts[i] > 0), None)
        if last is not None:
            parts[last] += rest
            rest = Decimal(0)
    return [*parts, rest]

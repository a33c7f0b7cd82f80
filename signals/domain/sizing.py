"""How much of a symbol a connection buys or sells, and how it is shared out to targets."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import ROUND_DOWN, Decimal

from exchanges.domain.precision import to_step_down
from exchanges.domain.trading import InstrumentFacts
from signals.domain.following import Rules, SizingMode
from signals.domain.ladder import Step
from signals.domain.reasons import NoEntry, Reason

CENT = Decimal("0.00000001")  # what Bybit keeps of USDT
TAKER_FEE = Decimal("0.00055")  # of the notional; the usual rate


@dataclass(frozen=True, slots=True)
class Money:
    """What an account has, in USDT."""

    equity: Decimal
    available: Decimal
    in_flight: Decimal = Decimal(0)  # margin of copies that `available` does not show yet
    exposure: Decimal = Decimal(0)  # notional of all other copies

    def usable(self, reserve_percent: Decimal) -> Decimal:
        kept = self.available * reserve_percent / 100
        return max(self.available - kept - self.in_flight, Decimal(0))


@dataclass(frozen=True, slots=True)
class Part:
    """One entry order: the ladder's step that it stands on, its limit, its size in base units."""

    step: int
    price: Decimal
    quantity: Decimal


@dataclass(frozen=True, slots=True)
class Size:
    """An entry's orders; together they bind `margin` USDT at most at `leverage`."""

    parts: tuple[Part, ...]
    margin: Decimal
    leverage: Decimal
    notional: Decimal  # USDT, at the most that the orders can cost

    @property
    def quantity(self) -> Decimal:
        return sum((part.quantity for part in self.parts), Decimal(0))


def size_entry(
    rules: Rules,
    money: Money,
    steps: Sequence[Step],
    *,
    stop: Decimal,
    leverage: Decimal,
    instrument: InstrumentFacts,
    market: bool,
    most_margin: Decimal | None = None,
) -> Size | NoEntry:
    """Turn a follower's settings into orders, or say why there are none.

    Everything is rounded down, and steps are priced at the most that they can cost: neither the
    margin, nor the notional, nor the loss at the stop that the settings name is ever exceeded.
    `most_margin` is the margin of an earlier plan of the same entry, which never grows.
    """
    notional = wanted_notional(rules, money.equity, steps, stop=stop, leverage=leverage)
    if rules.max_notional is not None:
        notional = min(notional, rules.max_notional)
    if most_margin is not None:
        notional = min(notional, most_margin * leverage)
    if rules.max_exposure is not None and money.exposure + notional > rules.max_exposure:
        return NoEntry(Reason.EXPOSURE_FULL, {"maximum": rules.max_exposure})
    margin = (notional / leverage).quantize(CENT, ROUND_DOWN)
    needed, usable = margin + notional * TAKER_FEE * 2, money.usable(rules.reserve_percent)
    if needed > usable:
        figures = {"needed": needed.quantize(CENT), "usable": usable.quantize(CENT)}
        return NoEntry(Reason.BALANCE_TOO_SMALL, figures)
    parts = spread(margin * leverage, steps, instrument)
    if not parts:
        return NoEntry(
            Reason.SIZE_TOO_SMALL,
            {"margin": margin, "minimum": _least_margin(steps, leverage, instrument)},
        )
    most = instrument.max_market_quantity if market else instrument.max_quantity
    largest = max(part.quantity for part in parts)
    if largest > most:
        return NoEntry(Reason.SIZE_TOO_LARGE, {"quantity": largest, "maximum": most})
    cost = {step.number: step.cost for step in steps}
    spent = sum((part.quantity * cost[part.step] for part in parts), Decimal(0))
    return Size(tuple(parts), margin, leverage, spent)


def wanted_notional(
    rules: Rules,
    equity: Decimal,
    steps: Sequence[Step],
    *,
    stop: Decimal,
    leverage: Decimal,
) -> Decimal:
    """What the settings ask for, in USDT of notional, before caps."""
    amount = rules.amount * rules.multiplier
    match rules.mode:
        case SizingMode.FIXED_MARGIN:
            return amount * leverage
        case SizingMode.FIXED_NOTIONAL:
            return amount
        case SizingMode.EQUITY_PERCENT:
            return (equity * amount / 100).quantize(CENT, ROUND_DOWN) * leverage
        case _:  # RISK_PERCENT
            risk = equity * amount / 100
            return (risk / loss_at_stop(steps, stop)).quantize(CENT, ROUND_DOWN)


def loss_at_stop(steps: Sequence[Step], stop: Decimal) -> Decimal:
    """USDT lost per USDT of notional when every step fills and the stop is hit, fees included."""
    return sum(
        (
            step.share * (abs(step.price - stop) + TAKER_FEE * (step.price + stop)) / step.cost
            for step in steps
        ),
        Decimal(0),
    )


def spread(notional: Decimal, steps: Sequence[Step], instrument: InstrumentFacts) -> list[Part]:
    """Spread the notional over the steps; one that is too small joins the next better price."""
    parts: list[Part] = []
    carried = Decimal(0)
    for step in steps:
        carried += notional * step.share
        quantity = to_step_down(carried / step.cost, instrument.step)
        if _is_enough(quantity, step.price, instrument):
            parts.append(Part(step.number, step.price, quantity))
            carried -= quantity * step.cost
    if parts:  # what the last steps could not use goes to the one before them
        last = parts[-1]
        cost = next(step.cost for step in steps if step.number == last.step)
        more = to_step_down(max(carried, Decimal(0)) / cost, instrument.step)
        parts[-1] = Part(last.step, last.price, last.quantity + more)
    return parts


def _is_enough(quantity: Decimal, price: Decimal, instrument: InstrumentFacts) -> bool:
    least = instrument.min_quantity
    return quantity > 0 and quantity >= least and quantity * price >= instrument.min_notional


def _least_margin(steps: Sequence[Step], leverage: Decimal, instrument: InstrumentFacts) -> Decimal:
    """USDT that one order at the last step would need."""
    step = steps[-1]
    least = max(instrument.min_quantity * step.cost, instrument.min_notional)
    return (least / leverage).quantize(CENT)


def share_out(
    quantity: Decimal, shares: Sequence[Decimal], *, step: Decimal, minimum: Decimal
) -> list[Decimal]:
    """Split a quantity in proportion to `shares`.

    The parts are multiples of `step` (when `quantity` is), sum exactly to `quantity`, and are each
    zero or at least `minimum`: a part that is too small joins the next. A quantity below the
    minimum is one part.
    """
    whole = sum(shares, Decimal(0))
    parts: list[Decimal] = []
    given = carried = Decimal(0)
    for share in shares[:-1]:
        part = to_step_down(quantity * share / whole, step) + carried if whole else carried
        keep = part >= minimum
        parts.append(part if keep else Decimal(0))
        carried = Decimal(0) if keep else part
        given += parts[-1]
    rest = quantity - given
    if rest < minimum:
        last = next((i for i in reversed(range(len(parts))) if parts[i] > 0), None)
        if last is not None:
            parts[last] += rest
            rest = Decimal(0)
    return [*parts, rest]

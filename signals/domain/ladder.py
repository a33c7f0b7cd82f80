"""Where a signal's entry orders stand, and how its money is spread over them."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from exchanges.domain.precision import to_tick
from exchanges.domain.trading import Ticker
from signals.domain.direction import Direction
from signals.domain.draft import Draft, EntryKind, Weighting


@dataclass(frozen=True, slots=True)
class Step:
    """An entry order to be: its limit, the most that a unit can cost, and its share of the money.

    Prices in quote units; the shares of all steps sum to 1. A short's limit can fill above itself
    (at the bid), which binds more margin: `cost` says so.
    """

    number: int
    price: Decimal
    cost: Decimal
    share: Decimal


def steps_of(signal: Draft, *, tick: Decimal, ticker: Ticker) -> tuple[Step, ...]:
    """The entry's steps, nearest first; one for every kind but a ladder."""
    prices, weights = step_prices(signal, tick=tick), step_weights(signal)
    whole = sum(weights, Decimal(0))
    return tuple(
        Step(number, price, _cost(signal, price, ticker), weight / whole)
        for number, (price, weight) in enumerate(zip(prices, weights, strict=True), start=1)
    )


def step_prices(signal: Draft, *, tick: Decimal) -> list[Decimal]:
    """From the near edge to the far one in equal distances, each a multiple of the tick."""
    count = step_count(signal)
    if count == 1:
        return [signal.near_edge]
    stride = (signal.far_edge - signal.near_edge) / (count - 1)
    return [to_tick(signal.near_edge + stride * number, tick) for number in range(count)]


def step_weights(signal: Draft) -> list[Decimal]:
    count, entry = step_count(signal), signal.entry
    if count > 1 and entry.weighting is Weighting.LINEAR:
        return [Decimal(number) for number in range(1, count + 1)]
    if count > 1 and entry.weighting is Weighting.CUSTOM:
        return list(entry.weights)
    return [Decimal(1)] * count


def step_count(signal: Draft) -> int:
    return signal.entry.steps if signal.entry.kind is EntryKind.LADDER else 1


def has_triggered(signal: Draft, price: Decimal) -> bool:
    """Whether the price stands where an entry with a trigger waits for it."""
    trigger = signal.entry.trigger
    if trigger is None:
        return True
    return price >= trigger if signal.entry.trigger_rises else price <= trigger


def _cost(signal: Draft, price: Decimal, ticker: Ticker) -> Decimal:
    return max(price, ticker.bid) if signal.direction is Direction.SHORT else price

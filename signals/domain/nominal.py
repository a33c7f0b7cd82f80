"""A signal's nominal result: what public prices made of it, whoever followed.

The nominal account enters every step at its own price, sells every target at its price and is
stopped at the stop; nothing of it depends on anybody's fills, fees or size.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from decimal import ROUND_HALF_EVEN, Decimal

from signals.domain.draft import WHOLE, Draft, EntryKind
from signals.domain.ladder import has_triggered, step_prices, step_weights
from signals.domain.reasons import Reason
from signals.domain.stops import stop_level, trail_distance, trail_of

PERCENT_PLACES = Decimal("0.0001")


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a signal has come; `outcome` is empty while it runs.

    `steps` is how many entry steps were reached, `entered` their average price; `peak` the best
    price since the entry; `left` the percentage of the position still open and `gain` what the
    rest brought, as a sum of (price - entry) x percent.
    """

    entered: Decimal | None = None
    has_triggered: bool = False  # an entry with a trigger has seen its crossing
    steps: int = 0
    targets_hit: int = 0
    peak: Decimal | None = None
    left: Decimal = WHOLE
    gain: Decimal = Decimal(0)
    outcome: str = ""
    exit_price: Decimal | None = None
    result_percent: Decimal | None = None


def advance(
    signal: Draft, progress: Progress, price: Decimal, *, tick: Decimal, may_enter: bool
) -> Progress:
    """Take one public price into account: first the entry, then the stop, then the targets."""
    if progress.outcome:
        return progress
    before = progress.entered
    if may_enter:
        progress = _enter(signal, progress, price, tick)
    if progress.entered is None or before is None:
        return progress
    level = _stop(signal, progress, tick)
    if signal.direction.is_beyond(level, price):
        return finish(signal, progress, "stop", level)
    progress = replace(progress, peak=signal.direction.better(progress.peak or price, price))
    return _take_targets(signal, progress, price)


def lapse(signal: Draft, progress: Progress, price: Decimal) -> Reason:
    """Why unfilled entries run out at this price, or `Reason.NONE`; time is judged elsewhere."""
    if signal.entry.kind is EntryKind.MARKET and progress.entered is None:
        return Reason.PRICE_OUTSIDE  # it was now or never
    first = signal.targets[0].price
    if signal.expiry.at_first_target and signal.direction.is_beyond(price, first):
        return Reason.TARGET_FIRST
    beyond = signal.expiry.beyond_percent
    if beyond is not None and progress.entered is None:
        run = (price - signal.near_edge) * signal.direction.sign
        if run * 100 >= signal.near_edge * beyond:
            return Reason.RANGE_LEFT
    return Reason.NONE


def reduce(signal: Draft, progress: Progress, percent: Decimal, price: Decimal) -> Progress:
    """Take a percentage of what is left off at `price`, as the author asked."""
    if progress.entered is None or progress.outcome:
        return progress
    return _take(progress, progress.left * percent / 100, price)


def finish(signal: Draft, progress: Progress, outcome: str, price: Decimal) -> Progress:
    """End with what is left going out at `price`; nothing was entered means no result."""
    if progress.entered is None:
        return replace(progress, outcome=outcome)
    done = _take(progress, progress.left, price)
    percent = done.gain / progress.entered * signal.direction.sign * signal.leverage
    return replace(
        done,
        outcome=outcome,
        exit_price=price,
        result_percent=percent.quantize(PERCENT_PLACES, ROUND_HALF_EVEN),
    )


def finish_by_followers(signal: Draft, progress: Progress, outcome: str, tick: Decimal) -> Progress:
    """End as the followers' copies did, at the signal's own levels, when no reading showed it."""
    if progress.entered is None:
        progress = replace(progress, entered=signal.near_edge, steps=1)
    if outcome == "stop":
        return finish(signal, progress, "stop", _stop(signal, progress, tick))
    done = _take_targets(signal, progress, signal.targets[-1].price)
    return done if done.outcome else finish(signal, done, "target", signal.targets[-1].price)


def _enter(signal: Draft, progress: Progress, price: Decimal, tick: Decimal) -> Progress:
    """Fill every step that the price has reached; the average is weighed by money."""
    if progress.targets_hit or not _may_fill(signal, progress, price):
        return progress
    progress = replace(progress, has_triggered=signal.entry.trigger is not None)
    prices, weights = step_prices(signal, tick=tick), step_weights(signal)
    reached = sum(1 for level in prices if signal.direction.is_beyond(level, price))
    if reached <= progress.steps:
        return progress
    if len(prices) == 1:
        inside = signal.entry_low <= price <= signal.entry_high
        average = price if inside else signal.near_edge
    else:
        units = sum(
            (w / level for w, level in zip(weights[:reached], prices[:reached], strict=True)),
            Decimal(0),
        )
        average = sum(weights[:reached], Decimal(0)) / units
    return replace(progress, steps=reached, entered=average)


def _may_fill(signal: Draft, progress: Progress, price: Decimal) -> bool:
    """Whether the entry's orders would stand at the exchange at this price."""
    match signal.entry.kind:
        case EntryKind.TRIGGER:
            return progress.has_triggered or has_triggered(signal, price)
        case EntryKind.MARKET:
            return signal.entry_low <= price <= signal.entry_high
        case _:
            return True


def _stop(signal: Draft, progress: Progress, tick: Decimal) -> Decimal:
    level = stop_level(
        signal, entry_average=progress.entered, reached=progress.targets_hit, tick=tick
    )
    trail, peak = trail_of(signal), progress.peak
    if trail is None or peak is None or progress.entered is None:
        return level
    if trail.activation is not None and not signal.direction.is_beyond(peak, trail.activation):
        return level
    distance = trail_distance(trail, base=progress.entered, tick=tick)
    return signal.direction.better(level, peak - distance * signal.direction.sign)


def _take_targets(signal: Draft, progress: Progress, price: Decimal) -> Progress:
    reached = sum(1 for t in signal.limit_targets if signal.direction.is_beyond(price, t.price))
    for target in signal.limit_targets[progress.targets_hit : reached]:
        open_shares = sum((t.share for t in signal.targets[progress.targets_hit :]), Decimal(0))
        progress = _take(progress, progress.left * target.share / open_shares, target.price)
        progress = replace(progress, targets_hit=progress.targets_hit + 1)
    if reached == len(signal.targets):  # of the targets by now: an amendment may have moved them
        return finish(signal, progress, "target", signal.targets[-1].price)
    return progress


def _take(progress: Progress, share: Decimal, price: Decimal) -> Progress:
    entered = progress.entered or price
    return replace(
        progress, left=progress.left - share, gain=progress.gain + (price - entered) * share
    )

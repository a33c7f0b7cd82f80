"""What is wrong with a signal before anybody trades it: errors refuse, warnings must be ticked."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from enum import StrEnum

from exchanges.domain.trading import InstrumentFacts, Ticker
from signals.domain.draft import (
    MOST_STEPS,
    MOST_TARGETS,
    WHOLE,
    Draft,
    EntryKind,
    StopKind,
    Trail,
    Weighting,
)
from signals.domain.sizing import TAKER_FEE
from signals.domain.stops import break_even

MAINTENANCE = Decimal("0.005")  # of the notional; Bybit's lowest tier of most contracts


class Problem(StrEnum):
    """An error or a warning; the texts stand in `signals.reasons`."""

    SYMBOL_UNKNOWN = "draft_symbol_unknown"
    SYMBOL_NEAR = "draft_symbol_near"
    SYMBOL_NOT_TRADABLE = "draft_symbol_not_tradable"
    SYMBOL_DELISTED = "draft_symbol_delisted"
    DELISTING = "draft_delisting"
    LEVERAGE_OUT_OF_RANGE = "draft_leverage_out_of_range"
    LEVERAGE_OFF_STEP = "draft_leverage_off_step"
    PRICE_NOT_POSITIVE = "draft_price_not_positive"
    PRICE_OFF_TICK = "draft_price_off_tick"
    STOP_INSIDE_RANGE = "draft_stop_inside_range"
    STOP_WRONG_SIDE = "draft_stop_wrong_side"
    TARGET_WRONG_SIDE = "draft_target_wrong_side"
    TARGET_TWICE = "draft_target_twice"
    TARGETS_MISSING = "draft_targets_missing"
    TARGETS_TOO_MANY = "draft_targets_too_many"
    SHARE_NOT_POSITIVE = "draft_share_not_positive"
    SHARES_NOT_WHOLE = "draft_shares_not_whole"
    STEPS_OUT_OF_RANGE = "draft_steps_out_of_range"
    WEIGHTS_WRONG = "draft_weights_wrong"
    TRIGGER_MISSING = "draft_trigger_missing"
    STOP_AFTER_WRONG = "draft_stop_after_wrong"
    TRAIL_WRONG = "draft_trail_wrong"
    TRAIL_TWICE = "draft_trail_twice"
    EXPIRY_WRONG = "draft_expiry_wrong"
    # warnings
    STOP_TOO_NEAR = "draft_stop_too_near"
    STOP_BEYOND_LIQUIDATION = "draft_stop_beyond_liquidation"
    REWARD_BELOW_RISK = "draft_reward_below_risk"
    SIGNAL_TWICE = "draft_signal_twice"
    PRICE_FAR = "draft_price_far"
    TARGET_PASSED = "draft_target_passed"
    LIMITS_TOO_SLOW = "draft_limits_too_slow"


WARNINGS = frozenset(
    {
        Problem.STOP_TOO_NEAR,
        Problem.STOP_BEYOND_LIQUIDATION,
        Problem.REWARD_BELOW_RISK,
        Problem.SIGNAL_TWICE,
        Problem.PRICE_FAR,
        Problem.TARGET_PASSED,
        Problem.LIMITS_TOO_SLOW,
    }
)
FAR_PERCENT = Decimal(20)  # from the range: more looks like a slip of the pen


@dataclass(frozen=True, slots=True)
class Finding:
    """A problem, the field it is about, and the figures and names of its text."""

    problem: Problem
    field: str
    params: Mapping[str, Decimal | str] = dataclasses.field(default_factory=dict)

    @property
    def is_warning(self) -> bool:
        return self.problem in WARNINGS


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What a warning is judged by; `ticker` None when no price is known."""

    now: datetime
    ticker: Ticker | None
    is_twice: bool  # a live signal of the same symbol and side
    seconds: Decimal = Decimal(0)  # that the exchange's limits take for every account's entry
    time_to_live: Decimal = Decimal("Infinity")  # of an entry, in seconds


def errors(
    draft: Draft, instrument: InstrumentFacts | None, *, is_new: bool = True
) -> list[Finding]:
    """Everything that refuses this draft; an empty list means that it may be published.

    A signal in progress (not `is_new`) may be changed whatever has become of its contract.
    """
    draft = draft.ordered()
    if instrument is None:
        return [Finding(Problem.SYMBOL_UNKNOWN, "symbol")]
    found = list(_contract(draft, instrument)) if is_new else []
    found += _prices(draft, instrument)
    found += _stop(draft)
    found += _targets(draft)
    found += _entry(draft)
    found += _stop_rule(draft)
    found += _trails(draft)
    found += _expiry(draft)
    return found


def warnings(draft: Draft, instrument: InstrumentFacts, around: Surroundings) -> list[Finding]:
    """What its author must say yes to; for a draft without errors."""
    draft = draft.ordered()
    found = list(_distance(draft, around.ticker))
    found += _reward(draft)
    if around.is_twice:
        found.append(Finding(Problem.SIGNAL_TWICE, "symbol"))
    found += _far(draft, around.ticker)
    found += _passed(draft, around.ticker)
    found += _slow(around)
    return found


def unlisted(typed: str, near: Sequence[str]) -> Finding:
    """A symbol that leads to no contract, and the contracts that may have been meant."""
    if not near:
        return Finding(Problem.SYMBOL_UNKNOWN, "symbol")
    return Finding(Problem.SYMBOL_NEAR, "symbol", {"typed": typed, "near": ", ".join(near)})


def _contract(draft: Draft, instrument: InstrumentFacts) -> Iterator[Finding]:
    """What only a signal that is still to be published may be refused for."""
    if instrument.is_gone:
        yield Finding(Problem.SYMBOL_DELISTED, "symbol")
    elif not instrument.is_tradable:
        yield Finding(Problem.SYMBOL_NOT_TRADABLE, "symbol")
    elif instrument.delivery_at is not None:
        at = f"{instrument.delivery_at.astimezone(UTC):%Y-%m-%d %H:%M}"
        yield Finding(Problem.DELISTING, "symbol", {"at": at})
    low, high = instrument.min_leverage, instrument.max_leverage
    if not low <= draft.leverage <= high:
        yield Finding(Problem.LEVERAGE_OUT_OF_RANGE, "leverage", {"low": low, "high": high})
    elif draft.leverage % instrument.leverage_step:
        step = instrument.leverage_step
        yield Finding(Problem.LEVERAGE_OFF_STEP, "leverage", {"step": step})


def _prices(draft: Draft, instrument: InstrumentFacts) -> Iterator[Finding]:
    for name, price in _named_prices(draft):
        if price <= 0:
            yield Finding(Problem.PRICE_NOT_POSITIVE, name)
        elif price % instrument.tick:
            params = {"price": price, "tick": instrument.tick}
            yield Finding(Problem.PRICE_OFF_TICK, name, params)


def _named_prices(draft: Draft) -> Iterator[tuple[str, Decimal]]:
    yield "entry_low", draft.entry_low
    yield "entry_high", draft.entry_high
    yield "stop", draft.stop
    for target in draft.targets:
        yield "targets", target.price
    if draft.entry.trigger is not None:
        yield "trigger", draft.entry.trigger
    for name, trail in _named_trails(draft):
        for price in (trail.distance, trail.activation):
            if price is not None:
                yield name, price


def _named_trails(draft: Draft) -> Iterator[tuple[str, Trail]]:
    if draft.runner is not None:
        yield "runner", draft.runner
    if draft.stop_rule.trail is not None:
        yield "trail", draft.stop_rule.trail


def _stop(draft: Draft) -> Iterator[Finding]:
    if draft.entry_low <= draft.stop <= draft.entry_high:
        yield Finding(Problem.STOP_INSIDE_RANGE, "stop")
    elif draft.direction.is_beyond(draft.stop, draft.far_edge):
        yield Finding(Problem.STOP_WRONG_SIDE, "stop")


def _targets(draft: Draft) -> Iterator[Finding]:
    if not draft.targets:
        yield Finding(Problem.TARGETS_MISSING, "targets")
        return
    if len(draft.targets) > MOST_TARGETS:
        yield Finding(Problem.TARGETS_TOO_MANY, "targets", {"most": Decimal(MOST_TARGETS)})
    prices = [target.price for target in draft.targets]
    for price in prices:
        if draft.direction.is_beyond(draft.near_edge, price):
            yield Finding(Problem.TARGET_WRONG_SIDE, "targets", {"price": price})
    if len(set(prices)) < len(prices):
        yield Finding(Problem.TARGET_TWICE, "targets")
    if any(target.share <= 0 for target in draft.targets):
        yield Finding(Problem.SHARE_NOT_POSITIVE, "targets")
    total = sum((target.share for target in draft.targets), Decimal(0))
    if total != WHOLE:
        yield Finding(Problem.SHARES_NOT_WHOLE, "targets", {"total": total})


def _entry(draft: Draft) -> Iterator[Finding]:
    entry = draft.entry
    if entry.kind is EntryKind.LADDER:
        if not 2 <= entry.steps <= MOST_STEPS:  # noqa: PLR2004 - one step is no ladder
            yield Finding(Problem.STEPS_OUT_OF_RANGE, "steps", {"most": Decimal(MOST_STEPS)})
        custom = entry.weighting is Weighting.CUSTOM
        right = len(entry.weights) == entry.steps and all(w > 0 for w in entry.weights)
        if custom and not right:
            yield Finding(Problem.WEIGHTS_WRONG, "weights", {"steps": Decimal(entry.steps)})
    if entry.kind is EntryKind.TRIGGER and entry.trigger is None:
        yield Finding(Problem.TRIGGER_MISSING, "trigger")


def _stop_rule(draft: Draft) -> Iterator[Finding]:
    rule = draft.stop_rule
    if rule.kind in {StopKind.BREAK_EVEN, StopKind.FOLLOW}:
        most = len(draft.targets) - 1  # after the last one nothing is left to protect
        if not 1 <= rule.after <= most:
            yield Finding(Problem.STOP_AFTER_WRONG, "stop_after", {"most": Decimal(max(most, 0))})


def _trails(draft: Draft) -> Iterator[Finding]:
    trailing = draft.stop_rule.kind is StopKind.TRAILING
    if trailing and draft.runner is not None:
        yield Finding(Problem.TRAIL_TWICE, "runner")
    if trailing and draft.stop_rule.trail is None:
        yield Finding(Problem.TRAIL_WRONG, "trail")
    for name, trail in _named_trails(draft):
        if not _is_sound(trail):
            yield Finding(Problem.TRAIL_WRONG, name)


def _is_sound(trail: Trail) -> bool:
    given = [value for value in (trail.distance, trail.percent) if value is not None]
    percent = trail.percent if trail.percent is not None else Decimal(1)
    return len(given) == 1 and given[0] > 0 and percent < WHOLE


def _expiry(draft: Draft) -> Iterator[Finding]:
    after, beyond = draft.expiry.after, draft.expiry.beyond_percent
    if (after is not None and after.total_seconds() <= 0) or (beyond is not None and beyond <= 0):
        yield Finding(Problem.EXPIRY_WRONG, "expiry")


# --- warnings ------------------------------------------------------------------------------------


def _slow(around: Surroundings) -> Iterator[Finding]:
    """Too many accounts for our addresses: the last ones' entries would expire."""
    if around.seconds >= around.time_to_live:
        figures = {"seconds": around.seconds, "most": around.time_to_live}
        yield Finding(Problem.LIMITS_TOO_SLOW, "symbol", figures)


def _distance(draft: Draft, ticker: Ticker | None) -> Iterator[Finding]:
    """The stop against what going in and out costs, and against liquidation (isolated margin)."""
    distance = abs(draft.near_edge - draft.stop)
    spread = ticker.ask - ticker.bid if ticker is not None else Decimal(0)
    costs = 2 * TAKER_FEE * draft.near_edge + spread
    if abs(draft.far_edge - draft.stop) <= costs:
        yield Finding(Problem.STOP_TOO_NEAR, "stop", {"costs": costs.normalize()})
    share = distance / draft.near_edge
    room = 1 / draft.leverage - MAINTENANCE
    if share >= room:
        percent = max(room * 100, Decimal(0)).quantize(Decimal("0.01"))
        yield Finding(Problem.STOP_BEYOND_LIQUIDATION, "stop", {"percent": percent})


def _reward(draft: Draft) -> Iterator[Finding]:
    """The average target against the stop, both from the range's near edge, fees included."""
    whole = sum((target.share for target in draft.targets), Decimal(0))
    average = sum((t.price * t.share for t in draft.targets), Decimal(0)) / whole
    free = break_even(draft.direction, draft.near_edge, Decimal("0.000000000001"))
    reward = (average - free) * draft.direction.sign
    risk = abs(free - draft.stop)
    if reward < risk:
        ratio = (reward / risk).quantize(Decimal("0.01"))
        yield Finding(Problem.REWARD_BELOW_RISK, "targets", {"ratio": ratio})


def _far(draft: Draft, ticker: Ticker | None) -> Iterator[Finding]:
    if ticker is None:
        return
    nearest = min(max(ticker.last, draft.entry_low), draft.entry_high)
    percent = abs(ticker.last - nearest) / ticker.last * 100
    if percent > FAR_PERCENT:
        figure = percent.quantize(Decimal("0.1"))
        yield Finding(Problem.PRICE_FAR, "entry_low", {"percent": figure, "price": ticker.last})


def _passed(draft: Draft, ticker: Ticker | None) -> Iterator[Finding]:
    """A first target behind the price: the entry would be withdrawn as soon as it is published."""
    first = draft.targets[0].price
    if ticker is None or not draft.expiry.at_first_target:
        return
    if draft.direction.is_beyond(ticker.last, first):
        yield Finding(Problem.TARGET_PASSED, "targets", {"price": first})

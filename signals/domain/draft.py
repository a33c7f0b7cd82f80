"""What an author writes, and what is wrong with it before anybody trades it."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from dataclasses import dataclass, replace
from decimal import Decimal
from enum import StrEnum

from exchanges.domain.trading import InstrumentFacts
from signals.domain.direction import Direction

MOST_TARGETS = 10
WHOLE = Decimal(100)


@dataclass(frozen=True, slots=True)
class TargetDraft:
    """A price and the share of the position, in percent, that is taken there."""

    price: Decimal
    share: Decimal


@dataclass(frozen=True, slots=True)
class Draft:
    """A signal as written; prices in quote units. The range may be written high-first."""

    symbol: str
    direction: Direction
    leverage: Decimal
    entry_low: Decimal
    entry_high: Decimal
    stop: Decimal
    targets: tuple[TargetDraft, ...]
    note: str = ""

    def ordered(self) -> Draft:
        """The same signal with its range low-first and its targets nearest-first."""
        low, high = sorted((self.entry_low, self.entry_high))
        targets = sorted(self.targets, key=lambda target: target.price * self.direction.sign)
        return replace(self, entry_low=low, entry_high=high, targets=tuple(targets))

    @property
    def near_edge(self) -> Decimal:
        """The edge of the range that the price meets first: upper for a long, lower for a short."""
        return self.entry_high if self.direction is Direction.LONG else self.entry_low

    @property
    def far_edge(self) -> Decimal:
        return self.entry_low if self.direction is Direction.LONG else self.entry_high


class Problem(StrEnum):
    """Why a draft is refused; the texts stand in `signals.reasons`."""

    SYMBOL_UNKNOWN = "draft_symbol_unknown"
    SYMBOL_NOT_TRADABLE = "draft_symbol_not_tradable"
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


@dataclass(frozen=True, slots=True)
class Finding:
    """A problem, the field it is about, and the figures that its text names."""

    problem: Problem
    field: str
    params: dict[str, Decimal] = dataclasses.field(default_factory=dict)


def findings(draft: Draft, instrument: InstrumentFacts | None) -> list[Finding]:
    """Everything that refuses this draft; an empty list means that it may be published."""
    draft = draft.ordered()
    if instrument is None:
        return [Finding(Problem.SYMBOL_UNKNOWN, "symbol")]
    found = list(_symbol(draft, instrument))
    found += _prices(draft, instrument)
    found += _stop(draft)
    found += _targets(draft)
    return found


def _symbol(draft: Draft, instrument: InstrumentFacts) -> Iterator[Finding]:
    if instrument.status != "Trading":
        yield Finding(Problem.SYMBOL_NOT_TRADABLE, "symbol")
    low, high = instrument.min_leverage, instrument.max_leverage
    if not low <= draft.leverage <= high:
        yield Finding(Problem.LEVERAGE_OUT_OF_RANGE, "leverage", {"low": low, "high": high})
    elif draft.leverage % instrument.leverage_step:
        step = instrument.leverage_step
        yield Finding(Problem.LEVERAGE_OFF_STEP, "leverage", {"step": step})


def _prices(draft: Draft, instrument: InstrumentFacts) -> Iterator[Finding]:
    named = [
        ("entry_low", draft.entry_low),
        ("entry_high", draft.entry_high),
        ("stop", draft.stop),
    ]
    named += [("targets", target.price) for target in draft.targets]
    for name, price in named:
        if price <= 0:
            yield Finding(Problem.PRICE_NOT_POSITIVE, name)
        elif price % instrument.tick:
            params = {"price": price, "tick": instrument.tick}
            yield Finding(Problem.PRICE_OFF_TICK, name, params)


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

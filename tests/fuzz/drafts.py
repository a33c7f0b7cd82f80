"""Signals of every kind around 46,000, on a coarse grid so that prices meet levels often."""

from __future__ import annotations

import itertools
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal as D

from hypothesis import strategies as st

from exchanges.domain.trading import InstrumentFacts
from signals.domain.direction import Direction
from signals.domain.draft import (
    Draft,
    Entry,
    EntryKind,
    Expiry,
    StopKind,
    StopRule,
    TargetDraft,
    Trail,
    Weighting,
)

NEAR = D(46000)
GRID = D(50)
BTC = InstrumentFacts(
    symbol="BTCUSDT",
    base="BTC",
    quote="USDT",
    status="Trading",
    tick=D("0.1"),
    step=D("0.001"),
    min_quantity=D("0.001"),
    max_quantity=D(1190),
    max_market_quantity=D("0.020"),  # small: a close may need several orders
    min_notional=D(5),
    min_leverage=D(1),
    max_leverage=D(100),
    leverage_step=D("0.01"),
)
COARSE = replace(BTC, min_quantity=D("0.003"))  # its least order is more than a step
CUTS = st.sampled_from([1, 2, 3, 97, 98, 99]) | st.integers(1, 99)  # tiny shares are dangerous

LIMITED = [EntryKind.LIMIT, EntryKind.AUTO, EntryKind.MARKET]


@st.composite
def entries(draw, direction):
    kind = draw(st.sampled_from([*LIMITED, EntryKind.LADDER, EntryKind.LADDER, EntryKind.TRIGGER]))
    if kind is EntryKind.LADDER:
        steps = draw(st.integers(2, 5))
        weighting = draw(st.sampled_from(Weighting))
        custom = weighting is Weighting.CUSTOM
        weights = [D(draw(st.integers(1, 9))) for _ in range(steps)] if custom else []
        return Entry(kind, steps, weighting, tuple(weights))
    if kind is EntryKind.TRIGGER:
        level = NEAR + draw(st.integers(-4, 4)) * GRID
        return Entry(kind, trigger=level, trigger_rises=draw(st.booleans()))
    return Entry(kind)


@st.composite
def trails(draw, sign):
    activation = draw(st.none() | st.integers(1, 30).map(lambda n: NEAR + n * sign * GRID))
    if draw(st.booleans()):
        return Trail(distance=draw(st.integers(1, 10)) * GRID, activation=activation)
    return Trail(percent=D(draw(st.integers(1, 20))) / 10, activation=activation)


@st.composite
def shares(draw, count):
    cuts = draw(st.lists(CUTS, min_size=count - 1, max_size=count - 1, unique=True).map(sorted))
    edges = [0, *cuts, 100]
    return [D(after - before) for before, after in itertools.pairwise(edges)]


@st.composite
def stop_rules(draw, count, sign):
    kinds = [StopKind.FIXED, StopKind.FIXED, StopKind.TRAILING]
    if count > 1:
        kinds += [StopKind.BREAK_EVEN, StopKind.BREAK_EVEN, StopKind.FOLLOW]
    kind = draw(st.sampled_from(kinds))
    if kind is StopKind.TRAILING:
        return StopRule(kind, trail=draw(trails(sign)))
    if kind is StopKind.FIXED:
        return StopRule()
    return StopRule(kind, after=draw(st.integers(1, count - 1)))


@st.composite
def drafts(draw, direction, entry=None):
    """A signal that the checks accept; with `entry` an amendment of one that has this entry."""
    sign = direction.sign
    near = NEAR + draw(st.sampled_from([-2, 0, 0, 0, 3])) * GRID
    far = near - draw(st.sampled_from([0, 2, 8])) * GRID * sign
    stop = far - draw(st.integers(1, 8)) * GRID * sign
    count = draw(st.sampled_from([1, 2, 2, 3, 3, 4, 5]))
    places = draw(st.lists(st.integers(1, 20), min_size=count, max_size=count, unique=True))
    prices = sorted((near + place * GRID * sign for place in places), key=lambda p: p * sign)
    rule = draw(stop_rules(count, sign))
    may_run = rule.kind is not StopKind.TRAILING
    runner = draw(st.none() | st.none() | trails(sign)) if may_run else None
    expiry = Expiry(
        after=draw(st.sampled_from([None, None, timedelta(minutes=10)])),
        at_first_target=draw(st.booleans()),
    )
    taken = draw(shares(count))
    return Draft(
        symbol="BTCUSDT",
        direction=direction,
        leverage=D(draw(st.sampled_from([1, 5, 10]))) if entry is None else D(10),
        entry_low=min(near, far),
        entry_high=max(near, far),
        stop=stop,
        targets=tuple(TargetDraft(p, s) for p, s in zip(prices, taken, strict=True)),
        entry=entry or draw(entries(direction)),
        stop_rule=rule,
        runner=runner,
        expiry=expiry,
    )


def prices(direction):
    """Where the market may go: levels themselves, and a little beside them."""
    places = st.integers(-18, 24).map(lambda n: NEAR + n * GRID * direction.sign)
    beside = st.sampled_from([D(0), D(0), D("0.1"), D(-13)])
    return st.tuples(places, beside).map(lambda pair: pair[0] + pair[1])


__all__ = ["BTC", "Direction", "drafts", "prices"]

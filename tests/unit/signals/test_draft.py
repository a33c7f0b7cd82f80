"""What is wrong with a signal, and what is not."""

from __future__ import annotations

import dataclasses
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal as D

import pytest

from exchanges.domain.trading import InstrumentFacts
from signals.domain.direction import Direction
from signals.domain.draft import TargetDraft
from signals.domain.linting import Finding, Problem, unlisted
from signals.domain.linting import errors as findings
from tests.fixtures.people import long_btc

BTC = InstrumentFacts(
    symbol="BTCUSDT",
    base="BTC",
    quote="USDT",
    status="Trading",
    tick=D("0.1"),
    step=D("0.001"),
    min_quantity=D("0.001"),
    max_quantity=D(1190),
    max_market_quantity=D(500),
    min_notional=D(5),
    min_leverage=D(1),
    max_leverage=D(100),
    leverage_step=D("0.01"),
)


def problems(**changes):
    return [finding.problem for finding in findings(long_btc(**changes), BTC)]


def target(price, share=100):
    return TargetDraft(D(price), D(share))


def test_a_sound_long_and_a_sound_short_pass():
    assert problems() == []
    assert problems(direction=Direction.SHORT, stop=D(46500), targets=(target(45000),)) == []


def test_a_range_written_high_first_is_the_same_range():
    high_first = long_btc(entry_low=D(46000), entry_high=D(45900))
    assert findings(high_first, BTC) == []
    assert high_first.ordered() == long_btc().ordered()


def test_targets_are_put_nearest_first():
    written = long_btc(targets=(target(48000, 50), target(47000, 50)))
    assert [t.price for t in written.ordered().targets] == [47000, 48000]


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"stop": D(46100)}, Problem.STOP_WRONG_SIDE),
        ({"stop": D(45950)}, Problem.STOP_INSIDE_RANGE),
        ({"stop": D(45900)}, Problem.STOP_INSIDE_RANGE),
        ({"targets": (target(45000),)}, Problem.TARGET_WRONG_SIDE),
        ({"targets": (target(46000),)}, Problem.TARGET_WRONG_SIDE),
        ({"targets": ()}, Problem.TARGETS_MISSING),
        ({"targets": (target(47000, 60), target(48000, 30))}, Problem.SHARES_NOT_WHOLE),
        ({"targets": (target(47000, 50), target(47000, 50))}, Problem.TARGET_TWICE),
        ({"targets": (target(47000, 0), target(48000))}, Problem.SHARE_NOT_POSITIVE),
        (
            {"targets": tuple(target(47000 + n, 100) for n in range(11))},
            Problem.TARGETS_TOO_MANY,
        ),
        ({"leverage": D("100.01")}, Problem.LEVERAGE_OUT_OF_RANGE),
        ({"leverage": D("0.5")}, Problem.LEVERAGE_OUT_OF_RANGE),
        ({"leverage": D("1.005")}, Problem.LEVERAGE_OFF_STEP),
        ({"entry_low": D("45900.05")}, Problem.PRICE_OFF_TICK),
        ({"stop": D(-1)}, Problem.PRICE_NOT_POSITIVE),
    ],
)
def test_each_fault_is_named(changes, problem):
    assert problem in problems(**changes)


def test_the_guides_own_card_with_its_stop_in_the_range_is_refused():
    card = long_btc(
        direction=Direction.SHORT,
        entry_low=D("0.398"),
        entry_high=D("0.392"),
        stop=D("0.394"),
        targets=(target("0.340"),),
    )
    assert Problem.STOP_INSIDE_RANGE in [f.problem for f in findings(card, BTC)]


def test_an_unknown_symbol_is_refused():
    assert [f.problem for f in findings(long_btc(), None)] == [Problem.SYMBOL_UNKNOWN]


def test_a_name_that_comes_near_another_is_refused_with_it():
    assert unlisted("X", []) == Finding(Problem.SYMBOL_UNKNOWN, "symbol")
    near = {"typed": "BTCC", "near": "BTCUSDT, BCHUSDT"}
    assert unlisted("BTCC", ["BTCUSDT", "BCHUSDT"]) == Finding(Problem.SYMBOL_NEAR, "symbol", near)


@pytest.mark.parametrize(
    ("status", "problem"),
    [
        ("PreLaunch", Problem.SYMBOL_NOT_TRADABLE),
        ("Settling", Problem.SYMBOL_NOT_TRADABLE),
        ("Delivering", Problem.SYMBOL_DELISTED),
        ("Closed", Problem.SYMBOL_DELISTED),
    ],
)
def test_what_is_not_traded_takes_no_new_signal(status, problem):
    leaves = datetime(2026, 11, 21, tzinfo=UTC)  # said of it or not: it has come to that
    for delivery_at in (None, leaves):
        contract = dataclasses.replace(BTC, status=status, delivery_at=delivery_at)
        assert [f.problem for f in findings(long_btc(), contract)] == [problem]


def test_an_announced_delisting_is_refused_with_its_time_in_utc():
    seoul = timezone(timedelta(hours=9))
    leaving = dataclasses.replace(BTC, delivery_at=datetime(2026, 12, 1, 17, 30, tzinfo=seoul))
    (found,) = findings(long_btc(), leaving)
    assert (found.problem, found.params) == (Problem.DELISTING, {"at": "2026-12-01 08:30"})
    assert not found.is_warning


@pytest.mark.parametrize(
    "changes",
    [
        {"status": "Delivering"},
        {"status": "Closed"},
        {"delivery_at": datetime(2026, 12, 1, tzinfo=UTC)},
        {"max_leverage": D(5)},
        {"leverage_step": D(4)},
    ],
)
def test_a_signal_in_progress_can_be_changed_whatever_becomes_of_its_contract(changes):
    contract = dataclasses.replace(BTC, **changes)
    assert findings(long_btc(), contract) != []
    assert findings(long_btc(), contract, is_new=False) == []
    wrong = [f.problem for f in findings(long_btc(stop=D(46100)), contract, is_new=False)]
    assert wrong == [Problem.STOP_WRONG_SIDE]

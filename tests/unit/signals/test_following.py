"""What a follower does not want is not traded, and says why."""

from __future__ import annotations

from decimal import Decimal as D

import pytest

from exchanges.domain.trading import Ticker
from signals.domain.direction import Direction
from signals.domain.following import Standing, percent_away, refusal
from signals.domain.reasons import NoEntry, Reason
from tests.fixtures.people import long_btc
from tests.unit.signals.test_sizing import rules

SHORT = {"direction": Direction.SHORT, "stop": D(46500)}


def ticker(last):
    return Ticker("BTCUSDT", D(last) - 1, D(last), D(last), D(last))


def why(settings, *, standing=None, equity=1000, price=46000):
    return refusal(
        settings,
        long_btc(),
        7,
        standing=standing or Standing(),
        equity=D(equity),
        ticker=ticker(price),
    )


@pytest.mark.parametrize(
    ("changes", "seen", "reason"),
    [
        ({}, {"standing": Standing(halted=Reason.DAILY_LOSS)}, NoEntry(Reason.DAILY_LOSS)),
        ({"min_equity": D(1001)}, {}, NoEntry(Reason.SEED_LIMIT, {"equity": D(1000)})),
        ({"max_equity": D(999)}, {}, NoEntry(Reason.SEED_LIMIT, {"equity": D(1000)})),
        ({"denied_symbols": frozenset({"BTCUSDT"})}, {}, NoEntry(Reason.SYMBOL_NOT_WANTED)),
        ({"allowed_symbols": frozenset({"ETHUSDT"})}, {}, NoEntry(Reason.SYMBOL_NOT_WANTED)),
        ({"only_side": Direction.SHORT}, {}, NoEntry(Reason.SIDE_NOT_WANTED)),
        ({"authors": frozenset({8})}, {}, NoEntry(Reason.AUTHOR_NOT_FOLLOWED)),
        (
            {"max_copies": 2},
            {"standing": Standing(2)},
            NoEntry(Reason.TOO_MANY_COPIES, {"maximum": D(2)}),
        ),
        (
            {"max_slippage_percent": D(1)},
            {"price": 46461},
            NoEntry(Reason.PRICE_AWAY, {"percent": D("1.00")}),
        ),
    ],
)
def test_what_is_not_wanted_says_why(changes, seen, reason):
    assert why(rules(**changes), **seen) == reason


@pytest.mark.parametrize(
    ("changes", "seen"),
    [
        ({}, {}),
        ({"min_equity": D(1000), "max_equity": D(1000)}, {}),
        ({"allowed_symbols": frozenset({"BTCUSDT"})}, {}),
        ({"denied_symbols": frozenset({"ETHUSDT"})}, {}),
        ({"only_side": Direction.LONG}, {}),
        ({"authors": frozenset({7})}, {}),
        ({"max_copies": 2}, {"standing": Standing(1)}),
        ({"max_slippage_percent": D(1)}, {"price": 46460}),
    ],
)
def test_what_is_wanted_is_traded(changes, seen):
    assert why(rules(**changes), **seen) is None


def test_a_cap_lowers_the_leverage_and_never_raises_it():
    assert rules(max_leverage=D(3)).leverage_for(long_btc()) == 3
    assert rules(max_leverage=D(30)).leverage_for(long_btc()) == 10


def test_the_price_runs_away_on_the_losing_side_of_an_entry_alone():
    assert percent_away(long_btc(), ticker(45000)) == 0
    assert percent_away(long_btc(), ticker(46460)) == 1
    assert percent_away(long_btc(**SHORT), ticker(46460)) == 0
    assert percent_away(long_btc(**SHORT), ticker(45442)) == 1  # the bid, 459 below 45,900

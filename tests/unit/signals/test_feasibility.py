"""What an exchange cannot do is skipped with its reason, or done another way."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal as D

import pytest

from exchanges.domain.trading import OrderType
from exchanges.domain.venues import Capabilities, StopKeeping
from exchanges.registry import CCXT_VENUES, EXCHANGES, venue_of
from signals.domain.actions import Place, SetLeverage, Skip
from signals.domain.direction import Direction
from signals.domain.draft import Entry, EntryKind, StopKind, StopRule, TargetDraft, Trail
from signals.domain.feasibility import obstacle
from signals.domain.planning import plan
from signals.domain.reasons import Reason
from tests.fixtures.people import long_btc
from tests.unit.signals.test_draft import BTC
from tests.unit.signals.test_planning import account, desired, observed

SPOT = Capabilities(has_shorts=False, has_leverage=False)
FOLLOWS = Capabilities(stop=StopKeeping.ORDER, amends=False, trails=False)
TRAIL = Trail(distance=D(100))
SHORT = long_btc(direction=Direction.SHORT, stop=D(46500), targets=(TargetDraft(D(45000), D(100)),))


@pytest.mark.parametrize(
    ("signal", "can", "reason"),
    [
        (long_btc(), Capabilities(), Reason.NONE),
        (SHORT, Capabilities(), Reason.NONE),
        (SHORT, SPOT, Reason.SHORT_UNSUPPORTED),
        (long_btc(), SPOT, Reason.NONE),
        (long_btc(), Capabilities(stop=StopKeeping.NONE), Reason.STOP_UNSUPPORTED),
        (long_btc(), Capabilities(rests_targets=False), Reason.NONE),
        (long_btc(), FOLLOWS, Reason.NONE),
        (long_btc(runner=TRAIL), FOLLOWS, Reason.EXIT_UNSUPPORTED),
        (
            long_btc(stop_rule=StopRule(StopKind.TRAILING, trail=TRAIL)),
            FOLLOWS,
            Reason.EXIT_UNSUPPORTED,
        ),
        (
            long_btc(entry=Entry(EntryKind.TRIGGER, trigger=D(46500), trigger_rises=True)),
            Capabilities(waits_for_trigger=False),
            Reason.ENTRY_UNSUPPORTED,
        ),
        (
            long_btc(entry=Entry(EntryKind.MARKET)),
            Capabilities(buys_at_market=False),
            Reason.ENTRY_UNSUPPORTED,
        ),
        (long_btc(), Capabilities(buys_at_market=False), Reason.NONE),
    ],
)
def test_a_signal_is_skipped_for_what_its_exchange_cannot_do(signal, can, reason):
    assert obstacle(signal, can) is reason
    seen = observed("45800" if signal is SHORT else "45950")
    actions = plan(desired(signal), account(can=can), seen)
    skipped = [action.reason for action in actions if isinstance(action, Skip)]
    assert skipped == ([reason] if reason else [])
    assert any(isinstance(action, Place) for action in actions) is not bool(reason)


def test_without_purchases_at_the_market_a_limit_takes_the_price_inside_the_range():
    can = Capabilities(buys_at_market=False)
    (order,) = plan(desired(), account(can=can), observed("45950"))
    assert (order.type, order.price) == (OrderType.LIMIT, 46000)


def test_a_spot_account_buys_with_its_own_money_alone():
    """The margin that a trader set is what is spent, whatever leverage the signal has."""
    rules = replace(BTC, max_leverage=D(1))
    actions = plan(desired(), account(can=SPOT, leverage=None), observed(rules=rules))
    (order,) = actions
    assert not any(isinstance(action, SetLeverage) for action in actions)
    assert (order.leverage, order.margin) == (1, 50)
    assert order.quantity * order.price <= 50


def test_what_no_single_stop_could_take_off_is_not_entered():
    rules = replace(BTC, max_market_quantity=D("0.009"))
    (skip,) = plan(desired(), account(can=FOLLOWS), observed(rules=rules))
    assert (skip.reason, skip.params["maximum"]) == (Reason.SIZE_TOO_LARGE, D("0.009"))
    (order,) = plan(desired(), account(), observed(rules=rules))  # a position's stop takes it all
    assert isinstance(order, Place)


@pytest.mark.parametrize("exchange", [*EXCHANGES, *CCXT_VENUES])
def test_every_exchange_declares_what_it_can(exchange):
    can = venue_of(exchange).capabilities
    kept = [obstacle(signal, can) for signal in (long_btc(), SHORT)]
    if exchange == "bybit":
        assert can == Capabilities()
        assert kept == [Reason.NONE, Reason.NONE]
    elif not can.has_leverage:  # spot
        assert kept[1] is Reason.SHORT_UNSUPPORTED
        keeps_stops = exchange in {"binance", "kucoin"}
        assert kept[0] is (Reason.NONE if keeps_stops else Reason.STOP_UNSUPPORTED)
    else:
        expected = Reason.STOP_UNSUPPORTED if can.stop is StopKeeping.NONE else Reason.NONE
        assert kept == [expected, expected]


def test_an_account_in_hedge_mode_is_told_what_to_change():
    can = replace(FOLLOWS, hedges=False)
    seen = observed("45950")
    (skip,) = plan(desired(), account(can=can, is_hedge=True), seen)
    assert skip == Skip(Reason.HEDGE_UNSUPPORTED, {})
    assert not any(isinstance(each, Skip) for each in plan(desired(), account(can=can), seen))


def test_exchanges_whose_profiles_name_no_sides_take_no_hedge_mode():
    taking = {kind for kind in CCXT_VENUES if venue_of(kind).capabilities.hedges}
    swaps = {kind for kind in CCXT_VENUES if venue_of(kind).capabilities.has_shorts}
    assert taking & swaps == {"binance_usdm", "bingx", "okx"}
    assert venue_of("bybit").capabilities.hedges

"""What a held position has: targets that sum to it, and one stop that moves as the signal says."""

from __future__ import annotations

import pytest

from signals.domain.draft import StopKind, StopRule, Trail
from signals.domain.reasons import Reason
from tests.fixtures.people import link_account, long_btc
from tests.integration.signals.steps import (
    D,
    buying,
    end_of,
    follow,
    only_copy,
    position,
    resting,
    selling,
    settle,
    size,
    stop,
    targets,
)
from tests.integration.signals.test_copy_life import codes, compare_with_ledger, publish
from tests.integration.signals.test_entries import ladder, short_btc

pytestmark = pytest.mark.django_db(transaction=True)
TWO = targets((46500, 40), (47000, 60))
THREE = targets((46500, 30), (47000, 30), (47500, 40))
TEN = targets(*((46500 + 100 * number, 10) for number in range(10)))


def enter(market, author, user, *, amount="50", draft=None):
    """A market entry at 45,950.1 with the given signal, fully set up."""
    link = link_account(user, market, amount=amount)
    market.price("BTCUSDT", 45950)
    signal = publish(author, draft or long_btc())
    settle(market)
    assert only_copy(connection=link).status == "filled"
    return link, signal


def go_to(market, price):
    market.price("BTCUSDT", price)
    settle(market)


def is_covered(market, link):
    """Whether all that is held has a target, to the last step."""
    return sum(left for _, left in selling(market, link)) == size(market, link)


# --- targets -------------------------------------------------------------------------------------


def test_ten_targets_are_taken_one_after_the_other(market, author, alice):
    link, _ = enter(market, author, alice, amount="100", draft=long_btc(targets=TEN))
    assert [price for price, _ in selling(market, link)] == [target.price for target in TEN]
    assert size(market, link) == D("0.021")
    for number, target in enumerate(TEN, start=1):
        assert is_covered(market, link)
        go_to(market, target.price + 1)
        assert len(selling(market, link)) == 10 - number
    assert end_of(only_copy()) == ("closed", Reason.TARGET)
    assert codes(alice).count("target_hit") == 10
    compare_with_ledger(link, market)


def test_shares_under_the_minimum_are_merged_and_nothing_is_left_over(market, author, alice):
    link, _ = enter(market, author, alice, amount="15", draft=long_btc(targets=TEN))
    assert size(market, link) == D("0.003")
    assert 1 <= len(selling(market, link)) <= 3
    assert is_covered(market, link)
    go_to(market, 47500)
    assert (end_of(only_copy()), position(market, link)) == (("closed", Reason.TARGET), None)
    compare_with_ledger(link, market)


def test_a_position_of_one_step_has_one_target(market, author, alice):
    link, _ = enter(market, author, alice, amount="5", draft=long_btc(targets=THREE))
    assert size(market, link) == D("0.001")
    assert len(selling(market, link)) == 1
    assert is_covered(market, link)
    compare_with_ledger(link, market)


def test_targets_grow_with_what_is_filled(market, author, alice):
    link = link_account(alice, market, amount="100")
    publish(author, long_btc(targets=THREE))
    settle(market)
    held = D(0)
    for more in ("0.001", "0.004", "0.006", "0.010"):
        market.price("BTCUSDT", 46000, ask=46000, ask_size=more)
        held += D(more)
        settle(market)
        assert (size(market, link), stop(market, link)) == (held, 45500)
        assert is_covered(market, link)
        market.price("BTCUSDT", 46050)
    compare_with_ledger(link, market)


def test_a_target_that_fills_in_parts_leaves_the_others_as_they_are(market, author, alice):
    link, _ = enter(market, author, alice, amount="100", draft=long_btc(targets=THREE))
    whole = selling(market, link)
    market.price("BTCUSDT", 46500, bid=46500, bid_size="0.002")
    settle(market)
    assert is_covered(market, link)
    assert selling(market, link)[0] == (whole[0][0], whole[0][1] - D("0.002"))
    assert selling(market, link)[1:] == whole[1:]
    assert only_copy().exited_quantity == D("0.002")
    compare_with_ledger(link, market)


def test_after_a_stop_the_rest_of_the_ladder_is_withdrawn(market, author, alice):
    """The stop has moved to break-even, above the steps that are still waiting."""
    link = link_account(alice, market, amount="138")
    rule = StopRule(StopKind.BREAK_EVEN, after=1)
    publish(author, long_btc(entry=ladder(), targets=TWO, stop_rule=rule))
    settle(market)
    go_to(market, 45990)
    assert len(buying(market, link)) == 2
    go_to(market, 46501)
    assert stop(market, link) > 46000
    assert len(buying(market, link)) == 2
    go_to(market, 46020)
    copy = only_copy()
    assert end_of(copy) == ("closed", Reason.STOP)
    assert resting(market, link) == []
    assert position(market, link) is None
    compare_with_ledger(link, market)


def test_the_first_target_ends_what_is_left_of_the_ladder(market, author, alice):
    link = link_account(alice, market, amount="138")
    publish(author, long_btc(entry=ladder(), targets=TWO))
    settle(market)
    go_to(market, 45990)
    market.price("BTCUSDT", 46500)
    follow()
    settle(market)
    assert buying(market, link) == []
    assert only_copy().status == "filled"
    assert is_covered(market, link)
    compare_with_ledger(link, market)


# --- runner and trailing -------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("trail", "distance"), [(Trail(distance=D(300)), 300), (Trail(percent=D(1)), 470)]
)
def test_a_runner_trails_from_the_last_target_on(market, author, alice, trail, distance):
    draft = long_btc(targets=TWO, runner=trail)
    link, _ = enter(market, author, alice, amount="100", draft=draft)
    assert [price for price, _ in selling(market, link)] == [46500]
    held = position(market, link)
    assert (D(held["trailingStop"]), held["stopLoss"]) == (distance, "45500")
    go_to(market, 46501)
    assert size(market, link) == D("0.013")
    go_to(market, 46900)  # the runner is not active yet
    go_to(market, 46550)
    assert only_copy().status == "filled"
    for price in (47000, 47600):
        go_to(market, price)
    go_to(market, 47600 - distance)
    copy = only_copy()
    assert (end_of(copy), position(market, link)) == (("closed", Reason.TRAILING_STOP), None)
    assert copy.pnl > 0
    compare_with_ledger(link, market)


def test_a_runner_may_have_an_activation_price_of_its_own(market, author, alice):
    trail = Trail(distance=D(200), activation=D(46800))
    draft = long_btc(targets=TWO, runner=trail)
    link, _ = enter(market, author, alice, amount="100", draft=draft)
    go_to(market, 46501)
    go_to(market, 46810)
    go_to(market, 46600)
    assert end_of(only_copy()) == ("closed", Reason.TRAILING_STOP)
    compare_with_ledger(link, market)


@pytest.mark.parametrize(
    ("trail", "distance"), [(Trail(distance=D(400)), 400), (Trail(percent=D(1)), "459.5")]
)
def test_a_trailing_stop_follows_the_price(market, author, alice, trail, distance):
    rule = StopRule(StopKind.TRAILING, trail=trail)
    link, _ = enter(market, author, alice, draft=long_btc(stop_rule=rule))
    assert D(position(market, link)["trailingStop"]) == D(distance)
    assert stop(market, link) == 45500
    go_to(market, 46900)
    go_to(market, 46900 - D(distance))
    assert end_of(only_copy()) == ("closed", Reason.TRAILING_STOP)
    assert "stop_hit" in codes(alice)
    compare_with_ledger(link, market)


def test_an_activation_price_that_is_passed_trails_from_now_on(market, author, alice):
    trail = Trail(distance=D(300), activation=D(46100))
    rule = StopRule(StopKind.TRAILING, trail=trail)
    link = link_account(alice, market)
    publish(author, long_btc(stop_rule=rule))
    settle(market)
    market.price("BTCUSDT", 45990)
    market.price("BTCUSDT", 46200)
    settle(market)
    assert D(position(market, link)["trailingStop"]) == 300
    go_to(market, 45900)
    assert end_of(only_copy()) == ("closed", Reason.TRAILING_STOP)
    compare_with_ledger(link, market)


# --- stops that move -----------------------------------------------------------------------------


def test_break_even_is_the_average_entry_plus_fees(market, author, alice):
    rule = StopRule(StopKind.BREAK_EVEN, after=2)
    draft = long_btc(targets=THREE, stop_rule=rule)
    link, _ = enter(market, author, alice, amount="100", draft=draft)
    go_to(market, 46501)
    assert stop(market, link) == 45500
    go_to(market, 47001)
    average = only_copy().entry_average
    level = stop(market, link)
    fees = (average + level) * D("0.00055")
    assert 0 <= level - average - fees < D("0.2")
    go_to(market, level)
    copy = only_copy()
    assert end_of(copy) == ("closed", Reason.STOP)
    assert copy.pnl > 0
    compare_with_ledger(link, market)


def test_break_even_of_a_short_lies_below_its_entry(market, author, alice):
    rule = StopRule(StopKind.BREAK_EVEN, after=1)
    link = link_account(alice, market, amount="100")
    publish(author, short_btc(stop_rule=rule, targets=targets((46000, 50), (45500, 50))))
    settle(market)
    go_to(market, 46550)
    assert only_copy().entry_average == 46500
    go_to(market, 45990)
    level = stop(market, link)
    assert -D("0.2") < level - 46500 + (46500 + level) * D("0.00055") <= 0
    compare_with_ledger(link, market)


def test_a_stop_follows_the_targets(market, author, alice):
    rule = StopRule(StopKind.FOLLOW, after=1)
    draft = long_btc(targets=THREE, stop_rule=rule)
    link, _ = enter(market, author, alice, amount="100", draft=draft)
    go_to(market, 46501)
    assert 45950 < stop(market, link) < 46100
    go_to(market, 47001)
    assert stop(market, link) == 46500
    go_to(market, 46500)
    assert end_of(only_copy()) == ("closed", Reason.STOP)
    assert only_copy().pnl > 0
    compare_with_ledger(link, market)


def test_a_stop_whose_new_level_is_already_passed_closes_without_an_alarm(market, author, alice):
    """The target filled and the price fell back before the worker could move the stop."""
    rule = StopRule(StopKind.BREAK_EVEN, after=1)
    draft = long_btc(targets=TWO, stop_rule=rule)
    link, _ = enter(market, author, alice, amount="100", draft=draft)
    market.price("BTCUSDT", 46501)
    market.price("BTCUSDT", 45900)
    settle(market)
    copy = only_copy()
    assert (end_of(copy), position(market, link)) == (("closed", Reason.STOP), None)
    assert "alarm" not in codes(alice)
    assert resting(market, link) == []
    compare_with_ledger(link, market)


def test_a_refused_stop_of_a_bare_position_closes_it_and_alarms(market, author, alice):
    link, _ = enter(market, author, alice)
    market.post(f"accounts/{link.exchange_uid}/stop", symbol="BTCUSDT", stopLoss="0")
    market.fault(
        "retcode",
        path="/v5/position/trading-stop",
        code=10001,
        message="StopLoss:455000000 set for Buy position should lower than base_price:459",
    )
    settle(market)
    copy = only_copy()
    assert (end_of(copy), position(market, link)) == (("closed", Reason.STOP_MISSING), None)
    assert codes(alice).count("alarm") == 1
    compare_with_ledger(link, market)

"""What the trader does in the exchange's app, and what the exchange does by force."""

from __future__ import annotations

import time
from datetime import timedelta

import pytest
from django.utils import timezone

from exchanges import watching
from exchanges.instruments import refresh_instruments
from signals.domain import leaving
from signals.domain.draft import StopKind, StopRule
from signals.domain.reasons import Reason
from signals.models import Copy, Fill
from signals.services import publishing
from tests.fixtures.people import link_account, long_btc
from tests.integration.signals.steps import (
    D,
    buying,
    by_hand,
    compare_ours,
    end_of,
    only_copy,
    position,
    resting,
    selling,
    settle,
    size,
    stop,
)
from tests.integration.signals.test_changes import amend
from tests.integration.signals.test_copy_life import codes, compare_with_ledger, publish, work_now
from tests.integration.signals.test_entries import ladder
from tests.integration.signals.test_targets_and_stops import THREE, TWO, enter, go_to, is_covered

pytestmark = pytest.mark.django_db(transaction=True)


# --- the trader closes ---------------------------------------------------------------------------


def test_a_position_closed_in_the_app_ends_the_copy_and_its_orders(market, author, alice):
    link, _ = enter(market, author, alice, amount="100", draft=long_btc(targets=THREE))
    by_hand(market, link, "close")
    settle(market)
    assert end_of(only_copy()) == ("closed", Reason.CLOSED_BY_HAND)
    assert resting(market, link) == []
    assert codes(alice).count("closed") == 1
    compare_with_ledger(link, market)


def test_a_ladder_is_withdrawn_when_its_position_is_closed_in_the_app(market, author, alice):
    link = link_account(alice, market, amount="138")
    publish(author, long_btc(entry=ladder()))
    settle(market)
    go_to(market, 45990)
    by_hand(market, link, "close")
    settle(market)
    assert end_of(only_copy()) == ("closed", Reason.CLOSED_BY_HAND)
    assert resting(market, link) == []
    go_to(market, 45890)
    assert position(market, link) is None
    compare_with_ledger(link, market)


def test_a_position_closed_in_part_shrinks_its_targets(market, author, alice):
    link, _ = enter(market, author, alice, amount="100", draft=long_btc(targets=THREE))
    by_hand(market, link, "close", qty="0.010")
    settle(market)
    assert size(market, link) == D("0.011")
    assert len(selling(market, link)) == 3
    assert is_covered(market, link)
    assert stop(market, link) == 45500
    go_to(market, 47501)
    assert end_of(only_copy()) == ("closed", Reason.TARGET)
    compare_with_ledger(link, market)


def test_a_limit_in_the_app_counts_once_it_fills(market, author, alice):
    link, _ = enter(market, author, alice, amount="100")
    by_hand(market, link, "close", qty="0.005", price="46100")
    settle(market)
    assert size(market, link) == D("0.021")
    go_to(market, 46101)
    assert size(market, link) == D("0.016")
    assert (stop(market, link), position(market, link)["takeProfit"]) == (45500, "47000")
    assert only_copy().exited_quantity == D("0.005")
    compare_with_ledger(link, market)


def test_a_limit_in_the_app_may_take_all_off(market, author, alice):
    link, _ = enter(market, author, alice)
    by_hand(market, link, "close", price="46100")
    settle(market)
    go_to(market, 46101)
    assert end_of(only_copy()) == ("closed", Reason.CLOSED_BY_HAND)
    compare_with_ledger(link, market)


# --- the trader adds -----------------------------------------------------------------------------


def add_by_hand(market, link):
    order = {"side": "Buy", "orderType": "Market", "qty": "0.003"}
    by_hand(market, link, "order", **order)


def test_a_position_that_the_trader_added_to_is_theirs_after_a_quiet_time(
    market, author, alice, monkeypatch
):
    link, signal = enter(market, author, alice, amount="100", draft=long_btc(targets=TWO))
    add_by_hand(market, link)
    settle(market)
    assert only_copy().status == "filled"  # a fill of ours may still be on its way to the lists
    monkeypatch.setattr(leaving, "QUIET", timedelta(milliseconds=10))
    settle(market)
    assert end_of(only_copy()) == ("closed", Reason.HANDED_OVER)
    assert resting(market, link) == []
    held = position(market, link)
    assert (D(held["size"]), held["stopLoss"]) == (D("0.024"), "45500")
    assert codes(alice).count("closed") == 1
    publishing.close(signal, actor=author, now=timezone.now())
    settle(market)
    assert size(market, link) == D("0.024")  # never ours to close any more
    compare_ours(link, market)


def test_an_authors_close_within_the_quiet_time_takes_only_what_is_ours(market, author, alice):
    link, signal = enter(market, author, alice, amount="100", draft=long_btc(targets=TWO))
    add_by_hand(market, link)
    publishing.close(signal, actor=author, now=timezone.now())
    settle(market)
    assert end_of(only_copy()) == ("closed", Reason.CLOSED_BY_AUTHOR)
    assert size(market, link) == D("0.003")
    compare_ours(link, market)


# --- the trader's stop ---------------------------------------------------------------------------


def test_a_stop_changed_in_the_app_is_adopted_and_told_once(market, author, alice):
    link, _ = enter(market, author, alice)
    by_hand(market, link, "stop", stopLoss="45700")
    settle(market)
    assert (stop(market, link), only_copy().own_stop) == (45700, 45700)
    settle(market)
    assert codes(alice).count("own_stop") == 1
    go_to(market, 45700)
    assert end_of(only_copy()) == ("closed", Reason.STOP)
    compare_with_ledger(link, market)


def test_the_traders_stop_stays_while_the_author_changes_something_else(market, author, alice):
    link, signal = enter(market, author, alice, amount="100", draft=long_btc(targets=TWO))
    by_hand(market, link, "stop", stopLoss="45400")
    settle(market)
    amend(signal, author, targets=THREE)
    settle(market)
    assert stop(market, link) == 45400
    compare_with_ledger(link, market)


def test_the_traders_stop_is_dropped_when_the_author_moves_the_stop(market, author, alice):
    link, signal = enter(market, author, alice)
    by_hand(market, link, "stop", stopLoss="45400")
    settle(market)
    amend(signal, author, stop=D(45600))
    settle(market)
    assert (stop(market, link), only_copy().own_stop) == (45600, None)
    compare_with_ledger(link, market)


def test_the_traders_stop_is_dropped_when_the_signals_rule_moves_it(market, author, alice):
    rule = StopRule(StopKind.BREAK_EVEN, after=1)
    draft = long_btc(targets=TWO, stop_rule=rule)
    link, _ = enter(market, author, alice, amount="100", draft=draft)
    by_hand(market, link, "stop", stopLoss="45400")
    settle(market)
    go_to(market, 46501)
    assert stop(market, link) > 45950
    compare_with_ledger(link, market)


def test_a_stop_removed_in_the_app_is_put_back_and_told(market, author, alice):
    link, _ = enter(market, author, alice)
    by_hand(market, link, "stop", stopLoss="0")
    settle(market)
    assert (stop(market, link), only_copy().has_stop) == (45500, True)
    assert codes(alice).count("stop_put_back") == 1
    compare_with_ledger(link, market)


def test_a_removed_stop_that_was_the_traders_own_is_put_back_where_they_had_it(
    market, author, alice
):
    link, _ = enter(market, author, alice)
    by_hand(market, link, "stop", stopLoss="45700")
    settle(market)
    by_hand(market, link, "stop", stopLoss="0")
    settle(market)
    assert stop(market, link) == 45700
    compare_with_ledger(link, market)


def test_the_traders_own_target_is_left_alone(market, author, alice):
    link, _ = enter(market, author, alice)
    by_hand(market, link, "stop", takeProfit="46700")
    settle(market)
    assert position(market, link)["takeProfit"] == "46700"
    go_to(market, 46700)
    assert end_of(only_copy()) == ("closed", Reason.TARGET)
    compare_with_ledger(link, market)


def test_the_traders_own_target_outlives_a_stop_that_moves(market, author, alice):
    link, signal = enter(market, author, alice)
    by_hand(market, link, "stop", takeProfit="46700")
    settle(market)
    amend(signal, author, stop=D(45600))
    settle(market)
    held = position(market, link)
    assert (held["stopLoss"], held["takeProfit"]) == ("45600", "46700")


# --- the trader cancels --------------------------------------------------------------------------


def test_a_target_cancelled_in_the_app_leaves_its_share_to_the_others(market, author, alice):
    link, _ = enter(market, author, alice, amount="100", draft=long_btc(targets=THREE))
    second = only_copy().orders.get(leg="target-2")
    by_hand(market, link, "cancel", orderId=second.exchange_id)
    settle(market)
    assert [price for price, _ in selling(market, link)] == [46500, 47500]
    assert is_covered(market, link)
    assert stop(market, link) == 45500
    go_to(market, 47501)
    assert end_of(only_copy()) == ("closed", Reason.TARGET)
    compare_with_ledger(link, market)


def test_an_entry_cancelled_in_the_app_ends_the_copy(market, author, alice):
    link = link_account(alice, market)
    publish(author)
    settle(market)
    by_hand(market, link, "cancel", orderId=only_copy().orders.get().exchange_id)
    settle(market)
    assert end_of(only_copy()) == ("expired", Reason.ENTRY_CANCELLED_BY_HAND)
    assert len(market.ledger(link.exchange_uid)["orders"]) == 1
    compare_with_ledger(link, market)


def test_one_step_cancelled_in_the_app_leaves_the_rest_of_the_ladder(market, author, alice):
    link = link_account(alice, market, amount="138")
    publish(author, long_btc(entry=ladder()))
    settle(market)
    by_hand(market, link, "cancel", orderId=only_copy().orders.get(leg="entry-2").exchange_id)
    settle(market)
    assert [price for price, _ in buying(market, link)] == [46000, 45900]
    go_to(market, 45890)
    assert (size(market, link), stop(market, link)) == (D("0.020"), 45500)
    compare_with_ledger(link, market)


# --- the trader's own business when a signal comes -----------------------------------------------


@pytest.mark.parametrize("price", [None, "40000"])
def test_an_own_position_or_order_on_the_symbol_keeps_the_signal_out(
    market, author, alice, bob, price
):
    link, other = link_account(alice, market), link_account(bob, market)
    more = {"price": price, "orderType": "Limit"} if price else {"orderType": "Market"}
    by_hand(market, link, "order", side="Buy", qty="0.001", **more)
    watching.watch(link, now=timezone.now())
    publish(author)
    settle(market)
    assert end_of(only_copy(connection=link)) == ("skipped", Reason.OWN_POSITION)
    assert only_copy(connection=other).status == "placed"
    assert len(market.ledger(link.exchange_uid)["orders"]) == 1


def test_own_business_that_is_over_keeps_nobody_out(market, author, alice):
    link = link_account(alice, market)
    by_hand(market, link, "order", side="Buy", qty="0.001", orderType="Market")
    watching.watch(link, now=timezone.now())
    by_hand(market, link, "close")
    publish(author)
    settle(market)
    assert only_copy().status == "placed"
    compare_ours(link, market)


# --- force ---------------------------------------------------------------------------------------


def test_a_liquidation_ends_the_copy(market, author, alice):
    link, _ = enter(market, author, alice, amount="500", draft=long_btc(targets=TWO))
    held = size(market, link)
    market.post(f"accounts/{link.exchange_uid}", balance="20")
    market.price("BTCUSDT", 45949)
    settle(market)
    copy = only_copy()
    assert (end_of(copy), copy.exited_quantity) == (("closed", Reason.LIQUIDATED), held)
    assert resting(market, link) == []
    compare_with_ledger(link, market)


def test_a_whole_deleveraging_ends_the_copy(market, author, alice):
    link, _ = enter(market, author, alice, amount="100", draft=long_btc(targets=TWO))
    by_hand(market, link, "adl", price="46100")
    settle(market)
    copy = only_copy()
    assert end_of(copy) == ("closed", Reason.DELEVERAGED)
    assert (resting(market, link), position(market, link)) == ([], None)
    compare_with_ledger(link, market)


def test_a_deleveraging_in_part_leaves_a_position_with_stop_and_targets(market, author, alice):
    """The exchange cancels the targets of such a position: they are placed again."""
    link, _ = enter(market, author, alice, amount="100", draft=long_btc(targets=TWO))
    by_hand(market, link, "adl", qty="0.010", price="46100")
    settle(market)
    assert (size(market, link), stop(market, link)) == (D("0.011"), 45500)
    assert [price for price, _ in selling(market, link)] == [46500, 47000]
    assert is_covered(market, link)
    go_to(market, 47001)
    assert end_of(only_copy()) == ("closed", Reason.TARGET)
    compare_with_ledger(link, market)


def test_a_delisting_settles_the_copy_with_its_fills_and_result(market, author, alice, bob):
    link, _ = enter(market, author, alice, amount="100", draft=long_btc(targets=TWO))
    market.post("instruments/BTCUSDT/delist", price="46200")
    refresh_instruments("bybit", "sandbox", now=timezone.now())
    settle(market)
    copy = only_copy()
    assert (end_of(copy), copy.exited_quantity) == (("closed", Reason.DELISTED), D("0.021"))
    assert copy.exit_average == 46200
    assert copy.pnl > 0
    assert codes(alice)[-1] == "closed"
    compare_with_ledger(link, market)


def test_a_delisting_ends_what_was_not_entered(market, author, alice):
    link = link_account(alice, market)
    publish(author)
    settle(market)
    market.post("instruments/BTCUSDT/delist")
    refresh_instruments("bybit", "sandbox", now=timezone.now())
    settle(market)
    assert end_of(only_copy()) == ("expired", Reason.NOT_FILLED)
    compare_with_ledger(link, market)


# --- funding -------------------------------------------------------------------------------------


def test_funding_is_counted_while_the_position_is_open(market, author, alice):
    link, _ = enter(market, author, alice, amount="100")
    market.post("funding", symbol="BTCUSDT", rate="0.0001")
    market.post("funding", symbol="BTCUSDT", rate="-0.00005")
    settle(market)
    copy = only_copy()
    paid = D("0.021") * D(45950) * D("0.00005")
    assert copy.funding == paid
    go_to(market, 47000)
    copy = only_copy()
    ledger = market.ledger(link.exchange_uid)
    assert copy.funding == -D(ledger["funding"]) == paid
    assert copy.fees == sum(D(row["execFee"]) for row in ledger["executions"])
    assert copy.net == D(ledger["balance"]) - D(ledger["started_with"])
    compare_with_ledger(link, market)


def test_funding_of_a_life_that_no_worker_saw_is_counted(market, author, alice):
    """All workers were down: entry, funding and exit are found in one look."""
    link = link_account(alice, market)
    publish(author)
    settle(market)
    market.price("BTCUSDT", 45990)
    market.post("funding", symbol="BTCUSDT", rate="0.0001")
    market.price("BTCUSDT", 47000)
    settle(market)
    copy = only_copy()
    assert end_of(copy) == ("closed", Reason.TARGET)
    assert copy.funding > 0
    ledger = market.ledger(link.exchange_uid)
    assert copy.net == D(ledger["balance"]) - D(ledger["started_with"])
    compare_with_ledger(link, market)


def test_funding_of_the_traders_later_position_is_not_ours(market, author, alice):
    link, _ = enter(market, author, alice)
    by_hand(market, link, "close")
    time.sleep(0.01)  # the exchange's clock has milliseconds
    by_hand(market, link, "order", side="Buy", qty="0.002", orderType="Market")
    market.post("funding", symbol="BTCUSDT", rate="0.0001")
    settle(market)
    copy = only_copy()
    assert (end_of(copy), copy.funding) == (("closed", Reason.CLOSED_BY_HAND), 0)
    assert not Fill.objects.filter(cause="funding").exists()
    assert Copy.objects.filter(due_at__isnull=False).count() == 0
    work_now()
    compare_ours(link, market)


def test_the_traders_stop_outlives_the_next_step_of_a_ladder(market, author, alice):
    """A fill brings its own stop along, and Bybit keeps the newest."""
    link = link_account(alice, market, amount="138")
    publish(author, long_btc(entry=ladder()))
    settle(market)
    go_to(market, 45990)
    by_hand(market, link, "stop", stopLoss="45700")
    settle(market)
    market.price("BTCUSDT", 45940)
    assert (size(market, link), stop(market, link)) == (D("0.020"), 45700)
    settle(market)
    assert stop(market, link) == 45700
    go_to(market, 45700)
    assert end_of(only_copy()) == ("closed", Reason.STOP)
    compare_with_ledger(link, market)


def test_a_stop_of_the_traders_between_the_steps_is_not_refused(market, author, alice):
    link = link_account(alice, market, amount="138")
    publish(author, long_btc(entry=ladder()))
    settle(market)
    go_to(market, 45990)
    by_hand(market, link, "stop", stopLoss="45930")
    settle(market)
    copy = only_copy()
    assert (copy.status, stop(market, link), len(buying(market, link))) == ("filled", 45930, 2)
    go_to(market, 45930)
    assert (end_of(only_copy()), resting(market, link)) == (("closed", Reason.STOP), [])
    compare_with_ledger(link, market)


def test_a_position_turned_round_in_the_app_ends_the_copy(market, author, alice):
    """One order sells more than is held: the rest of it is a short of the trader's own."""
    link, _ = enter(market, author, alice, amount="100")
    by_hand(market, link, "order", side="Sell", orderType="Market", qty="0.050")
    settle(market)
    assert end_of(only_copy()) == ("closed", Reason.CLOSED_BY_HAND)
    assert position(market, link)["side"] == "Sell"
    assert size(market, link) == D("0.029")

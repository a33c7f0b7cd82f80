"""The ways in: market, limit, ladder, trigger, and what ends an entry that is not filled."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from exchanges.models import Connection
from signals.domain.direction import Direction
from signals.domain.draft import Entry, EntryKind, Expiry, Weighting
from signals.domain.reasons import Reason
from signals.models import Copy, Order, Signal
from signals.services import copying, publishing, working
from tests.fixtures.people import link_account, long_btc
from tests.integration.signals.steps import (
    D,
    buying,
    end_of,
    follow,
    only_copy,
    position,
    resting,
    settle,
    size,
    stop,
    targets,
)
from tests.integration.signals.test_copy_life import codes, compare_with_ledger, publish, work_now

pytestmark = pytest.mark.django_db(transaction=True)
CREATE = "/v5/order/create"


@pytest.fixture
def quick(settings):
    settings.HTTP_READ_TIMEOUT, settings.RECV_WINDOW_MS, settings.SETTLE_SECONDS = 1, 1000, 0


def ladder(steps=3, **more):
    return Entry(kind=EntryKind.LADDER, steps=steps, **more)


def trigger(price):
    return Entry(kind=EntryKind.TRIGGER, trigger=D(price))


def short_btc(**changes):
    fields = {
        "direction": Direction.SHORT,
        "entry_low": D(46500),
        "entry_high": D(46600),
        "stop": D(47000),
        "targets": targets((45500, 100)),
    }
    return long_btc(**(fields | changes))


# --- market and limit ----------------------------------------------------------------------------


def test_a_market_entry_outside_the_range_is_skipped_with_its_reason(market, author, alice):
    link = link_account(alice, market)
    publish(author, long_btc(entry=Entry(kind=EntryKind.MARKET)))
    settle(market)
    assert end_of(only_copy()) == ("skipped", Reason.PRICE_OUTSIDE)
    assert market.ledger(link.exchange_uid)["orders"] == []
    assert codes(alice).count("skipped") == 1


def test_a_market_entry_inside_the_range_fills_at_once(market, author, alice):
    link = link_account(alice, market)
    market.price("BTCUSDT", 45950)
    publish(author, long_btc(entry=Entry(kind=EntryKind.MARKET)))
    settle(market)
    copy = only_copy()
    assert (copy.status, copy.orders.get(leg="entry").type) == ("filled", "market")
    assert stop(market, link) == 45500
    compare_with_ledger(link, market)


def test_a_limit_rests_at_the_near_edge_even_inside_the_range(market, author, alice):
    link = link_account(alice, market)
    market.price("BTCUSDT", 45950)
    publish(author, long_btc(entry=Entry(kind=EntryKind.LIMIT)))
    settle(market)
    entry = only_copy().orders.get(leg="entry")
    assert (entry.type, entry.price) == ("limit", 46000)
    assert entry.average <= 46000  # marketable: filled at the better price
    compare_with_ledger(link, market)


def test_a_short_waits_at_the_lower_edge_and_is_stopped_above(market, author, alice):
    link = link_account(alice, market)
    publish(author, short_btc())
    settle(market)
    assert resting(market, link) == [("Sell", D(46500), D("0.010"))]
    market.price("BTCUSDT", 46550)
    settle(market)
    assert (only_copy().status, stop(market, link)) == ("filled", 47000)
    market.price("BTCUSDT", 47010)
    settle(market)
    assert end_of(only_copy()) == ("closed", Reason.STOP)
    compare_with_ledger(link, market)


# --- ladder --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("entry", "expected"),
    [
        (ladder(), ["0.010", "0.010", "0.010"]),
        (ladder(weighting=Weighting.LINEAR), ["0.005", "0.010", "0.015"]),
        (
            ladder(weighting=Weighting.CUSTOM, weights=(D(20), D(30), D(50))),
            ["0.006", "0.009", "0.015"],
        ),
    ],
)
def test_a_ladder_spreads_its_money_over_the_range(market, author, alice, entry, expected):
    link = link_account(alice, market, amount="138")
    publish(author, long_btc(entry=entry))
    settle(market)
    rests = buying(market, link)
    assert [price for price, _ in rests] == [46000, 45950, 45900]
    assert [quantity for _, quantity in rests] == [D(part) for part in expected]
    assert sum(price * quantity for price, quantity in rests) <= 1380
    copy = only_copy()
    assert copy.quantity == sum(quantity for _, quantity in rests)
    compare_with_ledger(link, market)


def test_a_ladder_fills_step_by_step_under_one_stop(market, author, alice):
    link = link_account(alice, market, amount="138")
    publish(author, long_btc(entry=ladder()))
    settle(market)
    for price, held in ((45990, "0.010"), (45940, "0.020"), (45890, "0.030")):
        market.price("BTCUSDT", price)
        settle(market)
        assert (size(market, link), stop(market, link)) == (D(held), 45500)
        assert only_copy().entered_quantity == D(held)
    assert only_copy().entry_average == 45950
    market.price("BTCUSDT", 45490)
    settle(market)
    copy = only_copy()
    assert (end_of(copy), copy.exited_quantity) == (("closed", Reason.STOP), D("0.030"))
    assert position(market, link) is None
    compare_with_ledger(link, market)


def test_a_step_that_fills_in_parts_is_counted_and_protected(market, author, alice):
    link = link_account(alice, market, amount="138")
    publish(author, long_btc(entry=ladder()))
    settle(market)
    market.price("BTCUSDT", 46000, ask=46000, ask_size="0.004")
    settle(market)
    copy = only_copy()
    assert (copy.status, copy.entered_quantity) == ("filled", D("0.004"))
    assert (size(market, link), stop(market, link)) == (D("0.004"), 45500)
    assert buying(market, link) == [
        (D(46000), D("0.006")),
        (D(45950), D("0.010")),
        (D(45900), D("0.010")),
    ]
    compare_with_ledger(link, market)


def test_steps_under_the_minimum_are_merged(market, author, alice):
    link = link_account(alice, market, amount="10")
    publish(author, long_btc(entry=ladder(5)))
    settle(market)
    rests = buying(market, link)
    assert len(rests) < 5
    assert all(quantity >= D("0.001") for _, quantity in rests)
    assert sum(price * quantity for price, quantity in rests) <= 100
    compare_with_ledger(link, market)


@pytest.mark.parametrize("fault", ["accept_then_reset", "drop_before", "not_json"])
def test_an_answer_lost_in_the_middle_of_a_ladder_doubles_nothing(
    market, author, alice, quick, fault
):
    link = link_account(alice, market, amount="138")
    market.fault(fault, path=CREATE, after=1, times=1)
    publish(author, long_btc(entry=ladder()))
    working.work()
    copy = only_copy()
    assert list(copy.orders.values_list("leg", "status")) == [
        *(("entry", "open"), ("entry-2", "unknown"), ("entry-3", "not_sent"))
    ]
    settle(market)
    assert [price for price, _ in buying(market, link)] == [46000, 45950, 45900]
    assert len(market.ledger(link.exchange_uid)["orders"]) == 3
    assert only_copy().status == "placed"
    compare_with_ledger(link, market)


def test_a_second_step_refused_for_margin_leaves_the_first_in_force(market, author, alice):
    link = link_account(alice, market, amount="138")
    market.fault("retcode", path=CREATE, code=110007, message="not enough", after=1, times=1)
    publish(author, long_btc(entry=ladder()))
    settle(market)
    copy = only_copy()
    assert copy.status == "placed"
    assert copy.orders.get(leg="entry-2").status == "rejected"
    assert [price for price, _ in buying(market, link)] == [46000, 45900]
    market.price("BTCUSDT", 45990)
    settle(market)
    assert (size(market, link), stop(market, link)) == (D("0.010"), 45500)
    compare_with_ledger(link, market)


@pytest.mark.parametrize("trouble", ["attention", "paused"])
def test_a_step_that_has_not_left_waits_for_its_connection(market, author, alice, trouble):
    link = link_account(alice, market, amount="138")
    market.fault("retcode", path=CREATE, code=10002, message="busy", after=1, times=1)
    publish(author, long_btc(entry=ladder()))
    working.work()
    assert [price for price, _ in buying(market, link)] == [46000]
    if trouble == "attention":
        Connection.objects.update(status="attention", reason="can_withdraw")
    else:
        copying.pause(link)
    settle(market)
    assert [price for price, _ in buying(market, link)] == [46000]  # what rests stays
    Connection.objects.update(status="connected", reason="")
    copying.resume(link)
    settle(market)
    assert [price for price, _ in buying(market, link)] == [46000, 45950, 45900]
    compare_with_ledger(link, market)


def test_a_ladder_planned_again_never_sends_a_step_of_the_former_plan(market, author, alice, quick):
    """The equity has fallen in between: the smaller plan merges steps, and theirs stay unsent."""
    link = link_account(alice, market, sizing="equity_percent", amount="2")
    market.fault("drop_before", path=CREATE, times=1)
    publish(author, long_btc(entry=ladder()))
    working.work()
    assert only_copy().status == "unknown"
    assert Order.objects.count() == 3
    market.post(f"accounts/{link.exchange_uid}", balance="400")
    link.__class__.objects.filter(pk=link.pk).update(balance_at=None)
    settle(market)
    spent = sum(price * quantity for price, quantity in buying(market, link))
    assert 0 < spent <= 80
    compare_with_ledger(link, market)


# --- trigger -------------------------------------------------------------------------------------


def test_an_entry_waits_until_the_price_has_risen_to_its_trigger(market, author, alice):
    link = link_account(alice, market)
    publish(author, long_btc(entry=trigger(46400)))
    settle(market)
    assert Signal.objects.get().terms["entry"]["trigger_rises"] is True
    market.price("BTCUSDT", 45950)  # inside the range, but the trigger has not been crossed
    settle(market)
    assert (only_copy().status, position(market, link)) == ("placed", None)
    market.price("BTCUSDT", 46400)
    settle(market)
    assert (only_copy().status, position(market, link)) == ("placed", None)
    market.price("BTCUSDT", 45990)
    settle(market)
    assert (only_copy().status, stop(market, link)) == ("filled", 45500)
    compare_with_ledger(link, market)


def test_an_entry_waits_until_the_price_has_fallen_to_its_trigger(market, author, alice):
    link = link_account(alice, market)
    publish(author, long_btc(entry=trigger(45950)))
    settle(market)
    assert Signal.objects.get().terms["entry"]["trigger_rises"] is False
    market.price("BTCUSDT", 45990)
    settle(market)
    assert position(market, link) is None
    market.price("BTCUSDT", 45950)
    settle(market)
    assert (only_copy().status, stop(market, link)) == ("filled", 45500)
    assert only_copy().entry_average <= 46000
    compare_with_ledger(link, market)


@pytest.mark.parametrize(("level", "crossed"), [(46400, 46450), (46200, 46150)])
def test_a_price_that_crosses_between_plan_and_order_is_planned_again(
    market, author, alice, monkeypatch, level, crossed
):
    link = link_account(alice, market)
    publish(author, long_btc(entry=trigger(level)))
    act = working._act

    def late(task, lease):
        market.price("BTCUSDT", crossed)
        act(task, lease)

    with monkeypatch.context() as patch:
        patch.setattr(working, "_act", late)
        working.work()
    copy = only_copy()
    assert (copy.status, copy.orders.get().status) == ("pending", "not_sent")
    settle(market)
    assert only_copy().status == "placed"
    (order,) = market.ledger(link.exchange_uid)["orders"]
    assert (order["orderStatus"], order["triggerPrice"], order["price"]) == ("New", "", "46000")
    compare_with_ledger(link, market)


def test_a_trigger_that_was_crossed_before_the_worker_came_is_a_plain_limit(market, author, alice):
    link = link_account(alice, market)
    publish(author, long_btc(entry=trigger(46400)))
    market.price("BTCUSDT", 46450)
    settle(market)
    assert resting(market, link) == [("Buy", D(46000), D("0.010"))]
    (order,) = market.ledger(link.exchange_uid)["orders"]
    assert order["orderStatus"] == "New"
    compare_with_ledger(link, market)


# --- expiry --------------------------------------------------------------------------------------


def expect_expiry(market, link, user, reason):
    settle(market)
    assert end_of(only_copy()) == ("expired", reason)
    assert resting(market, link) == []
    assert codes(user).count("expired") == 1
    compare_with_ledger(link, market)


def publish_earlier(author, draft, minutes):
    signal = publish(author, draft)
    working.work()
    Signal.objects.filter(pk=signal.pk).update(
        published_at=timezone.now() - timedelta(minutes=minutes)
    )
    return signal


@pytest.mark.parametrize("by_beat", [True, False])
def test_entries_expire_by_time(market, author, alice, by_beat):
    link = link_account(alice, market, amount="138")
    expiry = Expiry(after=timedelta(minutes=30))
    publish_earlier(author, long_btc(entry=ladder(), expiry=expiry), 31)
    if by_beat:
        follow()
        assert Signal.objects.get().lapse_reason == Reason.ENTRY_EXPIRED
    expect_expiry(market, link, alice, Reason.ENTRY_EXPIRED)


def test_entries_expire_when_the_first_target_comes_first(market, author, alice):
    link = link_account(alice, market)
    publish(author)
    settle(market)
    market.price("BTCUSDT", 47000)
    follow()
    expect_expiry(market, link, alice, Reason.TARGET_FIRST)
    follow()
    signal = Signal.objects.get()
    assert (signal.status, signal.outcome) == ("closed", "expired")


def test_entries_stay_when_the_first_target_does_not_end_them(market, author, alice):
    link = link_account(alice, market)
    publish(author, long_btc(expiry=Expiry(at_first_target=False)))
    settle(market)
    market.price("BTCUSDT", 47000)
    follow()
    settle(market)
    assert only_copy().status == "placed"
    assert len(resting(market, link)) == 1


def test_entries_expire_when_the_price_leaves_the_range_behind(market, author, alice):
    link = link_account(alice, market)
    publish(author, long_btc(expiry=Expiry(beyond_percent=D(1))))
    settle(market)
    market.price("BTCUSDT", 46459)
    follow()
    settle(market)
    assert only_copy().status == "placed"
    market.price("BTCUSDT", 46460)
    follow()
    expect_expiry(market, link, alice, Reason.RANGE_LEFT)


def test_what_has_filled_goes_on_when_the_rest_expires(market, author, alice):
    link = link_account(alice, market, amount="138")
    expiry = Expiry(after=timedelta(minutes=30))
    publish_earlier(author, long_btc(entry=ladder(), expiry=expiry), 29)
    market.price("BTCUSDT", 45990)
    settle(market)
    Signal.objects.update(published_at=timezone.now() - timedelta(minutes=31))
    settle(market)
    copy = only_copy()
    assert (copy.status, size(market, link), stop(market, link)) == ("filled", D("0.010"), 45500)
    assert resting(market, link) == []
    market.price("BTCUSDT", 47000)
    settle(market)
    assert end_of(only_copy()) == ("closed", Reason.TARGET)
    compare_with_ledger(link, market)


def test_an_entry_that_was_never_sent_expires_by_the_signals_own_terms(market, author, alice):
    link = link_account(alice, market)
    signal = publish(author)
    publishing.lapse(signal, Reason.RANGE_LEFT, now=timezone.now())
    work_now()
    assert end_of(only_copy()) == ("expired", Reason.RANGE_LEFT)
    assert market.ledger(link.exchange_uid)["orders"] == []
    assert Copy.objects.count() == 1

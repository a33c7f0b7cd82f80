"""Crashes and lost answers in the middle of what issue 3 added: nothing doubled, nothing bare."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from exchanges.domain.errors import RateLimited
from signals.domain.reasons import Reason
from signals.models import Copy, Order
from signals.services import observing, publishing, working
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
from tests.integration.signals.test_changes import amend, reduce
from tests.integration.signals.test_copy_life import compare_with_ledger, publish
from tests.integration.signals.test_entries import ladder, trigger
from tests.integration.signals.test_targets_and_stops import THREE, TWO, enter, go_to, is_covered

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def _quick(settings):
    settings.HTTP_READ_TIMEOUT, settings.RECV_WINDOW_MS, settings.SETTLE_SECONDS = 1, 1000, 0


def die_after(monkeypatch, sent):
    """One round of a worker that dies after so many requests, and the end of its lease."""
    act = working.act

    def part(copy, actions, orders, exchange, lease):
        return act(copy, actions[:sent], orders, exchange, lease)

    with monkeypatch.context() as patch:
        patch.setattr(working, "act", part)
        patch.setattr(working, "_finish", lambda *_: None)
        Copy.objects.filter(due_at__isnull=False).update(due_at=timezone.now())
        assert working.work()
    Copy.objects.update(lease_until=timezone.now() - timedelta(seconds=1))


@pytest.mark.parametrize("sent", [0, 1, 2, 3])
def test_a_worker_that_dies_in_the_middle_of_a_ladder(market, author, alice, monkeypatch, sent):
    link = link_account(alice, market, amount="138", leverage={"BTCUSDT": "10"})
    publish(author, long_btc(entry=ladder()))
    die_after(monkeypatch, sent)
    settle(market)
    assert buying(market, link) == [
        *((D(46000), D("0.010")), (D(45950), D("0.010")), (D(45900), D("0.010")))
    ]
    assert len(market.ledger(link.exchange_uid)["orders"]) == 3
    compare_with_ledger(link, market)


@pytest.mark.parametrize("sent", [0, 1, 3])
def test_a_worker_that_dies_while_it_places_targets(market, author, alice, monkeypatch, sent):
    link = link_account(alice, market, amount="100")
    market.price("BTCUSDT", 45950)
    publish(author, long_btc(targets=THREE))
    working.work()
    die_after(monkeypatch, sent)
    settle(market)
    assert len(selling(market, link)) == 3
    assert is_covered(market, link)
    compare_with_ledger(link, market)


@pytest.mark.parametrize("sent", [0, 1, 2, 3])
def test_a_worker_that_dies_while_it_closes(market, author, alice, monkeypatch, sent):
    link, signal = enter(market, author, alice, amount="100", draft=long_btc(targets=TWO))
    publishing.close(signal, actor=author, now=timezone.now())
    die_after(monkeypatch, sent)
    settle(market)
    assert end_of(only_copy()) == ("closed", Reason.CLOSED_BY_AUTHOR)
    assert (position(market, link), resting(market, link)) == (None, [])
    compare_with_ledger(link, market)


@pytest.mark.parametrize("sent", [0, 1])
def test_a_worker_that_dies_while_it_reduces(market, author, alice, monkeypatch, sent):
    link, signal = enter(market, author, alice, amount="100", draft=long_btc(targets=TWO))
    reduce(signal, author, 50)
    die_after(monkeypatch, sent)
    settle(market)
    assert size(market, link) == D("0.011")
    assert is_covered(market, link)
    compare_with_ledger(link, market)


@pytest.mark.parametrize("fault", ["accept_then_reset", "drop_before"])
@pytest.mark.parametrize("path", ["/v5/order/cancel", "/v5/order/amend"])
def test_lost_answers_to_changes_of_a_ladder(market, author, alice, path, fault):
    link = link_account(alice, market, amount="138")
    signal = publish(author, long_btc(entry=ladder()))
    settle(market)
    market.fault(fault, path=path, times=1)
    amend(signal, author, stop=D(45600), entry_high=D(46020))
    settle(market)
    assert [price for price, _ in buying(market, link)] == [46020, 45960, 45900]
    publishing.cancel_entries(signal, actor=author, now=timezone.now())
    settle(market)
    assert end_of(only_copy()) == ("expired", Reason.ENTRY_CANCELLED)
    assert resting(market, link) == []
    compare_with_ledger(link, market)


@pytest.mark.parametrize("fault", ["accept_then_reset", "drop_before", "not_json"])
def test_lost_answers_to_a_change_of_the_stop(market, author, alice, fault):
    link, signal = enter(market, author, alice)
    market.fault(fault, path="/v5/position/trading-stop", times=1)
    amend(signal, author, stop=D(45600))
    settle(market)
    copy = only_copy()
    assert (copy.status, stop(market, link), copy.applied_revision) == ("filled", 45600, 2)
    compare_with_ledger(link, market)


@pytest.mark.parametrize("fault", ["accept_then_reset", "drop_before"])
def test_a_lost_answer_to_an_entry_with_a_trigger(market, author, alice, fault):
    link = link_account(alice, market)
    market.fault(fault, path="/v5/order/create", times=1)
    publish(author, long_btc(entry=trigger(46400)))
    settle(market)
    (order,) = market.ledger(link.exchange_uid)["orders"]
    assert (order["orderStatus"], order["triggerPrice"]) == ("Untriggered", "46400")
    assert only_copy().status == "placed"
    compare_with_ledger(link, market)


def test_a_lost_entry_is_not_sent_again_once_its_trigger_may_not_be_waited_for(
    market, author, alice
):
    """The signal was closed while the entry's fate was unknown."""
    link = link_account(alice, market)
    market.fault("drop_before", path="/v5/order/create", times=1)
    signal = publish(author, long_btc(entry=trigger(46400)))
    working.work()
    publishing.close(signal, actor=author, now=timezone.now())
    settle(market)
    assert only_copy().status == "expired"
    assert market.ledger(link.exchange_uid)["orders"] == []


# --- hedge mode and the trader's other business --------------------------------------------------


def test_a_whole_life_in_hedge_mode_leaves_the_other_side_alone(market, author, alice):
    link = link_account(alice, market, amount="100", hedge=True)
    market.price("BTCUSDT", 45950)
    signal = publish(author, long_btc(targets=THREE))
    settle(market)
    theirs = {"side": "Sell", "orderType": "Market", "qty": "0.005", "positionIdx": 2}
    by_hand(market, link, "order", **theirs)
    by_hand(market, link, "close", side="Buy", qty="0.004")
    settle(market)
    go_to(market, 46501)
    amend(signal, author, stop=D(45700))
    reduce(signal, author, 50)
    settle(market)
    sides = {row["side"]: row for row in market.ledger(link.exchange_uid)["positions"]}
    assert (sides["Buy"]["stopLoss"], sides["Sell"]["size"]) == ("45700", "0.005")
    assert D(sides["Sell"]["stopLoss"] or 0) == 0
    assert sum(left for _, left in selling(market, link)) == D(sides["Buy"]["size"])
    go_to(market, 45700)
    assert end_of(only_copy()) == ("closed", Reason.STOP)
    (left,) = market.ledger(link.exchange_uid)["positions"]
    assert (left["side"], left["size"]) == ("Sell", "0.005")
    compare_ours(link, market)


def test_orders_of_the_traders_own_are_never_withdrawn(market, author, alice):
    link, signal = enter(market, author, alice, amount="100", draft=long_btc(targets=TWO))
    by_hand(market, link, "order", side="Buy", orderType="Limit", qty="0.002", price="40000")
    publishing.close(signal, actor=author, now=timezone.now())
    settle(market)
    assert end_of(only_copy()) == ("closed", Reason.CLOSED_BY_AUTHOR)
    rests = [
        row for row in market.ledger(link.exchange_uid)["orders"] if row["orderStatus"] == "New"
    ]
    assert [(row["price"], row["orderLinkId"]) for row in rests] == [("40000", "")]
    compare_ours(link, market)


def test_a_close_goes_through_beside_the_traders_own_limit(market, author, alice):
    link, signal = enter(market, author, alice)
    by_hand(market, link, "close", price="46100")
    settle(market)
    publishing.close(signal, actor=author, now=timezone.now())
    settle(market)
    assert end_of(only_copy()) == ("closed", Reason.CLOSED_BY_AUTHOR)
    assert position(market, link) is None
    compare_ours(link, market)


def test_an_order_that_may_not_be_asked_for_yet_takes_nothing_from_the_look(market, author, alice):
    """Where the position keeps its stop, no fill can be taken for another's."""
    enter(market, author, alice, amount="100")

    class Shows:
        def nothing(self, *args):
            return []

        positions = orders_since = fills_since = closed_pnl_since = nothing

        def find_order(self, symbol, link_id):
            raise RateLimited("full")

    seen = observing.Observation()
    Order.objects.update(status="open")
    observing._look_at_all(only_copy(), list(Order.objects.all()), Shows(), seen)
    assert (seen.is_full, seen.unshown, seen.lookups) == (True, set(), {})

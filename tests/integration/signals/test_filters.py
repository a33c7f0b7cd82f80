"""Rules of a contract that change while we trade it: what is refused, and what comes after."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from exchanges import tasks
from exchanges.models import Instrument
from signals.domain.draft import StopKind, StopRule
from signals.domain.linting import Problem
from signals.domain.reasons import Reason
from signals.models import Copy
from signals.services import publishing, working
from signals.services.copying import close_copy
from tests.fixtures.people import link_account, long_btc
from tests.integration.signals.steps import (
    D,
    by_hand,
    only_copy,
    position,
    selling,
    settle,
    size,
    stop,
    targets,
)
from tests.integration.signals.test_changes import amend
from tests.integration.signals.test_copy_life import compare_with_ledger, publish, work_now
from tests.integration.signals.test_targets_and_stops import enter

pytestmark = pytest.mark.django_db(transaction=True)
CREATE = "/v5/order/create"
INFO = "/v5/market/instruments-info"


def change(market, **rules):
    market.post("instruments/BTCUSDT", **rules)


def bitcoin():
    return Instrument.objects.get(symbol="BTCUSDT")


def read_doubted():
    """What a worker does when it is rung for."""
    assert bitcoin().doubted_at is not None
    tasks.refresh_instrument(bitcoin().pk)


@pytest.mark.parametrize(
    "rules",
    [
        {"step": "0.02"},  # 10001, "Qty invalid"
        {"min_qty": "0.05", "step": "0.01"},  # 10001, "… exceeds minimum limit allowed"
        {"min_notional": "500"},  # 110094
        {"max_leverage": "8"},  # 110013, of the leverage that goes before it
        {"status": "Delivering"},  # 110042
    ],
)
def test_a_refused_entry_is_final_and_the_rules_are_read_by_somebody_else(
    market, author, alice, rules
):
    link = link_account(alice, market, default_leverage=5)
    change(market, **rules)
    before = market.paths()
    publish(author)
    working.work()
    copy = only_copy()
    assert copy.status == "rejected"
    assert copy.reason in {
        Reason.ORDER_INVALID,
        Reason.SYMBOL_NOT_TRADABLE,
        Reason.REJECTED_BY_EXCHANGE,
    }
    assert market.paths()[INFO] == before[INFO]  # nothing is read in the order's way
    read_doubted()
    assert market.paths()[INFO] == before[INFO] + 1
    after = market.paths().get(CREATE)
    settle(market)
    assert market.paths().get(CREATE) == after
    assert only_copy().status == "rejected"
    compare_with_ledger(link, market)


def test_whose_entry_has_not_left_yet_is_sized_by_the_new_rules(market, author, alice, bob):
    link_account(alice, market)
    later = link_account(bob, market, amount="100")
    change(market, step="0.02", min_qty="0.02")
    publish(author)
    waiting = Copy.objects.filter(connection=later)
    waiting.update(due_at=timezone.now() + timedelta(hours=1))
    working.work()
    assert only_copy(user=alice).status == "rejected"
    read_doubted()
    waiting.update(due_at=timezone.now())
    working.work()
    copy = waiting.get()
    assert (copy.status, copy.quantity) == ("placed", D("0.02"))
    compare_with_ledger(later, market)


def test_many_refusals_are_one_doubt(market, author, alice, bob):
    for person in (alice, bob):
        link_account(person, market)
    change(market, step="0.02")
    publish(author)
    working.work()
    first = bitcoin().doubted_at
    assert set(Copy.objects.values_list("status", flat=True)) == {"rejected"}
    read_doubted()
    before = market.paths()[INFO]
    tasks.refresh_forgotten()
    assert (market.paths()[INFO], bitcoin().doubted_at) == (before, first)


def test_a_refused_target_is_placed_by_the_new_rules(market, author, alice):
    two = targets((46500, 30), (47000, 70))
    link = link_account(alice, market, amount="231")
    market.price("BTCUSDT", 45950)
    publish(author, long_btc(targets=two))
    working.work()
    assert size(market, link) == D("0.05")
    change(market, step="0.01", min_qty="0.01")
    work_now()
    assert selling(market, link) == []
    assert only_copy().status == "filled"
    read_doubted()
    settle(market)
    assert selling(market, link) == [(46500, D("0.01")), (47000, D("0.04"))]
    compare_with_ledger(link, market)


def test_a_target_that_stays_refused_is_given_up(market, author, alice):
    two = targets((46500, 40), (47000, 60))
    link = link_account(alice, market, amount="93")
    market.price("BTCUSDT", 45950)
    publish(author, long_btc(targets=two))
    working.work()
    before = market.paths()[CREATE]
    market.fault("retcode", path=CREATE, code=110094, message="too small")
    counts = []
    for _ in range(8):
        work_now()
        counts.append(market.paths()[CREATE] - before)
    assert counts == [1, 2, 3, 4, 5, 5, 5, 5]  # three tries and a last one, then the other's
    assert stop(market, link) == 45500
    compare_with_ledger(link, market)


def test_other_errors_use_up_none_of_a_targets_refusals(market, author, alice):
    """An exchange that was busy for a while, and then a step that has become coarser."""
    two = targets((46500, 30), (47000, 70))
    link = link_account(alice, market, amount="231")
    market.price("BTCUSDT", 45950)
    publish(author, long_btc(targets=two))
    working.work()
    change(market, step="0.01", min_qty="0.01")
    market.fault("retcode", path=CREATE, code=10002, message="busy", times=5)
    for _ in range(6):
        work_now()
    assert only_copy().attempts == 6
    assert bitcoin().doubted_at is not None
    read_doubted()
    settle(market)
    assert selling(market, link) == [(46500, D("0.01")), (47000, D("0.04"))]
    compare_with_ledger(link, market)


BREAK_EVEN = {
    "targets": targets((46500, 50), (47000, 50)),
    "stop_rule": StopRule(StopKind.BREAK_EVEN),
}


def moving_its_stop_by_an_old_tick(market, author, alice):
    """A trade whose stop is to move to break-even, which was reckoned with ticks of 0.1."""
    link, _ = enter(market, author, alice, amount="93", draft=long_btc(**BREAK_EVEN))
    change(market, tick="0.5")
    market.price("BTCUSDT", 46501)
    work_now()
    work_now()
    assert market.get("requests")["refusals"]["10001"] > 0
    return link


def test_a_stop_that_moves_off_a_new_tick_is_moved_by_the_new_rules(market, author, alice):
    link = moving_its_stop_by_an_old_tick(market, author, alice)
    assert (stop(market, link), size(market, link)) == (45500, D("0.01"))
    read_doubted()
    settle(market)
    assert stop(market, link) > 46000
    assert stop(market, link) % D("0.5") == 0
    assert size(market, link) == D("0.01")


def test_a_stop_that_stays_refused_still_leads_out(market, author, alice):
    link = moving_its_stop_by_an_old_tick(market, author, alice)
    settle(market)
    assert size(market, link) == 0
    assert only_copy().status == "closed"
    compare_with_ledger(link, market)


def test_a_close_beyond_a_bound_that_sank_is_done_in_parts(market, author, alice):
    link, _ = enter(market, author, alice)
    assert size(market, link) == D("0.01")
    change(market, max_market_qty="0.006")
    close_copy(only_copy(), reason=Reason.CLOSED_BY_TRADER, now=timezone.now())
    work_now()
    assert size(market, link) == D("0.01")
    read_doubted()
    settle(market)
    assert size(market, link) == 0
    assert only_copy().reason == Reason.CLOSED_BY_TRADER
    compare_with_ledger(link, market)


def test_a_target_off_a_new_tick_is_placed_nearer_to_the_entry(market, author, alice):
    two = targets(("46500.3", 50), ("47000.2", 50))
    link = link_account(alice, market, amount="93")
    market.price("BTCUSDT", 45950)
    publish(author, long_btc(targets=two))
    working.work()
    change(market, tick="0.5")
    work_now()
    assert selling(market, link) == []
    read_doubted()
    settle(market)
    assert selling(market, link) == [(46500, D("0.01")), (47000, D("0.01"))]
    compare_with_ledger(link, market)


def test_a_stop_of_the_traders_own_keeps_being_theirs_by_a_new_tick(market, author, alice):
    link, signal = enter(market, author, alice, amount="93")
    by_hand(market, link, "stop", stopLoss="45700.3")
    settle(market)
    change(market, tick="0.5")
    amend(signal, author, targets=targets((46800, 100)))
    work_now()
    read_doubted()
    settle(market)
    assert (stop(market, link), only_copy().own_stop) == (D("45700.5"), D("45700.5"))
    assert position(market, link)["takeProfit"] == "46800"
    assert only_copy().status == "filled"


def test_a_close_of_what_is_off_a_new_step_is_done_to_the_end(market, author, alice):
    link, _ = enter(market, author, alice, amount="53")
    assert size(market, link) == D("0.011")
    change(market, step="0.01", min_qty="0.01")
    close_copy(only_copy(), reason=Reason.CLOSED_BY_TRADER, now=timezone.now())
    work_now()
    assert size(market, link) == D("0.011")
    read_doubted()
    settle(market)
    assert size(market, link) == 0
    assert only_copy().reason == Reason.CLOSED_BY_TRADER
    compare_with_ledger(link, market)


def test_a_delisting_is_noticed_by_the_first_order_that_it_refuses(market, author, alice):
    link_account(alice, market)
    change(market, status="Delivering")
    publish(author)
    working.work()
    assert only_copy().reason == Reason.SYMBOL_NOT_TRADABLE
    read_doubted()
    with pytest.raises(publishing.SignalRefused) as refused:
        publish(author)
    assert [found.problem for found in refused.value.findings] == [Problem.SYMBOL_DELISTED]

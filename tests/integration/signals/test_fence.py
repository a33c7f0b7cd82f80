"""An order of unknown fate: found at any time, absent only after the fence and the third look."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from exchanges.adapters.bybit.gateway import BybitExchange
from signals.domain.reasons import Reason
from signals.models import Copy, Order
from signals.services import publishing, working
from signals.services.ledger import ABSENCES
from tests.fixtures.people import link_account, long_btc
from tests.integration.signals.steps import by_hand, only_copy, size, targets
from tests.integration.signals.test_copy_life import compare_with_ledger, publish, work_now

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def _quick(settings):
    settings.HTTP_READ_TIMEOUT, settings.RECV_WINDOW_MS, settings.SETTLE_SECONDS = 1, 1000, 0


def look():
    Copy.objects.update(due_at=timezone.now())
    return working.work()


def entry():
    return Order.objects.get(leg="entry")


def lose_answer(market, author, alice, fault):
    link = link_account(alice, market)
    publish(author)
    market.fault(fault, path="/v5/order/create", times=1)
    working.work()
    assert only_copy().status == "unknown"
    return link


def pass_fence():
    Order.objects.update(conclusive_at=timezone.now() - timedelta(seconds=1))


def test_the_next_look_comes_after_the_fence(market, author, alice, settings):
    before = timezone.now()
    lose_answer(market, author, alice, "drop_before")

    fence = settings.RECV_WINDOW_MS / 1000 + 1 + settings.SETTLE_SECONDS
    assert only_copy().due_at >= before + timedelta(seconds=fence)
    assert entry().conclusive_at >= before + timedelta(seconds=fence)


def test_a_look_before_the_fence_concludes_nothing(market, author, alice):
    link = lose_answer(market, author, alice, "drop_before")
    for _ in range(ABSENCES + 2):
        look()
    order = entry()
    assert (order.status, order.absences, only_copy().status) == ("unknown", 0, "unknown")
    assert only_copy().due_at >= order.conclusive_at  # it is not looked at again and again
    assert market.ledger(link.exchange_uid)["orders"] == []


def test_what_is_found_before_the_fence_is_taken_in(market, author, alice):
    link = lose_answer(market, author, alice, "accept_then_reset")
    look()
    assert (only_copy().status, entry().conclusive_at) == ("placed", None)
    compare_with_ledger(link, market)


def test_only_the_third_look_says_that_it_never_arrived(market, author, alice):
    link = lose_answer(market, author, alice, "drop_before")
    pass_fence()
    for number in range(1, ABSENCES):
        look()
        assert (entry().status, entry().absences) == ("unknown", number)
        assert only_copy().due_at <= timezone.now() + timedelta(seconds=1.5)
    assert market.ledger(link.exchange_uid)["orders"] == []
    look()
    assert only_copy().status == "placed"  # sent again, under the same id
    assert [row["orderLinkId"] for row in market.ledger(link.exchange_uid)["orders"]] == [
        entry().link_id
    ]


def test_a_dead_workers_order_is_looked_up_without_waiting_for_leases(
    market, author, alice, monkeypatch
):
    """Its lease was the fence already: nothing says when the answer would be conclusive."""
    link = link_account(alice, market)
    publish(author)
    with monkeypatch.context() as patch:
        patch.setattr(working, "_act", lambda *_: None)
        patch.setattr(working, "_finish", lambda *_: None)
        working.work()
    Copy.objects.update(lease_until=timezone.now() - timedelta(seconds=1))
    for number in range(1, ABSENCES):
        look()
        assert (entry().status, entry().absences) == ("submitting", number)
        assert only_copy().lease_token is None
        assert only_copy().due_at <= timezone.now() + timedelta(seconds=1.5)
    look()
    assert only_copy().status == "placed"
    assert len(market.ledger(link.exchange_uid)["orders"]) == 1


def test_an_order_that_shows_late_is_not_sent_again(market, author, alice, monkeypatch):
    link = lose_answer(market, author, alice, "accept_then_reset")
    pass_fence()
    blind = [2]  # looks at which the exchange does not show what it has taken
    find = BybitExchange.find_order

    def find_late(self, symbol, link_id):
        if blind[0]:
            blind[0] -= 1
            return None
        return find(self, symbol, link_id)

    monkeypatch.setattr(BybitExchange, "find_order", find_late)
    sent = market.paths()["/v5/order/create"]
    for _ in range(3):
        look()
    assert only_copy().status == "placed"
    assert market.paths()["/v5/order/create"] == sent
    compare_with_ledger(link, market)


def test_a_worker_that_takes_over_looks_three_times_too(market, author, alice, monkeypatch):
    link = link_account(alice, market)
    publish(author)
    with monkeypatch.context() as patch:
        patch.setattr(working, "_finish", lambda *_: None)  # killed after it was sent
        working.work()
    assert entry().status == "submitting"
    Copy.objects.update(due_at=timezone.now())
    assert working.work() == 0  # its lease outlives the request
    Copy.objects.update(lease_until=timezone.now() - timedelta(seconds=1))
    market.fault("drop_before", path="/v5/order/realtime", times=1)
    look()
    assert entry().status == "submitting"  # no answer is no absence
    assert entry().absences == 0
    look()
    assert only_copy().status == "placed"
    assert len(market.ledger(link.exchange_uid)["orders"]) == 1
    compare_with_ledger(link, market)


def test_a_change_does_not_hurry_the_look(market, author, alice):
    lose_answer(market, author, alice, "drop_before")
    signal = only_copy().signal
    publishing.close(signal, actor=author, now=timezone.now())
    look()
    assert entry().status == "unknown"
    pass_fence()
    for _ in range(ABSENCES + 1):
        look()
    assert only_copy().status == "expired"


def test_a_stop_that_is_refused_beside_it_neither_hurries_the_looks_nor_delays_them(
    market, author, alice
):
    link = link_account(alice, market, amount="93")
    market.price("BTCUSDT", 45950)
    publish(author, long_btc(targets=targets((46500, 50), (47000, 50))))
    working.work()
    market.fault("drop_before", path="/v5/order/create", times=1)
    look()
    assert Order.objects.get(leg="target-1").status == "unknown"
    by_hand(market, link, "stop", stopLoss="0")
    code, message = 10001, "sl:45500 set for Buy position should lower than base_price"
    market.fault("retcode", path="/v5/position/trading-stop", code=code, message=message)
    for _ in range(6):
        look()
        pause = only_copy().due_at - timezone.now()
        assert timedelta(seconds=0.6) < pause < timedelta(seconds=1.5)
    assert only_copy().close_reason == Reason.STOP_MISSING
    pass_fence()
    for _ in range(ABSENCES):
        look()
    work_now()
    assert size(market, link) == 0

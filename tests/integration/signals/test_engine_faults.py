"""What must hold when things go wrong, or when the author changes their mind."""

from __future__ import annotations

import time
from datetime import timedelta
from decimal import Decimal

import pytest
from django.db import IntegrityError
from django.utils import timezone
from pybit.unified_trading import HTTP

from exchanges.adapters.bybit.gateway import BybitExchange
from exchanges.domain.errors import OrderRejected
from exchanges.governor import governor
from exchanges.models import Connection
from signals.domain.draft import TargetDraft
from signals.domain.reasons import Reason
from signals.models import Copy, Order
from signals.services import publishing, working
from signals.services.claiming import claim
from signals.services.copying import close_copy
from signals.services.sweeping import let_expire
from tests.fixtures.people import link_account, long_btc
from tests.integration.signals.test_copy_life import (
    codes,
    compare_with_ledger,
    publish,
    work_now,
)

pytestmark = pytest.mark.django_db(transaction=True)
CREATE = "/v5/order/create"
TWO = (TargetDraft(Decimal(46500), Decimal(40)), TargetDraft(Decimal(47000), Decimal(60)))


@pytest.fixture
def quick(settings):
    settings.HTTP_READ_TIMEOUT, settings.RECV_WINDOW_MS, settings.SETTLE_SECONDS = 1, 1000, 0


def only_copy():
    return Copy.objects.select_related("signal").get()


def end_leases():
    Copy.objects.update(lease_until=timezone.now() - timedelta(seconds=1))


@pytest.mark.parametrize("fault", ["accept_then_reset", "not_json", "no_order_id"])
def test_a_lost_answer_never_doubles_an_order(market, author, alice, quick, fault):
    link = link_account(alice, market)
    market.fault(fault, path=CREATE, times=1)
    publish(author)
    working.work()
    assert only_copy().status == "unknown"
    for _ in range(3):
        work_now()
    assert only_copy().status == "placed"
    assert len(market.ledger(link.exchange_uid)["orders"]) == 1
    compare_with_ledger(link, market)


def test_an_order_that_never_arrived_is_sent_again_with_the_same_id(market, author, alice, quick):
    link = link_account(alice, market)
    market.fault("drop_before", path=CREATE, times=1)
    publish(author)
    working.work()
    copy = only_copy()
    assert copy.status == "unknown"
    first = copy.orders.get().link_id
    work_now()
    assert only_copy().status == "placed"
    (order,) = market.ledger(link.exchange_uid)["orders"]
    assert order["orderLinkId"] == first


def test_a_worker_that_died_after_sending_is_replaced_without_a_second_order(
    market, author, alice, monkeypatch
):
    link = link_account(alice, market)
    publish(author)
    with monkeypatch.context() as patch:
        patch.setattr(working, "_finish", lambda *_: None)  # dies before it writes the answer
        working.work()
    copy = only_copy()
    assert (copy.status, copy.orders.get().status) == ("pending", "submitting")
    assert claim(10) is None  # its lease still holds
    end_leases()
    work_now()
    copy.refresh_from_db()
    assert copy.status == "placed"
    assert len(market.ledger(link.exchange_uid)["orders"]) == 1


def test_a_worker_that_died_before_sending_is_replaced(market, author, alice, monkeypatch):
    link = link_account(alice, market)
    publish(author)
    with monkeypatch.context() as patch:
        patch.setattr(working, "_act", lambda *_: None)
        patch.setattr(working, "_finish", lambda *_: None)
        working.work()
    assert only_copy().orders.get().status == "submitting"
    end_leases()
    work_now()
    assert only_copy().status == "placed"
    assert len(market.ledger(link.exchange_uid)["orders"]) == 1


def test_an_entry_that_a_dead_worker_may_have_sent_is_not_refused_for_a_dead_key(
    market, author, alice, monkeypatch
):
    link = link_account(alice, market, api_key="dying-key")
    publish(author)
    with monkeypatch.context() as patch:
        patch.setattr(working, "_finish", lambda *_: None)  # dies before it writes the answer
        working.work()
    market.post("keys/dying-key", revoked=True)
    end_leases()
    work_now()
    assert only_copy().status == "pending"  # the order may stand, and does
    market.post("keys/dying-key", revoked=False)
    work_now()
    assert only_copy().status == "placed"
    compare_with_ledger(link, market)


def test_a_worker_that_stood_still_before_it_signed_sends_nothing(
    market, author, alice, settings, monkeypatch
):
    """Its lease was looked at in time, but a signature of now would be taken at any time."""
    link = link_account(alice, market)
    settings.SEND_BUDGET_SECONDS = 1
    place = HTTP.place_order

    def place_late(self, **order):
        time.sleep(1.1)
        return place(self, **order)

    publish(author)
    with monkeypatch.context() as patch:
        patch.setattr(HTTP, "place_order", place_late)
        working.work()
    assert market.ledger(link.exchange_uid)["orders"] == []
    assert only_copy().orders.get().status == "not_sent"
    work_now()
    assert only_copy().status == "placed"


def test_a_late_writer_changes_nothing(market, author, alice, monkeypatch):
    link_account(alice, market)
    publish(author)
    kept = []
    with monkeypatch.context() as patch:
        patch.setattr(working, "_finish", lambda tasks, lease: kept.append((tasks, lease)))
        working.work()
    end_leases()
    work_now()
    before = Copy.objects.values().get()
    working._finish(*kept[0])
    assert Copy.objects.values().get() == before


def test_an_entry_is_never_sent_late(market, author, alice):
    link = link_account(alice, market)
    signal = publish(author)
    Copy.objects.filter(signal=signal).update(created_at=timezone.now() - timedelta(seconds=61))
    working.work()
    copy = only_copy()
    assert (copy.status, copy.reason) == ("expired", Reason.TOO_LATE)
    assert market.ledger(link.exchange_uid)["orders"] == []
    assert codes(alice)[-1] == "expired"


def test_a_rate_limited_order_is_sent_again(market, author, alice):
    link = link_account(alice, market)
    market.fault("retcode", path=CREATE, code=10006, message="Too many visits!", times=2)
    publish(author)
    working.work()
    assert only_copy().status == "pending"
    work_now()
    work_now()
    assert only_copy().status == "placed"
    assert len(market.ledger(link.exchange_uid)["orders"]) == 1


def test_a_new_order_that_is_called_not_found_is_of_unknown_fate(market, author, alice):
    """Of an order that is to be changed it says that it is gone; of a new one it says nothing."""
    link_account(alice, market)
    market.fault("retcode", path=CREATE, code=110001, message="order not exists", times=1)
    publish(author)
    working.work()
    assert only_copy().status == "unknown"
    assert [order.status for order in Order.objects.all()] == ["unknown"]


@pytest.mark.parametrize(
    ("code", "reason"),
    [
        (110007, Reason.MARGIN_INSUFFICIENT),
        (110074, Reason.SYMBOL_NOT_TRADABLE),
        (10005, Reason.PERMISSION_MISSING),
        (33004, Reason.KEY_EXPIRED),
    ],
)
def test_a_refusal_ends_the_copy_with_its_reason(market, author, alice, bob, code, reason):
    link_account(alice, market)
    other = link_account(bob, market, amount="60")
    uid = alice.connections.get().exchange_uid
    market.fault("retcode", path=CREATE, code=code, message="no", uid=uid)
    publish(author)
    working.work()
    copy = Copy.objects.get(user=alice)
    assert (copy.status, copy.reason) == ("rejected", reason)
    assert Copy.objects.get(connection=other).status == "placed"
    assert codes(alice)[-1] in {"failed", "api_attention"}


def test_a_cached_mode_that_is_wrong_is_read_again(market, author, alice):
    link = link_account(alice, market)
    market.post(f"accounts/{link.exchange_uid}", hedge=True)
    publish(author)
    working.work()
    assert only_copy().status == "pending"
    work_now()
    copy = only_copy()
    assert (copy.status, copy.position_index) == ("placed", 1)


def test_the_traders_own_position_is_never_touched(market, author, alice):
    link = link_account(alice, market)
    market.post(
        f"accounts/{link.exchange_uid}/order",
        symbol="BTCUSDT",
        side="Buy",
        orderType="Market",
        qty="0.001",
    )
    link.own_symbols = ["BTCUSDT"]
    link.save()
    publish(author)
    working.work()
    copy = only_copy()
    assert (copy.status, copy.reason) == ("skipped", Reason.OWN_POSITION)
    assert len(market.ledger(link.exchange_uid)["orders"]) == 1


def test_one_live_copy_a_symbol(market, author, alice):
    link_account(alice, market)
    publish(author)
    second = publish(author, long_btc(note="another"))
    copy = Copy.objects.get(signal=second)
    assert (copy.status, copy.reason) == ("skipped", Reason.SYMBOL_BUSY)
    first = Copy.objects.exclude(pk=copy.pk).get()
    with pytest.raises(IntegrityError):
        Copy.objects.filter(pk=copy.pk).update(status="pending", symbol=first.symbol)


def test_publishing_twice_makes_no_second_copy(market, author, alice):
    link_account(alice, market)
    signal = publish(author)
    again = publishing.publish(signal, actor=author, now=timezone.now())
    assert (again.revision, Copy.objects.count()) == (1, 1)


def test_an_amended_stop_and_target_reach_the_resting_entry_and_the_position(market, author, alice):
    link = link_account(alice, market)
    signal = publish(author)
    working.work()
    target = (TargetDraft(Decimal(47500), Decimal(100)),)
    publishing.amend(
        signal,
        long_btc(stop=Decimal(45400), targets=target),
        actor=author,
        now=timezone.now(),
    )
    work_now()
    (order,) = market.ledger(link.exchange_uid)["orders"]
    assert (order["stopLoss"], order["takeProfit"]) == ("45400", "47500")
    market.price("BTCUSDT", 45950)
    work_now()
    publishing.amend(
        signal,
        long_btc(stop=Decimal(45600), targets=target),
        actor=author,
        now=timezone.now(),
    )
    work_now()
    (position,) = market.ledger(link.exchange_uid)["positions"]
    assert (position["stopLoss"], position["takeProfit"]) == ("45600", "47500")
    work_now()
    copy = only_copy()
    assert (copy.applied_revision, copy.has_stop) == (3, True)
    assert codes(alice).count("amended") == 2


def test_cancelled_entries_end_and_positions_go_on(market, author, alice, bob):
    link_account(alice, market)
    signal = publish(author)
    working.work()
    publishing.cancel_entries(signal, actor=author, now=timezone.now())
    work_now()
    work_now()
    copy = only_copy()
    assert (copy.status, copy.reason) == ("expired", Reason.ENTRY_CANCELLED)


def test_closing_a_signal_closes_its_positions(market, author, alice):
    link = link_account(alice, market)
    market.price("BTCUSDT", 45950)
    signal = publish(author)
    working.work()
    work_now()
    publishing.close(signal, actor=author, now=timezone.now())
    work_now()
    work_now()
    copy = only_copy()
    assert (copy.status, copy.reason) == ("closed", Reason.CLOSED_BY_AUTHOR)
    assert market.ledger(link.exchange_uid)["positions"] == []
    compare_with_ledger(link, market)


def test_several_targets_are_placed_and_taken_one_after_the_other(market, author, alice):
    link = link_account(alice, market, amount="100")
    market.price("BTCUSDT", 45950)
    publish(author, long_btc(targets=TWO))
    working.work()
    work_now()
    work_now()
    parts = list(Order.objects.filter(leg__startswith="target-").values_list("quantity", flat=True))
    assert sum(parts) == only_copy().entered_quantity == Decimal("0.021")
    market.price("BTCUSDT", 46600)
    work_now()
    assert only_copy().exited_quantity == Decimal("0.008")
    market.price("BTCUSDT", 47100)
    work_now()
    copy = only_copy()
    assert (copy.status, copy.reason) == ("closed", Reason.TARGET)
    compare_with_ledger(link, market)


def test_a_partial_fill_is_protected_and_counted(market, author, alice):
    link = link_account(alice, market)
    publish(author)
    working.work()
    market.price("BTCUSDT", 46000, ask_size="0.004")
    work_now()
    copy = only_copy()
    assert (copy.status, copy.entered_quantity, copy.has_stop) == (
        "filled",
        Decimal("0.004"),
        True,
    )
    market.price("BTCUSDT", 45990)
    work_now()
    assert only_copy().entered_quantity == Decimal("0.010")
    market.price("BTCUSDT", 45400)
    work_now()
    assert only_copy().reason == Reason.STOP
    compare_with_ledger(link, market)


def test_an_exit_that_fills_between_two_reads_is_on_record(market, author, alice, monkeypatch):
    """The orders were read before it filled, the fills and the result after it."""
    link = link_account(alice, market)
    market.price("BTCUSDT", 45950)
    publish(author)
    working.work()
    work_now()
    read = BybitExchange.orders_since

    def read_too_early(self, symbol, since):
        found = read(self, symbol, since)
        market.price("BTCUSDT", 45400)
        return found

    Copy.objects.update(looked_at=None)
    with monkeypatch.context() as patch:
        patch.setattr(BybitExchange, "orders_since", read_too_early)
        work_now()
    work_now()
    copy = only_copy()
    assert (copy.status, copy.reason) == ("closed", Reason.STOP)
    compare_with_ledger(link, market)


def test_a_close_by_hand_in_the_app_is_noticed(market, author, alice):
    link = link_account(alice, market)
    market.price("BTCUSDT", 45950)
    publish(author)
    working.work()
    work_now()
    market.post(f"accounts/{link.exchange_uid}/close", symbol="BTCUSDT")
    work_now()
    copy = only_copy()
    assert (copy.status, copy.reason) == ("closed", Reason.CLOSED_BY_HAND)
    compare_with_ledger(link, market)


def test_a_stop_that_is_gone_is_put_back(market, author, alice):
    link = link_account(alice, market)
    market.price("BTCUSDT", 45950)
    publish(author)
    working.work()
    work_now()
    key = market.account(uid=link.exchange_uid)  # the trader's own key
    from exchanges.adapters.bybit.gateway import BybitExchange
    from exchanges.domain.trading import Credentials
    from exchanges.ports import Wire

    own = BybitExchange(
        Credentials(key["api_key"], key["api_secret"]), Wire("sandbox", market.url, 2, 2, 5000)
    )
    own.set_position_levels("BTCUSDT", 0, stop=Decimal(0), target=None)
    assert market.ledger(link.exchange_uid)["positions"][0]["stopLoss"] == ""
    work_now()
    assert market.ledger(link.exchange_uid)["positions"][0]["stopLoss"] == "45500"


def test_a_stop_that_the_exchange_refuses_closes_the_position_and_alarms(market, author, alice):
    link = link_account(alice, market)
    market.price("BTCUSDT", 45950)
    signal = publish(author)
    working.work()
    work_now()
    market.fault(
        "retcode",
        path="/v5/position/trading-stop",
        code=10001,
        message="sl:45600 set for Buy position should lower than base_price:1??LastPrice",
    )
    publishing.amend(signal, long_btc(stop=Decimal(45600)), actor=author, now=timezone.now())
    for _ in range(4):
        work_now()
    copy = only_copy()
    assert (copy.status, copy.reason) == ("closed", Reason.STOP_MISSING)
    assert market.ledger(link.exchange_uid)["positions"] == []
    assert "alarm" in codes(alice)
    assert OrderRejected is not None


def test_a_second_copy_sees_the_margin_of_the_first(market, author, alice):
    link_account(alice, market, amount="600")
    publish(author)
    eth = long_btc(
        symbol="ETHUSDT",
        entry_low=Decimal(3690),
        entry_high=Decimal(3695),
        stop=Decimal(3600),
        targets=(TargetDraft(Decimal(3900), Decimal(100)),),
    )
    publish(author, eth)
    working.work()
    reasons = sorted(Copy.objects.values_list("status", "reason"))
    assert reasons == [("placed", ""), ("skipped", Reason.BALANCE_TOO_SMALL)]


def test_who_cannot_trade_is_skipped_with_the_reason(market, author, alice, bob, mallory):
    link_account(alice, market)
    link_account(bob, market)
    link_account(mallory, market)
    bob.status = "suspended"
    bob.save()
    alice.connections.get().copy_settings.delete()
    publish(author)
    working.work()
    found = dict(Copy.objects.values_list("user__nickname", "reason"))
    assert found == {
        "alice": Reason.SIZING_MISSING,
        "bob": Reason.ACCOUNT_SUSPENDED,
        "mallory": Reason.TELEGRAM_MISSING,
    }
    assert codes(alice)[-2:] == ["published", "skipped"]


def test_a_close_that_is_refused_again_and_again_is_tried_with_pauses(market, author, alice):
    """The stop stands meanwhile; haste would only use up the exchange's limits."""
    link = link_account(alice, market)
    publish(author)
    working.work()
    market.price("BTCUSDT", 45950)
    work_now()
    close_copy(only_copy(), reason=Reason.CLOSED_BY_TRADER, now=timezone.now())
    market.fault("retcode", path="/v5/order/create", code=110007, message="no", times=7)
    pauses = []
    for _ in range(7):
        work_now()
        pauses.append(only_copy().due_at - timezone.now())
    assert pauses[0] < timedelta(seconds=1)
    assert pauses[-1] > timedelta(seconds=4)
    assert market.ledger(link.exchange_uid)["positions"][0]["stopLoss"] == "45500"
    work_now()
    work_now()
    copy = only_copy()
    assert (copy.status, copy.reason) == ("closed", Reason.CLOSED_BY_TRADER)


@pytest.mark.parametrize("trouble", ["exchange", "vault"])
def test_an_entry_that_cannot_be_tried_expires_all_the_same(
    market, author, alice, settings, trouble
):
    link = link_account(alice, market)
    Connection.objects.update(balance_at=timezone.now() - timedelta(hours=1))
    publish(author)
    if trouble == "exchange":
        market.fault("http", path="/v5/account/wallet-balance", status=503)
    else:
        settings.VAULT_PRIVATE_KEY_FILE = None
    working.work()
    assert only_copy().status == "pending"
    Copy.objects.update(created_at=timezone.now() - timedelta(seconds=61))
    Copy.objects.update(due_at=timezone.now())
    working.work()
    assert (only_copy().status, only_copy().reason) == ("expired", Reason.TOO_LATE)
    assert market.ledger(link.exchange_uid)["orders"] == []
    assert codes(alice)[-1] == "expired"


def test_an_entry_expires_in_time_while_its_address_is_banned(market, author, alice):
    link = link_account(alice, market)
    publish(author)
    link.refresh_from_db()
    governor().freeze(link.budget, 600)
    assert working.work() == 0
    let_expire()
    assert working.work() == 0  # there is still time
    Copy.objects.update(created_at=timezone.now() - timedelta(seconds=61))
    let_expire()
    assert working.work() == 1
    assert (only_copy().status, only_copy().reason) == ("expired", Reason.TOO_LATE)
    assert codes(alice)[-1] == "expired"
    assert market.ledger(link.exchange_uid)["orders"] == []

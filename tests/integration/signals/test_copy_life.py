"""The life of a copy against the real sandbox: entry, stop, target, close, and their records."""

from __future__ import annotations

from decimal import Decimal

import pytest
from django.utils import timezone

from accounts.models import ActivityEvent
from signals.domain.linting import WARNINGS
from signals.domain.reasons import Reason
from signals.models import ClosedPnl, Copy, Fill, Order
from signals.services import publishing, working
from signals.services.copying import close_copy
from signals.services.ledger import ABSENCES
from tests.fixtures.people import link_account, long_btc

pytestmark = pytest.mark.django_db(transaction=True)


def publish(author, draft=None):
    signal = publishing.create_signal(author, draft or long_btc(), now=timezone.now())
    every = [problem.value for problem in WARNINGS]
    return publishing.publish(signal, actor=author, now=timezone.now(), accepted=every)


def work_now():
    """Let every live copy be looked at now, as the sweep would a little later.

    And after the fence, at the last of the looks that an order of unknown fate is given.
    """
    lost = Order.objects.filter(status__in=["submitting", "unknown"])
    lost.update(conclusive_at=None, absences=ABSENCES - 1)
    Copy.objects.filter(due_at__isnull=False).update(due_at=timezone.now())
    return working.work()


def codes(user):
    return list(
        ActivityEvent.objects.filter(user=user).order_by("pk").values_list("code", flat=True)
    )


def compare_with_ledger(link, bybit):
    """Every order, fill, fee and closed PnL on record equals the exchange's ledger."""
    ledger = bybit.ledger(link.exchange_uid)
    orders = {
        order.exchange_id: (order.quantity, order.filled)
        for order in Order.objects.filter(connection=link).exclude(exchange_id="")
    }
    assert orders == {
        row["orderId"]: (Decimal(row["qty"]), Decimal(row["cumExecQty"]))
        for row in ledger["orders"]
    }
    fills = {
        fill.fill_id: (fill.quantity, fill.price, fill.fee)
        for fill in Fill.objects.filter(connection=link)
    }
    assert fills == {
        row["execId"]: tuple(Decimal(row[name]) for name in ("execQty", "execPrice", "execFee"))
        for row in ledger["executions"]
    }
    results = {row.order_exchange_id: row.pnl for row in ClosedPnl.objects.filter(connection=link)}
    assert results == {row["orderId"]: Decimal(row["closedPnl"]) for row in ledger["closed_pnl"]}


def test_a_limit_rests_fills_and_ends_at_its_target(market, author, alice):
    link = link_account(alice, market)
    publish(author)
    assert working.work() == 1
    copy = Copy.objects.get()
    assert (copy.status, copy.quantity) == ("placed", Decimal("0.010"))
    entry = copy.orders.get()
    assert (entry.price, entry.stop, entry.target) == (46000, 45500, 47000)

    market.price("BTCUSDT", 45950)
    work_now()
    copy.refresh_from_db()
    assert copy.status == "filled"
    assert copy.entry_average == Decimal(46000)
    assert copy.has_stop

    market.price("BTCUSDT", 47010)
    work_now()
    copy.refresh_from_db()
    assert (copy.status, copy.reason) == ("closed", Reason.TARGET)
    assert copy.pnl > 0
    compare_with_ledger(link, market)
    assert codes(alice) == ["api_connected", "published", "entered", "target_hit"]


def test_the_stop_closes_a_market_entry(market, author, alice):
    link = link_account(alice, market)
    market.price("BTCUSDT", 45950)
    publish(author)
    working.work()
    work_now()
    copy = Copy.objects.get()
    assert copy.status == "filled"
    assert copy.orders.get(leg="entry").type == "market"
    market.price("BTCUSDT", 45400)
    work_now()
    copy.refresh_from_db()
    assert (copy.status, copy.reason) == ("closed", Reason.STOP)
    assert copy.pnl < 0
    compare_with_ledger(link, market)


def test_the_hot_path_is_one_request(market, author, alice):
    link_account(alice, market, leverage={"BTCUSDT": "10"})
    publish(author)
    before = market.paths()
    working.work()
    after = market.paths()
    sent = {path: after[path] - before.get(path, 0) for path in after if path.startswith("/v5")}
    sent = {path: count for path, count in sent.items() if count}
    assert sent == {"/v5/market/tickers": 1, "/v5/order/create": 1}


def test_a_trader_closes_one_copy(market, author, alice):
    link = link_account(alice, market)
    market.price("BTCUSDT", 45950)
    publish(author)
    working.work()
    work_now()
    copy = Copy.objects.get()
    assert close_copy(copy, reason=Reason.CLOSED_BY_TRADER, now=timezone.now())
    work_now()
    work_now()
    copy.refresh_from_db()
    assert (copy.status, copy.reason) == ("closed", Reason.CLOSED_BY_TRADER)
    compare_with_ledger(link, market)


def test_an_accepted_order_whose_answer_was_lost_is_found_and_not_doubled(
    market, author, alice, settings
):
    settings.HTTP_READ_TIMEOUT, settings.RECV_WINDOW_MS, settings.SETTLE_SECONDS = 1, 1000, 0
    link = link_account(alice, market)
    market.fault("accept_then_timeout", path="/v5/order/create", ms=1500, times=1)
    publish(author)
    working.work()
    copy = Copy.objects.get()
    assert copy.status == "unknown"
    work_now()
    copy.refresh_from_db()
    assert copy.status == "placed"
    assert len(market.ledger(link.exchange_uid)["orders"]) == 1

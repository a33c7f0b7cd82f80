"""A copy on an exchange that keeps no stop for a position: the engine, against the real sandbox.

Bybit is declared as an exchange that can do less than it does; all that is sent is its own.
"""

from __future__ import annotations

import pytest
from django.utils import timezone

from exchanges import registry
from exchanges.domain.venues import Capabilities, StopKeeping, VenueFacts
from signals import timings
from signals.domain.draft import StopKind, StopRule
from signals.domain.reasons import Reason
from signals.models import Copy, Order
from signals.services import working
from signals.services.copying import close_copy
from tests.fixtures.people import link_account, long_btc
from tests.integration.signals.steps import (
    D,
    end_of,
    only_copy,
    position,
    resting,
    settle,
    size,
    targets,
)
from tests.integration.signals.test_copy_life import publish, work_now
from tests.integration.signals.test_entries import ladder, short_btc

pytestmark = pytest.mark.django_db(transaction=True)
ONLY_ORDERS = VenueFacts(
    ("sandbox",),
    capabilities=Capabilities(
        stop=StopKeeping.ORDER, amends=False, trails=False, tells_results=False
    ),
)
SPOT = VenueFacts(("sandbox",), capabilities=Capabilities(has_shorts=False, has_leverage=False))


@pytest.fixture
def declare(monkeypatch):
    def declare(name):
        monkeypatch.setitem(registry.VENUES, "bybit", f"{__name__}.{name}")
        registry.venue_of.cache_clear()

    yield declare
    registry.venue_of.cache_clear()


@pytest.fixture
def only_orders(declare):
    declare("ONLY_ORDERS")


def stops(market, link):
    """Trigger and quantity of the stops that wait."""
    return [
        (D(row["triggerPrice"]), D(row["qty"]))
        for row in market.ledger(link.exchange_uid)["orders"]
        if row["orderStatus"] == "Untriggered"
    ]


def enter(market, author, user, draft=None, *, price=45950):
    link = link_account(user, market, amount="50")
    market.price("BTCUSDT", price)
    publish(author, draft)
    settle(market)
    assert only_copy(connection=link).status == "filled"
    return link


def test_the_stop_follows_the_first_fill(only_orders, market, author, alice):
    link = enter(market, author, alice)
    held = position(market, link)
    assert not D(held["stopLoss"] or 0)
    assert not D(held["takeProfit"] or 0)
    assert stops(market, link) == [(D(45500), D("0.010"))]
    assert [(side, price) for side, price, _ in resting(market, link) if price] == [
        ("Sell", D(47000))
    ]
    copy = only_copy()
    assert (copy.has_stop, copy.unprotected_since) == (True, None)


def test_the_time_without_a_stop_is_measured(only_orders, market, author, alice):
    enter(market, author, alice)
    (order,) = Order.objects.filter(leg="stop")
    gap = timings.latency_of(only_copy().signal).spans[-1]
    assert (gap.name, gap.count) == (timings.STOP_GAP, 1)
    assert order.acknowledged_at > only_copy().filled_at
    assert gap.longest < 10_000


def test_a_stop_that_is_hit_ends_the_copy_with_its_result(only_orders, market, author, alice):
    link = enter(market, author, alice)
    market.price("BTCUSDT", 45400)
    settle(market)
    copy = only_copy()
    assert end_of(copy) == ("closed", Reason.STOP)
    assert position(market, link) is None
    assert resting(market, link) == []
    (result,) = market.ledger(link.exchange_uid)["closed_pnl"]
    assert abs(copy.pnl - D(result["closedPnl"])) < D("0.000001")


def test_a_target_ends_it_and_no_stop_is_left_behind(only_orders, market, author, alice):
    link = enter(market, author, alice)
    market.price("BTCUSDT", 47001)
    settle(market)
    assert end_of(only_copy()) == ("closed", Reason.TARGET)
    assert stops(market, link) == []


def test_a_ladders_stop_grows_with_what_is_filled(only_orders, market, author, alice):
    link = link_account(alice, market, amount="300")
    publish(author, long_btc(entry=ladder(3)))
    settle(market)
    market.price("BTCUSDT", 45990)
    settle(market)
    first = size(market, link)
    assert first > 0
    assert stops(market, link) == [(D(45500), first)]
    market.price("BTCUSDT", 45700)
    settle(market)
    assert size(market, link) > first
    assert stops(market, link) == [(D(45500), size(market, link))]


def test_a_stop_is_never_taken_away_before_the_next_one_stands(only_orders, market, author, alice):
    rule = StopRule(StopKind.BREAK_EVEN, after=1)
    draft = long_btc(targets=targets((46500, 50), (47500, 50)), stop_rule=rule)
    link = enter(market, author, alice, draft)
    market.fault("drop_before", path="/v5/order/create", times=1)
    market.price("BTCUSDT", 46501)
    Copy.objects.update(looked_at=None)
    work_now()
    assert [trigger for trigger, _ in stops(market, link)] == [D(45500)]
    settle(market)
    ((trigger, quantity),) = stops(market, link)
    assert (trigger > 45950, quantity) == (True, size(market, link))


def test_a_stop_that_the_exchange_refuses_closes_the_position(only_orders, market, author, alice):
    link = link_account(alice, market, amount="50")
    market.price("BTCUSDT", 45950)
    publish(author)
    working.work()
    market.price("BTCUSDT", 45400)  # the price has passed the stop before it could be placed
    settle(market)
    assert end_of(only_copy()) == ("closed", Reason.STOP_MISSING)
    assert position(market, link) is None


def test_closing_leaves_neither_a_stop_nor_a_target(only_orders, market, author, alice):
    link = enter(market, author, alice, short_btc(), price=46550)
    assert [trigger for trigger, _ in stops(market, link)]
    close_copy(only_copy(), now=timezone.now(), reason=Reason.CLOSED_BY_TRADER)
    settle(market)
    assert (position(market, link), resting(market, link)) == (None, [])
    assert end_of(only_copy()) == ("closed", Reason.CLOSED_BY_TRADER)


def test_a_short_on_a_spot_account_is_skipped_before_anything_is_asked(
    declare, market, author, alice
):
    declare("SPOT")
    link_account(alice, market, amount="50")
    before = market.paths()
    publish(author, short_btc())
    working.work()
    assert end_of(only_copy()) == ("skipped", Reason.SHORT_UNSUPPORTED)
    asked = {path for path, count in market.paths().items() if count > before.get(path, 0)}
    assert asked <= {"/v5/market/tickers"}  # prices are read for a whole chunk

"""The adapter over the real pybit and real sockets: faults become the right errors."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

import pytest
from django.core.cache import cache
from django.utils import timezone

from exchanges import gateway
from exchanges.adapters.bybit.gateway import BybitExchange
from exchanges.domain.errors import (
    DuplicateLinkId,
    EgressBlocked,
    InsufficientMargin,
    NotFound,
    OutcomeUnknown,
    PositionModeMismatch,
    RateLimited,
    StopRefused,
    Unavailable,
)
from exchanges.domain.trading import Credentials, NewOrder, OrderChange, OrderType, Side
from exchanges.ports import Wire

CREATE = "/v5/order/create"


@pytest.fixture
def account(bybit):
    bybit.price("BTCUSDT", 46000)
    key = bybit.account(balance="1000")
    credentials = Credentials(key["api_key"], key["api_secret"])
    return BybitExchange(credentials, Wire("sandbox", bybit.url, 2, 1, 5000))


def order(link_id="hx1", **changes):
    fields = {
        "link_id": link_id,
        "symbol": "BTCUSDT",
        "side": Side.BUY,
        "type": OrderType.LIMIT,
        "quantity": Decimal("0.01"),
        "position_index": 0,
        "price": Decimal(45000),
        "stop": Decimal(44000),
    }
    return NewOrder(**(fields | changes))


def test_an_order_goes_out_and_is_found_again(account):
    placed = account.place(order(target=Decimal(47000)))
    found = account.find_order("BTCUSDT", "hx1")
    assert found.order_id == placed.order_id
    assert (found.price, found.stop, found.target) == (45000, 44000, 47000)
    account.amend(OrderChange("hx1", "BTCUSDT", price=Decimal(45100), stop=Decimal(44100)))
    assert account.find_order("BTCUSDT", "hx1").stop == 44100
    account.cancel("BTCUSDT", "hx1")
    assert account.find_order("BTCUSDT", "hx1").state == "cancelled"
    with pytest.raises(NotFound):
        account.cancel("BTCUSDT", "hx1")


def test_a_position_its_fills_and_its_result(account, bybit):
    since = timezone.now() - timedelta(seconds=5)
    account.place(order(type=OrderType.MARKET, price=None))
    (position,) = account.positions("BTCUSDT")
    assert (position.quantity, position.stop) == (Decimal("0.01"), 44000)
    account.set_position_levels("BTCUSDT", 0, stop=Decimal(44500), target=None)
    account.set_position_levels("BTCUSDT", 0, stop=Decimal(44500), target=None)
    bybit.price("BTCUSDT", 44400)
    assert account.positions() == []
    fills = account.fills_since("BTCUSDT", since)
    assert sorted(fill.cause for fill in fills) == ["stop", "user"]
    (result,) = account.closed_pnl_since("BTCUSDT", since)
    assert result.pnl < 0
    orders = {o.cause: o for o in account.orders_since("BTCUSDT", since)}
    assert orders["stop"].parent_link_id == "hx1"


@pytest.mark.parametrize(
    ("fault", "error", "accepted"),
    [
        ({"kind": "accept_then_timeout", "ms": 1500}, OutcomeUnknown, True),
        ({"kind": "accept_then_reset"}, OutcomeUnknown, True),
        ({"kind": "not_json"}, OutcomeUnknown, True),
        ({"kind": "no_order_id"}, OutcomeUnknown, True),
        ({"kind": "drop_before"}, OutcomeUnknown, False),
        ({"kind": "http", "status": 502}, OutcomeUnknown, False),
        ({"kind": "retcode", "code": 10016}, OutcomeUnknown, False),
        ({"kind": "retcode", "code": 10016, "executed": True}, OutcomeUnknown, True),
        ({"kind": "retcode", "code": 10006}, RateLimited, False),
    ],
)
def test_a_fault_on_the_way_is_named_by_what_it_may_have_done(
    account, bybit, fault, error, accepted
):
    kind = fault.pop("kind")
    bybit.fault(kind, path=CREATE, times=1, **fault)
    with pytest.raises(error) as raised:
        account.place(order())
    assert raised.value.__cause__ is None
    assert (account.find_order("BTCUSDT", "hx1") is not None) is accepted


def test_a_second_order_of_the_same_id_is_never_made(account):
    account.place(order())
    with pytest.raises(DuplicateLinkId):
        account.place(order())


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"quantity": Decimal(9)}, InsufficientMargin),
        ({"stop": Decimal(46000)}, StopRefused),
        ({"position_index": 1}, PositionModeMismatch),
    ],
)
def test_refusals_of_the_exchange(account, changes, error):
    with pytest.raises(error):
        account.place(order(**changes))


def test_nobody_listening_means_that_nothing_was_sent():
    nobody = BybitExchange(Credentials("k", "s"), Wire("sandbox", "http://127.0.0.1:9", 1, 1, 5000))
    with pytest.raises(Unavailable):
        nobody.place(order())


def test_setting_the_leverage_that_stands_is_success(account):
    account.set_leverage("BTCUSDT", Decimal(10))
    account.set_leverage("BTCUSDT", Decimal("12.5"))
    modes = {mode.symbol: mode.leverage for mode in account.symbol_modes()}
    assert modes["BTCUSDT"] == Decimal("12.5")


def test_a_ban_stops_every_request_of_this_address(bybit, settings):
    cache.clear()
    bybit.fault("http", path="/v5/market/tickers", status=403, times=1)
    market = gateway.market_of("bybit", "sandbox")
    with pytest.raises(EgressBlocked):
        market.tickers()
    before = bybit.paths()["/v5/market/tickers"]
    with pytest.raises(EgressBlocked):
        market.tickers()
    assert bybit.paths()["/v5/market/tickers"] == before
    cache.clear()
    gateway._blocked_until = 0.0

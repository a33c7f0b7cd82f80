"""The adapter over the real pybit and real sockets: faults become the right errors."""

from __future__ import annotations

import json
from collections.abc import Callable
from contextlib import contextmanager
from datetime import timedelta
from decimal import Decimal
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import pairwise
from threading import Thread

import pytest
from django.utils import timezone

from exchanges import gateway
from exchanges.adapters.bybit.gateway import WINDOW_MS, BybitExchange
from exchanges.adapters.bybit.market import BybitMarket
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
from exchanges.domain.lanes import Lane
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


def test_accounts_of_one_process_use_their_own_keys(bybit):
    """They share what pybit takes long to make, and nothing of each other."""
    keys = [bybit.account(balance=balance) for balance in ("1000", "2000")]
    wire = Wire("sandbox", bybit.url, 2, 1, 5000)
    accounts = [BybitExchange(Credentials(key["api_key"], key["api_secret"]), wire) for key in keys]
    assert [account.balance().equity for account in accounts] == [1000, 2000]
    accounts[1].place(order())
    assert accounts[0].find_order("BTCUSDT", "hx1") is None
    assert accounts[1].find_order("BTCUSDT", "hx1") is not None


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
        ({"kind": "retcode", "code": -1}, Unavailable, False),
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


@contextmanager
def a_server_that_says(answer: Callable[[BaseHTTPRequestHandler], tuple[int, dict, bytes]]):
    """A server of odd answers, which the sandbox, being a good imitation, never gives."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            self.rfile.read(int(self.headers.get("Content-Length") or 0))
            status, headers, body = answer(self)
            self.send_response(status)
            for name, value in ({"Content-Length": str(len(body))} | headers).items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)

        do_POST = do_GET  # noqa: N815 - http.server's name

        def log_message(self, *args):
            return

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


def result(**fields) -> tuple[int, dict, bytes]:
    return 200, {}, json.dumps({"retCode": 0, "retMsg": "OK", "result": fields}).encode()


def stranger(url: str) -> BybitExchange:
    return BybitExchange(Credentials("k", "s"), Wire("sandbox", url, 1, 1, 5000))


def test_a_redirect_takes_no_signature_to_another_host_and_brings_no_acknowledgement():
    asked = []

    def elsewhere(request):
        asked.append(request.path)
        return result(orderId="not-ours")

    with a_server_that_says(elsewhere) as other:
        moved = lambda _: (302, {"Location": f"{other}/v5/order/create"}, b"")  # noqa: E731
        with a_server_that_says(moved) as url:
            with pytest.raises(OutcomeUnknown):
                stranger(url).place(order())
            with pytest.raises(Unavailable):
                stranger(url).positions("BTCUSDT")
    assert asked == []


@pytest.mark.parametrize(
    "row",
    [{"symbol": "BTCUSDT", "size": "n/a", "side": "Buy"}, {"size": "1", "side": "Buy"}, None],
)
def test_a_row_that_cannot_be_read_is_no_answer_and_never_an_empty_one(row):
    with a_server_that_says(lambda _: result(list=[row])) as url:
        account = stranger(url)
        for query in (account.positions, account.open_orders, account.key_facts):
            with pytest.raises(Unavailable) as raised:
                query()
            assert raised.value.__cause__ is None


def test_dated_futures_are_not_offered(bybit):
    wire = Wire("sandbox", bybit.url, 2, 1, 5000)
    rows = BybitMarket(wire)._transport.read("get_instruments_info", category="linear")["list"]
    dated = rows[0] | {"symbol": "BTCUSDT-25DEC26", "contractType": "LinearFutures"}
    with a_server_that_says(lambda _: result(list=[rows[0], dated])) as url:
        (only,) = BybitMarket(Wire("sandbox", url, 1, 1, 5000)).instruments()
    assert only.symbol == rows[0]["symbol"]


def test_an_open_order_is_told_however_long_it_rests(account):
    account.place(order())
    later = timezone.now() + timedelta(seconds=1)
    assert [found.link_id for found in account.orders_since("BTCUSDT", later)] == ["hx1"]
    account.cancel("BTCUSDT", "hx1")
    assert account.orders_since("BTCUSDT", later) == []


def test_long_spans_are_asked_in_windows_that_share_no_moment():
    spans: list[tuple[int, int]] = []

    def note(request):
        query = dict(part.split("=") for part in request.path.partition("?")[2].split("&"))
        spans.append((int(query["startTime"]), int(query["endTime"])))
        return result(list=[], nextPageCursor="")

    with a_server_that_says(note) as url:
        assert stranger(url).fills_since("BTCUSDT", timezone.now() - timedelta(days=20)) == []
    assert len(spans) == 3
    assert all(0 <= end - start <= WINDOW_MS for start, end in spans)
    assert [after[0] - before[1] for before, after in pairwise(spans)] == [1, 1]


def test_an_order_known_by_its_fills_alone_is_added_up_over_all_pages():
    fill = {
        "orderId": "o",
        "orderLinkId": "hx1",
        "symbol": "BTCUSDT",
        "side": "Buy",
        "orderQty": "0.3",
        "orderType": "Market",
        "execType": "Trade",
        "execQty": "0.1",
        "execPrice": "46000",
        "execFee": "2",
        "execTime": "1700000000000",
    }

    def pages(request):
        if "/execution/" not in request.path:
            return result(list=[])
        is_last = "cursor=next" in request.path
        ids = ("3",) if is_last else ("1", "2")
        rows = [fill | {"execId": name} for name in ids]
        return result(list=rows, nextPageCursor="" if is_last else "next")

    with a_server_that_says(pages) as url:
        found = stranger(url).find_order("BTCUSDT", "hx1")
    assert (found.filled, found.state) == (Decimal("0.3"), "filled")


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
    bybit.fault("http", path="/v5/market/tickers", status=403, times=1)
    market = gateway.market_of("bybit", "sandbox", Lane.ENTRY)
    with pytest.raises(EgressBlocked):
        market.tickers()
    before = bybit.paths()["/v5/market/tickers"]
    with pytest.raises(EgressBlocked):
        market.tickers()
    assert bybit.paths()["/v5/market/tickers"] == before

"""What every profile promises of lists and settings, against a server that answers for it."""

from __future__ import annotations

import json
import time
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal as D

import pytest

from exchanges.adapters.ccxt.answers import at
from exchanges.adapters.ccxt.spans import Span
from exchanges.adapters.ccxt.venue import Account, Feature, Product
from exchanges.domain.errors import InvalidOrder, OutcomeUnknown, Unavailable
from exchanges.domain.trading import Balance, Cause, OrderState, Side, SymbolMode
from exchanges.registry import exchange_factory, market_factory
from tests.integration.exchanges.ccxt_venues.answers import (
    KEY,
    LINK,
    NOW,
    ORDER_ID,
    VOICES,
)
from tests.integration.exchanges.ccxt_venues.faults import FAULTS
from tests.integration.exchanges.ccxt_venues.listings import LISTINGS
from tests.integration.exchanges.ccxt_venues.lists import (
    FILL_ID,
    LISTS,
    NOW_TEXT,
    STOP_ID,
    STOP_LINK,
)
from tests.integration.exchanges.ccxt_venues.profiles import (
    KINDS,
    credentials,
    listing,
    venue_of,
    wire_to,
)
from tests.integration.exchanges.ccxt_venues.signatures import SIGNED

SWAPS = [kind for kind in KINDS if LISTS[kind].modes]
MS = int(time.time() * 1000) - 60_000
SINCE = datetime.fromtimestamp(MS / 1000, UTC) - timedelta(minutes=5)


def now(body):
    """The same answer, given a minute ago."""
    text = json.dumps(body).replace(str(NOW), str(MS)).replace(str(NOW // 1000), str(MS // 1000))
    text = text.replace(NOW_TEXT, datetime.fromtimestamp(MS / 1000, UTC).isoformat()[:19])
    return json.loads(text)


@pytest.fixture
def server(kind, stand_in):
    stand_in.answers.clear()
    answers, lists = LISTINGS[kind], LISTS[kind]
    for bodies in (lists.resting, lists.ended, lists.fills, lists.prices, lists.modes or {}):
        answers = answers | bodies
    answers = answers | lists.busy
    for path, body in answers.items():
        stand_in.answer("GET", path, now(body))
    for told in VOICES[kind].before:
        stand_in.answer(*told)
    if lists.leverage:
        stand_in.answer(*lists.leverage[:3])
    return stand_in


@pytest.fixture
def market(kind, server):
    return market_factory(kind)(wire_to(server))


@pytest.fixture
def account(kind, server, market):
    market.instruments()
    found = exchange_factory(kind)(credentials(kind), wire_to(server))
    server.heard.clear()
    return found


def has_stops(kind):
    """Ours, or those that others have placed."""
    told = STOP_LINK in json.dumps(LISTS[kind].resting)
    return told or Feature.TRIGGER in venue_of(kind).features


def asked(kind, server):
    """The paths of all questions, beside what the account must be asked first."""
    before = {told[1] for told in VOICES[kind].before} | set(LISTS[kind].busy)
    return {heard.path for heard in server.heard} - before


def paths(*bodies):
    return {path.partition("?")[0] for one in bodies for path in one}


def told_at(query):
    """Where a query is answered: a word of it tells two lists at one path apart."""
    path = query.endpoint.path
    known = [f"{path}?{name}={value}" for name, value in query.params.items()]
    return next(one for one in [*known, path] if one in LISTS_BY_PATH)


@pytest.mark.parametrize("symbol", ["BTCUSDT", None])
def test_what_rests_and_waits_is_listed(kind, server, account, symbol):
    found = {order.link_id: order for order in account.open_orders(symbol)}

    resting = found.pop(LINK)
    assert (resting.order_id, resting.symbol, resting.side) == (ORDER_ID, "BTCUSDT", Side.BUY)
    assert (resting.state, resting.quantity) == (OrderState.OPEN, D("0.05"))
    assert (resting.filled, resting.price) == (D("0.02"), D("59000.5"))
    if has_stops(kind):
        stop = found.pop(STOP_LINK)
        assert stop.order_id in {STOP_ID, STOP_LINK}  # HTX gives it none before it is triggered
        assert (stop.side, stop.trigger_price) == (Side.SELL, 58000)
        assert (stop.state, stop.quantity) == (OrderState.UNTRIGGERED, D("0.05"))
    assert found == {}
    assert asked(kind, server) == paths(LISTS[kind].resting)


def test_what_has_ended_is_listed_once_with_what_rests(kind, server, account):
    found = [order for order in account.orders_since("BTCUSDT", SINCE) if order.link_id == LINK]

    assert [order.state for order in found] == [OrderState.FILLED]
    assert (found[0].filled, found[0].average) == (D("0.05"), D(59000))
    assert asked(kind, server) == paths(LISTS[kind].resting, LISTS[kind].ended)


def test_what_ended_before_is_left_out(account):
    later = datetime.fromtimestamp(MS / 1000, UTC) + timedelta(seconds=30)
    assert not [order for order in account.orders_since("BTCUSDT", later) if order.state.is_final]


def test_fills_are_told_with_their_order_and_their_fee(kind, account):
    account.orders_since("BTCUSDT", SINCE)
    (fill,) = account.fills_since("BTCUSDT", SINCE)

    assert (fill.fill_id, fill.order_id, fill.link_id) == (f"BTCUSDT {FILL_ID}", ORDER_ID, LINK)
    assert (fill.symbol, fill.side, fill.cause) == ("BTCUSDT", Side.BUY, Cause.USER)
    assert (fill.quantity, fill.price) == (D("0.02"), D(59000))
    assert (fill.fee, fill.fee_currency) == (D("0.472"), "USDT")
    assert fill.closed_quantity == 0
    assert int(fill.at.timestamp()) == MS // 1000


def test_fills_that_are_asked_for_alone_know_their_orders_too(account):
    (fill,) = account.fills_since("BTCUSDT", SINCE)
    assert fill.link_id == LINK


def test_markets_that_are_listed_anew_meanwhile_lose_no_row(kind, server, account, market):
    """Another thread's list makes other objects of the same markets."""
    asked = [
        (account.open_orders, ("BTCUSDT",)),
        (account.orders_since, ("BTCUSDT", SINCE)),
        (account.fills_since, ("BTCUSDT", SINCE)),
    ]
    told = [ask(*about) for ask, about in asked]
    for path in {told_at(query) for query in queries(kind)}:
        server.send("GET", path, listing_anew(server.answers["GET", path], market))
    assert [ask(*about) for ask, about in asked] == told
    assert all(told)


def listing_anew(sends, market):
    """Answer after the markets were listed once more."""

    def send(handler):
        market.instruments()
        sends(handler)

    return send


def test_nothing_there_is_an_empty_list(kind, server, account):
    for query in queries(kind):
        empty(server, query)
    assert account.open_orders() == []
    assert account.orders_since("BTCUSDT", SINCE) == []
    assert account.fills_since("BTCUSDT", SINCE) == []


def queries(kind):
    """One request of each list."""
    venue, own = venue_of(kind), listing(kind)
    span = Span.between(SINCE, SINCE + timedelta(minutes=10))
    return [
        *venue.resting(own, Account(KEY, "77")),
        *venue.ended(own, span),
        *venue.fills(own, span),
    ]


def empty(server, query):
    path = told_at(query)
    body = json.loads(json.dumps(LISTS_BY_PATH[path]))
    if isinstance(body, list):
        body = []
    else:
        at(body, query.endpoint.proof).clear()
    server.answer("GET", path, body)


LISTS_BY_PATH = {
    path: body
    for lists in LISTS.values()
    for bodies in (lists.resting, lists.ended, lists.fills)
    for path, body in bodies.items()
}


def test_a_row_of_a_market_that_is_not_ours_is_left_out(kind, server, account):
    path = next(iter(LISTS[kind].resting))
    body = now(LISTS[kind].resting[path])
    proof = next(query.endpoint.proof for query in queries(kind) if told_at(query) == path)
    at(body, proof).append(now(LISTS[kind].alien))
    server.answer("GET", path, body)
    assert {order.symbol for order in account.open_orders()} == {"BTCUSDT"}


def test_a_row_that_cannot_be_read_is_no_empty_list(kind, server, account):
    for query in queries(kind):
        path, proof = told_at(query), query.endpoint.proof
        told = server.answers["GET", path]
        body = now(LISTS_BY_PATH[path])
        at(body, proof)[:] = [{"symbol": at(body, proof)[0].get("symbol")}]
        server.answer("GET", path, body)
        is_fill = path in LISTS[kind].fills
        ask = account.fills_since if is_fill else account.orders_since
        with pytest.raises(Unavailable):
            ask("BTCUSDT", SINCE)
        server.answers["GET", path] = told


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_is_never_an_empty_list(kind, server, account, market, fault):
    questions = [
        (LISTS[kind].resting, account.open_orders),
        (LISTS[kind].ended, lambda: account.orders_since("BTCUSDT", SINCE)),
        (LISTS[kind].fills, lambda: account.fills_since("BTCUSDT", SINCE)),
        (LISTS[kind].prices, market.tickers),
    ]
    questions += [(LISTS[kind].busy, account.open_orders)]
    if LISTS[kind].modes:
        if account.symbol_modes():  # where there is a list of all
            questions += [(LISTS[kind].modes, account.symbol_modes)]
        questions += [(LISTS[kind].modes, lambda: account.symbol_mode("BTCUSDT"))]
    for bodies, ask in questions:
        for path, body in bodies.items():
            if fault == "[]" and isinstance(body, list):
                continue  # there it is the answer of an account with nothing
            told = server.answers["GET", path]
            FAULTS[fault](server, "GET", path)
            with pytest.raises(Unavailable):
                ask()
            server.answers["GET", path] = told


def test_prices_of_all_come_in_two_requests_at_most(kind, server, market):
    market.instruments()
    server.heard.clear()
    (ticker,) = market.tickers()
    assert ticker.symbol == "BTCUSDT"
    assert ticker.last == 60000
    assert ticker.mark == (60001 if kind in SWAPS else 60000)
    assert abs(ticker.bid - 60000) <= 1
    assert abs(ticker.ask - 60000) <= 1
    assert len(server.heard) <= 2


def test_a_list_of_prices_without_ours_is_no_answer(kind, server, market):
    market.instruments()
    for path, body in LISTS[kind].prices.items():
        said = json.dumps(body)
        for name in ("BTC", "btc", "XBT"):
            said = said.replace(name, "XYZ")
        server.answer("GET", path, said)
    with pytest.raises(Unavailable):
        market.tickers()


def test_modes_are_read(kind, account):
    mode = SymbolMode("BTCUSDT", D(10) if kind in SWAPS else D(1), is_hedge=False)
    assert account.symbol_mode("BTCUSDT") == mode
    assert account.symbol_modes() in ([mode], [])
    if venue_of(kind).product is Product.SPOT:
        assert account.symbol_modes() == []


@pytest.mark.parametrize("kind", [one for one in KINDS if LISTS[one].coins], indirect=True)
def test_the_coins_of_a_spot_account_are_what_it_holds(kind, server, account):
    path, body = LISTS[kind].coins
    server.answer("GET", path, body)
    (held,) = account.positions()
    assert (held.symbol, held.side, held.quantity) == ("BTCUSDT", Side.BUY, D("0.05"))
    assert (held.leverage, held.position_index) == (D(1), 0)
    server.answer("GET", path, json.dumps(body).replace("0.02", "0.0001").replace("0.03", "0"))
    assert account.positions() == []  # too little to be sold
    for fault in FAULTS:
        FAULTS[fault](server, "GET", path)
        with pytest.raises(Unavailable):
            account.positions()


@pytest.mark.parametrize("kind", SWAPS, indirect=True)
def test_leverage_is_set(kind, server, account):
    verb, path, _, said = LISTS[kind].leverage
    account.set_leverage("BTCUSDT", D(5))
    heard = [one for one in server.heard if one.verb != "GET"]
    assert {(one.verb, one.path) for one in heard} == {(verb, path)}
    assert heard[0].said == said


@pytest.mark.parametrize("kind", SWAPS, indirect=True)
def test_half_a_leverage_is_refused_here(kind, server, account):
    with pytest.raises(InvalidOrder):
        account.set_leverage("BTCUSDT", D("2.5"))


@pytest.mark.parametrize("kind", SWAPS, indirect=True)
@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_is_never_a_leverage(kind, server, account, fault):
    FAULTS[fault](server, *LISTS[kind].leverage[:2])
    with pytest.raises(OutcomeUnknown):
        account.set_leverage("BTCUSDT", D(5))


def test_every_question_is_signed_as_the_exchange_checks_it(kind, server, account):
    if kind == "coinbase":
        pytest.skip("a token, which the contract looks at")
    account.orders_since("BTCUSDT", SINCE)
    account.fills_since("BTCUSDT", SINCE)
    account.symbol_modes()
    if kind in SWAPS:
        account.set_leverage("BTCUSDT", D(5))
    assert server.heard
    for heard in server.heard:
        assert SIGNED[kind](heard), (heard.verb, heard.path)


# --- what one exchange alone has -----------------------------------------------------------------


def told(kind, group, **changes):
    """The one answer of a group, with its first row changed."""
    ((path, body),) = getattr(LISTS[kind], group).items()
    body = now(body)
    proof = next(q.endpoint.proof for q in queries(kind) if told_at(q) == path)
    at(body, proof)[0] |= changes
    return path, body


@pytest.mark.parametrize("kind", ["bingx"], indirect=True)
@pytest.mark.parametrize(
    ("order", "fill", "closed"),
    [
        ({}, {"side": "SELL"}, D(0)),  # one-way: a short may begin so
        ({"reduceOnly": True}, {"side": "SELL"}, D("0.02")),
        ({}, {"side": "SELL", "positionSide": "LONG"}, D("0.02")),
        ({}, {"side": "BUY", "positionSide": "SHORT"}, D("0.02")),
        ({}, {"side": "BUY", "positionSide": "LONG"}, D(0)),
    ],
)
def test_a_fill_closes_by_its_order_or_by_its_side(kind, server, account, order, fill, closed):
    for group, changes in (("resting", order), ("ended", order), ("fills", fill)):
        path, body = told(kind, group, **changes)
        server.answer("GET", path, body)
    (found,) = account.fills_since("BTCUSDT", SINCE)
    assert found.closed_quantity == closed


@pytest.mark.parametrize("kind", ["bingx"], indirect=True)
@pytest.mark.parametrize("said", ["{when}.000+0800", "{when}.250+08:00"])
def test_a_fill_tells_its_time_with_its_zone(kind, server, account, said):
    zone = timezone(timedelta(hours=8))
    when = datetime.fromtimestamp(MS // 1000, zone).isoformat()[:19]
    path, body = told(kind, "fills", filledTime=said.format(when=when))
    server.answer("GET", path, body)
    (found,) = account.fills_since("BTCUSDT", SINCE)
    assert int(found.at.timestamp()) == MS // 1000
    path, body = told(kind, "fills", filledTime=when)
    server.answer("GET", path, body)
    with pytest.raises(Unavailable):
        account.fills_since("BTCUSDT", SINCE)


@pytest.mark.parametrize("kind", ["bingx"], indirect=True)
def test_both_sides_of_a_hedge_have_their_leverage(kind, server, account):
    mode, leverage = LISTS[kind].modes
    server.answer("GET", mode, {"code": 0, "data": {"dualSidePosition": "true"}})
    server.answer("GET", leverage, {"code": 0, "data": {"longLeverage": 10, "shortLeverage": 7}})
    assert account.symbol_mode("BTCUSDT") == SymbolMode("BTCUSDT", D(0), is_hedge=True)
    account.set_leverage("BTCUSDT", D(5))
    assert [one.said["side"] for one in server.heard if one.verb == "POST"] == ["LONG", "SHORT"]


@pytest.mark.parametrize("kind", ["bingx"], indirect=True)
def test_without_a_mode_no_leverage_is_set(kind, server, account):
    server.answer(
        "GET", next(iter(LISTS[kind].modes)), {"code": 0, "data": {"dualSidePosition": 7}}
    )
    with pytest.raises(Unavailable):
        account.set_leverage("BTCUSDT", D(5))
    assert [one for one in server.heard if one.verb == "POST"] == []


@pytest.mark.parametrize("kind", ["coinbase"], indirect=True)
def test_what_stands_on_a_further_page_is_read(kind, server, account):
    first = {"has_next": True, "cursor": "x"}
    path, accounts = LISTS[kind].coins
    *_, usdt, btc = accounts["accounts"][:2]
    server.answer("GET", path, {"accounts": [btc]} | first)
    server.answer("GET", f"{path}?cursor=x", {"accounts": [usdt], "has_next": False, "cursor": "x"})
    assert account.balance() == Balance(D(1000), D(900), "")
    assert [held.quantity for held in account.positions()] == [D("0.05")]

    path, body = told(kind, "ended")
    server.answer("GET", path, {"orders": []} | first)
    server.answer("GET", f"{path}?cursor=x", body)
    assert account.find_order("BTCUSDT", LINK).order_id == ORDER_ID
    assert account.find_order("BTCUSDT", STOP_LINK) is None

    path, body = told(kind, "fills")
    server.answer("GET", path, body | {"cursor": "y"})
    server.answer("GET", f"{path}?cursor=y", {"fills": [], "cursor": ""})
    assert [fill.fill_id for fill in account.fills_since("BTCUSDT", SINCE)] == [
        f"BTCUSDT {FILL_ID}"
    ]


@pytest.mark.parametrize("kind", ["coinbase"], indirect=True)
def test_a_further_page_without_a_way_to_it_is_no_end(kind, server, account):
    path, accounts = LISTS[kind].coins
    server.answer("GET", path, accounts | {"has_next": True, "cursor": ""})
    with pytest.raises(Unavailable):
        account.balance()


@pytest.mark.parametrize("kind", ["coinbase"], indirect=True)
def test_as_many_open_orders_as_are_shown_may_not_be_all(kind, server, account):
    path, body = told(kind, "resting")
    server.answer("GET", path, body | {"orders": body["orders"] * 1000})
    with pytest.raises(Unavailable):
        account.open_orders()


@pytest.mark.parametrize("kind", ["mexc"], indirect=True)
def test_nobody_is_asked_for_what_he_has_forgotten(kind, server, account):
    account.fills_since("BTCUSDT", SINCE - timedelta(days=90))
    spans = {
        heard.path: int(heard.query["endTime"]) - int(heard.query["startTime"]) + 1
        for heard in server.heard
        if "endTime" in heard.query
    }
    day = 86_400_000
    assert spans == {"/api/v3/allOrders": 7 * day, "/api/v3/myTrades": 28 * day}

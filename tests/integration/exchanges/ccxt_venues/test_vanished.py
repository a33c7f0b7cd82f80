"""Markets that fall off their exchange's list, while somebody may hold them."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal as D

import pytest

from exchanges.domain.errors import Unavailable
from exchanges.domain.trading import HALTED, Credentials, OrderType, Side
from exchanges.ports import Wire
from exchanges.registry import exchange_factory, market_factory
from tests.integration.exchanges.ccxt_venues.answers import KEY, ORDER_ID, PASSPHRASE, SECRET
from tests.integration.exchanges.ccxt_venues.listings import BINANCE_SPOT, KUCOIN_FUTURES
from tests.integration.exchanges.ccxt_venues.orders import ORDERS
from tests.integration.exchanges.ccxt_venues.stand_in import standing_in

KIND = "kucoin_futures"
LISTED, HELD = "/api/v1/contracts/active", "/api/v1/positions"
COINS = ["XBT", "ETH", *(f"A{number}" for number in range(18))]
EXIT = replace(ORDERS["limit"], symbol="ETHUSDT", side=Side.SELL, reduce_only=True, price=None)


@pytest.fixture
def server():
    with standing_in() as stand_in:
        yield stand_in


@pytest.fixture
def market(server):
    lists(server, COINS)
    return market_factory(KIND)(wire_to(server))


@pytest.fixture
def account(server, market):
    market.instruments()
    found = exchange_factory(KIND)(Credentials(KEY, SECRET, passphrase=PASSPHRASE), wire_to(server))
    holds(server, ETHUSDTM=5)
    return found


def wire_to(server):
    return Wire("sandbox", server.url, 1, 2, 5000)


def lists(server, coins):
    (row,) = KUCOIN_FUTURES["data"]
    rows = [row | {"symbol": f"{coin}USDTM", "baseCurrency": coin} for coin in coins]
    rows += [row | {"symbol": "XBTUSDCM", "quoteCurrency": "USDC", "settleCurrency": "USDC"}]
    server.answer("GET", LISTED, {"code": "200000", "data": rows})


def holds(server, **contracts):
    rows = [
        {"symbol": symbol, "currentQty": quantity, "avgEntryPrice": 3000, "leverage": 5}
        for symbol, quantity in contracts.items()
    ]
    server.answer("GET", HELD, {"code": "200000", "data": rows})


def without(coin):
    return [one for one in COINS if one != coin]


def held(account, symbol=None):
    return [(one.symbol, one.quantity) for one in account.positions(symbol)]


def test_what_is_held_of_it_is_read_and_closed(server, market, account):
    for _ in range(3):  # however often the others are listed
        lists(server, without("ETH"))
        named = {facts.symbol for facts in market.instruments()}
    assert "ETHUSDT" not in named
    assert market.instrument("ETHUSDT") is None
    assert held(account) == held(account, "ETHUSDT") == [("ETHUSDT", D("0.005"))]

    server.answer("POST", "/api/v1/orders", {"code": "200000", "data": {"orderId": ORDER_ID}})
    account.place(replace(EXIT, type=OrderType.MARKET))
    assert server.heard[-1].said["symbol"] == "ETHUSDTM"


def test_its_orders_are_read(server, market, account):
    lists(server, without("ETH"))
    market.instruments()
    row = {
        "id": ORDER_ID,
        "symbol": "ETHUSDTM",
        "type": "limit",
        "side": "buy",
        "price": "3000",
        "size": 5,
        "filledSize": 0,
        "clientOid": "hx0123456789abcdefghjkmnpq",
        "status": "open",
        "isActive": True,
        "createdAt": 1763740000000,
        "updatedAt": 1763740000000,
    }
    pages = {"currentPage": 1, "pageSize": 1000, "totalNum": 1, "totalPage": 1}
    server.answer("GET", "/api/v1/orders", {"code": "200000", "data": pages | {"items": [row]}})
    server.answer("GET", "/api/v1/stopOrders", {"code": "200000", "data": pages | {"items": []}})
    for symbol in ("ETHUSDT", None):
        (order,) = account.open_orders(symbol)
        assert (order.symbol, order.quantity) == ("ETHUSDT", D("0.005"))


def test_it_may_come_back(server, market, account):
    lists(server, without("ETH"))
    market.instruments()
    lists(server, COINS)
    assert "ETHUSDT" in {facts.symbol for facts in market.instruments()}
    assert held(account) == [("ETHUSDT", D("0.005"))]


@pytest.mark.parametrize("left", [COINS[:17], []])
def test_a_list_that_has_lost_many_is_none(server, market, account, left):
    lists(server, left)
    with pytest.raises(Unavailable):
        market.instruments()
    assert held(account) == [("ETHUSDT", D("0.005"))]
    lists(server, COINS[:18])
    assert len(market.instruments()) == 18


def test_an_empty_list_is_none_from_the_first(server, market):
    lists(server, [])
    with pytest.raises(Unavailable):
        market.instruments()


def test_a_position_in_an_unheard_of_market_is_not_flat(server, account):
    holds(server, ETHUSDTM=5, NEWUSDTM=1)
    with pytest.raises(Unavailable):
        account.positions()
    with pytest.raises(Unavailable):
        account.positions("NEWUSDT")
    # What is asked for by name is another market's and known: it can go on.
    assert held(account, "ETHUSDT") == [("ETHUSDT", D("0.005"))]


def test_what_is_flat_or_not_ours_is_left_out(server, account):
    holds(server, NEWUSDTM=0, XBTUSDCM=3, XBTUSDM=3)
    assert held(account) == []


def test_a_market_that_takes_no_stop_is_known_and_not_to_be_entered(server):
    (row,) = BINANCE_SPOT["symbols"]
    types = ["LIMIT", "LIMIT_MAKER", "MARKET", "STOP_LOSS_LIMIT", "TAKE_PROFIT_LIMIT"]
    bare = row | {"symbol": "ETHUSDT", "baseAsset": "ETH", "orderTypes": types}
    told = BINANCE_SPOT | {"symbols": [row, bare]}
    server.answer("GET", "/api/v3/exchangeInfo", told)
    market = market_factory("binance")(wire_to(server))
    assert [facts.symbol for facts in market.instruments()] == ["BTCUSDT"]
    assert market.instrument("ETHUSDT").status == HALTED

"""The sandbox's list of contracts: more than a page of them, and all stages of their lives."""

from __future__ import annotations

import pytest
from pybit.exceptions import InvalidRequestError
from pybit.unified_trading import HTTP

LINEAR = {"category": "linear"}


@pytest.fixture
def session(bybit):
    session = HTTP(max_retries=1, retry_codes={-1})
    session.endpoint = bybit.url
    return session


def listing(bybit, count):
    names = [f"COIN{number:03}USDT" for number in range(count)]
    bybit.post("instruments", contracts=[{"symbol": name, "price": "2.5"} for name in names])
    return names


def read(session, **query):
    return session.get_instruments_info(**LINEAR, **query)["result"]


def pages(session, **query):
    """Every page's symbols, until there is no cursor any more."""
    found, cursor = [], ""
    while not found or cursor:
        page = read(session, **query, **({"cursor": cursor} if cursor else {}))
        found.append([row["symbol"] for row in page["list"]])
        cursor = page["nextPageCursor"]
    return found


def test_a_page_holds_five_hundred_unless_asked_and_the_cursor_leads_on(session, bybit):
    there = {row["symbol"] for row in read(session)["list"]}
    listed = listing(bybit, 1100)
    first, second, third = pages(session)
    assert (len(first), len(second)) == (500, 500)
    assert sorted([*first, *second, *third]) == sorted([*there, *listed])
    assert [len(page) for page in pages(session, limit=1000)] == [1000, len(there) + 100]
    for wrong in ({"limit": 1001}, {"limit": 0}, {"cursor": "next"}):
        with pytest.raises(InvalidRequestError) as refused:
            read(session, **wrong)
        assert refused.value.status_code == 10001


def test_a_list_that_shrinks_between_two_pages_hides_a_contract(session, bybit):
    """What is not in the list is therefore not always gone."""
    listing(bybit, 600)
    first = read(session)
    bybit.post(f"instruments/{first['list'][0]['symbol']}", status="Closed")
    second = read(session, cursor=first["nextPageCursor"])
    seen = {row["symbol"] for row in [*first["list"], *second["list"]]}
    hidden = {row["symbol"] for row in read(session, limit=1000)["list"]} - seen
    assert len(hidden) == 1


@pytest.mark.parametrize("status", ["PreLaunch", "Delivering", "Closed"])
def test_only_what_trades_is_listed_unless_another_status_or_the_name_is_asked_for(
    session, bybit, status
):
    bybit.post("instruments", contracts=[{"symbol": "BAKE2USDT", "status": status}])
    assert "BAKE2USDT" not in pages(session)[0]
    assert pages(session, status=status) == [["BAKE2USDT"]]
    (row,) = read(session, symbol="BAKE2USDT")["list"]
    assert (row["status"], row["baseCoin"]) == (status, "BAKE2")
    assert row["isPreListing"] == (status == "PreLaunch")
    with pytest.raises(InvalidRequestError) as refused:
        read(session, symbol="NOPEUSDT")
    assert refused.value.status_code == 10001


def test_a_delisting_is_told_beforehand_by_the_rules_and_by_the_ticker(session, bybit):
    bybit.post("instruments/BAKEUSDT", delivery_time=1_900_000_000_000)
    (row,) = read(session, symbol="BAKEUSDT")["list"]
    (ticker,) = session.get_tickers(**LINEAR, symbol="BAKEUSDT")["result"]["list"]
    assert (row["status"], row["deliveryTime"]) == ("Trading", "1900000000000")
    assert ticker["deliveryTime"] == "1900000000000"


def test_a_contract_before_its_launch_has_no_book(session, bybit):
    bybit.post("instruments", contracts=[{"symbol": "SOONUSDT", "status": "PreLaunch"}])
    (row,) = session.get_tickers(**LINEAR, symbol="SOONUSDT")["result"]["list"]
    assert (row["bid1Price"], row["ask1Price"]) == ("", "")


@pytest.mark.parametrize(
    ("status", "code"), [("PreLaunch", 110074), ("Delivering", 110042), ("Closed", 110074)]
)
def test_what_does_not_trade_takes_no_order(bybit, status, code):
    bybit.post("instruments", contracts=[{"symbol": "NEWUSDT", "price": "2"}])
    key = bybit.account(balance="1000")
    trader = HTTP(api_key=key["api_key"], api_secret=key["api_secret"], max_retries=1)
    trader.endpoint = bybit.url
    order = {**LINEAR, "symbol": "NEWUSDT", "side": "Buy", "orderType": "Market", "qty": "10"}
    assert trader.place_order(**order)["retCode"] == 0
    bybit.post("instruments/NEWUSDT", status=status)
    with pytest.raises(InvalidRequestError) as refused:
        trader.place_order(**order)
    assert refused.value.status_code == code

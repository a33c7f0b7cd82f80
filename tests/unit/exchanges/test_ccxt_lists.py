"""Lists page after page, and their rows as domain values."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal as D
from itertools import pairwise

import pytest

from exchanges.adapters.ccxt import reading
from exchanges.adapters.ccxt.link_ids import from_wire, to_wire
from exchanges.adapters.ccxt.paging import after, cursor, cut_at, halved, numbered, offset, rows_of
from exchanges.adapters.ccxt.spans import Span
from exchanges.adapters.ccxt.venue import Endpoint, Listing, Query, Setting
from exchanges.domain.errors import Unavailable
from exchanges.domain.trading import Cause, OrderState, SymbolMode
from exchanges.registry import CCXT_VENUES, exchange_factory

ROWS = Endpoint("privateGetRows", "GET", "/rows", "[]")
DATA = Endpoint("privateGetData", "GET", "/data", "data.[]")
LISTING = Listing("BTCUSDT", "BTC-USDT-SWAP", D("0.01"), {"base": "BTC"})
AT = 1763740000000


# --- pages ---------------------------------------------------------------------------------------


def test_a_full_page_is_asked_for_again_in_halves():
    """Whatever rows an exchange shows when there are too many: none is lost."""
    times = [3, 4, 4, 9, 20, 21, 22, 23]

    def ask(request):
        start, end = request.params["from"], request.params["to"]
        return [{"at": at} for at in times if start <= at <= end][-3:]

    query = Query(ROWS, {"from": 0, "to": 30}, halved("from", "to", 3))
    found = sorted(row["at"] for row in rows_of(ask, query))
    assert set(found) == set(times)
    assert found.count(4) >= 2


def test_halves_share_their_middle_where_the_first_moment_is_left_out():
    times = [1, 4, 4, 5, 6, 7, 16]

    def ask(request):
        start, end = request.params["from"], request.params["to"]
        return [{"at": at} for at in times if start < at <= end][:3]

    query = Query(ROWS, {"from": 0, "to": 16}, halved("from", "to", 3, includes_start=False))
    assert {row["at"] for row in rows_of(ask, query)} == set(times)
    times += [4]
    with pytest.raises(Unavailable):
        rows_of(ask, query)


def test_more_in_a_moment_than_is_shown_is_no_answer():
    query = Query(ROWS, {"from": 0, "to": 3}, halved("from", "to", 2))
    with pytest.raises(Unavailable):
        rows_of(lambda request: [{"at": 1}, {"at": 1}], query)


def test_a_page_follows_the_last_row():
    asked = []

    def ask(request):
        asked.append(request.params)
        first = request.params.get("fromId", 0)
        return [{"id": number} for number in range(first, min(first + 2, 5))]

    words = {"symbol": "X", "startTime": 7}
    query = Query(ROWS, words, after("fromId", 2, lambda row: row["id"] + 1, startTime=None))
    assert [row["id"] for row in rows_of(ask, query)] == [0, 1, 2, 3, 4]
    assert asked[0] == words
    assert asked[1] == {"symbol": "X", "fromId": 2}


def test_a_cursor_is_followed_until_there_is_none():
    pages = {"": (["a"], "x"), "x": (["b"], "y"), "y": (["c"], "")}

    def ask(request):
        rows, following = pages[request.params.get("cursor", "")]
        return {"data": rows, "next": following}

    assert rows_of(ask, Query(DATA, {}, cursor("cursor", "next"))) == ["a", "b", "c"]


def test_numbered_pages_are_turned():
    def ask(request):
        return [1, 2] if request.params.get("page", 1) < 3 else [3]

    assert rows_of(ask, Query(ROWS, {}, numbered("page", 2))) == [1, 2, 1, 2, 3]


def test_a_cursor_beside_a_page_that_is_not_full_is_not_followed():
    asked = []

    def ask(request):
        asked.append(request.params)
        return {"data": ["a", "b"] if len(asked) == 1 else ["c"], "next": f"n{len(asked)}"}

    assert rows_of(ask, Query(DATA, {}, cursor("cursor", "next", 2))) == ["a", "b", "c"]
    assert asked == [{}, {"cursor": "n1"}]


def test_pages_are_counted_off_by_their_rows():
    def ask(request):
        first = request.params.get("offset", 0)
        return [1, 2, 3, 4, 5][first : first + 2]

    assert rows_of(ask, Query(ROWS, {}, offset("offset", 2))) == [1, 2, 3, 4, 5]


def test_what_may_have_been_cut_is_no_answer():
    assert rows_of(lambda request: [1], Query(ROWS, {}, cut_at(2))) == [1]
    with pytest.raises(Unavailable):
        rows_of(lambda request: [1, 2], Query(ROWS, {}, cut_at(2)))


@pytest.mark.parametrize(
    "following", [cursor("cursor", "next"), numbered("page", 1), offset("at", 1)]
)
def test_a_list_without_an_end_is_no_answer(following):
    def ask(request):
        return {"data": [1], "next": "the same"}

    with pytest.raises(Unavailable):
        rows_of(ask, Query(DATA, {}, following))


def test_a_span_is_parted_without_gap_or_overlap():
    since = datetime(2026, 1, 1, tzinfo=UTC)
    span = Span.between(since, since + timedelta(days=2, hours=5))
    parts = list(span.parts(timedelta(days=1)))
    assert len(parts) == 3
    assert (parts[0].start, parts[-1].end) == (span.start, span.end)
    assert all(a.end + 1 == b.start for a, b in pairwise(parts))
    assert all(part.end - part.start < 24 * 3600 * 1000 for part in parts)


def test_of_a_span_the_last_part_is_kept():
    span = Span(1, 10_000)
    assert span.last(timedelta(seconds=1)) == Span(9_001, 10_000)
    assert span.last(timedelta(seconds=60)) == span


# --- rows ----------------------------------------------------------------------------------------


TRADE = {
    "id": "9",
    "order": "1",
    "side": "buy",
    "amount": "5",
    "price": "60000",
    "timestamp": AT,
    "takerOrMaker": "maker",
    "fee": {"cost": "0.3", "currency": "USDT"},
}
ORDER = {
    "id": "1",
    "side": "sell",
    "type": "market",
    "amount": "5",
    "filled": "0",
    "status": "open",
    "timestamp": AT,
}


def fill(of=None, *, closes=False, **more):
    return reading.fill(TRADE | more, LISTING, of=of, closes=closes)


def order(trigger=None, became="", cause=Cause.USER, link="", **more):
    return reading.order(
        ORDER | more, LISTING, link_id=link, trigger=trigger, became=became, cause=cause
    )


def test_a_fill_is_in_base_units():
    found = fill()
    assert (found.quantity, found.price, found.fee) == (D("0.05"), D(60000), D("0.3"))
    assert found.is_maker
    assert found.fill_id == "BTCUSDT 9"  # another market's may have the same number
    assert found.at == datetime.fromtimestamp(AT / 1000, UTC)
    assert fill(closes=True).closed_quantity == D("0.05")


@pytest.mark.parametrize(
    ("cost", "coin", "told"),
    [
        ("0.00001", "BTC", (D("0.00001"), "BTC")),
        ("-0.1", "USDT", (D("-0.1"), "USDT")),
        ("0.0005", "BNB", (D("0.0005"), "BNB")),
    ],
)
def test_a_fee_says_what_it_is_in(cost, coin, told):
    found = fill(fee={"cost": cost, "currency": coin})
    assert (found.fee, found.fee_currency) == told


def test_a_fill_has_its_orders_name_and_cause():
    found = fill(order(id="7", link="hxa", cause=Cause.LIQUIDATION))
    assert (found.order_id, found.link_id, found.cause) == ("7", "hxa", Cause.LIQUIDATION)


@pytest.mark.parametrize(
    "more",
    [
        *({name: None} for name in ("id", "order", "side", "price", "amount", "timestamp")),
        {"fee": None},
        {"fee": {"cost": None, "currency": "USDT"}},
        {"amount": "0"},
    ],
)
def test_a_fill_that_says_too_little_is_not_read(more):
    with pytest.raises(ValueError, match="a fill"):
        fill(**more)


def test_a_stop_that_has_become_an_order_is_not_over_before_that_one_shows():
    stop = order(id="s", link="hxs", trigger=D(58000), became="9", status="closed")
    assert (stop.state, stop.filled) == (OrderState.OPEN, 0)
    made = order(id="9", link="made", filled="5", average="57999", status="closed")
    whole = reading.heir(stop, made)
    assert (whole.order_id, whole.link_id, whole.state) == ("s", "hxs", OrderState.FILLED)
    assert (whole.filled, whole.average) == (D("0.05"), D(57999))
    assert whole.trigger_price == D(58000)


@pytest.mark.parametrize("said", ["open", "PENDING", "QUEUED", "EDIT_QUEUED", "CANCEL_QUEUED"])
def test_an_order_on_its_way_is_not_over(said):
    assert order(status=said).state is OrderState.OPEN


def test_the_words_of_an_exchange_are_read_where_ccxt_has_none():
    assert order(status="EXPIRED").state is OrderState.CANCELLED
    with pytest.raises(ValueError, match="state"):
        order(status="TRIGGERED")


def test_the_look_that_has_come_further_counts():
    resting, part = order(filled="0"), order(filled="2")
    over = order(filled="5", average="1", status="closed")
    late = replace(resting, updated_at=over.updated_at + timedelta(seconds=9))
    assert reading.is_newer(part, resting)
    assert reading.is_newer(over, late)
    assert not reading.is_newer(late, over)


def test_sides_that_differ_have_no_leverage():
    listings = {LISTING.id: LISTING}
    found = [Setting(LISTING.id, D(5), is_hedge=True), Setting(LISTING.id, D(9), is_hedge=True)]
    strange = Setting("ETH-BTC", D(3), is_hedge=False)
    assert reading.modes([*found, strange], listings) == [SymbolMode("BTCUSDT", D(0), True)]
    untold = Setting(LISTING.id, None, is_hedge=False)
    assert reading.modes([untold], listings) == [SymbolMode("BTCUSDT", D(0), False)]
    with pytest.raises(ValueError, match="leverage"):
        reading.modes([Setting(LISTING.id, D(0), is_hedge=False)], listings)


@pytest.mark.parametrize("kind", CCXT_VENUES)
def test_an_id_comes_back_as_it_left(kind):
    venue = exchange_factory(kind).args[0]
    link = "hx0123456789abcdefghjkmnpq"
    assert from_wire(venue, to_wire(venue, link)) == link
    if venue.link_prefix:
        assert from_wire(venue, link) == ""

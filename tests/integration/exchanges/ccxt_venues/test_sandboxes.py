"""The adapters against servers that check signatures, keep orders and move prices."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal as D
from functools import partial

import pytest

from exchanges.adapters.ccxt.account import CcxtExchange
from exchanges.adapters.ccxt.market import CcxtMarket
from exchanges.adapters.ccxt.venue import Feature, Product
from exchanges.domain.errors import (
    AccessDenied,
    DuplicateLinkId,
    InsufficientMargin,
    InvalidKey,
    InvalidOrder,
    NotFound,
    SignatureRefused,
    StopRefused,
    Unavailable,
    Unsupported,
)
from exchanges.domain.trading import (
    Credentials,
    NewOrder,
    OrderChange,
    OrderState,
    OrderType,
    Side,
    SymbolMode,
)
from exchanges.ports import Wire
from exchanges.registry import exchange_factory, market_factory
from tests.integration.exchanges.ccxt_venues.bybit_by_ccxt import LINEAR_VENUE

KINDS = ["binance", "binance_usdm", "hashkey", "bybit_by_ccxt"]
LINK = "hx0123456789abcdefghjkmnpq"
BUY = NewOrder(LINK, "BTCUSDT", Side.BUY, OrderType.LIMIT, D("0.002"), 0, price=D("59000.5"))


class Place:
    """An exchange's stand-in, its adapter, and one account there."""

    def __init__(self, kind, url, key, secret, price):
        self.kind, self.price, self.key, self.secret = kind, price, key, secret
        self.wire = Wire("sandbox", url, 1, 5, 5000)
        is_witness = kind == "bybit_by_ccxt"
        account = partial(CcxtExchange, LINEAR_VENUE) if is_witness else exchange_factory(kind)
        market = partial(CcxtMarket, LINEAR_VENUE) if is_witness else market_factory(kind)
        self.venue, self.market = account.args[0], market(self.wire)
        self.account_of = partial(account, wire=self.wire)
        self.account = self.account_of(Credentials(key, secret))

    def can(self, feature):
        return feature in self.venue.features

    @property
    def is_spot(self):
        return self.venue.product is Product.SPOT


@pytest.fixture(params=KINDS)
def place(request, pairs, bybit):
    kind = request.param
    if kind == "bybit_by_ccxt":
        bybit.price("BTCUSDT", 60_000)
        made = bybit.account(balance="1000")
        key, secret = made["api_key"], made["api_secret"]
        found = Place(kind, bybit.url, key, secret, partial(bybit.price, "BTCUSDT"))
        found.set_clock = lambda offset: bybit.post("clock", offset_ms=offset)
    else:
        control = pairs(kind)
        found = Place(kind, control.url, *control.account(), control.price)
        found.set_clock = control.clock
    found.market.instruments()
    return found


def named(order, number):
    return replace(order, link_id=f"{LINK[:-1]}{number}")


def test_an_order_is_placed_found_and_withdrawn(place):
    acknowledged = place.account.place(BUY)
    found = place.account.find_order("BTCUSDT", LINK)
    assert (found.order_id, found.state) == (acknowledged.order_id, OrderState.OPEN)
    assert (found.side, found.quantity, found.price) == (Side.BUY, D("0.002"), D("59000.5"))
    place.account.cancel("BTCUSDT", LINK)
    assert place.account.find_order("BTCUSDT", LINK).state is OrderState.CANCELLED
    with pytest.raises(NotFound):
        place.account.cancel("BTCUSDT", LINK)


def test_an_order_that_never_came_is_absent(place):
    assert place.account.find_order("BTCUSDT", LINK) is None


def test_what_fills_is_seen_with_its_price(place):
    place.account.place(BUY)
    place.price(59_000)
    found = place.account.find_order("BTCUSDT", LINK)
    assert (found.state, found.filled) == (OrderState.FILLED, D("0.002"))
    assert 59_000 <= found.average <= D("59000.5")


def test_a_second_order_of_the_same_name_is_no_second_order(place):
    place.account.place(BUY)
    with pytest.raises(DuplicateLinkId):
        place.account.place(BUY)


def test_what_binds_money_is_in_the_balance(place):
    before = place.account.balance()
    assert before.equity == before.available == 1000
    place.account.place(BUY)
    after = place.account.balance()
    assert after.equity == 1000
    assert after.available < 1000


def test_too_large_an_order_is_refused_for_money(place):
    with pytest.raises(InsufficientMargin):
        place.account.place(replace(BUY, quantity=D(5)))


def test_a_secret_that_is_not_the_keys_is_told_apart(place):
    forged = place.account_of(Credentials(place.key, "not-its-secret"))
    with pytest.raises(SignatureRefused):
        forged.balance()
    with pytest.raises(SignatureRefused):
        forged.place(BUY)
    stranger = place.account_of(Credentials("nobody-knows-me", place.secret))
    # Binance does not say whether it is the key, its address or a permission.
    is_vague = place.kind in {"binance", "binance_usdm"}
    with pytest.raises(AccessDenied if is_vague else InvalidKey):
        stranger.balance()
    assert place.account.find_order("BTCUSDT", LINK) is None


@pytest.mark.parametrize("offset_ms", [-3000, 8000])
def test_a_clock_that_is_off_sends_nothing_that_counts(place, offset_ms):
    place.set_clock(offset_ms)
    with pytest.raises(Unavailable):
        place.account.place(BUY)
    place.set_clock(0)
    assert place.account.find_order("BTCUSDT", LINK) is None


AMENDING = pytest.mark.parametrize("place", ["binance_usdm", "bybit_by_ccxt"], indirect=True)
CHEAPER = OrderChange(LINK, "BTCUSDT", price=D(58_000))


@AMENDING
def test_what_rests_is_amended_and_keeps_its_id(place):
    acknowledged = place.account.place(BUY)
    place.account.amend(CHEAPER)
    found = place.account.find_order("BTCUSDT", LINK)
    assert (found.order_id, found.state) == (acknowledged.order_id, OrderState.OPEN)
    assert (found.price, found.quantity) == (D(58_000), D("0.002"))
    place.account.amend(replace(CHEAPER, quantity=D("0.003")))
    place.account.amend(replace(CHEAPER, quantity=D("0.003")))  # that it stands is success
    found = place.account.find_order("BTCUSDT", LINK)
    assert (found.order_id, found.quantity) == (acknowledged.order_id, D("0.003"))
    place.price(57_999)
    assert place.account.find_order("BTCUSDT", LINK).filled == D("0.003")
    with pytest.raises(NotFound):
        place.account.amend(CHEAPER)


@AMENDING
def test_an_amendment_that_is_refused_leaves_the_order(place):
    place.account.place(BUY)
    for change, refusal in (
        (replace(CHEAPER, quantity=D("0.0025")), InvalidOrder),
        (replace(CHEAPER, quantity=D(5)), InsufficientMargin),
        (replace(CHEAPER, link_id=f"{LINK[:-1]}9"), NotFound),
    ):
        with pytest.raises(refusal):
            place.account.amend(change)
    found = place.account.find_order("BTCUSDT", LINK)
    assert (found.price, found.quantity) == (D("59000.5"), D("0.002"))


@AMENDING
def test_a_stop_is_not_amended(place):
    hold(place)
    place.account.place(stop())
    with pytest.raises(Unsupported):
        place.account.amend(CHEAPER)
    assert place.account.find_order("BTCUSDT", LINK).trigger_price == 58_000


def test_a_figure_beside_its_step_is_refused(place):
    with pytest.raises(InvalidOrder):
        place.account.place(replace(BUY, quantity=D("0.002500001")))


def hold(place):
    """Something to protect: the least of all, bought at the market or by a limit there."""
    order = named(BUY, 1)
    is_direct = place.can(Feature.MARKET)
    how = {"type": OrderType.MARKET, "price": None} if is_direct else {"price": D(60_000)}
    place.account.place(replace(order, **how))
    assert place.account.find_order("BTCUSDT", order.link_id).filled == D("0.002")


def stop(level=58_000):
    way_out = replace(BUY, side=Side.SELL, type=OrderType.MARKET, price=None, reduce_only=True)
    return replace(way_out, trigger=D(level), trigger_rises=False)


def stop_at(place):
    """For what is held: Binance's spot market has taken its fee of that."""
    return replace(stop(), quantity=D("0.00199")) if place.kind == "binance" else stop()


def test_a_stop_waits_and_takes_off_what_is_held(place):
    """Never at once: that is what ccxt makes of a stop that a market does not know."""
    hold(place)
    if not place.can(Feature.TRIGGER):
        with pytest.raises(Unsupported):
            place.account.place(stop())
        return
    place.account.place(stop_at(place))
    found = place.account.find_order("BTCUSDT", LINK)
    assert (found.state, found.trigger_price) == (OrderState.UNTRIGGERED, 58_000)
    held(place, D("0.002"))
    place.price(57_999)
    held(place, D(0))


def held(place, quantity):
    if place.is_spot:
        return  # coins, of which the port does not speak
    positions = place.account.positions()
    assert [position.quantity for position in positions] == ([quantity] if quantity else [])


def test_a_stop_on_the_wrong_side_is_refused(place):
    hold(place)
    if not place.can(Feature.TRIGGER):
        pytest.skip("no stop is placed here")
    with pytest.raises(StopRefused):
        place.account.place(stop(61_000))


def test_a_stop_is_withdrawn_by_its_name(place):
    hold(place)
    if not place.can(Feature.TRIGGER):
        pytest.skip("no stop is placed here")
    place.account.place(stop_at(place))
    place.account.cancel("BTCUSDT", LINK)
    place.price(57_000)
    held(place, D("0.002"))


@pytest.mark.parametrize("place", ["binance", "binance_usdm"], indirect=True)
def test_what_a_key_may_do_is_read(place):
    facts = place.account.key_facts()
    assert facts.can_order
    assert not any((facts.can_withdraw, facts.can_transfer, facts.read_only))
    assert facts.unknown_scopes == ()


def test_the_clock_is_the_exchanges(place):
    place.set_clock(60_000)
    import time

    assert 58 < place.market.server_time() - time.time() < 62


# --- lists and settings ------------------------------------------------------------------------

LISTED = pytest.mark.parametrize("place", ["binance", "binance_usdm", "hashkey"], indirect=True)
USDM = pytest.mark.parametrize("place", ["binance_usdm"], indirect=True)


@pytest.fixture
def since():
    return datetime.now(UTC) - timedelta(minutes=5)


def listed(place, since):
    return {order.link_id: order for order in place.account.orders_since("BTCUSDT", since)}


@LISTED
def test_an_account_without_anything_lists_nothing(place, since):
    assert place.account.open_orders() == []
    assert place.account.orders_since("BTCUSDT", since) == []
    assert place.account.fills_since("BTCUSDT", since) == []


@LISTED
def test_an_order_stands_in_the_lists_of_its_state(place, since):
    first, second = named(BUY, 1), named(BUY, 2)
    place.account.place(first)
    place.account.place(second)
    place.account.cancel("BTCUSDT", second.link_id)
    assert [order.link_id for order in place.account.open_orders("BTCUSDT")] == [first.link_id]
    found = listed(place, since)
    assert (found[first.link_id].state, found[second.link_id].state) == (
        OrderState.OPEN,
        OrderState.CANCELLED,
    )
    assert found[second.link_id].is_cancelled_by_request
    place.price(59_000)
    assert place.account.open_orders() == []
    assert listed(place, since)[first.link_id].state is OrderState.FILLED


@LISTED
def test_a_fill_is_told_with_its_order(place, since):
    acknowledged = place.account.place(BUY)
    place.price(59_000)
    place.account.orders_since("BTCUSDT", since)
    (fill,) = place.account.fills_since("BTCUSDT", since)
    assert (fill.order_id, fill.link_id) == (acknowledged.order_id, LINK)
    assert (fill.side, fill.quantity, fill.price) == (Side.BUY, D("0.002"), D("59000.5"))
    fees = {"binance": (D("0.000002"), "BTC"), "hashkey": (D(0), "USDT")}
    in_usdt = D("59000.5") * D("0.002") * D("0.0005"), "USDT"
    assert (fill.fee, fill.fee_currency) == fees.get(place.kind, in_usdt)
    assert fill.closed_quantity == 0


@LISTED
def test_what_is_held_is_a_position(place, since):
    hold(place)
    (position,) = place.account.positions("BTCUSDT")
    bought = D("0.001998") if place.kind == "binance" else D("0.002")  # its fee is taken of it
    assert (position.side, position.quantity) == (Side.BUY, bought)
    if place.is_spot:
        sold = D("0.00199") if place.kind == "binance" else bought
        sale = replace(named(BUY, 5), side=Side.SELL, quantity=sold, price=D(60_000))
        place.account.place(replace(sale, reduce_only=True))
        (fill,) = [one for one in place.account.fills_since("BTCUSDT", since) if one.side == "sell"]
        assert fill.closed_quantity == sold
        assert place.account.positions() == []


@USDM
def test_a_stop_that_fires_is_one_order_with_its_fill(place, since):
    """The exchange gives what it places then another id, and a name that is not ours."""
    hold(place)
    acknowledged = place.account.place(stop())
    waiting = {order.link_id: order for order in place.account.open_orders("BTCUSDT")}
    assert waiting[LINK].state is OrderState.UNTRIGGERED
    place.price(57_999)

    orders = place.account.orders_since("BTCUSDT", since)
    assert len(orders) == 2
    (fired,) = [order for order in orders if order.link_id == LINK]
    assert (fired.order_id, fired.state) == (acknowledged.order_id, OrderState.FILLED)
    assert (fired.filled, fired.average) == (D("0.002"), D(57_999))
    assert (fired.trigger_price, fired.reduce_only) == (58_000, True)
    assert place.account.find_order("BTCUSDT", LINK) == fired
    (sale,) = [one for one in place.account.fills_since("BTCUSDT", since) if one.side == "sell"]
    assert (sale.order_id, sale.link_id) == (acknowledged.order_id, LINK)
    assert (sale.price, sale.closed_quantity) == (D(57_999), D("0.002"))


@USDM
def test_a_fresh_account_knows_whose_fill_it_was(place, since):
    hold(place)
    acknowledged = place.account.place(stop())
    place.price(57_999)
    another = place.account_of(Credentials(place.key, place.secret))
    sales = [one for one in another.fills_since("BTCUSDT", since) if one.side == "sell"]
    assert [one.order_id for one in sales] == [acknowledged.order_id]


@USDM
def test_leverage_is_set_and_read(place):
    assert place.account.symbol_mode("BTCUSDT") == SymbolMode("BTCUSDT", D(10), is_hedge=False)
    place.account.set_leverage("BTCUSDT", D(5))
    place.account.set_leverage("BTCUSDT", D(5))  # that it stands already is success
    assert place.account.symbol_modes() == [SymbolMode("BTCUSDT", D(5), is_hedge=False)]
    with pytest.raises(InvalidOrder):
        place.account.set_leverage("BTCUSDT", D(200))
    assert place.account.symbol_mode("BTCUSDT").leverage == 5


@LISTED
def test_prices_are_read_without_a_key(place):
    place.price(61_000)
    (ticker,) = place.market.tickers()
    assert (ticker.symbol, ticker.last, ticker.mark) == ("BTCUSDT", 61_000, 61_000)
    assert ticker.bid <= 61_000 <= ticker.ask

"""The profiles over ccxt: codes, units, ids and scopes, without a network."""

from __future__ import annotations

import inspect
import re
from contextlib import suppress
from datetime import UTC, datetime
from decimal import Decimal
from functools import cache
from pathlib import Path

import ccxt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from exchanges.adapters.ccxt import reading
from exchanges.adapters.ccxt.answers import at, proof_in
from exchanges.adapters.ccxt.errors import CCXT_CLASSES, refusal, silence_asked
from exchanges.adapters.ccxt.keys import Scope, key_facts
from exchanges.adapters.ccxt.link_ids import to_wire
from exchanges.adapters.ccxt.spans import Span
from exchanges.adapters.ccxt.units import in_base, in_contracts, in_whole_contracts, plain
from exchanges.adapters.ccxt.venue import Account, Endpoint, Listing
from exchanges.domain.errors import (
    EgressBlocked,
    ExchangeError,
    InvalidOrder,
    MarginModeMismatch,
    NotFound,
    OrderRejected,
    OutcomeUnknown,
    PositionModeMismatch,
    RateLimited,
    SymbolNotTradable,
    Unavailable,
    UnexpectedReply,
    Unsupported,
)
from exchanges.domain.lanes import Lane
from exchanges.domain.trading import NewOrder, OrderState, OrderType, Side
from exchanges.gateway import market_of
from exchanges.governor import most_of
from exchanges.offered_check import check_offered
from exchanges.registry import CCXT_VENUES, exchange_factory
from signals.services.observing import CLOCK_SLACK, LOOK_BACK

LINK = "hx0123456789abcdefghjkmnpq"
VENUES = {kind: exchange_factory(kind).args[0] for kind in CCXT_VENUES}
# By the exchanges' own pages and answers, where ccxt has none: MEXC, BingX, OKX (two), KuCoin.
DOCUMENTED = {"2030", "80018", "51169", "51170", "330011"}
CODES = [
    (kind, code, error) for kind, venue in VENUES.items() for code, error in venue.codes.items()
]


@cache
def source_of(ccxt_id):
    return Path(inspect.getfile(getattr(ccxt, ccxt_id))).read_text()


def judged(kind, body, *, is_write, status=200, headers=None, error=None):
    return refusal(VENUES[kind], status, headers or {}, body, error, is_write=is_write)


def body_with(kind, code):
    body = {}
    here, path = body, VENUES[kind].code_paths[-1].split(".")
    for step in path[:-1]:
        here = here.setdefault(step, {})
    here[path[-1]] = code
    return body


@pytest.mark.parametrize(("kind", "code", "error"), CODES)
def test_every_code_has_its_consequence(kind, code, error):
    found = judged(kind, body_with(kind, code), is_write=True)
    if issubclass(error, OutcomeUnknown):
        assert isinstance(found, OutcomeUnknown)
        read = judged(kind, body_with(kind, code), is_write=False)
        assert isinstance(read, Unavailable)
    else:
        assert type(found) is error


@pytest.mark.parametrize(("kind", "code", "error"), CODES)
def test_every_code_is_one_that_is_known_to_exist(kind, code, error):
    source = source_of(VENUES[kind].ccxt_id.removesuffix("futures"))
    assert code in DOCUMENTED or f"'{code}'" in source


@pytest.mark.parametrize("kind", VENUES)
def test_a_server_that_fails_leaves_it_open(kind):
    for status in (500, 502, 503, 504, 599):
        for body in (None, {}, {"code": -2010}, {"code": "51008"}):
            assert isinstance(judged(kind, body, is_write=True, status=status), OutcomeUnknown)
            assert isinstance(judged(kind, body, is_write=False, status=status), Unavailable)


@pytest.mark.parametrize("kind", VENUES)
def test_statuses_of_the_limits(kind):
    """Without a code it is a wall's word, and walls know addresses alone."""
    waits = judged(kind, None, is_write=True, status=429, headers={"Retry-After": "7"})
    assert type(waits) is EgressBlocked
    assert waits.retry_after == 7
    banned = judged(kind, None, is_write=True, status=418)
    assert isinstance(banned, EgressBlocked)
    assert banned.retry_after >= 600
    briefly = judged(kind, None, is_write=True, status=418, headers={"Retry-After": "120"})
    assert briefly.retry_after == 120  # a stop that may leave again waits no longer
    nothing = judged(kind, None, is_write=True, status=429, headers={"Retry-After": "0"})
    assert nothing.retry_after > 0


@pytest.mark.parametrize(
    ("kind", "body", "error", "silence"),
    [
        ("binance_usdm", {"code": -1003, "msg": "Too many requests"}, EgressBlocked, 60),
        ("binance", {"code": -1003, "msg": "Too much request weight used"}, EgressBlocked, 60),
        ("binance_usdm", {"code": -1015, "msg": "Too many new orders"}, RateLimited, 0),
        ("binance_usdm", {"code": 0, "msg": "?"}, EgressBlocked, 60),
        ("hashkey", {"code": "0003", "msg": "?"}, EgressBlocked, 60),
        ("okx", {"code": "50011", "msg": "Too Many Requests"}, RateLimited, 0),
        ("kucoin_futures", {"code": "429000", "msg": "Too Many Requests"}, RateLimited, 0),
    ],
)
def test_a_429_is_about_an_account_or_about_its_address(kind, body, error, silence):
    refused = judged(kind, body, is_write=True, status=429)
    assert type(refused) is error
    assert silence_asked(VENUES[kind], 429, {}, body) == silence
    if silence:
        assert silence_asked(VENUES[kind], 429, {"Retry-After": "9"}, body) == 9


@pytest.mark.parametrize("kind", VENUES)
def test_a_wall_in_front_of_an_exchange_says_nothing_of_an_order(kind):
    for error in (None, ccxt.PermissionDenied("?"), ccxt.ExchangeNotAvailable("?")):
        refused = judged(kind, None, is_write=True, status=403, error=error)
        assert type(refused) is UnexpectedReply
        assert type(judged(kind, None, is_write=False, status=403, error=error)) is EgressBlocked
    assert silence_asked(VENUES[kind], 403, {}, None) >= 600
    assert silence_asked(VENUES[kind], 403, {}, {"label": "FORBIDDEN"}) == 0  # the exchange's own


# --- what requests weigh -------------------------------------------------------------------------

LISTED = Listing("BTCUSDT", "BTCUSDT", Decimal("0.001"), {})


def order(**more):
    figures = {"position_index": 0, "price": Decimal(60_000), "stop": None, "target": None}
    return NewOrder(LINK, "BTCUSDT", Side.BUY, OrderType.LIMIT, Decimal("0.01"), **(figures | more))


@pytest.mark.parametrize("kind", VENUES)
def test_what_is_declared_of_weights_is_what_requests_weigh(kind):
    venue, account = VENUES[kind], Account("key", "1")
    place = venue.place(order(), LINK, LISTED, account)
    assert place.endpoint.weight == venue.limits.entry
    now = datetime.now(UTC)
    span = Span.between(now - LOOK_BACK, now + CLOCK_SLACK)
    lists = [*venue.resting(LISTED, account), *venue.ended(LISTED, span)]
    lists += venue.fills(LISTED, span)
    weights = [query.endpoint.weight for query in lists]
    asked = []

    def ask(request):  # who needs an account's number reads it first
        asked.append(request.endpoint.weight)
        return {"data": [{"type": "spot", "id": 1}]} if len(asked) == 1 else {}

    with suppress(LookupError, TypeError, Unavailable):
        venue.positions(ask)
    assert sum(weights) + sum(asked) == venue.limits.look


@pytest.mark.parametrize("kind", VENUES)
def test_a_window_has_room_for_looks_in_its_least_share(kind):
    limits = VENUES[kind].limits
    assert most_of(Lane.POLL, limits.weight) >= 2 * limits.look


def test_a_list_of_all_markets_weighs_more_than_one_of_a_single():
    account = Account("key")
    for kind, one, every in (("binance", 6, 80), ("binance_usdm", 2, 80)):
        resting = VENUES[kind].resting
        weights = [
            sum(query.endpoint.weight for query in resting(listing, account))
            for listing in (LISTED, None)
        ]
        assert weights == [one, every]


@pytest.mark.parametrize("kind", VENUES)
def test_every_request_fits_into_the_least_share_of_its_limit(kind):
    venue = VENUES[kind]
    endpoints = [one for one in vars(type(venue)).values() if isinstance(one, Endpoint)]
    heaviest = max(one.weight for one in endpoints)
    assert max(heaviest, venue.market_weight) <= most_of(Lane.POLL, venue.limits.weight)


def test_classes_of_ccxt_that_do_not_say_what_became_of_it_are_unknown():
    for error in (
        *(ccxt.ExchangeError, ccxt.OperationFailed, ccxt.NetworkError, ccxt.RequestTimeout),
        *(ccxt.ExchangeNotAvailable, ccxt.OnMaintenance, ccxt.BadResponse, ccxt.NotSupported),
        *(ccxt.NullResponse, ccxt.OperationRejected, ccxt.ManualInteractionNeeded),
    ):
        assert isinstance(judged("okx", {}, is_write=True, error=error("?")), OutcomeUnknown), error
        assert isinstance(judged("okx", {}, is_write=False, error=error("?")), Unavailable), error


def test_classes_of_ccxt_that_say_it_are_believed():
    for known, kind in CCXT_CLASSES:
        assert type(judged("okx", {}, is_write=True, error=known("?"))) is kind


def test_what_says_nothing_wrong_is_no_refusal():
    assert judged("okx", {"code": "0", "data": [{"sCode": "0"}]}, is_write=True) is None
    assert judged("gate", {"id": 1}, is_write=True) is None


@pytest.mark.parametrize(
    ("said", "error"),
    [
        ({"code": 100421, "msg": "Null timestamp or timestamp mismatch, try …"}, Unavailable),
        ({"code": 80014, "msg": "timestamp is invalid"}, Unavailable),
        ({"code": 100421, "msg": "The current system is busy"}, UnexpectedReply),
        ({"code": 100421, "msg": "This pair is currently restricted"}, SymbolNotTradable),
        ({"code": 109400, "msg": "order not exist"}, NotFound),
        ({"code": 80018, "msg": "order is already filled"}, NotFound),
    ],
)
def test_a_code_of_bingx_means_what_its_words_say(said, error):
    assert type(judged("bingx", said, is_write=True)) is error


@pytest.mark.parametrize(
    ("kind", "code", "words", "error"),
    [
        ("okx", "51169", "you don't have any positions in this direction", OrderRejected),
        ("okx", "51170", "the same trading direction as your positions", OrderRejected),
        ("binance_usdm", -4045, "Reach max stop order limit.", OrderRejected),
        ("kucoin_futures", "100004", "Order is in not cancelable state", NotFound),
        ("okx", "51510", "Modification failed as the order has been completed", NotFound),
        ("binance_usdm", -5025, "Only limit order is supported.", OrderRejected),
        ("kucoin_futures", "330011", "does not match your position mode", PositionModeMismatch),
        ("kucoin_futures", "330005", "margin mode does not match the selected", MarginModeMismatch),
        ("kucoin_futures", "100001", "error.getOrder.orderNotExist", NotFound),
        ("kucoin_futures", "100001", "There are invalid parameters", InvalidOrder),
    ],
)
def test_what_was_refused_for_good_is_not_unknown(kind, code, words, error):
    said = body_with(kind, code) | {"msg": words}
    by_ccxt = ccxt.OrderNotFound(words) if code == "100001" else None
    assert type(judged(kind, said, is_write=True, error=by_ccxt)) is error


def test_the_order_inside_counts_more_than_its_envelope():
    body = {"code": "1", "data": [{"sCode": "51016"}]}
    assert type(judged("okx", body, is_write=True)) is VENUES["okx"].codes["51016"]


# --- units -----------------------------------------------------------------------------------


contract_sizes = st.sampled_from(
    [Decimal(x) for x in ("1", "0.1", "0.01", "0.001", "0.0001", "10")]
)


@given(st.integers(1, 10**9), contract_sizes)
def test_contracts_and_base_units_are_two_words_for_one(contracts, contract):
    base = contracts * contract
    assert Decimal(in_contracts(base, contract)) == contracts
    assert in_whole_contracts(base, contract) == contracts
    assert in_base(in_contracts(base, contract), contract) == base


@given(st.decimals("0.00000001", "100000000", places=8))
def test_numbers_leave_in_plain_digits(value):
    text = plain(value)
    assert Decimal(text) == value
    assert re.fullmatch(r"\d+(\.\d*[1-9])?", text)


@pytest.mark.parametrize("quantity", ["0", "-1"])
def test_nothing_is_no_quantity(quantity):
    with pytest.raises(InvalidOrder):
        in_contracts(Decimal(quantity), Decimal("0.01"))


def test_what_has_no_end_in_contracts_is_refused():
    with pytest.raises(InvalidOrder):
        in_contracts(Decimal(1), Decimal(3))
    with pytest.raises(InvalidOrder):
        in_whole_contracts(Decimal("0.015"), Decimal("0.01"))


# --- ids, answers, scopes ----------------------------------------------------------------------


@pytest.mark.parametrize("kind", VENUES)
def test_our_ids_are_taken_whole(kind):
    assert to_wire(VENUES[kind], LINK) == VENUES[kind].link_prefix + LINK


@pytest.mark.parametrize("kind", VENUES)
def test_an_id_is_never_cut(kind):
    with pytest.raises(InvalidOrder):
        to_wire(VENUES[kind], "a" * (VENUES[kind].link_length + 1))


def test_a_proof_must_hold_something():
    for body in ({}, {"id": ""}, {"id": None}, {"id": 0}, {"id": "0"}, [], None, {"id": {}}):
        assert proof_in(body, "id") is None
    assert proof_in({"id": 7}, "id") == 7
    assert proof_in({"data": []}, "data.[]") == []
    assert proof_in({"data": {}}, "data.[]") is None
    assert proof_in({"on": False}, "data.on?|on?") is False
    assert proof_in({"data": {"on": 1}, "list": []}, "data.on?|list.[]") == []
    assert proof_in({"data": {}}, "data.on?|list.[]") is None
    assert at({"data": None}, "data.[]") == []
    assert at({}, "data.[]") is None
    assert at([{"a": [1]}], "0.a.0") == 1


def test_a_scope_outside_the_list_is_never_harmless():
    facts = key_facts(
        ["read", "trade", "moon"], {"read": Scope.READ, "trade": Scope.TRADE}, uid="1"
    )
    assert facts.can_order
    assert facts.unknown_scopes == ("moon",)


def test_a_key_that_only_reads_is_read_only():
    facts = key_facts(["read"], {"read": Scope.READ, "trade": Scope.TRADE}, uid="1")
    assert facts.read_only
    assert not facts.can_order


def test_a_right_of_its_own_for_positions_is_wanted_where_there_is_one():
    meanings = {"orders": Scope.TRADE, "positions": Scope.POSITION}
    facts = key_facts(["orders"], meanings, uid="1")
    assert (facts.can_order, facts.can_position) == (True, False)
    assert key_facts(["orders", "positions"], meanings, uid="1").can_position


@pytest.mark.parametrize("uid", ["", "None"])
def test_an_account_has_a_number(uid):
    with pytest.raises(ValueError, match="number"):
        key_facts(["trade"], {"trade": Scope.TRADE}, uid=uid)


# --- orders --------------------------------------------------------------------------------------


LISTING = Listing("BTCUSDT", "BTC-USDT-SWAP", Decimal("0.01"), {})
ROW = {"id": "1", "side": "sell", "type": "market", "amount": "5", "status": "closed"}


def read(trigger=None, **more):
    return reading.order(ROW | more, LISTING, link_id=LINK, trigger=trigger)


def test_an_order_is_read_in_base_units():
    order = read(filled="5", average="59000")
    assert (order.quantity, order.filled, order.state) == (
        *(Decimal("0.05"), Decimal("0.05")),
        OrderState.FILLED,
    )


def test_an_order_that_is_done_in_part_was_withdrawn():
    assert read(filled="2").state is OrderState.CANCELLED


@pytest.mark.parametrize("more", [{"filled": "0", "trigger": Decimal(1)}, {"status": "new"}])
def test_an_order_that_says_too_little_is_not_read(more):
    """A stop that has fired shows no fill of its own: that is not the same as being filled."""
    with pytest.raises(ValueError, match="an order"):
        read(**more)


@pytest.mark.parametrize("missing", ["id", "side", "status"])
def test_an_order_without_its_marks_is_not_read(missing):
    with pytest.raises(ValueError, match="an order"):
        read(**{missing: None})


def test_a_trigger_makes_it_wait():
    order = read(status="open", filled="0", trigger=Decimal(58000), stopLossPrice="58000")
    assert order.state is OrderState.UNTRIGGERED
    assert (order.trigger_price, order.stop) == (Decimal(58000), None)


@pytest.mark.parametrize(
    ("said", "year"),
    [
        (1767225600000, 2026),
        ("1767225600000", 2026),
        (4133404800000, None),
        ("-1", None),
        ("", None),
    ],
)
def test_a_delisting_that_is_announced_is_read(said, year):
    market = {
        "base": "BTC",
        "quote": "USDT",
        "active": said != "-1",
        "info": {"deliveryDate": said},
        "precision": {"amount": "1", "price": "0.1"},
        "limits": {"amount": {}, "leverage": {}, "cost": {}, "market": None},
    }
    facts = reading.instrument(Listing("BTCUSDT", "BTCUSDT", Decimal(1), market), "deliveryDate")
    assert (facts.delivery_at and facts.delivery_at.year) == year
    # What does not trade now is not gone for that.
    assert (facts.is_tradable, facts.is_gone) == (said != "-1", False)


# --- profiles ----------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", VENUES)
def test_a_profile_names_no_way_to_move_coins(kind):
    """Endpoints are an allow-list, and none of it is a transfer or a change of the key."""
    endpoints = [
        value
        for part in type(VENUES[kind]).__mro__
        for value in vars(part).values()
        if isinstance(value, Endpoint)
    ]
    assert endpoints
    for endpoint in endpoints:
        assert hasattr(getattr(ccxt, VENUES[kind].ccxt_id), endpoint.method)
        assert endpoint.proof
        path = endpoint.path.lower()
        assert not re.search("withdraw|transfer|deposit|borrow|convert", path)
        if endpoint.is_write:
            assert re.search("order|cancel-algos|leverage", path)


@pytest.mark.parametrize("kind", VENUES)
def test_a_key_of_play_money_never_goes_to_the_real_exchange(kind):
    """Hosts tell the environments apart, or a header does, which the contract looks for."""
    sites = VENUES[kind].sites
    for name, site in sites.items():
        if name != "mainnet" and kind not in {"okx", "bitget"}:
            assert not site.hosts & sites["mainnet"].hosts


def test_only_what_is_offered_is_reached(settings):
    with pytest.raises(Unsupported):
        market_of("okx", "mainnet", Lane.POLL)
    settings.EXCHANGES_OFFERED = ["bybit", "okx"]
    assert market_of("okx", "mainnet", Lane.POLL) is not None


def test_a_name_that_no_adapter_has_is_an_error(settings):
    assert check_offered() == []
    settings.EXCHANGES_OFFERED = ["bybit", "okex"]
    assert [error.id for error in check_offered()] == ["exchanges.E003"]
    settings.EXCHANGES_OFFERED = []
    assert [error.id for error in check_offered()] == ["exchanges.E003"]


def test_only_what_carries_a_signal_may_be_offered(settings):
    settings.EXCHANGE_ENVIRONMENTS = ["demo"]
    # The others keep no stop that we could name, or hide the rights.
    whole = {"binance", "binance_usdm", "bingx", "bitget", "kucoin", "kucoin_futures", "okx"}
    for kind in CCXT_VENUES:
        settings.EXCHANGES_OFFERED = ["bybit", kind]
        assert [error.id for error in check_offered()] == (
            [] if kind in whole else ["exchanges.E003"]
        )
    settings.EXCHANGES_OFFERED, settings.EXCHANGE_ENVIRONMENTS = ["bybit", "okx"], ["mainnet"]
    assert [warning.id for warning in check_offered()] == ["exchanges.W001"]


def test_unsupported_is_an_exchange_error_that_ends_an_order():
    assert issubclass(Unsupported, ExchangeError)
    assert not issubclass(Unsupported, OutcomeUnknown)

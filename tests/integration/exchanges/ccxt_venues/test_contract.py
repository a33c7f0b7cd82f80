"""One contract for every adapter over ccxt, against a server that answers for its exchange."""

from __future__ import annotations

import base64
import json
import socket
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal

import ccxt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from exchanges.adapters.ccxt.venue import Feature, Product
from exchanges.domain.calls import listening
from exchanges.domain.errors import (
    EgressBlocked,
    ExchangeError,
    InsufficientMargin,
    InvalidOrder,
    NotFound,
    OutcomeUnknown,
    RateLimited,
    SymbolNotTradable,
    Unavailable,
    Unsupported,
)
from exchanges.domain.trading import Balance, Credentials, OrderState, OrderType, Side
from exchanges.ports import NoMeter, Wire
from exchanges.registry import exchange_factory, market_factory
from tests.integration.exchanges.ccxt_venues.answers import (
    KEY,
    LINK,
    ORDER_ID,
    PASSPHRASE,
    SECRET,
    VOICES,
)
from tests.integration.exchanges.ccxt_venues.faults import FAULTS
from tests.integration.exchanges.ccxt_venues.listings import RULES
from tests.integration.exchanges.ccxt_venues.orders import DEARER, LEVELS, ORDERS, SIZE
from tests.integration.exchanges.ccxt_venues.profiles import (
    GOLDEN,
    PEM,
    credentials,
    missing,
    venue_of,
    wire_to,
)
from tests.integration.exchanges.ccxt_venues.signatures import SIGNED
from tests.integration.exchanges.ccxt_venues.stand_in import leaves, silent, standing_in
from tests.integration.exchanges.ccxt_venues.waiting import WAITING

LIMIT = ORDERS["limit"]


def offers(kind, order):
    """Whether the profile names what the order asks for, not asking the adapter's own check."""
    features = venue_of(kind).features
    is_spot = venue_of(kind).product is Product.SPOT
    if order.trigger is None and order.type is OrderType.MARKET:
        sells = order.side is Side.SELL and Feature.MARKET_SELL in features
        if not sells and Feature.MARKET not in features:
            return False
    return (
        not (is_spot and (order.side is Side.SELL) != order.reduce_only)
        and (order.trigger is None or Feature.TRIGGER in features)
        and (order.stop is None or Feature.ATTACHED in features)
    )


def acknowledging(kind, server, order):
    voice = VOICES[kind]
    told = voice.stop_ack if order.trigger else voice.attached_ack if order.stop else voice.ack
    server.answer(*told)
    return told


# --- golden captures -------------------------------------------------------------------------


@pytest.mark.parametrize("name", ORDERS)
def test_an_order_leaves_as_captured_or_not_at_all(kind, server, account, name):
    order = ORDERS[name]
    if not offers(kind, order):
        with pytest.raises(Unsupported):
            account.place(order)
        assert server.heard == []
        assert GOLDEN[kind][name] == []
        return
    acknowledging(kind, server, order)

    assert account.place(order).order_id == ORDER_ID

    sent = [[heard.verb, heard.path, heard.said] for heard in server.heard]
    captured = GOLDEN[kind][name]
    assert sent[-1] == captured[-1]
    declared = [told[1] for told in VOICES[kind].before]
    assert [heard.path for heard in server.heard[:-1]] == declared


@pytest.mark.parametrize("name", LEVELS)
def test_a_stop_says_its_trigger_and_is_never_a_bare_market_order(kind, server, account, name):
    order = ORDERS[name]
    if not offers(kind, order):
        pytest.skip("not offered, which is another test")
    acknowledging(kind, server, order)
    account.place(order)

    said = server.heard[-1].said
    words = leaves(said)
    assert all(any(level in word for word in words) for level in LEVELS[name])
    plain = {**said}
    bare = GOLDEN[kind]["exit_market"][-1]
    assert [server.heard[-1].path, plain] != bare[1:]
    if order.trigger is not None:
        type_of_bare = bare[2].get("type") or bare[2].get("ordType") or bare[2].get("orderType")
        kept = (said.get("type"), said.get("ordType"), said.get("orderType"))
        # Another type of order, another way altogether, or a word that has no other meaning.
        is_marked = kind == "kucoin_futures" and said["stop"] in {"up", "down"}
        assert is_marked or type_of_bare not in kept or server.heard[-1].path != bare[1]


def test_every_order_carries_our_id(kind, server, account):
    for order in ORDERS.values():
        if offers(kind, order):
            acknowledging(kind, server, order)
            account.place(order)
            assert VOICES[kind].link in leaves(server.heard[-1].said)


def test_quantities_leave_in_the_exchanges_unit(kind, server, account):
    account.place(LIMIT)
    sizes = ("quantity", "size", "sz", "amount")
    said = server.heard[-1].said
    if kind == "coinbase":
        said = said["order_configuration"]["limit_limit_gtc"] | {"size": None}
        said["size"] = said.pop("base_size")
    (told,) = [str(said[name]) for name in sizes if name in said]
    assert told == VOICES[kind].contracts


def test_what_cannot_be_told_in_contracts_is_refused_here(kind, server, account):
    contract = Decimal(RULES[kind][0])
    if kind in {"kucoin_futures", "gate"}:
        with pytest.raises(InvalidOrder):
            account.place(replace(LIMIT, quantity=contract / 2))
    with pytest.raises(InvalidOrder):
        account.place(replace(LIMIT, quantity=Decimal(0)))
    assert not [heard for heard in server.heard if heard.verb != "GET"]


@pytest.mark.parametrize("link", ["with-hyphen", "x" * 65, "", "한국어"])
def test_an_id_that_is_not_taken_unchanged_is_refused_here(kind, server, account, link):
    with pytest.raises(InvalidOrder):
        account.place(replace(LIMIT, link_id=link))
    assert server.heard == []


def test_ccxt_itself_would_say_the_same_of_a_limit_order(kind, server, account):
    """An independent witness of the words: ccxt's own order against the one that we write."""
    if kind in {"okx", "coinbase", "hashkey"}:
        pytest.skip("ccxt writes this one another way: see the reference")
    client = account._line.client
    heard = []
    account._shelf()

    def overhear(url, verb, headers, body):
        heard.append(json.loads(body) if body and body[0] == "{" else dict(pairs(url, body)))
        raise Unavailable

    client.deliver = overhear
    if VOICES[kind].before:
        client.accounts = [{"id": "77", "type": "spot", "info": {}}]
        client.accountsById = {"77": client.accounts[0]}
    market = shelf_market(account)
    amount = SIZE / market["contractSize"] if market["contract"] else SIZE
    named = {"bingx": "clientOrderID"}.get(kind, "clientOrderId")
    with pytest.raises(Unavailable):
        client.create_order(
            market["symbol"], "limit", "buy", amount, Decimal("59000.5"), {named: LINK}
        )
    theirs, ours = heard[0], GOLDEN[kind]["limit"][-1][2]
    shared = [name for name in ours if name in theirs and name != "newOrderRespType"]
    for name in shared:
        assert str(ours[name]).lower() == str(theirs[name]).lower(), name
    assert VOICES[kind].link in [ours[name] for name in shared]
    # Words that ccxt leaves to the exchange's default, and we say.
    defaults = {
        *("timeInForce", "newOrderRespType", "force", "marginMode", "reduceOnly", "reduce_only"),
        *("positionSide", "tif", "source", "settle"),
    }
    assert set(ours) - set(theirs) <= defaults


def pairs(url, body):
    from urllib.parse import parse_qsl, urlsplit

    return parse_qsl(urlsplit(url).query) + parse_qsl(body or "")


def shelf_market(account):
    market = dict(account._shelf().listing("BTCUSDT").market)
    market["contractSize"] = Decimal(market["contractSize"] or 1)
    return market


# --- what is answered ------------------------------------------------------------------------


def test_an_order_is_found_by_our_id_in_base_units(kind, server, account):
    found = account.find_order("BTCUSDT", LINK)

    assert (found.order_id, found.link_id, found.symbol) == (ORDER_ID, LINK, "BTCUSDT")
    assert (found.side, found.type, found.state) == (Side.BUY, OrderType.LIMIT, OrderState.OPEN)
    assert (found.quantity, found.filled) == (SIZE, Decimal("0.02"))
    assert (found.price, found.average) == (Decimal("59000.5"), Decimal(59000))
    assert found.trigger_price is None
    assert not found.reduce_only
    assert [[heard.verb, heard.path, heard.said] for heard in server.heard] == GOLDEN[kind]["find"]


def test_a_stop_that_waits_is_found_by_our_id(kind, server, account):
    if Feature.TRIGGER not in venue_of(kind).features:
        pytest.skip("none is placed here")
    missing(kind, server)
    path, body = WAITING[kind]
    server.answer("GET", path, body)

    found = account.find_order("BTCUSDT", LINK)

    assert (found.order_id, found.link_id) == (ORDER_ID, LINK)
    assert (found.side, found.type, found.state) == (
        *(Side.SELL, OrderType.MARKET),
        OrderState.UNTRIGGERED,
    )
    assert (found.quantity, found.filled) == (SIZE, Decimal(0))
    assert found.trigger_price == Decimal(58000)
    assert found.price is None


def test_an_order_is_absent_only_when_the_exchange_says_so(kind, server, account):
    missing(kind, server)
    assert account.find_order("BTCUSDT", LINK) is None


def test_an_answer_about_another_order_is_not_believed(kind, server, account):
    verb, path, body = VOICES[kind].find
    other = json.loads(json.dumps(body).replace(LINK, LINK[:-1] + "z"))
    server.answer(verb, path, other)
    if kind == "coinbase":  # a list of all orders: ours is not among them
        assert account.find_order("BTCUSDT", LINK) is None
        return
    with pytest.raises(Unavailable):
        account.find_order("BTCUSDT", LINK)


def test_an_order_is_withdrawn_by_our_id(kind, server, account):
    account.cancel("BTCUSDT", LINK)
    sent = [[heard.verb, heard.path, heard.said] for heard in server.heard]
    assert sent == GOLDEN[kind]["cancel"]


def test_a_withdrawal_of_nothing_is_not_found(kind, server, account):
    missing(kind, server)
    status, body = VOICES[kind].missing
    for told in VOICES[kind].cancel:
        server.answer(told[0], told[1], body, status)
    with pytest.raises(NotFound):
        account.cancel("BTCUSDT", LINK)


def test_what_waits_elsewhere_is_withdrawn_there(kind, server, account):
    """Where triggers have a list of their own, what is not in the first is in the second."""
    if len(VOICES[kind].cancel) < 2:
        pytest.skip("all orders stand in one list")
    verb, path, _ = VOICES[kind].cancel[0]
    status, body = VOICES[kind].missing
    server.answer(verb, path, body, status)
    account.cancel("BTCUSDT", LINK)
    assert [heard.path for heard in server.heard] == [told[1] for told in VOICES[kind].cancel]


def test_the_balance_is_in_usdt(kind, account):
    assert account.balance() == Balance(Decimal(1000), Decimal(900), "")


def test_positions_are_in_base_units_with_their_direction(kind, account):
    if venue_of(kind).product is Product.SPOT:
        return
    (position,) = account.positions()
    assert (position.symbol, position.side) == ("BTCUSDT", Side.SELL)
    assert (position.quantity, position.average) == (SIZE, Decimal(59000))
    assert position.leverage == (None if kind == "binance_usdm" else Decimal(10))
    assert position.position_index == 0
    assert account.positions("ETHUSDT") == []


def test_a_flat_account_has_no_positions(kind, server, account):
    told = VOICES[kind].positions
    if told is None:
        pytest.skip("a spot account has none")
    verb, path, body = told
    server.answer(verb, path, [] if isinstance(body, list) else body | {"data": []})
    assert account.positions() == []


def test_instruments_are_in_base_units(kind, server):
    (found,) = market_factory(kind)(wire_to(server)).instruments()
    tick, step = RULES[kind][1:]
    assert (found.symbol, found.base, found.quote) == ("BTCUSDT", "BTC", "USDT")
    assert (found.tick, found.step) == (Decimal(tick), Decimal(step))
    assert found.min_quantity == Decimal(step)
    assert found.max_quantity >= 1
    assert found.status == "Trading"
    is_swap = venue_of(kind).product is Product.SWAP
    assert found.max_leverage >= (10 if is_swap else 1)


# --- faults ----------------------------------------------------------------------------------


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_is_never_an_acknowledgement(kind, server, account, fault):
    """An order's fate is unknown, whatever breaks after it left; nothing is sent again."""
    verb, path, _ = VOICES[kind].ack
    FAULTS[fault](server, verb, path)
    with pytest.raises(OutcomeUnknown):
        account.place(LIMIT)
    assert len([heard for heard in server.heard if heard.path == path]) == 1


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_is_never_a_withdrawal(kind, server, account, fault):
    verb, path, _ = VOICES[kind].cancel[0]
    FAULTS[fault](server, verb, path)
    with pytest.raises(OutcomeUnknown):
        account.cancel("BTCUSDT", LINK)
    assert len([heard for heard in server.heard if heard.path == path]) == 1


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_is_never_an_answer(kind, server, account, fault):
    """Not an absent order, not a flat account, not an empty one."""
    voice = VOICES[kind]
    asked = [(voice.find, lambda: account.find_order("BTCUSDT", LINK))]
    asked.append((voice.balance, account.balance))
    if voice.positions:
        asked.append((voice.positions, account.positions))
    for (verb, path, body), ask in asked:
        if fault == "[]" and isinstance(body, list):
            continue  # there it is the answer of a flat account
        FAULTS[fault](server, verb, path)
        with pytest.raises(Unavailable):
            ask()


def test_silence_is_unknown(kind, server, account):
    hasty = exchange_factory(kind)(credentials(kind), wire_to(server, read_timeout=0.2))
    if VOICES[kind].before:
        hasty.balance()
    verb, path, _ = VOICES[kind].ack
    server.send(verb, path, silent)
    with pytest.raises(OutcomeUnknown):
        hasty.place(LIMIT)


def test_a_connection_that_never_stood_carried_nothing(kind, server, account):
    if VOICES[kind].before:
        account.balance()
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        account._line._wire = replace(
            account._line._wire, base_url=f"http://127.0.0.1:{closed.getsockname()[1]}"
        )
        with pytest.raises(Unavailable):
            account._line.ask(
                venue_of(kind).place(
                    LIMIT,
                    VOICES[kind].link,
                    account._shelf().listing("BTCUSDT"),
                    account._account(),
                )
            )


def test_codes_that_do_not_say_what_became_of_it_are_unknown(kind, server, account):
    verb, path, _ = VOICES[kind].ack
    for status, body in VOICES[kind].unknown:
        server.answer(verb, path, body, status)
        with pytest.raises(OutcomeUnknown):
            account.place(LIMIT)
        server.answer("GET", VOICES[kind].find[1], body, status)
        with pytest.raises(Unavailable):
            account.find_order("BTCUSDT", LINK)


def test_a_code_that_nobody_has_heard_of_is_unknown(kind, server, account):
    verb, path, _ = VOICES[kind].ack
    words = {"code": "77777777", "msg": "?", "label": "NEW", "status": "error", "err-code": "new"}
    server.answer(verb, path, words | {"error": "new"}, 400)
    with pytest.raises(OutcomeUnknown):
        account.place(LIMIT)


def test_a_refusal_is_a_refusal(kind, server, account):
    verb, path, _ = VOICES[kind].ack
    status, body = VOICES[kind].broke
    server.answer(verb, path, body, status)
    with pytest.raises(InsufficientMargin):
        account.place(LIMIT)


def test_too_many_requests_were_not_taken(kind, server, account):
    verb, path, _ = VOICES[kind].ack
    server.answer(verb, path, "<html>slow down</html>", 429)
    with pytest.raises(RateLimited) as refused:
        account.place(LIMIT)
    minute = kind in {"hashkey", "binance", "binance_usdm"}
    assert refused.value.retry_after == (60 if minute else 1)


class Noting(NoMeter):
    """A meter that remembers how long the address was to be silent."""

    def __init__(self):
        self.silences = []

    def freeze(self, seconds):
        self.silences.append(seconds)


@pytest.mark.parametrize(
    ("status", "error", "silence"),
    [(403, OutcomeUnknown, 600), (418, EgressBlocked, 600), (429, EgressBlocked, 1)],
)
def test_a_wall_silences_the_address(kind, server, account, status, error, silence):
    meter = Noting()
    wire = replace(wire_to(server), meter=meter)
    account = exchange_factory(kind)(credentials(kind), wire)
    account._account()  # whatever an order must name is known before
    verb, path, _ = VOICES[kind].ack
    server.answer(verb, path, "<html>Request blocked</html>", status)
    with pytest.raises(error):
        account.place(LIMIT)
    (heard,) = meter.silences
    assert heard >= silence
    verb, path, _ = VOICES[kind].balance
    server.answer(verb, path, "<html>Request blocked</html>", status)
    with pytest.raises(EgressBlocked):
        account.balance()
    assert len(meter.silences) == 2


def test_an_acknowledgement_of_another_order_is_not_ours(kind, server, account):
    verb, path, body = VOICES[kind].ack
    asked = venue_of(kind).place(
        LIMIT, VOICES[kind].link, account._shelf().listing("BTCUSDT"), account._account()
    )
    if not asked.echo:
        pytest.skip("that this exchange repeats our id is not documented")
    server.answer(verb, path, json.dumps(body).replace(LINK, "somebodyelses"))
    with pytest.raises(OutcomeUnknown):
        account.place(LIMIT)


# --- nothing that was not asked for ------------------------------------------------------------


def test_the_first_order_asks_for_nothing_else(kind, server, account):
    account.place(LIMIT)
    declared = [told[1] for told in VOICES[kind].before]
    assert [heard.path for heard in server.heard] == [*declared, VOICES[kind].ack[1]]


def test_markets_are_never_listed_by_an_account(kind):
    with standing_in() as elsewhere:
        account = exchange_factory(kind)(credentials(kind), wire_to(elsewhere))
        with pytest.raises(Unavailable):
            account.place(LIMIT)
        assert elsewhere.heard == []


def test_what_ccxt_asks_by_itself_does_not_leave(kind, server, account):
    """Whatever its methods would like to send: only the request that was named may go."""
    account._shelf()
    client = account._line.client
    for ask in (client.fetch_balance, client.fetch_trading_fees, client.fetch_accounts):
        with pytest.raises((Unsupported, ccxt.BaseError)):
            ask()
    with pytest.raises((Unsupported, ccxt.BaseError)):
        client.withdraw("USDT", 1, "0x0000000000000000000000000000000000000000")
    assert server.heard == []


def test_no_order_is_branded(kind, server, account):
    account.place(LIMIT)
    heard = server.heard[-1]
    names = set(heard.headers)
    assert not names & {"x-gate-channel-id", "x-channel-api-code", "x-source-key", "source"}
    assert not names & {"input-source", "broker_sign", "kc-api-partner", "referer"}
    sent = json.dumps([heard.said, heard.headers]).lower()
    assert "ccxt" not in sent
    assert "aa03022abc" not in sent


def test_accounts_share_markets_and_connections(kind, server, account):
    other = exchange_factory(kind)(credentials(kind), wire_to(server))
    assert account._shelf() is other._shelf()
    assert account._line.client.markets is other._line.client.markets
    assert account._line._channel is other._line._channel


def test_a_symbol_that_is_not_listed_is_refused_here(kind, server, account):
    with pytest.raises(SymbolNotTradable):
        account.place(replace(LIMIT, symbol="DOGEUSDT"))
    assert server.heard == []


def test_what_no_profile_offers_is_refused_here(kind, server, account):
    now = datetime.now(UTC)
    asked = [
        lambda: account.set_position_levels("BTCUSDT", 0, stop=Decimal(1), target=None),
        lambda: account.set_trailing_stop("BTCUSDT", 0, distance=Decimal(1), activation=None),
        lambda: account.closed_pnl_since("BTCUSDT", now),
    ]
    if VOICES[kind].amend is None:
        asked += [lambda: account.amend(DEARER)]
    if venue_of(kind).product is Product.SPOT:
        asked += [lambda: account.set_leverage("BTCUSDT", Decimal(5))]
    for ask in asked:
        with pytest.raises(Unsupported):
            ask()
    declared = [told[1] for told in VOICES[kind].before]
    assert all(heard.path in declared for heard in server.heard)


def test_every_request_is_signed_as_the_exchange_checks_it(kind, server, account):
    if kind == "coinbase":
        pytest.skip("a token, which has a test of its own")
    for order in ORDERS.values():
        if offers(kind, order):
            acknowledging(kind, server, order)
            account.place(order)
    account.find_order("BTCUSDT", LINK)
    account.cancel("BTCUSDT", LINK)
    account.balance()
    if VOICES[kind].amend is not None:
        account.amend(DEARER)
    if VOICES[kind].key:
        account.key_facts()
    assert server.heard
    for heard in server.heard:
        assert SIGNED[kind](heard), (heard.verb, heard.path)


@pytest.mark.parametrize("kind", ["coinbase"], indirect=True)
def test_coinbase_is_shown_a_token_for_this_very_request(kind, server, account):
    account.place(LIMIT)
    heard = server.heard[-1]
    head, body, signature = heard.headers["authorization"].removeprefix("Bearer ").split(".")
    half = [int.from_bytes(part, "big") for part in halves(unbase64(signature))]
    public = load_pem_private_key(PEM.encode(), None).public_key()
    public.verify(encode_dss_signature(*half), f"{head}.{body}".encode(), ec.ECDSA(SHA256()))
    claims = json.loads(unbase64(body))
    assert claims["sub"] == KEY
    assert f"{heard.verb} api.coinbase.com{heard.path}" in str(claims.get("uri") or claims["uris"])


def unbase64(text):
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def halves(whole):
    return whole[: len(whole) // 2], whole[len(whole) // 2 :]


# --- secrets -----------------------------------------------------------------------------------


def test_no_secret_in_what_is_told(kind, server, account, caplog):
    caplog.set_level("DEBUG")
    verb, path, _ = VOICES[kind].ack
    with listening() as calls:
        account.place(LIMIT)
        server.answer(verb, path, {"said": [KEY, credentials(kind).api_secret, PASSPHRASE]}, 400)
        with pytest.raises(ExchangeError) as failed:
            account.place(LIMIT)
    assert calls[-1].path == path
    told = "".join([repr(calls), repr(failed.value), caplog.text, repr(account), str(account)])
    told += repr(vars(failed.value)) + repr(account._line)
    for secret in (KEY, credentials(kind).api_secret, PASSPHRASE):
        assert secret not in told
    assert failed.value.__cause__ is None


def test_a_key_without_its_passphrase_is_refused_here(kind, server):
    if not venue_of(kind).has_passphrase:
        pytest.skip("none is asked for")
    with pytest.raises(Unsupported):
        exchange_factory(kind)(Credentials(KEY, SECRET), wire_to(server))


def test_an_environment_that_the_exchange_has_not_is_refused(kind):
    wire = Wire("moon", None, 1, 1, 5000)
    with pytest.raises(Unsupported):
        exchange_factory(kind)(credentials(kind), wire)


DEMO = {
    "okx": ("demo", "x-simulated-trading"),
    "bitget": ("demo", "paptrading"),
}


@pytest.mark.parametrize("kind", DEMO, indirect=True)
def test_a_demo_account_says_so_with_every_request(kind, server, account):
    """Where a header alone keeps play money from real money."""
    environment, header = DEMO[kind]
    wire = wire_to(server, environment)
    market_factory(kind)(wire).instruments()
    exchange_factory(kind)(credentials(kind), wire).place(LIMIT)
    assert server.heard[-1].headers[header] == "1"

"""What a key may do, as each exchange tells it: nothing is harmless that is not known to be."""

from __future__ import annotations

import json

import pytest

from exchanges.domain.errors import Unavailable, Unsupported
from tests.integration.exchanges.ccxt_venues.answers import BINGX_RIGHTS, KEY, VOICES
from tests.integration.exchanges.ccxt_venues.faults import FAULTS

WITHDRAWAL = {
    "bingx": ('"enableWithdrawals": false', '"enableWithdrawals": true'),
    "bitget": ('"stow"', '"wwow"'),
    "binance": ('"enableWithdrawals": false', '"enableWithdrawals": true'),
    "binance_usdm": ('"enableWithdrawals": false', '"enableWithdrawals": true'),
    "coinbase": ('"can_transfer": false', '"can_transfer": true'),
    "gate": ('"name": "account", "read_only": true', '"name": "wallet", "read_only": false'),
    "htx": ("readOnly,trade", "readOnly,trade,withdraw"),
    "kucoin": ("General,Spot", "General,Spot,Transfer"),
    "kucoin_futures": ("General,Spot,Futures", "General,Futures,Transfer"),
    "okx": ("read_only,trade", "read_only,withdraw,trade"),
}
TRANSFER = {
    "binance": ('"enableInternalTransfer": false', '"enableInternalTransfer": true'),
    "binance_usdm": ('"permitsUniversalTransfer": false', '"permitsUniversalTransfer": true'),
    "bingx": ('"permitsUniversalTransfer": false', '"permitsUniversalTransfer": true'),
    "bitget": ('"stow"', '"wtow"'),
    "kucoin": ("General,Spot", "General,Spot,InnerTransfer"),
    "kucoin_futures": ("General,Spot,Futures", "General,Futures,InnerTransfer"),
}
NEW_SCOPE = {
    "bingx": ('"enableVanillaOptions": false', '"enableTimeTravel": true'),
    "bitget": ('"stow"', '"timw"'),
    "binance": ('"enableMargin": false', '"enableTimeTravel": true'),
    "binance_usdm": ('"enableMargin": false', '"enableTimeTravel": true'),
    "coinbase": ('"can_transfer": false', '"can_time_travel": true'),
    "gate": ('"name": "account"', '"name": "time_travel"'),
    "htx": ("readOnly,trade", "readOnly,trade,timeTravel"),
    "kucoin": ("General,Spot", "General,Spot,TimeTravel"),
    "kucoin_futures": ("General,Spot,Futures", "General,Futures,TimeTravel"),
    "mexc": ("SPOT_DEAL_WRITE", "SPOT_DEAL_WRITE,SPOT_WITHDRAW_WRITE"),
    "okx": ("read_only,trade", "read_only,trade,time_travel"),
}


def test_a_key_for_trading_is_seen_as_one(kind, server, account):
    if not VOICES[kind].key:
        with pytest.raises(Unsupported):
            account.key_facts()
        assert server.heard == []
        return
    facts = account.key_facts()
    assert facts.uid == "424242"
    assert facts.can_order
    assert not facts.read_only
    assert not facts.can_withdraw
    assert not facts.can_transfer
    assert facts.unknown_scopes == ()


def respelled(kind, server, words):
    old, new = words
    for verb, path, body in VOICES[kind].key:
        server.answer(verb, path, json.dumps(body).replace(old, new))


def test_a_key_that_may_withdraw_is_seen_as_one(kind, server, account):
    if kind not in WITHDRAWAL:
        pytest.skip("the word for it is not documented: it is unknown, which is another test")
    respelled(kind, server, WITHDRAWAL[kind])
    assert account.key_facts().can_withdraw


def test_a_key_that_may_transfer_is_seen_as_one(kind, server, account):
    if kind not in TRANSFER:
        pytest.skip("there is no such right, or its word is not documented")
    respelled(kind, server, TRANSFER[kind])
    facts = account.key_facts()
    assert (facts.can_transfer, facts.can_withdraw) == (True, False)


def test_a_scope_that_is_not_known_is_named(kind, server, account):
    if kind not in NEW_SCOPE:
        pytest.skip("keys are not shown here")
    respelled(kind, server, NEW_SCOPE[kind])
    assert account.key_facts().unknown_scopes


@pytest.mark.parametrize("kind", ["bitget"], indirect=True)
@pytest.mark.parametrize(
    ("granted", "can"),
    [
        (["coow", "cpow"], (True, True, False)),
        (["coow", "cpor"], (True, False, False)),
        (["coor", "cpow"], (False, True, True)),
        (["coor", "cpor", "stor"], (False, False, True)),
        ([], (False, False, True)),
        (None, (False, False, True)),
    ],
)
def test_rights_of_orders_and_of_positions_are_two(kind, server, account, granted, can):
    verb, path, body = VOICES[kind].key[0]
    server.answer(verb, path, body | {"data": body["data"] | {"authorities": granted}})
    facts = account.key_facts()
    assert (facts.can_order, facts.can_position, facts.read_only) == can
    assert facts.addresses == ("203.0.113.10", "203.0.113.11")


@pytest.mark.parametrize("kind", ["bitget"], indirect=True)
@pytest.mark.parametrize(
    "word", ["smow", "ttow", "chow", "p2p", "p2pw", "pllw", "taxw", "trade", "readonly"]
)
def test_what_trading_does_not_use_is_not_known_to_be_harmless(kind, server, account, word):
    verb, path, body = VOICES[kind].key[0]
    server.answer(verb, path, body | {"data": body["data"] | {"authorities": ["coow", word]}})
    assert account.key_facts().unknown_scopes == (word,)


NUMBERS = {"note": "hexagonal", "ipAddresses": ["203.0.113.10"], "apiKey": KEY}
BINGX = pytest.mark.parametrize("kind", ["bingx"], indirect=True)


@BINGX
@pytest.mark.parametrize("is_wrapped", [True, False])
@pytest.mark.parametrize(
    ("granted", "can"),
    [
        ([2, 3], (True, False, False, ())),
        ([1, 2], (False, False, False, ())),
        ([2, 3, 4], (True, True, False, ())),
        ([2, 3, 7], (True, True, False, ())),
        ([2, 3, 5], (True, False, True, ())),
        ([2, 3, 6], (True, False, False, ("6",))),
        (["2", "3", "Withdraw"], (True, False, False, ("Withdraw",))),
        ([], (False, False, False, ())),
    ],
)
def test_rights_that_are_told_by_numbers(kind, server, account, is_wrapped, granted, can):
    verb, path, _ = VOICES[kind].key[0]
    rights = NUMBERS | {"permissions": granted}
    server.answer(verb, path, {"code": 0, "data": rights} if is_wrapped else rights)
    facts = account.key_facts()
    said = (facts.can_order, facts.can_transfer, facts.can_withdraw, facts.unknown_scopes)
    assert said == can
    assert facts.addresses == ("203.0.113.10",)


@BINGX
@pytest.mark.parametrize(
    "name", ["enableWithdrawals", "enableInternalTransfer", "permitsUniversalTransfer"]
)
@pytest.mark.parametrize("said", [None, 1, "yes", "false"])
def test_a_right_to_move_coins_that_is_not_told_is_no_answer(kind, server, account, name, said):
    verb, path, _ = VOICES[kind].key[0]
    rights = {one: value for one, value in BINGX_RIGHTS.items() if one != name}
    if said is not None:
        rights[name] = said
    server.answer(verb, path, {"code": 0, "data": rights})
    with pytest.raises(Unavailable):
        account.key_facts()


@BINGX
@pytest.mark.parametrize("numbers", [None, []])
def test_numbers_that_say_nothing_tell_no_rights_beside_switches(kind, server, account, numbers):
    verb, path, _ = VOICES[kind].key[0]
    rights = NUMBERS | {"enableReading": True, "enableFutures": True, "permissions": numbers}
    server.answer(verb, path, {"code": 0, "data": rights})
    with pytest.raises(Unavailable):
        account.key_facts()


@pytest.mark.parametrize("kind", ["bitget", "bingx", "okx"], indirect=True)
@pytest.mark.parametrize("said", ["null", '""'])
def test_an_account_without_a_number_is_no_answer(kind, server, account, said):
    """Two of them would be taken for one."""
    verb, path, body = VOICES[kind].key[-1]
    text = json.dumps(body).replace('"424242"', said).replace("424242", said)
    server.answer(verb, path, text)
    with pytest.raises(Unavailable):
        account.key_facts()


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_is_never_a_right(kind, server, account, fault):
    for verb, path, body in VOICES[kind].key:
        FAULTS[fault](server, verb, path)
        with pytest.raises(Unavailable):
            account.key_facts()
        server.answer(verb, path, body)

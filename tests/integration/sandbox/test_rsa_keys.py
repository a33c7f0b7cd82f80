"""Keys that a trader made: registered by their public half, used by the real pybit."""

from __future__ import annotations

import pytest
import requests
from pybit.exceptions import InvalidRequestError
from pybit.unified_trading import HTTP

from tests.fixtures.rsa_keys import new_pair

BTC = {"category": "linear", "symbol": "BTCUSDT"}


@pytest.fixture(scope="module")
def pair():
    return new_pair()


@pytest.fixture
def registered(bybit, pair):
    """An account's UID and the id of the key that its trader registered."""
    bybit.price("BTCUSDT", 46000)
    uid = bybit.account(balance="1000")["uid"]
    return bybit.post(f"accounts/{uid}/keys", public_key=pair[1])


def session_of(bybit, api_key, private):
    session = HTTP(
        api_key=api_key,
        api_secret=private,
        rsa_authentication=True,
        max_retries=1,
        retry_codes={-1},
    )
    session.endpoint = bybit.url
    return session


def test_pybit_reads_and_trades_with_a_registered_key(bybit, registered, pair):
    session = session_of(bybit, registered["api_key"], pair[0])
    facts = session.get_api_key_information()["result"]
    assert (str(facts["userID"]), facts["rsaPublicKey"]) == (registered["uid"], pair[1])
    session.place_order(**BTC, side="Buy", orderType="Market", qty="0.01")
    (position,) = session.get_positions(**BTC)["result"]["list"]
    assert position["size"] == "0.01"


def test_the_key_of_another_pair_is_10004(bybit, registered):
    session = session_of(bybit, registered["api_key"], new_pair()[0])
    with pytest.raises(InvalidRequestError) as refused:
        session.get_api_key_information()
    assert refused.value.status_code == 10004


def test_an_unknown_id_is_10003(bybit, registered, pair):
    with pytest.raises(InvalidRequestError) as refused:
        session_of(bybit, "nobody", pair[0]).get_api_key_information()
    assert refused.value.status_code == 10003


def test_one_public_key_may_have_several_ids_with_rights_of_their_own(bybit, registered, pair):
    page = f"accounts/{registered['uid']}/keys"
    reader = bybit.post(page, public_key=pair[1], read_only=True)
    assert reader["api_key"] != registered["api_key"]
    with pytest.raises(InvalidRequestError) as refused:
        session_of(bybit, reader["api_key"], pair[0]).place_order(
            **BTC, side="Buy", orderType="Market", qty="0.01"
        )
    assert refused.value.status_code == 10005


@pytest.mark.parametrize("key", ["", "no key", new_pair(1024)[1]])
def test_the_page_takes_no_bad_public_key(bybit, key):
    uid = bybit.account()["uid"]
    url = f"{bybit.url}/_control/accounts/{uid}/keys"
    assert requests.post(url, json={"public_key": key}, timeout=10).status_code == 400

"""The sandbox's sockets as the unmodified pybit uses them."""

from __future__ import annotations

import queue
import time

import pybit.unified_trading
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from pybit.unified_trading import WebSocket

from tests.fixtures.processes import eventually
from tests.integration.sandbox.test_real_client import Trader


@pytest.fixture
def trader(bybit, monkeypatch):
    url = bybit.url.replace("http", "ws", 1)
    monkeypatch.setattr(pybit.unified_trading, "PRIVATE_WSS", f"{url}/v5/private")
    monkeypatch.setattr(pybit.unified_trading, "PUBLIC_WSS", f"{url}/v5/public/{{CHANNEL_TYPE}}")
    return Trader(bybit)


def listen(trader, **options):
    keys = {"api_key": trader.key["api_key"], "api_secret": trader.key["api_secret"]}
    return WebSocket(testnet=False, channel_type="private", **{**keys, **options})


def test_orders_executions_positions_and_the_wallet_arrive(trader):
    told, client = queue.Queue(), listen(trader)
    client.order_stream(told.put)
    client.execution_stream(told.put)
    client.position_stream(told.put)
    client.wallet_stream(told.put)
    eventually(lambda: len(trader.bybit.get("streams")["sockets"][0]["topics"]) == 4)
    time.sleep(0.1)
    assert client.auth is True
    trader.order(orderLinkId="a")
    topics = {told.get(timeout=5)["topic"] for _ in range(6)}
    assert topics == {"order", "execution", "position", "wallet"}
    client.exit()


def test_an_rsa_key_listens(trader):
    private = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    pem = private.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.TraditionalOpenSSL,
        serialization.NoEncryption(),
    ).decode()
    public = private.public_key().public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    trader.bybit.post(f"keys/{trader.key['api_key']}", rsa_public_key=public.decode())
    told, client = queue.Queue(), listen(trader, api_secret=pem, rsa_authentication=True)
    client.order_stream(told.put)
    eventually(lambda: trader.bybit.get("streams")["sockets"][0]["uid"] == trader.key["uid"])
    client.exit()


def test_a_dropped_client_comes_back_by_itself_and_hears_only_what_is_new(trader):
    told, client = queue.Queue(), listen(trader)
    client.order_stream(told.put)
    eventually(lambda: trader.bybit.get("streams")["sockets"][0]["topics"])
    time.sleep(0.1)
    trader.bybit.post("streams/drop", uid=trader.key["uid"])
    trader.order(orderLinkId="missed")
    eventually(lambda: any(s["topics"] for s in trader.bybit.get("streams")["sockets"]))
    trader.order(orderLinkId="heard")
    assert told.get(timeout=5)["data"][0]["orderLinkId"] == "heard"
    client.exit()


def test_public_prices_and_trades_arrive(trader):
    told = queue.Queue()
    client = WebSocket(testnet=False, channel_type="linear")
    client.ticker_stream("BTCUSDT", told.put)
    assert told.get(timeout=5)["data"]["lastPrice"] == "46000"
    trader.bybit.price("BTCUSDT", 46100)
    whole = told.get(timeout=5)["data"]
    assert (whole["lastPrice"], whole["fundingRate"]) == ("46100", "0.0001")
    trades = queue.Queue()
    client.trade_stream("BTCUSDT", trades.put)
    eventually(lambda: len(trader.bybit.get("streams")["sockets"][0]["topics"]) == 2)
    trader.bybit.price("BTCUSDT", 46200)
    assert trades.get(timeout=5)["data"][0]["p"] == "46200"
    client.exit()

"""Every profile, how it is reached here, and what was captured of its requests."""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from exchanges.adapters.ccxt.venue import Listing
from exchanges.domain.trading import Credentials
from exchanges.ports import Wire
from exchanges.registry import CCXT_VENUES, exchange_factory
from tests.integration.exchanges.ccxt_venues.answers import KEY, PASSPHRASE, SECRET, VOICES
from tests.integration.exchanges.ccxt_venues.listings import RULES

GOLDEN = json.loads((Path(__file__).parent / "golden.json").read_text())
KINDS = sorted(CCXT_VENUES)
PEM = (
    ec.generate_private_key(ec.SECP256R1())
    .private_bytes(Encoding.PEM, PrivateFormat.TraditionalOpenSSL, NoEncryption())
    .decode()
)


def credentials(kind):
    return Credentials(KEY, PEM if kind == "coinbase" else SECRET, passphrase=PASSPHRASE)


def wire_to(server, environment="sandbox", read_timeout=2):
    return Wire(environment, server.url, 1, read_timeout, 5000)


def venue_of(kind):
    return exchange_factory(kind).args[0]


def missing(kind, server):
    """Let every way to an order answer that there is none."""
    status, body = VOICES[kind].missing
    for request in venue_of(kind).finds(VOICES[kind].link, listing(kind)):
        endpoint = request.endpoint
        if endpoint.proof.endswith("[]") and kind != "coinbase":
            body_of_list = {"code": "00000", "data": {"entrustedList": None}}
            empty = {"code": "200000", "data": []}
            server.answer("GET", endpoint.path, body_of_list if kind == "bitget" else empty)
        else:
            server.answer("GET", endpoint.path.replace("*", VOICES[kind].link), body, status)
    if kind == "gate":
        server.answer("GET", "/api/v4/futures/usdt/orders_timerange", [])


def listing(kind):
    return Listing("BTCUSDT", "BTCUSDT", Decimal(RULES[kind][0]), {})

"""Signatures as Bybit verifies them (reference 1.1), and what keys are refused beforehand."""

from __future__ import annotations

import base64
import pickle
import time

import pytest
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding
from pybit._http_manager import generate_signature

from exchanges.adapters.bybit.signing import signer_of
from exchanges.adapters.bybit.transport import Transport
from exchanges.domain.errors import KeyUnreadable
from exchanges.domain.trading import Credentials, KeyKind
from exchanges.ports import Wire
from tests.fixtures.rsa_keys import new_pair

SECRET = "test-secret-0123456789"
VECTORS = {
    "1658384314791XXXXXXXXXX5000category=linear&symbol=BTCUSDT": (
        "7666403c0f34e8ff96eb4ba62688f633a2ae603300610c6b74ae805ec2500d3c"
    ),
    "GET/realtime1662350400000": (
        "15fb3c95518f3b90ae93f4bc1e31adb7e167feb1286f8349d259270f69661eb9"
    ),
}


@pytest.fixture(scope="module")
def pair():
    return new_pair()


def rsa_key(private):
    return Credentials("key-1234", private, KeyKind.RSA)


@pytest.mark.parametrize(("text", "signature"), VECTORS.items())
def test_the_reference_vectors(text, signature):
    assert signer_of(Credentials("XXXXXXXXXX", SECRET))(text) == signature


def test_an_rsa_signature_is_what_the_public_key_verifies(pair):
    signature = base64.b64decode(signer_of(rsa_key(pair[0]))("GET/realtime1"), validate=True)
    public = serialization.load_pem_public_key(pair[1].encode())
    public.verify(signature, b"GET/realtime1", padding.PKCS1v15(), hashes.SHA256())


@pytest.mark.parametrize("text", ["", "1658", '{"symbol": "BTC원"}'])
def test_pybit_itself_signs_the_same(pair, text):
    assert signer_of(rsa_key(pair[0]))(text) == generate_signature(True, pair[0], text)
    hmac_key = Credentials("key-1234", SECRET)
    assert signer_of(hmac_key)(text) == generate_signature(False, SECRET, text)


def test_a_key_is_read_and_used_faster_than_pybit_does(pair):
    """Ten to thirty times: pybit reads and validates it for every signature."""

    def seconds(sign):
        started = time.perf_counter()
        for _ in range(5):
            sign()
        return time.perf_counter() - started

    ours = min(seconds(lambda: signer_of(rsa_key(pair[0]))("text")) for _ in range(3))
    assert ours < seconds(lambda: generate_signature(*(True, pair[0], "text"))) / 3


def elliptic():
    key = ec.generate_private_key(ec.SECP256R1())
    return key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    ).decode()


@pytest.mark.parametrize(
    "private",
    ["", "garbage", new_pair()[1], new_pair(1024)[0], elliptic()],
    ids=["empty", "garbage", "public", "short", "elliptic"],
)
def test_what_is_no_such_private_key_pauses_its_own_link(private):
    with pytest.raises(KeyUnreadable) as refused:
        Transport(Wire("sandbox", "http://127.0.0.1:1", 1, 1, 5000), rsa_key(private))
    assert private not in str(refused.value) or not private


def test_a_private_key_neither_shows_nor_travels(pair):
    body = "".join(pair[0].splitlines()[1:-1])
    transport = Transport(Wire("sandbox", "http://127.0.0.1:1", 1, 1, 5000), rsa_key(pair[0]))
    for thing in (rsa_key(pair[0]), transport, transport._http):
        assert body[:40] not in repr(thing).replace("\\n", "")
    for thing in (rsa_key(pair[0]), transport, signer_of(rsa_key(pair[0]))):
        with pytest.raises((TypeError, AttributeError)):
            pickle.dumps(thing)


def test_pybits_session_is_told_no_secret():
    transport = Transport(
        Wire("sandbox", "http://127.0.0.1:1", 1, 1, 5000), Credentials("key-1234", SECRET)
    )
    assert SECRET not in repr(transport._http)

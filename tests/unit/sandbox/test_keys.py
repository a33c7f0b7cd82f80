"""Authentication to the letter of Bybit's guide."""

from __future__ import annotations

import base64

import pytest
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa

from sandbox.bybit.engine import ApiError
from sandbox.bybit.keys import (
    DAY_MS,
    Key,
    Signed,
    check,
    check_socket,
    facts,
    read_public_key,
)

NOW = 1_658_385_579_423
SECRET = "test-secret-0123456789"
POST_BODY = b'{"category": "linear", "symbol": "BTCUSDT", "buyLeverage": "5", "sellLeverage": "5"}'
POST_SIGN = "c4fb752f3d6bb489f4fe1cb1c81f26a3c8319f2fccebeff41588a0507d209698"
GET_QUERY = b"category=linear&symbol=BTCUSDT"
GET_SIGN = "7666403c0f34e8ff96eb4ba62688f633a2ae603300610c6b74ae805ec2500d3c"


def signed(**changes):
    fields = {
        "api_key": "XXXXXXXXXX",
        "timestamp": str(NOW),
        "window": "5000",
        "signature": POST_SIGN,
        "payload": POST_BODY,
        "address": "127.0.0.1",
    }
    return Signed(**(fields | changes))


def keys(**changes):
    return {"XXXXXXXXXX": Key("XXXXXXXXXX", "1", SECRET, **changes)}


def code_of(request, now=NOW, **key):
    with pytest.raises(ApiError) as refused:
        check(keys(**key), request, now)
    return refused.value.code


def test_the_reference_vectors_are_accepted():
    assert check(keys(), signed(), NOW).uid == "1"
    get = signed(timestamp="1658384314791", payload=GET_QUERY, signature=GET_SIGN)
    assert check(keys(), get, 1_658_384_314_791).uid == "1"


@pytest.mark.parametrize("now", [NOW + 5000, NOW - 999])
def test_both_edges_of_the_window_are_inside(now):
    assert check(keys(), signed(), now).uid == "1"


@pytest.mark.parametrize("now", [NOW + 5001, NOW - 1000])
def test_beyond_an_edge_is_10002_and_tells_the_three_numbers(now):
    with pytest.raises(ApiError, match=rf"req_timestamp\[{NOW}\],server_timestamp\[{now}\]") as it:
        check(keys(), signed(), now)
    assert it.value.code == 10002


def test_other_bytes_of_the_same_json_are_10004():
    assert code_of(signed(payload=POST_BODY.replace(b": ", b":"))) == 10004


def test_an_upper_case_signature_is_10004():
    assert code_of(signed(signature=POST_SIGN.upper())) == 10004


def test_an_unknown_and_a_revoked_key_are_10003():
    assert code_of(signed(api_key="nobody")) == 10003
    assert code_of(signed(), revoked=True) == 10003


def test_an_expired_key_is_33004_and_another_address_10010():
    assert code_of(signed(), expired=True) == 33004
    assert code_of(signed(), ips=["10.0.0.1"]) == 10010
    assert check(keys(ips=["127.0.0.1"]), signed(), NOW)


def test_a_key_without_an_address_ends_at_its_deadline_and_a_bound_one_does_not():
    assert check(keys(expires_ms=NOW + 1), signed(), NOW)
    assert code_of(signed(), expires_ms=NOW) == 33004
    assert check(keys(expires_ms=NOW, ips=["127.0.0.1"]), signed(), NOW)


@pytest.mark.parametrize(("left", "days", "told"), [(90, 7, "2022-07-28"), (3, 3, "2022-07-24")])
def test_a_new_password_leaves_an_unbound_key_a_week_at_most(left, days, told):
    key = Key("X", "1", expires_ms=NOW + left * DAY_MS)
    key.note_new_password(NOW)
    answer = facts(key, NOW)
    assert (answer["deadlineDay"], answer["expiredAt"][:10]) == (days, told)


def test_a_bound_key_is_told_without_a_deadline():
    key = Key("X", "1", expires_ms=NOW + DAY_MS, ips=["10.0.0.1"])
    key.note_new_password(NOW)
    answer = facts(key, NOW)
    assert (answer["deadlineDay"], answer["expiredAt"]) == (-2, "1970-01-01T00:00:00Z")


# --- RSA: SHA-256, PKCS#1 v1.5, base64 (reference 1.1) -------------------------------------------

SIGNED = f"{NOW}XXXXXXXXXX5000".encode() + POST_BODY
PKCS1, SHA256 = padding.PKCS1v15(), hashes.SHA256()


def new_rsa(bits=2048):
    return rsa.generate_private_key(public_exponent=65537, key_size=bits)


def pem_of(private):
    return (
        private.public_key()
        .public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
        .decode()
    )


@pytest.fixture(scope="module")
def private():
    return new_rsa()


def test_an_rsa_key_signs_in_base64(private):
    signature = base64.b64encode(private.sign(SIGNED, PKCS1, SHA256)).decode()
    assert check(keys(rsa_public_key=pem_of(private)), signed(signature=signature), NOW).uid == "1"


def test_what_is_no_such_signature_is_10004(private):
    right = private.sign(SIGNED, PKCS1, SHA256)
    pss = padding.PSS(padding.MGF1(SHA256), padding.PSS.MAX_LENGTH)
    wrong = {
        "of another key": base64.b64encode(new_rsa().sign(SIGNED, PKCS1, SHA256)).decode(),
        "of other bytes": base64.b64encode(private.sign(SIGNED + b" ", PKCS1, SHA256)).decode(),
        "by another padding": base64.b64encode(private.sign(SIGNED, pss, SHA256)).decode(),
        "by another hash": base64.b64encode(private.sign(SIGNED, PKCS1, hashes.SHA512())).decode(),
        "in hex": right.hex(),
        "cut": base64.b64encode(right[:-1]).decode(),
        "no base64": "***",
        "an HMAC with the public key": POST_SIGN,
    }
    for name, signature in wrong.items():
        request = signed(signature=signature)
        assert code_of(request, rsa_public_key=pem_of(private)) == 10004, name


def test_an_rsa_signature_opens_no_hmac_key(private):
    signature = base64.b64encode(private.sign(SIGNED, PKCS1, SHA256)).decode()
    assert code_of(signed(signature=signature)) == 10004


def test_all_other_refusals_are_those_of_any_key(private):
    good = signed(signature=base64.b64encode(private.sign(SIGNED, PKCS1, SHA256)).decode())
    public = {"rsa_public_key": pem_of(private)}
    assert code_of(good, now=NOW + 5001, **public) == 10002
    assert code_of(good, **public, revoked=True) == 10003
    assert code_of(good, **public, expired=True) == 33004
    assert code_of(good, **public, ips=["10.0.0.1"]) == 10010


def test_a_socket_is_opened_by_an_rsa_signature_too(private):
    known = keys(rsa_public_key=pem_of(private))
    expires = NOW + 1000

    def answer(message):
        signature = base64.b64encode(private.sign(message, PKCS1, SHA256)).decode()
        return check_socket(known, ["XXXXXXXXXX", expires, signature], "127.0.0.1", NOW)

    assert answer(f"GET/realtime{expires}".encode()).uid == "1"
    with pytest.raises(ApiError) as refused:
        answer(f"GET/realtime{expires + 1}".encode())
    assert refused.value.code == 10004


@pytest.mark.parametrize("text", ["", "AAAA", "-----BEGIN PUBLIC KEY-----\nAAAA\n"])
def test_what_is_no_public_key_is_not_taken(text):
    with pytest.raises(ValueError):  # noqa: PT011 - which library says why is no matter
        read_public_key(text)


def test_a_short_key_is_not_taken():
    with pytest.raises(ValueError, match="2048"):
        read_public_key(pem_of(new_rsa(1024)))


def test_a_key_hides_its_secret():
    assert SECRET not in repr(keys())

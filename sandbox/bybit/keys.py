"""API keys: whose they are, what they may do, and whether a signature is theirs.

Rules: https://bybit-exchange.github.io/docs/v5/guide#authentication
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey

from sandbox.bybit.engine import ApiError

AHEAD_MS = 1000  # a client's clock may lead by strictly less than this
DEFAULT_WINDOW = 5000
TRADING = {"ContractTrade": ["Order", "Position"]}
ANY_ADDRESS = "*"
# What Bybit's own generator makes is 2048 or 4096 bits long:
# https://www.bybit.com/en/help-center/article/How-to-Create-an-RSA-Key-on-Bybit
LEAST_BITS = 2048
DAY_MS = 24 * 60 * 60 * 1000
LIFE_MS = 90 * DAY_MS  # of a key without a bound address
LIFE_AFTER_PASSWORD_MS = 7 * DAY_MS  # of such a key once its account's password was changed
NO_EXPIRY = "1970-01-01T00:00:00Z"


@dataclass(slots=True, eq=False)
class Key:
    api_key: str
    uid: str
    secret: str = field(default="", repr=False)
    rsa_public_key: str = ""
    permissions: dict[str, list[str]] = field(default_factory=lambda: dict(TRADING))
    read_only: bool = False
    ips: list[str] = field(default_factory=lambda: [ANY_ADDRESS])
    expired: bool = False
    revoked: bool = False
    expires_ms: int = 0  # 0: never; what is bound to addresses does not expire at all
    note: str = "HEXAGONAL"
    type: int = 1
    inviter_id: int = 0
    affiliate_id: int = 0
    uta: int = 1
    is_master: bool = True
    parent_uid: str = "0"

    def allows(self, group: str, right: str) -> bool:
        return right in self.permissions.get(group, [])

    @property
    def deadline(self) -> int | None:
        """When it ends, in ms; None for a key that is bound to addresses."""
        return self.expires_ms if self.expires_ms and ANY_ADDRESS in self.ips else None

    def has_expired(self, now: int) -> bool:
        return self.expired or (self.deadline is not None and now >= self.deadline)

    def note_new_password(self, now: int) -> None:
        """The account's password was changed: a key without a bound address has a week left."""
        self.expires_ms = min(self.expires_ms or now + LIFE_MS, now + LIFE_AFTER_PASSWORD_MS)


@dataclass(frozen=True, slots=True)
class Signed:
    """What a private request brought along; `payload` is the raw query or the raw body."""

    api_key: str
    timestamp: str
    window: str
    signature: str
    payload: bytes
    address: str


def check(keys: dict[str, Key], signed: Signed, now: int) -> Key:
    """Return the key that signed this request, or refuse as Bybit does."""
    window = int(signed.window) if signed.window.isdigit() else DEFAULT_WINDOW
    if not signed.timestamp.isdigit():
        raise ApiError(10002, "invalid request, please check your server timestamp")
    sent = int(signed.timestamp)
    if not now - window <= sent < now + AHEAD_MS:
        raise ApiError(
            10002,
            "invalid request, please check your server timestamp or recv_window param. "
            f"req_timestamp[{sent}],server_timestamp[{now}],recv_window[{window}]",
        )
    head = f"{signed.timestamp}{signed.api_key}{signed.window}"
    message = head.encode() + signed.payload
    return _owner(keys, signed.api_key, message, signed.signature, signed.address, now)


def check_socket(keys: dict[str, Key], args: list[Any], address: str, now: int) -> Key:
    """Return the key of an auth frame's `[key, expires, signature]`, good until `expires` (ms).

    The real exchange says `Params Error` for what has expired; what it says to the rest is not
    documented, so REST's messages stand here.
    """
    api_key, expires, signature = (str(part) for part in args)
    if not expires.isdecimal() or int(expires) <= now:
        raise ApiError(10001, "Params Error")
    return _owner(keys, api_key, f"GET/realtime{expires}".encode(), signature, address, now)


def _owner(
    keys: dict[str, Key], api_key: str, message: bytes, signature: str, address: str, now: int
) -> Key:
    key = keys.get(api_key)
    if key is None or key.revoked:
        raise ApiError(10003, "API key is invalid.")
    if key.has_expired(now):
        raise ApiError(33004, "Your api key has expired.")
    if not _is_genuine(key, message, signature):
        raise ApiError(10004, "Error sign, please check your signature generation algorithm.")
    if ANY_ADDRESS not in key.ips and address not in key.ips:
        raise ApiError(10010, "Unmatched IP, please check your API key's bound IP addresses.")
    return key


def _is_genuine(key: Key, message: bytes, signature: str) -> bool:
    if key.rsa_public_key:
        return _is_genuine_rsa(key.rsa_public_key, message, signature)
    expected = hmac.digest(key.secret.encode(), message, hashlib.sha256).hex()
    return hmac.compare_digest(expected.encode(), signature.encode())


def _is_genuine_rsa(public_key: str, message: bytes, signature: str) -> bool:
    try:
        raw = base64.b64decode(signature, validate=True)
        read_public_key(public_key).verify(raw, message, padding.PKCS1v15(), hashes.SHA256())
    except (InvalidSignature, ValueError):
        return False
    return True


@lru_cache(maxsize=10_000)
def read_public_key(pem: str) -> RSAPublicKey:
    """Read a trader's public key; raises `ValueError` for what Bybit's page would not take."""
    loaded = serialization.load_pem_public_key(pem.encode())
    if not isinstance(loaded, RSAPublicKey) or loaded.key_size < LEAST_BITS:
        raise ValueError("an RSA public key of 2048 bits or more is expected")
    return loaded


def facts(key: Key, now: int) -> dict[str, Any]:
    """The answer of GET /v5/user/query-api; a deadline is told of keys without an address only."""
    deadline = key.deadline
    empty: dict[str, list[str]] = {
        name: []
        for name in (
            *("ContractTrade", "Spot", "Wallet", "Options", "Derivatives", "CopyTrading"),
            *("BlockTrade", "Exchange", "NFT", "Affiliate", "Earn", "FiatP2P", "FiatBitPay"),
        )
    }
    return {
        "id": "13770661",
        "note": key.note,
        "apiKey": key.api_key,
        "readOnly": int(key.read_only),
        "secret": "",
        "permissions": empty | key.permissions,
        "ips": key.ips,
        "type": key.type,
        "deadlineDay": -2 if deadline is None else max(-(-(deadline - now) // DAY_MS), 0),
        "expiredAt": NO_EXPIRY if deadline is None else _iso(deadline),
        "createdAt": "2026-01-01T00:00:00Z",
        "unified": 0,
        "uta": key.uta,
        "userID": int(key.uid),
        "inviterID": key.inviter_id,
        "vipLevel": "No VIP",
        "mktMakerLevel": "0",
        "affiliateID": key.affiliate_id,
        "rsaPublicKey": key.rsa_public_key,
        "isMaster": key.is_master,
        "parentUid": key.parent_uid,
        "kycLevel": "LEVEL_1",
        "kycRegion": "KOR",
    }


def _iso(ms: int) -> str:
    return datetime.fromtimestamp(ms // 1000, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")

"""Whether a request is signed by its key's owner, and young enough.

Rules: https://developers.binance.com/docs/binance-spot-api-docs/rest-api/request-security, and with
another header HashKey's.
"""

from __future__ import annotations

import hashlib
import hmac
from dataclasses import dataclass, field
from urllib.parse import parse_qsl

AHEAD_MS = 1000  # a client's clock may lead by strictly less than this
DEFAULT_WINDOW = 5000
LONGEST_WINDOW = 60_000
MARK = "signature="


class Refusal(Exception):
    """A refusal by the exchange's own code, in its own words."""

    def __init__(self, code: str, message: str, status: int = 400) -> None:
        super().__init__(code)
        self.code, self.message, self.status = code, message, status


@dataclass(frozen=True, slots=True)
class Codes:
    """What an exchange calls the refusals of a request that is not its owner's."""

    no_key: str
    unknown_key: str
    bad_signature: str
    bad_time: str
    bad_window: str
    missing: str


@dataclass(slots=True)
class Key:
    api_key: str
    secret: str = field(repr=False)
    rights: dict[str, bool] = field(default_factory=dict)


def signed_params(
    keys: dict[str, Key], codes: Codes, api_key: str, query: str, body: str, *, now: int
) -> tuple[Key, dict[str, str]]:
    """The key that signed, and what it says; what stands in the query counts before the body.

    What is signed is the query and the body as they came, one after the other, without the
    signature itself, which is the last of them.
    """
    if not api_key:
        raise Refusal(codes.no_key, "API-key format invalid.", 401)
    if api_key not in keys:
        raise Refusal(codes.unknown_key, "Invalid API-key, IP, or permissions for action.", 401)
    key, whole = keys[api_key], query + body
    message, mark, signature = whole.rpartition(MARK)
    if not mark:
        raise Refusal(codes.missing, "Mandatory parameter 'signature' was not sent.")
    expected = hmac.digest(key.secret.encode(), message.removesuffix("&").encode(), hashlib.sha256)
    if not hmac.compare_digest(expected.hex().encode(), signature.encode()):
        raise Refusal(codes.bad_signature, "Signature for this request is not valid.")
    params = dict(parse_qsl(body)) | dict(parse_qsl(query))
    params.pop("signature")
    _check_time(codes, params, now)
    return key, params


def _check_time(codes: Codes, params: dict[str, str], now: int) -> None:
    sent, window = params.pop("timestamp", ""), params.pop("recvWindow", str(DEFAULT_WINDOW))
    if not sent.isdigit():
        raise Refusal(codes.missing, "Mandatory parameter 'timestamp' was not sent.")
    if not window.isdigit() or int(window) > LONGEST_WINDOW:
        raise Refusal(codes.bad_window, "recvWindow must be less than 60000")
    if not now - int(window) <= int(sent) < now + AHEAD_MS:
        raise Refusal(codes.bad_time, "Timestamp for this request is outside of the recvWindow.")

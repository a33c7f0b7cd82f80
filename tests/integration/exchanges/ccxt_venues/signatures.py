"""How each exchange checks a request's signature, by its own page and not by ccxt."""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Callable
from urllib.parse import unquote

from tests.integration.exchanges.ccxt_venues.answers import KEY, PASSPHRASE, SECRET
from tests.integration.exchanges.ccxt_venues.stand_in import Heard


def _digest(message: str, kind: str = "sha256") -> bytes:
    return hmac.digest(SECRET.encode(), message.encode(), kind)


def _base64(message: str) -> str:
    return base64.b64encode(_digest(message)).decode()


def _pairs(text: str) -> tuple[str, str]:
    """The signed part, and the signature at its end."""
    signed, _, signature = text.rpartition("&signature=")
    return signed, signature


def _in_pairs(header: str) -> Callable[[Heard], bool]:
    def is_signed(heard: Heard) -> bool:
        signed, signature = _pairs(heard.raw_query + heard.raw_body)
        return heard.headers[header] == KEY and _digest(signed).hex() == signature

    return is_signed


def _bingx(heard: Heard) -> bool:
    """The values are signed as they are, and encoded after it."""
    signed, signature = _pairs(heard.raw_query)
    is_ours = heard.headers["x-bx-apikey"] == KEY
    return is_ours and _digest(unquote(signed)).hex() == signature


def _in_headers(prefix: str) -> Callable[[Heard], bool]:
    def is_signed(heard: Heard) -> bool:
        said = {name.removeprefix(prefix): text for name, text in heard.headers.items()}
        query = f"?{heard.raw_query}" if heard.raw_query else ""
        message = f"{said['timestamp']}{heard.verb}{heard.path}{query}{heard.raw_body}"
        phrases = {PASSPHRASE, _base64(PASSPHRASE)}  # KuCoin wants it signed as well
        is_ours = said["key"] == KEY and said["passphrase"] in phrases
        return is_ours and said["sign"] == _base64(message)

    return is_signed


def _gate(heard: Heard) -> bool:
    body = hashlib.sha512(heard.raw_body.encode()).hexdigest()
    words = (heard.verb, heard.path, heard.raw_query, body, heard.headers["timestamp"])
    is_ours = heard.headers["key"] == KEY
    return is_ours and heard.headers["sign"] == _digest("\n".join(words), "sha512").hex()


def _htx(heard: Heard) -> bool:
    """The query is signed in the order of its names, with the real host."""
    signed, _, signature = heard.raw_query.rpartition("&Signature=")
    message = f"{heard.verb}\napi.huobi.pro\n{heard.path}\n{signed}"
    is_sorted = signed.split("&") == sorted(signed.split("&"))
    return is_sorted and _base64(message) == unquote(signature)


# Coinbase signs a token with the key's own curve; its test is one of its own.
SIGNED: dict[str, Callable[[Heard], bool]] = {
    "binance": _in_pairs("x-mbx-apikey"),
    "binance_usdm": _in_pairs("x-mbx-apikey"),
    "bingx": _bingx,
    "bitget": _in_headers("access-"),
    "gate": _gate,
    "hashkey": _in_pairs("x-hk-apikey"),
    "htx": _htx,
    "kucoin": _in_headers("kc-api-"),
    "kucoin_futures": _in_headers("kc-api-"),
    "mexc": _in_pairs("x-mexc-apikey"),
    "okx": _in_headers("ok-access-"),
}

"""Order link ids: the same order always has the same id, whoever sends it and how often."""

from __future__ import annotations

import hashlib
import hmac
from uuid import UUID

PREFIX = "hx"
ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"  # Crockford's base 32, lower case
LENGTH = 24  # of 5 bits: 120 bits of the hash


def link_id(key: bytes, copy: UUID, leg: str, generation: int) -> str:
    """Name the order of a copy's leg: 26 letters and digits, marked as ours by `hx`.

    Bybit allows 36 characters of `[A-Za-z0-9_-]` and demands that an id is never used twice:
    https://bybit-exchange.github.io/docs/v5/order/create-order
    """
    message = f"{copy}:{leg}:{generation}".encode()
    number = int.from_bytes(hmac.digest(key, message, hashlib.sha256)[:15], "big")
    digits = [ALPHABET[(number >> (5 * place)) & 31] for place in range(LENGTH)]
    return PREFIX + "".join(reversed(digits))


def is_ours(link: str) -> bool:
    return link.startswith(PREFIX) and len(link) == len(PREFIX) + LENGTH

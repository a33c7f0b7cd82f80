"""Slow down the guessing of passwords: by account and address, and by address alone."""

from __future__ import annotations

from contextlib import suppress
from hashlib import sha256

from django.core.cache import cache

WINDOW_SECONDS = 300
MOST_OF_ACCOUNT = 5
MOST_OF_ADDRESS = 30


def _keys(email: str, address: str) -> dict[str, int]:
    digest = sha256(f"{email.lower()}|{address}".encode()).hexdigest()
    return {
        f"login:{digest}": MOST_OF_ACCOUNT,
        f"login:{sha256(address.encode()).hexdigest()}": MOST_OF_ADDRESS,
    }


def is_stopped(email: str, address: str) -> bool:
    keys = _keys(email, address)
    counts = cache.get_many(keys)
    return any(counts.get(key, 0) >= most for key, most in keys.items())


def note_failure(email: str, address: str) -> None:
    for key in _keys(email, address):
        cache.add(key, 0, timeout=WINDOW_SECONDS)
        with suppress(ValueError):  # the window ended in between
            cache.incr(key)

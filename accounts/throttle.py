"""Slow down the guessing of passwords: by account and address, and by address alone."""

from __future__ import annotations

from hashlib import sha256

from hexagonal.lib.counting import count, counted

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
    return any(counted(key) >= most for key, most in _keys(email, address).items())


def note_failure(email: str, address: str) -> None:
    for key in _keys(email, address):
        count(key, seconds=WINDOW_SECONDS)

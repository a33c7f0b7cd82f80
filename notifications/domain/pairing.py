"""The one-time key `인증:<name>:<uuid>`: how it is written and how it is found in a message."""

from __future__ import annotations

import hashlib
import re
import secrets
import unicodedata
from datetime import timedelta
from uuid import UUID

WORD = "인증"
LIFETIME = timedelta(seconds=300)  # valid while less than this old
KEY = re.compile(
    WORD + r"\s*:\s*[^\s:]+\s*:\s*"
    r"([0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12})",
    re.IGNORECASE,
)
START = re.compile(r"^/start\s+([0-9a-f]{32})$", re.IGNORECASE)


def new_token() -> UUID:
    """128 bits from the system's source (a uuid4 would give 122 of them)."""
    return UUID(bytes=secrets.token_bytes(16))


def written(nickname: str, token: UUID) -> str:
    return f"{WORD}:{nickname}:{token}"


def found_in(text: str) -> UUID | None:
    """The token in a pasted message or a deep link; the name in it decides nothing.

    Some keyboards send Korean decomposed, and people paste keys with text around them.
    """
    text = _composed(text)
    match = KEY.search(text) or START.match(text)
    return UUID(match.group(1)) if match else None


def looks_like_key(text: str) -> bool:
    """Whether somebody meant to paste a key, even one that was cut off."""
    return WORD in _composed(text) or found_in(text) is not None


def _composed(text: str) -> str:
    return unicodedata.normalize("NFC", text).strip()


def digest(token: UUID) -> str:
    """What is stored: the key itself never is."""
    return hashlib.sha256(token.bytes).hexdigest()

"""What a key may do, from an allow-list of scopes: one that is not known is never harmless."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from enum import StrEnum

from exchanges.domain.trading import KeyFacts


class Scope(StrEnum):
    READ = "read"
    TRADE = "trade"
    POSITION = "position"  # leverage and margin, where they have a right of their own
    TRANSFER = "transfer"
    WITHDRAW = "withdraw"
    HARMLESS = "harmless"


def key_facts(
    granted: Iterable[str],
    meanings: Mapping[str, Scope],
    *,
    uid: str,
    addresses: Iterable[str] = (),
    expires_at: datetime | None = None,
    inviter_id: str = "",
) -> KeyFacts:
    """Raises `ValueError` for an account without a number: it could not be told from another."""
    if not uid or uid == "None":
        raise ValueError("an account without a number")
    names = [name for name in granted if name]
    scopes = {meanings[name] for name in names if name in meanings}
    positions = Scope.POSITION if Scope.POSITION in meanings.values() else Scope.TRADE
    return KeyFacts(
        uid=uid,
        master_uid=uid,  # whose sub-account it is, no profile asks
        read_only=Scope.TRADE not in scopes,
        can_order=Scope.TRADE in scopes,
        can_position=positions in scopes,
        can_withdraw=Scope.WITHDRAW in scopes,
        can_transfer=Scope.TRANSFER in scopes,
        is_unified=True,  # a word of Bybit's: elsewhere there is nothing to upgrade
        addresses=tuple(address for address in addresses if address),
        expires_at=expires_at,
        inviter_id=inviter_id,
        affiliate_id="",
        unknown_scopes=tuple(name for name in names if name not in meanings),
    )


def flags(answer: Mapping[str, object]) -> list[str]:
    """The names of all switches that are on, however they are called."""
    return [name for name, value in answer.items() if value is True or value == "true"]


def words(text: object) -> list[str]:
    """The words of a list that may be one text with commas."""
    if isinstance(text, list):
        return [str(word) for word in text]
    return [word.strip() for word in str(text or "").split(",") if word.strip()]

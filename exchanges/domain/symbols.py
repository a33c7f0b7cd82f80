"""Which contract a person means: `BTC/USDT`, `#btcusdt`, `BTC-USDT-SWAP`, `BTCUSDT.P`, `$BTC`.

A spelling leads to the contract of that very name (its quote currency may be left out), or to the
only one that trades the coin by the thousand, as 1000PEPEUSDT does. All else is a suggestion.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from itertools import islice

QUOTE = "USDT"
MARKS = ("PERPETUAL", "PERP", "SWAP")  # other exchanges' words for a contract without an end
MOST_NEAR = 3
CLOSE = 0.7  # of difflib's ratio: a letter too many in a short name, or two swapped

_DASHES = str.maketrans("‐‑‒–—−", "------")
_SEPARATORS = re.compile(r"[\s/_:-]+")
_OTHER_QUOTE = re.compile(r"(?:USDC|USD|PERP|SWAP)\Z")
_WORD = re.compile(r"[A-Z0-9]+")
# Bybit names a coin that is dear by the thousand only in both ways: 1000PEPE and SHIB1000.
_SCALED = re.compile(r"(?:10{3,})?([A-Z0-9]*?[A-Z][A-Z0-9]*?)(?:10{3,})?")


@dataclass(frozen=True, slots=True)
class Match:
    """The contract that was meant, or None and the names that come near, at most three."""

    symbol: str | None
    near: tuple[str, ...] = ()


def find(typed: str, contracts: Mapping[str, bool]) -> Match:
    """Find what a person means among contracts quoted in USDT; the values say which can be traded.

    A name that is listed means itself, traded or not: it never leads to another contract.
    """
    words, is_marked = _words(typed)
    names = _names(words, is_marked=is_marked)
    listed = next((name for name in names if name in contracts), None)
    if listed is not None or not words:
        return Match(listed)
    traded = [symbol for symbol, can_be_traded in contracts.items() if can_be_traded]
    scaled = [symbol for name in names[-1:] for symbol in _by_the_thousand(name, traded)]
    if len(scaled) == 1:
        return Match(scaled[0])
    return Match(None, tuple(islice(_near("".join(words), scaled, traded), MOST_NEAR)))


def coin_of(symbol: str) -> str:
    """The coin that a contract trades, without its quote currency and its thousands."""
    base = symbol.removesuffix(QUOTE)
    scaled = _SCALED.fullmatch(base)
    return scaled[1] if scaled is not None else base


def coins_in(symbol: str) -> int:
    """How many coins the contract's price is for: 1000 for 1000PEPEUSDT."""
    base = symbol.removesuffix(QUOTE)
    return int(base.replace(coin_of(symbol), "", 1) or 1)


def _words(typed: str) -> tuple[list[str], bool]:
    """The parts of a spelling, and whether it was marked as perpetual; none for what is no name."""
    text = unicodedata.normalize("NFKC", typed).translate(_DASHES).strip()
    if not text.isascii():
        return [], False
    text = text.upper().lstrip("#$ ").removeprefix("BYBIT:")
    bare = text.removesuffix(".P")  # TradingView's mark
    bare = bare.replace(f"{QUOTE}:{QUOTE}", QUOTE)  # ccxt names the settlement as well
    words = [word for word in _SEPARATORS.split(bare) if word]
    if not all(_WORD.fullmatch(word) for word in words):
        return [], False
    is_marked = text.endswith(".P")
    if len(words) > 1 and words[-1] in MARKS:
        return words[:-1], True
    for mark in MARKS if words else ():
        if words[-1].endswith(QUOTE + mark):  # BTCUSDTPERP; BTCPERP is another quote's
            return [*words[:-1], words[-1].removesuffix(mark)], True
    return words, is_marked


def _names(words: list[str], *, is_marked: bool) -> list[str]:
    """The names that the words may stand for; the last one names its quote currency.

    A perpetual's mark or a second word says that the quote currency is there: none is added then,
    because BTCPERP and BTC/USD are other contracts than BTCUSDT.
    """
    match words:
        case [base, quote]:
            return [base + quote] if quote == QUOTE else []
        case [name]:
            return [name] if is_marked or name.endswith(QUOTE) else [name, name + QUOTE]
        case _:
            return []


def _by_the_thousand(name: str, traded: list[str]) -> list[str]:
    """The contracts of a coin that is itself named without thousands."""
    coin = name.removesuffix(QUOTE)
    if not name.endswith(QUOTE) or coin != coin_of(name):
        return []
    return [symbol for symbol in traded if coin_of(symbol) == coin]


def _near(word: str, scaled: list[str], traded: list[str]) -> Iterator[str]:
    """The contracts of the coin, then those whose name or coin looks like what was typed."""
    owners: dict[str, list[str]] = {}
    for symbol in traded:
        for key in {symbol, symbol.removesuffix(QUOTE), coin_of(symbol)}:
            owners.setdefault(key, []).append(symbol)
    looks = get_close_matches(word, owners, n=2 * MOST_NEAR, cutoff=CLOSE)
    of_coin = owners.get(coin_of(_OTHER_QUOTE.sub("", word)), [])
    found = [*scaled, *of_coin, *(symbol for key in looks for symbol in owners[key])]
    yield from dict.fromkeys(found)

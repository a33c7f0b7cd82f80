"""What an answer means for its caller: taken, refused, or not known.

An exchange's own code decides, then ccxt's class for it. Of a write that neither knows, and of
everything that breaks off after it was sent, the outcome is unknown: never failed, never done.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import ccxt

from exchanges.adapters.ccxt.answers import at
from exchanges.adapters.ccxt.venue import Json, Venue
from exchanges.domain.errors import (
    AccountBarred,
    DuplicateLinkId,
    EgressBlocked,
    ExchangeError,
    InsufficientMargin,
    InvalidKey,
    InvalidOrder,
    NotFound,
    OutcomeUnknown,
    PermissionMissing,
    RateLimited,
    StopRefused,
    SymbolNotTradable,
    Unavailable,
    UnexpectedReply,
)

OK, FAILED = range(200, 300), range(500, 600)
FORBIDDEN, BANNED, THROTTLED = 403, 418, 429
BAN_SECONDS = 600.0  # where an exchange does not say how long it wants to hear nothing
LONGEST_PAUSE = 3 * 24 * 3600.0
# Where a code stands beside an answer that is none, or an answer beside a code that is none.
SILENT = frozenset(
    {"", "0", "00000", "0000", "200", "200000", "ok", "UNKNOWN_CANCEL_FAILURE_REASON"}
)

# The last resort, most special first. Classes that do not say whether an order was taken
# (ExchangeError, OperationFailed, NetworkError, BadResponse, NotSupported) are left out.
CCXT_CLASSES: tuple[tuple[type[Exception], type[ExchangeError]], ...] = (
    (ccxt.AccountSuspended, AccountBarred),
    (ccxt.AccountNotEnabled, AccountBarred),
    (ccxt.RestrictedLocation, AccountBarred),
    (ccxt.PermissionDenied, PermissionMissing),
    (ccxt.AuthenticationError, InvalidKey),
    (ccxt.RateLimitExceeded, RateLimited),
    (ccxt.InvalidNonce, Unavailable),
    (ccxt.InsufficientFunds, InsufficientMargin),
    (ccxt.DuplicateOrderId, DuplicateLinkId),
    (ccxt.OrderNotFound, NotFound),
    (ccxt.OrderImmediatelyFillable, StopRefused),
    (ccxt.BadSymbol, SymbolNotTradable),
    (ccxt.ContractUnavailable, SymbolNotTradable),
    (ccxt.MarketClosed, SymbolNotTradable),
    (ccxt.InvalidOrder, InvalidOrder),
    (ccxt.BadRequest, InvalidOrder),
)


def parsed(text: str) -> Json | None:
    """The answer's JSON; None for what is none, and for texts and numbers that stand alone."""
    try:
        found = json.loads(text)
    except ValueError:
        return None
    return found if isinstance(found, dict | list) else None


def refusal(
    venue: Venue,
    status: int,
    headers: Mapping[str, str],
    body: Json | None,
    ccxt_error: Exception | None,
    *,
    is_write: bool,
) -> ExchangeError | None:
    """Name what is wrong with an answer; None when nothing says that anything is.

    `ccxt_error`: what ccxt makes of the same answer.
    """
    code = code_in(venue, body)
    if status in FAILED:
        return _unknown(f"HTTP {status}", code, is_write=is_write)
    if silence := silence_asked(venue, status, headers, body):
        if status == FORBIDDEN and is_write:  # no word of the exchange's own about the order
            return UnexpectedReply("HTTP 403", code=status)
        return EgressBlocked(f"HTTP {status}", code=status, retry_after=silence)
    pause = _pause(headers, venue.rate_pause)
    if status == THROTTLED:
        return RateLimited("HTTP 429", code=status, retry_after=pause)
    kind = _kind(venue, code, body) if code else None
    if kind is None and ccxt_error is not None:
        kind = _kind_of_class(ccxt_error)
    if kind is not None:
        return _made(kind, venue, code, pause, is_write=is_write)
    if code or ccxt_error is not None:
        return _unknown("an unheard-of refusal", code, is_write=is_write)
    if status not in OK:
        return _unknown(f"HTTP {status}", code, is_write=is_write)
    return None


def silence_asked(
    venue: Venue, status: int, headers: Mapping[str, str], body: Json | None
) -> float:
    """Seconds that nothing may leave by this address, by what an answer says; 0: it says no such.

    What is refused without JSON comes from a wall in front of the exchange, which knows addresses
    alone. Everything that is sent on prolongs that, and may end in a longer ban.
    """
    if status == BANNED or (status == FORBIDDEN and body is None):
        return _pause(headers, BAN_SECONDS)
    if _throttles_address(venue, status, body):
        return _pause(headers, venue.rate_pause)
    return 0.0


def _throttles_address(venue: Venue, status: int, body: Json | None) -> bool:
    code = code_in(venue, body)
    kind = _kind(venue, code, body) if code else None
    if status == THROTTLED and (kind is None or not issubclass(kind, RateLimited)):
        kind = EgressBlocked if body is None else venue.throttled
    return kind is not None and issubclass(kind, EgressBlocked)


def code_in(venue: Venue, body: Json | None) -> str:
    """The code that a refusal carries; empty when the answer is none."""
    for path in venue.code_paths:
        found = at(body, path)
        if found is not None and str(found) not in SILENT:
            return str(found)
    return ""


def _kind(venue: Venue, code: str, body: Json) -> type[ExchangeError] | None:
    said = json.dumps(body, ensure_ascii=False).lower()
    for text, kind in venue.texts:
        if text in said:
            return kind
    return venue.codes.get(code)


def _kind_of_class(error: Exception) -> type[ExchangeError] | None:
    return next((kind for known, kind in CCXT_CLASSES if isinstance(error, known)), None)


def _made(
    kind: type[ExchangeError], venue: Venue, code: str, pause: float, *, is_write: bool
) -> ExchangeError:
    if issubclass(kind, OutcomeUnknown):
        return _unknown(venue.kind, code, is_write=is_write)
    text = f"{venue.kind} {code}"
    if issubclass(kind, RateLimited):
        return kind(text, code=_number(code), retry_after=pause)
    return kind(text, code=_number(code))


def _unknown(text: str, code: str, *, is_write: bool) -> ExchangeError:
    """A read that failed changed nothing."""
    kind = UnexpectedReply if is_write else Unavailable
    return kind(f"{text} {code}".strip(), code=_number(code))


def _number(code: str) -> int | None:
    return int(code) if code.removeprefix("-").isdigit() else None


def _pause(headers: Mapping[str, str], otherwise: float) -> float:
    said: Any = headers.get("Retry-After", "")
    seconds = float(said) if str(said).isdigit() else 0.0
    return min(seconds, LONGEST_PAUSE) if seconds else otherwise

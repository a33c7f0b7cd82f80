"""Bybit's codes, sorted by what a caller must do next.

Source: https://bybit-exchange.github.io/docs/v5/error. A code that says that nothing was executed
is final or retryable; any other failure of a write leaves the outcome unknown.
"""

from __future__ import annotations

from exchanges.domain.errors import (
    AccountBarred,
    AccountNotUnified,
    DuplicateLinkId,
    EgressBlocked,
    ExchangeError,
    FilterViolated,
    InsufficientMargin,
    InvalidKey,
    InvalidOrder,
    IpNotAllowed,
    KeyExpired,
    NotFound,
    OrderRejected,
    OutcomeUnknown,
    PermissionMissing,
    PositionModeMismatch,
    RateLimited,
    SignatureRefused,
    StopRefused,
    SymbolNotTradable,
    Unavailable,
    UnexpectedReply,
)

BAN_SECONDS = 600.0  # after an HTTP 403 Bybit wants ten minutes of silence from the address

# What asks for nothing: the state is as wanted.
NOT_MODIFIED = frozenset({110025, 110026, 110027, 110043, 34040})

_CODES: dict[type[ExchangeError], tuple[int, ...]] = {
    Unavailable: (-1, 10002, 10429, 429, 110005, 110063, 110079),
    RateLimited: (10006, 10403, 20003, 170005, 170222),
    EgressBlocked: (10018,),  # the address's limit under its former code
    # 10014 is a "duplicate request": the first one may stand.
    OutcomeUnknown: (10000, 10014, 10016, 10019, 40004, 170007, 170146, 170147),
    NotFound: (110001, 110008, 110010, 170213),
    DuplicateLinkId: (110030, 110072, 170141),
    InvalidKey: (10003,),
    SignatureRefused: (10004, 10007),
    KeyExpired: (33004, -2015),
    PermissionMissing: (10005, 10029),
    IpNotAllowed: (10010,),
    AccountNotUnified: (10028, 110088),
    AccountBarred: (10008, 10009, 10024, 10027, 110097),
    InsufficientMargin: (
        *(110004, 110006, 110007, 110012, 110014, 110044, 110045),
        *(110051, 110052, 110053, 170131),
    ),
    SymbolNotTradable: (
        *(30228, 110021, 110023, 110042, 110066, 110074, 110095, 110098, 110099, 110100),
        *(110103, 110118, 110123, 110125, 110132, 110135, 110136, 110137),
    ),
    StopRefused: (110092, 110093, 110061),
    FilterViolated: (110017, 110094, 170124, 170136, 170137, 170140),
    InvalidOrder: (
        *(10001, 10017, 20006, 10404, 30208, 30209, 110003, 110018, 110019, 110032),
        *(110049, 110050, 110054, 110055, 110056, 110057, 110058, 110059, 110060, 110064),
        *(110108, 110109, 110120, 110121),
    ),
    OrderRejected: (
        *(30133, 30134, 30135, 30136, 3200316, 3200317, 3200320, 3200403, 3400045, 100028),
        *(110009, 110011, 110013, 110015, 110020, 110022, 110024, 110028, 110029, 110036),
        *(110038, 110039, 110040, 110046, 110047, 110048, 110069, 110073, 110077, 110080),
        *(110085, 110086, 110087, 110089, 110090, 110102, 110104, 110105, 110106, 110107),
        *(110124, 110131),
    ),
}
CODES: dict[int, type[ExchangeError]] = {
    code: error for error, codes in _CODES.items() for code in codes
}

MODE_TEXT = "position idx not match"
# Observed texts of a stop or target on the wrong side: "sl:… set for Sell position should …",
# "StopLoss:… set for Buy position should …", "TakeProfit:… ".
STOP_TEXTS = ("stoploss", "takeprofit", "sl:", "tp:", "stop loss", "take profit", "slprice")
# Of a quantity or price off its step, or beyond its bounds: "The number of contracts exceeds …".
FILTER_TEXTS = ("qty", "quantity", "number of contracts", "price invalid", "tick size")
FLAT_TEXTS = ("zero position", "position is zero", "position size is zero", "can not set tp/sl/ts")


def error_of(code: int, message: str, *, is_write: bool, retry_after: float) -> ExchangeError:
    """Name a refusal; an unheard-of code on a write counts as unknown, never as failed."""
    kind = CODES.get(code)
    if code == 10001:  # noqa: PLR2004 - the catch-all whose text decides
        kind = _parameter_error(message.lower())
    if kind is None:
        kind = UnexpectedReply if is_write else Unavailable
    if issubclass(kind, OutcomeUnknown) and not is_write:
        kind = Unavailable  # a read that failed changed nothing
    if issubclass(kind, EgressBlocked):
        return kind(f"Bybit {code}", code=code, retry_after=BAN_SECONDS)
    if issubclass(kind, RateLimited):
        return kind(f"Bybit {code}", code=code, retry_after=retry_after)
    return kind(f"Bybit {code}", code=code)


def _parameter_error(text: str) -> type[ExchangeError]:
    if MODE_TEXT in text:
        return PositionModeMismatch
    if any(part in text for part in FLAT_TEXTS):
        return NotFound
    if any(part in text for part in STOP_TEXTS):
        return StopRefused
    return FilterViolated if any(part in text for part in FILTER_TEXTS) else InvalidOrder


def error_of_status(status: int, *, is_write: bool) -> ExchangeError:
    """Name an HTTP failure that carried no code."""
    if status == 401:  # noqa: PLR2004
        return InvalidKey("HTTP 401", code=status)
    if status == 403:  # noqa: PLR2004
        return EgressBlocked("HTTP 403", code=status, retry_after=BAN_SECONDS)
    if status == 429:  # noqa: PLR2004
        return RateLimited("HTTP 429", code=status)
    if status in {400, 404, 405}:
        return InvalidOrder(f"HTTP {status}", code=status)
    return (OutcomeUnknown if is_write else Unavailable)(f"HTTP {status}", code=status)

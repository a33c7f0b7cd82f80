"""Why a copy ended as it did; the texts stand in `signals.reasons`, in English and Korean."""

from __future__ import annotations

from enum import StrEnum


class Reason(StrEnum):
    NONE = ""
    # skipped: our own rules said no, nothing was sent
    ACCOUNT_SUSPENDED = "account_suspended"
    TELEGRAM_MISSING = "telegram_missing"
    CONNECTION_NOT_READY = "connection_not_ready"
    SIZING_MISSING = "sizing_missing"
    SYMBOL_BUSY = "symbol_busy"  # another live copy on this symbol
    OWN_POSITION = "own_position"  # the trader's own position or order on this symbol
    SYMBOL_UNKNOWN = "symbol_unknown"
    SYMBOL_NOT_TRADABLE = "symbol_not_tradable"
    BALANCE_UNKNOWN = "balance_unknown"
    BALANCE_TOO_SMALL = "balance_too_small"
    SIZE_TOO_SMALL = "size_too_small"
    SIZE_TOO_LARGE = "size_too_large"
    LEVERAGE_TOO_HIGH = "leverage_too_high"
    STOP_PASSED = "stop_passed"
    # rejected: the exchange said no
    KEY_INVALID = "key_invalid"
    KEY_EXPIRED = "key_expired"
    PERMISSION_MISSING = "permission_missing"
    ADDRESS_NOT_ALLOWED = "address_not_allowed"
    MARGIN_INSUFFICIENT = "margin_insufficient"
    ORDER_INVALID = "order_invalid"
    STOP_REFUSED = "stop_refused"
    REJECTED_BY_EXCHANGE = "rejected_by_exchange"
    POSITION_MODE = "position_mode"
    # expired: the entry never filled
    TOO_LATE = "too_late"  # not accepted within the signal's time to live
    NOT_FILLED = "not_filled"  # the exchange cancelled it unfilled
    ENTRY_CANCELLED = "entry_cancelled"  # withdrawn by the author
    ENTRY_CANCELLED_BY_HAND = "entry_cancelled_by_hand"
    # closed: there was a position
    TARGET = "target"
    STOP = "stop"
    CLOSED_BY_AUTHOR = "closed_by_author"
    CLOSED_BY_TRADER = "closed_by_trader"
    CLOSED_BY_HAND = "closed_by_hand"  # in the exchange's app
    STOP_MISSING = "stop_missing"  # the exchange refused the stop, so we closed
    LIQUIDATED = "liquidated"
    DELEVERAGED = "deleveraged"
    DELISTED = "delisted"

"""Why a copy ended as it did; the texts stand in `signals.reasons`, in English and Korean."""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal
from enum import StrEnum


class Reason(StrEnum):
    NONE = ""
    # skipped: our own rules said no, nothing was sent
    ACCOUNT_SUSPENDED = "account_suspended"
    TELEGRAM_MISSING = "telegram_missing"
    CONNECTION_NOT_READY = "connection_not_ready"
    QUARANTINED = "quarantined"  # held by ops; of an entry that rested: withdrawn
    SIZING_MISSING = "sizing_missing"
    SYMBOL_BUSY = "symbol_busy"  # another live copy on this symbol
    OWN_POSITION = "own_position"  # the trader's own position or order on this symbol
    SYMBOL_UNKNOWN = "symbol_unknown"
    SYMBOL_NOT_TRADABLE = "symbol_not_tradable"
    SYMBOL_LEAVES = "symbol_leaves"  # a delisting is announced
    BALANCE_UNKNOWN = "balance_unknown"
    BALANCE_TOO_SMALL = "balance_too_small"
    SIZE_TOO_SMALL = "size_too_small"
    SIZE_TOO_LARGE = "size_too_large"
    LEVERAGE_TOO_HIGH = "leverage_too_high"
    STOP_PASSED = "stop_passed"
    PRICE_OUTSIDE = "price_outside"  # a market entry, and the price is not inside the range
    SEED_LIMIT = "seed_limit"
    SYMBOL_NOT_WANTED = "symbol_not_wanted"
    SIDE_NOT_WANTED = "side_not_wanted"
    AUTHOR_NOT_FOLLOWED = "author_not_followed"
    TOO_MANY_COPIES = "too_many_copies"
    EXPOSURE_FULL = "exposure_full"
    PRICE_AWAY = "price_away"
    DAILY_LOSS = "daily_loss"
    WEEKLY_LOSS = "weekly_loss"
    LOSS_STREAK = "loss_streak"
    DRAWDOWN = "drawdown"
    GATE_REFUSED = "gate_refused"  # by the worker's own gate, which nobody should ever meet
    # skipped: the account's exchange cannot do what the signal says
    SHORT_UNSUPPORTED = "short_unsupported"
    STOP_UNSUPPORTED = "stop_unsupported"
    ENTRY_UNSUPPORTED = "entry_unsupported"
    EXIT_UNSUPPORTED = "exit_unsupported"
    HEDGE_UNSUPPORTED = "hedge_unsupported"  # an account in hedge mode, which can be changed
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
    MARGIN_MODE = "margin_mode"
    # expired: the entry never filled
    TOO_LATE = "too_late"  # not accepted within the signal's time to live
    NOT_FILLED = "not_filled"  # the exchange cancelled it unfilled
    ENTRY_CANCELLED = "entry_cancelled"  # withdrawn by the author
    ENTRY_EXPIRED = "entry_expired"  # the signal's own time for entries is over
    TARGET_FIRST = "target_first"  # the first target was reached before the entry
    RANGE_LEFT = "range_left"  # the price ran away from the range
    OPTED_OUT = "opted_out"  # withdrawn by the trader
    AMENDMENT_REFUSED = "amendment_refused"  # the entry could not follow a change
    ENTRY_CANCELLED_BY_HAND = "entry_cancelled_by_hand"
    # closed: there was a position
    TARGET = "target"
    STOP = "stop"
    TRAILING_STOP = "trailing_stop"
    CLOSED_BY_AUTHOR = "closed_by_author"
    CLOSED_BY_TRADER = "closed_by_trader"
    CLOSED_BY_HAND = "closed_by_hand"  # in the exchange's app
    HANDED_OVER = "handed_over"  # the trader added to the position: it is theirs from now on
    COINS_LOCKED = "coins_locked"  # in a spot account, by somebody else's orders
    LEFT_TO_TRADER = "left_to_trader"  # as the trader asked for: what rested is withdrawn
    LEFT_UNWITHDRAWN = "left_unwithdrawn"  # … but the key did not let us withdraw it
    STOP_MISSING = "stop_missing"  # the exchange refused the stop, so we closed
    LIQUIDATED = "liquidated"
    DELEVERAGED = "deleveraged"
    DELISTED = "delisted"


@dataclass(frozen=True, slots=True)
class NoEntry:
    """Why nothing is traded, with the figures that the reason's text names."""

    reason: Reason
    params: dict[str, Decimal] = field(default_factory=dict)

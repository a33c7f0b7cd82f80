"""What an exchange's answers mean for a copy and its orders."""

from __future__ import annotations

from datetime import datetime

from exchanges.domain.errors import (
    CredentialsRejected,
    DuplicateLinkId,
    ExchangeError,
    InsufficientMargin,
    InvalidKey,
    InvalidOrder,
    IpNotAllowed,
    KeyExpired,
    OrderRejected,
    OutcomeUnknown,
    PermissionMissing,
    PositionModeMismatch,
    StopRefused,
    SymbolNotTradable,
    Unavailable,
)
from signals.choices import OrderStatus
from signals.domain.lifecycle import FINAL, CopyStatus
from signals.domain.planning import ENTRY, Amend, Place, SetLevels, SetLeverage
from signals.domain.reasons import Reason
from signals.models import Order
from signals.services.acting import Outcome
from signals.services.ledger import CopyLedger

MODE_ATTEMPTS = 3

REASON_OF_ERROR: dict[type[ExchangeError], Reason] = {
    InsufficientMargin: Reason.MARGIN_INSUFFICIENT,
    InvalidOrder: Reason.ORDER_INVALID,
    SymbolNotTradable: Reason.SYMBOL_NOT_TRADABLE,
    StopRefused: Reason.STOP_REFUSED,
    InvalidKey: Reason.KEY_INVALID,
    KeyExpired: Reason.KEY_EXPIRED,
    PermissionMissing: Reason.PERMISSION_MISSING,
    IpNotAllowed: Reason.ADDRESS_NOT_ALLOWED,
    CredentialsRejected: Reason.CONNECTION_NOT_READY,
}


def reason_of(error: ExchangeError) -> Reason:
    return REASON_OF_ERROR.get(type(error), Reason.REJECTED_BY_EXCHANGE)


def refuse_credentials(ledger: CopyLedger, error: CredentialsRejected, now: datetime) -> None:
    """Without a key nothing can be entered; what is open stays live, its stop at the exchange."""
    if ledger.copy.status == CopyStatus.PENDING:
        ledger.move(CopyStatus.REJECTED, reason_of(error), now)


def apply_outcomes(
    ledger: CopyLedger, orders: dict[str, Order], outcomes: list[Outcome], now: datetime
) -> None:
    """Bring the copy and its orders to what the exchange answered."""
    for outcome in outcomes:
        action = outcome.action
        if isinstance(action, Place):
            _place(ledger, orders[action.leg], outcome, now)
        elif isinstance(action, SetLeverage) and isinstance(outcome.error, OrderRejected):
            ledger.move(CopyStatus.REJECTED, reason_of(outcome.error), now)
        elif isinstance(action, SetLevels | Amend) and isinstance(outcome.error, OrderRejected):
            _levels_refused(ledger, action)
        if isinstance(outcome.error, CredentialsRejected):
            refuse_credentials(ledger, outcome.error, now)


def _place(ledger: CopyLedger, order: Order, outcome: Outcome, now: datetime) -> None:
    copy, error = ledger.copy, outcome.error
    is_entry = order.leg == ENTRY
    if outcome.sent_at is None:  # it never left: the next worker plans afresh
        order.status = OrderStatus.NOT_SENT
        return
    order.sent_at = outcome.sent_at
    if is_entry:
        copy.sent_at = outcome.sent_at
    if outcome.acknowledgement is not None:
        order.status = OrderStatus.OPEN
        order.exchange_id = outcome.acknowledgement.order_id
        order.acknowledged_at = outcome.answered_at
        if is_entry:
            copy.acknowledged_at = outcome.answered_at
            ledger.move(CopyStatus.PLACED, Reason.NONE, now)
        return
    if error is not None:
        order.error_code = error.code
        _not_placed(ledger, order, error, now)


def _not_placed(ledger: CopyLedger, order: Order, error: ExchangeError, now: datetime) -> None:
    copy = ledger.copy
    is_entry = order.leg == ENTRY
    if isinstance(error, OutcomeUnknown | DuplicateLinkId):
        order.status = OrderStatus.UNKNOWN
        if is_entry:
            ledger.move(CopyStatus.UNKNOWN, Reason.NONE, now)
        return
    if isinstance(error, Unavailable):
        order.status = OrderStatus.NOT_SENT
        return
    if isinstance(error, PositionModeMismatch) and copy.attempts < MODE_ATTEMPTS:
        order.status = OrderStatus.NOT_SENT
        return
    order.status = OrderStatus.REJECTED
    if is_entry and CopyStatus(copy.status) not in FINAL:
        mode = isinstance(error, PositionModeMismatch)
        ledger.move(CopyStatus.REJECTED, Reason.POSITION_MODE if mode else reason_of(error), now)


def _levels_refused(ledger: CopyLedger, action: SetLevels | Amend) -> None:
    """A stop that the exchange does not take: out at once, rather than on without protection."""
    if isinstance(action, Amend) and action.leg != ENTRY:
        return
    ledger.copy.wants_position = False
    held = isinstance(action, SetLevels)
    reason = Reason.STOP_MISSING if held else Reason.STOP_REFUSED
    ledger.copy.close_reason = reason.value

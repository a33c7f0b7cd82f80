"""What an exchange's answers mean for a copy and its orders."""

from __future__ import annotations

from datetime import datetime, timedelta

from exchanges.domain.errors import (
    AccessDenied,
    AccountBarred,
    AccountNotUnified,
    CredentialsRejected,
    DuplicateLinkId,
    ExchangeError,
    FilterViolated,
    GateRefused,
    InsufficientMargin,
    InvalidKey,
    InvalidOrder,
    IpNotAllowed,
    KeyExpired,
    KeyUnreadable,
    MarginModeMismatch,
    OrderRejected,
    OutcomeUnknown,
    PermissionMissing,
    PositionModeMismatch,
    SignatureRefused,
    StopRefused,
    SymbolNotTradable,
    Unavailable,
)
from signals.choices import OrderStatus
from signals.domain.actions import Amend, Cancel, Place, SetLevels, SetLeverage, SetTrail
from signals.domain.legs import STOP, is_entry_leg
from signals.domain.lifecycle import ENTERING, CopyStatus
from signals.domain.reasons import Reason
from signals.lease_check import fence_seconds
from signals.models import Copy, Order
from signals.services.acting import Outcome
from signals.services.calls import rows_of
from signals.services.ledger import CopyLedger
from signals.services.parting import end_unwithdrawn, give_up, is_left

# Refusals in a row that are taken for passing: of a mode or a trigger, and of what leads out by a
# filter, while a worker reads the contract's rules anew.
MODE_REFUSALS = 3
FILTER_REFUSALS = 3
COIN_REFUSALS = 5  # of what is to be sold, or kept by a stop, in a spot account, before we give up
LEAVE_REFUSALS = 5  # of what a trade that is left has to withdraw before it ends
MOST_COUNTED = 1000

REASON_OF_ERROR: dict[type[ExchangeError], Reason] = {
    InsufficientMargin: Reason.MARGIN_INSUFFICIENT,
    InvalidOrder: Reason.ORDER_INVALID,
    FilterViolated: Reason.ORDER_INVALID,
    SymbolNotTradable: Reason.SYMBOL_NOT_TRADABLE,
    StopRefused: Reason.STOP_REFUSED,
    MarginModeMismatch: Reason.MARGIN_MODE,
    GateRefused: Reason.GATE_REFUSED,
    InvalidKey: Reason.KEY_INVALID,
    SignatureRefused: Reason.KEY_INVALID,
    KeyExpired: Reason.KEY_EXPIRED,
    PermissionMissing: Reason.PERMISSION_MISSING,
    IpNotAllowed: Reason.ADDRESS_NOT_ALLOWED,
    KeyUnreadable: Reason.CONNECTION_NOT_READY,
    AccountNotUnified: Reason.CONNECTION_NOT_READY,
    AccountBarred: Reason.CONNECTION_NOT_READY,
    AccessDenied: Reason.CONNECTION_NOT_READY,
    CredentialsRejected: Reason.CONNECTION_NOT_READY,
}


def reason_of(error: ExchangeError) -> Reason:
    return REASON_OF_ERROR.get(type(error), Reason.REJECTED_BY_EXCHANGE)


def doubts_rules(outcome: Outcome) -> bool:
    """Whether the exchange refused what our rules of the contract allow: they may be old."""
    if isinstance(outcome.error, GateRefused):
        return False
    if isinstance(outcome.action, SetLeverage) and isinstance(outcome.error, OrderRejected):
        return True
    return isinstance(outcome.error, FilterViolated | SymbolNotTradable)


def refuse_credentials(ledger: CopyLedger, error: CredentialsRejected, now: datetime) -> None:
    """Without a key nothing can be entered; what is open stays live, its stop at the exchange.

    So does an entry that a worker may have sent before it died: nobody can say yet.
    """
    if ledger.copy.status == CopyStatus.PENDING and not ledger.unresolved():
        ledger.move(CopyStatus.REJECTED, reason_of(error), now)


def apply_outcomes(
    ledger: CopyLedger, orders: dict[str, Order], outcomes: list[Outcome], now: datetime
) -> None:
    """Bring the copy and its orders to what the exchange answered."""
    for outcome in outcomes:
        action = outcome.action
        ledger.calls += rows_of(ledger, outcome)
        if isinstance(action, Amend | Cancel):
            _change(ledger, action, outcome, now)
        if isinstance(action, Place):
            _place(ledger, orders[action.leg], outcome, now)
        elif isinstance(action, SetLeverage) and isinstance(outcome.error, OrderRejected):
            ledger.move(CopyStatus.REJECTED, reason_of(outcome.error), now)
        elif isinstance(action, SetLevels) and isinstance(outcome.error, OrderRejected):
            _stop_refused(ledger, action, outcome.error)
        elif isinstance(action, Amend) and isinstance(outcome.error, OrderRejected):
            _amendment_refused(ledger, action, outcome.error)
        elif isinstance(action, SetTrail):
            _trail(ledger, action, outcome)
        if isinstance(outcome.error, CredentialsRejected):
            refuse_credentials(ledger, outcome.error, now)
        if _cannot_be_left_clean(ledger.copy, outcome):
            ledger.move(*end_unwithdrawn(ledger), now)


def _change(ledger: CopyLedger, action: Amend | Cancel, outcome: Outcome, now: datetime) -> None:
    """A stop that is to make way for a sale counts as gone, unless that surely never arrived."""
    ledger.copy.looked_at = None  # a look at the position alone would not show it
    may_be_gone = outcome.sent_at is not None and not isinstance(outcome.error, Unavailable)
    if isinstance(action, Cancel) and action.link_id in ledger.withdrawn and not may_be_gone:
        ledger.note_standing(action.link_id, now)


def _cannot_be_left_clean(copy: Copy, outcome: Outcome) -> bool:
    """Whether a key that still reads does not let what a trader takes over be withdrawn."""
    refused = isinstance(outcome.error, CredentialsRejected | OrderRejected)
    return refused and is_left(copy) and not _may_pass(copy, LEAVE_REFUSALS)


def _trail(ledger: CopyLedger, action: SetTrail, outcome: Outcome) -> None:
    """Remember what the exchange took; a refusal means that the price has passed the activation."""
    if isinstance(outcome.error, OrderRejected):
        ledger.copy.refused_activation = action.activation
    elif outcome.is_done:
        ledger.copy.trail_activation = action.activation


def _place(ledger: CopyLedger, order: Order, outcome: Outcome, now: datetime) -> None:
    copy, error = ledger.copy, outcome.error
    is_entry = is_entry_leg(order.leg)
    if isinstance(error, GateRefused):
        _not_placed(ledger, order, error, now)
        return
    if outcome.sent_at is None:  # it never left: the next worker plans afresh
        order.status = OrderStatus.NOT_SENT
        return
    order.sent_at = outcome.sent_at
    if is_entry and copy.sent_at is None:
        copy.sent_at = outcome.sent_at
    if outcome.acknowledgement is not None:
        order.status = OrderStatus.OPEN
        order.exchange_id = outcome.acknowledgement.order_id
        order.acknowledged_at = outcome.answered_at
        if is_entry and copy.acknowledged_at is None:
            copy.acknowledged_at = outcome.answered_at
        if is_entry and copy.status in ENTERING:
            ledger.move(CopyStatus.PLACED, Reason.NONE, now)
        return
    if error is not None:
        order.error_code = error.code
        _not_placed(ledger, order, error, now)


def _not_placed(ledger: CopyLedger, order: Order, error: ExchangeError, now: datetime) -> None:
    copy = ledger.copy
    is_entry = is_entry_leg(order.leg)
    if isinstance(error, OutcomeUnknown | DuplicateLinkId):
        order.status = OrderStatus.UNKNOWN
        fence = timedelta(seconds=fence_seconds(copy.connection.exchange))
        order.conclusive_at, order.absences = now + fence, 0
        if is_entry and copy.status in ENTERING:
            ledger.move(CopyStatus.UNKNOWN, Reason.NONE, now)
        return
    if isinstance(error, Unavailable):
        order.status = OrderStatus.NOT_SENT
        return
    if isinstance(error, InsufficientMargin) and ledger.can.holds_coins and not is_entry:
        _coins_missing(ledger, order)
        return
    if order.leg == STOP and isinstance(error, OrderRejected):
        _stop_order_refused(ledger, order, error, now)
        return
    if isinstance(error, PositionModeMismatch) and _may_pass(copy, MODE_REFUSALS):
        order.status = OrderStatus.NOT_SENT
        return
    crossed = order.trigger_price is not None and isinstance(error, StopRefused)
    if crossed and _may_pass(copy, MODE_REFUSALS):
        order.status = OrderStatus.NOT_SENT  # the price passed the trigger on the way: plan anew
        return
    is_filtered = isinstance(error, FilterViolated) and not is_entry
    if is_filtered and _may_pass(copy, FILTER_REFUSALS):
        order.status = OrderStatus.NOT_SENT  # planned anew, by the rules as they are by then
        return
    order.status = OrderStatus.REJECTED
    if is_entry and copy.status in ENTERING:
        mode = isinstance(error, PositionModeMismatch)
        ledger.move(CopyStatus.REJECTED, Reason.POSITION_MODE if mode else reason_of(error), now)


def _coins_missing(ledger: CopyLedger, order: Order) -> None:
    """Coins that are not free were sold on the way, or an order of their trader's own locks them.

    The next look says so of a sale. What stays locked by somebody else is their own business: what
    is ours and rests is withdrawn, for a later fill would have no stop. A trade that is left ends
    by its own count.
    """
    order.status = OrderStatus.NOT_SENT
    if not is_left(ledger.copy) and not _may_pass(ledger.copy, COIN_REFUSALS):
        give_up(ledger.copy)


def _may_pass(copy: Copy, most: int) -> bool:
    """Count a refusal; whether it may still be one that passes. Other errors use none of them up.

    A step without any error lets the count begin anew.
    """
    copy.refusals = min(copy.refusals + 1, MOST_COUNTED)
    return copy.refusals <= most


def _stop_refused(ledger: CopyLedger, action: SetLevels, error: OrderRejected) -> None:
    """A level that the exchange does not take: out at once, rather than on without protection.

    That is no alarm where the position is protected: a target was refused because the price has
    passed it, or the signal's rule moved the stop closer and the price was back before that. And
    where only its figures are wrong, the stop that stands has time until the rules are read anew.
    """
    copy, position = ledger.copy, ledger.position
    stands = position.stop if position is not None else None
    can_wait = isinstance(error, FilterViolated) and stands is not None
    if can_wait and _may_pass(copy, FILTER_REFUSALS):
        return
    is_moved = action.stop != copy.signal.stop and copy.own_stop is None
    reason = Reason.STOP_MISSING
    if stands == action.stop:
        reason = Reason.TARGET
    elif stands is not None and is_moved:
        reason = Reason.STOP
    copy.wants_position = False
    copy.close_reason = reason.value


def _stop_order_refused(
    ledger: CopyLedger, order: Order, error: OrderRejected, now: datetime
) -> None:
    """See `_stop_refused`: a stop that the signal's rule moved leaves the former one standing."""
    copy, still_stands = ledger.copy, ledger.has_stop_order(now)
    if ledger.can.holds_coins:  # none can stand beside it: the former one has made way
        still_stands = any(o.leg == STOP and o.acknowledged_at for o in ledger.orders)
    can_wait = still_stands and isinstance(error, FilterViolated)
    if can_wait and _may_pass(copy, FILTER_REFUSALS):
        order.status = OrderStatus.NOT_SENT
        return
    order.status = OrderStatus.REJECTED
    copy.wants_position = False
    copy.close_reason = (Reason.STOP if still_stands else Reason.STOP_MISSING).value


def _amendment_refused(ledger: CopyLedger, action: Amend, error: OrderRejected) -> None:
    """An entry that cannot follow a change is withdrawn; what it has bought stays protected."""
    if not is_entry_leg(action.leg):
        return
    copy = ledger.copy
    if isinstance(error, StopRefused):
        copy.wants_position = False
        copy.close_reason = Reason.STOP_REFUSED.value
        return
    is_ours = isinstance(error, GateRefused)
    copy.wants_entry = False
    copy.close_reason = (Reason.GATE_REFUSED if is_ours else Reason.AMENDMENT_REFUSED).value

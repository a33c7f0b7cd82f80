"""What a copy's orders and fills add up to, and which state that is."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import ROUND_HALF_EVEN, Decimal
from enum import StrEnum

from exchanges.domain.trading import Cause
from exchanges.domain.venues import Capabilities
from signals.domain.direction import Direction
from signals.domain.lifecycle import CopyStatus
from signals.domain.reasons import Reason

OF_ENTRY = {Reason.AMENDMENT_REFUSED, Reason.QUARANTINED}  # they say nothing of an exit
PLACES = Decimal("0.000000000001")  # what a numeric(30, 12) column keeps


class EntryState(StrEnum):
    NONE = "none"  # nothing was sent, or surely never took effect
    UNRESOLVED = "unresolved"
    OPEN = "open"
    DONE = "done"  # filled, or cancelled with fills
    CANCELLED = "cancelled"  # without a fill
    REJECTED = "rejected"  # acknowledged first, refused afterwards


@dataclass(frozen=True, slots=True)
class Execution:
    """A fill of the copy; `is_entry` on the way in, funding has no quantity of its own.

    `fee` in USDT; `fee_coins` is what it has taken of the traded coins themselves.
    """

    is_entry: bool
    cause: Cause
    quantity: Decimal
    price: Decimal
    fee: Decimal
    fee_coins: Decimal = Decimal(0)


@dataclass(frozen=True, slots=True)
class Totals:
    """Sums over a copy's fills: quantities in base units, averages in quote, fees in USDT.

    Coins that a fee has taken were never got, or went with what was sold: the averages are of what
    was traded, and the fees are counted in USDT alone.
    """

    entered: Decimal
    entry_average: Decimal | None
    exited: Decimal
    exit_average: Decimal | None
    fees: Decimal

    @property
    def held(self) -> Decimal:
        return self.entered - self.exited


def total(executions: Iterable[Execution]) -> Totals:
    fills = list(executions)
    trades = [fill for fill in fills if fill.cause is not Cause.FUNDING]
    bought = [fill for fill in trades if fill.is_entry]
    sold = [fill for fill in trades if not fill.is_entry]
    return Totals(
        entered=sum((fill.quantity - fill.fee_coins for fill in bought), Decimal(0)),
        entry_average=_average(bought),
        exited=sum((fill.quantity + fill.fee_coins for fill in sold), Decimal(0)),
        exit_average=_average(sold),
        fees=sum((fill.fee for fill in fills), Decimal(0)),
    )


def is_booked(totals: Totals, booked: Decimal, can: Capabilities) -> bool:
    """Whether the result of everything that was exited is known; `booked` in base units.

    Who sells more than is held turns the position round: that part closes nothing.
    """
    return not can.tells_results or booked >= min(totals.exited, totals.entered)


def reckoned(totals: Totals, direction: Direction, *, funding: Decimal) -> Decimal:
    """The result in USDT by the fills alone, fees taken off and funding left out."""
    entry, out = totals.entry_average, totals.exit_average
    if entry is None or out is None:
        return Decimal(0)
    gross = (out - entry) * min(totals.exited, totals.entered) * direction.sign
    return gross - (totals.fees - funding)


def _average(fills: Iterable[Execution]) -> Decimal | None:
    pairs = [(fill.quantity, fill.quantity * fill.price) for fill in fills]
    quantity = sum((quantity for quantity, _ in pairs), Decimal(0))
    value = sum((value for _, value in pairs), Decimal(0))
    return (value / quantity).quantize(PLACES, ROUND_HALF_EVEN) if quantity else None


@dataclass(frozen=True, slots=True)
class Evidence:
    """What is known of a copy after a look.

    `is_booked` once the exchange shows the closed PnL of everything that was exited.
    """

    entry: EntryState
    totals: Totals
    is_booked: bool
    exit_cause: Cause | None  # of the last exit
    exit_is_ours: bool  # by an order of our own close leg
    exit_is_target: bool  # by an order of our own target legs
    close_reason: Reason
    wants_entry: bool
    lapse: Reason  # the signal's own terms for unfilled entries, when they have run out
    cancelled_by_hand: bool  # the entry, in the exchange's app
    exit_is_stop: bool = False  # by an order of our own that waited at the stop
    exit_rests: bool = False  # an exit order of ours still stands, or may stand, at the exchange
    is_dust: bool = False  # what is left is too little to be sold, and stays with its trader


def judge(status: CopyStatus, evidence: Evidence) -> tuple[CopyStatus, Reason]:
    """Say where a copy stands; a final state always has a reason."""
    totals = evidence.totals
    is_going_on = evidence.entry in {EntryState.OPEN, EntryState.UNRESOLVED}
    if evidence.entry is EntryState.UNRESOLVED and totals.entered == 0:
        return CopyStatus.UNKNOWN, Reason.NONE
    if totals.entered > 0:
        is_out = totals.held <= 0 or evidence.is_dust
        over = not is_going_on and not evidence.exit_rests and is_out
        if over and evidence.is_booked:
            return CopyStatus.CLOSED, exit_reason(evidence)
        return CopyStatus.FILLED, Reason.NONE
    match evidence.entry:
        case EntryState.OPEN | EntryState.DONE | EntryState.UNRESOLVED:
            return CopyStatus.PLACED, Reason.NONE
        case EntryState.CANCELLED:
            return CopyStatus.EXPIRED, _unfilled_reason(evidence)
        case EntryState.REJECTED:
            return CopyStatus.REJECTED, Reason.REJECTED_BY_EXCHANGE
        case _:  # NONE
            again = status in {CopyStatus.PENDING, CopyStatus.UNKNOWN}
            return (CopyStatus.PENDING if again else status), Reason.NONE


def exit_reason(evidence: Evidence) -> Reason:
    by_cause = {
        Cause.STOP: Reason.STOP,
        Cause.TRAILING: Reason.TRAILING_STOP,
        Cause.TARGET: Reason.TARGET,
        Cause.LIQUIDATION: Reason.LIQUIDATED,
        Cause.ADL: Reason.DELEVERAGED,
        Cause.DELISTING: Reason.DELISTED,
    }
    if evidence.totals.exited == 0:  # nothing of it could ever be sold
        return _unfilled_reason(evidence)
    if evidence.exit_cause in by_cause:
        return by_cause[evidence.exit_cause]
    if evidence.exit_is_target:
        return Reason.TARGET
    if evidence.exit_is_stop:
        return Reason.STOP
    if evidence.exit_is_ours:
        if evidence.close_reason in OF_ENTRY:
            return Reason.CLOSED_BY_AUTHOR
        return evidence.close_reason or Reason.CLOSED_BY_AUTHOR
    return Reason.CLOSED_BY_HAND


def _unfilled_reason(evidence: Evidence) -> Reason:
    if evidence.close_reason:
        return evidence.close_reason
    if evidence.lapse:
        return evidence.lapse
    if not evidence.wants_entry:
        return Reason.ENTRY_CANCELLED
    if evidence.cancelled_by_hand:
        return Reason.ENTRY_CANCELLED_BY_HAND
    return Reason.NOT_FILLED

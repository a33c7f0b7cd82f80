"""Trades that their traders take over as they stand."""

from __future__ import annotations

from signals.domain.lifecycle import CopyStatus
from signals.domain.reasons import Reason
from signals.models import Copy
from signals.services.ledger import CopyLedger


def is_left(copy: Copy) -> bool:
    """Whether its trader has asked to take it over."""
    return not copy.wants_position and copy.close_reason == Reason.LEFT_TO_TRADER


def give_up(copy: Copy) -> None:
    """Wish that all of ours is withdrawn, and the copy ends: its coins are locked by others."""
    copy.wants_position = False
    copy.close_reason = Reason.COINS_LOCKED.value


def is_given_up(copy: Copy) -> bool:
    return not copy.wants_position and copy.close_reason == Reason.COINS_LOCKED


def end_unwithdrawn(ledger: CopyLedger) -> tuple[CopyStatus, Reason]:
    """How a copy ends that is left while its key withdraws nothing: orders of ours may rest."""
    status = CopyStatus.CLOSED if ledger.copy.entered_quantity > 0 else CopyStatus.EXPIRED
    return status, Reason.LEFT_UNWITHDRAWN if ledger.resting() else Reason.LEFT_TO_TRADER

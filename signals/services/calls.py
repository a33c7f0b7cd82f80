"""Requests and answers on record: made with a copy's outcomes, let go of after some weeks."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.conf import settings

from signals.choices import CallAction
from signals.domain.actions import Action, Amend, Cancel, Place, SetLevels, SetLeverage, SetTrail
from signals.models import ExchangeCall, Order
from signals.services.acting import Outcome
from signals.services.ledger import CopyLedger

BATCH = 1_000  # rows deleted by one statement
ACTIONS: dict[type[Action], CallAction] = {
    Place: CallAction.PLACE,
    Amend: CallAction.AMEND,
    Cancel: CallAction.CANCEL,
    SetLevels: CallAction.LEVELS,
    SetTrail: CallAction.TRAIL,
    SetLeverage: CallAction.LEVERAGE,
}


def rows_of(ledger: CopyLedger, outcome: Outcome) -> list[ExchangeCall]:
    """An outcome's requests as rows; what never left has none."""
    if not outcome.calls or outcome.sent_at is None:
        return []
    order, first = _order(ledger, outcome.action), outcome.calls[0].started
    return [
        ExchangeCall(
            copy_id=ledger.copy.pk,
            order_id=order.pk if order is not None else None,
            action=ACTIONS[type(outcome.action)],
            path=call.path,
            request=call.request,
            status=call.status,
            code=call.code,
            answer=call.answer,
            headers=call.headers,
            error=call.error,
            sent_at=outcome.sent_at + timedelta(seconds=call.started - first),
            answered_at=outcome.sent_at + timedelta(seconds=call.ended - first),
        )
        for call in outcome.calls
    ]


def _order(ledger: CopyLedger, action: Action) -> Order | None:
    match action:
        case Place(leg=leg):
            return ledger.newest(leg)
        case Amend(link_id=link_id) | Cancel(link_id=link_id):
            return next((order for order in ledger.orders if order.link_id == link_id), None)
        case _:
            return None


def forget_old(*, now: datetime) -> int:
    """Delete one batch of what is older than `CALL_RECORD_DAYS`; returns how many there were.

    Rows are written in the order of time, so the oldest are the first ones, and no index of times
    has to be kept for every row that is written.
    """
    oldest = ExchangeCall.objects.order_by("pk").values_list("pk", "sent_at")[:BATCH]
    limit = now - timedelta(days=settings.CALL_RECORD_DAYS)
    old = [key for key, sent_at in oldest if sent_at < limit]
    ExchangeCall.objects.filter(pk__in=old).delete()
    return len(old)

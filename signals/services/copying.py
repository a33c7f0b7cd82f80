"""What a trader decides about copying."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal

from django.db import transaction

from exchanges.models import Connection
from hexagonal.lib.jobs import enqueue_on_commit
from signals.choices import Sizing
from signals.domain.reasons import Reason
from signals.models import LIVE_STATUSES, Copy, CopySettings


def set_sizing(
    link: Connection, *, sizing: Sizing, amount: Decimal, is_enabled: bool = True
) -> CopySettings:
    """Say what later signals put in: `amount` in USDT or in percent of equity.

    Running copies stay as they are.
    """
    settings, _ = CopySettings.objects.update_or_create(
        connection=link,
        defaults={"sizing": sizing, "amount": amount, "is_enabled": is_enabled},
    )
    return settings


def close_copy(copy: Copy, *, reason: Reason, now: datetime) -> bool:
    """Withdraw this copy's entry and close its position; False if it has ended already."""
    with transaction.atomic():
        live = Copy.objects.filter(pk=copy.pk, status__in=LIVE_STATUSES, wants_position=True)
        changed = live.update(wants_position=False, close_reason=reason.value)
        if changed:
            Copy.objects.filter(pk=copy.pk).exclude(status="unknown").update(due_at=now)
            enqueue_on_commit("signals.work")
    return bool(changed)

"""Bring the workers to rest: nothing is taken any more, and what they hold they finish."""

from __future__ import annotations

import time

from django.db.models import Q
from django.db.models.functions import Now

from signals.models import Copy, Enrolment


def bring_to_rest(*, seconds: float = 60) -> None:
    """Withdraw what is due, and wait for the chunks in hand; raises when they do not end."""
    deadline = time.monotonic() + seconds
    Enrolment.objects.all().delete()
    # A chunk that ends makes its copies due again: those are withdrawn as well.
    while Copy.objects.filter(Q(due_at__isnull=False) | Q(lease_token__isnull=False)).exists():
        if time.monotonic() > deadline:
            raise SystemExit("the workers do not come to rest")
        free = Q(lease_token=None) | Q(lease_until__lt=Now())
        Copy.objects.filter(free).update(due_at=None, lease_token=None, lease_until=None)
        time.sleep(0.05)

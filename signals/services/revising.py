"""The signal log: what a signal wants changes only together with a new, chained revision."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from datetime import datetime

from django.conf import settings
from django.db import connection, transaction
from django.db.models.functions import Greatest, Least

from accounts.models import User
from exchanges.domain.lanes import Lane
from hexagonal.lib.clock import WallClock
from hexagonal.lib.jobs import enqueue_on_commit
from signals.choices import SignalStatus
from signals.domain.chain import START, entry_hash
from signals.domain.terms import content_of
from signals.models import LIVE_STATUSES, Copy, Signal, SignalRevision
from signals.selectors import chain_entry, draft_of

CHANGED_FIELDS = [
    *("entry_low", "entry_high", "stop", "note", "terms", "wants_entry", "wants_position"),
    *("lapse_reason", "revision", "left_percent", "gain"),
]
MOST_DOORBELLS = 16


class NotPossible(Exception):
    """The signal's state does not allow this step (any more); `code` names the text."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


def revise(
    signal: Signal,
    action: str,
    *,
    actor: User | None,
    now: datetime,
    change: Callable[[Signal], None],
    extra: Mapping[str, str] | None = None,
    seen: int | None = None,
) -> Signal:
    """Lock an open signal, change what it wants, and ring for its live copies.

    `seen` is the revision that the actor looked at; for what must not be done twice by a second
    click or on top of a change that they have not seen.
    """
    with transaction.atomic():
        signal = Signal.objects.select_for_update(no_key=True).get(pk=signal.pk)
        if signal.status != SignalStatus.OPEN:
            raise NotPossible("signal_not_open")
        if seen is not None and seen != signal.revision:
            raise NotPossible("signal_changed")
        lock_copies_of(signal.symbol)
        before = _protection(signal)
        change(signal)
        lane = Lane.AMEND if action == "amend" and before == _protection(signal) else Lane.PROTECT
        append_revision(signal, action, actor=actor, now=now, extra=extra)
        signal.save(update_fields=CHANGED_FIELDS)
        live = Copy.objects.filter(signal=signal, status__in=LIVE_STATUSES)
        # In the workers' order: neither waits for what the other holds.
        list(live.select_for_update(no_key=True).order_by("pk").values_list("pk", flat=True))
        # `unknown` ones keep their time: they may not be looked up before the fence.
        # By the clock behind the locks: whoever has claimed one since `now` must see the ring.
        known = live.exclude(status="unknown")
        ring(known.update(due_at=Greatest(now, WallClock()), lane=Least("lane", lane)))
    return signal


def lock_copies_of(symbol: str) -> None:
    """Keep others from making copies on a symbol until the transaction ends.

    Two signals at once: the second waits, then sees the first one's copies. A change waits for the
    part that is being made, and then rings for its copies too.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtext(%s))", [f"copies:{symbol}"])


def _protection(signal: Signal) -> tuple[object, ...]:
    """What of a signal limits losses: a change of it overtakes every entry."""
    return signal.stop, signal.terms, signal.wants_entry, signal.wants_position


def append_revision(
    signal: Signal,
    action: str,
    *,
    actor: User | None,
    now: datetime,
    extra: Mapping[str, str] | None = None,
) -> SignalRevision:
    """Write the next link of the chain; the caller holds the signal's row lock and saves it."""
    last = SignalRevision.objects.filter(signal=signal).order_by("-number").first()
    signal.revision += 1
    wishes = {"wants_entry": signal.wants_entry, "wants_position": signal.wants_position}
    revision = SignalRevision(
        signal=signal,
        number=signal.revision,
        author=actor,
        action=action,
        content=content_of(draft_of(signal)) | wishes | dict(extra or {}),
        at=now,
        previous_hash=last.hash if last is not None else START,
    )
    revision.hash = entry_hash(chain_entry(revision))
    revision.save()
    return revision


def ring(copies: int) -> None:
    """Wake as many workers as can share; each works on while something is due."""
    for _ in range(doorbells(copies)):
        enqueue_on_commit("signals.work")


def doorbells(copies: int) -> int:
    """How many workers can share so many due copies: none takes less than its threads carry."""
    return min(math.ceil(copies / settings.CHUNK_THREADS), MOST_DOORBELLS)

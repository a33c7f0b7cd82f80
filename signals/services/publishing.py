"""What an author does with a signal: each a change of what is desired, in one transaction."""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Callable
from datetime import datetime
from typing import Any

from django.conf import settings
from django.db import IntegrityError, connection, transaction

from accounts.activity import Fact, record
from accounts.choices import ActivityKind
from accounts.models import User
from exchanges.selectors import instrument_facts
from hexagonal.lib.jobs import enqueue_on_commit
from hexagonal.lib.numbers import plain
from signals.choices import SignalStatus
from signals.domain.draft import Draft, Finding, findings
from signals.models import LIVE_STATUSES, Copy, Signal, SignalRevision, Target
from signals.selectors import draft_of


class SignalRefused(Exception):
    """The signal is not valid; `findings` say what, field by field. Nothing was changed."""

    def __init__(self, found: list[Finding]) -> None:
        super().__init__(", ".join(finding.problem for finding in found))
        self.findings = found


class NotPossible(Exception):
    """The signal's state does not allow this step (any more); `code` names the text."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


class IdempotencyConflict(Exception):
    """The key was used before for another request."""


def create_signal(
    author: User, draft: Draft, *, now: datetime, idempotency_key: str = ""
) -> Signal:
    """Store a draft. The same author, key and content give the same signal again."""
    draft = draft.ordered()
    digest = hashlib.sha256(json.dumps(content_of(draft), sort_keys=True).encode()).hexdigest()
    known = _known_request(author, idempotency_key, digest)
    if known is not None:
        return known
    _refuse_bad(draft)
    try:
        with transaction.atomic():
            return _store(author, draft, idempotency_key, digest)
    except IntegrityError:  # the same key at the same moment: the other one was faster
        known = _known_request(author, idempotency_key, digest)
        if known is None:
            raise
        return known


def publish(signal: Signal, *, actor: User, now: datetime) -> Signal:
    """Open a draft and make a copy for every connection; publishing twice changes nothing."""
    _refuse_bad(draft_of(signal))
    with transaction.atomic():
        signal = Signal.objects.select_for_update().get(pk=signal.pk)
        if signal.status == SignalStatus.OPEN:
            return signal
        if signal.status != SignalStatus.DRAFT:
            raise NotPossible("signal_not_draft")
        signal.status = SignalStatus.OPEN
        signal.published_at = now
        _next_revision(signal, "publish", actor, now)
        signal.save(update_fields=["status", "published_at", "revision"])
        pending = _make_copies(signal, now)
        added = {"name": actor.nickname, "symbol": signal.symbol}
        record(Fact(ActivityKind.ADD, "signal_added", actor.pk, added, is_public=True), now=now)
        _ring(pending)
    return signal


def amend(signal: Signal, draft: Draft, *, actor: User, now: datetime) -> Signal:
    """Change range, stop, targets or note; symbol, side and leverage stay as published."""
    draft = draft.ordered()
    _refuse_bad(draft)

    def change(signal: Signal) -> None:
        before = draft_of(signal)
        if (draft.symbol, draft.direction, draft.leverage) != (
            before.symbol,
            before.direction,
            before.leverage,
        ):
            raise NotPossible("signal_fixed_fields")
        signal.entry_low, signal.entry_high = draft.entry_low, draft.entry_high
        signal.stop, signal.note = draft.stop, draft.note
        signal.targets.all().delete()
        _store_targets(signal, draft)

    return _revise(signal, "amend", actor, now, change)


def cancel_entries(signal: Signal, *, actor: User, now: datetime) -> Signal:
    """Withdraw what has not been entered; open positions go on."""

    def change(signal: Signal) -> None:
        signal.wants_entry = False

    return _revise(signal, "cancel_entries", actor, now, change)


def close(signal: Signal, *, actor: User, now: datetime) -> Signal:
    """Withdraw entries and close every open position at the market."""

    def change(signal: Signal) -> None:
        signal.wants_entry = False
        signal.wants_position = False

    return _revise(signal, "close", actor, now, change)


def content_of(draft: Draft) -> dict[str, Any]:
    """What a signal says, as plain strings: for revisions, notices and request digests."""
    return {
        "symbol": draft.symbol,
        "side": draft.direction.value,
        "leverage": plain(draft.leverage),
        "entry_low": plain(draft.entry_low),
        "entry_high": plain(draft.entry_high),
        "stop": plain(draft.stop),
        "targets": [[plain(target.price), plain(target.share)] for target in draft.targets],
        "note": draft.note,
    }


def _known_request(author: User, key: str, digest: str) -> Signal | None:
    if not key:
        return None
    signal = Signal.objects.filter(author=author, idempotency_key=key).first()
    if signal is not None and signal.request_digest != digest:
        raise IdempotencyConflict
    return signal


def _refuse_bad(draft: Draft) -> None:
    facts = instrument_facts(settings.SIGNAL_ENVIRONMENT, draft.symbol)
    found = findings(draft, facts)
    if found:
        raise SignalRefused(found)


def _store(author: User, draft: Draft, key: str, digest: str) -> Signal:
    signal = Signal.objects.create(
        author=author,
        symbol=draft.symbol,
        side=draft.direction.value,
        leverage=draft.leverage,
        entry_low=draft.entry_low,
        entry_high=draft.entry_high,
        stop=draft.stop,
        note=draft.note,
        idempotency_key=key,
        request_digest=digest,
    )
    _store_targets(signal, draft)
    return signal


def _store_targets(signal: Signal, draft: Draft) -> None:
    Target.objects.bulk_create(
        Target(signal=signal, position=position, price=target.price, share=target.share)
        for position, target in enumerate(draft.targets, start=1)
    )


def _revise(
    signal: Signal, action: str, actor: User, now: datetime, change: Callable[[Signal], None]
) -> Signal:
    """Lock an open signal, change what it wants, and ring for its live copies."""
    with transaction.atomic():
        signal = Signal.objects.select_for_update().get(pk=signal.pk)
        if signal.status != SignalStatus.OPEN:
            raise NotPossible("signal_not_open")
        change(signal)
        _next_revision(signal, action, actor, now)
        signal.save(
            update_fields=[
                "entry_low",
                "entry_high",
                "stop",
                "note",
                "wants_entry",
                "wants_position",
                "revision",
            ]
        )
        live = Copy.objects.filter(signal=signal, status__in=LIVE_STATUSES)
        # `unknown` ones keep their time: they may not be looked up before the fence.
        _ring(live.exclude(status="unknown").update(due_at=now))
    return signal


def _next_revision(signal: Signal, action: str, actor: User, now: datetime) -> None:
    signal.revision += 1
    SignalRevision.objects.create(
        signal=signal,
        number=signal.revision,
        author=actor,
        action=action,
        content=content_of(draft_of(signal)),
        at=now,
    )


def _ring(copies: int) -> None:
    for _ in range(math.ceil(copies / settings.CHUNK_SIZE)):
        enqueue_on_commit("signals.work")


# One statement, however many connections there are. A skipped copy is due as well: the worker
# that finds it tells its trader why.
MAKE_COPIES = """
INSERT INTO signals_copy (
    public_id, signal_id, connection_id, user_id, symbol, status, reason, reason_params,
    wants_position, close_reason, applied_revision, entered_quantity, exited_quantity, fees, pnl,
    has_stop, shuffle, due_at, attempts, created_at, ended_at
)
SELECT gen_random_uuid(), %(signal)s, judged.id, judged.user_id, %(symbol)s,
       CASE WHEN judged.reason = '' THEN 'pending' ELSE 'skipped' END,
       judged.reason, '{}', TRUE, '', 0, 0, 0, 0, 0, FALSE,
       floor(random() * 2000000000)::int, %(now)s, 0, %(now)s,
       CASE WHEN judged.reason = '' THEN NULL ELSE %(now)s::timestamptz END
FROM (
    SELECT link.id, link.user_id,
           CASE
               WHEN person.status <> 'active' OR NOT person.is_active THEN 'account_suspended'
               WHEN NOT person.has_telegram THEN 'telegram_missing'
               WHEN link.status <> 'connected' THEN 'connection_not_ready'
               WHEN NOT coalesce(rules.is_enabled, FALSE) THEN 'sizing_missing'
               WHEN EXISTS (
                   SELECT 1 FROM signals_copy other
                   WHERE other.connection_id = link.id AND other.symbol = %(symbol)s
                     AND other.status = ANY(%(live)s)
               ) THEN 'symbol_busy'
               ELSE ''
           END AS reason
    FROM exchanges_connection link
    JOIN accounts_user person ON person.id = link.user_id
    LEFT JOIN signals_copysettings rules ON rules.connection_id = link.id
    WHERE link.status = ANY(%(linked)s)
) judged
"""


def _make_copies(signal: Signal, now: datetime) -> int:
    with connection.cursor() as cursor:
        # Two signals on one symbol at once: the second waits, then sees the first one's copies.
        cursor.execute("SELECT pg_advisory_xact_lock(hashtext(%s))", [f"copies:{signal.symbol}"])
        cursor.execute(
            MAKE_COPIES,
            {
                "signal": signal.pk,
                "symbol": signal.symbol,
                "now": now,
                "live": LIVE_STATUSES,
                "linked": ["verifying", "connected", "attention"],
            },
        )
        return int(cursor.rowcount)

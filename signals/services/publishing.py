"""What an author does with a signal: each a change of what is desired, in one transaction."""

from __future__ import annotations

import hashlib
import json
import logging
from collections.abc import Collection, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal

from django.conf import settings
from django.db import IntegrityError, transaction

from accounts.activity import Fact, record, record_all
from accounts.choices import ActivityKind
from accounts.models import User
from exchanges.egress import load_by_budget
from exchanges.governor import entry_room
from exchanges.selectors import instrument_facts
from hexagonal.lib.numbers import plain
from signals.choices import SignalStatus
from signals.domain.draft import WHOLE, Draft
from signals.domain.estimating import seconds_for
from signals.domain.ladder import step_count
from signals.domain.lifecycle import CopyStatus
from signals.domain.linting import Finding, Surroundings, errors, warnings
from signals.domain.nominal import Progress, advance
from signals.domain.nominal import reduce as reduce_progress
from signals.domain.reasons import Reason
from signals.domain.terms import content_of, terms_of
from signals.models import Copy, Signal, Target
from signals.selectors import draft_of, progress_of, ticker_of
from signals.services.enrolling import awaited, enrol_all
from signals.services.progress import PROGRESS_FIELDS, store_progress
from signals.services.revising import NotPossible, append_revision, revise, ring
from signals.services.telling import signal_params

log = logging.getLogger(__name__)

__all__ = ["NotPossible"]  # for the ways in, which know this module alone


class SignalRefused(Exception):
    """The signal is not valid; `findings` say what, field by field. Nothing was changed."""

    def __init__(self, found: list[Finding]) -> None:
        super().__init__(", ".join(finding.problem for finding in found))
        self.findings = found


class WarningsOpen(SignalRefused):
    """The signal is valid, but these warnings were not accepted. Nothing was changed."""


class IdempotencyConflict(Exception):
    """The key was used before for another request."""


# --- writing -------------------------------------------------------------------------------------


def create_signal(
    author: User, draft: Draft, *, now: datetime, idempotency_key: str = ""
) -> Signal:
    """Store a draft. The same author, key and content give the same signal again."""
    draft = draft.ordered()
    digest = hashlib.sha256(json.dumps(content_of(draft), sort_keys=True).encode()).hexdigest()
    known = _known_request(author, idempotency_key, digest)
    if known is not None:
        return known
    refuse_bad(draft)
    try:
        with transaction.atomic():
            return _store(author, draft, idempotency_key, digest)
    except IntegrityError:  # the same key at the same moment: the other one was faster
        known = _known_request(author, idempotency_key, digest)
        if known is None:
            raise
        return known


def rewrite(signal: Signal, draft: Draft, *, now: datetime) -> Signal:
    """Change anything in a signal that is not published yet."""
    draft = draft.ordered()
    refuse_bad(draft)
    with transaction.atomic():
        signal = Signal.objects.select_for_update(no_key=True).get(pk=signal.pk)
        if signal.status != SignalStatus.DRAFT:
            raise NotPossible("signal_not_draft")
        signal.symbol, signal.side = draft.symbol, draft.direction.value
        signal.leverage = draft.leverage
        _take_over(signal, draft)
        signal.save()
    return signal


def concerns(draft: Draft, *, now: datetime, besides: Signal | None = None) -> list[Finding]:
    """The warnings that must be accepted before this draft is published."""
    facts = instrument_facts(settings.SIGNAL_ENVIRONMENT, draft.symbol)
    if facts is None:
        return []
    live = Signal.objects.filter(
        status=SignalStatus.OPEN, symbol=draft.symbol, side=draft.direction.value
    )
    if besides is not None:
        live = live.exclude(pk=besides.pk)
    around = Surroundings(
        *(now, ticker_of(draft.symbol), live.exists()),
        seconds=_seconds_to_enter(draft),
        time_to_live=Decimal(settings.SIGNAL_TTL_SECONDS),
    )
    return warnings(draft, facts, around)


def _seconds_to_enter(draft: Draft) -> Decimal:
    """What the exchanges' limits make it take when every connection enters."""
    steps = step_count(draft)
    return seconds_to_send({name: count * steps for name, count in load_by_budget().items()})


def seconds_to_send(requests: Mapping[str, int]) -> Decimal:
    """The least time that so many entries of each budget take: the slowest decides."""
    each = ((count, *entry_room(budget)) for budget, count in requests.items())
    return max(
        (seconds_for(count, room=room, window=window) for count, room, window in each),
        default=Decimal(0),
    )


# --- publishing ----------------------------------------------------------------------------------


def publish(
    signal: Signal,
    *,
    actor: User,
    now: datetime,
    accepted: Collection[str] = (),
    when_due: bool = False,
) -> Signal:
    """Open a draft and let every connection have a copy; publishing twice changes nothing.

    `accepted` are the codes of the warnings that the author has said yes to. `when_due` asks for
    what was scheduled: its author may have withdrawn or postponed it a moment ago.
    """
    with transaction.atomic():
        signal = Signal.objects.select_for_update(no_key=True).get(pk=signal.pk)
        if signal.status == SignalStatus.OPEN:
            return signal
        if when_due and (signal.publish_at is None or signal.publish_at > now):
            raise NotPossible("signal_not_scheduled")
        if signal.status not in {SignalStatus.DRAFT, SignalStatus.SCHEDULED}:
            raise NotPossible("signal_not_draft")
        _check(signal, accepted, now)
        signal.status = SignalStatus.OPEN
        signal.published_at, signal.publish_at = now, None
        _arm(signal, now)
        append_revision(signal, "publish", actor=actor, now=now)
        changed = ["status", "published_at", "publish_at", "revision", "terms"]
        signal.save(update_fields=[*changed, *PROGRESS_FIELDS])
        ring(enrol_all(signal))
        added = {"name": actor.nickname, "symbol": signal.symbol}
        record(Fact(ActivityKind.ADD, "signal_added", actor.pk, added, is_public=True), now=now)
    return signal


def schedule(
    signal: Signal,
    *,
    at: datetime,
    actor: User,
    now: datetime,
    accepted: Collection[str] = (),
) -> Signal:
    """Publish a draft later; it is checked again when its time comes."""
    if at <= now:
        raise NotPossible("schedule_past")
    with transaction.atomic():
        signal = Signal.objects.select_for_update(no_key=True).get(pk=signal.pk)
        if signal.status not in {SignalStatus.DRAFT, SignalStatus.SCHEDULED}:
            raise NotPossible("signal_not_draft")
        _check(signal, accepted, now)
        signal.status, signal.publish_at = SignalStatus.SCHEDULED, at
        signal.accepted_warnings = sorted(accepted)
        signal.save(update_fields=["status", "publish_at", "accepted_warnings"])
    return signal


def unschedule(signal: Signal, *, actor: User, now: datetime) -> Signal:
    """Make a scheduled signal a draft again."""
    fields = {"status": SignalStatus.DRAFT, "publish_at": None}
    if not Signal.objects.filter(pk=signal.pk, status=SignalStatus.SCHEDULED).update(**fields):
        raise NotPossible("signal_not_scheduled")
    signal.refresh_from_db()
    return signal


def publish_due(*, now: datetime) -> int:
    """Publish the scheduled signals whose time has come; returns how many.

    One that comes too late, or that is not valid any more, becomes a draft, and its author is told.
    """
    published = 0
    due = Signal.objects.filter(status=SignalStatus.SCHEDULED, publish_at__lte=now)
    for signal in due.select_related("author").order_by("publish_at", "pk"):
        late = timedelta(seconds=settings.SIGNAL_TTL_SECONDS)
        if signal.publish_at is None or now - signal.publish_at > late:
            _missed(signal, "schedule_late", now)
            continue
        try:
            accepted = signal.accepted_warnings
            publish(signal, actor=signal.author, now=now, accepted=accepted, when_due=True)
        except SignalRefused as refusal:
            code = "schedule_warnings" if isinstance(refusal, WarningsOpen) else "schedule_errors"
            _missed(signal, code, now)
        except NotPossible:
            continue
        except Exception:
            # One signal's bad data must not stop the others.
            log.exception("signal %s could not be published", signal.public_id)
        else:
            published += 1
    return published


def _missed(signal: Signal, reason: str, now: datetime) -> None:
    """Make it a draft, unless its author has withdrawn or postponed it meanwhile."""
    with transaction.atomic():
        still = Signal.objects.filter(
            pk=signal.pk, status=SignalStatus.SCHEDULED, publish_at=signal.publish_at
        )
        if still.update(status=SignalStatus.DRAFT, publish_at=None):
            params = {"symbol": signal.symbol, "reason": reason}
            fact = Fact(ActivityKind.ADD, "schedule_missed", signal.author_id, params)
            record(fact, now=now)


# --- changing ------------------------------------------------------------------------------------


def amend(
    signal: Signal, draft: Draft, *, actor: User, now: datetime, seen: int | None = None
) -> Signal:
    """Change range, stop, targets, expiry or note; what defines the trade stays as published."""
    draft = draft.ordered()
    refuse_bad(draft, is_new=False)

    def change(signal: Signal) -> None:
        before = draft_of(signal)
        if _fixed(draft) != _fixed(before):
            raise NotPossible("signal_fixed_fields")
        taken = signal.targets_hit  # copies name targets by their number
        if [t.price for t in draft.targets[:taken]] != [t.price for t in before.targets[:taken]]:
            raise NotPossible("targets_reached")
        _take_over(signal, replace(draft, entry=before.entry))

    return revise(signal, "amend", actor=actor, now=now, change=change, seen=seen)


def cancel_entries(signal: Signal, *, actor: User, now: datetime) -> Signal:
    """Withdraw what has not been entered; open positions go on."""

    def change(signal: Signal) -> None:
        signal.wants_entry = False

    return revise(signal, "cancel_entries", actor=actor, now=now, change=change)


def close(signal: Signal, *, actor: User, now: datetime) -> Signal:
    """Withdraw entries and close every open position at the market."""

    def change(signal: Signal) -> None:
        signal.wants_entry = False
        signal.wants_position = False

    return revise(signal, "close", actor=actor, now=now, change=change)


def reduce(
    signal: Signal, *, percent: Decimal, actor: User, now: datetime, seen: int | None = None
) -> Signal:
    """Take a percentage of every open position off at the market; the rest goes on."""
    if percent >= WHOLE:
        return close(signal, actor=actor, now=now)
    if percent <= 0:
        raise NotPossible("percent_wrong")

    def change(signal: Signal) -> None:
        ticker = ticker_of(signal.symbol)
        if ticker is not None:
            draft, before = draft_of(signal), progress_of(signal)
            after = reduce_progress(draft, before, percent, ticker.last)
            signal.left_percent, signal.gain = after.left, after.gain

    extra = {"percent": plain(percent)}
    return revise(signal, "reduce", actor=actor, now=now, change=change, extra=extra, seen=seen)


def tell(
    signal: Signal, *, text: str, actor: User, now: datetime, seen: int | None = None
) -> Signal:
    """Send a note to everybody who follows the signal; it changes no trade."""
    text = text.strip()
    if not text:
        raise NotPossible("note_empty")

    def change(signal: Signal) -> None:
        followers = Copy.objects.filter(signal=signal).exclude(
            status__in=[CopyStatus.SKIPPED.value, CopyStatus.REJECTED.value]
        )
        soon = awaited(signal)  # first: a part goes as its copies come
        users = sorted(soon.union(followers.values_list("user_id", flat=True)))
        params = signal_params(signal) | {"text": text}
        key = f"noted:{signal.pk}:{signal.revision + 1}"
        facts = [
            Fact(ActivityKind.ADD, "noted", user, params, key=f"{key}:{user}") for user in users
        ]
        record_all(facts, now=now)

    extra = {"text": text}
    return revise(signal, "note", actor=actor, now=now, change=change, extra=extra, seen=seen)


def lapse(signal: Signal, reason: Reason, *, now: datetime) -> Signal:
    """Withdraw unfilled entries by the signal's own terms."""

    def change(signal: Signal) -> None:
        signal.wants_entry = False
        signal.lapse_reason = reason.value

    extra = {"reason": reason.value}
    return revise(signal, "lapse", actor=None, now=now, change=change, extra=extra)


# --- parts ---------------------------------------------------------------------------------------


def _fixed(draft: Draft) -> tuple[object, ...]:
    """What copies are made by, and therefore stays: the trigger's direction is our own."""
    entry = replace(draft.entry, trigger_rises=None)
    return draft.symbol, draft.direction, draft.leverage, entry


def _known_request(author: User, key: str, digest: str) -> Signal | None:
    if not key:
        return None
    signal = Signal.objects.filter(author=author, idempotency_key=key).first()
    if signal is not None and signal.request_digest != digest:
        raise IdempotencyConflict
    return signal


def refuse_bad(draft: Draft, *, is_new: bool = True) -> None:
    """Raise `SignalRefused` with every error of a draft."""
    facts = instrument_facts(settings.SIGNAL_ENVIRONMENT, draft.symbol)
    found = errors(draft, facts, is_new=is_new)
    if found:
        raise SignalRefused(found)


def _check(signal: Signal, accepted: Collection[str], now: datetime) -> None:
    draft = draft_of(signal)
    refuse_bad(draft)
    open_ones = [
        finding
        for finding in concerns(draft, now=now, besides=signal)
        if finding.problem.value not in accepted
    ]
    if open_ones:
        raise WarningsOpen(open_ones)


def _arm(signal: Signal, now: datetime) -> None:
    """Fix from which side an entry's trigger is crossed, and let the nominal account start."""
    draft = armed(draft_of(signal))
    if draft.entry.trigger is not None and draft.entry.trigger_rises is None:
        raise NotPossible("price_unknown")
    signal.terms = terms_of(draft)
    facts = instrument_facts(settings.SIGNAL_ENVIRONMENT, draft.symbol)
    ticker = ticker_of(draft.symbol)
    if facts is not None and ticker is not None:
        start = advance(draft, Progress(), ticker.last, tick=facts.tick, may_enter=True)
        store_progress(signal, start, now=now)


def armed(draft: Draft) -> Draft:
    """The draft with its trigger's direction by the present price, where it has a trigger."""
    ticker = ticker_of(draft.symbol)
    if draft.entry.trigger is None or ticker is None:
        return draft
    return replace(
        draft, entry=replace(draft.entry, trigger_rises=ticker.last < draft.entry.trigger)
    )


def _store(author: User, draft: Draft, key: str, digest: str) -> Signal:
    signal = Signal(
        author=author,
        symbol=draft.symbol,
        side=draft.direction.value,
        leverage=draft.leverage,
        entry_low=draft.entry_low,
        entry_high=draft.entry_high,
        stop=draft.stop,
        note=draft.note,
        terms=terms_of(draft),
        idempotency_key=key,
        request_digest=digest,
    )
    signal.save()
    _store_targets(signal, draft)
    return signal


def _take_over(signal: Signal, draft: Draft) -> None:
    signal.entry_low, signal.entry_high = draft.entry_low, draft.entry_high
    signal.stop, signal.note = draft.stop, draft.note
    signal.terms = terms_of(draft)
    signal.targets.all().delete()
    _store_targets(signal, draft)


def _store_targets(signal: Signal, draft: Draft) -> None:
    Target.objects.bulk_create(
        Target(signal=signal, position=position, price=target.price, share=target.share)
        for position, target in enumerate(draft.targets, start=1)
    )

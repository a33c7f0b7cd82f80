"""Raise an alarm when something is found that must not be, and clear it when it is gone.

It is a line in the log, a row for ops, and once a notice to every superuser.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import F

from accounts.activity import Fact, record_all
from accounts.choices import ActivityKind
from accounts.models import User
from exchanges.models import Connection
from hexagonal.lib.clock import database_now
from signals.choices import AlarmCode, AlarmLevel
from signals.models import Alarm
from signals.services.invariants import MOST, Violation, violations

log = logging.getLogger(__name__)

LEVELS = [AlarmLevel.WARNING, AlarmLevel.CRITICAL, AlarmLevel.EMERGENCY]
LOG_LEVELS = {AlarmLevel.WARNING: logging.ERROR}  # the others: CRITICAL
# Raised where they are seen, not by a check: gone when nobody has seen them for so long.
SIGHTED = {
    *(AlarmCode.ORDER_ORPHANED, AlarmCode.BOT_DOUBLED, AlarmCode.CLOCK_STEPPED),
    *(AlarmCode.AFFILIATE_KEY, AlarmCode.GATE_REFUSED, AlarmCode.KEY_ALTERED),
}
FORGOTTEN = timedelta(hours=1)


def watch() -> list[Violation]:
    """Look at every invariant, raise what is violated, clear what is not any more."""
    found = violations()
    now = database_now()
    for violation in found:
        raise_alarm(violation, now=now)
    _clear(found, now)
    return found


def note_affiliate_key(trouble: str) -> None:
    """The operator's own key does not do: whoever links an account waits for it."""
    found = Violation(AlarmCode.AFFILIATE_KEY, AlarmLevel.CRITICAL, detail=trouble)
    raise_alarm(found, now=database_now())


def note_altered_key(link: Connection) -> None:
    """A stored key does not open where it stands: nobody but a hand in the database does that."""
    subject = f"connection {link.public_id}"
    raise_alarm(Violation(AlarmCode.KEY_ALTERED, AlarmLevel.CRITICAL, subject), now=database_now())


def raise_alarm(violation: Violation, *, now: datetime) -> None:
    """Open an alarm, or note that it is still there; a louder level is told anew."""
    with transaction.atomic():
        alarm, is_new = Alarm.objects.select_for_update(no_key=True).get_or_create(
            code=violation.code,
            subject=violation.subject,
            cleared_at=None,
            defaults={
                "level": violation.level,
                "detail": violation.detail,
                "first_seen_at": now,
                "last_seen_at": now,
            },
        )
        is_louder = _rank(violation.level) > _rank(alarm.level)
        if not is_new:
            alarm.level = violation.level if is_louder else alarm.level
            alarm.detail, alarm.last_seen_at, alarm.count = violation.detail, now, F("count") + 1
            alarm.save(update_fields=["level", "detail", "last_seen_at", "count"])
        if is_new or is_louder:
            _tell(alarm.pk, violation, now)


def _tell(pk: int, violation: Violation, now: datetime) -> None:
    level = LOG_LEVELS.get(violation.level, logging.CRITICAL)
    log.log(level, "ALARM %s: %s %s", violation.code, violation.subject, violation.detail)
    params = {
        "reason": f"alarm_{violation.code}",
        "subject": violation.subject,
        "detail": violation.detail,
    }
    ops = User.objects.filter(is_superuser=True, is_active=True).values_list("pk", flat=True)
    key = f"alarm:{pk}:{violation.level}"
    record_all(
        [
            Fact(ActivityKind.TRADE, "ops_alarm", user, params, key=f"{key}:{user}")
            for user in ops.order_by("pk")
        ],
        now=now,
    )


def _clear(found: Sequence[Violation], now: datetime) -> None:
    """What was not found again is gone, unless there was more of its kind than was looked at."""
    open_ones = Alarm.objects.filter(cleared_at=None)
    standing = {(violation.code, violation.subject) for violation in found}
    full = {
        code for code in AlarmCode if sum(violation.code == code for violation in found) >= MOST
    }
    for alarm in open_ones.exclude(code__in=SIGHTED | full):
        if (alarm.code, alarm.subject) not in standing:
            Alarm.objects.filter(pk=alarm.pk).update(cleared_at=now)
            log.warning("alarm %s is over: %s", alarm.code, alarm.subject)
    open_ones.filter(code__in=SIGHTED, last_seen_at__lt=now - FORGOTTEN).update(cleared_at=now)


def _rank(level: str) -> int:
    return LEVELS.index(AlarmLevel(level))

"""What the gate stopped: a sign of a hand in the database."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator
from datetime import datetime

from exchanges.domain.errors import GateRefused
from signals.choices import AlarmCode, AlarmLevel
from signals.services.alarms import raise_alarm
from signals.services.chunk import Task
from signals.services.invariants import Violation

log = logging.getLogger(__name__)

LONGEST = 200  # characters of an alarm's detail


def note_refusals(tasks: Iterable[Task], *, now: datetime) -> None:
    """Raise an alarm for each signal concerned, however many copies are.

    The log comes first, each time: whoever can write to the database can be rid of a row.
    """
    found = {(seen.code, seen.subject): seen for task in tasks for seen in _signs(task)}
    for _, seen in sorted(found.items()):
        log.critical("%s: %s, %s", seen.code, seen.subject, seen.detail)
        raise_alarm(seen, now=now)


def _signs(task: Task) -> Iterator[Violation]:
    subject, whose = f"signal {task.copy.signal.public_id}", f"connection {task.link.public_id}"
    for outcome in task.outcomes:
        if isinstance(outcome.error, GateRefused):
            detail = f"{whose}: {outcome.error}"[:LONGEST]
            yield Violation(AlarmCode.GATE_REFUSED, AlarmLevel.CRITICAL, subject, detail)

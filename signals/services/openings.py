"""What a copy's step opens its trader's key for, and what it does with it, put on record before."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace

from exchanges import key_log
from exchanges.choices import ConnectionStatus, KeyPurpose
from exchanges.key_log import Use
from signals.domain.actions import (
    Action,
    Amend,
    Cancel,
    Place,
    SetLevels,
    SetLeverage,
    SetTrail,
)
from signals.domain.lifecycle import CopyStatus
from signals.domain.reasons import Reason
from signals.services.chunk import Task

BY_TRADER = {Reason.CLOSED_BY_TRADER, Reason.OPTED_OUT, Reason.LEFT_TO_TRADER}
DEEDS: dict[type[Action], KeyPurpose] = {
    SetLeverage: KeyPurpose.ENTRY,
    Amend: KeyPurpose.AMEND,
    Cancel: KeyPurpose.WITHDRAW,
    SetLevels: KeyPurpose.STOP,
    SetTrail: KeyPurpose.STOP,
}


def record_openings(tasks: Iterable[Task]) -> None:
    """Say what each key of the chunk is about to be opened for, in one statement."""
    opening = [
        task for task in tasks if task.needs_key and task.link.status != ConnectionStatus.VERIFYING
    ]
    for task in opening:
        task.use = _use_of(task)
    key_log.record([task.use for task in opening if task.use is not None])


def record_deeds(tasks: Iterable[Task]) -> None:
    """Say what is about to be done beyond what the keys were opened for, in one statement.

    A look after a trade may end in an order; whoever came to enter enters, and that is on record.
    """
    key_log.record([use for task in tasks for use in _deeds_of(task)])


def _use_of(task: Task) -> Use:
    copy, (purpose, person) = task.copy, _cause_of(task)
    return Use(task.link, purpose, person, copy.public_id, copy.symbol)


def _cause_of(task: Task) -> tuple[KeyPurpose, int | None]:
    """Why the copy is due, and whose wish that is."""
    copy, signal = task.copy, task.copy.signal
    authors = [revision.author_id for revision in signal.revisions.all()] or [None]  # none: forged
    if task.is_entry:
        return KeyPurpose.ENTRY, authors[0]
    if copy.status == CopyStatus.UNKNOWN:
        return KeyPurpose.LOOKUP, None
    if not copy.wants_position:
        return KeyPurpose.CLOSE, copy.user_id if copy.close_reason in BY_TRADER else None
    if not signal.wants_position:
        return KeyPurpose.CLOSE, authors[-1]
    if copy.applied_revision < signal.revision:
        return KeyPurpose.CHANGE, authors[-1]
    if copy.unprotected_since is not None:
        return KeyPurpose.STOP, None
    return KeyPurpose.WATCH, None


def _deeds_of(task: Task) -> Iterator[Use]:
    if task.use is None:
        return
    known = {task.use.purpose}
    for action in task.actions:
        deed = _deed_of(action)
        if deed not in known:
            known.add(deed)
            yield replace(task.use, purpose=deed)


def _deed_of(action: Action) -> KeyPurpose:
    if not isinstance(action, Place):
        return DEEDS[type(action)]
    if not action.reduce_only:
        return KeyPurpose.ENTRY
    return KeyPurpose.CLOSE if action.price is None else KeyPurpose.TARGET

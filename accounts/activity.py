"""Record a fact for people to see, and let others hear of it in the same transaction."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from accounts.choices import ActivityKind
from accounts.models import ActivityEvent
from hexagonal.lib.bulk import insert

Listener = Callable[[Sequence[ActivityEvent]], None]
_listeners: list[Listener] = []


@dataclass(frozen=True, slots=True)
class Fact:
    """What happened: `code` names the text, `params` are plain strings that fill it.

    `key` makes a fact unique for ever, so that a crash and a second run tell it once.
    """

    kind: ActivityKind
    code: str
    user_id: int | None = None
    params: dict[str, str] = field(default_factory=dict)
    is_public: bool = False
    key: str | None = None


def subscribe(listener: Listener) -> None:
    """Hear of every recorded event, inside its transaction (an 8-line inversion, no signals)."""
    if listener not in _listeners:
        _listeners.append(listener)


def record(fact: Fact, *, now: datetime) -> None:
    """Write one fact; call it inside the transaction that makes the fact true."""
    record_all([fact], now=now)


def record_all(facts: Iterable[Fact], *, now: datetime) -> None:
    """Write facts in one statement, leaving out those whose key is on record already."""
    facts = list(facts)
    keys = [fact.key for fact in facts if fact.key]
    stored = ActivityEvent.objects.filter(key__in=keys) if keys else ActivityEvent.objects.none()
    # Each look at a copy brings all that is true of it: most was told long ago.
    known = set(stored.values_list("key", flat=True))
    fresh = [_event(fact, now) for fact in facts if not fact.key or fact.key not in known]
    # Another worker may tell the same at this moment: whoever is first writes it, nobody fails.
    told = insert(fresh, ignore_conflicts=True)
    for listener in _listeners if told else []:
        listener(told)


def _event(fact: Fact, now: datetime) -> ActivityEvent:
    return ActivityEvent(
        kind=fact.kind,
        code=fact.code,
        user_id=fact.user_id,
        params=fact.params,
        is_public=fact.is_public,
        key=fact.key,
        at=now,
    )

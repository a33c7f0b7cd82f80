"""Quarantine: keys that enter nothing new until ops lift it, while what protects trades goes on.

It stands in a row, and every worker reads it in the transaction in which it decides and again while
it sends. Of whom it holds is asked anew each time, so a key that is linked later is held as well.
Linking, verifying and sealing anew go on: they trade nothing, and a trader whose key may have been
seen is to be able to replace it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction

from accounts.models import User
from exchanges.choices import ConnectionStatus
from exchanges.models import Connection, Quarantine
from exchanges.selectors import quarantined


@dataclass(frozen=True, slots=True)
class Scope:
    """Whose keys are meant; what is empty stands for all."""

    exchange: str = ""
    environment: str = ""
    user: User | None = None


# The apps above withdraw what waits at the exchange on these connections; they say how much it is.
_withdrawers: list[Callable[[set[int], datetime], int]] = []


def withdraw_by(withdrawer: Callable[[set[int], datetime], int]) -> None:
    """Let an app above withdraw entries, in the transaction that puts a quarantine on."""
    if withdrawer not in _withdrawers:
        _withdrawers.append(withdrawer)


def impose(scope: Scope, *, reason: str, by: str, now: datetime) -> tuple[Quarantine, int]:
    """Put a quarantine on, once; returns it, and how many trades are asked for their entries.

    Done again, it changes nothing but asks again. `by` names the person or the host's user.
    """
    with transaction.atomic():
        row, _ = Quarantine.objects.get_or_create(
            exchange=scope.exchange,
            environment=scope.environment,
            user=scope.user,
            lifted_at=None,
            defaults={"reason": reason, "by": by, "since": now},
        )
        held = quarantined()
        return row, sum(withdraw(held, now) for withdraw in _withdrawers)


def lift(scope: Scope, *, by: str, now: datetime) -> bool:
    """Take one quarantine off; others that hold the same keys stay. False if there was none."""
    rows = Quarantine.objects.filter(
        exchange=scope.exchange,
        environment=scope.environment,
        user=scope.user,
        lifted_at=None,
    )
    return bool(rows.update(lifted_at=now, lifted_by=by))


def held_keys() -> int:
    """How many connections with a key are held by any quarantine."""
    held = Connection.objects.filter(pk__in=quarantined())
    return held.exclude(status=ConnectionStatus.REVOKED).count()

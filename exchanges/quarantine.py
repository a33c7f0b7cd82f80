"""Quarantine: keys that enter nothing new until ops lift it, while what protects trades goes on.

It stands in a row, and every worker reads it in the transaction in which it decides and again while
it sends. Of whom it holds is asked anew each time, so a key that is linked later is held as well.
Linking, verifying and sealing anew go on: they trade nothing, and a trader whose key may have been
seen is to be able to replace it.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby

from django.db import transaction

from accounts.activity import Fact, record_all
from accounts.choices import ActivityKind
from accounts.models import User
from exchanges.choices import HELD_BACK, ConnectionStatus
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

    Done again, it changes nothing but asks again. `by` names the person or the host's user. Traders
    whose keys were free until then are told, without the reason.
    """
    with transaction.atomic():
        before = quarantined()
        row, _ = Quarantine.objects.get_or_create(
            exchange=scope.exchange,
            environment=scope.environment,
            user=scope.user,
            lifted_at=None,
            defaults={"reason": reason, "by": by, "since": now},
        )
        held = quarantined()
        asked = sum(withdraw(held, now) for withdraw in _withdrawers)
    # Only then: workers see what is committed, and thousands of notices take seconds.
    _tell("api_held", row, held - before, now, reason=HELD_BACK)
    return row, asked


def lift(scope: Scope, *, by: str, now: datetime) -> bool:
    """Take one quarantine off; others that hold the same keys stay. False if there was none.

    Traders whose keys are free from then on are told.
    """
    with transaction.atomic():
        rows = Quarantine.objects.select_for_update().filter(
            exchange=scope.exchange,
            environment=scope.environment,
            user=scope.user,
            lifted_at=None,
        )
        row = rows.first()
        if row is None:
            return False
        before = quarantined()
        row.lifted_at, row.lifted_by = now, by
        row.save(update_fields=["lifted_at", "lifted_by"])
        _tell("api_released", row, before - quarantined(), now)
        return True


def _tell(code: str, row: Quarantine, links: Collection[int], now: datetime, **more: str) -> None:
    """One fact for each trader, whatever number of their connections it is about."""
    with transaction.atomic():
        keyed = Connection.objects.filter(pk__in=links, sealed__isnull=False).select_related("user")
        record_all(
            [
                Fact(
                    ActivityKind.API,
                    code,
                    user.pk,
                    {
                        "name": user.nickname,
                        "connection": ", ".join(link.name for link in theirs),
                        **more,
                    },
                    key=f"{code}:{row.pk}:{user.pk}",
                )
                for user, theirs in groupby(keyed.order_by("user_id", "pk"), lambda link: link.user)
            ],
            now=now,
        )


def held_keys() -> int:
    """How many connections with a key are held by any quarantine."""
    held = Connection.objects.filter(pk__in=quarantined())
    return held.exclude(status=ConnectionStatus.REVOKED).count()

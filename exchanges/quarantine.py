"""Quarantine: keys that enter nothing new until ops lift it, while what protects trades goes on.

It stands in a row, and every worker reads it in the transaction in which it decides and again while
it sends. Of whom it holds is asked anew each time, so a key that is linked later is held as well.
Linking, verifying and sealing anew go on: they trade nothing, and a trader whose key may have been
seen is to be able to replace it.

Who is to be told of a quarantine is written down with it (`QuarantineNotice`), and the sweeper
tells them: workers obey at once, thousands of notices take seconds, a crash in between loses none.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import datetime

from django.db import DataError, IntegrityError, connection, transaction

from accounts.activity import Fact, record_all
from accounts.choices import ActivityKind
from accounts.models import User
from exchanges.choices import HELD_BACK
from exchanges.models import Connection, Quarantine, QuarantineNotice
from exchanges.selectors import quarantined

log = logging.getLogger(__name__)

PART = 1000  # notices told in one transaction

# Two at once would each see the keys as they were before both: what both hold would be told twice,
# what both let go by nobody.
IN_TURN = "SELECT pg_advisory_xact_lock(hashtext('exchanges.quarantine'))"
OWE = """
INSERT INTO exchanges_quarantinenotice (quarantine_id, user_id, code, connections)
SELECT %(row)s, user_id, %(code)s, string_agg(name, ', ' ORDER BY id)
FROM exchanges_connection
WHERE id = ANY(%(links)s) AND sealed IS NOT NULL
GROUP BY user_id ORDER BY user_id
ON CONFLICT DO NOTHING
"""


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
    whose keys were free until then will be told, without the reason.
    """
    with transaction.atomic():
        before = _in_turn()
        row, _ = Quarantine.objects.get_or_create(
            exchange=scope.exchange,
            environment=scope.environment,
            user=scope.user,
            lifted_at=None,
            defaults={"reason": reason, "by": by, "since": now},
        )
        held = quarantined()
        asked = sum(withdraw(held, now) for withdraw in _withdrawers)
        _owe("api_held", row, held - before)
    return row, asked


def lift(scope: Scope, *, by: str, now: datetime) -> bool:
    """Take one quarantine off; others that hold the same keys stay. False if there was none.

    Traders whose keys are free from then on will be told.
    """
    with transaction.atomic():
        before = _in_turn()
        rows = Quarantine.objects.select_for_update().filter(
            exchange=scope.exchange,
            environment=scope.environment,
            user=scope.user,
            lifted_at=None,
        )
        row = rows.first()
        if row is None:
            return False
        row.lifted_at, row.lifted_by = now, by
        row.save(update_fields=["lifted_at", "lifted_by"])
        _owe("api_released", row, before - quarantined())
    return True


def _in_turn() -> set[int]:
    """Wait for whoever puts one on or takes one off at this moment; returns what is held then."""
    with connection.cursor() as cursor:
        cursor.execute(IN_TURN)
    return quarantined()


def _owe(code: str, row: Quarantine, links: Collection[int]) -> None:
    """One notice for each trader, whatever number of their connections it is about."""
    with connection.cursor() as cursor:
        cursor.execute(OWE, {"row": row.pk, "code": code, "links": list(links)})


def tell(*, now: datetime) -> int:
    """Tell some of those who are still to be told, in turn; returns how many.

    What the database refuses stays for the next time, and keeps nobody else from being told.
    """
    keys = list(QuarantineNotice.objects.order_by("pk").values_list("pk", flat=True)[:PART])
    try:
        return _tell(keys, now)
    except (DataError, IntegrityError):
        return sum(_tell_alone(key, now) for key in keys)


def _tell_alone(key: int, now: datetime) -> int:
    try:
        return _tell([key], now)
    except (DataError, IntegrityError) as error:
        name = type(error).__name__
        log.error("quarantine notice %s could not be told: %s", key, name)  # noqa: TRY400 - the row stays out of the log
        return 0


def _tell(keys: Collection[int], now: datetime) -> int:
    with transaction.atomic():
        rows = QuarantineNotice.objects.select_for_update(of=("self",)).select_related("user")
        owed = list(rows.filter(pk__in=keys).order_by("pk"))
        record_all([_fact(notice) for notice in owed], now=now)
        QuarantineNotice.objects.filter(pk__in=[notice.pk for notice in owed]).delete()
    return len(owed)


def _fact(notice: QuarantineNotice) -> Fact:
    params = {"name": notice.user.nickname, "connection": notice.connections}
    if notice.code == "api_held":
        params["reason"] = HELD_BACK
    key = f"{notice.code}:{notice.quarantine_id}:{notice.user_id}"
    return Fact(ActivityKind.API, notice.code, notice.user_id, params, key=key)


def held_keys() -> int:
    """How many connections with a key are held by any quarantine."""
    return Connection.objects.filter(pk__in=quarantined(), sealed__isnull=False).count()

"""Take due copies under a lease, and give them back; the database's clock decides."""

from __future__ import annotations

import time
import uuid
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings
from django.db import connection, transaction

from hexagonal.lib.clock import database_now
from signals.models import Copy


@dataclass(frozen=True, slots=True)
class Lease:
    """The right to work on some copies: nobody else holds them until it runs out."""

    token: uuid.UUID
    copies: tuple[int, ...]
    now: datetime  # the database's time at the claim
    started: float  # monotonic seconds at the claim

    def time(self) -> datetime:
        """The database's time, carried on by this process's monotonic clock."""
        return self.now + timedelta(seconds=time.monotonic() - self.started)

    def may_send(self) -> bool:
        """Whether a request may still leave: later ones could outlive the lease."""
        return time.monotonic() - self.started < settings.SEND_BUDGET_SECONDS


# Changes of live copies go before new entries, and both before mere looking. A copy whose lease
# has run out belongs to a worker that died; whoever comes next takes it over.
CLAIM = """
UPDATE signals_copy SET lease_token = %(token)s,
       lease_until = clock_timestamp() + make_interval(secs => %(lease)s),
       claimed_at = coalesce(claimed_at, clock_timestamp())
WHERE id IN (
    SELECT due.id FROM signals_copy due JOIN signals_signal signal ON signal.id = due.signal_id
    WHERE due.due_at <= clock_timestamp()
      AND (due.lease_until IS NULL OR due.lease_until < clock_timestamp())
    ORDER BY CASE
                 WHEN due.status IN ('placed', 'filled')
                      AND (due.applied_revision < signal.revision OR NOT due.wants_position) THEN 0
                 WHEN due.status IN ('pending', 'skipped') THEN 1
                 ELSE 2
             END,
             due.due_at, due.shuffle
    LIMIT %(limit)s
    FOR UPDATE OF due SKIP LOCKED
)
RETURNING id
"""


def claim(limit: int) -> Lease | None:
    """Lease up to `limit` due copies; None when nothing is due."""
    started, token = time.monotonic(), uuid.uuid4()
    with transaction.atomic(durable=True), connection.cursor() as cursor:
        lease = settings.LEASE_SECONDS
        cursor.execute(CLAIM, {"token": token, "lease": lease, "limit": limit})
        copies = tuple(row[0] for row in cursor.fetchall())
        if not copies:
            return None
        return Lease(token, copies, database_now(), started)


def still_held(lease: Lease) -> dict[int, Copy]:
    """Lock and read the copies that are still ours; a late writer finds none.

    Call it first in the transaction that writes: what another worker took over stays untouched.
    """
    held = Copy.objects.select_for_update(of=("self",)).filter(
        pk__in=lease.copies, lease_token=lease.token
    )
    return {copy.pk: copy for copy in held.order_by("pk")}


def count_due() -> int:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM signals_copy WHERE due_at <= clock_timestamp()"
            " AND (lease_until IS NULL OR lease_until < clock_timestamp())"
        )
        row = cursor.fetchone()
    return int(row[0])

"""The record of every use of a trader's key: by which process, for what, and who caused it.

A use is on record before it begins: a key that was opened without anybody's knowing cannot be told
from a stolen one. What happens again and again for one purpose is one row for each span of time,
written before the first of them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import connection

from exchanges.choices import KeyPurpose
from exchanges.models import Connection, KeyUse
from hexagonal.lib.roles import host, role

KEPT = timedelta(days=366)  # the database lets nothing go that is younger than a year
BATCH = 1_000  # rows deleted by one statement
MINUTE, HOUR = 60, 3600
# Seconds that a row speaks for. Ten thousand accounts are looked at all day long.
SPANS = {
    KeyPurpose.WATCH: HOUR,
    KeyPurpose.STREAM: HOUR,
    KeyPurpose.RESEAL: HOUR,
    KeyPurpose.CHECK: 6 * HOUR,
}
# One statement, however many keys; each looks at the few rows of its own key within the span.
# `OFFSET 0` keeps it so, whatever the statistics say of a table that has just begun to grow.
WRITE = """
INSERT INTO exchanges_keyuse
       (connection_id, purpose, person_id, process, host, copy, symbol, at)
SELECT fresh.link, fresh.purpose, fresh.person, %(process)s, %(host)s, fresh.copy, fresh.symbol,
       clock_timestamp()
FROM unnest(%(links)s::bigint[], %(purposes)s::text[], %(persons)s::bigint[],
            %(copies)s::uuid[], %(symbols)s::text[], %(spans)s::float[])
     AS fresh(link, purpose, person, copy, symbol, span)
WHERE NOT EXISTS (
    SELECT FROM exchanges_keyuse known
    WHERE known.connection_id = fresh.link AND known.at > now() - make_interval(secs => fresh.span)
      AND known.purpose = fresh.purpose AND known.copy IS NOT DISTINCT FROM fresh.copy
      AND known.person_id IS NOT DISTINCT FROM fresh.person
      AND known.process = %(process)s AND known.host = %(host)s
    OFFSET 0
)
"""


@dataclass(frozen=True, slots=True)
class Use:
    """What a connection's key is about to be opened for.

    `person` is the key of whoever caused it, None where nobody did; `copy` names the trade.
    """

    link: Connection
    purpose: KeyPurpose
    person: int | None = None
    copy: UUID | None = None
    symbol: str = ""


def record(uses: Sequence[Use]) -> None:
    """Write uses down before they begin; whoever cannot write them does not begin them."""
    if not uses:
        return
    values: dict[str, Any] = {
        "process": role(),
        "host": host(),
        "links": [use.link.pk for use in uses],
        "purposes": [use.purpose.value for use in uses],
        "persons": [use.person for use in uses],
        "copies": [use.copy for use in uses],
        "symbols": [use.symbol for use in uses],
        "spans": [SPANS.get(use.purpose, MINUTE) for use in uses],
    }
    with connection.cursor() as cursor:
        cursor.execute(WRITE, values)
    for use in uses:
        use.link.is_use_recorded = True


def begin(link: Connection) -> None:
    """A key is opened now: a use that nobody has written down for it is written down here."""
    if not link.is_use_recorded:
        record([Use(link, KeyPurpose.OTHER)])
    link.is_use_recorded = False  # the next opening is a use of its own


def forget_old(*, now: datetime) -> int:
    """Delete one batch of what is older than `KEPT`; returns how many there were.

    Rows are written in the order of time, so the oldest are the first ones.
    """
    oldest = KeyUse.objects.order_by("pk").values_list("pk", "at")[:BATCH]
    old = [key for key, at in oldest if at < now - KEPT]
    KeyUse.objects.filter(pk__in=old).delete()
    return len(old)

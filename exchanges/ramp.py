"""How fast sockets may be opened: exchanges count new ones by address, whoever opens them."""

from __future__ import annotations

from django.conf import settings
from django.db import connection, transaction

from exchanges.governor import governor

# The lock is held for two statements; it makes the count true among processes.
LOCK = "SELECT pg_advisory_xact_lock(hashtext('exchanges.ramp'), hashtext(%s))"
FORGET = """
DELETE FROM exchanges_socketopening
WHERE budget = %(budget)s AND at <= clock_timestamp() - make_interval(secs => %(span)s)
"""
OPEN = """
INSERT INTO exchanges_socketopening (budget, at)
SELECT %(budget)s, clock_timestamp() FROM generate_series(1, least(
    %(wanted)s,
    %(most)s - (SELECT count(*) FROM exchanges_socketopening WHERE budget = %(budget)s)
))
RETURNING 1
"""


def admit(budget: str, wanted: int, *, most: int | None = None) -> int:
    """Count up to `wanted` new sockets of an address, and return how many may be opened.

    `most`: of all sockets of the address within the span, for whoever leaves room to others.

    None by an address that is banned: every attempt prolongs that. In PostgreSQL, for without it
    no stream process runs: there is no second way to guard.
    """
    if governor().room([budget])[budget].frozen > 0:
        return 0
    values: dict[str, str | int] = {
        "budget": budget,
        "wanted": wanted,
        "most": settings.STREAM_OPENINGS if most is None else most,
        "span": settings.STREAM_OPENINGS_SECONDS,
    }
    with transaction.atomic(durable=True), connection.cursor() as cursor:
        cursor.execute(LOCK, [budget])
        cursor.execute(FORGET, values)
        cursor.execute(OPEN, values)
        return len(cursor.fetchall())

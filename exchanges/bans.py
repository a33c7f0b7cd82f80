"""Which outgoing addresses an exchange has banned, on record until it is over.

Processes tell each other of a ban through Redis. That may be away or emptied, and each request that
then leaves prolongs the ban; so it is kept here as well, and put back.
"""

from __future__ import annotations

from django.db import connection

from exchanges.egress import budgets
from exchanges.governor import governor

STORE = """
INSERT INTO exchanges_egressban AS ban (budget, until)
VALUES (%s, clock_timestamp() + make_interval(secs => %s))
ON CONFLICT (budget) DO UPDATE SET until = excluded.until
WHERE excluded.until > ban.until + interval '1 s'
"""
STANDING = """
SELECT budget, extract(epoch FROM until - clock_timestamp())::float
FROM exchanges_egressban WHERE until > clock_timestamp()
"""


def record_bans() -> None:
    """Put on record the bans that this process knows of; costs nothing while there is none."""
    for budget, seconds in governor().bans().items():
        with connection.cursor() as cursor:
            cursor.execute(STORE, [budget, seconds])


def keep_bans() -> None:
    """Record what Redis knows, and remind it of what it has forgotten."""
    governor().room(budgets())  # hears of the bans that other processes met with
    record_bans()
    with connection.cursor() as cursor:
        cursor.execute(STANDING)
        standing = cursor.fetchall()
    for budget, seconds in standing:
        governor().remind(budget, seconds)

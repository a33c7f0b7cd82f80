"""The database's clock, the one clock that leases and time limits are measured by.

Whoever decides when something is due or how long it may wait takes the time from here: a web server
whose clock is a minute off would else let every entry expire, or be sent late.
"""

from __future__ import annotations

from datetime import datetime

from django.db import connection
from django.db.models import DateTimeField, Func


class WallClock(Func):
    """PostgreSQL's wall clock where a statement writes it: after every lock that it waited for."""

    template = "clock_timestamp()"
    output_field = DateTimeField()


def database_now() -> datetime:
    """Read PostgreSQL's wall clock (not the transaction's start)."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT clock_timestamp()")
        row = cursor.fetchone()
    moment: datetime = row[0]
    return moment

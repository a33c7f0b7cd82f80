"""Lead alone: a lock of the database's, held by a session of its own."""

from __future__ import annotations

from django.db import DEFAULT_DB_ALIAS, connections
from django.db.backends.base.base import BaseDatabaseWrapper

# A leader whose host has gone silently is dropped by the server after these seconds.
KEEPALIVE = (
    "SET tcp_keepalives_idle = 2; SET tcp_keepalives_interval = 1; SET tcp_keepalives_count = 2"
)


class Leadership:
    """Held by one process at a time; it ends with its connection, which nothing else recycles."""

    def __init__(self, lock: int) -> None:
        self._lock = lock
        self._connection: BaseDatabaseWrapper | None = None
        self.is_held = False

    def hold(self) -> bool:
        """Whether this process leads. Raises Django's database errors when that cannot be said."""
        if self._connection is None:
            self._connection = connections.create_connection(DEFAULT_DB_ALIAS)
            with self._connection.cursor() as cursor:
                cursor.execute(KEEPALIVE)
        with self._connection.cursor() as cursor:
            if self.is_held:
                cursor.execute("SELECT 1")  # raises when the connection, and the lock, are gone
                return True
            cursor.execute("SELECT pg_try_advisory_lock(%s)", [self._lock])
            row = cursor.fetchone()
        self.is_held = bool(row and row[0])
        return self.is_held

    def release(self) -> None:
        self.is_held = False
        if self._connection is not None:
            self._connection.close()
            self._connection = None

"""Do several things at their own pace, so that none waits for another or ends with it."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from django.db import Error, close_old_connections, connection

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Chore:
    """Something to be done every so many seconds."""

    name: str
    seconds: float
    do: Callable[[], object]


class Chores:
    """Runs each chore in a thread, with a database connection of its own, until it is stopped."""

    def __init__(self, chores: Iterable[Chore]) -> None:
        self._stop = threading.Event()
        self._threads = [
            threading.Thread(target=self._repeat, args=[chore], name=chore.name, daemon=True)
            for chore in chores
        ]
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """Let nothing be begun any more; what is being done is finished."""
        self._stop.set()

    def join(self, seconds: float) -> bool:
        """Wait until everything is finished; False when something takes longer."""
        ends = time.monotonic() + seconds
        for thread in self._threads:
            thread.join(max(ends - time.monotonic(), 0))
        return not any(thread.is_alive() for thread in self._threads)

    def _repeat(self, chore: Chore) -> None:
        while not self._stop.is_set():
            started = time.monotonic()
            attempt(chore)
            self._stop.wait(max(chore.seconds - (time.monotonic() - started), 0))
        connection.close()


def attempt(chore: Chore) -> None:
    """Do it once; what goes wrong is logged and tried again at the next turn."""
    close_old_connections()
    try:
        chore.do()
    except Error as error:  # the database is away: one line, not a trace a second
        log.warning("%s: %s", chore.name, type(error).__name__)
        connection.close()
    except Exception:
        log.exception("%s failed", chore.name)

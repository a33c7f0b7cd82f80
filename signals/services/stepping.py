"""Whether the database's clock was set: leases and time limits are measured by it.

A step forward lets leases run out early, which the link ids make harmless; a step back lets what is
due wait as long as the step. Neither can be mended from here, so somebody is told.
"""

from __future__ import annotations

import time

from hexagonal.lib.clock import database_now
from signals.choices import AlarmCode, AlarmLevel
from signals.services.alarms import raise_alarm
from signals.services.invariants import Violation

MOST_SECONDS = 1.0


class ClockWatch:
    """Compares the database's clock with one that nobody sets, from look to look."""

    def __init__(self) -> None:
        self._ahead: float | None = None  # of the monotonic clock, when it was last looked at

    def look(self) -> None:
        asked = time.monotonic()
        now = database_now()
        answered = time.monotonic()
        before, self._ahead = self._ahead, now.timestamp() - answered
        if before is None:
            return
        step, doubt = self._ahead - before, answered - asked
        if abs(step) > MOST_SECONDS + doubt:
            told = Violation(
                AlarmCode.CLOCK_STEPPED, AlarmLevel.CRITICAL, detail=f"by {step:+.1f} s"
            )
            raise_alarm(told, now=now)

"""Chores at their own pace: none waits for another, or ends with it."""

from __future__ import annotations

import threading
import time
from itertools import count

from hexagonal.lib.chores import Chore, Chores


def test_a_chore_that_fails_or_hangs_stops_no_other(monkeypatch):
    monkeypatch.setattr("hexagonal.lib.chores.close_old_connections", lambda: None)
    done, failed, released = count(), count(), threading.Event()

    def fail():
        next(failed)
        raise ValueError

    chores = Chores(
        [
            Chore("hangs", 0.01, lambda: released.wait(10)),
            Chore("fails", 0.01, fail),
            Chore("works", 0.01, lambda: next(done)),
        ]
    )
    time.sleep(0.3)
    chores.stop()

    assert not chores.join(0.1)  # the one that hangs is waited for, for so long
    released.set()
    assert chores.join(5)
    assert next(done) > 5
    assert next(failed) > 5

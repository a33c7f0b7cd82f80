"""B4: what a copy costs a worker, and whether that grows with the number of copies."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from benchmarks import stage

SIZES = (100, 1_000, 10_000)

from django.db import connection  # noqa: E402 - after the stage

from exchanges.models import Connection  # noqa: E402
from signals.services import enrolling, working  # noqa: E402


class Statements:
    """Counts what the worker's own connection executes."""

    def __init__(self) -> None:
        self.count = 0

    def __call__(self, execute: Callable[..., Any], *rest: Any) -> Any:
        self.count += 1
        return execute(*rest)


def enter(author: Any, symbol: str) -> tuple[float, float]:
    """CPU milliseconds a copy and statements a chunk, of one signal's entries in this process.

    What a worker does beside its chunks for a signal, making the copies of its parts, counts.
    """
    signal = stage.publish(author, stage.draft(symbol))
    copies, chunks, statements = 0, 0, Statements()
    total = Connection.objects.count()
    started = time.process_time()
    with connection.execute_wrapper(statements):
        while copies < total:
            enrolling.enrol_next()
            done = working.work()
            if not done:
                raise SystemExit("the worker found nothing to do")
            copies, chunks = copies + done, chunks + 1
    cpu = time.process_time() - started
    stage.wait_for_all(signal, seconds=1)
    return cpu / copies * 1000, statements.count / chunks


def measure() -> dict[str, dict[str, float]]:
    stage.settings.ORDER_WORKERS = 1  # this process
    author = stage.prepare()
    result = {}
    with stage.sandbox(limits=False) as box:
        for size in SIZES:
            stage.link(box, size)
            enter(author, "XRPUSDT")  # what happens once is no copy's
            stage.forget()
            cpu, statements = enter(author, "BTCUSDT")
            result[f"cpu_ms_per_copy_{size}"] = round(cpu, 2)
            result[f"statements_per_chunk_{size}"] = round(statements, 1)
    return {"B4": result}

"""Traps: a process that comes to a named point for the nth time is killed or frozen there.

`python -m chaos.traps MODULE …` runs any module with the points wrapped around the libraries that
every request, statement and doorbell passes through, so that the platform's code knows nothing of
it. What is trapped stands in a file that all processes share: `{"point", "left", "action"}`. The
one that counts it down to nothing removes it, says so in `<file>.sprung`, and is struck.

| point | where |
|---|---|
| `before_sign` | an order is about to be signed and sent, the lease was looked at |
| `before_send` | the order is signed, its request has not left |
| `after_send` | the request has left, and the exchange has had time to accept it |
| `after_answer` | the answer has begun to arrive, nothing is written yet |
| `in_write` | in the transaction that writes the answers, before what is told |
| `before_commit`, `after_commit` | around that transaction's commit |
| `doorbell` | a doorbell is about to be handed to the broker |
"""

from __future__ import annotations

import fcntl
import http.client
import json
import os
import runpy
import signal
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

FILE = "CHAOS_TRAP"  # the environment variable that names the file
ORDERS = "/v5/order/create"
TOLD = "accounts_activityevent"  # written last in a chunk's transaction
ACCEPTED = 0.2  # seconds that the exchange surely needs no longer than
ACTIONS = {"kill": signal.SIGKILL, "freeze": signal.SIGSTOP}


def set_trap(file: Path, point: str, *, nth: int, action: str) -> None:
    """Trap the nth process to come to `point`: "kill", "kill_group" (its pool too), "freeze"."""
    sprung(file).unlink(missing_ok=True)
    fresh = file.with_suffix(".new")
    fresh.write_text(json.dumps({"point": point, "left": nth, "action": action}))
    fresh.replace(file)


def sprung(file: Path) -> Path:
    """The file that holds the process id of whoever was struck."""
    return file.with_suffix(".sprung")


def spring(point: str) -> None:
    """Count this visit, and be struck if it is the one."""
    file = Path(os.environ[FILE])
    if not file.exists():
        return
    action = _count(file, point)
    if action == "kill_group":
        os.killpg(os.getpgrp(), signal.SIGKILL)
    elif action:
        os.kill(os.getpid(), ACTIONS[action])


def _count(file: Path, point: str) -> str:
    try:
        with file.open("r+") as held:
            fcntl.flock(held, fcntl.LOCK_EX)
            if not file.exists():  # another process was faster
                return ""
            trap = json.load(held)
            if trap["point"] != point:
                return ""
            trap["left"] -= 1
            held.seek(0)
            held.truncate()
            json.dump(trap, held)
            held.flush()
            if trap["left"] > 0:
                return ""
            sprung(file).write_text(str(os.getpid()))
            file.unlink()
            return str(trap["action"])
    except FileNotFoundError:
        return ""


# --- the points ----------------------------------------------------------------------------------


def install() -> None:
    """Wrap the points; call it before the platform is loaded."""
    _trap_requests()
    _trap_signing()
    _trap_statements()
    _trap_doorbells()


def _trap_requests() -> None:
    """Around http.client, which every HTTP library here ends in."""
    plain = http.client.HTTPConnection
    put, answer = plain.putrequest, plain.getresponse
    path = threading.local()

    def putrequest(self: Any, method: str, url: str, *args: Any, **kwargs: Any) -> Any:
        path.is_order = url.endswith(ORDERS)
        if path.is_order:
            spring("before_send")
        return put(self, method, url, *args, **kwargs)

    def getresponse(self: Any) -> Any:
        if not getattr(path, "is_order", False):
            return answer(self)
        if Path(os.environ[FILE]).exists():
            time.sleep(ACCEPTED)
        spring("after_send")
        response = answer(self)
        spring("after_answer")
        return response

    _replace(plain, "putrequest", putrequest)
    _replace(plain, "getresponse", getresponse)


def _trap_signing() -> None:
    from pybit.unified_trading import HTTP

    place = HTTP.place_order

    def place_order(self: Any, **kwargs: Any) -> Any:
        spring("before_sign")
        return place(self, **kwargs)

    _replace(HTTP, "place_order", place_order)


def _trap_statements() -> None:
    from django.db.backends.base.base import BaseDatabaseWrapper
    from django.db.backends.utils import CursorWrapper

    execute, commit = CursorWrapper.execute, BaseDatabaseWrapper.commit
    writing = threading.local()

    def executing(self: Any, sql: Any, params: Any = None) -> Any:
        text = str(sql)
        if TOLD in text and text.lstrip().upper().startswith("INSERT"):
            writing.tells = True
            spring("in_write")
        return execute(self, sql, params)

    def committing(self: Any) -> Any:
        tells, writing.tells = getattr(writing, "tells", False), False
        if tells:
            spring("before_commit")
        result = commit(self)
        if tells:
            spring("after_commit")
        return result

    _replace(CursorWrapper, "execute", executing)
    _replace(BaseDatabaseWrapper, "commit", committing)


def _trap_doorbells() -> None:
    from celery import Celery

    send = Celery.send_task

    def send_task(self: Any, *args: Any, **kwargs: Any) -> Any:
        spring("doorbell")
        return send(self, *args, **kwargs)

    _replace(Celery, "send_task", send_task)


def _replace(owner: type, name: str, function: Callable[..., Any]) -> None:
    setattr(owner, name, function)


def main() -> None:
    if FILE in os.environ:
        install()
    sys.argv = sys.argv[1:]
    runpy.run_module(sys.argv[0], run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    main()

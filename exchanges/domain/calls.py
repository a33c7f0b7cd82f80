"""What was said to an exchange and what it answered, word for word, for whoever listens."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Call:
    """One request and its answer, without anything that authenticates it."""

    path: str
    request: str
    started: float  # monotonic seconds
    ended: float
    status: int | None = None  # None: no answer came, and `error` says why
    code: int | None = None
    answer: str = ""
    headers: dict[str, str] = field(default_factory=dict)
    error: str = ""


_heard: ContextVar[list[Call] | None] = ContextVar("heard", default=None)


@contextmanager
def listening() -> Iterator[list[Call]]:
    """Collect the calls that are made in this thread meanwhile."""
    calls: list[Call] = []
    token = _heard.set(calls)
    try:
        yield calls
    finally:
        _heard.reset(token)


def is_heard() -> bool:
    return _heard.get() is not None


def tell(call: Call) -> None:
    """Hand a call to whoever listens; adapters do, once for each request."""
    calls = _heard.get()
    if calls is not None:
        calls.append(call)

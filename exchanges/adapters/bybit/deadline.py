"""HTTP connections whose time-outs count as a whole: a reply that trickles in ends in time too.

A socket's time-out starts again with every byte, so that one byte a second keeps a request alive
for ever, past the lease that it was sent under. What is about to leave is under control here too:
it leaves in one packet, and its sender hears of it when a connection had to be opened for it.
"""

from __future__ import annotations

import socket
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from http.client import HTTPResponse
from io import BufferedReader, RawIOBase
from typing import Any

from urllib3 import PoolManager, Timeout
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.exceptions import ConnectTimeoutError


def time_limit(connect: float, read: float) -> Timeout:
    """What a request may take: to connect, to answer whole, and both together."""
    return Timeout(total=connect + read, connect=connect, read=read)


_when_connected: ContextVar[Callable[[], None] | None] = ContextVar("when_connected", default=None)


@contextmanager
def when_connected(tell: Callable[[], None]) -> Iterator[None]:
    """Call `tell` when a request has had to open its connection, before anything is sent by it.

    What it raises ends the request, which then has not left.
    """
    token = _when_connected.set(tell)
    try:
        yield
    finally:
        _when_connected.reset(token)


class _Reads(RawIOBase):
    """A socket's bytes, until the time-out that it had at the start has passed for all of them."""

    def __init__(self, sock: socket.socket) -> None:
        limit = sock.gettimeout()
        self._ends = None if limit is None else time.monotonic() + limit
        self._sock = sock
        self._file = sock.makefile("rb", buffering=0)

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int | None:
        if self._ends is not None:
            left = self._ends - time.monotonic()
            if left <= 0:
                raise TimeoutError("the reply took too long as a whole")
            self._sock.settimeout(left)
        return self._file.readinto(buffer)

    def close(self) -> None:
        self._file.close()
        super().close()


class _Source:
    """What `http.client` makes its file of."""

    def __init__(self, sock: socket.socket) -> None:
        self._sock = sock

    def makefile(self, _mode: str) -> BufferedReader:
        return BufferedReader(_Reads(self._sock))


class _Reply(HTTPResponse):
    def __init__(self, sock: socket.socket, *args: Any, **kwargs: Any) -> None:
        super().__init__(_Source(sock), *args, **kwargs)  # type: ignore[arg-type]


class _Whole:
    """Mixed into urllib3's connections."""

    response_class: type[HTTPResponse] = _Reply
    timeout: Any
    _head = b""
    _awaits_body = False

    def request(self, *args: Any, **options: Any) -> None:
        self._head, self._awaits_body = b"", bool(options.get("body"))
        super().request(*args, **options)  # type: ignore[misc]

    def send(self, data: Any) -> None:
        """Send; a request's head waits for its body, so that both leave as one packet."""
        if self._awaits_body:
            self._head, self._awaits_body = data, False
            return
        whole, self._head = self._head + data, b""
        super().send(whole)  # type: ignore[misc]

    def connect(self) -> None:
        """Connect, names and handshake included, within the time-out: nothing is sent after it."""
        started = time.monotonic()
        super().connect()  # type: ignore[misc]
        limit = self.timeout
        if isinstance(limit, (int, float)) and time.monotonic() - started > limit:
            self.close()
            raise ConnectTimeoutError(self, f"no connection within {limit} s")
        tell = _when_connected.get()
        if tell is not None:
            tell()

    def close(self) -> None:
        self._head, self._awaits_body = b"", False
        super().close()  # type: ignore[misc]


class _Connection(_Whole, HTTPConnection):
    pass


class _TlsConnection(_Whole, HTTPSConnection):
    pass


class _Pool(HTTPConnectionPool):
    ConnectionCls = _Connection


class _TlsPool(HTTPSConnectionPool):
    ConnectionCls = _TlsConnection


def hold_to_deadlines(manager: PoolManager) -> PoolManager:
    """Let a pool manager (or proxy manager) make such connections from now on."""
    manager.pool_classes_by_scheme = {"http": _Pool, "https": _TlsPool}
    return manager

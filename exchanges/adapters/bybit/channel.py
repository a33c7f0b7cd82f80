"""The HTTP session that pybit is given in place of its own: one pool an outgoing address.

pybit asks its session for two things alone, `prepare_request` and `send`. Served by urllib3 itself
they cost a third of what requests takes (docs/performance.md), and a pool can be bound to an
address, which is what the exchange counts requests by and traders bind their keys to.
"""

from __future__ import annotations

import json
import time
from dataclasses import dataclass
from datetime import timedelta
from functools import cache
from ssl import SSLContext
from typing import Any
from urllib.parse import unquote

import requests
from urllib3 import BaseHTTPResponse, PoolManager, ProxyManager, Timeout
from urllib3.util import make_headers, parse_url

from exchanges.adapters.bybit.deadline import hold_to_deadlines

POOL_SIZE = 64
HEADERS = {
    "Content-Type": "application/json",
    "Accept": "application/json",
    "Accept-Encoding": "gzip",
}


@dataclass(frozen=True, slots=True)
class Request:
    """What is about to leave; its headers carry a key and a signature, so it is never shown."""

    method: str
    url: str
    headers: dict[str, str]
    body: bytes | None

    def __repr__(self) -> str:
        return f"<{self.method}>"


@dataclass(frozen=True, slots=True)
class Answer:
    """What pybit reads of a response."""

    status_code: int
    headers: Any
    text: str
    elapsed: timedelta

    def json(self) -> Any:
        return json.loads(self.text)


class Channel:
    """Requests that leave by one address, for all accounts that are kept to it.

    Nothing is followed or retried: a redirect would carry an order's signed headers to another
    host, and a second attempt is the caller's to decide. There are no cookies.
    """

    __slots__ = ("_pool", "headers")

    def __init__(self, egress: str, ssl_context: SSLContext | None = None) -> None:
        self._pool = _pool_of(egress, ssl_context)
        self.headers: dict[str, str] = dict(HEADERS)

    def prepare_request(self, request: requests.Request) -> Request:
        """Take over what pybit has put together."""
        data = request.data
        body = data.encode() if isinstance(data, str) and data else None
        return Request(request.method, request.url, self.headers | request.headers, body)

    def send(self, request: Request, *, timeout: Timeout) -> Answer:
        """Send once and read the whole answer; raises urllib3's errors."""
        started = time.monotonic()
        response: BaseHTTPResponse = self._pool.urlopen(
            request.method,
            request.url,
            body=request.body,
            headers=request.headers,
            timeout=timeout,
            retries=False,
            redirect=False,
        )
        elapsed = timedelta(seconds=time.monotonic() - started)
        text = response.data.decode("utf-8", "replace")
        return Answer(response.status, response.headers, text, elapsed)

    def close(self) -> None:
        """Let go of idle connections, as the exchange asks for during a ban."""
        self._pool.clear()


def _pool_of(egress: str, ssl_context: SSLContext | None) -> PoolManager:
    """`egress`: empty for the machine's own choice, a source address, or a proxy's URL."""
    if "://" in egress:
        # urllib3 tells a proxy nothing of the user in its URL.
        user = unquote(parse_url(egress).auth or "")
        told = make_headers(proxy_basic_auth=user) if user else {}
        return hold_to_deadlines(
            ProxyManager(egress, maxsize=POOL_SIZE, proxy_headers=told, ssl_context=ssl_context)
        )
    source = (egress, 0) if egress else None
    return hold_to_deadlines(
        PoolManager(maxsize=POOL_SIZE, source_address=source, ssl_context=ssl_context)
    )


@cache
def channel_of(egress: str, referral_id: str = "") -> Channel:
    """The process's one channel by this address."""
    channel = Channel(egress)
    if referral_id:
        channel.headers["Referer"] = referral_id
    return channel

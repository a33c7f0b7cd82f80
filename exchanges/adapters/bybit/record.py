"""Keep requests and answers as they went over the wire, without what authenticates them."""

from __future__ import annotations

import re
import time
from typing import Any, Protocol
from urllib.parse import urlsplit

from exchanges.domain.calls import Call, is_heard, tell

MOST_CHARACTERS = 2_048
RET_CODE = re.compile(r'"retCode"\s*:\s*(-?\d{1,9})\b')
KEPT_HEADERS = (
    *("X-Bapi-Limit", "X-Bapi-Limit-Status", "X-Bapi-Limit-Reset-Timestamp"),
    *("Traceid", "Timenow", "Retry-After"),
)
# Bybit's answer to a wrong signature repeats what was signed, and with it the key.
UNSPOKEN_HEADERS = ("X-BAPI-API-KEY", "X-BAPI-SIGN")
HIDDEN = "***"


class Client(Protocol):
    """What pybit asks of its HTTP client."""

    def prepare_request(self, request: Any) -> Any: ...

    def send(self, request: Any, *, timeout: Any) -> Any: ...


class RecordingClient:
    """pybit's HTTP client, which tells of every request to whoever listens."""

    __slots__ = ("_inner",)

    def __init__(self, inner: Client) -> None:
        self._inner = inner

    def prepare_request(self, request: Any) -> Any:
        return self._inner.prepare_request(request)

    def send(self, request: Any, *, timeout: Any) -> Any:
        if not is_heard():
            return self._inner.send(request, timeout=timeout)
        started = time.monotonic()
        try:
            response = self._inner.send(request, timeout=timeout)
        except Exception as error:
            tell(_call(request, started, error=type(error).__name__))
            raise
        tell(_answered(request, response, started))
        return response


def _call(request: Any, started: float, **answer: Any) -> Call:
    body = request.body or ""
    text = body.decode() if isinstance(body, bytes) else body
    return Call(urlsplit(request.url).path, text, started, time.monotonic(), **answer)


def _answered(request: Any, response: Any, started: float) -> Call:
    text, kept = response.text, response.headers
    code = RET_CODE.search(text)
    return _call(
        request,
        started,
        status=response.status_code,
        code=int(code[1]) if code else None,
        answer=_printable(text, request.headers),
        headers={name: kept[name] for name in KEPT_HEADERS if name in kept},
    )


def _printable(text: str, sent: Any) -> str:
    """The answer as it is kept: nothing that authenticates, nothing that PostgreSQL refuses."""
    for name in UNSPOKEN_HEADERS:
        if sent.get(name):
            text = text.replace(sent[name], HIDDEN)
    return text.replace("\x00", "")[:MOST_CHARACTERS]

"""Tell whoever listens what was sent and answered, without anything that authenticates it."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlsplit

from exchanges.adapters.bybit.channel import Answer
from exchanges.adapters.bybit.channel import Request as HttpRequest
from exchanges.domain.calls import Call, is_heard, tell

MOST_CHARACTERS = 2_048
HIDDEN = "***"
SIGNATURES = re.compile(r"(?i)\b(signature|sign|accesskeyid|accesskey)=[^&\s]*")


@contextmanager
def told(request: HttpRequest, secrets: Sequence[str]) -> Iterator[Callable[[Answer], Answer]]:
    """Give the answer to what this yields; a request without one is told of as well."""
    started = time.monotonic()

    def answered(answer: Answer) -> Answer:
        if is_heard():
            text = _printable(answer.text, secrets)
            tell(_call(request, secrets, started, status=answer.status_code, answer=text))
        return answer

    try:
        yield answered
    except Exception as error:
        if is_heard():
            tell(_call(request, secrets, started, error=type(error).__name__))
        raise


def _call(request: HttpRequest, secrets: Sequence[str], started: float, **answer: Any) -> Call:
    parts = urlsplit(request.url)
    text = parts.query + (request.body or b"").decode()
    return Call(parts.path, _printable(text, secrets), started, time.monotonic(), **answer)


def _printable(text: str, secrets: Sequence[str]) -> str:
    for secret in secrets:
        text = text.replace(secret, HIDDEN)
    return SIGNATURES.sub(rf"\1={HIDDEN}", text).replace("\x00", "")[:MOST_CHARACTERS]

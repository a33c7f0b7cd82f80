"""Answers on their way out, whole or spoilt by a fault."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web

from sandbox.bybit.faults import Fault
from sandbox.bybit.limits import Window

TOO_MANY = 10006


@dataclass(slots=True)
class Reply:
    """`window` fills the limit headers."""

    code: int = 0
    message: str = "OK"
    result: dict[str, Any] = field(default_factory=dict)
    ext: dict[str, Any] = field(default_factory=dict)
    window: Window | None = None

    def send(self, now: int) -> web.Response:
        body = {
            "retCode": self.code,
            "retMsg": self.message,
            "result": self.result,
            "retExtInfo": self.ext,
            "time": now,
        }
        headers = self.window.headers(now) if self.window is not None else {}
        return web.json_response(body, headers=headers)


async def strike(request: web.Request, fault: Fault, now: int) -> web.StreamResponse | None:
    """Let a fault happen instead of the request; None when it is carried out after all."""
    match fault.kind:
        case "latency":
            await asyncio.sleep(fault.ms / 1000)
        case "drop_before":
            return cut(request)
        case "http":
            return web.Response(status=fault.status, text=fault.body)
        case "retcode":
            return _refusal(fault, now)
    return None


async def spoil(
    request: web.Request, fault: Fault, response: web.Response, now: int
) -> web.StreamResponse:
    """Let a fault happen to the answer of a request that was carried out."""
    match fault.kind:
        case "accept_then_timeout":
            await asyncio.sleep(fault.ms / 1000)
            return cut(request)
        case "accept_then_reset":
            return cut(request)
        case "not_json":
            return web.Response(status=200, text=fault.body or "<html>bad gateway</html>")
        case "retcode":
            return _refusal(fault, now)
        case "half_response":
            return await _half(request, response)
        case "slow_response":
            return await _slow(request, response, fault.ms / 1000)
    return response


def _refusal(fault: Fault, now: int) -> web.Response:
    """10006 comes with the limit's headers, and tells when it ends if `reset_ms` is given."""
    response = Reply(fault.code, fault.message).send(now)
    if fault.code == TOO_MANY:
        response.headers.update({"X-Bapi-Limit": "10", "X-Bapi-Limit-Status": "0"})
        if fault.reset_ms is not None:
            response.headers["X-Bapi-Limit-Reset-Timestamp"] = str(now + fault.reset_ms)
    return response


def cut(request: web.Request) -> web.Response:
    """Break the connection without an answer."""
    if request.transport is not None:
        request.transport.abort()
    return web.Response()


async def _begin(request: web.Request, response: web.Response) -> web.StreamResponse:
    """Send the headers of an answer, which promise all of its body."""
    stream = web.StreamResponse(status=response.status, headers=response.headers)
    stream.content_length = len(_body(response))
    await stream.prepare(request)
    return stream


def _body(response: web.Response) -> bytes:
    body = response.body
    if not isinstance(body, bytes):
        raise TypeError("an answer of bytes is expected")
    return body


async def _half(request: web.Request, response: web.Response) -> web.StreamResponse:
    stream, body = await _begin(request, response), _body(response)
    await stream.write(body[: len(body) // 2])
    if request.transport is not None:
        request.transport.close()  # what was written still goes out
    return stream


async def _slow(request: web.Request, response: web.Response, seconds: float) -> web.StreamResponse:
    """One byte at a time, for as long as the client has patience."""
    stream, body = await _begin(request, response), _body(response)
    try:
        for number in range(len(body)):
            await stream.write(body[number : number + 1])
            await asyncio.sleep(seconds)
    except ConnectionError:
        return stream
    await stream.write_eof()
    return stream

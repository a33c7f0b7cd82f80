"""One open socket: who listens where, to which topics, and what it is still to be told."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Callable
from itertools import count
from typing import Any

from aiohttp import WSMsgType, web

from sandbox.bybit.streams.outbox import Outbox

ACK_SECONDS = 0.05  # an answer that came sooner than a client notes its request would break pybit
ALIVE_SECONDS = 600  # without a ping or any data
_numbers = count(1)


class Socket:
    """`is_deaf` makes it half-open: nothing goes out any more, not even a pong."""

    def __init__(self, request: web.Request, alive_seconds: float = ALIVE_SECONDS) -> None:
        self.address = request.remote or ""
        self.path = request.path
        self.alive_seconds = alive_seconds
        self.number = next(_numbers)
        self.conn_id = f"sandbox{self.number:06d}-{self.number % 997:04x}"
        self.uid = ""
        self.topics: dict[str, None] = {}  # in the order of their subscription
        self.sent = 0
        self.sent_at = 0.0  # Unix seconds of the last
        self.is_deaf: Callable[[], bool] = lambda: False
        self._ws = web.WebSocketResponse(autoping=False, autoclose=False, compress=False)
        self._request = request
        self._loop = asyncio.get_running_loop()
        self._outbox = Outbox()
        self._answered_at = 0.0  # nothing overtakes the answer to a request
        self.active_at = self._loop.time()

    async def serve(self, hear: Callable[[str], None]) -> web.WebSocketResponse:
        """Hand every text over to `hear` until the socket is closed."""
        await self._ws.prepare(self._request)
        telling = asyncio.create_task(self._tell())
        try:
            await self._listen(hear)
        finally:
            telling.cancel()
        return self._ws

    async def _listen(self, hear: Callable[[str], None]) -> None:
        while True:
            message = await self._ws.receive()
            self.active_at = self._loop.time()
            if message.type is WSMsgType.TEXT:
                hear(message.data)
            elif message.type is WSMsgType.PING and not self.is_deaf():
                await self._ws.pong(message.data)
            elif message.type is WSMsgType.CLOSE:
                await self._say_goodbye(message.data)
                return
            elif message.type in {WSMsgType.CLOSED, WSMsgType.CLOSING, WSMsgType.ERROR}:
                return

    async def _say_goodbye(self, code: int | None) -> None:
        while self.is_deaf() and not self.is_gone:  # noqa: ASYNC110 - no event tells of either
            await asyncio.sleep(0.05)
        if not self.is_gone:
            await self._ws.close(code=code or 1000)

    async def _tell(self) -> None:
        while True:
            for text in await self._outbox.due():
                if self.is_deaf() or self.is_gone:
                    continue
                self.sent += 1
                self.sent_at, self.active_at = time.time(), self._loop.time()
                try:
                    await self._ws.send_str(text)
                except ConnectionError:
                    return

    def hears(self, topic: str) -> list[str]:
        """The names that a private topic was subscribed by: as a whole, by category, or both."""
        return [name for name in (topic, f"{topic}.linear") if name in self.topics]

    def answer(self, body: dict[str, Any]) -> None:
        self._answered_at = self._loop.time() + ACK_SECONDS
        self._outbox.put(json.dumps(body), self._answered_at)

    def push(self, text: str, wait: float = 0) -> None:
        self._outbox.put(text, max(self._loop.time() + wait, self._answered_at))

    @property
    def is_gone(self) -> bool:
        return self._request.transport is None or self._request.transport.is_closing()

    def cut(self) -> None:
        """Break the connection without a word."""
        if self._request.transport is not None:
            self._request.transport.abort()

    async def close(self, code: int) -> None:
        """Take leave as the protocol says."""
        if not self.is_gone:
            await self._ws.close(code=code)

    def facts(self) -> dict[str, Any]:
        return {
            "id": self.number,
            "path": self.path,
            "address": self.address,
            "uid": self.uid,
            "topics": list(self.topics),
            "sent": self.sent,
            "sent_at": self.sent_at,
            "deaf": self.is_deaf(),
        }

"""What a socket still has to say: each text at its time, the order kept among equal times."""

from __future__ import annotations

import asyncio
import heapq
from itertools import count


class Outbox:
    def __init__(self) -> None:
        self._heap: list[tuple[float, int, str]] = []
        self._numbers = count()
        self._news = asyncio.Event()

    def put(self, text: str, due: float) -> None:
        heapq.heappush(self._heap, (due, next(self._numbers), text))
        self._news.set()

    async def due(self) -> list[str]:
        """Wait until something is due by the loop's clock, and take all that is."""
        loop = asyncio.get_running_loop()
        while not (texts := self._take(loop.time())):
            self._news.clear()
            try:
                async with asyncio.timeout_at(self._heap[0][0] if self._heap else None):
                    await self._news.wait()
            except TimeoutError:
                pass
        return texts

    def _take(self, now: float) -> list[str]:
        texts = []
        while self._heap and self._heap[0][0] <= now:
            texts.append(heapq.heappop(self._heap)[2])
        return texts

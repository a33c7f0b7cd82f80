"""A TCP proxy that spoils what passes through it.

It stands between the platform and one server (the exchange, the broker, the database) and runs in
a thread with its own loop, so that the harness changes the weather while traffic flows. The
client's loopback address is kept towards the server, which may count requests by address.
"""

from __future__ import annotations

import asyncio
import random
import socket
import struct
import threading
from collections.abc import Coroutine
from dataclasses import dataclass, replace
from typing import Any

HOST = "127.0.0.1"
CHUNK = 65_536
ABORT = struct.pack("ii", 1, 0)  # SO_LINGER of no time: closing sends RST
BREATH = 0.05  # seconds between two looks at a stalled connection


@dataclass(frozen=True, slots=True)
class Weather:
    """What happens to the bytes; `share` is the part of the answers that it happens to."""

    latency: float = 0.0  # seconds, each way
    jitter: float = 0.0  # seconds more, at random
    rate: float = 0.0  # bytes of an answer a second; 0: as fast as they come
    stalls: bool = False  # half-open: accepts, and forwards nothing either way
    resets: bool = False  # the request arrives, its answer becomes a reset
    keeps: int = -1  # so many bytes of an answer pass, then the connection is reset
    share: float = 1.0


class Proxy:
    """Forwards a port of its own to `target`."""

    def __init__(self, target: tuple[str, int], *, seed: int | str = 1) -> None:
        self.target = target
        self.weather = Weather()
        self.port = 0
        self._dice = random.Random(seed)
        self._loop = asyncio.new_event_loop()
        self._server: asyncio.Server | None = None
        self._writers: set[asyncio.StreamWriter] = set()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)

    # --- from the harness's thread ---------------------------------------------------------------

    def start(self) -> None:
        self._thread.start()
        self._do(self._listen())

    def stop(self) -> None:
        self._do(self._go_down())
        self._do(self._end_tasks())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)
        self._loop.close()

    def set(self, **changes: Any) -> None:
        """Change the weather, for connections that stand as well."""
        self.weather = replace(self.weather, **changes)

    def clear(self) -> None:
        self.weather = Weather()

    def down(self) -> None:
        """Refuse new connections and reset the standing ones."""
        self._do(self._go_down())

    def up(self) -> None:
        """Accept again, on the same port."""
        self._do(self._listen())

    def cut(self) -> None:
        """Reset every standing connection; new ones are welcome."""
        self._do(self._cut())

    def _do(self, work: Coroutine[Any, Any, None]) -> None:
        asyncio.run_coroutine_threadsafe(work, self._loop).result(10)

    # --- in the loop's thread --------------------------------------------------------------------

    async def _listen(self) -> None:
        if self._server is None:
            self._server = await asyncio.start_server(self._serve, HOST, self.port, backlog=1024)
            self.port = self._server.sockets[0].getsockname()[1]

    async def _go_down(self) -> None:
        if self._server is not None:
            self._server.close()
            self._server = None
        await self._cut()

    async def _cut(self) -> None:
        for writer in list(self._writers):
            _reset(writer)

    async def _end_tasks(self) -> None:
        others = [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]
        for task in others:
            task.cancel()
        await asyncio.gather(*others, return_exceptions=True)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._writers.add(writer)
        source = writer.get_extra_info("peername")[0]
        try:
            there = await asyncio.open_connection(*self.target, local_addr=(source, 0))
        except OSError:
            self._writers.discard(writer)
            _reset(writer)
            return
        self._writers.add(there[1])
        try:
            await asyncio.gather(
                self._forward(reader, there[1], is_answer=False),
                self._forward(there[0], writer, is_answer=True),
            )
        except OSError:
            _reset(writer)
        finally:
            for end in (writer, there[1]):
                self._writers.discard(end)
                end.close()

    async def _forward(
        self, source: asyncio.StreamReader, sink: asyncio.StreamWriter, *, is_answer: bool
    ) -> None:
        while data := await source.read(CHUNK):
            while self.weather.stalls:  # noqa: ASYNC110 - set by another thread
                await asyncio.sleep(BREATH)
            weather = self.weather
            if weather.latency or weather.jitter:
                await asyncio.sleep(weather.latency + self._dice.random() * weather.jitter)
            if is_answer and self._dice.random() < weather.share:
                await _spoil(data, sink, weather)
            else:
                sink.write(data)
                await sink.drain()
        sink.write_eof()


async def _spoil(data: bytes, sink: asyncio.StreamWriter, weather: Weather) -> None:
    """Pass an answer on as the weather lets it."""
    if weather.resets:
        raise ConnectionResetError
    if weather.keeps >= 0:
        sink.write(data[: weather.keeps])
        await sink.drain()
        raise ConnectionResetError
    if not weather.rate:
        sink.write(data)
        await sink.drain()
        return
    for byte in data:
        sink.write(bytes([byte]))
        await sink.drain()
        await asyncio.sleep(1 / weather.rate)


def _reset(writer: asyncio.StreamWriter) -> None:
    """Close with RST, as a broken machine in between would."""
    connection = writer.get_extra_info("socket")
    if connection is not None and connection.fileno() >= 0:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, ABORT)
    writer.transport.abort()

"""The handshakes: who may open a socket, for how long, and what is talked over it."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable

from aiohttp import web

from sandbox.bybit.app import Sandbox
from sandbox.bybit.streams import private
from sandbox.bybit.streams.sockets import ALIVE_SECONDS, Socket

SCAN_SECONDS = 30  # an idle socket is found by a scan, so it lives up to so much longer
LEAST_ALIVE, MOST_ALIVE = 30, 600
IDLE_CODE = 1000


class StreamServer:
    def __init__(self, box: Sandbox) -> None:
        self.box = box

    def routes(self) -> list[web.RouteDef]:
        return [web.get(private.PATH, self.private)]

    async def private(self, request: web.Request) -> web.StreamResponse:
        def talk(socket: Socket) -> Callable[[str], None]:
            box = self.box
            return private.PrivateTalk(box.hub, socket, box.keys, box.clock).hear

        return await self._open(request, talk)

    async def _open(
        self, request: web.Request, talk: Callable[[Socket], Callable[[str], None]]
    ) -> web.StreamResponse:
        hub, address = self.box.hub, request.remote or ""
        trouble = hub.troubles.strike("refuse", address=address)
        if trouble is not None:
            return web.Response(status=trouble.status)
        if not self.box.limits.admits(address, self.box.clock()):
            # The docs give the figure and not the answer; the HTTP limit's own is the nearest.
            return web.Response(status=403, text="access too frequent")
        socket = Socket(request, alive_seconds(request.query.get("max_active_time", "")))
        hub.enter(socket)
        try:
            return await socket.serve(talk(socket))
        finally:
            hub.leave(socket)

    async def watch(self) -> None:
        while True:
            await asyncio.sleep(SCAN_SECONDS)
            await self.cut_idle()

    async def cut_idle(self, ahead: float = 0) -> int:
        """Close the sockets that were silent for too long; `ahead` lets the time be later."""
        idle = self.box.hub.idle(asyncio.get_running_loop().time() + ahead)
        await asyncio.gather(*(socket.close(IDLE_CODE) for socket in idle))
        return len(idle)


def alive_seconds(text: str) -> float:
    """`30s` to `600s`, or minutes like `1m`; what is not understood leaves the ten minutes."""
    found = re.fullmatch(r"(\d{1,5})([sm])", text)
    if found is None:
        return ALIVE_SECONDS
    seconds = int(found[1]) * (60 if found[2] == "m" else 1)
    return min(max(seconds, LEAST_ALIVE), MOST_ALIVE)

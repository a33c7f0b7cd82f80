"""The handshakes: who may open a socket, for how long, and what is talked over it."""

from __future__ import annotations

import asyncio
import re

from aiohttp import web

from sandbox.bybit.app import Sandbox
from sandbox.bybit.streams import private, public
from sandbox.bybit.streams.sockets import ALIVE_SECONDS, Socket

SCAN_SECONDS = 30  # an idle socket is found by a scan, so it lives up to so much longer
LEAST_ALIVE, MOST_ALIVE = 30, 600
IDLE_CODE = 1000


class StreamServer:
    def __init__(self, box: Sandbox) -> None:
        self.box = box

    def routes(self) -> list[web.RouteDef]:
        return [web.get(private.PATH, self.private), web.get(public.PATH, self.public)]

    async def private(self, request: web.Request) -> web.StreamResponse:
        box = self.box
        refusal = self._refusal(request)
        if refusal is not None:
            return refusal
        socket = Socket(request, alive_seconds(request.query.get("max_active_time", "")))
        box.hub.enter(socket)
        try:
            return await socket.serve(private.Talk(box.hub, socket, box.keys, box.clock).hear)
        finally:
            box.hub.leave(socket)

    async def public(self, request: web.Request) -> web.StreamResponse:
        hub, prices = self.box.hub, self.box.prices
        mine = hub.chosen(address=request.remote or "")
        held = sum(socket.path == public.PATH for socket in mine)
        refusal = self._refusal(request, held)
        if refusal is not None:
            return refusal
        socket = Socket(request)
        hub.enter(socket)
        try:
            return await socket.serve(public.Talk(prices, socket).hear)
        finally:
            prices.leave(socket)
            hub.leave(socket)

    def _refusal(self, request: web.Request, held: int = 0) -> web.Response | None:
        address = request.remote or ""
        trouble = self.box.hub.troubles.strike("refuse", address=address)
        if trouble is not None:
            return web.Response(status=trouble.status)
        if not self.box.limits.admits(address, self.box.clock(), held=held):
            # The docs give the figure and not the answer; the HTTP limit's own is the nearest.
            return web.Response(status=403, text="access too frequent")
        return None

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

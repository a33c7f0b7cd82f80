"""What tests may do to the sockets: look at them, cut them, and make them misbehave."""

from __future__ import annotations

import asyncio

from aiohttp import web

from sandbox.bybit.app import Sandbox
from sandbox.bybit.control import done, read_body
from sandbox.bybit.streams.server import StreamServer


class StreamControl:
    def __init__(self, box: Sandbox) -> None:
        self.box = box

    def routes(self) -> list[web.RouteDef]:
        return [
            web.get("/_control/streams", self.show),
            web.post("/_control/streams/drop", self.drop),
            web.post("/_control/streams/scan", self.scan),
            web.post("/_control/streams/troubles", self.add),
            web.delete("/_control/streams/troubles", self.remove),
            web.delete("/_control/streams/troubles/{id}", self.remove),
        ]

    async def show(self, request: web.Request) -> web.Response:
        sockets = [socket.facts() for socket in self.box.hub.chosen()]
        return web.json_response({"sockets": sockets, "opened": dict(self.box.hub.opened)})

    async def drop(self, request: web.Request) -> web.Response:
        """Break sockets without a word, or close them with a `code`."""
        spec = await read_body(request)
        code = spec.pop("code", None)
        chosen = self.box.hub.chosen(**spec)
        if code is None:
            for socket in chosen:
                socket.cut()
        else:
            await asyncio.gather(*(socket.close(int(code)) for socket in chosen))
        return web.json_response({"dropped": len(chosen)})

    async def scan(self, request: web.Request) -> web.Response:
        """Look for idle sockets now, as if `ahead_ms` had gone by."""
        ahead = int((await read_body(request)).get("ahead_ms", 0)) / 1000
        return web.json_response({"cut": await StreamServer(self.box).cut_idle(ahead)})

    async def add(self, request: web.Request) -> web.Response:
        return web.json_response({"id": self.box.hub.troubles.add(await read_body(request))})

    async def remove(self, request: web.Request) -> web.Response:
        one = request.match_info.get("id")
        self.box.hub.troubles.remove(int(one) if one else None)
        return done()

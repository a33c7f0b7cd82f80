"""A small chat page on which a person plays the Telegram user."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

from aiohttp import web

from sandbox.telegram.chats import Telegram

HERE = Path(__file__).parent
LONGEST_WAIT = 25.0


class Page:
    def __init__(self, telegram: Telegram) -> None:
        self.telegram = telegram

    def routes(self) -> list[web.RouteDef]:
        return [
            web.get("/", self.show),
            web.get("/chat.js", self.script),
            web.get("/chat.css", self.style),
            web.get("/chat/{user}", self.read),
            web.post("/chat/{user}", self.write),
            web.post("/chat/{user}/press", self.press),
            web.post("/chat/{user}/block", self.block),
        ]

    async def show(self, request: web.Request) -> web.StreamResponse:
        return web.FileResponse(HERE / "chat.html")

    async def script(self, request: web.Request) -> web.StreamResponse:
        return web.FileResponse(HERE / "chat.js")

    async def style(self, request: web.Request) -> web.StreamResponse:
        return web.FileResponse(HERE / "chat.css")

    async def read(self, request: web.Request) -> web.Response:
        """The chat as it is, once it differs from the version that the page has."""
        user, known = int(request.match_info["user"]), int(request.query.get("version", -1))
        self.telegram.person(user, first_name=request.query.get("name", ""))
        for _ in range(int(LONGEST_WAIT / 0.1)):
            if self.telegram.version != known:
                break
            await asyncio.sleep(0.1)
        rows = [m for m in self.telegram.messages if m["chat"]["id"] == user]
        person = self.telegram.person(user)
        answer: dict[str, Any] = {
            "version": self.telegram.version,
            "bot": self.telegram.username,
            "person": person.wire() | {"blocks_bot": person.blocks_bot},
            "messages": rows,
            "commands": self.telegram.commands.get("", []),
        }
        return web.json_response(answer)

    async def write(self, request: web.Request) -> web.Response:
        text = str((await request.json()).get("text") or "").strip()
        if text:
            self.telegram.say(int(request.match_info["user"]), text)
        return web.json_response({"ok": True})

    async def press(self, request: web.Request) -> web.Response:
        spec = await request.json()
        user = int(request.match_info["user"])
        self.telegram.press(user, int(spec["message_id"]), str(spec["data"]))
        return web.json_response({"ok": True})

    async def block(self, request: web.Request) -> web.Response:
        person = self.telegram.person(int(request.match_info["user"]))
        person.blocks_bot = not person.blocks_bot
        self.telegram.version += 1
        return web.json_response({"ok": True})

"""The Bot API's methods over HTTP, and the control endpoints for tests."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Awaitable, Callable
from typing import Any

import aiohttp
from aiohttp import web

from sandbox.telegram.chats import Telegram
from sandbox.telegram.errors import BotError

LONGEST_POLL = 50.0
NUMBERS = {"offset", "limit", "timeout", "message_id"}
FLAGS = {"drop_pending_updates", "show_alert", "disable_notification"}
OBJECTS = {"allowed_updates", "reply_markup", "commands", "link_preview_options"}


class BotApi:
    def __init__(self, telegram: Telegram) -> None:
        self.telegram = telegram
        self.poller: asyncio.Task[Any] | None = None
        self.deliverer: asyncio.Task[None] | None = None
        self.methods: dict[str, Callable[[dict[str, Any]], Awaitable[Any]]] = {
            "getme": self.get_me,
            "getupdates": self.get_updates,
            "sendmessage": self.send_message,
            "editmessagetext": self.edit_message,
            "deletemessage": self.delete_message,
            "setmycommands": self.set_commands,
            "getmycommands": self.get_commands,
            "answercallbackquery": self.answer_query,
            "setwebhook": self.set_webhook,
            "deletewebhook": self.delete_webhook,
            "getwebhookinfo": self.webhook_info,
        }

    def routes(self) -> list[web.RouteDef]:
        return [
            web.route("*", "/bot{token}/{method}", self.handle),
            web.get("/_control/health", self.health),
            web.post("/_control/users", self.control_user),
            web.post("/_control/send", self.control_send),
            web.post("/_control/press", self.control_press),
            web.post("/_control/block", self.control_block),
            web.post("/_control/faults", self.control_fault),
            web.post("/_control/limits", self.control_limits),
            web.post("/_control/reset", self.control_reset),
            web.get("/_control/messages", self.control_messages),
        ]

    async def handle(self, request: web.Request) -> web.StreamResponse:
        method = request.match_info["method"].lower()
        try:
            if request.match_info["token"] != self.telegram.token:
                raise BotError(401, "Unauthorized")
            call = self.methods.get(method)
            if call is None:
                raise BotError(404, "Not Found")
            params = await _params(request)
            self.telegram.calls.append(
                {"method": method, "chat_id": params.get("chat_id"), "at": time.time()}
            )
            fault = self.telegram.fault_for(method)
            if fault is not None and not fault.get("after"):
                await self._strike(request, fault)
            result = await call(params)
            if fault is not None:  # done, but the bot does not hear of it
                await self._strike(request, fault)
            return web.json_response({"ok": True, "result": result})
        except BotError as error:
            return _refusal(error)

    async def _strike(self, request: web.Request, fault: dict[str, Any]) -> None:
        """A fault that a test asked for: a flood, an error, or silence."""
        if fault["kind"] == "flood":
            wait = int(fault.get("retry_after", 1))
            raise BotError(429, f"Too Many Requests: retry after {wait}", wait)
        if fault["kind"] == "timeout":
            await asyncio.sleep(fault.get("ms", 1000) / 1000)
            if request.transport is not None:
                request.transport.abort()
        raise BotError(int(fault.get("status", 500)), "Internal Server Error")

    # --- methods -----------------------------------------------------------------------------

    async def get_me(self, params: dict[str, Any]) -> Any:
        return self.telegram.bot()

    async def get_updates(self, params: dict[str, Any]) -> Any:
        """Long polling: one poller at a time, the newer one wins."""
        if self.telegram.webhook:
            raise BotError(409, "Conflict: can't use getUpdates method while webhook is active")
        if self.poller is not None and not self.poller.done():
            self.poller.cancel()
        self.poller = asyncio.ensure_future(self._poll(params))
        try:
            return await self.poller
        except asyncio.CancelledError:
            raise BotError(
                409,
                "Conflict: terminated by other getUpdates request; "
                "make sure that only one bot instance is running",
            ) from None

    async def _poll(self, params: dict[str, Any]) -> list[dict[str, Any]]:
        box, offset = self.telegram, int(params.get("offset") or 0)
        if params.get("allowed_updates") is not None:
            box.allowed = set(params["allowed_updates"])
        box.updates = [update for update in box.updates if update["update_id"] >= offset]
        deadline = asyncio.get_running_loop().time() + min(
            float(params.get("timeout") or 0), LONGEST_POLL
        )
        while not box.updates and asyncio.get_running_loop().time() < deadline:  # noqa: ASYNC110
            await asyncio.sleep(0.02)
        return box.updates[: int(params.get("limit") or 100)]

    async def send_message(self, params: dict[str, Any]) -> Any:
        return self.telegram.send(params)

    async def edit_message(self, params: dict[str, Any]) -> Any:
        return self.telegram.edit(params)

    async def delete_message(self, params: dict[str, Any]) -> Any:
        return self.telegram.delete(params)

    async def set_commands(self, params: dict[str, Any]) -> Any:
        self.telegram.commands[params.get("language_code") or ""] = params.get("commands") or []
        return True

    async def get_commands(self, params: dict[str, Any]) -> Any:
        return self.telegram.commands.get(params.get("language_code") or "", [])

    async def answer_query(self, params: dict[str, Any]) -> Any:
        return True

    async def set_webhook(self, params: dict[str, Any]) -> Any:
        if not params.get("url"):
            return await self.delete_webhook(params)
        self.telegram.webhook = {"url": params["url"], "token": params.get("secret_token", "")}
        if self.deliverer is not None:
            self.deliverer.cancel()
        self.deliverer = asyncio.get_running_loop().create_task(self._deliver())
        return True

    async def _deliver(self) -> None:
        """Post updates to the webhook, in order, until each is taken."""
        box = self.telegram
        async with aiohttp.ClientSession() as session:
            while box.webhook:
                if not box.updates:
                    await asyncio.sleep(0.05)
                    continue
                headers = {"X-Telegram-Bot-Api-Secret-Token": box.webhook["token"]}
                try:
                    async with session.post(
                        box.webhook["url"], json=box.updates[0], headers=headers
                    ) as answer:
                        if answer.ok:
                            box.updates.pop(0)
                            continue
                except aiohttp.ClientError:
                    pass
                await asyncio.sleep(0.5)

    async def delete_webhook(self, params: dict[str, Any]) -> Any:
        self.telegram.webhook = {}
        if params.get("drop_pending_updates"):
            self.telegram.updates.clear()
        return True

    async def webhook_info(self, params: dict[str, Any]) -> Any:
        return {
            "url": self.telegram.webhook.get("url", ""),
            "has_custom_certificate": False,
            "pending_update_count": len(self.telegram.updates),
        }

    # --- control -----------------------------------------------------------------------------

    async def health(self, request: web.Request) -> web.Response:
        return web.json_response({"status": "ok"})

    async def control_user(self, request: web.Request) -> web.Response:
        spec = await request.json()
        user_id = int(spec.pop("id", 0) or 1000 + len(self.telegram.people))
        return web.json_response(self.telegram.person(user_id, **spec).wire())

    async def control_send(self, request: web.Request) -> web.Response:
        spec = await request.json()
        user_id, text = int(spec.pop("user_id")), spec.pop("text")
        return web.json_response(self.telegram.say(user_id, text, **spec))

    async def control_press(self, request: web.Request) -> web.Response:
        spec = await request.json()
        try:
            self.telegram.press(int(spec["user_id"]), int(spec["message_id"]), spec["data"])
        except BotError as error:
            return _refusal(error)
        return web.json_response({"ok": True})

    async def control_block(self, request: web.Request) -> web.Response:
        spec = await request.json()
        self.telegram.person(int(spec["user_id"])).blocks_bot = bool(spec["blocked"])
        return web.json_response({"ok": True})

    async def control_fault(self, request: web.Request) -> web.Response:
        self.telegram.faults.append(await request.json())
        return web.json_response({"ok": True})

    async def control_limits(self, request: web.Request) -> web.Response:
        self.telegram.limits = bool((await request.json())["on"])
        return web.json_response({"ok": True})

    async def control_reset(self, request: web.Request) -> web.Response:
        box, numbers = self.telegram, self.telegram.next_update
        box.people.clear()
        for kept in (box.messages, box.updates, box.faults, box.calls, box.commands):
            kept.clear()
        box.per_chat.clear()
        box.overall.times.clear()
        box.webhook = {}
        box.allowed = set()
        box.next_update = numbers  # update ids never go back
        return web.json_response({"ok": True})

    async def control_messages(self, request: web.Request) -> web.Response:
        chat = request.query.get("chat_id")
        rows = [m for m in self.telegram.messages if not chat or str(m["chat"]["id"]) == chat]
        return web.json_response({"messages": rows, "calls": self.telegram.calls})


async def _params(request: web.Request) -> dict[str, Any]:
    if request.method == "GET":
        found: dict[str, Any] = dict(request.query)
    elif request.content_type == "application/json":
        return dict(await request.json())
    else:
        found = dict((await request.post()).items())
    for name, value in found.items():
        if name in OBJECTS and isinstance(value, str):
            found[name] = json.loads(value)
        elif name in NUMBERS:
            found[name] = int(value)
        elif name in FLAGS:
            found[name] = str(value).lower() == "true"  # "false" in a form is not empty
    return found


def _refusal(error: BotError) -> web.Response:
    body: dict[str, Any] = {
        "ok": False,
        "error_code": error.status,
        "description": error.description,
    }
    if error.retry_after is not None:
        body["parameters"] = {"retry_after": error.retry_after}
    return web.json_response(body, status=error.status)

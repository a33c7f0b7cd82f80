"""Telegram's side of a bot: users, messages, updates, and its rules.

Shapes: https://core.telegram.org/bots/api
"""

from __future__ import annotations

import time
from collections import deque
from dataclasses import dataclass, field
from typing import Any

from sandbox.telegram.errors import BotError
from sandbox.telegram.markup import length, visible_text

MOST_CHARACTERS = 4096


@dataclass(slots=True)
class Person:
    id: int
    first_name: str
    username: str = ""
    language_code: str = "ko"
    has_started: bool = False
    blocks_bot: bool = False

    def wire(self) -> dict[str, Any]:
        named = {"username": self.username} if self.username else {}
        return {
            "id": self.id,
            "is_bot": False,
            "first_name": self.first_name,
            "language_code": self.language_code,
            **named,
        }


@dataclass(slots=True)
class Rate:
    """Messages within a span of seconds."""

    most: int
    span: float
    times: deque[float] = field(default_factory=deque)

    def wait(self, now: float) -> int:
        """Seconds to wait, or 0 and the message counts."""
        while self.times and self.times[0] <= now - self.span:
            self.times.popleft()
        if len(self.times) >= self.most:
            return int(self.times[0] + self.span - now) + 1
        self.times.append(now)
        return 0


@dataclass(slots=True)
class Telegram:
    """All that one bot and its users have said."""

    token: str
    username: str
    people: dict[int, Person] = field(default_factory=dict)
    messages: list[dict[str, Any]] = field(default_factory=list)
    updates: list[dict[str, Any]] = field(default_factory=list)
    commands: dict[str, list[dict[str, str]]] = field(default_factory=dict)  # by language
    allowed: set[str] = field(default_factory=set)  # kinds of updates; empty: all
    faults: list[dict[str, Any]] = field(default_factory=list)
    webhook: dict[str, Any] = field(default_factory=dict)
    limits: bool = True
    calls: list[dict[str, Any]] = field(default_factory=list)
    next_message: int = 1
    next_update: int = 1
    version: int = 0  # rises with every change, for whoever waits
    overall: Rate = field(default_factory=lambda: Rate(30, 1.0))
    per_chat: dict[int, Rate] = field(default_factory=dict)

    def bot(self) -> dict[str, Any]:
        return {
            "id": int(self.token.split(":")[0]),
            "is_bot": True,
            "first_name": "HEXAGONAL",
            "username": self.username,
            "can_join_groups": False,
            "can_read_all_group_messages": False,
            "supports_inline_queries": False,
        }

    def person(self, user_id: int, **named: str) -> Person:
        if user_id not in self.people:
            self.people[user_id] = Person(user_id, named.get("first_name") or f"User {user_id}")
        person = self.people[user_id]
        for name, value in named.items():
            if value:
                setattr(person, name, value)
        return person

    # --- from a person -----------------------------------------------------------------------

    def say(
        self, user_id: int, text: str, *, chat_type: str = "private", **more: Any
    ) -> dict[str, Any]:
        """A person writes to the bot (or in a group that the bot is in).

        `more` are further fields of the message, such as `forward_origin`.
        """
        person = self.person(user_id)
        person.has_started = True
        chat = (
            self._chat(person)
            if chat_type == "private"
            else {
                "id": -1000 - user_id,
                "type": chat_type,
                "title": "A group",
            }
        )
        message = self._message(chat, text) | {"from": person.wire()} | more
        if text.startswith("/"):
            length = len(text.split(maxsplit=1)[0])
            message["entities"] = [{"type": "bot_command", "offset": 0, "length": length}]
        self.messages.append(message)
        self.add_update({"message": message})
        return message

    def press(self, user_id: int, message_id: int, data: str) -> None:
        person = self.person(user_id)
        message = self._find(user_id, message_id, "pressed")
        query = {
            "id": str(self.next_update),
            "from": person.wire(),
            "message": message,
            "chat_instance": str(user_id),
            "data": data,
        }
        self.add_update({"callback_query": query})

    def add_update(self, update: dict[str, Any]) -> None:
        self.version += 1
        if self.allowed and not self.allowed & update.keys():
            return
        self.updates.append({"update_id": self.next_update, **update})
        self.next_update += 1

    def _chat(self, person: Person) -> dict[str, Any]:
        named = {"username": person.username} if person.username else {}
        return {"id": person.id, "type": "private", "first_name": person.first_name, **named}

    def _message(self, chat: dict[str, Any], text: str) -> dict[str, Any]:
        message = {
            "message_id": self.next_message,
            "date": int(time.time()),
            "chat": chat,
            "text": text,
        }
        self.next_message += 1
        self.version += 1
        return message

    # --- from the bot ------------------------------------------------------------------------

    def send(self, params: dict[str, Any]) -> dict[str, Any]:
        person = self._reachable(params)
        text = str(params.get("text") or "")
        shown = visible_text(text, str(params.get("parse_mode") or ""))
        if not shown.strip():
            raise BotError(400, "Bad Request: message text is empty")
        if length(shown) > MOST_CHARACTERS:
            raise BotError(400, "Bad Request: message is too long")
        self._check_rate(person.id)
        message = self._message(self._chat(person), shown) | {"from": self.bot()}
        message["html"] = text if params.get("parse_mode") == "HTML" else ""
        if params.get("reply_markup"):
            message["reply_markup"] = params["reply_markup"]
        self.messages.append(message)
        return {name: value for name, value in message.items() if name != "html"}

    def _reachable(self, params: dict[str, Any]) -> Person:
        try:
            person = self.people.get(int(params["chat_id"]))
        except (KeyError, TypeError, ValueError):
            raise BotError(400, "Bad Request: chat_id is empty") from None
        if person is None or not person.has_started:
            raise BotError(400, "Bad Request: chat not found")
        if person.blocks_bot:
            raise BotError(403, "Forbidden: bot was blocked by the user")
        return person

    def _check_rate(self, chat_id: int) -> None:
        if not self.limits:
            return
        now = time.monotonic()
        # A chat may burst a little; steadily it is one message a second.
        rate = self.per_chat.setdefault(chat_id, Rate(5, 5.0))
        wait = rate.wait(now) or self.overall.wait(now)
        if wait:
            raise BotError(429, f"Too Many Requests: retry after {wait}", wait)

    def edit(self, params: dict[str, Any]) -> dict[str, Any]:
        message = self._own(params, "edited")
        text = str(params.get("text") or "")
        shown = visible_text(text, str(params.get("parse_mode") or ""))
        if length(shown) > MOST_CHARACTERS:
            raise BotError(400, "Bad Request: MESSAGE_TOO_LONG")
        if shown == message["text"]:
            raise BotError(400, "Bad Request: message is not modified")
        message["text"], message["edit_date"] = shown, int(time.time())
        self.version += 1
        return message

    def delete(self, params: dict[str, Any]) -> bool:
        self.messages.remove(self._own(params, "deleted"))
        self.version += 1
        return True

    def _own(self, params: dict[str, Any], done: str) -> dict[str, Any]:
        return self._find(int(params.get("chat_id", 0)), int(params.get("message_id", 0)), done)

    def _find(self, chat_id: int, number: int, done: str) -> dict[str, Any]:
        for message in self.messages:
            if message["message_id"] == number and message["chat"]["id"] == chat_id:
                return message
        what = {"edited": "message to edit", "deleted": "message to delete"}.get(done, "message")
        raise BotError(400, f"Bad Request: {what} not found")

    def fault_for(self, method: str) -> dict[str, Any] | None:
        """The fault that waits for a method (its name in lower case), counted as used."""
        for fault in self.faults:
            wanted = str(fault.get("method") or method).lower()
            if wanted == method and fault.get("times", 1) > 0:
                fault["times"] = fault.get("times", 1) - 1
                return fault
        return None

"""How the bot asks Telegram for updates, and gives way to another process that does."""

from __future__ import annotations

import asyncio
import logging
from http import HTTPStatus
from typing import Any

from asgiref.sync import sync_to_async
from django.db import Error, close_old_connections
from telegram.error import Conflict, TelegramError
from telegram.request import HTTPXRequest

from hexagonal.lib.clock import database_now
from signals.choices import AlarmCode, AlarmLevel
from signals.services.alarms import raise_alarm
from signals.services.invariants import Violation

log = logging.getLogger(__name__)

STAND_BACK_SECONDS = 30.0
DOUBLED = Violation(
    AlarmCode.BOT_DOUBLED, AlarmLevel.WARNING, detail="another process listens by the same token"
)


class Listening(HTTPXRequest):
    """Asks for updates, and stands back for a while when another process asks by the same token.

    Telegram answers the newest asker and tells the one before 409. Two that ask again at once would
    interrupt each other for ever; so one of them is always heard. Notices need no listening.
    """

    def __init__(self, stop: asyncio.Event) -> None:
        super().__init__(connection_pool_size=1)
        self._stop = stop

    async def do_request(self, *args: Any, **kwargs: Any) -> tuple[int, bytes]:
        status, payload = await super().do_request(*args, **kwargs)
        if status == HTTPStatus.CONFLICT and not self._stop.is_set():
            await sync_to_async(_tell_of_another)()
            await self._stand_back()
        return status, payload

    async def _stand_back(self) -> None:
        try:
            await asyncio.wait_for(self._stop.wait(), STAND_BACK_SECONDS)
        except TimeoutError:
            return


def _tell_of_another() -> None:
    """Ops hear of it once, while it lasts."""
    close_old_connections()
    try:
        raise_alarm(DOUBLED, now=database_now())
    except Error:
        log.warning("another process listens to Telegram by this bot's token")


def note_failure(error: TelegramError) -> None:
    """One line, without the request: its URL holds the token."""
    if not isinstance(error, Conflict):  # that is told of already
        log.warning("Telegram is not heard: %s", type(error).__name__)

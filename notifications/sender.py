"""The one sender: drains the outbox in order per chat, under Telegram's limits.

Limits: https://core.telegram.org/bots/faq#my-bot-is-hitting-limits-how-do-i-avoid-this
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable
from datetime import timedelta

from asgiref.sync import sync_to_async
from django.db import DatabaseError, close_old_connections, connection
from django.db.models import Case, IntegerField, Q, Value, When

from hexagonal.lib.clock import database_now
from notifications import services
from notifications.domain.errors import (
    ChannelBusy,
    ChannelGone,
    ChannelMoved,
    ChannelUnavailable,
)
from notifications.domain.routing import MOST_ATTEMPTS, URGENT, wait_after
from notifications.models import OutboxMessage, OutboxStatus
from notifications.ports import Channel
from notifications.texts import render

log = logging.getLogger(__name__)

LOCK = 0x4845584F  # "HEXO": the advisory lock of the one sender
PER_SECOND = 25  # overall; Telegram allows about 30
CHAT_PAUSE = 1.05  # seconds between two messages of one chat
IDLE = 0.2
STUCK = timedelta(seconds=30)  # a row that a killed sender left behind
BATCH = 50


class Sender:
    """Sends until it is told to stop; only the holder of the database's lock does."""

    def __init__(self, channel: Channel, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._channel = channel
        self._clock = clock
        self._chat_free_at: dict[int, float] = {}
        self._all_free_at = 0.0
        self._has_lock = False
        self._locked_by: object = None

    async def run(self, stop: asyncio.Event) -> None:
        while not stop.is_set():
            try:
                sent = await self.step()
            except DatabaseError as error:
                # The database is away: what is written there waits with it.
                log.warning("the outbox cannot be read: %s", type(error).__name__)
                self._has_lock = False
                await sync_to_async(connection.close)()
                sent = 0
            if not sent:
                await asyncio.sleep(IDLE)

    async def step(self) -> int:
        """Send what is due and allowed now; returns how many were tried."""
        if not await sync_to_async(self._take_lock)():
            return 0
        tried = 0
        for message in await sync_to_async(due_messages)():
            now = self._clock()
            if now < self._chat_free_at.get(message.chat_id, 0):
                continue
            if now < self._all_free_at:
                await asyncio.sleep(self._all_free_at - now)
            if not await sync_to_async(claim)(message):
                continue
            tried += 1
            self._chat_free_at[message.chat_id] = self._clock() + CHAT_PAUSE
            self._all_free_at = self._clock() + 1 / PER_SECOND
            await self._send(message)
        return tried

    def _take_lock(self) -> bool:
        """One sender at a time, however many are started; the lock dies with its connection."""
        close_old_connections()
        with connection.cursor() as cursor:
            if self._has_lock and connection.connection is self._locked_by:
                return True
            cursor.execute("SELECT pg_try_advisory_lock(%s)", [LOCK])
            row = cursor.fetchone()
        self._has_lock, self._locked_by = bool(row[0]), connection.connection
        return self._has_lock

    async def _send(self, message: OutboxMessage) -> None:
        try:
            html = render(message.code, message.params, message.language)
            await self._channel.send(message.chat_id, html)
        except ChannelBusy as error:
            self._all_free_at = self._clock() + error.retry_after
            await sync_to_async(put_back)(message, seconds=error.retry_after, error="busy")
        except ChannelGone:
            await sync_to_async(fail)(message, "gone")
            await sync_to_async(services.note_gone)(message.chat_id)
        except ChannelMoved as error:
            await sync_to_async(services.note_moved)(message.chat_id, error.chat_id)
            await sync_to_async(put_back)(message, chat_id=error.chat_id, error="moved")
        except ChannelUnavailable:
            await sync_to_async(retry_later)(message)
        except (KeyError, ValueError, TypeError):
            log.exception("the notice %s cannot be written", message.code)
            await sync_to_async(fail)(message, "unwritable")
        else:
            await sync_to_async(mark_sent)(message)


def due_messages() -> list[OutboxMessage]:
    """The oldest waiting message of each chat, the urgent ones' chats first."""
    now = database_now()
    stuck = Q(status=OutboxStatus.SENDING, sending_since__lt=now - STUCK)
    waiting = Q(status__in=[OutboxStatus.QUEUED, OutboxStatus.SENDING])
    heads = (
        OutboxMessage.objects.filter(waiting)
        .order_by("chat_id", "pk")
        .distinct("chat_id")
        .values("pk")
    )
    urgent_chats = OutboxMessage.objects.filter(waiting, code__in=URGENT).values("chat_id")
    first = Case(
        When(chat_id__in=urgent_chats, then=Value(0)),
        default=Value(1),
        output_field=IntegerField(),
    )
    due = OutboxMessage.objects.filter(pk__in=heads, due_at__lte=now)
    due = due.filter(Q(status=OutboxStatus.QUEUED) | stuck)
    return list(due.annotate(urgency=first).order_by("urgency", "pk")[:BATCH])


def claim(message: OutboxMessage) -> bool:
    """Mark it as being sent, unless somebody else has."""
    rows = OutboxMessage.objects.filter(
        pk=message.pk, status=message.status, sending_since=message.sending_since
    )
    now = database_now()
    return bool(
        rows.update(status=OutboxStatus.SENDING, sending_since=now, attempts=message.attempts + 1)
    )


def _sending(message: OutboxMessage) -> Q:
    return Q(pk=message.pk, status=OutboxStatus.SENDING)


def mark_sent(message: OutboxMessage) -> None:
    OutboxMessage.objects.filter(_sending(message)).update(
        status=OutboxStatus.SENT, sent_at=database_now(), error=""
    )


def put_back(
    message: OutboxMessage, *, error: str, seconds: float = 0, chat_id: int | None = None
) -> None:
    """Not this message's fault: the try does not count."""
    OutboxMessage.objects.filter(_sending(message)).update(
        status=OutboxStatus.QUEUED,
        due_at=database_now() + timedelta(seconds=seconds),
        attempts=message.attempts,
        chat_id=chat_id if chat_id is not None else message.chat_id,
        error=error,
    )


def retry_later(message: OutboxMessage) -> None:
    attempts = message.attempts + 1
    if attempts >= MOST_ATTEMPTS:
        fail(message, "unavailable")
        return
    OutboxMessage.objects.filter(_sending(message)).update(
        status=OutboxStatus.QUEUED,
        due_at=database_now() + wait_after(attempts),
        error="unavailable",
    )


def fail(message: OutboxMessage, error: str) -> None:
    OutboxMessage.objects.filter(_sending(message)).update(status=OutboxStatus.FAILED, error=error)

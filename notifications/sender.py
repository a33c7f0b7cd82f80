"""The one sender: drains the outbox in order per chat, under Telegram's limits."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
from collections.abc import Callable
from datetime import datetime, timedelta

from asgiref.sync import sync_to_async
from django.db import Error, close_old_connections
from django.db.models import Case, IntegerField, Q, QuerySet, Value, When

from hexagonal.lib.clock import database_now
from hexagonal.lib.leadership import Leadership
from notifications import services
from notifications.domain.errors import (
    ChannelBusy,
    ChannelGone,
    ChannelMoved,
    ChannelRefused,
    ChannelUnavailable,
)
from notifications.domain.pacing import Pace
from notifications.domain.routing import KEPT, LATE, URGENT, wait_after
from notifications.models import OutboxMessage, OutboxStatus
from notifications.outbox import waiting
from notifications.ports import Channel
from notifications.texts import render

log = logging.getLogger(__name__)

LOCK = 0x4845584F  # "HEXO": the advisory lock of the one sender
IDLE = 0.2
LONGEST_HOLD = 15.0  # seconds without a try while Telegram is away
STUCK = timedelta(seconds=30)  # longer than any request: the row's task is dead
BATCH = 25  # about a second's work, so that an urgent notice is seen soon
MOST_AT_ONCE = 20  # requests on their way, so that a slow one does not hold up the others


class Sender:
    """Sends until it is told to stop; only the holder of the database's lock does."""

    def __init__(
        self, channel: Channel, pace: Pace, *, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._channel = channel
        self._pace = pace
        self._clock = clock
        self._lock = SenderLock()
        self._tasks: set[asyncio.Task[None]] = set()
        self._failures = 0  # of Telegram as a whole, since the last success

    async def run(self, stop: asyncio.Event) -> None:
        try:
            while not stop.is_set():
                if not await self._patient_step():
                    with contextlib.suppress(TimeoutError):
                        await asyncio.wait_for(stop.wait(), IDLE)
        finally:
            await asyncio.gather(*self._tasks, return_exceptions=True)
            await sync_to_async(self._lock.release)()

    async def _patient_step(self) -> int:
        try:
            return await self.step()
        except Error as error:
            # The database is away: what is written there waits with it.
            log.warning("the outbox cannot be read: %s", type(error).__name__)
            if self._tasks:  # else they would be sent once more by whoever takes the lock
                await asyncio.wait(self._tasks)
            await sync_to_async(self._lock.release)()
            return 0

    async def step(self) -> int:
        """Start sending what is due and allowed now; returns how many were started."""
        self._reap()
        if self._pace.held_for(self._clock()) or not await sync_to_async(self._lock.hold)():
            return 0
        started = 0
        for message in await sync_to_async(due_messages)():
            if not self._pace.is_free(message.chat_id, self._clock()):
                continue
            if len(self._tasks) >= MOST_AT_ONCE:
                break
            await asyncio.sleep(min(self._pace.wait(self._clock()), 1.0))
            if self._pace.held_for(self._clock()):
                break
            # Counted before the claim is awaited: an answer of the bot's may come in between.
            self._pace.take(message.chat_id, self._clock())
            if await sync_to_async(claim)(message):
                self._tasks.add(asyncio.create_task(self._send(message)))
                started += 1
        return started

    def _reap(self) -> None:
        """Forget finished tasks; what went wrong in one is raised here, not lost."""
        finished = {task for task in self._tasks if task.done()}
        self._tasks -= finished
        errors = [error for task in finished if (error := task.exception()) is not None]
        if errors:  # a fault of ours before one of the database's
            raise min(errors, key=lambda error: isinstance(error, Error))

    async def _send(self, message: OutboxMessage) -> None:
        try:
            html = render(message.code, message.params, message.language, late_since(message))
        except (KeyError, ValueError, TypeError):
            log.exception("the notice %s cannot be written", message.code)
            await sync_to_async(fail)(message, "unwritable")
            return
        try:
            await self._channel.send(message.chat_id, html)
        except ChannelBusy as error:
            self._pace.hold(error.retry_after, self._clock())
            await sync_to_async(put_back)(message, seconds=error.retry_after, error="busy")
        except ChannelGone:
            await sync_to_async(fail)(message, "gone")
            await sync_to_async(services.note_gone)(message.chat_id)
        except ChannelMoved as error:
            await sync_to_async(services.note_moved)(message.chat_id, error.chat_id)
            await sync_to_async(put_back)(message, error="moved")
        except ChannelRefused:
            log.warning("Telegram refuses the notice %s", message.code)
            await sync_to_async(fail)(message, "refused")
        except ChannelUnavailable:
            self._failures += 1
            self._pace.hold(min(2.0**self._failures / 4, LONGEST_HOLD), self._clock())
            await sync_to_async(retry_later)(message)
        else:
            self._failures = 0
            await sync_to_async(mark_sent)(message)


class SenderLock(Leadership):
    """Who holds it is the one sender, and queues again what the one before left half-way."""

    def __init__(self) -> None:
        super().__init__(LOCK)

    def hold(self) -> bool:
        close_old_connections()
        led = self.is_held
        if super().hold() and not led:
            take_over()
        return self.is_held


def take_over() -> None:
    """Queue what the sender before us left half-way: nobody but us sends now."""
    OutboxMessage.objects.filter(status=OutboxStatus.SENDING).update(status=OutboxStatus.QUEUED)


def due_messages() -> list[OutboxMessage]:
    """The oldest waiting message of each chat, the urgent ones' chats first."""
    now = database_now()
    stuck = Q(status=OutboxStatus.SENDING, sending_since__lt=now - STUCK)
    heads = waiting().order_by("chat_id", "pk").distinct("chat_id").values("pk")
    urgent_chats = waiting().filter(code__in=URGENT).values("chat_id")
    first = Case(
        When(chat_id__in=urgent_chats, then=Value(0)),
        default=Value(1),
        output_field=IntegerField(),
    )
    due = OutboxMessage.objects.filter(pk__in=heads, due_at__lte=now)
    due = due.filter(Q(status=OutboxStatus.QUEUED) | stuck)
    return list(due.annotate(urgency=first).order_by("urgency", "pk")[:BATCH])


def claim(message: OutboxMessage) -> bool:
    """Mark it as being sent, unless somebody else has or its chat has changed."""
    now = database_now()
    claimed = OutboxMessage.objects.filter(
        pk=message.pk,
        status=message.status,
        sending_since=message.sending_since,
        chat_id=message.chat_id,
    ).update(status=OutboxStatus.SENDING, sending_since=now, attempts=message.attempts + 1)
    message.sending_since = now
    return bool(claimed)


def late_since(message: OutboxMessage) -> datetime | None:
    if message.sending_since is None or message.sending_since - message.created_at <= LATE:
        return None
    return message.created_at


def _sending(message: OutboxMessage) -> QuerySet[OutboxMessage]:
    """The row while this try is the latest; else it is not ours to change."""
    return OutboxMessage.objects.filter(
        pk=message.pk, status=OutboxStatus.SENDING, sending_since=message.sending_since
    )


def mark_sent(message: OutboxMessage) -> None:
    _sending(message).update(status=OutboxStatus.SENT, sent_at=database_now(), error="")


def put_back(message: OutboxMessage, *, error: str, seconds: float = 0) -> None:
    """Not this message's fault: the try does not count."""
    _sending(message).update(
        status=OutboxStatus.QUEUED,
        due_at=database_now() + timedelta(seconds=seconds),
        attempts=message.attempts,
        error=error,
    )


def retry_later(message: OutboxMessage) -> None:
    now = database_now()
    if now - message.created_at > KEPT:
        fail(message, "unavailable")
        return
    _sending(message).update(
        status=OutboxStatus.QUEUED,
        due_at=now + wait_after(message.attempts + 1),
        error="unavailable",
    )


def fail(message: OutboxMessage, error: str) -> None:
    _sending(message).update(status=OutboxStatus.FAILED, error=error)

"""From recorded facts to rows to send, in the same transaction; and the fate of waiting rows."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from django.db.models import QuerySet

from accounts.models import ActivityEvent, User
from hexagonal.lib.bulk import insert
from notifications.domain.routing import RELINKED, is_told
from notifications.models import OutboxMessage, OutboxStatus, TelegramLink

DEFAULT_LANGUAGE = "ko"  # of somebody who never chose one: the product's own
WAITING = (OutboxStatus.QUEUED, OutboxStatus.SENDING)


def enqueue(events: Sequence[ActivityEvent]) -> None:
    """Write a row for each fact that its user is told; a fact has one row for ever."""
    users = {event.user_id for event in events if event.user_id is not None}
    found = TelegramLink.objects.filter(user__in=users, is_blocked=False).select_related("user")
    links = {link.user_id: link for link in found}
    rows = [
        _row(event, links[event.user_id])
        for event in events
        if event.user_id in links
        and is_told(event.code, trade_notices=links[event.user_id].trade_notices)
    ]
    insert(rows, ignore_conflicts=True)


def _row(event: ActivityEvent, link: TelegramLink) -> OutboxMessage:
    return OutboxMessage(
        key=str(event.public_id),
        user=link.user,
        chat_id=link.chat_id,
        code=event.code,
        params=event.params,
        language=link.user.language or DEFAULT_LANGUAGE,
        due_at=event.at,
        created_at=event.at,
    )


def waiting() -> QuerySet[OutboxMessage]:
    return OutboxMessage.objects.filter(status__in=WAITING)


def drop(rows: QuerySet[OutboxMessage], why: str) -> None:
    """Give up rows that nobody is there to read any more."""
    rows.update(status=OutboxStatus.FAILED, error=why)


def hand_over(user: User, old: TelegramLink, chat_id: int, *, key: str, now: datetime) -> None:
    """Send what waits to the new chat, and tell the old one that it has lost the link."""
    waiting().filter(user=user).update(chat_id=chat_id)
    if old.is_blocked:
        return
    OutboxMessage.objects.create(
        key=f"{RELINKED}:{key}",
        user=user,
        chat_id=old.chat_id,
        code=RELINKED,
        params={"name": user.nickname},
        language=user.language or DEFAULT_LANGUAGE,
        due_at=now,
        created_at=now,
    )

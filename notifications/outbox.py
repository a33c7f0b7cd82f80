"""From recorded facts to rows to send, in the same transaction."""

from __future__ import annotations

from collections.abc import Sequence

from accounts.models import ActivityEvent
from notifications.domain.routing import is_told
from notifications.models import OutboxMessage, TelegramLink

DEFAULT_LANGUAGE = "ko"  # of somebody who never chose one: the product's own


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
    OutboxMessage.objects.bulk_create(rows, ignore_conflicts=True)


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

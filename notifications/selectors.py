"""Reads of Telegram links and notices."""

from __future__ import annotations

from accounts.models import User
from notifications.models import TelegramLink


def link_of(user: User) -> TelegramLink | None:
    return TelegramLink.objects.filter(user=user).first()


def user_of_chat(chat_id: int) -> User | None:
    """Whom a chat belongs to; asked anew for each command."""
    link = TelegramLink.objects.filter(chat_id=chat_id).select_related("user").first()
    return link.user if link is not None and link.user.is_active else None

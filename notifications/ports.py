"""The port to a chat."""

from __future__ import annotations

from typing import Protocol


class Channel(Protocol):
    """Sends to one chat; raises `notifications.domain.errors.ChannelError`s only."""

    async def send(self, chat_id: int, html: str) -> None: ...

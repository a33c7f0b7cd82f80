"""The channel over python-telegram-bot."""

from __future__ import annotations

from telegram import Bot, LinkPreviewOptions
from telegram.constants import ParseMode
from telegram.error import (
    BadRequest,
    ChatMigrated,
    Forbidden,
    RetryAfter,
    TelegramError,
)

from notifications.domain.errors import (
    ChannelBusy,
    ChannelGone,
    ChannelMoved,
    ChannelRefused,
    ChannelUnavailable,
)

NO_PREVIEW = LinkPreviewOptions(is_disabled=True)


class TelegramChannel:
    def __init__(self, bot: Bot) -> None:
        self._bot = bot

    async def send(self, chat_id: int, html: str) -> None:
        # `from None`: the library's errors may hold the request's URL, and with it the token.
        try:
            await self._bot.send_message(
                chat_id, html, parse_mode=ParseMode.HTML, link_preview_options=NO_PREVIEW
            )
        except RetryAfter as error:
            wait = error.retry_after
            seconds = wait if isinstance(wait, int) else wait.total_seconds()
            raise ChannelBusy(float(seconds)) from None
        except ChatMigrated as error:
            raise ChannelMoved(error.new_chat_id) from None
        except Forbidden:
            raise ChannelGone from None
        except BadRequest as error:
            if "chat not found" in error.message.lower():
                raise ChannelGone from None
            raise ChannelRefused from None
        except TelegramError as error:
            raise ChannelUnavailable(type(error).__name__) from None

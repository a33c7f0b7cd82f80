"""The Telegram bot: pairing, looking things up, and the outbox's sender in the same process.

It tells and answers; no message moves money.
"""

from __future__ import annotations

import asyncio
import logging
import signal
import time
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any

from asgiref.sync import sync_to_async
from django.conf import settings
from django.db import close_old_connections
from django.utils.translation import gettext as _
from django.utils.translation import override
from telegram import BotCommand, Message, Update
from telegram.constants import ChatType
from telegram.error import InvalidToken, TelegramError
from telegram.ext import (
    Application,
    CommandHandler,
    ContextTypes,
    MessageHandler,
    filters,
)

from accounts.models import User
from accounts.services import set_language
from hexagonal.bot_listening import Listening, note_failure
from hexagonal.bot_texts import (
    failed_text,
    not_linked_text,
    pairing_text,
    pause_text,
    positions_text,
    resume_text,
    status_text,
    switched_text,
    welcome_text,
)
from notifications.adapters.telegram import TelegramChannel
from notifications.domain import pairing
from notifications.domain.errors import ChannelBusy, ChannelError
from notifications.domain.pacing import Allowance, Pace
from notifications.selectors import user_of_chat
from notifications.sender import Sender
from notifications.services import pair

log = logging.getLogger(__name__)

App = Application[Any, Any, Any, Any, Any, Any]
Context = ContextTypes.DEFAULT_TYPE
Answer = Callable[[User], str]
DEFAULT_LANGUAGE = "ko"
MOST_TRIES = 3  # of one answer while Telegram asks to wait
LONGEST_WAIT = 60.0  # seconds that an answer may wait for
PACE, ALLOWANCE = "pace", "allowance"  # what the handlers find in `bot_data`


def build(stop: asyncio.Event) -> App:
    """Wire the bot; a token is needed, and polling starts only in `run`."""
    builder = Application.builder().token(settings.TELEGRAM_BOT_TOKEN)
    builder = builder.get_updates_request(Listening(stop))
    app: App = builder.base_url(f"{settings.TELEGRAM_API_URL}/bot").build()
    app.bot_data |= {PACE: Pace(), ALLOWANCE: Allowance()}
    private = filters.ChatType.PRIVATE & filters.UpdateType.MESSAGE
    # What others wrote is not the sender's own word: a forwarded key would link a chat unasked.
    private = private & ~filters.FORWARDED & ~filters.VIA_BOT
    app.add_handler(CommandHandler("start", _start, private))
    app.add_handler(CommandHandler("help", _help, private))
    for name, answer in {"status": status_text, "positions": positions_text}.items():
        app.add_handler(CommandHandler(name, _answering(answer), private))
    for name, change in {"pause": pause_text, "resume": resume_text}.items():
        app.add_handler(CommandHandler(name, _answering(change), private))
    app.add_handler(CommandHandler("language", _language, private))
    app.add_handler(MessageHandler(private & filters.TEXT & ~filters.COMMAND, _text))
    app.add_error_handler(_failed)
    return app


async def run(stop: asyncio.Event | None = None) -> None:
    """Poll and send until SIGTERM; an end of the sender ends the process."""
    stop = stop or asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    app = build(stop)
    await _patiently(app.initialize, stop)
    if stop.is_set():
        return
    await _set_commands(app)
    await app.start()
    if app.updater is None:
        raise RuntimeError("the bot polls")
    await app.updater.start_polling(
        bootstrap_retries=-1,  # Telegram may go away again between two calls
        allowed_updates=[Update.MESSAGE],
        drop_pending_updates=False,
        error_callback=note_failure,
    )
    sender = asyncio.create_task(Sender(TelegramChannel(app.bot), app.bot_data[PACE]).run(stop))
    waiting = asyncio.create_task(stop.wait())
    await asyncio.wait({sender, waiting}, return_when=asyncio.FIRST_COMPLETED)
    stop.set()
    await app.updater.stop()
    await app.stop()
    await app.shutdown()
    await sender  # raises what ended it


async def _patiently(
    call: Callable[[], Awaitable[None]], stop: asyncio.Event, pause: float = 1.0
) -> None:
    """Telegram may be away when we start; wait for it instead of dying."""
    while not stop.is_set():
        try:
            await call()
        except InvalidToken:
            # Waiting mends nothing; `from None`: the library's text quotes the token.
            raise RuntimeError("Telegram does not know this bot's token.") from None
        except TelegramError as error:
            log.warning("Telegram is not reached: %s", type(error).__name__)
            await asyncio.sleep(pause)
        else:
            return


async def _set_commands(app: App) -> None:
    for language in ("", "ko"):
        with override(language or "en"):
            commands = [
                BotCommand("status", _("What is linked, and whether you trade")),
                BotCommand("positions", _("Your trades in progress")),
                BotCommand("pause", _("Copy no new signals")),
                BotCommand("resume", _("Copy new signals again")),
                BotCommand("language", _("한국어 / English")),
                BotCommand("help", _("What this bot can do")),
            ]
        try:
            await app.bot.set_my_commands(commands, language_code=language or None)
        except TelegramError as error:
            log.warning("the commands were not set: %s", type(error).__name__)


# --- handlers ------------------------------------------------------------------------------------


def _answerable(update: Update, context: Context) -> Message | None:
    """A person's message in their own chat, unless they talk too fast; groups hear nothing."""
    message, sender = update.message, update.effective_user
    if message is None or sender is None:
        return None
    if message.chat.type != ChatType.PRIVATE or message.chat.id != sender.id:
        return None
    allowance: Allowance = context.bot_data[ALLOWANCE]
    return message if allowance.allows(message.chat.id, time.monotonic()) else None


async def _start(update: Update, context: Context) -> None:
    if (message := _answerable(update, context)) is None:
        return
    if pairing.found_in(message.text or ""):
        await _pair(message, context)
    else:
        await _reply(message, context, lambda _user: welcome_text())


async def _help(update: Update, context: Context) -> None:
    if message := _answerable(update, context):
        await _reply(message, context, lambda _user: welcome_text())


async def _text(update: Update, context: Context) -> None:
    if (message := _answerable(update, context)) is None:
        return
    if pairing.looks_like_key(message.text or ""):
        await _pair(message, context)
    else:
        await _reply(message, context, lambda _user: welcome_text())


async def _pair(message: Message, context: Context) -> None:
    sender = message.from_user
    name = sender.full_name if sender is not None else ""
    outcome = await _database(pair)(message.text or "", chat_id=message.chat_id, display_name=name)
    try:
        await message.delete()  # the key must not stay in the chat
    except TelegramError:
        log.info("a key's message could not be deleted")
    await _reply(message, context, lambda _user: pairing_text(outcome))


async def _language(update: Update, context: Context) -> None:
    if (message := _answerable(update, context)) is None:
        return

    def switch(user: User | None) -> str:
        if user is None:
            return not_linked_text()
        language = "en" if (user.language or DEFAULT_LANGUAGE) == "ko" else "ko"
        set_language(user, language)
        with override(language):
            return switched_text()

    await _reply(message, context, switch)


def _answering(
    answer: Answer,
) -> Callable[[Update, Context], Coroutine[Any, Any, None]]:
    async def handler(update: Update, context: Context) -> None:
        if message := _answerable(update, context):
            await _reply(message, context, lambda user: answer(user) if user else not_linked_text())

    return handler


async def _reply(message: Message, context: Context, text: Callable[[User | None], str]) -> None:
    """Answer in the linked user's language; the link is read anew each time."""

    def write() -> str:
        user = user_of_chat(message.chat_id)
        with override((user.language if user else "") or DEFAULT_LANGUAGE):
            return text(user)

    html = await _database(write)()
    await _say(message, context, html)


async def _say(message: Message, context: Context, html: str) -> None:
    """Send an answer within the limits that it shares with the notices."""
    pace: Pace = context.bot_data[PACE]
    channel = TelegramChannel(message.get_bot())
    for _try in range(MOST_TRIES):
        wait = pace.wait(time.monotonic())
        if wait > LONGEST_WAIT:
            break
        await asyncio.sleep(wait)
        pace.take(message.chat_id, time.monotonic())
        try:
            await channel.send(message.chat_id, html)
        except ChannelBusy as error:
            pace.hold(error.retry_after, time.monotonic())
        except ChannelError as error:
            log.warning("an answer was not sent: %s", type(error).__name__)
            return
        else:
            return
    log.warning("an answer was not sent: Telegram asks to wait")


def _database(call: Callable[..., Any]) -> Callable[..., Awaitable[Any]]:
    def fresh(*args: Any, **kwargs: Any) -> Any:
        close_old_connections()
        return call(*args, **kwargs)

    return sync_to_async(fresh)


async def _failed(update: object, context: Context) -> None:
    """Say so in the chat: the update is taken, so nobody else will answer it."""
    error = context.error
    log.error("the bot failed: %s", type(error).__name__ if error else "unknown")
    message = update.message if isinstance(update, Update) else None
    if message is not None and message.chat.type == ChatType.PRIVATE:
        with override(DEFAULT_LANGUAGE):  # the reader's own language is in the database
            html = failed_text()
        await _say(message, context, html)

"""The Telegram bot: pairing, looking things up, and the outbox's sender in the same process.

It tells and answers; no message moves money.
"""

from __future__ import annotations

import asyncio
import logging
import signal
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any

from asgiref.sync import sync_to_async
from django.conf import settings
from django.db import close_old_connections
from django.utils.html import escape
from django.utils.translation import gettext as _
from django.utils.translation import override
from telegram import BotCommand, Message, Update
from telegram.constants import ChatType, ParseMode
from telegram.error import TelegramError
from telegram.ext import (
    Application,
    CommandHandler,
    ContextTypes,
    MessageHandler,
    filters,
)

from accounts.eligibility import missing
from accounts.models import User
from accounts.services import set_language
from exchanges.selectors import connections_of, has_connection
from hexagonal.lib.numbers import plain
from notifications.adapters.telegram import TelegramChannel
from notifications.domain import pairing
from notifications.selectors import user_of_chat
from notifications.sender import Sender
from notifications.services import PairingOutcome, pair
from signals.models import LIVE_STATUSES
from signals.selectors import copies_of

log = logging.getLogger(__name__)

App = Application[Any, Any, Any, Any, Any, Any]
Context = ContextTypes.DEFAULT_TYPE
Answer = Callable[[User], str]
DEFAULT_LANGUAGE = "ko"
MOST_ROWS = 20


def build() -> App:
    """Wire the bot; a token is needed, and polling starts only in `run`."""
    builder = Application.builder().token(settings.TELEGRAM_BOT_TOKEN)
    app: App = builder.base_url(f"{settings.TELEGRAM_API_URL}/bot").build()
    private = filters.ChatType.PRIVATE & filters.UpdateType.MESSAGE
    app.add_handler(CommandHandler("start", _start, private))
    app.add_handler(CommandHandler("help", _help, private))
    for name, answer in {"status": status_text, "positions": positions_text}.items():
        app.add_handler(CommandHandler(name, _answering(answer), private))
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
    app = build()
    await _patiently(app.initialize, stop)
    if stop.is_set():
        return
    await _set_commands(app)
    await app.start()
    if app.updater is None:
        raise RuntimeError("the bot polls")
    await app.updater.start_polling(allowed_updates=[Update.MESSAGE], drop_pending_updates=False)
    sender = asyncio.create_task(Sender(TelegramChannel(app.bot)).run(stop))
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
                BotCommand("language", _("한국어 / English")),
                BotCommand("help", _("What this bot can do")),
            ]
        try:
            await app.bot.set_my_commands(commands, language_code=language or None)
        except TelegramError as error:
            log.warning("the commands were not set: %s", type(error).__name__)


# --- handlers ------------------------------------------------------------------------------------


def _is_own_chat(update: Update) -> bool:
    """A person's own chat with the bot; in groups it says nothing."""
    chat, sender = update.effective_chat, update.effective_user
    if chat is None or sender is None:
        return False
    return chat.type == ChatType.PRIVATE and chat.id == sender.id


async def _start(update: Update, context: Context) -> None:
    message = update.message
    if message is None or not _is_own_chat(update):
        return
    if message.text and pairing.found_in(message.text):
        await _pair(message)
    else:
        await _reply(message, lambda _user: welcome_text())


async def _help(update: Update, context: Context) -> None:
    if update.message is not None and _is_own_chat(update):
        await _reply(update.message, lambda _user: welcome_text())


async def _text(update: Update, context: Context) -> None:
    message = update.message
    if message is None or not message.text or not _is_own_chat(update):
        return
    if pairing.WORD in message.text or pairing.found_in(message.text):
        await _pair(message)
    else:
        await _reply(message, lambda _user: welcome_text())


async def _pair(message: Message) -> None:
    sender = message.from_user
    name = sender.full_name if sender is not None else ""
    outcome = await _database(pair)(message.text or "", chat_id=message.chat_id, display_name=name)
    try:
        await message.delete()  # the key must not stay in the chat
    except TelegramError:
        log.info("a key's message could not be deleted")
    await _reply(message, lambda _user: pairing_text(outcome))


async def _language(update: Update, context: Context) -> None:
    if update.message is None or not _is_own_chat(update):
        return

    def switch(user: User | None) -> str:
        if user is None:
            return welcome_text()
        language = "en" if (user.language or DEFAULT_LANGUAGE) == "ko" else "ko"
        set_language(user, language)
        with override(language):
            return _("The language is English now.")

    await _reply(update.message, switch)


def _answering(
    answer: Answer,
) -> Callable[[Update, Context], Coroutine[Any, Any, None]]:
    async def handler(update: Update, context: Context) -> None:
        if update.message is not None and _is_own_chat(update):
            await _reply(update.message, lambda user: answer(user) if user else not_linked_text())

    return handler


async def _reply(message: Message, text: Callable[[User | None], str]) -> None:
    """Answer in the linked user's language; the link is read anew each time."""

    def write() -> str:
        user = user_of_chat(message.chat_id)
        with override(user.language if user and user.language else DEFAULT_LANGUAGE):
            return text(user)

    html = await _database(write)()
    await message.get_bot().send_message(message.chat_id, html, parse_mode=ParseMode.HTML)


def _database(call: Callable[..., Any]) -> Callable[..., Awaitable[Any]]:
    def fresh(*args: Any, **kwargs: Any) -> Any:
        close_old_connections()
        return call(*args, **kwargs)

    return sync_to_async(fresh)


async def _failed(update: object, context: Context) -> None:
    error = context.error
    log.error("the bot failed: %s", type(error).__name__ if error else "unknown")


# --- texts ---------------------------------------------------------------------------------------


def welcome_text() -> str:
    return _(
        "Welcome to HEXAGONAL. Create a key on the site under API settings and paste it here to "
        "link this chat. /status and /positions show how things stand."
    )


def not_linked_text() -> str:
    return _("This chat is not linked. Create a key on the site and paste it here.")


def pairing_text(outcome: PairingOutcome) -> str:
    return {
        PairingOutcome.PAIRED: _("✅ Verified. This chat is linked to your account."),
        PairingOutcome.UNKNOWN: _("This key is not valid. Copy it from the site once more."),
        PairingOutcome.EXPIRED: _("This key has expired. Create a new one; it lives 5 minutes."),
        PairingOutcome.USED: _("This key has been used already. Create a new one."),
        PairingOutcome.CHAT_TAKEN: _("This chat is linked to another account."),
        PairingOutcome.SUSPENDED: _("This account is suspended."),
        PairingOutcome.TOO_MANY_TRIES: _("Too many wrong keys. Try again in 10 minutes."),
    }[outcome]


def status_text(user: User) -> str:
    gaps = missing(user, has_connection=has_connection(user))
    state = _("Automatic trading is on.") if not gaps else _("Automatic trading is not possible:")
    rows = [f"<b>{escape(user.nickname)}</b>", state, *(f"· {escape(gap)}" for gap in gaps)]
    links = connections_of(user)
    rows += [f"{escape(link.name)}: {escape(link.get_status_display())}" for link in links]
    return "\n".join(rows)


def positions_text(user: User) -> str:
    live = copies_of(user).filter(status__in=LIVE_STATUSES)[:MOST_ROWS]
    rows = [
        f"#{escape(copy.symbol)} {copy.signal.get_side_display()} "
        f"{plain(copy.signal.leverage)}x · {escape(copy.get_status_display())} · "
        f"{plain(copy.entered_quantity or copy.quantity or copy.entered_quantity)}"
        for copy in live
    ]
    return "\n".join(rows) or _("You have no trades in progress.")

"""Run the Telegram bot and the outbox's sender."""

from __future__ import annotations

import asyncio
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from hexagonal.bot import run


class Command(BaseCommand):
    help = "Run the Telegram bot and the sender of notices until SIGTERM."

    def handle(self, *args: Any, **options: Any) -> None:
        if not settings.TELEGRAM_BOT_TOKEN:
            raise CommandError("TELEGRAM_BOT_TOKEN is not set.")
        asyncio.run(run())

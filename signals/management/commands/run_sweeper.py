"""The sweeper as a process of its own; start two, one waits."""

from __future__ import annotations

import signal
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from hexagonal.lib import roles
from signals.services.sweeping import Sweeper


class Command(BaseCommand):
    help = "Ring for what is due, carry what nobody takes, keep time, and watch the invariants."

    def handle(self, *args: Any, **options: Any) -> None:
        if not settings.LINK_ID_KEY or settings.VAULT_PRIVATE_KEY_FILE is None:
            raise CommandError("The sweeper sends orders: it needs a worker's environment.")
        roles.play("sweeper")
        sweeper = Sweeper()
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: sweeper.stop())
        if not sweeper.run():
            raise CommandError("What was being done took too long; its lease will run out.")

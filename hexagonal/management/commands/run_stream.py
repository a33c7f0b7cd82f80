"""Run the sockets of a share of the accounts, or say whether this host's process is alive."""

from __future__ import annotations

import asyncio
import os
import socket
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from exchanges.stream_shares import is_alive
from hexagonal.lib import roles
from hexagonal.stream import run


class Command(BaseCommand):
    help = "Hear the exchanges' sockets until SIGTERM; several processes share them."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--health", action="store_true", help="only say whether this host's process is alive"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        if not options["health"]:
            roles.play("stream")
            asyncio.run(run())
        elif not is_alive(socket.gethostname()):
            raise CommandError(
                "No stream process of this host keeps its lease.", returncode=os.EX_UNAVAILABLE
            )

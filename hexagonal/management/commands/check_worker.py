"""Whether this host's worker answers; see deploy/alive.sh."""

from __future__ import annotations

import os
import socket
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from kombu.exceptions import OperationalError

from hexagonal.celery import app


class Command(BaseCommand):
    help = "Exit with 69 when this host's worker does not answer, with 1 when the broker is away."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--name", default=f"celery@{socket.gethostname()}")
        parser.add_argument("--within", type=float, default=10.0, help="seconds")

    def handle(self, *args: Any, **options: Any) -> None:
        asked = app.control.inspect(destination=[options["name"]], timeout=options["within"])
        try:
            answers = asked.ping()
        except (OperationalError, OSError) as error:
            raise CommandError(f"The broker is away: {type(error).__name__}") from None
        if not answers:
            raise CommandError(f"{options['name']} is silent", returncode=os.EX_UNAVAILABLE)

"""Whether a part of the platform has done its work of late; see deploy/alive.sh."""

from __future__ import annotations

import os
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from signals.selectors import seconds_since_beat


class Command(BaseCommand):
    help = "Exit with 69 when a part (sweeper, worker) has not shown life for too long."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("part")
        parser.add_argument("--within", type=float, default=60.0, help="seconds")

    def handle(self, *args: Any, **options: Any) -> None:
        age = seconds_since_beat(options["part"])
        if age is None or age > options["within"]:
            silence = "never" if age is None else f"{age:g} s ago"
            raise CommandError(f"{options['part']}: {silence}", returncode=os.EX_UNAVAILABLE)

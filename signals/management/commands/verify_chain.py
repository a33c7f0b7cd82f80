"""Check an exported signal log: `manage.py verify_chain FILE`; needs no database."""

from __future__ import annotations

import json
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from signals.domain.chain import faults


class Command(BaseCommand):
    help = "Verify the hash chain of an exported signal log; exits with 1 when it is broken."
    requires_system_checks = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", type=Path, help="the JSON file that the site exported")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            entries = json.loads(options["file"].read_text(encoding="utf-8"))
        except (OSError, ValueError) as error:
            raise CommandError(f"{options['file']}: {error}") from None
        if not isinstance(entries, list):
            raise CommandError("This is not an exported log: a list of entries is expected.")
        found = faults(entries)
        if found:
            raise CommandError("The chain is broken.\n" + "\n".join(found))
        last = entries[-1]
        self.stdout.write(f"{len(entries)} entries, sound. Last hash: {last['hash']}")

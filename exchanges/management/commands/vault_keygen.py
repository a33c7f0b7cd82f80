"""Make the vault's key pair: the public file for every process, the private one for workers."""

from __future__ import annotations

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from exchanges import vault


class Command(BaseCommand):
    help = "Generate the vault's key pair. Existing files are never overwritten."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--private", type=Path, required=True, help="a file, or the directory of the keys"
        )
        parser.add_argument("--public", type=Path, required=True)

    def handle(self, *args: Any, private: Path, public: Path, **options: Any) -> None:
        for path in (private, public):
            if path.exists() and not path.is_dir():
                raise CommandError(f"{path} exists; keys are never overwritten.")
        written = vault.generate(private, public)
        self.stdout.write(f"Wrote {written} (keep it on the workers alone) and {public}.")

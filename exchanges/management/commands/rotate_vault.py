"""Have workers seal every stored key anew, and say when an old key of the vault may go."""

from __future__ import annotations

import sys
import time
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from exchanges import rotation, vault
from hexagonal.lib.jobs import enqueue

RING_SECONDS = 1
PATIENCE = 60.0  # seconds without progress; a verification keeps its box for half of it


class Command(BaseCommand):
    help = (
        "Seal all stored keys anew for the public key of this process. May be stopped and run "
        "again at any time. Exits with 1 while a box needs another private key."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--check", action="store_true", help="only say which keys are needed")

    def handle(self, *args: Any, check: bool, **options: Any) -> None:
        try:
            newest_id = rotation.newest_key()
        except vault.VaultClosed as error:
            raise CommandError(str(error)) from None
        if not check:
            self._rotate(newest_id)
        if not self._tell(newest_id):
            sys.exit(1)

    def _rotate(self, newest_id: str) -> None:
        """Ring for workers until nothing is left; they alone can open a box."""
        left, moved_at = rotation.count_left(), time.monotonic()
        while left:
            if time.monotonic() - moved_at > PATIENCE:
                self._tell(newest_id)
                raise CommandError(
                    f"No box was sealed anew for {PATIENCE:g} s, {left} are left. Is a worker "
                    f"running with the private key {newest_id}, and this public key? Its log says "
                    "why. A box that is broken stays until its owner enters the key again."
                )
            enqueue("exchanges.reseal", newest_id, expires=RING_SECONDS)
            time.sleep(RING_SECONDS)
            before, left = left, rotation.count_left()
            if left < before:
                moved_at = time.monotonic()
                self.stdout.write(f"{left} boxes are left.")

    def _tell(self, newest_id: str) -> bool:
        """List the keys; True when the newest_id is the only one that is needed."""
        boxes = rotation.boxes_by_key()
        for name in sorted({newest_id, *boxes, *_at_hand()}):
            verdict = _verdict(name, newest_id, boxes)
            self.stdout.write(f"key {name}: {boxes.get(name, 0)} boxes. {verdict}")
        return not boxes.keys() - {newest_id}


def _at_hand() -> set[str]:
    """The private keys of this process, if it has any."""
    try:
        return vault.keys_at_hand()
    except vault.VaultClosed:
        return set()


def _verdict(name: str, newest_id: str, boxes: dict[str, int]) -> str:
    if name == newest_id:
        return "The newest_id; new boxes are sealed for it."
    if name in boxes:
        return "Its private file is needed."
    return "Nothing here needs it any more; backups made before may."

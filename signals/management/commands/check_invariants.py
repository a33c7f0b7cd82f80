"""What the sweeper looks at every ten seconds, once."""

from __future__ import annotations

import sys
from typing import Any

from django.core.management.base import BaseCommand

from signals.services.invariants import violations


class Command(BaseCommand):
    help = "Print every violated invariant; the exit code is 1 when there is one."

    def handle(self, *args: Any, **options: Any) -> None:
        found = violations()
        for violation in found:
            line = f"{violation.level} {violation.code} {violation.subject} {violation.detail}"
            self.stdout.write(" ".join(line.split()))
        if found:
            sys.exit(1)
        self.stdout.write("Every invariant holds.")

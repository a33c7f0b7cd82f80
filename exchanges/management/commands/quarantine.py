"""Hold back all new entries of some keys, or let them enter again."""

from __future__ import annotations

import getpass
import os
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from accounts.models import User
from exchanges import quarantine
from exchanges.choices import Environment, ExchangeKind
from exchanges.models import Quarantine
from exchanges.quarantine import Scope
from hexagonal.lib.clock import database_now
from hexagonal.lib.roles import host


class Command(BaseCommand):
    help = (
        "Put keys under quarantine: nothing new is entered and what waits at the exchange is "
        "withdrawn, while stops, targets and closings go on. Done again, it changes nothing."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        scope = parser.add_mutually_exclusive_group()
        scope.add_argument("--all", action="store_true", help="every key")
        scope.add_argument("--exchange", choices=ExchangeKind.values, default="")
        scope.add_argument("--user", metavar="EMAIL", default="")
        parser.add_argument(
            "--environment", choices=Environment.values, default="", help="of --exchange alone"
        )
        parser.add_argument("--reason", default="", help="for ops; traders are not shown it")
        parser.add_argument("--lift", action="store_true", help="take it off again")

    def handle(self, *args: Any, **options: Any) -> None:
        by = f"{_user()}@{host()}"[:150]
        if options["all"] or options["exchange"] or options["user"]:
            scope = _scope(options)
            if options["lift"]:
                self._lift(scope, by)
            else:
                self._impose(scope, by, options["reason"])
        elif options["lift"] or options["environment"]:
            raise CommandError("Say whose keys: --all, --exchange or --user.")
        self._tell()

    def _impose(self, scope: Scope, by: str, reason: str) -> None:
        if not reason:
            raise CommandError("Say why: --reason TEXT.")
        row, trades = quarantine.impose(scope, reason=reason, by=by, now=database_now())
        self.stdout.write(f"{row}: on since {row.since:%Y-%m-%d %H:%M:%S} UTC.")
        self.stdout.write(f"{trades} trades are asked for entries that wait.")

    def _lift(self, scope: Scope, by: str) -> None:
        lifted = quarantine.lift(scope, by=by, now=database_now())
        self.stdout.write("It is lifted." if lifted else "There was none.")

    def _tell(self) -> None:
        """What is on by now, and how many connections that holds."""
        for row in Quarantine.objects.filter(lifted_at=None).select_related("user"):
            self.stdout.write(f"on: {row}, by {row.by}: {row.reason}")
        self.stdout.write(f"{quarantine.held_keys()} connections are held.")


def _user() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # in a container, a number without a name
        return str(os.getuid())


def _scope(options: dict[str, Any]) -> Scope:
    if options["environment"] and not options["exchange"]:
        raise CommandError("--environment is of --exchange alone.")
    if not options["user"]:
        return Scope(options["exchange"], options["environment"])
    try:
        return Scope(user=User.objects.get(email__iexact=options["user"]))
    except User.DoesNotExist:
        raise CommandError("Nobody has that address.") from None

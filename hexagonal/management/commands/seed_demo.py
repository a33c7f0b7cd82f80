"""Fill a demo: an author, traders with accounts at the sandbox, and their paired chats.

Everything goes the way that people go: keys are verified by the worker, chats paired by the bot.
"""

from __future__ import annotations

import os
import time
from argparse import ArgumentParser
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import requests
from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from accounts import services as accounts
from accounts.models import User
from exchanges import services as exchanges
from exchanges.choices import ConnectionStatus
from exchanges.domain.trading import Credentials
from exchanges.models import Connection
from notifications.services import issue_pairing_key
from signals.choices import Sizing
from signals.services.copying import set_rules

PATIENCE = 60.0
ADMIN = "admin@hexagonal.example"
BALANCES = ["500", "1000", "2500", "10000", "800"]


class Command(BaseCommand):
    help = "Make an author, traders, sandbox accounts and paired chats."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--traders", type=int, default=6)
        parser.add_argument(
            "--mixed", action="store_true", help="with a dead key, a small and an empty account"
        )

    def handle(self, *args: Any, traders: int, mixed: bool, **options: Any) -> None:
        if settings.SIGNAL_ENVIRONMENT != "sandbox":
            raise CommandError("seed_demo works on the sandbox only.")
        password = os.environ.get("DEMO_PASSWORD")
        if not password:
            raise CommandError("DEMO_PASSWORD is not set.")
        User.objects.create_superuser(ADMIN, "admin", password, language="ko")
        links = [self._trader(number, password) for number in range(1, traders + 1)]
        self._wait(
            lambda: not Connection.objects.filter(status=ConnectionStatus.VERIFYING).exists(),
            "the verification of the keys",
        )
        self._wait(
            lambda: User.objects.filter(has_telegram=True).count() >= traders,
            "the pairing of the chats",
        )
        if mixed:
            self._spoil(links)
        self.stdout.write(f"{traders} traders are linked.")

    def _trader(self, number: int, password: str) -> tuple[Connection, str]:
        user = accounts.register(
            email=f"trader{number}@hexagonal.example",
            nickname=f"trader{number}",
            password=password,
            language="ko" if number % 2 else "en",
            now=timezone.now(),
        )
        account = self._exchange(
            "accounts",
            balance=BALANCES[number % len(BALANCES)],
            hedge=number % 3 == 0,
            default_leverage="10" if number % 2 else "5",
        )
        link = exchanges.connect(
            user,
            environment="sandbox",
            name="Bybit",
            credentials=Credentials(account["api_key"], account["api_secret"]),
        )
        if number % 2:
            set_rules(link, fields={"sizing": Sizing.EQUITY_PERCENT, "amount": Decimal(4)})
        else:
            set_rules(link, fields={"sizing": Sizing.FIXED_MARGIN, "amount": Decimal(25 + number)})
        self._telegram("users", id=1000 + number, first_name=user.nickname)
        self._telegram("send", user_id=1000 + number, text=issue_pairing_key(user))
        return link, account["api_key"]

    def _spoil(self, links: list[tuple[Connection, str]]) -> None:
        """A dead key, an account that is too small, and two without the margin."""
        dead, small, poor, empty = links[0], links[1], links[2], links[3]
        self._exchange(f"keys/{dead[1]}", revoked=True)
        set_rules(small[0], fields={"sizing": Sizing.FIXED_MARGIN, "amount": Decimal("0.2")})
        set_rules(poor[0], fields={"sizing": Sizing.FIXED_MARGIN, "amount": Decimal(1_000_000)})
        empty[0].refresh_from_db()
        self._exchange(f"accounts/{empty[0].exchange_uid}", balance="1")

    def _exchange(self, path: str, **body: Any) -> dict[str, Any]:
        return self._post(f"{settings.BYBIT_SANDBOX_URL}/_control/{path}", body)

    def _telegram(self, path: str, **body: Any) -> dict[str, Any]:
        return self._post(f"{settings.TELEGRAM_API_URL}/_control/{path}", body)

    @staticmethod
    def _post(url: str, body: dict[str, Any]) -> dict[str, Any]:
        answer = requests.post(url, json=body, timeout=10)
        answer.raise_for_status()
        found: dict[str, Any] = answer.json()
        return found

    def _wait(self, done: Callable[[], bool], what: str) -> None:
        deadline = time.monotonic() + PATIENCE
        while not done():
            if time.monotonic() > deadline:
                raise CommandError(f"{what} took longer than {PATIENCE:g} s")
            time.sleep(0.1)

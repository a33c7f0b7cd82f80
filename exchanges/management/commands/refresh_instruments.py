"""Read the contracts' rules and prices now, for instance before the first signal."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from exchanges import instruments, services
from exchanges.choices import ExchangeKind
from exchanges.domain.errors import ExchangeError


class Command(BaseCommand):
    help = "Read instruments and prices of an environment."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--environment", default=settings.SIGNAL_ENVIRONMENT)

    def handle(self, *args: Any, environment: str, **options: Any) -> None:
        if environment not in settings.EXCHANGE_ENVIRONMENTS:
            raise CommandError(f"{environment} is not one of EXCHANGE_ENVIRONMENTS.")
        try:
            place = ExchangeKind.BYBIT, environment
            count = instruments.refresh_instruments(*place, now=timezone.now())
            # Nobody asks again for a command: it waits for its turn, as the rules do.
            patience = instruments.PATIENCE
            services.refresh_prices(*place, now=timezone.now(), patience=patience)
        except ExchangeError as error:
            raise CommandError(f"The exchange did not answer: {type(error).__name__}") from None
        self.stdout.write(f"{count} instruments of {environment}.")

"""An author and many traders with linked accounts, in a few statements."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal

from django.conf import settings

from accounts.models import User
from chaos.world import Control
from exchanges import vault
from exchanges.domain.trading import Credentials
from exchanges.gateway import seal_context
from exchanges.models import Connection, SymbolState
from notifications.models import TelegramLink
from signals.choices import Sizing
from signals.models import CopySettings

BALANCE = Decimal(100_000)
MARGIN = Decimal(50)
LEVERAGE = Decimal(10)
FIRST_CHAT = 1000


def make_author() -> User:
    return User.objects.create_superuser("author@example.com", "author", "correct-horse-battery")


def make_traders(
    count: int, exchange: Control, symbols: list[str], *, now: datetime
) -> dict[str, str]:
    """Everybody is paired, linked and confirmed, and puts the same margin into each trade.

    Returns the API keys by the exchange's UID.
    """
    users = User.objects.bulk_create(
        User(email=f"t{n}@example.com", nickname=f"t{n}", password="!", has_telegram=True)  # noqa: S106 - nobody logs in
        for n in range(count)
    )
    TelegramLink.objects.bulk_create(
        TelegramLink(user=user, chat_id=FIRST_CHAT + n, linked_at=now)
        for n, user in enumerate(users)
    )
    keys = {}
    links = []
    for number, user in enumerate(users):
        key = exchange.post("accounts", balance=str(BALANCE), default_leverage=str(LEVERAGE))
        keys[key["uid"]] = key["api_key"]
        links.append(_link(user, number, key, now))
    Connection.objects.bulk_create(links)
    CopySettings.objects.bulk_create(
        CopySettings(connection=link, sizing=Sizing.FIXED_MARGIN, amount=MARGIN) for link in links
    )
    SymbolState.objects.bulk_create(
        SymbolState(connection=link, symbol=symbol, leverage=LEVERAGE, confirmed_at=now)
        for link in links
        for symbol in symbols
    )
    return keys


def _link(user: User, number: int, key: dict[str, str], now: datetime) -> Connection:
    addresses = list(settings.EGRESS)
    link = Connection(
        user=user,
        environment="sandbox",
        name="main",
        status="connected",
        exchange_uid=key["uid"],
        key_hint=key["api_key"][-4:],
        egress=addresses[number % len(addresses)],
        equity=BALANCE,
        available=BALANCE,
        balance_at=now,
        checked_at=now,
    )
    credentials = Credentials(key["api_key"], key["api_secret"])
    link.sealed = vault.seal(credentials, context=seal_context(link))
    return link

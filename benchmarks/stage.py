"""What every benchmark stands on: a sandbox, accounts that are linked, and real workers.

Import it before anything of Django's: it sets the environment.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
DIRECTORY = Path(tempfile.mkdtemp(prefix="hexagonal-bench-"))
LATENCY_MS = 80
NO_LIMIT = "1000000"

os.environ |= {
    "DJANGO_SETTINGS_MODULE": "tests.settings",
    "VAULT_PRIVATE_KEY_FILE": str(DIRECTORY / "vault.key"),
    "VAULT_PUBLIC_KEY_FILE": str(DIRECTORY / "vault.pub"),
    "LOG_LEVEL": "WARNING",
    "PRICE_MAX_AGE_SECONDS": "1",
    "EGRESS_REQUESTS": NO_LIMIT,
}

import django  # noqa: E402 - after the environment

django.setup()

import requests  # noqa: E402
from django.conf import settings  # noqa: E402
from django.core.management import call_command  # noqa: E402
from django.db import connection  # noqa: E402
from django.utils import timezone  # noqa: E402

from accounts.models import User  # noqa: E402
from benchmarks.resting import bring_to_rest  # noqa: E402
from exchanges import instruments, vault  # noqa: E402
from exchanges.domain.trading import Credentials  # noqa: E402
from exchanges.models import Connection, SymbolState  # noqa: E402
from hexagonal.lib.bulk import insert  # noqa: E402
from signals.domain.draft import Draft, TargetDraft  # noqa: E402
from signals.models import Copy, CopySettings, Heartbeat, Signal  # noqa: E402
from signals.services import publishing  # noqa: E402
from tests.fixtures.people import long_btc, make_user  # noqa: E402

PRICES = {
    "BTCUSDT": Decimal(46_300),
    "ETHUSDT": Decimal(3_700),
    "SOLUSDT": Decimal(170),
    "LTCUSDT": Decimal(146),
    "XRPUSDT": Decimal("0.83"),
}


@dataclass
class Sandbox:
    """The local exchange in a process of its own."""

    url: str
    http: requests.Session = field(default_factory=requests.Session)

    def post(self, path: str, **spec: object) -> dict[str, object]:
        answer = self.http.post(f"{self.url}/_control/{path}", json=spec, timeout=60)
        answer.raise_for_status()
        return dict(answer.json())

    def counts(self) -> dict[str, object]:
        return dict(self.http.get(f"{self.url}/_control/requests", timeout=60).json())


@contextmanager
def sandbox(*, limits: bool) -> Iterator[Sandbox]:
    options = () if limits else ("--no-ip-limits", "--no-uid-limits")
    child = subprocess.Popen(
        [sys.executable, "-m", "sandbox.bybit", "--port", "0", "--prices", "manual", *options],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert child.stdout is not None
    box = Sandbox(child.stdout.readline().split()[-1])
    os.environ["BYBIT_SANDBOX_URL"] = settings.BYBIT_SANDBOX_URL = box.url
    for symbol, price in PRICES.items():
        box.post("price", symbol=symbol, price=str(price))
    try:
        yield box
    finally:
        child.terminate()
        child.wait(30)


@contextmanager
def workers(**environment: str) -> Iterator[None]:
    """Celery and the sweeper, which rings for what had to wait, as in production."""
    child = subprocess.Popen(
        [
            *(sys.executable, "-m", "celery", "-A", "hexagonal", "worker"),
            *("--concurrency", str(settings.ORDER_WORKERS), "--queues", "orders,control,default"),
            *("--loglevel", "ERROR"),
        ],
        cwd=ROOT,
        env=os.environ | environment,
    )
    sweeper = subprocess.Popen(
        [sys.executable, "manage.py", "run_sweeper"], cwd=ROOT, env=os.environ | environment
    )
    try:
        _wait_for_life()
        yield
    finally:
        for process in (child, sweeper):
            process.terminate()
        for process in (child, sweeper):
            process.wait(60)


def _wait_for_life() -> None:
    """Until a worker has answered the sweeper: starting up is not what is measured."""
    Heartbeat.objects.all().delete()
    deadline = time.monotonic() + 60
    while not Heartbeat.objects.filter(name="worker").exists():
        if time.monotonic() > deadline:
            raise SystemExit("the workers do not start")
        time.sleep(0.1)


def prepare() -> User:
    """A migrated database and an author; once a run."""
    call_command("migrate", verbosity=0)
    vault.generate(DIRECTORY / "vault.key", DIRECTORY / "vault.pub")
    return make_user("author", is_superuser=True)


def link(box: Sandbox, count: int) -> list[Credentials]:
    """Replace all accounts by new ones, known to the platform as if long linked."""
    forget()
    Connection.objects.all().delete()
    User.objects.filter(is_superuser=False).delete()
    instruments.refresh_instruments("bybit", "sandbox", now=timezone.now())
    now, keys, links = timezone.now(), [], []
    people = [
        User(email=f"t{n}@example.com", nickname=f"t{n}", password="!", has_telegram=True)
        for n in range(count)
    ]
    people = User.objects.bulk_create(people, batch_size=1000)
    for person in people:
        key = box.post("accounts", balance="1000")
        keys.append(Credentials(str(key["api_key"]), str(key["api_secret"])))
        row = Connection(
            user=person,
            environment="sandbox",
            name="x",
            status="connected",
            exchange_uid=str(key["uid"]),
            equity=1000,
            available=1000,
            balance_at=now,
            checked_at=now,
        )
        row.sealed = vault.seal(keys[-1], context=f"bybit/sandbox/{row.public_id}")
        links.append(row)
    Connection.objects.bulk_create(links, batch_size=1000)
    CopySettings.objects.bulk_create(
        [CopySettings(connection=row, sizing="fixed_margin", amount=50) for row in links]
    )
    insert(
        [
            SymbolState(connection=row, symbol=symbol, leverage=10, confirmed_at=now)
            for row in links
            for symbol in PRICES
        ]
    )
    return keys


def forget() -> None:
    """Drop all signals and copies; the log's own trigger would refuse a DELETE."""
    with connection.cursor() as cursor:
        cursor.execute("TRUNCATE signals_signal, signals_copy CASCADE")
        cursor.execute("TRUNCATE accounts_activityevent CASCADE")


def rest() -> None:
    """Let the workers come to rest and forget everything: what is measured next stands alone."""
    bring_to_rest()
    forget()
    time.sleep(3)


def leave_by(addresses: list[str]) -> None:
    """Spread the connections evenly over outgoing addresses."""
    for number, address in enumerate(addresses):
        Connection.objects.extra(where=["id %% %s = %s"], params=[len(addresses), number]).update(
            egress=address
        )


def draft(symbol: str = "BTCUSDT") -> Draft:
    """A long whose entry rests below the price."""
    price = PRICES[symbol]
    tick = Decimal("0.0001") if price < 1 else Decimal("0.01")
    low, high = (price * factor // tick * tick for factor in (Decimal("0.985"), Decimal("0.99")))
    stop, target = (price * factor // tick * tick for factor in (Decimal("0.97"), Decimal("1.05")))
    if symbol == "BTCUSDT":
        return long_btc()
    goals = (TargetDraft(target, Decimal(100)),)
    return long_btc(symbol=symbol, entry_low=low, entry_high=high, stop=stop, targets=goals)


def publish(author: User, what: Draft) -> Signal:
    """Publish as the page does; balances are fresh, so that nothing must be read first."""
    now = timezone.now()
    Connection.objects.update(balance_at=now, checked_at=now)
    signal = publishing.create_signal(author, what, now=now)
    return publishing.publish(signal, actor=author, now=timezone.now())


def wait_for_all(signal: Signal, *, seconds: float = 180) -> None:
    """Until everybody has a copy and each was acknowledged."""
    deadline, copies = time.monotonic() + seconds, Copy.objects.filter(signal=signal)
    while signal.enrolments.exists() or copies.filter(acknowledged_at=None).exists():
        if time.monotonic() > deadline:
            left = copies.filter(acknowledged_at=None).values_list("status", "reason")
            raise SystemExit(f"not acknowledged: {left.count()}, first {left.first()}")
        time.sleep(0.2)


def acknowledged(signal: Signal) -> list[float]:
    """Seconds from publishing to each acknowledgement, in turn."""
    assert signal.published_at is not None
    times = Copy.objects.filter(signal=signal).values_list("acknowledged_at", flat=True)
    return sorted((at - signal.published_at).total_seconds() for at in times if at is not None)


def seconds_of(signal: Signal) -> float:
    """From publishing to the last acknowledgement."""
    return acknowledged(signal)[-1]

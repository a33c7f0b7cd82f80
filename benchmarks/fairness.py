"""Is anybody always first? The order of acknowledgements over 50 signals, with a real worker.

The mean Spearman rank correlation of all pairs of signals: near 0 the order is drawn anew for each
signal, 1 the same accounts are always first. By chance alone it stays within about 0.01 of 0.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))
DIRECTORY = Path(tempfile.mkdtemp(prefix="hexagonal-fairness-"))
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tests.settings")

import django  # noqa: E402 - after the environment

django.setup()

from django.conf import settings  # noqa: E402
from django.core.cache import cache  # noqa: E402
from django.core.management import call_command  # noqa: E402
from django.db import connections  # noqa: E402
from django.utils import timezone  # noqa: E402

from accounts.models import User  # noqa: E402
from exchanges import services, vault  # noqa: E402
from exchanges.domain.trading import Credentials  # noqa: E402
from exchanges.egress import least_used  # noqa: E402
from exchanges.gateway import seal_context  # noqa: E402
from exchanges.models import Connection, SymbolState  # noqa: E402
from signals import timings  # noqa: E402
from signals.domain.linting import WARNINGS  # noqa: E402
from signals.models import Copy, CopySettings  # noqa: E402
from signals.services import publishing  # noqa: E402
from tests.fixtures.people import long_btc, make_user  # noqa: E402
from tests.fixtures.sandboxes import BybitControl, start_server  # noqa: E402

SIGNALS = 50
ACCOUNTS = 40
LATENCY_MS = 20
EVERYTHING = [problem.value for problem in WARNINGS]  # to every warning the author says yes


@contextmanager
def platform() -> Iterator[BybitControl]:
    """The sandbox without limits, and a worker."""
    options = ("--prices", "manual", "--no-ip-limits", "--no-uid-limits")
    sandbox, url = start_server(
        *("sandbox.bybit", "--port", "0", "--latency-ms", str(LATENCY_MS), *options)
    )
    private, public = DIRECTORY / "vault.key", DIRECTORY / "vault.pub"
    if not private.exists():
        vault.generate(private, public)
    settings.BYBIT_SANDBOX_URL = url
    settings.VAULT_PRIVATE_KEY_FILE, settings.VAULT_PUBLIC_KEY_FILE = private, public
    shared = {
        "BYBIT_SANDBOX_URL": url,
        "VAULT_PRIVATE_KEY_FILE": str(private),
        "VAULT_PUBLIC_KEY_FILE": str(public),
        "LOG_LEVEL": "WARNING",
    }
    command = ("-m", "celery", "-A", "hexagonal", "worker", "--concurrency", "2")
    worker = subprocess.Popen(
        [sys.executable, *command, "--queues", "orders,control,default", "--loglevel", "ERROR"],
        cwd=ROOT,
        env=os.environ | shared,
        stdout=subprocess.DEVNULL,
    )
    try:
        yield BybitControl(url)
    finally:
        worker.terminate()
        sandbox.terminate()
        worker.wait(30)


def make_followers(bybit: BybitControl) -> None:
    now = timezone.now()
    for number in range(ACCOUNTS):
        key = bybit.account(balance="1000000")
        link = Connection(
            user=make_user(f"t{number}"),
            environment="sandbox",
            egress=least_used(),
            name="main",
            status="connected",
            exchange_uid=key["uid"],
            equity=1_000_000,
            available=1_000_000,
            balance_at=now,
            checked_at=now,
        )
        credentials = Credentials(key["api_key"], key["api_secret"])
        link.sealed = vault.seal(credentials, context=seal_context(link))
        link.save()
        CopySettings.objects.create(connection=link, sizing="fixed_margin", amount=50)
        SymbolState.objects.create(connection=link, symbol="BTCUSDT", leverage=10, confirmed_at=now)


def run_signal(author: User) -> None:
    """Publish, wait until every account has its acknowledgement, and let the copies rest."""
    now = timezone.now()
    Connection.objects.update(balance_at=now, checked_at=now)
    signal = publishing.create_signal(author, long_btc(), now=now)
    publishing.publish(signal, actor=author, now=timezone.now(), accepted=EVERYTHING)
    copies = Copy.objects.filter(signal=signal)
    deadline = time.monotonic() + 60
    while copies.filter(acknowledged_at=None).exists() or copies.exclude(lease_token=None).exists():
        assert time.monotonic() < deadline, list(copies.values_list("status", "reason")[:3])
        time.sleep(0.02)
    copies.update(status="closed", due_at=None)


def measure() -> dict[str, object]:
    call_command("migrate", verbosity=0)
    call_command("flush", interactive=False, verbosity=0)
    cache.clear()
    try:
        with platform() as bybit:
            bybit.price("BTCUSDT", 46300)
            services.refresh_instruments("bybit", "sandbox", now=timezone.now())
            services.refresh_prices("bybit", "sandbox", now=timezone.now())
            author = make_user("author", is_superuser=True)
            make_followers(bybit)
            for _ in range(SIGNALS):
                run_signal(author)
            found = timings.fairness()
    finally:
        connections.close_all()
        call_command("flush", interactive=False, verbosity=0)
    assert found.correlation is not None
    return {
        "signals": found.signals,
        "accounts": found.accounts,
        "rank_correlation": round(found.correlation, 4),
    }


if __name__ == "__main__":
    print(json.dumps({"fairness": measure()}, indent=2))

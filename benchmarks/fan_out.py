"""Fan-out of one signal against a bare thread pool over pybit, in one run on this machine.

Ours: publish -> broker -> worker processes -> claim, plan, record, send, record. The baseline sends
the same orders from a thread pool with one shared HTTP session: no database, no queue, no record.
Writes `build/bench.json`.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))
ACCOUNTS = int(os.environ.get("ACCOUNTS", "200"))
LATENCY_MS = 80
THREADS = 64  # as many connections as the shared pool holds
DIRECTORY = Path(tempfile.mkdtemp(prefix="hexagonal-bench-"))

os.environ |= {
    "DJANGO_SETTINGS_MODULE": "tests.settings",
    "VAULT_PRIVATE_KEY_FILE": str(DIRECTORY / "vault.key"),
    "VAULT_PUBLIC_KEY_FILE": str(DIRECTORY / "vault.pub"),
    "LOG_LEVEL": "WARNING",
}


import django  # noqa: E402 - after the environment

django.setup()

import requests  # noqa: E402
from django.conf import settings  # noqa: E402
from django.core.management import call_command  # noqa: E402
from django.utils import timezone  # noqa: E402

from accounts.models import User  # noqa: E402
from exchanges import services, vault  # noqa: E402
from exchanges.adapters.bybit.gateway import BybitExchange  # noqa: E402
from exchanges.domain.trading import Credentials, NewOrder, OrderType, Side  # noqa: E402
from exchanges.gateway import wire_of  # noqa: E402
from exchanges.models import Connection, SymbolState  # noqa: E402
from exchanges.ports import NoMeter  # noqa: E402
from signals.domain.draft import Draft, TargetDraft  # noqa: E402
from signals.models import Copy, CopySettings  # noqa: E402
from signals.services import publishing  # noqa: E402
from tests.fixtures.people import long_btc, make_user  # noqa: E402


def start_sandbox() -> tuple[subprocess.Popen[str], str]:
    limits = ("--no-ip-limits", "--no-uid-limits", "--latency-ms", str(LATENCY_MS))
    child = subprocess.Popen(
        [sys.executable, "-m", "sandbox.bybit", "--port", "0", "--prices", "manual", *limits],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert child.stdout is not None
    return child, child.stdout.readline().split()[-1]


def main() -> None:
    sandbox, url = start_sandbox()
    os.environ["BYBIT_SANDBOX_URL"] = settings.BYBIT_SANDBOX_URL = url
    worker = subprocess.Popen(
        [
            *(sys.executable, "-m", "celery", "-A", "hexagonal", "worker", "--concurrency", "4"),
            *("--queues", "orders,control,default", "--loglevel", "ERROR"),
        ],
        cwd=ROOT,
        stdout=subprocess.DEVNULL,
    )
    try:
        measure(url)
    finally:
        worker.terminate()
        sandbox.terminate()
        worker.wait(30)


def run_signal(author: User, draft: Draft) -> float:
    """Publish and wait; seconds from publishing to the last acknowledgement."""
    Connection.objects.update(balance_at=timezone.now(), checked_at=timezone.now())
    signal = publishing.create_signal(author, draft, now=timezone.now())
    signal = publishing.publish(signal, actor=author, now=timezone.now())
    copies = Copy.objects.filter(signal=signal)
    deadline = time.monotonic() + 120
    while copies.filter(acknowledged_at=None).exists():
        assert time.monotonic() < deadline, copies.values_list("status", "reason").first()
        time.sleep(0.02)
    last = max(copies.values_list("acknowledged_at", flat=True))
    return (last - signal.published_at).total_seconds()


def measure(url: str) -> None:
    call_command("migrate", verbosity=0)
    vault.generate(DIRECTORY / "vault.key", DIRECTORY / "vault.pub")
    services.refresh_instruments("bybit", "sandbox", now=timezone.now())
    author = make_user("author", is_superuser=True)
    control = requests.Session()
    keys, now = [], timezone.now()
    for number in range(ACCOUNTS):
        key = control.post(f"{url}/_control/accounts", json={"balance": "1000"}).json()
        keys.append(Credentials(key["api_key"], key["api_secret"]))
        link = Connection(
            user=make_user(f"t{number}"),
            environment="sandbox",
            name="x",
            status="connected",
            exchange_uid=key["uid"],
            equity=1000,
            available=1000,
            balance_at=now,
            checked_at=now,
        )
        link.sealed = vault.seal(keys[-1], context=f"bybit/sandbox/{link.public_id}")
        link.save()
        CopySettings.objects.create(connection=link, sizing="fixed_margin", amount=50)
        for symbol in ("BTCUSDT", "ETHUSDT"):
            SymbolState.objects.create(
                connection=link, symbol=symbol, leverage=10, confirmed_at=now
            )
    Connection.objects.update(balance_at=timezone.now(), checked_at=timezone.now())

    def send(number: int) -> None:
        order = NewOrder(
            link_id=f"bare{number}",
            symbol="BTCUSDT",
            side=Side.BUY,
            type=OrderType.LIMIT,
            quantity=Decimal("0.001"),
            position_index=0,
            price=Decimal(46000),
            stop=Decimal(45500),
        )
        BybitExchange(keys[number], wire_of("sandbox", "127.0.0.1", NoMeter())).place(order)

    started = time.monotonic()
    with ThreadPoolExecutor(THREADS) as pool:
        list(pool.map(send, range(ACCOUNTS)))
    pool_seconds = time.monotonic() - started

    started = time.monotonic()
    for number in range(10):
        keys_sent = NewOrder(
            f"one{number}",
            "BTCUSDT",
            Side.BUY,
            OrderType.LIMIT,
            Decimal("0.001"),
            0,
            Decimal(46000),
        )
        BybitExchange(keys[number], wire_of("sandbox", "127.0.0.1", NoMeter())).place(keys_sent)
    script_seconds = (time.monotonic() - started) / 10 * ACCOUNTS

    eth = long_btc(
        symbol="ETHUSDT",
        entry_low=Decimal(3600),
        entry_high=Decimal(3650),
        stop=Decimal(3500),
        targets=(TargetDraft(Decimal(3900), Decimal(100)),),
    )
    run_signal(author, eth)  # the workers' first one loads their libraries
    before = control.get(f"{url}/_control/requests").json()["paths"]["/v5/order/create"]
    ours = run_signal(author, long_btc())
    after = control.get(f"{url}/_control/requests").json()["paths"]["/v5/order/create"]
    result = {
        "accounts": ACCOUNTS,
        "latency_ms": LATENCY_MS,
        "B1": {
            "ratio_to_pool": round(ours / pool_seconds, 2),
            "times_faster_than_script": round(script_seconds / ours, 1),
        },
        "B3": {"requests_per_account": round((after - before) / ACCOUNTS, 2)},
    }
    (ROOT / "build").mkdir(exist_ok=True)
    (ROOT / "build" / "bench.json").write_text(json.dumps(result, indent=2) + "\n")
    print(json.dumps(result, indent=2))


if __name__ == "__main__":
    main()

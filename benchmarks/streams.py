"""B6: many private sockets in one stream process: memory, CPU, and the delay from fill to row.

The process is the platform's own (`run_stream`), the exchange the sandbox, both on this machine.
All entries are filled by one price; a trigger of the database tells when each fill is committed.
"""

from __future__ import annotations

import os
import select
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))
ACCOUNTS = int(os.environ.get("SOCKETS", "1000"))
TRICKLE = min(200, ACCOUNTS // 2)  # fills that come one by one
PATIENCE = 180  # seconds for all sockets to open
DIRECTORY = Path(tempfile.mkdtemp(prefix="hexagonal-bench-"))

os.environ |= {
    "DJANGO_SETTINGS_MODULE": "tests.settings",
    "VAULT_PRIVATE_KEY_FILE": str(DIRECTORY / "vault.key"),
    "VAULT_PUBLIC_KEY_FILE": str(DIRECTORY / "vault.pub"),
    "LOG_LEVEL": "WARNING",
    "STREAM_OPENINGS": "100000",  # the ramp alone would take ten minutes
    "EGRESS_REQUESTS": "100000",
}

import django  # noqa: E402 - after the environment

django.setup()

import psycopg2  # noqa: E402
import requests  # noqa: E402
from django.conf import settings  # noqa: E402
from django.core.management import call_command  # noqa: E402
from django.db import connection  # noqa: E402
from django.utils import timezone  # noqa: E402

from exchanges import instruments, vault  # noqa: E402
from exchanges.domain.trading import Credentials  # noqa: E402
from exchanges.models import Connection, SymbolState  # noqa: E402
from signals.domain.linting import WARNINGS  # noqa: E402
from signals.models import Copy, CopySettings, Fill, Order  # noqa: E402
from signals.services import publishing, working  # noqa: E402
from signals.services.enrolling import enrol_next  # noqa: E402
from tests.fixtures.people import long_btc, make_user  # noqa: E402

TRIGGER = """
CREATE OR REPLACE FUNCTION bench_tell() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_notify('bench', extract(epoch FROM NEW.at) || ' ' || NEW.fill_id);
    RETURN NULL;
END $$;
DROP TRIGGER IF EXISTS bench_tell ON signals_fill;
CREATE TRIGGER bench_tell AFTER INSERT ON signals_fill
FOR EACH ROW EXECUTE FUNCTION bench_tell();
"""


def measure() -> dict[str, object]:
    """Start everything on the database and broker of the environment, and measure once."""
    call_command("migrate", verbosity=0)
    sandbox, url = start_sandbox()
    os.environ["BYBIT_SANDBOX_URL"] = settings.BYBIT_SANDBOX_URL = url
    children = [sandbox]
    try:
        control = requests.Session()
        make_copies(url, control)
        stream = start("manage.py", "run_stream")
        children.append(stream)
        began = time.monotonic()
        while (heard := Connection.objects.filter(streamed_at__isnull=False).count()) < ACCOUNTS:
            assert stream.poll() is None, "the stream process has ended"
            assert time.monotonic() - began < PATIENCE, heard
            time.sleep(0.2)
        opening = time.monotonic() - began
        time.sleep(3)
        return {
            "sockets": ACCOUNTS,
            "opening_seconds": round(opening, 1),
            "rss_mb": round(rss_mb(stream.pid), 1),
            "idle_cpu_percent": idle_percent(stream.pid),
            **fill_all(url, control, stream.pid),
        }
    finally:
        for child in reversed(children):
            child.terminate()
            child.wait(30)


def start(*command: str) -> subprocess.Popen[str]:
    return subprocess.Popen([sys.executable, *command], cwd=ROOT, stdout=subprocess.PIPE, text=True)


def start_sandbox() -> tuple[subprocess.Popen[str], str]:
    limits = ("--no-ip-limits", "--no-uid-limits")
    child = start("-m", "sandbox.bybit", "--port", "0", "--prices", "manual", *limits)
    assert child.stdout is not None
    url = child.stdout.readline().split()[-1]
    requests.post(f"{url}/_control/limits", json={"connections": False}, timeout=30)
    return child, url


def make_copies(url: str, control: requests.Session) -> None:
    """Accounts whose entries rest at the exchange and are on record, as after a fan-out."""
    vault.generate(DIRECTORY / "vault.key", DIRECTORY / "vault.pub")
    control.post(f"{url}/_control/price", json={"symbol": "BTCUSDT", "price": "46300"})
    instruments.refresh_instruments("bybit", "sandbox", now=timezone.now())
    now = timezone.now()
    links = []
    for number in range(ACCOUNTS):
        key = control.post(f"{url}/_control/accounts", json={"balance": "1000"}).json()
        link = Connection(
            user=make_user(f"s{number}"),
            environment="sandbox",
            name="x",
            status="connected",
            exchange_uid=key["uid"],
            equity=1000,
            available=1000,
            balance_at=now,
            checked_at=now,
            margin_mode="REGULAR_MARGIN",
        )
        credentials = Credentials(key["api_key"], key["api_secret"])
        link.sealed = vault.seal(credentials, context=f"bybit/sandbox/{link.public_id}")
        link.save()
        CopySettings.objects.create(connection=link, sizing="fixed_margin", amount=50)
        SymbolState.objects.create(connection=link, symbol="BTCUSDT", leverage=10, confirmed_at=now)
        links.append(link)
    enter(links)


def enter(links: list[Connection]) -> None:
    author = make_user("streamer", is_superuser=True)
    signal = publishing.create_signal(author, long_btc(), now=timezone.now())
    every = [problem.value for problem in WARNINGS]
    publishing.publish(signal, actor=author, now=timezone.now(), accepted=every)
    while enrol_next():
        pass
    deadline = time.monotonic() + 300
    while Copy.objects.filter(status__in=["pending", "unknown"]).exists():
        Copy.objects.filter(status="pending").update(created_at=timezone.now())
        working.work()
        assert time.monotonic() < deadline
    placed = Order.objects.filter(status="open").count()
    assert placed == len(links), Copy.objects.values_list("status", "reason").distinct()


def fill_all(url: str, control: requests.Session, pid: int) -> dict[str, float]:
    """Fill some one by one, then all others at once."""
    with connection.cursor() as cursor:
        cursor.execute(TRIGGER)
    listener = psycopg2.connect(**connection_values())
    listener.autocommit = True
    with listener.cursor() as cursor:
        cursor.execute("LISTEN bench")
    few = list(Order.objects.filter(leg="entry").select_related("connection")[:TRICKLE])
    calm: list[float] = []
    for order in few:
        # Its trader moves the price in the exchange's app, to where it fills at once.
        body = {"symbol": "BTCUSDT", "orderId": order.exchange_id, "price": "46400"}
        uid = order.connection.exchange_uid
        control.post(f"{url}/_control/accounts/{uid}/amend", json=body).raise_for_status()
        calm += hear(listener, 1, seconds=10)
    before = cpu_seconds(pid)
    rest = ACCOUNTS - len(calm)
    began = time.monotonic()
    control.post(f"{url}/_control/price", json={"symbol": "BTCUSDT", "price": "45950"})
    matching = time.monotonic() - began
    crowd = hear(listener, rest, seconds=120)
    spent = cpu_seconds(pid) - before
    time.sleep(1)
    told = sandbox_delays(url, control, {order.pk for order in few})
    assert Fill.objects.count() == ACCOUNTS, Fill.objects.count()
    return {
        "calm_p50_ms": percentile(calm, 50),
        "calm_p99_ms": percentile(calm, 99),
        "crowd_fills": len(crowd),
        "crowd_matching_ms": round(matching * 1000, 1),
        # The sandbox's own share of the delay; a few have been sent a pong since.
        "crowd_told_p50_ms": percentile(told, 50),
        "crowd_p50_ms": percentile(crowd, 50),
        "crowd_p99_ms": percentile(crowd, 99),
        "cpu_ms_per_fill": round(spent / max(len(crowd), 1) * 1000, 2),
        "rss_mb_after": round(rss_mb(pid), 1),
    }


def sandbox_delays(url: str, control: requests.Session, but: set[int]) -> list[float]:
    """From each fill to the moment at which the sandbox had sent all that it caused."""
    sockets = control.get(f"{url}/_control/streams").json()["sockets"]
    sent_at = {socket["uid"]: socket["sent_at"] for socket in sockets}
    fills = Fill.objects.exclude(order__in=but).select_related("connection")
    return [(sent_at[f.connection.exchange_uid] - f.at.timestamp()) * 1000 for f in fills]


def connection_values() -> dict[str, object]:
    db = connection.settings_dict
    return {"host": db["HOST"], "port": db["PORT"], "user": db["USER"], "dbname": db["NAME"]}


def hear(listener, count: int, *, seconds: float) -> list[float]:
    """The delays in milliseconds of so many fills: from the exchange's time to our commit."""
    delays: list[float] = []
    deadline = time.monotonic() + seconds
    while len(delays) < count:
        left = deadline - time.monotonic()
        assert left > 0, f"{len(delays)} of {count} fills came"
        select.select([listener], [], [], left)
        listener.poll()
        now = time.time()
        delays += [(now - float(notice.payload.split()[0])) * 1000 for notice in listener.notifies]
        listener.notifies.clear()
    return delays


def percentile(values: list[float], percent: int) -> float:
    return round(statistics.quantiles(values, n=100)[percent - 1], 1)


def rss_mb(pid: int) -> float:
    pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6


def cpu_seconds(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def idle_percent(pid: int, seconds: float = 30) -> float:
    """Of one core, while nothing happens but heartbeats."""
    before = cpu_seconds(pid)
    time.sleep(seconds)
    return round((cpu_seconds(pid) - before) / seconds * 100, 1)

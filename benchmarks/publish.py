"""B7: what publishing asks of the web at 10,000 connections, over real HTTP requests.

granian serves the pages and the API; PostgreSQL and the broker are real, no worker runs. Beside the
publish request: the dry run, and the author's page of a signal with 10,000 copies.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from decimal import Decimal
from pathlib import Path
from statistics import median

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tests.settings")

import django  # noqa: E402 - after the environment

django.setup()

import requests  # noqa: E402
from django.core.cache import cache  # noqa: E402
from django.core.management import call_command  # noqa: E402
from django.db import connection, connections  # noqa: E402
from django.utils import timezone  # noqa: E402
from knox.models import AuthToken  # noqa: E402

from accounts.models import User  # noqa: E402
from exchanges.egress import least_used  # noqa: E402
from exchanges.models import Connection, Instrument, SymbolState  # noqa: E402
from sandbox.stack.services import free_port  # noqa: E402
from signals.domain.linting import WARNINGS  # noqa: E402
from signals.models import Copy, CopySettings  # noqa: E402
from signals.services.enrolling import enrol_next  # noqa: E402

CONNECTIONS = int(os.environ.get("CONNECTIONS", "10000"))
ROUNDS = 5
PASSWORD = "correct-horse-battery"
PRICE = Decimal(46300)
FIGURES = {
    "side": "long",
    "leverage": "10",
    "entry_low": "45900",
    "entry_high": "46000",
    "stop": "45500",
}
PAGE = FIGURES | {"target_price": "47000", "target_share": "100"}
# One address serves so many accounts for longer than an entry lives: the author says yes to it.
ACCEPTED = [problem.value for problem in WARNINGS]
BODY = FIGURES | {"targets": [{"price": "47000", "share": "100"}]}


def make_author() -> User:
    return User.objects.create_superuser("author@example.com", "author", PASSWORD)


def make_instruments(symbols: list[str]) -> None:
    now = timezone.now()
    prices = dict.fromkeys(("bid", "ask", "last", "mark"), PRICE)
    Instrument.objects.bulk_create(
        Instrument(
            exchange="bybit",
            environment="sandbox",
            symbol=symbol,
            base=symbol.removesuffix("USDT"),
            quote="USDT",
            status="Trading",
            tick=Decimal("0.1"),
            step=Decimal("0.001"),
            min_quantity=Decimal("0.001"),
            max_quantity=1190,
            max_market_quantity=500,
            min_notional=5,
            min_leverage=1,
            max_leverage=100,
            leverage_step=Decimal("0.01"),
            refreshed_at=now,
            priced_at=now,
            **prices,
        )
        for symbol in symbols
    )


def make_followers(count: int, symbols: list[str]) -> None:
    """Linked and ready accounts, each of another trader."""
    now, egress = timezone.now(), least_used()
    people = User.objects.bulk_create(
        User(email=f"t{n}@example.com", nickname=f"trader-{n}", password="!", has_telegram=True)
        for n in range(count)
    )
    links = Connection.objects.bulk_create(
        Connection(
            user=person,
            environment="sandbox",
            egress=egress,
            name="main",
            status="connected",
            exchange_uid=str(1_000_000 + number),
            equity=1000,
            available=1000,
            balance_at=now,
            checked_at=now,
        )
        for number, person in enumerate(people)
    )
    CopySettings.objects.bulk_create(
        CopySettings(connection=link, sizing="fixed_margin", amount=50) for link in links
    )
    SymbolState.objects.bulk_create(
        [
            SymbolState(connection=link, symbol=symbols[0], leverage=10, confirmed_at=now)
            for link in links
        ],
        batch_size=5_000,
    )
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")


@contextmanager
def web() -> Iterator[str]:
    port = free_port()
    command = [
        *(sys.executable, "-m", "granian", "--interface", "wsgi", "--host", "127.0.0.1"),
        *("--port", str(port), "--blocking-threads", "4", "--no-log", "hexagonal.wsgi:application"),
    ]
    child = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL)
    url = f"http://127.0.0.1:{port}"
    try:
        _wait_for(url)
        yield url
    finally:
        child.terminate()
        child.wait(20)


def _wait_for(url: str) -> None:
    deadline = time.monotonic() + 30
    while True:
        try:
            if requests.get(f"{url}/readyz", timeout=2).ok:
                return
        except requests.RequestException:
            pass
        assert time.monotonic() < deadline, "the web does not come up"
        time.sleep(0.1)


class Author:
    """The author's browser and script."""

    def __init__(self, url: str, user: User) -> None:
        self.url = url
        self.browser = requests.Session()
        self.browser.headers["Accept-Language"] = "en"
        page = self.browser.get(f"{url}/account/login/").text
        login = {"email": user.email, "password": PASSWORD, "csrfmiddlewaretoken": _token(page)}
        assert self.browser.post(f"{url}/account/login/", login).ok
        self.csrf = _token(self.browser.get(f"{url}/settings/").text)
        _stored, token = AuthToken.objects.create(user)
        self.script = requests.Session()
        self.script.headers["Authorization"] = f"Token {token}"

    def form(self, path: str, data: Mapping[str, str | list[str]]) -> requests.Response:
        fields = {**data, "csrfmiddlewaretoken": self.csrf}
        return self.browser.post(f"{self.url}{path}", fields, allow_redirects=False)

    def page(self, path: str) -> requests.Response:
        answer = self.browser.get(f"{self.url}{path}")
        assert answer.ok, answer.status_code
        return answer

    def call(self, path: str, body: object) -> requests.Response:
        answer = self.script.post(f"{self.url}/api/v1{path}", json=body)
        assert answer.ok, answer.text
        return answer

    def read(self, path: str) -> requests.Response:
        answer = self.script.get(f"{self.url}/api/v1{path}")
        assert answer.ok, answer.text
        return answer


def _token(page: str) -> str:
    found = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', page)
    assert found is not None
    return found[1]


def timed(request: Callable[[], requests.Response]) -> tuple[float, requests.Response]:
    """Milliseconds from the first byte of a request to the last of its answer."""
    started = time.perf_counter()
    answer = request()
    return (time.perf_counter() - started) * 1000, answer


def measure() -> dict[str, object]:
    call_command("migrate", verbosity=0)
    cache.clear()
    symbols = [f"B{number}USDT" for number in range(2 * ROUNDS)]
    author = make_author()
    make_instruments(symbols)
    make_followers(CONNECTIONS, symbols)
    try:
        with web() as url:
            return _measure(Author(url, author), symbols)
    finally:
        connections.close_all()


def _measure(author: Author, symbols: list[str]) -> dict[str, object]:
    preview = PAGE | {"symbol": symbols[0]}
    author.form("/signals/preview/", preview)  # the first one loads what is loaded lazily
    dry_page, answer = timed(lambda: author.form("/signals/preview/", preview))
    assert answer.ok
    dry_api, _ = timed(lambda: author.call("/signals/preview/", BODY | {"symbol": symbols[0]}))
    by_page = [_publish_by_page(author, symbol) for symbol in symbols[:ROUNDS]]
    by_api = [_publish_by_api(author, symbol) for symbol in symbols[ROUNDS:]]
    made_by_web = Copy.objects.count()
    seconds, shares = _enrol_the_rest()
    made = Copy.objects.filter(status="pending").count()
    assert made == CONNECTIONS * len(symbols), made
    detail = _first_signal(author)
    author.page(f"/signals/{detail}/")
    pages = {
        "signal": f"/signals/{detail}/",
        "refresh": f"/signals/{detail}/copies/",
        "latency": f"/signals/{detail}/latency/",
        "dashboard": "/",
    }
    return {
        "connections": CONNECTIONS,
        "page_ms": round(median(by_page)),
        "api_ms": round(median(by_api)),
        "fastest_ms": round(min(by_page + by_api)),
        "slowest_ms": round(max(by_page + by_api)),
        "copies_made_by_web": round(made_by_web / len(symbols)),
        "other_parts_s": round(seconds / len(symbols), 2),
        "one_part_ms": round(median(shares)),
        "slowest_part_ms": round(max(shares)),
        "dry_run_page_ms": round(dry_page),
        "dry_run_api_ms": round(dry_api),
        "pages_ms": {
            name: round(timed(lambda path=path: author.page(path))[0])
            for name, path in pages.items()
        },
        "copies_api_ms": round(timed(lambda: author.read(f"/signals/{detail}/copies/"))[0]),
    }


def _enrol_the_rest() -> tuple[float, list[float]]:
    """What the workers do beside their sending: seconds altogether, and milliseconds of each."""
    shares: list[float] = []
    before = time.perf_counter()
    while enrol_next():
        now = time.perf_counter()
        shares.append((now - before) * 1000)
        before = now
    return sum(shares) / 1000, shares


def _publish_by_page(author: Author, symbol: str) -> float:
    """The form's own button: check, store, publish, redirect."""
    asked = {"symbol": symbol, "action": "publish", "idempotency_key": f"bench-{symbol}"}
    fields = {**PAGE, **asked, "accepted": ACCEPTED}
    took, answer = timed(lambda: author.form("/signals/new/", fields))
    assert answer.is_redirect, answer.text[:500]
    return took


def _publish_by_api(author: Author, symbol: str) -> float:
    signal = author.call("/signals/", BODY | {"symbol": symbol}).json()["id"]
    took, answer = timed(lambda: author.call(f"/signals/{signal}/publish/", {"accepted": ACCEPTED}))
    assert answer.json()["status"] == "open"
    return took


def _first_signal(author: Author) -> str:
    return str(author.read("/signals/?limit=1").json()["results"][0]["id"])

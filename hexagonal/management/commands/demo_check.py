"""The main job without a person: publish over the web form, trade, and compare with the ledger."""

from __future__ import annotations

import json
import os
import re
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

import requests
from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from exchanges.models import Connection
from hexagonal.lib.numbers import plain
from hexagonal.management.commands.seed_demo import ADMIN
from hexagonal.reconcile import differences
from notifications.models import OutboxMessage, OutboxStatus
from signals.models import LIVE_STATUSES, ClosedPnl, Copy, Fill, Order, Signal

TICK = Decimal("0.1")
MOVE = Decimal("0.004")  # how far stop and target lie from the entry
DIP = Decimal("0.0006")  # how far below the market the long waits
LOOK_AHEAD = 400  # candles
PATIENCE = 180.0
SPEED = 400  # candle minutes in a real minute


@dataclass(frozen=True)
class Plan:
    """A signal that fits the candles from `position` on."""

    position: int
    side: str
    low: Decimal
    high: Decimal
    stop: Decimal
    target: Decimal


class Command(BaseCommand):
    help = "Publish a long and a short on the demo, wait, and compare every account."

    def handle(self, *args: Any, **options: Any) -> None:
        self.web = self._log_in()
        self.control = f"{settings.BYBIT_SANDBOX_URL}/_control"
        start = 0
        for make, wins in ((long_plan, True), (short_plan, False)):
            chosen = self._choose(make, start, wins=wins)
            self._play(chosen)
            start = int(self._get("feed")["position"]) + 30
        found = {}
        for link in Connection.objects.order_by("pk"):
            found[link.pk] = differences(link, self._ledger(link.exchange_uid))
        self._report(found)
        if any(found.values()):
            raise CommandError("The platform and the exchange differ.")

    # --- publishing over the web -------------------------------------------------------------

    def _log_in(self) -> requests.Session:
        web = requests.Session()
        url = f"{settings.SITE_URL}/account/login/"
        token = hidden(web.get(url, timeout=20).text, "csrfmiddlewaretoken")
        answer = web.post(
            url,
            data={
                "csrfmiddlewaretoken": token,
                "email": ADMIN,
                "password": os.environ["DEMO_PASSWORD"],
            },
            timeout=20,
        )
        if "/account/login/" in answer.url:
            raise CommandError("The log-in failed.")
        return web

    def _publish(self, chosen: Plan) -> Signal:
        url = f"{settings.SITE_URL}/signals/new/"
        page = self.web.get(url, timeout=20).text
        answer = self.web.post(
            url,
            data={
                "csrfmiddlewaretoken": hidden(page, "csrfmiddlewaretoken"),
                "idempotency_key": hidden(page, "idempotency_key"),
                "action": "publish",
                "symbol": "BTCUSDT",
                "side": chosen.side,
                "leverage": "10",
                # High first, as the product's cards write it: it means the same range.
                "entry_low": plain(chosen.high),
                "entry_high": plain(chosen.low),
                "stop": plain(chosen.stop),
                "target_price": plain(chosen.target),
                "target_share": "100",
                # As near as its stop: with the fees it brings a little less.
                "accepted": ["draft_reward_below_risk"],
            },
            timeout=20,
        )
        match = re.search(r"/signals/([0-9a-f-]{36})/$", answer.url)
        if not match:
            raise CommandError(f"The form was refused: {errors_of(answer.text)}")
        return Signal.objects.get(public_id=match.group(1))

    # --- the market --------------------------------------------------------------------------

    def _choose(self, make: Callable[[int, Decimal], Plan], start: int, *, wins: bool) -> Plan:
        """The first place in the candles where the signal is entered and ends as it should."""
        answer = self._get("candles", **{"from": start, "count": 20_000})
        paths = [[Decimal(price) for price in path] for path in answer["paths"]]
        for offset in range(0, len(paths) - LOOK_AHEAD, 5):
            chosen = make(start + offset, paths[offset][0])
            ahead = [price for path in paths[offset : offset + LOOK_AHEAD] for price in path]
            if ends_as_wanted(chosen, ahead, wins=wins):
                return chosen
        raise CommandError("No place in the candles fits.")

    def _play(self, chosen: Plan) -> None:
        self._post("feed", mode="candles", paused=True, speed=SPEED, position=chosen.position)
        time.sleep(4)  # the platform reads the new prices
        signal = self._publish(chosen)
        self._wait(
            lambda: not signal.copies.filter(status__in=["pending", "unknown"]).exists(),
            "the acknowledgements",
        )
        self._post("feed", paused=False)
        self._wait(
            lambda: not signal.copies.filter(status__in=LIVE_STATUSES).exists(),
            "the end of every copy",
        )
        self._post("feed", paused=True)
        waiting = [OutboxStatus.QUEUED, OutboxStatus.SENDING]
        self._wait(
            lambda: not OutboxMessage.objects.filter(status__in=waiting).exists(), "the notices"
        )

    def _wait(self, done: Callable[[], bool], what: str) -> None:
        deadline = time.monotonic() + PATIENCE
        while not done():
            if time.monotonic() > deadline:
                raise CommandError(f"{what} took longer than {PATIENCE:g} s")
            time.sleep(0.1)

    def _get(self, path: str, **query: Any) -> dict[str, Any]:
        answer = requests.get(f"{self.control}/{path}", params=query, timeout=30)
        answer.raise_for_status()
        found: dict[str, Any] = answer.json()
        return found

    def _post(self, path: str, **body: Any) -> None:
        requests.post(f"{self.control}/{path}", json=body, timeout=30).raise_for_status()

    def _ledger(self, uid: str) -> dict[str, Any]:
        ledger: dict[str, Any] = self._get("ledger", uid=uid)["accounts"][uid]
        return ledger

    # --- the report --------------------------------------------------------------------------

    def _report(self, found: dict[int, list[str]]) -> None:
        states = Counter(
            f"{status}: {reason}" if reason else status
            for status, reason in Copy.objects.values_list("status", "reason")
        )
        delays = sorted(
            (copy.acknowledged_at - copy.signal.published_at).total_seconds() * 1000
            for copy in Copy.objects.filter(acknowledged_at__isnull=False).select_related("signal")
            if copy.acknowledged_at and copy.signal.published_at
        )
        fees = sum(Fill.objects.values_list("fee", flat=True), Decimal(0))
        pnl = sum(ClosedPnl.objects.values_list("pnl", flat=True), Decimal(0))
        lines = [line for lines in found.values() for line in lines]
        summary = {
            "accounts": len(found),
            "copies": dict(sorted(states.items())),
            "orders": Order.objects.exclude(exchange_id="").count(),
            "fills": Fill.objects.count(),
            "fees": plain(fees),
            "pnl": plain(pnl),
            "notices": OutboxMessage.objects.filter(status=OutboxStatus.SENT).count(),
            "first_ack_ms": round(delays[0]) if delays else None,
            "last_ack_ms": self._slowest(),
            "differences": len(lines),
        }
        for name, value in summary.items():
            if isinstance(value, dict):
                self.stdout.write(f"{name}")
                for state, count in value.items():
                    self.stdout.write(f"  {state:<40} {count:>6}")
            else:
                self.stdout.write(f"{name:<42} {value!s:>6}")
        for line in lines:
            self.stdout.write(f"  {line}")
        target = Path("build")
        target.mkdir(exist_ok=True)
        (target / "demo-check.json").write_text(json.dumps(summary, indent=2) + "\n")

    @staticmethod
    def _slowest() -> int | None:
        """From publishing to the last acknowledgement, the worst of the signals."""
        worst = None
        for signal in Signal.objects.exclude(published_at=None):
            last = signal.copies.order_by("-acknowledged_at").exclude(acknowledged_at=None).first()
            if last is None or last.acknowledged_at is None or signal.published_at is None:
                continue
            delay = round((last.acknowledged_at - signal.published_at).total_seconds() * 1000)
            worst = max(worst or 0, delay)
        return worst


def on_tick(price: Decimal) -> Decimal:
    return price - price % TICK


def long_plan(position: int, price: Decimal) -> Plan:
    """A limit below the market."""
    high = on_tick(price * (1 - DIP))
    low = on_tick(high * (1 - DIP))
    return Plan(position, "long", low, high, on_tick(low * (1 - MOVE)), on_tick(high * (1 + MOVE)))


def short_plan(position: int, price: Decimal) -> Plan:
    """The market is inside the range: entered at once."""
    low, high = on_tick(price * (1 - DIP)), on_tick(price * (1 + DIP))
    return Plan(position, "short", low, high, on_tick(high * (1 + MOVE)), on_tick(low * (1 - MOVE)))


def ends_as_wanted(chosen: Plan, prices: list[Decimal], *, wins: bool) -> bool:
    """Whether the prices enter the signal and then meet target (or stop) first."""
    long = chosen.side == "long"
    entered = False
    for price in prices:
        entered = entered or (price <= chosen.high if long else price >= chosen.low)
        won = price >= chosen.target if long else price <= chosen.target
        lost = price <= chosen.stop if long else price >= chosen.stop
        if won or lost:
            return entered and won == wins
    return False


def hidden(page: str, name: str) -> str:
    match = re.search(rf'name="{name}" value="([^"]*)"', page)
    if not match:
        raise CommandError(f"The page has no {name}.")
    return match.group(1)


def errors_of(page: str) -> list[str]:
    return re.findall(r'class="error"[^>]*>([^<]*)<', page)

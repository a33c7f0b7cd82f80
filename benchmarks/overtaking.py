"""B5: a stop is moved on 1,000 live copies while 1,000 entries of another signal are going out."""

from __future__ import annotations

import time

from benchmarks import stage

ACCOUNTS = 1_000
SOME = 50  # entries that are out when the author moves the stop

from dataclasses import replace  # noqa: E402 - after the stage
from decimal import Decimal  # noqa: E402

from django.utils import timezone  # noqa: E402

from signals.models import Copy  # noqa: E402
from signals.selectors import draft_of  # noqa: E402
from signals.services import publishing  # noqa: E402


def measure() -> dict[str, dict[str, float]]:
    author = stage.prepare()
    with stage.sandbox(limits=False) as box:
        stage.link(box, ACCOUNTS)
        with stage.workers():
            live = stage.publish(author, stage.draft("ETHUSDT"))
            stage.wait_for_all(live)
            box.post("price", symbol="ETHUSDT", price=str(live.entry_high * Decimal("0.999")))
            copies = Copy.objects.filter(signal=live)
            while copies.exclude(status="filled", has_stop=True, applied_revision=1).exists():
                time.sleep(0.2)
            box.post("latency", ms=stage.LATENCY_MS)
            entering = stage.publish(author, stage.draft("BTCUSDT"))
            entries = Copy.objects.filter(signal=entering)
            while entries.exclude(acknowledged_at=None).count() < SOME:
                time.sleep(0.005)
            new = replace(draft_of(live), stop=live.stop + 5)
            publishing.amend(live, new, actor=author, now=timezone.now())
            moved_at = time.time()  # before the commit nobody can know of it
            stage.wait_for_all(entering)
            while copies.filter(applied_revision=1).exists():
                time.sleep(0.05)
            counts = box.counts()
    stops = sorted(counts["stop_times"])  # type: ignore[call-overload]
    orders = sorted(at for at, _, _ in counts["order_times"])  # type: ignore[attr-defined]
    last = max(at for at in stops if at > moved_at)
    overtook = sum(1 for at in orders if moved_at < at < last)
    return {
        "B5": {
            "stops": sum(1 for at in stops if at > moved_at),
            "entries_before_the_last_stop": overtook,
            "seconds_of_the_stops": round(last - moved_at, 2),
        }
    }

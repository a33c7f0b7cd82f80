"""B8: what a look at 1,000 connections costs, in requests and seconds, under the exchange's limits.

The whole look reads the key's rights as well; the usual one, between two of those, the account
alone. What is measured is one worker that never pauses; beat lets one batch begin every five
seconds, so that the looks leave room for trading.
"""

from __future__ import annotations

import time
from typing import Any

from benchmarks import stage

ACCOUNTS = 1_000
BEAT_SECONDS = 5.0
MOST = 600

from django.utils import timezone  # noqa: E402 - after the stage

from exchanges.governor import governor  # noqa: E402
from exchanges.models import Connection  # noqa: E402
from exchanges.tasks import AT_ONCE, watch_accounts  # noqa: E402

PRIVATE = ("/v5/user/", "/v5/account/", "/v5/position/", "/v5/order/")


def requests_of(box: stage.Sandbox) -> int:
    paths = dict(box.counts()["paths"])  # type: ignore[call-overload]
    return sum(count for path, count in paths.items() if path.startswith(PRIVATE))


def look_at_all(box: stage.Sandbox, accounts: int, *, rights: bool) -> dict[str, float]:
    """Let every connection be stale, and look until none is."""
    begun = timezone.now()
    rights_read = None if rights else begun
    Connection.objects.update(checked_at=None, key_checked_at=rights_read)
    before, cpu, started, batches = requests_of(box), time.process_time(), time.monotonic(), 0
    while Connection.objects.filter(checked_at=None).exists():
        watch_accounts()
        batches += 1
    seconds = time.monotonic() - started
    asked = requests_of(box) - before
    return {
        "requests": asked,
        "requests_each": round(asked / accounts, 2),
        "seconds_without_pause": round(seconds, 1),
        "seconds_at_beats_pace": max(batches * BEAT_SECONDS, round(seconds, 1)),
        "requests_a_second_at_most": round(AT_ONCE * asked / accounts / BEAT_SECONDS, 1),
        "unread": Connection.objects.filter(balance_at__lt=begun).count(),
        "cpu_ms_each": round((time.process_time() - cpu) / accounts * 1000, 2),
    }


def measure(accounts: int = ACCOUNTS) -> dict[str, dict[str, Any]]:
    stage.prepare()
    with stage.sandbox(limits=True) as box:
        stage.link(box, accounts)
        stage.settings.EGRESS_REQUESTS = MOST
        governor.cache_clear()
        box.post("latency", ms=stage.LATENCY_MS)
        whole = look_at_all(box, accounts, rights=True)
        usual = look_at_all(box, accounts, rights=False)
        counts = box.counts()
    refusals = dict(counts["refusals"])  # type: ignore[call-overload]
    return {"B8": {"whole": whole, "usual": usual, "refusals": sum(refusals.values())}}

"""Is anybody always first? The order of acknowledgements over 50 signals, with real workers.

The mean Spearman rank correlation of all pairs of signals: near 0 the order is drawn anew for each
signal, 1 the same accounts are always first. By chance alone it stays within about 0.01 of 0.
"""

from __future__ import annotations

import time

from benchmarks import stage

SIGNALS = 50
ACCOUNTS = 40
LATENCY_MS = 20
MARGIN = 6  # USDT: the orders of all signals rest beside one another

from accounts.models import User  # noqa: E402 - after the stage
from signals import timings  # noqa: E402
from signals.models import Copy, CopySettings, Signal  # noqa: E402


def run_signal(author: User) -> None:
    """Publish, wait until every account has its acknowledgement, and let the copies rest."""
    signal = stage.publish(author, stage.draft())
    stage.wait_for_all(signal)
    copies = Copy.objects.filter(signal=signal)
    while copies.exclude(lease_token=None).exists():
        time.sleep(0.01)
    copies.update(status="closed", due_at=None)
    Signal.objects.filter(pk=signal.pk).update(status="closed")


def measure() -> dict[str, dict[str, float | int | None]]:
    author = stage.prepare()
    with stage.sandbox(limits=False) as box:
        stage.link(box, ACCOUNTS)
        CopySettings.objects.update(amount=MARGIN)
        box.post("latency", ms=LATENCY_MS)
        with stage.workers():
            for _ in range(SIGNALS):
                run_signal(author)
            found = timings.fairness()
    assert found.correlation is not None
    return {
        "fairness": {
            "signals": found.signals,
            "accounts": found.accounts,
            "rank_correlation": round(found.correlation, 4),
        }
    }

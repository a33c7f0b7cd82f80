"""B2: fan-out under the exchange's limits, against the time that the limits alone force.

What is forced: with the speed that this machine reaches without limits by as many addresses, and
the exchange's 600 requests in any five seconds from each of them, the n-th order of an address can
be acknowledged no earlier than it is without limits, and five seconds after the one that stands 600
places before it.
"""

from __future__ import annotations

import time
from statistics import median
from typing import Any

from benchmarks import stage

ROUNDS = {1_000: 5, 5_000: 2}  # seconds differ by a fifth from run to run: medians
ADDRESSES = (1, 2, 8)
MOST, SPAN = 600, 5.0
FEW = 400

from exchanges.choices import ConnectionStatus  # noqa: E402 - after the stage
from exchanges.models import Connection  # noqa: E402


def forced(addresses: int, free: list[float]) -> float:
    """Seconds until the last order is acknowledged; `free`: those of all without limits."""
    times: list[float] = []
    of_one = free[::-1][::addresses][::-1]  # the orders of the address that leaves the last of all
    for number, freely in enumerate(of_one):
        held = times[number - MOST] + SPAN if number >= MOST else 0.0
        times.append(max(freely, held))
    return times[-1]


def run(author: Any, addresses: list[str], symbol: str, **environment: str) -> list[float]:
    """Seconds from publishing to each acknowledgement, in turn."""
    stage.forget()
    stage.settings.EGRESS = {address: address for address in addresses}
    stage.leave_by(addresses)
    with stage.workers(EGRESS=",".join(addresses), GOVERNOR_DOUBT_PERCENT="0", **environment):
        warm_up(author)
        signal = stage.publish(author, stage.draft(symbol))
        stage.wait_for_all(signal)
    return stage.acknowledged(signal)


def warm_up(author: Any) -> None:
    """Let workers open their connections with fewer orders than a window holds, and let it pass."""
    some = Connection.objects.order_by("pk").values_list("pk", flat=True)[:FEW]
    others = Connection.objects.exclude(pk__in=list(some))
    others.update(status=ConnectionStatus.REVOKED)
    stage.wait_for_all(stage.publish(author, stage.draft("XRPUSDT")))
    Connection.objects.update(status=ConnectionStatus.CONNECTED)
    stage.rest()
    time.sleep(SPAN)


def one_round(author: Any, accounts: int) -> tuple[dict[int, tuple[float, float]], float]:
    """Our seconds and those that are forced, by addresses; and how often the exchange refused."""
    found = {}
    with stage.sandbox(limits=True) as box:
        stage.link(box, accounts)
        box.post("latency", ms=stage.LATENCY_MS)
        for addresses, symbol in zip(ADDRESSES, ("BTCUSDT", "ETHUSDT", "LTCUSDT"), strict=True):
            names = [f"127.0.0.{2 + number}" for number in range(addresses)]
            box.post("limits", ip=False, uid=False)
            free = run(author, names, "SOLUSDT", EGRESS_REQUESTS=stage.NO_LIMIT)
            box.post("limits", ip=True, uid=True)
            ours = run(author, names, symbol, EGRESS_REQUESTS=str(MOST))
            found[addresses] = ours[-1], forced(addresses, free)
        counts = box.counts()
    refused = dict(counts["refusals"])  # type: ignore[call-overload]
    return found, float(counts["bans"]) + refused.get("10006", 0)  # type: ignore[arg-type]


def measure() -> dict[str, dict[str, Any]]:
    author = stage.prepare()
    result: dict[str, Any] = {}
    refusals = 0.0
    for accounts, rounds in ROUNDS.items():
        played = [one_round(author, accounts) for _ in range(rounds)]
        refusals += sum(refused for _, refused in played)
        for addresses in ADDRESSES:
            ours = median(found[addresses][0] for found, _ in played)
            least = median(found[addresses][1] for found, _ in played)
            figures = {"seconds": ours, "forced_seconds": least, "ratio": ours / least}
            name = f"{accounts}_by_{addresses}"
            result[name] = {name: round(figure, 3) for name, figure in figures.items()}
    worst = max(figures["ratio"] for figures in result.values())
    return {"B2": {"worst_ratio": worst, "refusals": int(refusals), **result}}

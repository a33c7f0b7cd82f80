"""B1 and B3: one signal on 1,000 accounts, against a bare thread pool and against the usual script.

The pool sends the same orders by pybit as it comes, with one shared session: no database, no queue,
no record, nothing decided. The script is pybit too, one account after the other.
"""

from __future__ import annotations

import itertools
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from benchmarks import stage

ACCOUNTS = 1_000
POOL = 64
SCRIPT_ORDERS = 25
SYMBOLS = ("BTCUSDT", "ETHUSDT", "SOLUSDT")  # a run each

import requests  # noqa: E402 - after the stage
from pybit.unified_trading import HTTP  # noqa: E402
from requests.adapters import HTTPAdapter  # noqa: E402

from exchanges.domain.trading import Credentials  # noqa: E402

CREATE = "/v5/order/create"


def clients(url: str, keys: list[Credentials], session: requests.Session) -> list[HTTP]:
    made = []
    for key in keys:
        client = HTTP(testnet=False, api_key=key.api_key, api_secret=key.api_secret)
        client.endpoint, client.client = url, session
        made.append(client)
    return made


def order(number: int) -> dict[str, Any]:
    return {
        "category": "linear",
        "symbol": "BTCUSDT",
        "side": "Buy",
        "orderType": "Limit",
        "qty": "0.01",
        "price": "46000",
        "timeInForce": "GTC",
        "positionIdx": 0,
        "orderLinkId": f"bare{number}",
        "stopLoss": "45500",
        "takeProfit": "47000",
        "tpslMode": "Full",
    }


def by_pool(bare: list[HTTP], numbers: itertools.count[int]) -> float:
    started = time.monotonic()
    with ThreadPoolExecutor(POOL) as pool:
        list(pool.map(lambda client: client.place_order(**order(next(numbers))), bare))
    return time.monotonic() - started


def by_script(bare: list[HTTP], numbers: itertools.count[int]) -> float:
    started = time.monotonic()
    for client in bare[:SCRIPT_ORDERS]:
        client.place_order(**order(next(numbers)))
    return (time.monotonic() - started) / SCRIPT_ORDERS * len(bare)


def shared_session() -> requests.Session:
    session = requests.Session()
    session.mount("http://", HTTPAdapter(pool_maxsize=POOL))
    session.headers.update({"Content-Type": "application/json", "Accept": "application/json"})
    return session


def measure() -> dict[str, dict[str, float]]:
    author = stage.prepare()
    numbers = itertools.count()
    with stage.sandbox(limits=False) as box:
        keys = stage.link(box, ACCOUNTS)
        box.post("latency", ms=stage.LATENCY_MS)
        with stage.workers():
            stage.wait_for_all(stage.publish(author, stage.draft("XRPUSDT")))  # libraries loaded
            ours, pools, sent = [], [], 0
            bare = clients(box.url, keys, shared_session())
            for symbol in SYMBOLS:  # in turn, so that both meet the same machine
                stage.rest()
                pools.append(by_pool(bare, numbers))
                before = dict(box.counts()["paths"])  # type: ignore[call-overload]
                signal = stage.publish(author, stage.draft(symbol))
                stage.wait_for_all(signal)
                after = dict(box.counts()["paths"])  # type: ignore[call-overload]
                ours.append(stage.seconds_of(signal))
                sent += after[CREATE] - before[CREATE]
            stage.rest()
            script = by_script(bare, numbers)
    best, pool = sorted(ours)[1], sorted(pools)[1]
    return {
        "B1": {
            "accounts": ACCOUNTS,
            "seconds": round(best, 2),
            "pool_seconds": round(pool, 2),
            "script_seconds": round(script, 1),
            "ratio_to_pool": round(best / pool, 2),
            "ratio_to_script": round(script / best, 1),
        },
        "B3": {"requests_per_account": round(sent / len(SYMBOLS) / ACCOUNTS, 3)},
    }

"""RSA: what it costs to sign a request with a private key, against one HTTP request.

Both by the adapter, in this process and in turn: the same query to the local sandbox by accounts
whose keys are HMAC, and by accounts whose keys are RSA. What one RSA signature costs, its key read
anew as for each account of a chunk and read once as for its later requests, stands beside it, and
so does pybit's own way, which reads the key for every request.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable

from benchmarks import stage

ROUNDS = 300
WARM_UP = 20

from cryptography.hazmat.primitives import serialization  # noqa: E402 - after the stage
from pybit._http_manager import generate_signature  # noqa: E402

from exchanges.adapters.bybit.gateway import BybitExchange  # noqa: E402
from exchanges.adapters.bybit.signing import signer_of  # noqa: E402
from exchanges.domain.trading import Credentials, KeyKind  # noqa: E402
from exchanges.ports import Wire  # noqa: E402
from tests.fixtures.rsa_keys import new_pair  # noqa: E402

TEXT = "1658384314791XXXXXXXXXX5000" + "x" * 200  # as long as an order


def keys(box: stage.Sandbox) -> dict[str, Credentials]:
    """One account with a key of either kind."""
    made = box.post("accounts", balance="1000")
    private, public = new_pair()
    registered = box.post(f"accounts/{made['uid']}/keys", public_key=public)
    return {
        "hmac": Credentials(str(made["api_key"]), str(made["api_secret"])),
        "rsa": Credentials(str(registered["api_key"]), private, KeyKind.RSA),
    }


def milliseconds(calls: dict[str, Callable[[], object]]) -> dict[str, float]:
    """The median of each call, all of them taking turns: the machine's speed is the same to all."""
    took: dict[str, list[float]] = {name: [] for name in calls}
    for number in range(ROUNDS + WARM_UP):
        for name, call in calls.items():
            started = time.perf_counter()
            call()
            if number >= WARM_UP:
                took[name].append((time.perf_counter() - started) * 1000)
    return {name: statistics.median(values) for name, values in took.items()}


def measure() -> dict[str, dict[str, float]]:
    with stage.sandbox(limits=False) as box:
        both = keys(box)
        wire = Wire("sandbox", box.url, 3, 5, 5000)
        accounts = {kind: BybitExchange(key, wire) for kind, key in both.items()}
        rsa = both["rsa"]
        sign, pybits = signer_of(rsa), (True, rsa.api_secret, TEXT)
        took = milliseconds(
            {
                "request_hmac": accounts["hmac"].key_facts,
                "request_rsa": accounts["rsa"].key_facts,
                "signature": lambda: sign(TEXT),
                "first_signature": lambda: signer_of(rsa)(TEXT),
                "pybit_signature": lambda: generate_signature(*pybits),
            }
        )
    size = serialization.load_pem_private_key(rsa.api_secret.encode(), None).key_size
    ratios = {
        f"{name}_per_request": round(took[name] / took["request_hmac"], 2)
        for name in ("signature", "first_signature", "pybit_signature", "request_rsa")
    }
    return {"RSA": {"bits": size, **ratios, **{f"{n}_ms": round(v, 2) for n, v in took.items()}}}

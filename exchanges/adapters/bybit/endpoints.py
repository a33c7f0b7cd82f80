"""The requests that are needed at Bybit, and the hosts that they go to; nothing else is signed.

There is no transfer, withdrawal, deposit, sub-account or API key among them, whatever the key may
do (https://bybit-exchange.github.io/docs/v5/intro).
"""

from __future__ import annotations

from functools import cache

HOSTS = {
    "mainnet": "https://api.bybit.com",
    "testnet": "https://api-testnet.bybit.com",
    "demo": "https://api-demo.bybit.com",
}
READS = (
    *("/v5/market/time", "/v5/market/tickers", "/v5/market/instruments-info"),
    *("/v5/user/query-api", "/v5/user/aff-customer-info"),
    *("/v5/account/info", "/v5/account/wallet-balance"),
    *("/v5/position/list", "/v5/position/symbol-info", "/v5/position/closed-pnl"),
    *("/v5/order/realtime", "/v5/order/history", "/v5/execution/list"),
)
WRITES = (
    *("/v5/order/create", "/v5/order/amend", "/v5/order/cancel"),
    *("/v5/position/set-leverage", "/v5/position/trading-stop"),
)

Endpoint = tuple[str, str]  # method and URL


@cache
def endpoints_of(environment: str, base_url: str | None) -> frozenset[Endpoint]:
    """All that may be asked of an environment, at its own host or at the one that is given."""
    host = base_url if base_url is not None else HOSTS.get(environment)
    if not host:
        return frozenset()
    reads, writes = (("GET", host + path) for path in READS), (("POST", host + p) for p in WRITES)
    return frozenset([*reads, *writes])

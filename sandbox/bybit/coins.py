"""The coins of the contracts, as the asset endpoints tell of them; nothing moves on any chain.

Shape: https://bybit-exchange.github.io/docs/v5/asset/coin-info
"""

from __future__ import annotations

import string
from typing import Any

from sandbox.bybit.engine import Exchange

SETTLE = "USDT"


def query_info(exchange: Exchange, uid: str, params: dict[str, Any]) -> dict[str, Any]:
    """Every coin, or the one that is asked for."""
    bases = {rules.base.lstrip(string.digits) for rules in exchange.instruments.values()}
    coin = params.get("coin")
    names = [name for name in sorted({SETTLE, *bases}) if not coin or name == coin]
    return {"rows": [_row(name) for name in names]}


def _row(name: str) -> dict[str, Any]:
    return {
        "name": name,
        "coin": name,
        "remainAmount": "1000000",
        "chains": [
            {
                "chain": name,
                "chainType": name,
                "confirmation": "12",
                "withdrawFee": "1",
                "depositMin": "0",
                "withdrawMin": "1",
                "minAccuracy": "8",
                "chainDeposit": "1",
                "chainWithdraw": "1",
                "withdrawPercentageFee": "0",
                "contractAddress": "",
                "safeConfirmNumber": "24",
            }
        ],
    }

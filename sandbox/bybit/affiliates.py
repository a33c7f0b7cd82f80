"""What an affiliate may ask about its clients.

Fields: https://bybit-exchange.github.io/docs/v5/affiliate/affiliate-info. What the exchange answers
about somebody who is no client is not documented; here the result is empty.
"""

from __future__ import annotations

from typing import Any

from sandbox.bybit.engine import ApiError
from sandbox.bybit.keys import Key

CUSTOMER_INFO = "/v5/user/aff-customer-info"
SPANS = ("30Day", "365Day")
VOLUMES = ("takerVol", "makerVol", "tradeVol", "depositAmount", "tradfiTradeVol")


def customer_info(keys: dict[str, Key], asking: Key, params: dict[str, Any]) -> dict[str, Any]:
    """Answer about one client, by its master UID, to a key that may do nothing else."""
    granted = {group for group, rights in asking.permissions.items() if rights}
    if granted != {"Affiliate"} or not asking.is_master:
        raise ApiError(10005, "Permission denied, please check your API key permissions.")
    uid = str(params.get("uid") or "")
    if not uid.isdecimal():
        raise ApiError(10001, "params error: uid")
    is_client = any(
        key.uid == uid and key.is_master and key.affiliate_id == int(asking.uid)
        for key in keys.values()
    )
    return _shown(uid) if is_client else {}


def _shown(uid: str) -> dict[str, Any]:
    volumes = {f"{name}{span}": "0" for name in VOLUMES for span in SPANS}
    return {
        **volumes,
        "uid": uid,
        "vipLevel": "0",
        "totalWalletBalance": "1",
        "depositUpdateTime": "2026-01-01 00:00:00",
        "volUpdateTime": "2026-01-01 00:00:00",
        "KycLevel": 1,
        "commissions30Day": {},
        "commissions365Day": {},
    }

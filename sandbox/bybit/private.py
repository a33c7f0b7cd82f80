"""Private endpoints: which method of the engine answers, under which limit and permission."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from sandbox.bybit import coins
from sandbox.bybit.affiliates import CUSTOMER_INFO
from sandbox.bybit.engine import ApiError, Exchange
from sandbox.bybit.keys import Key

Call = Callable[[Exchange, str, dict[str, Any]], Any]


@dataclass(frozen=True, slots=True)
class Endpoint:
    """`most` requests a second and UID; `right` is of ContractTrade, empty for reading."""

    verb: str
    call: Call
    most: int
    right: str = ""
    is_batch: bool = False


def _post(call: Call, right: str, most: int = 10, *, is_batch: bool = False) -> Endpoint:
    return Endpoint("POST", call, most, right, is_batch)


def _get(call: Call, most: int = 50) -> Endpoint:
    return Endpoint("GET", call, most)


QUERY_API = "/v5/user/query-api"

ENDPOINTS: dict[str, Endpoint] = {
    QUERY_API: _get(lambda *_: {}, 10),  # answered from the key itself
    CUSTOMER_INFO: _get(lambda *_: {}, 10),  # answered from all keys
    "/v5/account/info": _get(Exchange.account_info),
    "/v5/account/wallet-balance": _get(Exchange.wallet_balance),
    "/v5/account/fee-rate": _get(Exchange.fee_rate, 5),
    "/v5/asset/coin/query-info": _get(coins.query_info, 2),
    "/v5/position/list": _get(Exchange.positions),
    "/v5/position/symbol-info": _get(Exchange.symbol_info),
    "/v5/position/closed-pnl": _get(Exchange.closed_pnl),
    "/v5/position/set-leverage": _post(Exchange.set_leverage, "Position"),
    "/v5/position/switch-mode": _post(Exchange.switch_mode, "Position"),
    "/v5/position/trading-stop": _post(Exchange.trading_stop, "Position"),
    "/v5/order/create": _post(Exchange.create_order, "Order"),
    "/v5/order/amend": _post(Exchange.amend_order, "Order"),
    "/v5/order/cancel": _post(Exchange.cancel_order, "Order"),
    "/v5/order/cancel-all": _post(Exchange.cancel_all, "Order"),
    "/v5/order/create-batch": _post(Exchange.create_batch, "Order", is_batch=True),
    "/v5/order/amend-batch": _post(Exchange.amend_batch, "Order", is_batch=True),
    "/v5/order/cancel-batch": _post(Exchange.cancel_batch, "Order", is_batch=True),
    "/v5/order/pre-check": _post(Exchange.pre_check, "Order"),
    "/v5/order/realtime": _get(Exchange.open_orders),
    "/v5/order/history": _get(Exchange.order_history),
    "/v5/execution/list": _get(Exchange.executions),
}


def check_permission(key: Key, endpoint: Endpoint) -> None:
    """Writing needs a read-write key with the endpoint's right on contracts."""
    if not endpoint.right:
        return
    if key.read_only or not key.allows("ContractTrade", endpoint.right):
        raise ApiError(10005, "Permission denied, please check your API key permissions.")

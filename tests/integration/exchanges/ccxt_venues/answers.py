"""What each exchange answers: shapes of theirs, values of ours."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

LINK = "hx0123456789abcdefghjkmnpq"
KEY, SECRET, PASSPHRASE = "tests-only-key", "tests-only-secret", "tests-only-passphrase"
NOW = 1763740000000
ORDER_ID = "8001"
OKX_ORDER = {
    "instType": "SWAP",
    "instId": "BTC-USDT-SWAP",
    "ordId": ORDER_ID,
    "clOrdId": LINK,
    "px": "59000.5",
    "sz": "5",
    "accFillSz": "2",
    "fillSz": "2",
    "avgPx": "59000",
    "ordType": "limit",
    "side": "buy",
    "posSide": "net",
    "tdMode": "cross",
    "state": "partially_filled",
    "reduceOnly": "false",
    "lever": "10",
    "cTime": str(NOW),
    "uTime": str(NOW),
    "fee": "-0.1",
    "feeCcy": "USDT",
}


@dataclass(frozen=True)
class Voice:
    """One exchange's answers, by verb and path."""

    ack: tuple[str, str, Any]
    find: tuple[str, str, Any]
    balance: tuple[str, str, Any]
    missing: tuple[int, Any]  # status and body when an order is not known
    # "insufficient margin", with the status it comes with
    broke: tuple[int, Any]
    stop_ack: tuple[str, str, Any] | None = None
    attached_ack: tuple[str, str, Any] | None = None
    amend: tuple[str, str, Any] | None = None
    cancel: tuple[tuple[str, str, Any], ...] = ()
    positions: tuple[str, str, Any] | None = None
    key: tuple[tuple[str, str, Any], ...] = ()
    before: tuple[tuple[str, str, Any], ...] = ()  # what an order needs to know of its account
    unknown: tuple[tuple[int, Any], ...] = ()  # codes that do not say what became of an order
    contracts: str = "0.05"  # of 0.05 BTC
    link: str = LINK


BINANCE_ROW = {
    "symbol": "BTCUSDT",
    "orderId": int(ORDER_ID),
    "clientOrderId": LINK,
    "price": "59000.5",
    "origQty": "0.05",
    "executedQty": "0.02",
    "cummulativeQuoteQty": "1180",
    "status": "PARTIALLY_FILLED",
    "timeInForce": "GTC",
    "type": "LIMIT",
    "side": "BUY",
    "time": NOW,
    "updateTime": NOW,
}
USDM_ROW = BINANCE_ROW | {
    "avgPrice": "59000",
    "cumQuote": "1180",
    "reduceOnly": False,
    "positionSide": "BOTH",
    "origType": "LIMIT",
    "workingType": "CONTRACT_PRICE",
}
BINANCE_RIGHTS = {
    "ipRestrict": True,
    "createTime": NOW,
    "enableReading": True,
    "enableWithdrawals": False,
    "enableInternalTransfer": False,
    "permitsUniversalTransfer": False,
    "enableMargin": False,
    "enableFutures": False,
    "enableVanillaOptions": False,
    "enablePortfolioMarginTrading": False,
    "enableSpotAndMarginTrading": True,
    "enableFixApiTrade": False,
    "enableFixReadOnly": True,
}
BINANCE_ACCOUNT = {
    "uid": 424242,
    "canTrade": True,
    "balances": [{"asset": "USDT", "free": "900", "locked": "100"}],
}
USDM_TRIGGER_PATH = "/fapi/v1/algoOrder"
KUCOIN_OK = {"code": "200000"}
KUCOIN_KEY = {
    "code": "200000",
    "data": {
        "apiKey": KEY,
        "apiVersion": 3,
        "permission": "General,Spot,Futures",
        "ipWhitelist": "203.0.113.10",
        "createdAt": NOW,
        "uid": 424242,
        "isMaster": True,
    },
}
BINGX_RIGHTS = {
    "ipRestrict": True,
    "createTime": NOW,
    "enableReading": True,
    "enableSpotAndMarginTrading": False,
    "enableWithdrawals": False,
    "enableInternalTransfer": False,
    "permitsUniversalTransfer": False,
    "enableFutures": True,
    "enableVanillaOptions": False,
}
BITGET_OK = {"code": "00000", "msg": "success", "requestTime": NOW}

VOICES: dict[str, Voice] = {
    "binance": Voice(
        ack=(
            "POST",
            "/api/v3/order",
            {
                "symbol": "BTCUSDT",
                "orderId": int(ORDER_ID),
                "orderListId": -1,
                "clientOrderId": LINK,
                "transactTime": NOW,
            },
        ),
        stop_ack=(
            "POST",
            "/api/v3/order",
            {
                "symbol": "BTCUSDT",
                "orderId": int(ORDER_ID),
                "orderListId": -1,
                "clientOrderId": LINK,
                "transactTime": NOW,
            },
        ),
        find=("GET", "/api/v3/order", BINANCE_ROW),
        cancel=(
            (
                "DELETE",
                "/api/v3/order",
                BINANCE_ROW | {"status": "CANCELED", "origClientOrderId": LINK},
            ),
        ),
        balance=("GET", "/api/v3/account", BINANCE_ACCOUNT),
        key=(
            ("GET", "/sapi/v1/account/apiRestrictions", BINANCE_RIGHTS),
            ("GET", "/api/v3/account", BINANCE_ACCOUNT),
        ),
        missing=(400, {"code": -2013, "msg": "Order does not exist."}),
        broke=(
            400,
            {"code": -2010, "msg": "Account has insufficient balance for requested action."},
        ),
        unknown=(
            (200, {"code": -1006, "msg": "unexpected response"}),
            (408, {"code": -1007, "msg": "Timeout waiting for response"}),
        ),
    ),
    "binance_usdm": Voice(
        ack=("POST", "/fapi/v1/order", USDM_ROW | {"status": "NEW", "executedQty": "0"}),
        stop_ack=(
            "POST",
            USDM_TRIGGER_PATH,
            {
                "algoId": int(ORDER_ID),
                "clientAlgoId": LINK,
                "algoType": "CONDITIONAL",
                "orderType": "STOP_MARKET",
                "symbol": "BTCUSDT",
                "side": "SELL",
                "quantity": "0.05",
                "algoStatus": "NEW",
                "triggerPrice": "58000",
            },
        ),
        find=("GET", "/fapi/v1/order", USDM_ROW),
        amend=("PUT", "/fapi/v1/order", USDM_ROW | {"price": "59100"}),
        cancel=(
            ("DELETE", "/fapi/v1/order", USDM_ROW | {"status": "CANCELED"}),
            (
                "DELETE",
                USDM_TRIGGER_PATH,
                {"algoId": int(ORDER_ID), "clientAlgoId": LINK, "code": "200", "msg": "success"},
            ),
        ),
        balance=(
            "GET",
            "/fapi/v3/account",
            {
                "assets": [
                    {
                        "asset": "USDT",
                        "walletBalance": "990",
                        "unrealizedProfit": "10",
                        "marginBalance": "1000",
                        "availableBalance": "900",
                    }
                ],
                "positions": [],
            },
        ),
        positions=(
            "GET",
            "/fapi/v3/positionRisk",
            [
                {
                    "symbol": "BTCUSDT",
                    "positionSide": "BOTH",
                    "positionAmt": "-0.05",
                    "entryPrice": "59000",
                    "breakEvenPrice": "59000",
                    "markPrice": "58900",
                    "unRealizedProfit": "5",
                    "liquidationPrice": "90000",
                    "isolatedMargin": "0",
                    "notional": "-2945",
                    "marginAsset": "USDT",
                    "isolatedWallet": "0",
                    "initialMargin": "294.5",
                    "maintMargin": "11.78",
                    "positionInitialMargin": "294.5",
                    "openOrderInitialMargin": "0",
                    "adl": 1,
                    "bidNotional": "0",
                    "askNotional": "0",
                    "updateTime": NOW,
                }
            ],
        ),
        key=(
            ("GET", "/sapi/v1/account/apiRestrictions", BINANCE_RIGHTS | {"enableFutures": True}),
            ("GET", "/api/v3/account", BINANCE_ACCOUNT),
        ),
        missing=(400, {"code": -2013, "msg": "Order does not exist."}),
        broke=(400, {"code": -2019, "msg": "Margin is insufficient."}),
        unknown=(
            (200, {"code": -1006, "msg": "unexpected response"}),
            (408, {"code": -1007, "msg": "Timeout waiting for response"}),
        ),
    ),
    "hashkey": Voice(
        ack=(
            "POST",
            "/api/v1/spot/order",
            {
                "accountId": "1",
                "symbol": "BTCUSDT",
                "symbolName": "BTCUSDT",
                "clientOrderId": LINK,
                "orderId": ORDER_ID,
                "transactTime": str(NOW),
                "price": "59000.5",
                "origQty": "0.05",
                "executedQty": "0",
                "status": "NEW",
                "timeInForce": "GTC",
                "type": "LIMIT",
                "side": "BUY",
                "reqAmount": "0",
            },
        ),
        find=(
            "GET",
            "/api/v1/spot/order",
            {
                "accountId": "1",
                "exchangeId": "301",
                "symbol": "BTCUSDT",
                "symbolName": "BTCUSDT",
                "clientOrderId": LINK,
                "orderId": ORDER_ID,
                "price": "59000.5",
                "origQty": "0.05",
                "executedQty": "0.02",
                "cummulativeQuoteQty": "1180",
                "cumulativeQuoteQty": "1180",
                "avgPrice": "59000",
                "status": "PARTIALLY_FILLED",
                "timeInForce": "GTC",
                "type": "LIMIT",
                "side": "BUY",
                "stopPrice": "0.0",
                "icebergQty": "0.0",
                "time": str(NOW),
                "updateTime": str(NOW),
                "isWorking": True,
                "reqAmount": "0",
            },
        ),
        cancel=(
            (
                "DELETE",
                "/api/v1/spot/order",
                {
                    "accountId": "1",
                    "symbol": "BTCUSDT",
                    "clientOrderId": LINK,
                    "orderId": ORDER_ID,
                    "transactTime": str(NOW),
                    "status": "CANCELED",
                },
            ),
        ),
        balance=(
            "GET",
            "/api/v1/account",
            {
                "balances": [
                    {
                        "asset": "USDT",
                        "assetId": "USDT",
                        "assetName": "USDT",
                        "total": "1000",
                        "free": "900",
                        "locked": "100",
                    }
                ],
                "userId": "424242",
            },
        ),
        missing=(200, {"code": "-1143", "msg": "Order not found"}),
        broke=(400, {"code": "0401", "msg": "Insufficient asset"}),
        unknown=(
            (200, {"code": "-1006", "msg": "Execution status unknown"}),
            (400, {"code": "-1000", "msg": "An unknown error occurred"}),
            (400, {"code": "-1001", "msg": "Internal error"}),
            (200, {"code": "-1007", "msg": "Timeout waiting for response from server"}),
            (200, {"code": "-1146", "msg": "Order creation timeout"}),
        ),
    ),
    "mexc": Voice(
        ack=(
            "POST",
            "/api/v3/order",
            {
                "symbol": "BTCUSDT",
                "orderId": ORDER_ID,
                "orderListId": -1,
                "price": "59000.5",
                "origQty": "0.05",
                "type": "LIMIT",
                "side": "BUY",
                "transactTime": NOW,
            },
        ),
        find=("GET", "/api/v3/order", BINANCE_ROW | {"orderId": ORDER_ID}),
        cancel=(
            (
                "DELETE",
                "/api/v3/order",
                {
                    "symbol": "BTCUSDT",
                    "orderId": ORDER_ID,
                    "price": "59000.5",
                    "origQty": "0.05",
                    "type": "LIMIT",
                    "side": "BUY",
                    "status": "CANCELED",
                    "clientOrderId": LINK,
                },
            ),
        ),
        balance=(
            "GET",
            "/api/v3/account",
            {
                "canTrade": True,
                "canWithdraw": True,
                "accountType": "SPOT",
                "balances": [{"asset": "USDT", "free": "900", "locked": "100"}],
                "permissions": ["SPOT"],
            },
        ),
        key=(
            (
                "GET",
                "/api/v3/apiKeyInfo",
                {
                    "permissions": "SPOT_ACCOUNT_READ,SPOT_DEAL_WRITE",
                    "remainingValidity": "30",
                    "ipWhiteList": "",
                    "status": "VALID",
                    "createTime": NOW,
                },
            ),
            ("GET", "/api/v3/uid", {"uid": "424242"}),
        ),
        missing=(400, {"code": -2011, "msg": "Unknown order sent."}),
        broke=(400, {"code": 30004, "msg": "Insufficient position"}),
        unknown=(
            (400, {"code": 500, "msg": "Internal error"}),
            (400, {"code": 504, "msg": "Gateway Time-out"}),
        ),
    ),
    "kucoin": Voice(
        ack=(
            "POST",
            "/api/v1/hf/orders",
            KUCOIN_OK | {"data": {"orderId": ORDER_ID, "clientOid": LINK}},
        ),
        stop_ack=("POST", "/api/v1/stop-order", KUCOIN_OK | {"data": {"orderId": ORDER_ID}}),
        find=(
            "GET",
            f"/api/v1/hf/orders/client-order/{LINK}",
            KUCOIN_OK
            | {
                "data": {
                    "id": ORDER_ID,
                    "symbol": "BTC-USDT",
                    "opType": "DEAL",
                    "type": "limit",
                    "side": "buy",
                    "price": "59000.5",
                    "size": "0.05",
                    "funds": "0",
                    "dealSize": "0.02",
                    "dealFunds": "1180",
                    "fee": "0.1",
                    "feeCurrency": "USDT",
                    "stp": None,
                    "timeInForce": "GTC",
                    "clientOid": LINK,
                    "active": True,
                    "inOrderBook": True,
                    "cancelExist": False,
                    "createdAt": NOW,
                    "lastUpdatedAt": NOW,
                    "tradeType": "TRADE",
                }
            },
        ),
        cancel=(
            (
                "DELETE",
                f"/api/v1/hf/orders/client-order/{LINK}",
                KUCOIN_OK | {"data": {"clientOid": LINK}},
            ),
            (
                "DELETE",
                "/api/v1/stop-order/cancelOrderByClientOid",
                KUCOIN_OK | {"data": {"cancelledOrderId": ORDER_ID, "clientOid": LINK}},
            ),
        ),
        balance=(
            "GET",
            "/api/v1/accounts",
            KUCOIN_OK
            | {
                "data": [
                    {
                        "id": "1",
                        "currency": "USDT",
                        "type": "main",
                        "balance": "7",
                        "available": "7",
                        "holds": "0",
                    },
                    {
                        "id": "2",
                        "currency": "USDT",
                        "type": "trade",
                        "balance": "1000",
                        "available": "900",
                        "holds": "100",
                    },
                ]
            },
        ),
        key=(
            (
                "GET",
                "/api/v1/user/api-key",
                KUCOIN_KEY | {"data": KUCOIN_KEY["data"] | {"permission": "General,Spot"}},
            ),
        ),
        missing=(200, {"code": "400100", "msg": "order_not_exist_or_not_allow_to_cancel"}),
        broke=(200, {"code": "200004", "msg": "Balance insufficient!"}),
        unknown=((200, {"code": "500000", "msg": "Internal Server Error"}),),
    ),
    "kucoin_futures": Voice(
        contracts="50",
        ack=(
            "POST",
            "/api/v1/orders",
            KUCOIN_OK | {"data": {"orderId": ORDER_ID, "clientOid": LINK}},
        ),
        stop_ack=(
            "POST",
            "/api/v1/orders",
            KUCOIN_OK | {"data": {"orderId": ORDER_ID, "clientOid": LINK}},
        ),
        attached_ack=(
            "POST",
            "/api/v1/st-orders",
            KUCOIN_OK | {"data": {"orderId": ORDER_ID, "clientOid": LINK}},
        ),
        find=(
            "GET",
            "/api/v1/orders/byClientOid",
            KUCOIN_OK
            | {
                "data": {
                    "id": ORDER_ID,
                    "symbol": "XBTUSDTM",
                    "type": "limit",
                    "side": "buy",
                    "price": "59000.5",
                    "size": 50,
                    "value": "2950",
                    "dealValue": "1180",
                    "dealSize": 20,
                    "filledSize": 20,
                    "filledValue": "1180",
                    "stp": "",
                    "stop": "",
                    "stopPriceType": "",
                    "stopTriggered": False,
                    "stopPrice": None,
                    "timeInForce": "GTC",
                    "leverage": "10",
                    "reduceOnly": False,
                    "clientOid": LINK,
                    "isActive": True,
                    "cancelExist": False,
                    "createdAt": NOW,
                    "updatedAt": NOW,
                    "status": "open",
                    "marginMode": "CROSS",
                }
            },
        ),
        cancel=(
            (
                "DELETE",
                f"/api/v1/orders/client-order/{LINK}",
                KUCOIN_OK | {"data": {"clientOid": LINK}},
            ),
        ),
        balance=(
            "GET",
            "/api/v1/account-overview",
            KUCOIN_OK
            | {
                "data": {
                    "accountEquity": 1000,
                    "unrealisedPNL": 10,
                    "marginBalance": 990,
                    "positionMargin": 0,
                    "orderMargin": 100,
                    "frozenFunds": 0,
                    "availableBalance": 900,
                    "currency": "USDT",
                }
            },
        ),
        positions=(
            "GET",
            "/api/v1/positions",
            KUCOIN_OK
            | {
                "data": [
                    {
                        "id": "1",
                        "symbol": "XBTUSDTM",
                        "crossMode": True,
                        "delevPercentage": 0.1,
                        "openingTimestamp": NOW,
                        "currentTimestamp": NOW,
                        "currentQty": -50,
                        "currentCost": -2950,
                        "avgEntryPrice": 59000,
                        "markPrice": 58900,
                        "markValue": -2945,
                        "isOpen": True,
                        "realLeverage": 3,
                        "leverage": 10,
                        "liquidationPrice": 90000,
                        "unrealisedPnl": 5,
                        "maintMarginReq": 0.005,
                        "posInit": 295,
                        "posMargin": 295,
                        "posMaint": 15,
                        "settleCurrency": "USDT",
                        "isInverse": False,
                        "marginMode": "CROSS",
                        "positionSide": "BOTH",
                    }
                ]
            },
        ),
        key=(("GET", "/api/v1/user/api-key", KUCOIN_KEY),),
        missing=(200, {"code": "100001", "msg": "error.getOrder.orderNotExist"}),
        broke=(200, {"code": "300003", "msg": "Balance insufficient"}),
        unknown=((200, {"code": "500000", "msg": "Internal Server Error"}),),
    ),
    "okx": Voice(
        contracts="5",
        ack=(
            "POST",
            "/api/v5/trade/order",
            {
                "code": "0",
                "msg": "",
                "data": [{"ordId": ORDER_ID, "clOrdId": LINK, "tag": "", "sCode": "0", "sMsg": ""}],
            },
        ),
        stop_ack=(
            "POST",
            "/api/v5/trade/order-algo",
            {
                "code": "0",
                "msg": "",
                "data": [
                    {
                        "algoId": ORDER_ID,
                        "algoClOrdId": LINK,
                        "clOrdId": "",
                        "sCode": "0",
                        "sMsg": "",
                    }
                ],
            },
        ),
        attached_ack=(
            "POST",
            "/api/v5/trade/order",
            {
                "code": "0",
                "msg": "",
                "data": [{"ordId": ORDER_ID, "clOrdId": LINK, "tag": "", "sCode": "0", "sMsg": ""}],
            },
        ),
        find=("GET", "/api/v5/trade/order", {"code": "0", "msg": "", "data": [OKX_ORDER]}),
        amend=(
            "POST",
            "/api/v5/trade/amend-order",
            {
                "code": "0",
                "msg": "",
                "data": [
                    {"ordId": ORDER_ID, "clOrdId": LINK, "reqId": "", "sCode": "0", "sMsg": ""}
                ],
            },
        ),
        cancel=(
            (
                "POST",
                "/api/v5/trade/cancel-order",
                {
                    "code": "0",
                    "msg": "",
                    "data": [{"ordId": ORDER_ID, "clOrdId": LINK, "sCode": "0", "sMsg": ""}],
                },
            ),
            (
                "POST",
                "/api/v5/trade/cancel-algos",
                {
                    "code": "0",
                    "msg": "",
                    "data": [{"algoId": ORDER_ID, "algoClOrdId": LINK, "sCode": "0", "sMsg": ""}],
                },
            ),
        ),
        balance=(
            "GET",
            "/api/v5/account/balance",
            {
                "code": "0",
                "msg": "",
                "data": [
                    {
                        "totalEq": "5000",
                        "details": [
                            {
                                "ccy": "USDT",
                                "eq": "1000",
                                "availEq": "900",
                                "availBal": "850",
                                "cashBal": "990",
                            }
                        ],
                    }
                ],
            },
        ),
        positions=(
            "GET",
            "/api/v5/account/positions",
            {
                "code": "0",
                "msg": "",
                "data": [
                    {
                        "instType": "SWAP",
                        "instId": "BTC-USDT-SWAP",
                        "pos": "-5",
                        "posSide": "net",
                        "avgPx": "59000",
                        "lever": "10",
                        "mgnMode": "cross",
                        "liqPx": "90000",
                        "markPx": "58900",
                        "upl": "5",
                        "uplRatio": "0.1",
                        "mgnRatio": "10",
                        "imr": "295",
                        "mmr": "12",
                        "notionalUsd": "2945",
                        "cTime": str(NOW),
                        "uTime": str(NOW),
                        "last": "58900",
                    }
                ],
            },
        ),
        key=(
            (
                "GET",
                "/api/v5/account/config",
                {
                    "code": "0",
                    "msg": "",
                    "data": [
                        {
                            "uid": "424242",
                            "mainUid": "424242",
                            "acctLv": "2",
                            "posMode": "net_mode",
                            "perm": "read_only,trade",
                            "ip": "203.0.113.10",
                            "kycLv": "2",
                        }
                    ],
                },
            ),
        ),
        missing=(200, {"code": "51603", "msg": "Order does not exist", "data": []}),
        broke=(
            200,
            {
                "code": "1",
                "msg": "All operations failed",
                "data": [
                    {"ordId": "", "clOrdId": LINK, "sCode": "51008", "sMsg": "Insufficient balance"}
                ],
            },
        ),
        unknown=(
            (200, {"code": "50004", "msg": "Endpoint request timeout", "data": []}),
            (
                200,
                {
                    "code": "1",
                    "msg": "",
                    "data": [{"ordId": "", "clOrdId": LINK, "sCode": "59999", "sMsg": "who knows"}],
                },
            ),
        ),
    ),
    "bitget": Voice(
        ack=(
            "POST",
            "/api/v2/mix/order/place-order",
            BITGET_OK | {"data": {"clientOid": LINK, "orderId": ORDER_ID}},
        ),
        stop_ack=(
            "POST",
            "/api/v2/mix/order/place-tpsl-order",
            BITGET_OK | {"data": {"clientOid": LINK, "orderId": ORDER_ID}},
        ),
        attached_ack=(
            "POST",
            "/api/v2/mix/order/place-order",
            BITGET_OK | {"data": {"clientOid": LINK, "orderId": ORDER_ID}},
        ),
        find=(
            "GET",
            "/api/v2/mix/order/detail",
            BITGET_OK
            | {
                "data": {
                    "symbol": "BTCUSDT",
                    "size": "0.05",
                    "orderId": ORDER_ID,
                    "clientOid": LINK,
                    "baseVolume": "0.02",
                    "priceAvg": "59000",
                    "fee": "-0.1",
                    "price": "59000.5",
                    "state": "partially_filled",
                    "side": "buy",
                    "force": "gtc",
                    "totalProfits": "0",
                    "posSide": "net",
                    "marginCoin": "USDT",
                    "presetStopSurplusPrice": "",
                    "presetStopLossPrice": "",
                    "quoteVolume": "1180",
                    "orderType": "limit",
                    "leverage": "10",
                    "marginMode": "crossed",
                    "reduceOnly": "NO",
                    "enterPointSource": "API",
                    "tradeSide": "buy_single",
                    "posMode": "one_way_mode",
                    "orderSource": "normal",
                    "cTime": str(NOW),
                    "uTime": str(NOW),
                }
            },
        ),
        cancel=(
            (
                "POST",
                "/api/v2/mix/order/cancel-order",
                BITGET_OK | {"data": {"orderId": ORDER_ID, "clientOid": LINK}},
            ),
            (
                "POST",
                "/api/v2/mix/order/cancel-plan-order",
                BITGET_OK
                | {
                    "data": {
                        "successList": [{"orderId": ORDER_ID, "clientOid": LINK}],
                        "failureList": [],
                    }
                },
            ),
        ),
        balance=(
            "GET",
            "/api/v2/mix/account/accounts",
            BITGET_OK
            | {
                "data": [
                    {
                        "marginCoin": "USDT",
                        "locked": "0",
                        "available": "950",
                        "crossedMaxAvailable": "900",
                        "isolatedMaxAvailable": "900",
                        "maxTransferOut": "900",
                        "accountEquity": "1000",
                        "usdtEquity": "1000",
                        "unrealizedPL": "10",
                    }
                ]
            },
        ),
        positions=(
            "GET",
            "/api/v2/mix/position/all-position",
            BITGET_OK
            | {
                "data": [
                    {
                        "marginCoin": "USDT",
                        "symbol": "BTCUSDT",
                        "holdSide": "short",
                        "openDelegateSize": "0",
                        "marginSize": "295",
                        "available": "0.05",
                        "locked": "0",
                        "total": "0.05",
                        "leverage": "10",
                        "achievedProfits": "0",
                        "openPriceAvg": "59000",
                        "marginMode": "crossed",
                        "posMode": "one_way_mode",
                        "unrealizedPL": "5",
                        "liquidationPrice": "90000",
                        "keepMarginRate": "0.004",
                        "markPrice": "58900",
                        "marginRatio": "0.05",
                        "cTime": str(NOW),
                        "uTime": str(NOW),
                    }
                ]
            },
        ),
        key=(
            (
                "GET",
                "/api/v2/spot/account/info",
                BITGET_OK
                | {
                    "data": {
                        "userId": "424242",
                        "inviterId": "7",
                        "ips": "203.0.113.10,203.0.113.11",
                        "authorities": ["coor", "coow", "cpor", "cpow", "stor", "stow"],
                        "parentId": 0,
                        "traderType": "not_trader",
                        "channelCode": "",
                        "channel": "",
                        "regisTime": str(NOW),
                    }
                },
            ),
        ),
        missing=(
            400,
            {"code": "40109", "msg": "The data of the order cannot be found", "data": None},
        ),
        broke=(400, {"code": "40762", "msg": "The order amount exceeds the balance", "data": None}),
        unknown=(
            (
                400,
                {
                    "code": "40015",
                    "msg": "System is abnormal, please try again later",
                    "data": None,
                },
            ),
        ),
    ),
    "gate": Voice(
        contracts="500",
        link=f"t-{LINK}",
        ack=(
            "POST",
            "/api/v4/futures/usdt/orders",
            {
                "id": int(ORDER_ID),
                "user": 1,
                "contract": "BTC_USDT",
                "create_time": 1763740000.1,
                "size": 500,
                "left": 500,
                "price": "59000.5",
                "fill_price": "0",
                "tif": "gtc",
                "text": f"t-{LINK}",
                "status": "open",
                "is_reduce_only": False,
            },
        ),
        find=(
            "GET",
            f"/api/v4/futures/usdt/orders/t-{LINK}",
            {
                "id": int(ORDER_ID),
                "user": 1,
                "contract": "BTC_USDT",
                "create_time": 1763740000.1,
                "size": 500,
                "left": 300,
                "price": "59000.5",
                "fill_price": "59000",
                "tif": "gtc",
                "text": f"t-{LINK}",
                "status": "open",
                "is_reduce_only": False,
                "is_close": False,
                "is_liq": False,
                "iceberg": 0,
                "tkfr": "0.0005",
                "mkfr": "0.0002",
                "refu": 0,
            },
        ),
        amend=(
            "PUT",
            f"/api/v4/futures/usdt/orders/t-{LINK}",
            {
                "id": int(ORDER_ID),
                "contract": "BTC_USDT",
                "size": 500,
                "left": 300,
                "price": "59100",
                "text": f"t-{LINK}",
                "status": "open",
            },
        ),
        cancel=(
            (
                "DELETE",
                f"/api/v4/futures/usdt/orders/t-{LINK}",
                {
                    "id": int(ORDER_ID),
                    "contract": "BTC_USDT",
                    "size": 500,
                    "left": 500,
                    "price": "59000.5",
                    "text": f"t-{LINK}",
                    "status": "finished",
                    "finish_as": "cancelled",
                },
            ),
        ),
        balance=(
            "GET",
            "/api/v4/futures/usdt/accounts",
            {
                "total": "990",
                "unrealised_pnl": "10",
                "available": "900",
                "order_margin": "100",
                "position_margin": "0",
                "currency": "USDT",
                "in_dual_mode": False,
            },
        ),
        positions=(
            "GET",
            "/api/v4/futures/usdt/positions",
            [
                {
                    "user": 1,
                    "contract": "BTC_USDT",
                    "size": -500,
                    "leverage": "10",
                    "risk_limit": "1000000",
                    "leverage_max": "100",
                    "maintenance_rate": "0.005",
                    "value": "2945",
                    "margin": "295",
                    "entry_price": "59000",
                    "liq_price": "90000",
                    "mark_price": "58900",
                    "unrealised_pnl": "5",
                    "realised_pnl": "0",
                    "mode": "single",
                    "cross_leverage_limit": "0",
                    "open_time": 1763740000,
                    "update_time": 1763740000,
                }
            ],
        ),
        key=(
            (
                "GET",
                "/api/v4/account/main_keys",
                {
                    "state": 1,
                    "name": "hexagonal",
                    "key": "tes***key",
                    "perms": [
                        {"name": "futures", "read_only": False},
                        {"name": "account", "read_only": True},
                    ],
                    "ip_whitelist": ["203.0.113.10"],
                },
            ),
            (
                "GET",
                "/api/v4/account/detail",
                {"user_id": 424242, "ip_whitelist": [], "key": {"mode": 1}},
            ),
        ),
        missing=(404, {"label": "ORDER_NOT_FOUND", "message": "order not found"}),
        broke=(400, {"label": "INSUFFICIENT_AVAILABLE", "message": "not enough"}),
        unknown=(
            (400, {"label": "SERVER_ERROR", "message": "internal"}),
            (400, {"label": "NOBODY_KNOWS", "message": "new"}),
        ),
    ),
    "htx": Voice(
        before=(
            (
                "GET",
                "/v1/account/accounts",
                {
                    "status": "ok",
                    "data": [
                        {"id": 77, "type": "spot", "subtype": "", "state": "working"},
                        {"id": 78, "type": "point", "subtype": "", "state": "working"},
                    ],
                },
            ),
        ),
        ack=("POST", "/v1/order/orders/place", {"status": "ok", "data": ORDER_ID}),
        find=(
            "GET",
            "/v1/order/orders/getClientOrder",
            {
                "status": "ok",
                "data": {
                    "id": int(ORDER_ID),
                    "symbol": "btcusdt",
                    "account-id": 77,
                    "client-order-id": LINK,
                    "amount": "0.05",
                    "price": "59000.5",
                    "created-at": NOW,
                    "type": "buy-limit",
                    "field-amount": "0.02",
                    "field-cash-amount": "1180",
                    "field-fees": "0.1",
                    "finished-at": 0,
                    "source": "spot-api",
                    "state": "partial-filled",
                    "canceled-at": 0,
                },
            },
        ),
        cancel=(
            (
                "POST",
                f"/v1/order/orders/{ORDER_ID}/submitcancel",
                {"status": "ok", "data": ORDER_ID},
            ),
        ),
        balance=(
            "GET",
            "/v1/account/accounts/77/balance",
            {
                "status": "ok",
                "data": {
                    "id": 77,
                    "type": "spot",
                    "state": "working",
                    "list": [
                        {"currency": "usdt", "type": "trade", "balance": "900"},
                        {"currency": "usdt", "type": "frozen", "balance": "100"},
                        {"currency": "btc", "type": "trade", "balance": "1"},
                    ],
                },
            },
        ),
        key=(
            ("GET", "/v2/user/uid", {"code": 200, "data": 424242}),
            (
                "GET",
                "/v2/user/api-key",
                {
                    "code": 200,
                    "message": "success",
                    "data": [
                        {
                            "accessKey": KEY,
                            "status": "normal",
                            "note": "hexagonal",
                            "permission": "readOnly,trade",
                            "ipAddresses": "203.0.113.10",
                            "validDays": -1,
                            "createTime": NOW,
                            "updateTime": NOW,
                        }
                    ],
                },
            ),
        ),
        missing=(
            200,
            {
                "status": "error",
                "err-code": "base-record-invalid",
                "err-msg": "record invalid",
                "data": None,
            },
        ),
        broke=(
            200,
            {
                "status": "error",
                "err-code": "account-frozen-balance-insufficient-error",
                "err-msg": "insufficient",
                "data": None,
            },
        ),
        unknown=(
            (
                200,
                {
                    "status": "error",
                    "err-code": "timeout",
                    "err-msg": "Service Timeout",
                    "data": None,
                },
            ),
            (
                200,
                {"status": "error", "err-code": "never-heard-of", "err-msg": "new", "data": None},
            ),
        ),
    ),
    "bingx": Voice(
        ack=(
            "POST",
            "/openApi/swap/v2/trade/order",
            {
                "code": 0,
                "msg": "",
                "data": {
                    "order": {
                        "symbol": "BTC-USDT",
                        "orderId": int(ORDER_ID),
                        "side": "BUY",
                        "positionSide": "BOTH",
                        "type": "LIMIT",
                        "clientOrderID": LINK,
                        "workingType": "",
                    }
                },
            },
        ),
        stop_ack=(
            "POST",
            "/openApi/swap/v2/trade/order",
            {
                "code": 0,
                "msg": "",
                "data": {
                    "order": {
                        "symbol": "BTC-USDT",
                        "orderId": int(ORDER_ID),
                        "side": "SELL",
                        "positionSide": "BOTH",
                        "type": "STOP_MARKET",
                        "clientOrderID": LINK,
                        "workingType": "CONTRACT_PRICE",
                    }
                },
            },
        ),
        attached_ack=(
            "POST",
            "/openApi/swap/v2/trade/order",
            {
                "code": 0,
                "msg": "",
                "data": {
                    "order": {
                        "symbol": "BTC-USDT",
                        "orderId": int(ORDER_ID),
                        "side": "BUY",
                        "positionSide": "BOTH",
                        "type": "LIMIT",
                        "clientOrderID": LINK,
                    }
                },
            },
        ),
        find=(
            "GET",
            "/openApi/swap/v2/trade/order",
            {
                "code": 0,
                "msg": "",
                "data": {
                    "order": {
                        "symbol": "BTC-USDT",
                        "orderId": int(ORDER_ID),
                        "side": "BUY",
                        "positionSide": "BOTH",
                        "type": "LIMIT",
                        "origQty": "0.05",
                        "price": "59000.5",
                        "executedQty": "0.02",
                        "avgPrice": "59000",
                        "cumQuote": "1180",
                        "stopPrice": "",
                        "profit": "0",
                        "commission": "-0.1",
                        "status": "PARTIALLY_FILLED",
                        "time": NOW,
                        "updateTime": NOW,
                        "clientOrderId": LINK,
                        "leverage": "10X",
                        "reduceOnly": False,
                    }
                },
            },
        ),
        cancel=(
            (
                "DELETE",
                "/openApi/swap/v2/trade/order",
                {
                    "code": 0,
                    "msg": "",
                    "data": {
                        "order": {
                            "symbol": "BTC-USDT",
                            "orderId": int(ORDER_ID),
                            "clientOrderId": LINK,
                            "status": "CANCELLED",
                            "side": "BUY",
                            "type": "LIMIT",
                        }
                    },
                },
            ),
        ),
        balance=(
            "GET",
            "/openApi/swap/v2/user/balance",
            {
                "code": 0,
                "msg": "",
                "data": {
                    "balance": {
                        "userId": "424242",
                        "asset": "USDT",
                        "balance": "990",
                        "equity": "1000",
                        "unrealizedProfit": "10",
                        "availableMargin": "900",
                        "usedMargin": "100",
                        "freezedMargin": "0",
                    }
                },
            },
        ),
        positions=(
            "GET",
            "/openApi/swap/v2/user/positions",
            {
                "code": 0,
                "msg": "",
                "data": [
                    {
                        "symbol": "BTC-USDT",
                        "positionId": "1",
                        "positionSide": "SHORT",
                        "isolated": False,
                        "positionAmt": "0.05",
                        "availableAmt": "0.05",
                        "unrealizedProfit": "5",
                        "initialMargin": "295",
                        "avgPrice": "59000",
                        "liquidationPrice": 90000,
                        "leverage": 10,
                        "markPrice": "58900",
                        "positionValue": "2945",
                        "onlyOnePosition": True,
                        "updateTime": NOW,
                    }
                ],
            },
        ),
        key=(
            ("GET", "/openApi/v1/account/apiPermissions", {"code": 0, "data": BINGX_RIGHTS}),
            ("GET", "/openApi/account/v1/uid", {"code": 0, "msg": "", "data": {"uid": 424242}}),
        ),
        missing=(200, {"code": 109421, "msg": "order not exist", "data": {}}),
        broke=(200, {"code": 101204, "msg": "Insufficient margin", "data": {}}),
        unknown=(
            (200, {"code": 100410, "msg": "The current system is busy", "data": {}}),
            (200, {"code": 987654, "msg": "new", "data": {}}),
        ),
    ),
    "coinbase": Voice(
        ack=(
            "POST",
            "/api/v3/brokerage/orders",
            {
                "success": True,
                "success_response": {
                    "order_id": ORDER_ID,
                    "product_id": "BTC-USDT",
                    "side": "BUY",
                    "client_order_id": LINK,
                },
                "order_configuration": {},
            },
        ),
        find=(
            "GET",
            "/api/v3/brokerage/orders/historical/batch",
            {
                "orders": [
                    {
                        "order_id": ORDER_ID,
                        "product_id": "BTC-USDT",
                        "user_id": "u",
                        "order_configuration": {
                            "limit_limit_gtc": {
                                "base_size": "0.05",
                                "limit_price": "59000.5",
                                "post_only": False,
                            }
                        },
                        "side": "BUY",
                        "client_order_id": LINK,
                        "status": "OPEN",
                        "time_in_force": "GOOD_UNTIL_CANCELLED",
                        "created_time": "2026-11-21T15:46:40Z",
                        "completion_percentage": "40",
                        "filled_size": "0.02",
                        "average_filled_price": "59000",
                        "fee": "",
                        "number_of_fills": "1",
                        "filled_value": "1180",
                        "pending_cancel": False,
                        "size_in_quote": False,
                        "total_fees": "0.1",
                        "order_type": "LIMIT",
                        "last_fill_time": "2026-11-21T15:46:40Z",
                        "outstanding_hold_amount": "0",
                    }
                ],
                "has_next": False,
                "cursor": "",
            },
        ),
        cancel=(
            (
                "POST",
                "/api/v3/brokerage/orders/batch_cancel",
                {
                    "results": [
                        {
                            "success": True,
                            "failure_reason": "UNKNOWN_CANCEL_FAILURE_REASON",
                            "order_id": ORDER_ID,
                        }
                    ]
                },
            ),
        ),
        balance=(
            "GET",
            "/api/v3/brokerage/accounts",
            {
                "accounts": [
                    {
                        "uuid": "a",
                        "name": "USDT Wallet",
                        "currency": "USDT",
                        "available_balance": {"value": "900", "currency": "USDT"},
                        "hold": {"value": "100", "currency": "USDT"},
                    }
                ],
                "has_next": False,
            },
        ),
        key=(
            (
                "GET",
                "/api/v3/brokerage/key_permissions",
                {
                    "can_view": True,
                    "can_trade": True,
                    "can_transfer": False,
                    "portfolio_uuid": "424242",
                    "portfolio_type": "DEFAULT",
                },
            ),
        ),
        missing=(200, {"orders": [], "has_next": False, "cursor": ""}),
        broke=(
            200,
            {
                "success": False,
                "error_response": {
                    "error": "INSUFFICIENT_FUND",
                    "message": "Insufficient balance",
                    "error_details": "",
                    "preview_failure_reason": "PREVIEW_INSUFFICIENT_FUND",
                },
                "order_configuration": {},
            },
        ),
        unknown=(
            (
                200,
                {
                    "success": False,
                    "error_response": {"error": "UNKNOWN_FAILURE_REASON", "message": ""},
                },
            ),
        ),
    ),
}

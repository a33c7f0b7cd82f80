"""What each exchange answers when it is asked for lists: shapes of theirs, values of ours."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from tests.integration.exchanges.ccxt_venues.answers import (
    BINANCE_ROW,
    BITGET_OK,
    KUCOIN_OK,
    LINK,
    NOW,
    OKX_ORDER,
    ORDER_ID,
    USDM_ROW,
    VOICES,
)
from tests.integration.exchanges.ccxt_venues.listings import COINBASE, KUCOIN_FUTURES
from tests.integration.exchanges.ccxt_venues.waiting import (
    ALGO_ROW,
    BINGX_ROW,
    BITGET_ROW,
    KUCOIN_FUTURES_ROW,
    KUCOIN_ROW,
    OKX_ROW,
    STOP_ROW,
)

NOW_TEXT = datetime.fromtimestamp(NOW / 1000, UTC).isoformat()[:19]  # as some write it
STOP_LINK, STOP_ID, FILL_ID = f"{LINK[:-1]}s", "8002", "9001"


@dataclass(frozen=True)
class Lists:
    """Answers by path.

    Everywhere: a purchase of 0.05 BTC at 59000.5, of which 0.02 are bought at 59000 for a fee of
    0.472 USDT; in `ended` all of it. And where stops are taken, one at 58000 that waits.
    """

    resting: dict[str, Any]
    ended: dict[str, Any]
    fills: dict[str, Any]
    prices: dict[str, Any]  # last 60000, and on swaps mark 60001
    modes: dict[str, Any] | None = None  # ten times, one-way
    leverage: tuple[str, str, Any, dict[str, Any]] | None = None  # asked for five: what is said
    coins: tuple[str, Any] | None = None  # of a spot account: path, and 0.05 BTC
    alien: Any = None  # a resting row of a market that is none of ours
    busy: dict[str, Any] = field(default_factory=dict)  # in which markets orders rest


def stop(row: dict[str, Any], **more: Any) -> dict[str, Any]:
    ids = {"orderId": int(STOP_ID), "clientOrderId": STOP_LINK}
    if "algoId" in row:
        ids = {"algoId": int(STOP_ID), "clientAlgoId": STOP_LINK}
    return row | ids | more


DONE = {"status": "FILLED", "executedQty": "0.05", "cummulativeQuoteQty": "2950"}
BINANCE_TRADE = {
    "symbol": "BTCUSDT",
    "id": int(FILL_ID),
    "orderId": int(ORDER_ID),
    "price": "59000",
    "qty": "0.02",
    "quoteQty": "1180",
    "commission": "0.472",
    "commissionAsset": "USDT",
    "time": NOW,
}
BINANCE_LAST = [{"symbol": "ETHBTC", "price": "0.05"}, {"symbol": "BTCUSDT", "price": "60000"}]
HASHKEY_ROW = {
    "accountId": "1732885739589466112",
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
}
OKX_STOP = OKX_ROW | {"algoId": STOP_ID, "algoClOrdId": STOP_LINK, "ordIdList": []}


def okx(*rows: dict[str, Any]) -> dict[str, Any]:
    return {"code": "0", "msg": "", "data": list(rows)}


BITGET_ORDER = VOICES["bitget"].find[2]["data"] | {"status": "partially_filled"}
BITGET_ORDER = {name: value for name, value in BITGET_ORDER.items() if name != "state"}
BITGET_STOP = BITGET_ROW | {"orderId": STOP_ID, "clientOid": STOP_LINK}


def bitget(name: str, *rows: dict[str, Any]) -> dict[str, Any]:
    return BITGET_OK | {"data": {name: list(rows), "endId": ORDER_ID}}


GATE_ORDER = VOICES["gate"].find[2]
KUCOIN_ORDER = VOICES["kucoin"].find[2]["data"]
KUCOIN_STOP = KUCOIN_ROW | {"id": STOP_ID, "clientOid": STOP_LINK}
KUCOIN_CONTRACTS = VOICES["kucoin_futures"].find[2]["data"]
KUCOIN_TRADE = {
    "tradeId": FILL_ID,
    "orderId": ORDER_ID,
    "side": "buy",
    "liquidity": "taker",
    "forceTaker": False,
    "price": "59000",
    "fee": "0.472",
    "feeRate": "0.0004",
    "feeCurrency": "USDT",
    "stop": "",
    "createdAt": NOW,
}
HTX_ROW = VOICES["htx"].find[2]["data"]
HTX_OK = {"status": "ok"}


def kucoin_page(*rows: Any) -> dict[str, Any]:
    page = {"currentPage": 1, "pageSize": 500, "totalNum": len(rows), "totalPage": 1}
    return KUCOIN_OK | {"data": page | {"items": list(rows)}}


MEXC_ROW = BINANCE_ROW | {"orderId": ORDER_ID, "orderListId": -1, "stpMode": ""}

BINGX_LIMIT = BINGX_ROW | {
    "side": "BUY",
    "type": "LIMIT",
    "price": "59000.5",
    "executedQty": "0.02",
    "avgPrice": "59000",
    "cumQuote": "1180",
    "stopPrice": "",
    "status": "PARTIALLY_FILLED",
    "reduceOnly": False,
    "takeProfit": {"type": "", "quantity": 0, "stopPrice": 0, "price": 0, "workingType": ""},
    "stopLoss": {"type": "", "quantity": 0, "stopPrice": 0, "price": 0, "workingType": ""},
}

COINBASE_ROW = {
    "order_id": ORDER_ID,
    "product_id": "BTC-USDT",
    "user_id": "u",
    "order_configuration": {
        "limit_limit_gtc": {"base_size": "0.05", "limit_price": "59000.5", "post_only": False}
    },
    "side": "BUY",
    "client_order_id": LINK,
    "status": "OPEN",
    "time_in_force": "GOOD_UNTIL_CANCELLED",
    "created_time": f"{NOW_TEXT}Z",
    "completion_percentage": "40",
    "filled_size": "0.02",
    "average_filled_price": "59000",
    "fee": "",
    "number_of_fills": "1",
    "filled_value": "1180",
    "pending_cancel": False,
    "size_in_quote": False,
    "total_fees": "0.472",
    "order_type": "LIMIT",
    "product_type": "SPOT",
    "last_fill_time": f"{NOW_TEXT}Z",
}


def bingx(data: Any) -> dict[str, Any]:
    return {"code": 0, "msg": "", "data": data}


def orders(*rows: Any) -> dict[str, Any]:
    return {"orders": list(rows), "sequence": "0", "has_next": False, "cursor": ""}


def wallet(coin: str, free: str, held: str, kind: str = "CRYPTO") -> dict[str, Any]:
    return {
        "uuid": f"{coin}-{kind}",
        "name": f"{coin} Wallet",
        "currency": coin,
        "available_balance": {"value": free, "currency": coin},
        "hold": {"value": held, "currency": coin},
        "type": f"ACCOUNT_TYPE_{kind}",
    }


LISTS: dict[str, Lists] = {
    "mexc": Lists(
        resting={"/api/v3/openOrders": [MEXC_ROW | {"updateTime": None}]},
        ended={"/api/v3/allOrders": [MEXC_ROW | DONE]},
        fills={
            "/api/v3/myTrades": [
                BINANCE_TRADE
                | {"id": FILL_ID, "orderId": ORDER_ID, "orderListId": -1, "clientOrderId": None}
                | {"isBuyer": True, "isMaker": False, "isBestMatch": True, "isSelfTrade": False}
            ]
        },
        prices={
            "/api/v3/ticker/24hr": [
                {"symbol": "ETHBTC", "lastPrice": "0.05", "bidPrice": "", "askPrice": ""},
                {
                    "symbol": "BTCUSDT",
                    "priceChangePercent": "0.004",
                    "lastPrice": "60000",
                    "bidPrice": "59999.9",
                    "bidQty": "",
                    "askPrice": "60000.1",
                    "askQty": "",
                    "quoteVolume": None,
                    "closeTime": NOW,
                    "count": None,
                },
            ]
        },
        coins=(
            "/api/v3/account",
            {
                "canTrade": True,
                "accountType": "SPOT",
                "balances": [
                    {"asset": "USDT", "free": "900", "locked": "100"},
                    {"asset": "BTC", "free": "0.02", "locked": "0.03"},
                    {"asset": "XYZ", "free": "7", "locked": "0"},
                ],
            },
        ),
        alien=MEXC_ROW | {"symbol": "ETHBTC"},
    ),
    "bingx": Lists(
        resting={
            "/openApi/swap/v2/trade/openOrders": bingx({"orders": [BINGX_LIMIT, stop(BINGX_ROW)]})
        },
        ended={
            "/openApi/swap/v2/trade/allOrders": bingx(
                {"orders": [BINGX_LIMIT | {"status": "FILLED", "executedQty": "0.05"}]}
            )
        },
        fills={
            "/openApi/swap/v2/trade/fillHistory": bingx(
                {
                    "fill_history_orders": [
                        {
                            "symbol": "BTC-USDT",
                            "qty": "0.02",
                            "price": "59000",
                            "quoteQty": "1180",
                            "commission": "-0.472",
                            "commissionAsset": "USDT",
                            "orderId": ORDER_ID,
                            "tradeId": FILL_ID,
                            "filledTime": f"{NOW_TEXT}.000+00:00",
                            "side": "BUY",
                            "positionSide": "BOTH",
                            "role": "taker",
                        }
                    ],
                    "total": 1,
                }
            )
        },
        prices={
            "/openApi/swap/v2/quote/premiumIndex": bingx(
                [
                    {
                        "symbol": "BTC-USDT",
                        "markPrice": "60001",
                        "indexPrice": "60002",
                        "lastFundingRate": "0.0001",
                        "nextFundingTime": NOW,
                    }
                ]
            ),
            "/openApi/swap/v2/quote/ticker": bingx(
                [
                    {"symbol": "BTC-USDC", "lastPrice": "60007"},
                    {
                        "symbol": "BTC-USDT",
                        "lastPrice": "60000",
                        "lastQty": "1",
                        "bidPrice": "59999.9",
                        "bidQty": "1",
                        "askPrice": "60000.1",
                        "askQty": "1",
                        "closeTime": NOW,
                    },
                ]
            ),
        },
        modes={
            "/openApi/swap/v1/positionSide/dual": bingx({"dualSidePosition": "false"}),
            "/openApi/swap/v2/trade/leverage": bingx(
                {
                    "longLeverage": 10,
                    "shortLeverage": 10,
                    "maxLongLeverage": 125,
                    "maxShortLeverage": 125,
                    "availableLongVol": "0.0000",
                    "availableShortVol": "0.0000",
                }
            ),
        },
        leverage=(
            *("POST", "/openApi/swap/v2/trade/leverage"),
            bingx({"leverage": 5, "symbol": "BTC-USDT"}),
            {"symbol": "BTC-USDT", "side": "BOTH", "leverage": "5"},
        ),
        alien=BINGX_LIMIT | {"symbol": "BTC-USDC"},
    ),
    "coinbase": Lists(
        resting={
            "/api/v3/brokerage/orders/historical/batch?order_status=OPEN": orders(COINBASE_ROW)
        },
        ended={
            "/api/v3/brokerage/orders/historical/batch": orders(
                COINBASE_ROW | {"status": "FILLED", "filled_size": "0.05", "filled_value": "2950"}
            )
        },
        fills={
            "/api/v3/brokerage/orders/historical/fills": {
                "fills": [
                    {
                        "entry_id": "22222-2222222-22222222",
                        "trade_id": FILL_ID,
                        "order_id": ORDER_ID,
                        "trade_time": f"{NOW_TEXT}.091377090Z",
                        "trade_type": "FILL",
                        "price": "59000",
                        "size": "0.02",
                        "commission": "0.472",
                        "product_id": "BTC-USDT",
                        "sequence_timestamp": f"{NOW_TEXT}.092520Z",
                        "liquidity_indicator": "TAKER",
                        "size_in_quote": False,
                        "user_id": "u",
                        "side": "BUY",
                    }
                ],
                "cursor": "",
            }
        },
        prices={"/api/v3/brokerage/market/products": COINBASE},
        coins=(
            "/api/v3/brokerage/accounts",
            {
                "accounts": [
                    wallet("USDT", "900", "100"),
                    wallet("BTC", "0.02", "0.03"),
                    wallet("BTC", "9", "0", kind="VAULT"),
                    wallet("XYZ", "7", "0"),
                ],
                "has_next": False,
                "cursor": "",
            },
        ),
        alien=COINBASE_ROW | {"product_id": "ETH-BTC"},
    ),
    "okx": Lists(
        resting={
            "/api/v5/trade/orders-pending": okx(OKX_ORDER),
            "/api/v5/trade/orders-algo-pending": okx(OKX_STOP),
        },
        ended={
            "/api/v5/trade/orders-algo-history": okx(OKX_STOP),
            "/api/v5/trade/orders-history": okx(
                OKX_ORDER | {"state": "filled", "accFillSz": "5", "cancelSource": ""}
            ),
        },
        fills={
            "/api/v5/trade/fills": okx(
                {
                    "instType": "SWAP",
                    "instId": "BTC-USDT-SWAP",
                    "tradeId": FILL_ID,
                    "ordId": ORDER_ID,
                    "clOrdId": LINK,
                    "billId": "7001",
                    "subType": "1",
                    "fillPx": "59000",
                    "fillSz": "2",
                    "fillPnl": "0",
                    "side": "buy",
                    "posSide": "net",
                    "execType": "T",
                    "feeCcy": "USDT",
                    "fee": "-0.472",
                    "ts": str(NOW),
                    "fillTime": str(NOW),
                    "tag": "",
                }
            )
        },
        prices={
            "/api/v5/market/tickers": okx(
                {
                    "instType": "SWAP",
                    "instId": "BTC-USDT-SWAP",
                    "last": "60000",
                    "bidPx": "59999.9",
                    "askPx": "60000.1",
                    "ts": str(NOW),
                }
            ),
            "/api/v5/public/mark-price": okx(
                {"instType": "SWAP", "instId": "BTC-USDT-SWAP", "markPx": "60001", "ts": str(NOW)}
            ),
        },
        modes={
            "/api/v5/account/config": okx(
                {"uid": "424242", "posMode": "net_mode", "perm": "trade"}
            ),
            "/api/v5/account/leverage-info": okx(
                {
                    "instId": "BTC-USDT-SWAP",
                    "mgnMode": "cross",
                    "posSide": "net",
                    "lever": "10",
                    "ccy": "",
                }
            ),
        },
        leverage=(
            *("POST", "/api/v5/account/set-leverage"),
            okx({"instId": "BTC-USDT-SWAP", "lever": "5", "mgnMode": "cross", "posSide": ""}),
            {"instId": "BTC-USDT-SWAP", "mgnMode": "cross", "lever": "5"},
        ),
        alien=OKX_ORDER | {"instId": "BTC-USD-SWAP"},
    ),
    "gate": Lists(
        resting={
            "/api/v4/futures/usdt/orders": [GATE_ORDER],
            "/api/v4/futures/usdt/price_orders": [
                {
                    "id": 8003,
                    "user": 1,
                    "trigger": {"strategy_type": 0, "price_type": 0, "price": "9", "rule": 2},
                    "initial": {"contract": "ETH_BTC", "size": -5, "price": "0", "tif": "ioc"},
                    "status": "open",
                    "create_time": NOW // 1000,
                }
            ],
        },
        ended={
            "/api/v4/futures/usdt/orders_timerange": [
                GATE_ORDER
                | {"left": 0, "status": "finished", "finish_as": "filled"}
                | {"finish_time": NOW // 1000}
            ]
        },
        fills={
            "/api/v4/futures/usdt/my_trades_timerange": [
                {
                    "trade_id": FILL_ID,
                    "create_time": NOW / 1000,
                    "contract": "BTC_USDT",
                    "order_id": ORDER_ID,
                    "size": 200,
                    "price": "59000",
                    "text": f"t-{LINK}",
                    "fee": "0.472",
                    "point_fee": "0",
                    "role": "taker",
                    "close_size": 0,
                }
            ]
        },
        prices={
            "/api/v4/futures/usdt/tickers": [
                {"contract": "BTC_USDT", "last": "60000", "mark_price": "60001"}
                | {"highest_bid": "59999.9", "lowest_ask": "60000.1"}
            ]
        },
        modes={"/api/v4/futures/usdt/positions": VOICES["gate"].positions[2]},
        leverage=(
            *("POST", "/api/v4/futures/usdt/positions/BTC_USDT/leverage"),
            {"contract": "BTC_USDT", "leverage": "0", "cross_leverage_limit": "5", "size": 0},
            {"leverage": "0", "cross_leverage_limit": "5"},
        ),
        alien=GATE_ORDER | {"contract": "ETH_BTC"},
    ),
    "bitget": Lists(
        resting={
            "/api/v2/mix/order/orders-pending": bitget("entrustedList", BITGET_ORDER),
            "/api/v2/mix/order/orders-plan-pending": bitget("entrustedList", BITGET_STOP),
        },
        ended={
            "/api/v2/mix/order/orders-plan-history": bitget("entrustedList", BITGET_STOP),
            "/api/v2/mix/order/orders-history": bitget(
                "entrustedList",
                BITGET_ORDER | {"status": "filled", "baseVolume": "0.05", "quoteVolume": "2950"},
            ),
        },
        fills={
            "/api/v2/mix/order/fills": bitget(
                "fillList",
                {
                    "tradeId": FILL_ID,
                    "symbol": "BTCUSDT",
                    "orderId": ORDER_ID,
                    "price": "59000",
                    "baseVolume": "0.02",
                    "feeDetail": [
                        {"deduction": "no", "feeCoin": "USDT", "totalFee": "-0.472"}
                        | {"totalDeductionFee": ""}
                    ],
                    "side": "buy",
                    "quoteVolume": "1180",
                    "profit": "0",
                    "enterPointSource": "api",
                    "tradeSide": "buy_single",
                    "posMode": "one_way_mode",
                    "tradeScope": "taker",
                    "cTime": str(NOW),
                },
            )
        },
        prices={
            "/api/v2/mix/market/tickers": BITGET_OK
            | {
                "data": [
                    {"symbol": "BTCUSDT", "lastPr": "60000", "bidPr": "59999.9"}
                    | {"askPr": "60000.1", "markPrice": "60001", "ts": str(NOW)}
                ]
            }
        },
        modes={
            "/api/v2/mix/account/account": BITGET_OK
            | {
                "data": {
                    "marginCoin": "USDT",
                    "crossedMarginLeverage": 10,
                    "isolatedLongLever": 20,
                    "isolatedShortLever": 20,
                    "marginMode": "crossed",
                    "posMode": "one_way_mode",
                }
            }
        },
        leverage=(
            *("POST", "/api/v2/mix/account/set-leverage"),
            BITGET_OK
            | {
                "data": {
                    "symbol": "BTCUSDT",
                    "marginCoin": "USDT",
                    "longLeverage": "5",
                    "shortLeverage": "5",
                    "crossMarginLeverage": "5",
                    "marginMode": "crossed",
                }
            },
            {"symbol": "BTCUSDT", "productType": "USDT-FUTURES"}
            | {"marginCoin": "USDT", "leverage": "5"},
        ),
        alien=BITGET_ORDER | {"symbol": "BTCPERP"},
    ),
    "kucoin": Lists(
        resting={
            "/api/v1/hf/orders/active": KUCOIN_OK | {"data": [KUCOIN_ORDER]},
            "/api/v1/stop-order": kucoin_page(KUCOIN_STOP),
        },
        busy={
            "/api/v1/hf/orders/active/symbols": KUCOIN_OK
            | {"data": {"symbols": ["BTC-USDT", "XYZ-USDT"]}}
        },
        ended={
            "/api/v1/hf/orders/done": KUCOIN_OK
            | {
                "data": {
                    "lastId": 137,
                    "items": [
                        KUCOIN_ORDER
                        | {"dealSize": "0.05", "dealFunds": "2950", "remainSize": "0"}
                        | {"active": False, "inOrderBook": False}
                    ],
                }
            }
        },
        fills={
            "/api/v1/hf/fills": KUCOIN_OK
            | {
                "data": {
                    "lastId": 137,
                    "items": [
                        KUCOIN_TRADE
                        | {"id": 137, "symbol": "BTC-USDT", "size": "0.02", "funds": "1180"}
                        | {"tradeType": "TRADE", "type": "limit"}
                    ],
                }
            }
        },
        prices={
            "/api/v1/market/allTickers": KUCOIN_OK
            | {
                "data": {
                    "time": NOW,
                    "ticker": [
                        {"symbol": "NEW-USDT", "buy": None, "sell": None, "last": None},
                        {
                            "symbol": "BTC-USDT",
                            "buy": "59999.9",
                            "sell": "60000.1",
                            "last": "60000",
                        },
                    ],
                }
            }
        },
        coins=(
            "/api/v1/accounts",
            KUCOIN_OK
            | {
                "data": [
                    {"currency": coin, "type": kind, "available": free, "holds": held}
                    for coin, kind, free, held in (
                        ("USDT", "trade", "900", "100"),
                        ("BTC", "main", "3", "0"),
                        ("BTC", "trade", "0.02", "0.03"),
                        ("XYZ", "trade", "7", "0"),
                    )
                ]
            },
        ),
        alien=KUCOIN_ORDER | {"symbol": "ETH-BTC"},
    ),
    "kucoin_futures": Lists(
        resting={
            "/api/v1/orders?status=active": kucoin_page(KUCOIN_CONTRACTS),
            "/api/v1/stopOrders": kucoin_page(
                KUCOIN_FUTURES_ROW | {"id": STOP_ID, "clientOid": STOP_LINK}
            ),
        },
        ended={
            "/api/v1/orders?status=done": kucoin_page(
                KUCOIN_CONTRACTS
                | {"filledSize": 50, "filledValue": "2950", "dealSize": 50, "dealValue": "2950"}
                | {"isActive": False, "status": "done"}
            )
        },
        fills={
            "/api/v1/fills": kucoin_page(
                KUCOIN_TRADE
                | {"symbol": "XBTUSDTM", "size": 20, "value": "1180", "orderType": "limit"}
                | {"tradeType": "trade", "openFeePay": "0.472", "closeFeePay": "0"}
                | {"settleCurrency": "USDT", "marginMode": "CROSS", "tradeTime": NOW * 1_000_000}
            )
        },
        prices={
            "/api/v1/allTickers": KUCOIN_OK
            | {
                "data": [
                    {"symbol": "XBTUSDTM", "price": "60000", "bestBidPrice": "59999.9"}
                    | {"bestAskPrice": "60000.1", "ts": NOW * 1_000_000}
                ]
            },
            "/api/v1/contracts/active": KUCOIN_OK
            | {"data": [KUCOIN_FUTURES["data"][0] | {"markPrice": 60001}]},
        },
        modes={
            "/api/v2/position/getPositionMode": KUCOIN_OK | {"data": {"positionMode": 0}},
            "/api/v2/getCrossUserLeverage": KUCOIN_OK
            | {"data": {"symbol": "XBTUSDTM", "leverage": "10"}},
        },
        leverage=(
            *("POST", "/api/v2/changeCrossUserLeverage", KUCOIN_OK | {"data": True}),
            {"symbol": "XBTUSDTM", "leverage": "5"},
        ),
        alien=KUCOIN_CONTRACTS | {"symbol": "XBTUSDM"},
    ),
    "htx": Lists(
        resting={
            "/v1/order/openOrders": HTX_OK | {"data": [HTX_ROW]},
            "/v2/algo-orders/opening": {
                "code": 200,
                "data": [
                    {
                        "accountId": 77,
                        "source": "web",
                        "clientOrderId": STOP_LINK,
                        "symbol": "btcusdt",
                        "orderSize": "0.05",
                        "orderSide": "sell",
                        "timeInForce": "ioc",
                        "orderType": "market",
                        "stopPrice": "58000",
                        "orderOrigTime": NOW,
                        "lastActTime": NOW,
                        "orderStatus": "created",
                    }
                ],
            },
        },
        ended={
            "/v1/order/orders": HTX_OK
            | {
                "data": [
                    HTX_ROW
                    | {"state": "filled", "field-amount": "0.05", "field-cash-amount": "2950"}
                    | {"finished-at": NOW}
                ]
            }
        },
        fills={
            "/v1/order/matchresults": HTX_OK
            | {
                "data": [
                    {
                        "symbol": "btcusdt",
                        "fee-currency": "usdt",
                        "source": "spot-api",
                        "price": "59000",
                        "created-at": NOW,
                        "role": "taker",
                        "order-id": int(ORDER_ID),
                        "match-id": 5014,
                        "trade-id": int(FILL_ID),
                        "filled-amount": "0.02",
                        "filled-fees": "0.472",
                        "filled-points": "0.0",
                        "fee-deduct-currency": "",
                        "fee-deduct-state": "done",
                        "id": 313288753120940,
                        "type": "buy-limit",
                    }
                ]
            }
        },
        prices={
            "/market/tickers": HTX_OK
            | {
                "ts": NOW,
                "data": [
                    {"symbol": "ethbtc", "close": 0.05, "bid": 0.04, "ask": 0.06},
                    {"symbol": "btcusdt", "close": 60000, "bid": 59999.9, "ask": 60000.1},
                ],
            }
        },
        coins=(
            "/v1/account/accounts/77/balance",
            HTX_OK
            | {
                "data": {
                    "id": 77,
                    "type": "spot",
                    "state": "working",
                    "list": [
                        {"currency": coin, "type": kind, "balance": held}
                        for coin, kind, held in (
                            ("usdt", "trade", "900"),
                            ("usdt", "frozen", "100"),
                            ("btc", "trade", "0.02"),
                            ("btc", "frozen", "0.03"),
                            ("xyz", "trade", "7"),
                        )
                    ],
                }
            },
        ),
        alien=HTX_ROW | {"symbol": "ethbtc"},
    ),
    "hashkey": Lists(
        resting={"/api/v1/spot/openOrders": [HASHKEY_ROW]},
        ended={
            "/api/v1/spot/tradeOrders": [
                HASHKEY_ROW
                | {"status": "FILLED", "executedQty": "0.05"}
                | {"cummulativeQuoteQty": "2950", "cumulativeQuoteQty": "2950"}
            ]
        },
        fills={
            "/api/v1/account/trades": [
                {
                    "id": FILL_ID,
                    "clientOrderId": LINK,
                    "symbol": "BTCUSDT",
                    "symbolName": "BTCUSDT",
                    "orderId": ORDER_ID,
                    "matchOrderId": "0",
                    "price": "59000",
                    "qty": "0.02",
                    "commission": "0.472",
                    "commissionAsset": "USDT",
                    "time": str(NOW),
                    "isBuyer": True,
                    "isMaker": False,
                    "fee": {"feeCoinId": "USDT", "feeCoinName": "USDT", "fee": "0.472"},
                    "feeCoinId": "USDT",
                    "feeAmount": "0.472",
                    "makerRebate": "0",
                }
            ]
        },
        prices={
            "/quote/v1/ticker/price": [
                {"s": "BTCUSDT-PERPETUAL", "p": "60007"},
                {"s": "BTCUSDT", "p": "60000"},
            ]
        },
        coins=(
            "/api/v1/account",
            {
                "balances": [
                    {"asset": "USDT", "free": "900", "locked": "100", "total": "1000"},
                    {"asset": "BTC", "free": "0.02", "locked": "0.03", "total": "0.05"},
                    {"asset": "XYZ", "free": "7", "locked": "0", "total": "7"},
                ],
                "userId": "1649292498437183234",
            },
        ),
        alien=HASHKEY_ROW | {"symbol": "ETHBTC"},
    ),
    "binance": Lists(
        resting={"/api/v3/openOrders": [BINANCE_ROW, stop(STOP_ROW)]},
        ended={"/api/v3/allOrders": [BINANCE_ROW | DONE]},
        fills={
            "/api/v3/myTrades": [
                BINANCE_TRADE
                | {"isBuyer": True, "isMaker": False, "isBestMatch": True, "orderListId": -1}
            ]
        },
        prices={
            "/api/v3/ticker/bookTicker": [
                {"symbol": "BTCUSDT", "bidPrice": "59999.9", "bidQty": "1", "askPrice": "60000.1"}
            ],
            "/api/v3/ticker/price": BINANCE_LAST,
        },
        coins=(
            "/api/v3/account",
            {
                "uid": 424242,
                "balances": [
                    {"asset": "USDT", "free": "900", "locked": "100"},
                    {"asset": "BTC", "free": "0.02", "locked": "0.03"},
                    {"asset": "XYZ", "free": "7", "locked": "0"},
                ],
            },
        ),
        alien=BINANCE_ROW | {"symbol": "ETHBTC"},
    ),
    "binance_usdm": Lists(
        resting={
            "/fapi/v1/openOrders": [USDM_ROW],
            "/fapi/v1/openAlgoOrders": [stop(ALGO_ROW)],
        },
        ended={
            "/fapi/v1/allOrders": [USDM_ROW | DONE | {"cumQuote": "2950"}],
            "/fapi/v1/allAlgoOrders": [stop(ALGO_ROW)],
        },
        fills={
            "/fapi/v1/userTrades": [
                BINANCE_TRADE
                | {"side": "BUY", "positionSide": "BOTH", "buyer": True, "maker": False}
                | {"realizedPnl": "0", "marginAsset": "USDT"}
            ]
        },
        prices={
            "/fapi/v2/ticker/price": [row | {"time": NOW} for row in BINANCE_LAST],
            "/fapi/v1/premiumIndex": [{"symbol": "BTCUSDT", "markPrice": "60001", "time": NOW}],
        },
        modes={
            "/fapi/v1/accountConfig": {
                "canTrade": True,
                "dualSidePosition": False,
                "multiAssetsMargin": False,
                "updateTime": 0,
            },
            "/fapi/v1/symbolConfig": [
                {"symbol": "BTCUSDT", "marginType": "CROSSED", "leverage": 10},
                {"symbol": "ETHUSDC", "marginType": "CROSSED", "leverage": 20},
            ],
        },
        leverage=(
            *("POST", "/fapi/v1/leverage"),
            {"symbol": "BTCUSDT", "leverage": 5, "maxNotionalValue": "1000000"},
            {"symbol": "BTCUSDT", "leverage": "5"},
        ),
        alien=USDM_ROW | {"symbol": "BTCUSDC"},
    ),
}

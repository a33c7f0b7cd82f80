"""How each exchange lists its one BTC/USDT market: shapes of theirs, values of ours."""

from __future__ import annotations

BINANCE_FILTERS = [
    {"filterType": "PRICE_FILTER", "minPrice": "0.10", "maxPrice": "1000000", "tickSize": "0.10"},
    {"filterType": "LOT_SIZE", "minQty": "0.001", "maxQty": "900", "stepSize": "0.001"},
    {"filterType": "MARKET_LOT_SIZE", "minQty": "0.001", "maxQty": "120", "stepSize": "0.001"},
    {"filterType": "MIN_NOTIONAL", "notional": "5"},
]
BINANCE_SPOT = {
    "timezone": "UTC",
    "symbols": [
        {
            "symbol": "BTCUSDT",
            "status": "TRADING",
            "baseAsset": "BTC",
            "quoteAsset": "USDT",
            "baseAssetPrecision": 8,
            "quotePrecision": 8,
            "orderTypes": ["LIMIT", "MARKET", "STOP_LOSS", "TAKE_PROFIT"],
            "isSpotTradingAllowed": True,
            "isMarginTradingAllowed": False,
            "filters": BINANCE_FILTERS,
            "permissions": [],
            "permissionSets": [["SPOT"]],
        }
    ],
}
BINANCE_USDM = {
    "timezone": "UTC",
    "symbols": [
        {
            "symbol": "BTCUSDT",
            "pair": "BTCUSDT",
            "contractType": "PERPETUAL",
            "deliveryDate": 4133404800000,
            "onboardDate": 1569398400000,
            "status": "TRADING",
            "baseAsset": "BTC",
            "quoteAsset": "USDT",
            "marginAsset": "USDT",
            "pricePrecision": 1,
            "quantityPrecision": 3,
            "baseAssetPrecision": 8,
            "quotePrecision": 8,
            "underlyingType": "COIN",
            "orderTypes": ["LIMIT", "MARKET", "STOP_MARKET"],
            "filters": BINANCE_FILTERS,
        }
    ],
}
HASHKEY = {
    "timezone": "UTC",
    "serverTime": "1763740000000",
    "symbols": [
        {
            "symbol": "BTCUSDT",
            "symbolName": "BTCUSDT",
            "status": "TRADING",
            "baseAsset": "BTC",
            "baseAssetName": "BTC",
            "baseAssetPrecision": "0.001",
            "quoteAsset": "USDT",
            "quoteAssetName": "USDT",
            "quotePrecision": "0.00000001",
            "retailAllowed": True,
            "icebergAllowed": False,
            "isAggregate": False,
            "allowMargin": False,
            "filters": [
                {
                    "filterType": "PRICE_FILTER",
                    "minPrice": "0.1",
                    "maxPrice": "1000000",
                    "tickSize": "0.1",
                },
                {"filterType": "LOT_SIZE", "minQty": "0.001", "maxQty": "100", "stepSize": "0.001"},
                {"filterType": "MIN_NOTIONAL", "minNotional": "5"},
            ],
        }
    ],
    "contracts": [],
    "coins": [],
}
MEXC = {
    "timezone": "CST",
    "symbols": [
        {
            "symbol": "BTCUSDT",
            "status": "1",
            "baseAsset": "BTC",
            "baseAssetPrecision": 3,
            "quoteAsset": "USDT",
            "quotePrecision": 1,
            "quoteAssetPrecision": 1,
            "baseCommissionPrecision": 8,
            "quoteCommissionPrecision": 8,
            "orderTypes": ["LIMIT", "MARKET", "LIMIT_MAKER"],
            "isSpotTradingAllowed": True,
            "isMarginTradingAllowed": False,
            "quoteAmountPrecision": "5",
            "baseSizePrecision": "0.001",
            "permissions": ["SPOT"],
            "filters": [],
            "maxQuoteAmount": "2000000",
            "makerCommission": "0",
            "takerCommission": "0.0005",
        }
    ],
}
KUCOIN_SPOT = {
    "code": "200000",
    "data": [
        {
            "symbol": "BTC-USDT",
            "name": "BTC-USDT",
            "baseCurrency": "BTC",
            "quoteCurrency": "USDT",
            "feeCurrency": "USDT",
            "market": "USDS",
            "baseMinSize": "0.001",
            "quoteMinSize": "5",
            "baseMaxSize": "100",
            "quoteMaxSize": "99999999",
            "baseIncrement": "0.001",
            "quoteIncrement": "0.000001",
            "priceIncrement": "0.1",
            "priceLimitRate": "0.1",
            "minFunds": "5",
            "isMarginEnabled": False,
            "enableTrading": True,
        }
    ],
}
KUCOIN_FUTURES = {
    "code": "200000",
    "data": [
        {
            "symbol": "XBTUSDTM",
            "rootSymbol": "USDT",
            "type": "FFWCSX",
            "firstOpenDate": 1585555200000,
            "expireDate": None,
            "settleDate": None,
            "baseCurrency": "XBT",
            "quoteCurrency": "USDT",
            "settleCurrency": "USDT",
            "maxOrderQty": 1000000,
            "maxPrice": 1000000.0,
            "lotSize": 1,
            "tickSize": 0.1,
            "indexPriceTickSize": 0.01,
            "multiplier": 0.001,
            "isInverse": False,
            "makerFeeRate": 0.0002,
            "takerFeeRate": 0.0006,
            "status": "Open",
            "nextFundingRateTime": 21000000,
            "maxLeverage": 100,
        }
    ],
}
OKX = {
    "code": "0",
    "msg": "",
    "data": [
        {
            "instType": "SWAP",
            "instId": "BTC-USDT-SWAP",
            "instFamily": "BTC-USDT",
            "uly": "BTC-USDT",
            "baseCcy": "",
            "quoteCcy": "",
            "settleCcy": "USDT",
            "ctVal": "0.01",
            "ctMult": "1",
            "ctValCcy": "BTC",
            "ctType": "linear",
            "lever": "100",
            "lotSz": "0.1",
            "minSz": "0.1",
            "tickSz": "0.1",
            "maxLmtSz": "100000000",
            "maxMktSz": "12000",
            "listTime": "1573557408000",
            "expTime": "",
            "state": "live",
            "alias": "",
            "optType": "",
            "stk": "",
        }
    ],
}
BITGET = {
    "code": "00000",
    "msg": "success",
    "requestTime": 1763740000000,
    "data": [
        {
            "symbol": "BTCUSDT",
            "baseCoin": "BTC",
            "quoteCoin": "USDT",
            "supportMarginCoins": ["USDT"],
            "makerFeeRate": "0.0002",
            "takerFeeRate": "0.0006",
            "minTradeNum": "0.001",
            "priceEndStep": "1",
            "volumePlace": "3",
            "pricePlace": "1",
            "sizeMultiplier": "0.001",
            "symbolType": "perpetual",
            "minTradeUSDT": "5",
            "maxSymbolOrderNum": "200",
            "symbolStatus": "normal",
            "offTime": "-1",
            "limitOpenTime": "-1",
            "minLever": "1",
            "maxLever": "125",
            "maxOrderQty": "1200",
            "maxMarketOrderQty": "150",
        }
    ],
}
GATE = [
    {
        "name": "BTC_USDT",
        "type": "direct",
        "quanto_multiplier": "0.0001",
        "order_size_min": 1,
        "order_size_max": 1000000,
        "order_price_round": "0.1",
        "mark_price_round": "0.01",
        "order_price_deviate": "0.2",
        "leverage_min": "1",
        "leverage_max": "125",
        "maker_fee_rate": "-0.0001",
        "taker_fee_rate": "0.0005",
        "mark_price": "60000",
        "in_delisting": False,
        "status": "trading",
        "create_time": 1574035200,
    }
]
HTX = {
    "status": "ok",
    "data": [
        {
            "base-currency": "btc",
            "quote-currency": "usdt",
            "price-precision": 1,
            "amount-precision": 3,
            "symbol-partition": "main",
            "symbol": "btcusdt",
            "state": "online",
            "value-precision": 8,
            "min-order-amt": 0.001,
            "max-order-amt": 1000,
            "min-order-value": 5,
            "limit-order-min-order-amt": 0.001,
            "limit-order-max-order-amt": 1000,
            "sell-market-min-order-amt": 0.001,
            "sell-market-max-order-amt": 100,
            "api-trading": "enabled",
            "tags": "",
        }
    ],
}
BINGX = {
    "code": 0,
    "msg": "",
    "data": [
        {
            "contractId": "100",
            "symbol": "BTC-USDT",
            "size": "0.001",
            "quantityPrecision": 3,
            "pricePrecision": 1,
            "feeRate": 0.0005,
            "makerFeeRate": 0.0002,
            "takerFeeRate": 0.0005,
            "tradeMinLimit": 0,
            "tradeMinQuantity": 0.001,
            "tradeMinUSDT": 2,
            "currency": "USDT",
            "asset": "BTC",
            "status": 1,
            "apiStateOpen": "true",
            "apiStateClose": "true",
            "ensureTrigger": True,
            "maxLongLeverage": 125,
            "maxShortLeverage": 125,
        }
    ],
}
COINBASE = {
    "num_products": 1,
    "products": [
        {
            "product_id": "BTC-USDT",
            "price": "60000",
            "base_increment": "0.001",
            "quote_increment": "0.1",
            "price_increment": "0.1",
            "quote_min_size": "1",
            "quote_max_size": "10000000",
            "base_min_size": "0.001",
            "base_max_size": "1000",
            "base_name": "Bitcoin",
            "quote_name": "Tether",
            "is_disabled": False,
            "status": "online",
            "cancel_only": False,
            "limit_only": False,
            "post_only": False,
            "trading_disabled": False,
            "auction_mode": False,
            "product_type": "SPOT",
            "quote_currency_id": "USDT",
            "base_currency_id": "BTC",
            "product_venue": "CBE",
        }
    ],
}
LISTINGS: dict[str, dict[str, object]] = {
    "binance": {"/api/v3/exchangeInfo": BINANCE_SPOT},
    "binance_usdm": {"/fapi/v1/exchangeInfo": BINANCE_USDM},
    "hashkey": {"/api/v1/exchangeInfo": HASHKEY},
    "mexc": {"/api/v3/exchangeInfo": MEXC},
    "kucoin": {"/api/v2/symbols": KUCOIN_SPOT},
    "kucoin_futures": {"/api/v1/contracts/active": KUCOIN_FUTURES},
    "okx": {"/api/v5/public/instruments": OKX},
    "bitget": {"/api/v2/mix/market/contracts": BITGET},
    "gate": {"/api/v4/futures/usdt/contracts": GATE},
    "htx": {"/v1/common/symbols": HTX},
    "bingx": {"/openApi/swap/v2/quote/contracts": BINGX},
    "coinbase": {"/api/v3/brokerage/market/products": COINBASE},
}
# Contract size in BTC, tick and step in quote and base units, as the listings above say them.
RULES: dict[str, tuple[str, str, str]] = {
    **dict.fromkeys(
        (
            *("binance", "binance_usdm", "hashkey", "mexc", "kucoin", "bitget", "htx", "bingx"),
            "coinbase",
        ),
        ("1", "0.1", "0.001"),
    ),
    "kucoin_futures": ("0.001", "0.1", "0.001"),
    "okx": ("0.01", "0.1", "0.001"),
    "gate": ("0.0001", "0.1", "0.0001"),
}

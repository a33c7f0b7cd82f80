"""Which adapter serves which exchange; loaded on first use, so that the web never loads an SDK."""

from __future__ import annotations

from functools import cache
from typing import cast

from django.utils.module_loading import import_string

from exchanges.ports import (
    AccountStreamFactory,
    AffiliateFactory,
    ExchangeFactory,
    MarketDataFactory,
    PriceStreamFactory,
)

# Of each venue that ccxt serves: the module, and what stands before `account` and `market` in it.
CCXT_VENUES = {
    "binance": ("binance", "spot"),
    "binance_usdm": ("binance", "usdm"),
    "bingx": ("bingx", "swap"),
    "bitget": ("bitget", "swap"),
    "coinbase": ("coinbase", "spot"),
    "gate": ("gate", "swap"),
    "hashkey": ("hashkey", "spot"),
    "htx": ("htx", "spot"),
    "kucoin": ("kucoin", "spot"),
    "kucoin_futures": ("kucoin", "futures"),
    "mexc": ("mexc", "spot"),
    "okx": ("okx", "swap"),
}


def _served_by_ccxt(what: str) -> dict[str, str]:
    return {
        kind: f"exchanges.adapters.ccxt.venues.{module}.{product}_{what}"
        for kind, (module, product) in CCXT_VENUES.items()
    }


EXCHANGES = {"bybit": "exchanges.adapters.bybit.gateway.BybitExchange"} | _served_by_ccxt("account")
AFFILIATES = {"bybit": "exchanges.adapters.bybit.affiliate.BybitAffiliate"}
MARKETS = {"bybit": "exchanges.adapters.bybit.market.BybitMarket"} | _served_by_ccxt("market")
ACCOUNT_STREAMS = {"bybit": "exchanges.adapters.bybit.stream.BybitAccountStream"}
PRICE_STREAMS = {"bybit": "exchanges.adapters.bybit.tickers.BybitPriceStream"}


@cache
def exchange_factory(kind: str) -> ExchangeFactory:
    return cast(ExchangeFactory, import_string(EXCHANGES[kind]))


@cache
def affiliate_factory(kind: str) -> AffiliateFactory:
    return cast(AffiliateFactory, import_string(AFFILIATES[kind]))


@cache
def market_factory(kind: str) -> MarketDataFactory:
    return cast(MarketDataFactory, import_string(MARKETS[kind]))


@cache
def account_stream_factory(kind: str) -> AccountStreamFactory:
    return cast(AccountStreamFactory, import_string(ACCOUNT_STREAMS[kind]))


@cache
def price_stream_factory(kind: str) -> PriceStreamFactory:
    return cast(PriceStreamFactory, import_string(PRICE_STREAMS[kind]))

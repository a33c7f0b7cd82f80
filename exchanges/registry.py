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

EXCHANGES = {"bybit": "exchanges.adapters.bybit.gateway.BybitExchange"}
AFFILIATES = {"bybit": "exchanges.adapters.bybit.affiliate.BybitAffiliate"}
MARKETS = {"bybit": "exchanges.adapters.bybit.market.BybitMarket"}
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

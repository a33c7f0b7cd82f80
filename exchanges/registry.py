"""Which adapter serves which exchange; loaded on first use, so that the web never loads an SDK.

A row that names an exchange without one is its own trouble: `Unavailable`, like one that is away.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any, cast

from django.utils.module_loading import import_string

from exchanges.domain.errors import Unavailable
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
    return cast(ExchangeFactory, _found(EXCHANGES, kind))


@cache
def affiliate_factory(kind: str) -> AffiliateFactory:
    return cast(AffiliateFactory, _found(AFFILIATES, kind))


@cache
def market_factory(kind: str) -> MarketDataFactory:
    return cast(MarketDataFactory, _found(MARKETS, kind))


@cache
def account_stream_factory(kind: str) -> AccountStreamFactory:
    return cast(AccountStreamFactory, _found(ACCOUNT_STREAMS, kind))


@cache
def price_stream_factory(kind: str) -> PriceStreamFactory:
    return cast(PriceStreamFactory, _found(PRICE_STREAMS, kind))


def _found(adapters: Mapping[str, str], kind: str) -> Any:
    if kind not in adapters:
        raise Unavailable("no adapter serves this exchange")
    return import_string(adapters[kind])

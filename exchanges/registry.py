"""Which adapter serves which exchange; loaded on first use, so that the web never loads an SDK."""

from __future__ import annotations

from functools import cache
from typing import cast

from django.utils.module_loading import import_string

from exchanges.ports import ExchangeFactory, MarketDataFactory

EXCHANGES = {"bybit": "exchanges.adapters.bybit.gateway.BybitExchange"}
MARKETS = {"bybit": "exchanges.adapters.bybit.market.BybitMarket"}


@cache
def exchange_factory(kind: str) -> ExchangeFactory:
    return cast(ExchangeFactory, import_string(EXCHANGES[kind]))


@cache
def market_factory(kind: str) -> MarketDataFactory:
    return cast(MarketDataFactory, import_string(MARKETS[kind]))

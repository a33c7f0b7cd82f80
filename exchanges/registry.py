"""Which adapter serves which exchange; loaded on first use, so that the web never loads an SDK.

A row that names an exchange without one is its own trouble: `Unavailable`, like one that is away.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache, partial
from typing import Any, cast

from django.utils.module_loading import import_string

from exchanges.domain.errors import Unavailable
from exchanges.domain.venues import VenueFacts
from exchanges.ports import (
    AccountStreamFactory,
    AffiliateFactory,
    ExchangeFactory,
    MarketDataFactory,
    PriceStreamFactory,
)

# Each profile that ccxt serves, in `exchanges.adapters.ccxt.venues`; no profile loads ccxt.
CCXT_VENUES = {
    "binance": "binance.SPOT",
    "binance_usdm": "binance.USDM",
    "bingx": "bingx.SWAP",
    "bitget": "bitget.SWAP",
    "coinbase": "coinbase.SPOT",
    "gate": "gate.SWAP",
    "hashkey": "hashkey.SPOT",
    "htx": "htx.SPOT",
    "kucoin": "kucoin.SPOT",
    "kucoin_futures": "kucoin.FUTURES",
    "mexc": "mexc.SPOT",
    "okx": "okx.SWAP",
}
CCXT_EXCHANGE = "exchanges.adapters.ccxt.account.CcxtExchange"
CCXT_MARKET = "exchanges.adapters.ccxt.market.CcxtMarket"

VENUES = {"bybit": "exchanges.adapters.bybit.venue.LINEAR"}
EXCHANGES = {"bybit": "exchanges.adapters.bybit.gateway.BybitExchange"}
AFFILIATES = {"bybit": "exchanges.adapters.bybit.affiliate.BybitAffiliate"}
MARKETS = {"bybit": "exchanges.adapters.bybit.market.BybitMarket"}
ACCOUNT_STREAMS = {"bybit": "exchanges.adapters.bybit.stream.BybitAccountStream"}
UNSERVED = VenueFacts(environments=())
PRICE_STREAMS = {"bybit": "exchanges.adapters.bybit.tickers.BybitPriceStream"}


@cache
def venue_of(kind: str) -> VenueFacts:
    """What is declared of an exchange, for pages and planners; loads no SDK.

    Of one that there is no adapter for nothing is known, and no account of it opens.
    """
    if kind in CCXT_VENUES:
        return cast(VenueFacts, _profile(kind).facts())
    return cast(VenueFacts, import_string(VENUES[kind])) if kind in VENUES else UNSERVED


@cache
def exchange_factory(kind: str) -> ExchangeFactory:
    if kind in CCXT_VENUES:
        return partial(import_string(CCXT_EXCHANGE), _profile(kind))
    return cast(ExchangeFactory, _found(EXCHANGES, kind))


@cache
def affiliate_factory(kind: str) -> AffiliateFactory:
    return cast(AffiliateFactory, _found(AFFILIATES, kind))


@cache
def market_factory(kind: str) -> MarketDataFactory:
    if kind in CCXT_VENUES:
        return partial(import_string(CCXT_MARKET), _profile(kind))
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


def _profile(kind: str) -> Any:
    return import_string(f"exchanges.adapters.ccxt.venues.{CCXT_VENUES[kind]}")

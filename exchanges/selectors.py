"""Every read of connections and instruments, with ownership in the query."""

from __future__ import annotations

from uuid import UUID

from django.db.models import QuerySet
from django.http import Http404

from accounts.models import User
from exchanges.choices import ConnectionStatus, ExchangeKind
from exchanges.domain.symbols import QUOTE, Match, find
from exchanges.domain.trading import TRADING, InstrumentFacts, Ticker
from exchanges.models import Connection, Instrument


def connections_of(user: User) -> QuerySet[Connection]:
    """A trader's links, the disconnected ones left out."""
    links = user.connections.exclude(status=ConnectionStatus.REVOKED)
    return links.select_related("key_pair")


def connection_of(user: User, public_id: UUID) -> Connection:
    """One of a trader's own links; anybody else's does not exist for them."""
    link = connections_of(user).filter(public_id=public_id).first()
    if link is None:
        raise Http404
    return link


def has_connection(user: User) -> bool:
    return user.connections.filter(status=ConnectionStatus.CONNECTED).exists()


def contracts_in(environment: str) -> QuerySet[Instrument]:
    """What signals are written for: Bybit's, whatever else copies are traded on."""
    return Instrument.objects.filter(exchange=ExchangeKind.BYBIT, environment=environment)


def instruments_of(environment: str) -> QuerySet[Instrument]:
    return contracts_in(environment).filter(status=TRADING, quote=QUOTE)


def find_symbol(environment: str, typed: str) -> Match:
    """The contract that a person means by a spelling such as `#BTC/USDT`, or what comes near."""
    return find(typed, contracts_of(environment))


def contracts_of(environment: str) -> dict[str, bool]:
    """Every contract that was ever listed, and whether it trades."""
    listed = contracts_in(environment).filter(quote=QUOTE)
    statuses = listed.values_list("symbol", "status")
    return {symbol: status == TRADING for symbol, status in statuses}


def instrument_facts(environment: str, symbol: str) -> InstrumentFacts | None:
    found = contracts_in(environment).filter(symbol=symbol).first()
    return facts_of(found) if found is not None else None


def cached_ticker(instrument: Instrument) -> Ticker | None:
    """The last prices that were read, for previews; None before the first read."""
    bid, ask, last, mark = instrument.bid, instrument.ask, instrument.last, instrument.mark
    if bid is None or ask is None or last is None or mark is None:
        return None
    return Ticker(instrument.symbol, bid, ask, last, mark)


def facts_of(row: Instrument) -> InstrumentFacts:
    return InstrumentFacts(
        symbol=row.symbol,
        base=row.base,
        quote=row.quote,
        status=row.status,
        tick=row.tick,
        step=row.step,
        min_quantity=row.min_quantity,
        max_quantity=row.max_quantity,
        max_market_quantity=row.max_market_quantity,
        min_notional=row.min_notional,
        min_leverage=row.min_leverage,
        max_leverage=row.max_leverage,
        leverage_step=row.leverage_step,
        delivery_at=row.delivery_at,
    )

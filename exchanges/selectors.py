"""Every read of connections and instruments, with ownership in the query."""

from __future__ import annotations

from collections.abc import Collection
from uuid import UUID

from django.db import connection
from django.db.models import BooleanField, QuerySet
from django.db.models.expressions import RawSQL
from django.http import Http404

from accounts.models import User
from exchanges.choices import ConnectionStatus, ExchangeKind
from exchanges.domain.symbols import QUOTE, Match, find
from exchanges.domain.trading import TRADING, InstrumentFacts, Ticker
from exchanges.models import Connection, Instrument, KeyUse

# Whether a row of connections is under quarantine. There hardly ever is one: that is asked once.
ANY_QUARANTINE = "SELECT EXISTS (SELECT FROM exchanges_quarantine WHERE lifted_at IS NULL)"
QUARANTINED = f"""(
    ({ANY_QUARANTINE})
    AND EXISTS (SELECT FROM exchanges_quarantine held
                WHERE held.lifted_at IS NULL
                  AND held.exchange IN ('', {{link}}.exchange)
                  AND held.environment IN ('', {{link}}.environment)
                  AND coalesce(held.user_id, {{link}}.user_id) = {{link}}.user_id)
)"""
IN_QUARANTINE = f"""
SELECT link.id FROM exchanges_connection link
WHERE {QUARANTINED.format(link="link")}
  AND (%(links)s IS NULL OR link.id = ANY(%(links)s::bigint[]))
"""  # noqa: S608 - constants only


def connections_of(user: User) -> QuerySet[Connection]:
    """A trader's links, the disconnected ones left out; `is_quarantined` says how each stands."""
    links = user.connections.exclude(status=ConnectionStatus.REVOKED)
    return links.select_related("key_pair").annotate(is_quarantined=is_quarantined())


def connection_of(user: User, public_id: UUID) -> Connection:
    """One of a trader's own links; anybody else's does not exist for them."""
    link = connections_of(user).filter(public_id=public_id).first()
    if link is None:
        raise Http404
    return link


def is_quarantined() -> RawSQL:
    """For a query of connections: whether each is under quarantine."""
    link = Connection._meta.db_table  # noqa: SLF001 - Django's name for it
    return RawSQL(QUARANTINED.format(link=link), [], output_field=BooleanField())  # noqa: S611 - constants only


def quarantined(links: Collection[int] | None = None) -> set[int]:
    """Which of these connections, or of all, may enter nothing new; asked anew each time."""
    with connection.cursor() as cursor:
        cursor.execute(ANY_QUARANTINE)  # workers ask while they send: mostly there is none at all
        if not cursor.fetchone()[0]:
            return set()
        cursor.execute(IN_QUARANTINE, {"links": None if links is None else list(links)})
        return {pk for (pk,) in cursor.fetchall()}


def any_connection_of(user: User, public_id: UUID) -> Connection:
    """As `connection_of`, but one that is disconnected is found as well."""
    link = user.connections.filter(public_id=public_id).first()
    if link is None:
        raise Http404
    return link


def key_uses_of(user: User, link: Connection | None = None) -> QuerySet[KeyUse]:
    """Every use of a trader's own keys, or of one connection's, the newest first."""
    own = KeyUse.objects.filter(connection__in=user.connections.all())
    uses = own if link is None else own.filter(connection=link)
    return uses.select_related("connection", "person")


def names_of(user: User) -> set[str]:
    """What a trader's links are called."""
    return set(connections_of(user).values_list("name", flat=True))


def has_connection(user: User) -> bool:
    return user.connections.filter(status=ConnectionStatus.CONNECTED).exists()


def is_held_back(user: User) -> bool:
    """Whether every connection of theirs that could trade is under quarantine."""
    connected = user.connections.filter(status=ConnectionStatus.CONNECTED)
    states = connected.annotate(is_quarantined=is_quarantined()).order_by().distinct()
    return set(states.values_list("is_quarantined", flat=True)) == {True}


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

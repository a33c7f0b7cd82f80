"""Contracts and their rules, as the exchange has them: read hourly, and when they are doubted."""

from __future__ import annotations

import logging
from datetime import datetime, timedelta

from django.db.models import F, Q

from exchanges.domain.errors import ExchangeError, Unavailable
from exchanges.domain.lanes import Lane
from exchanges.domain.trading import CLOSED, InstrumentFacts
from exchanges.gateway import market_of
from exchanges.models import Instrument
from hexagonal.lib.jobs import enqueue_on_commit

log = logging.getLogger(__name__)

PATIENCE = 10.0  # seconds for room; at a first start most of a window counts as spent
MOST_LOOK_UPS = 50  # of contracts missing in one list; the others' turn comes an hour later
DOUBT_SPAN = timedelta(seconds=60)  # in which a contract's rules are doubted once at most
RULES = [
    *("base", "quote", "status", "tick", "step", "min_quantity", "max_quantity"),
    *("max_market_quantity", "min_notional", "min_leverage", "max_leverage", "leverage_step"),
    "delivery_at",
]


def refresh_instruments(exchange: str, environment: str, *, now: datetime) -> int:
    """Read every contract's rules; returns how many trade. Raises `ExchangeError`.

    The list holds only what trades, and a page may miss what moved between two of them: what was
    there and is missing is asked for by name.
    """
    found = market_of(exchange, environment, Lane.POLL, patience=PATIENCE).instruments()
    if not found:
        raise Unavailable("no contract listed")  # an empty list would close every market
    for facts in found:
        _store(exchange, environment, facts, now)
    there = Instrument.objects.filter(exchange=exchange, environment=environment)
    missing = there.exclude(status=CLOSED).exclude(symbol__in=[facts.symbol for facts in found])
    for row in missing.order_by("refreshed_at")[:MOST_LOOK_UPS]:
        if not refresh_instrument(row, now=now):
            log.warning("%s %s is listed no more", environment, row.symbol)
            Instrument.objects.filter(pk=row.pk).update(status=CLOSED, refreshed_at=now)
    return len(found)


def refresh_instrument(row: Instrument, *, now: datetime) -> bool:
    """Read one contract's rules; False when the exchange does not know it. Raises `ExchangeError`.

    Only the list decides together with this that a contract is gone.
    """
    market = market_of(row.exchange, row.environment, Lane.POLL, patience=PATIENCE)
    facts = market.instrument(row.symbol)
    if facts is not None:
        _store(row.exchange, row.environment, facts, now)
    return facts is not None


def _store(exchange: str, environment: str, facts: InstrumentFacts, now: datetime) -> None:
    """Each row by itself: what holds no other's lock never stands in the way of the prices."""
    place = {"exchange": exchange, "environment": environment, "symbol": facts.symbol}
    rules = {name: getattr(facts, name) for name in RULES}
    Instrument.objects.bulk_create(
        [Instrument(**place, **rules, refreshed_at=now)],
        update_conflicts=True,
        unique_fields=list(place),
        update_fields=[*RULES, "refreshed_at"],
    )


# --- when an order was refused by rules that we thought it kept ----------------------------------


def doubt(exchange: str, environment: str, symbol: str, *, now: datetime) -> None:
    """Have a contract's rules read by a worker, once in `DOUBT_SPAN` whoever else doubts them."""
    rows = Instrument.objects.filter(exchange=exchange, environment=environment, symbol=symbol)
    calm = Q(doubted_at__isnull=True) | Q(doubted_at__lt=now - DOUBT_SPAN)
    if rows.filter(calm).update(doubted_at=now):
        row_pk = rows.values_list("pk", flat=True).get()
        enqueue_on_commit("exchanges.refresh_instrument", row_pk)


def refresh_doubted(pk: int, *, now: datetime) -> None:
    """Read the rules of one contract that are doubted; one that cannot be read stays doubted."""
    row = Instrument.objects.filter(pk=pk, doubted_at__gt=F("refreshed_at")).first()
    if row is None:
        return  # the hourly reading was faster
    try:
        refresh_instrument(row, now=now)
    except ExchangeError as error:
        log.warning(
            "%s %s could not be read: %s", row.environment, row.symbol, type(error).__name__
        )


def take_forgotten(*, now: datetime) -> list[int]:
    """Take the contracts whose doubt led to no reading: a lost message, or no room."""
    waiting = Instrument.objects.filter(
        doubted_at__gt=F("refreshed_at"), doubted_at__lt=now - DOUBT_SPAN
    )
    rows = list(waiting.values_list("pk", "doubted_at"))
    return [
        pk
        for pk, at in rows
        if Instrument.objects.filter(pk=pk, doubted_at=at).update(doubted_at=now)
    ]

"""What a signal would do to each connection if it were published now; nothing is changed."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from django.db.models import Exists, OuterRef

from accounts.choices import AccountStatus
from exchanges.choices import ConnectionStatus
from exchanges.models import Connection, Instrument, SymbolState
from exchanges.selectors import cached_ticker, facts_of
from signals.domain.draft import Draft
from signals.domain.planning import Account, Observed, decide_size, worst_price
from signals.domain.reasons import Reason
from signals.domain.sizing import NoSize
from signals.models import LIVE_STATUSES, Copy
from signals.services.accounting import in_flight_margin, money_for

NOT_LINKED = [ConnectionStatus.REVOKED, ConnectionStatus.REFUSED]


@dataclass(frozen=True, slots=True)
class PreviewRow:
    """One connection's size, or the reason why it would be skipped; USDT."""

    link: Connection
    quantity: Decimal | None
    margin: Decimal | None
    notional: Decimal | None
    reason: Reason


@dataclass(frozen=True, slots=True)
class Preview:
    rows: list[PreviewRow]

    @property
    def taking_part(self) -> list[PreviewRow]:
        return [row for row in self.rows if row.quantity is not None]

    @property
    def total_notional(self) -> Decimal:
        return sum((row.notional or Decimal(0) for row in self.rows), Decimal(0))

    @property
    def total_margin(self) -> Decimal:
        return sum((row.margin or Decimal(0) for row in self.rows), Decimal(0))


def preview(draft: Draft, *, now: datetime) -> Preview:
    """Size the draft for every linked account, from what is cached of it."""
    draft = draft.ordered()
    busy = Copy.objects.filter(
        connection=OuterRef("pk"), symbol=draft.symbol, status__in=LIVE_STATUSES
    )
    links = list(
        Connection.objects.exclude(status__in=NOT_LINKED)
        .select_related("user", "copy_settings")
        .annotate(is_busy=Exists(busy))
        .order_by("user__nickname", "pk")
    )
    states = {
        state.connection_id: state
        for state in SymbolState.objects.filter(connection__in=links, symbol=draft.symbol)
    }
    places = {
        (row.exchange, row.environment): row
        for row in Instrument.objects.filter(symbol=draft.symbol)
    }
    margins = in_flight_margin(link.pk for link in links)
    rows = []
    for link in links:
        observed = _observed(places.get((link.exchange, link.environment)), now)
        state = states.get(link.pk)
        account = Account(
            money=money_for(link, margins.get(link.pk, {}).values()),
            leverage=state.leverage if state is not None else None,
            is_hedge=state.is_hedge if state is not None else False,
            has_own_business=draft.symbol in link.own_symbols,
            margin=None,
        )
        rows.append(_row(draft, link, account, observed))
    return Preview(rows)


def _observed(instrument: Instrument | None, now: datetime) -> Observed:
    return Observed(
        now=now,
        ticker=cached_ticker(instrument) if instrument is not None else None,
        rules=facts_of(instrument) if instrument is not None else None,
        legs={},
        entered=Decimal(0),
        held=Decimal(0),
        position=None,
    )


def _row(draft: Draft, link: Connection, account: Account, observed: Observed) -> PreviewRow:
    reason = _refusal(link)
    if reason is not Reason.NONE:
        return PreviewRow(link, None, None, None, reason)
    size = decide_size(draft, account, observed)
    if isinstance(size, NoSize) or observed.ticker is None:
        why = size.reason if isinstance(size, NoSize) else Reason.SYMBOL_UNKNOWN
        return PreviewRow(link, None, None, None, why)
    notional = size.quantity * worst_price(draft, observed.ticker)
    return PreviewRow(link, size.quantity, size.margin, notional, Reason.NONE)


def _refusal(link: Connection) -> Reason:
    """The same questions, in the same order, as the statement that makes the copies."""
    user, rules = link.user, getattr(link, "copy_settings", None)
    if user.status != AccountStatus.ACTIVE or not user.is_active:
        return Reason.ACCOUNT_SUSPENDED
    if not user.has_telegram:
        return Reason.TELEGRAM_MISSING
    if link.status != ConnectionStatus.CONNECTED:
        return Reason.CONNECTION_NOT_READY
    if rules is None or not rules.is_enabled:
        return Reason.SIZING_MISSING
    if getattr(link, "is_busy", False):
        return Reason.SYMBOL_BUSY
    return Reason.NONE

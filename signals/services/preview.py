"""What a signal would do to each connection if it were published now; nothing is changed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import NamedTuple

from django.conf import settings

from accounts.choices import AccountStatus
from accounts.models import User
from exchanges.choices import ConnectionStatus
from exchanges.domain.trading import PORTFOLIO_MARGIN
from exchanges.models import Instrument, SymbolState, budget_of
from exchanges.registry import venue_of
from exchanges.selectors import cached_ticker, facts_of, quarantined
from signals.domain.draft import Draft
from signals.domain.entering import decide_size
from signals.domain.estimating import fee_share_percent, loss_of
from signals.domain.following import Standing
from signals.domain.ladder import steps_of
from signals.domain.linting import Finding
from signals.domain.reasons import NoEntry, Reason
from signals.domain.situation import Account, Observed
from signals.domain.sizing import Part, Size
from signals.models import LIVE_STATUSES, Copy
from signals.services.accounting import (
    Binding,
    bindings_of,
    chosen_authors,
    money_for,
    rules_from,
)
from signals.services.linked import LinkedAccount, linked, linked_accounts
from signals.services.publishing import armed, concerns, seconds_to_send

ZERO = Decimal(0)
MOST_ROWS = 100


@dataclass(frozen=True, slots=True)
class PreviewRow:
    """One connection's orders, or the reason why it would be skipped; USDT."""

    link: LinkedAccount
    size: Size | None = None
    reason: Reason = Reason.NONE
    params: dict[str, Decimal] = field(default_factory=dict)
    requests: int = 0  # that the exchange must take before the account is in
    loss: Decimal | None = None  # at the stop, fees included

    @property
    def quantity(self) -> Decimal | None:
        return self.size.quantity if self.size is not None else None

    @property
    def watches_targets(self) -> bool:
        """Whether no target can rest beside the stop: this platform watches for its price."""
        return venue_of(self.link.exchange).capabilities.holds_coins

    @property
    def parts(self) -> tuple[Part, ...]:
        return self.size.parts if self.size is not None else ()


@dataclass(frozen=True, slots=True)
class Preview:
    rows: list[PreviewRow]
    fee_share: Decimal | None  # percent of the loss at the stop
    warnings: list[Finding]

    @property
    def shown(self) -> list[PreviewRow]:
        """As many rows as a page holds."""
        return self.rows[:MOST_ROWS]

    @property
    def unshown(self) -> int:
        return len(self.rows) - len(self.shown)

    @property
    def taking_part(self) -> list[PreviewRow]:
        return [row for row in self.rows if row.size is not None]

    @property
    def watching(self) -> int:
        return sum(row.watches_targets for row in self.taking_part)

    @property
    def total_notional(self) -> Decimal:
        return sum((row.size.notional for row in self.rows if row.size is not None), ZERO)

    @property
    def total_margin(self) -> Decimal:
        return sum((row.size.margin for row in self.rows if row.size is not None), ZERO)

    @property
    def requests(self) -> int:
        return sum(row.requests for row in self.rows)

    @property
    def seconds(self) -> Decimal:
        """What the exchanges' limits alone make it take: the busiest address decides."""
        requests: Counter[str] = Counter()
        for row in self.rows:
            link = row.link
            requests[budget_of(link.exchange, link.environment, link.egress)] += row.requests
        return seconds_to_send(requests)

    @property
    def is_too_slow(self) -> bool:
        """Whether some entries would come after the signal's time to live, and expire."""
        return self.seconds >= settings.SIGNAL_TTL_SECONDS

    @property
    def sample(self) -> PreviewRow | None:
        """An account to show the orders of: the first that takes part."""
        return next(iter(self.taking_part), None)


def preview(draft: Draft, *, author: User, now: datetime) -> Preview:
    """Size the draft for every linked account, from what is cached of it."""
    draft = armed(draft.ordered())
    states = _states(draft.symbol)
    places = {
        (row.exchange, row.environment): _observed(row, now)
        for row in Instrument.objects.filter(symbol=draft.symbol)
    }
    links = linked()
    bindings, chosen, busy = bindings_of(links), chosen_authors(links), _busy(draft.symbol)
    unlisted, held = _observed(None, now), quarantined()
    rows = []
    for link in linked_accounts():
        reason = _refusal(link, busy, held)
        if reason is not Reason.NONE:
            rows.append(PreviewRow(link, reason=reason))
            continue
        observed = places.get((link.exchange, link.environment), unlisted)
        bound = list(bindings.get(link.pk, {}).values())
        followed = chosen.get(link.pk, ())
        account = _account(link, followed, states.get(link.pk), bound, author, draft.symbol)
        rows.append(_row(draft, link, account, observed))
    fee_share = next((_fee_share(draft, seen) for seen in places.values()), None)
    return Preview(rows, fee_share, concerns(draft, now=now))


class _State(NamedTuple):
    """What was last seen of the symbol on an account."""

    leverage: Decimal | None
    is_hedge: bool


def _states(symbol: str) -> dict[int, _State]:
    rows = SymbolState.objects.filter(symbol=symbol)
    found = rows.values_list("connection_id", "leverage", "is_hedge")
    return {link: _State(leverage, is_hedge) for link, leverage, is_hedge in found}


def _busy(symbol: str) -> set[int]:
    """The connections that have an open trade on the symbol."""
    live = Copy.objects.filter(symbol=symbol, status__in=LIVE_STATUSES)
    return set(live.values_list("connection_id", flat=True))


def _account(
    link: LinkedAccount,
    followed: Collection[int],
    state: _State | None,
    bound: list[Binding],
    author: User,
    symbol: str,
) -> Account:
    stored = link.settings
    halted = Reason(stored.halted_reason) if stored is not None else Reason.NONE
    return Account(
        rules=rules_from(stored, followed) if stored is not None else None,
        money=money_for(link, bound),
        standing=Standing(len(bound), halted),
        author=author.pk,
        leverage=state.leverage if state is not None else None,
        is_hedge=state.is_hedge if state is not None else False,
        has_own_business=symbol in link.own_symbols,
        margin=None,
        has_leverage=link.margin_mode != PORTFOLIO_MARGIN,
        can=venue_of(link.exchange).capabilities,
    )


def _observed(instrument: Instrument | None, now: datetime) -> Observed:
    return Observed(
        now=now,
        ticker=cached_ticker(instrument) if instrument is not None else None,
        rules=facts_of(instrument) if instrument is not None else None,
        legs={},
        entered=ZERO,
        held=ZERO,
        position=None,
    )


def _row(draft: Draft, link: LinkedAccount, account: Account, observed: Observed) -> PreviewRow:
    size = decide_size(draft, account, observed)
    if isinstance(size, NoEntry):
        return PreviewRow(link, reason=size.reason, params=size.params)
    is_settable = account.has_leverage and account.can.has_leverage
    changes_leverage = is_settable and account.leverage != size.leverage
    requests = len(size.parts) + int(changes_leverage)
    return PreviewRow(link, size, requests=requests, loss=loss_of(size.parts, draft.stop))


def _fee_share(draft: Draft, observed: Observed) -> Decimal | None:
    if observed.rules is None or observed.ticker is None:
        return None
    steps = steps_of(draft, tick=observed.rules.tick, ticker=observed.ticker)
    return fee_share_percent(steps, draft.stop)


def _refusal(link: LinkedAccount, busy: Collection[int], held: Collection[int]) -> Reason:
    """The same questions, in the same order, as the statement that makes the copies."""
    if link.trader_status != AccountStatus.ACTIVE or not link.trader_is_active:
        return Reason.ACCOUNT_SUSPENDED
    if not link.has_telegram:
        return Reason.TELEGRAM_MISSING
    if link.status != ConnectionStatus.CONNECTED:
        return Reason.CONNECTION_NOT_READY
    if link.pk in held:
        return Reason.QUARANTINED
    if link.settings is None or not link.settings.is_enabled:
        return Reason.SIZING_MISSING
    if link.pk in busy:
        return Reason.SYMBOL_BUSY
    return Reason.NONE

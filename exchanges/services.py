"""What happens to connections: linking, verifying, watching, letting go."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from datetime import datetime, timedelta
from decimal import Decimal

from django.conf import settings
from django.db import IntegrityError, connection, transaction
from django.db.models import Q, QuerySet
from django.urls import reverse

from accounts.activity import Fact, record
from accounts.choices import ActivityKind
from accounts.models import User
from exchanges import former_keys, key_changes, key_log, vault
from exchanges.admission import faults_of, reason_of
from exchanges.choices import (
    ABOUT_ADDRESSES,
    STILL_WORKING,
    UNFINISHED,
    ConnectionReason,
    ConnectionStatus,
    Environment,
    ExchangeKind,
    KeyPurpose,
    VerificationStep,
)
from exchanges.domain.errors import CredentialsRejected, ExchangeError, RateLimited, Unavailable
from exchanges.domain.lanes import Lane
from exchanges.domain.masking import masked
from exchanges.domain.pushes import BalancePush
from exchanges.domain.trading import (
    PORTFOLIO_MARGIN,
    Balance,
    Credentials,
    KeyFacts,
    SymbolMode,
    Ticker,
)
from exchanges.egress import least_used, shown_addresses
from exchanges.gateway import affiliate_of, exchange_of, market_of, seal_context
from exchanges.key_log import Use
from exchanges.metering import meter_of
from exchanges.models import Connection, KeyPair, SymbolState
from exchanges.places import places
from exchanges.ports import Exchange
from exchanges.progress import Progress, begun
from exchanges.receiving import hears
from exchanges.registry import venue_of
from exchanges.stream_shares import are_prices_followed
from hexagonal.lib.jobs import enqueue_on_commit

log = logging.getLogger(__name__)

OUR_PREFIX = "hx"  # of the link ids of orders that the platform sent
VERIFY_CLAIM = timedelta(seconds=30)  # longer than all requests of one verification
VERIFY_PATIENCE = 2.0  # seconds that each of its requests may wait for its turn

# Of a pair: the exchange has no such key, or another public key stands under its id. The pair can
# do nothing there, and stays for the right id.
WRONG_ID = frozenset({ConnectionReason.KEY_ID_UNKNOWN, ConnectionReason.OTHER_PUBLIC_KEY})
# Facts whose remedy stands in the guide.
GUIDED = frozenset({"api_refused", "api_key_kept", "api_attention"})
# Demo and test accounts are nobody's clients.
REFERRED = frozenset({Environment.MAINNET, Environment.SANDBOX})


class LinkRefused(Exception):
    """The link cannot be made or changed now; `code` names the text."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


# The apps above say whether a link is in use; asked before it is let go or its account changes.
_in_use: list[Callable[[Connection], bool]] = []


def guard_links(is_in_use: Callable[[Connection], bool]) -> None:
    """Let an app above refuse that a link with open business is let go."""
    if is_in_use not in _in_use:
        _in_use.append(is_in_use)


# Trouble with the operator's own key is no trader's business: the apps above tell ops.
_hear_operators: list[Callable[[str], None]] = []


def hear_of_operators_key(hearer: Callable[[str], None]) -> None:
    """Let an app above hear what is wrong with the key that affiliates are asked for with."""
    if hearer not in _hear_operators:
        _hear_operators.append(hearer)


# A box that does not open where it stands may be somebody's work: the apps above tell ops.
_hear_altered: list[Callable[[Connection], None]] = []


def hear_of_altered_keys(hearer: Callable[[Connection], None]) -> None:
    """Let an app above hear of stored keys that do not open."""
    if hearer not in _hear_altered:
        _hear_altered.append(hearer)


def tell_of_altered_key(link: Connection) -> None:
    """The log comes first: whoever can write to the database can be rid of a row."""
    if link.sealed is not None:
        log.critical("the stored key of connection %s does not open", link.pk)
        for hear in _hear_altered:
            hear(link)


def connect(
    user: User,
    *,
    environment: str,
    name: str,
    credentials: Credentials,
    exchange: str = ExchangeKind.BYBIT,
) -> Connection:
    """Seal a key and have a worker verify it; this process cannot open what it sealed.

    Raises `LinkRefused` when too many links of this trader are unfinished.
    """
    link = Connection(
        user=user,
        exchange=exchange,
        environment=environment,
        name=name,
        egress=least_used(),
    )
    _seal(link, credentials)
    with transaction.atomic():
        guard_unfinished(user)
        verify_anew(link)
    return link


def guard_unfinished(user: User, *, besides: Connection | None = None) -> None:
    """Raise `LinkRefused` when a trader has begun as many links as may wait at once.

    A link waits while it has no key that may be used, or has a key pair that is not registered.
    """
    User.objects.select_for_update(no_key=True).get(pk=user.pk)  # two at once see each other
    others = user.connections.exclude(pk=besides.pk) if besides else user.connections
    unfinished = others.filter(Q(status__in=UNFINISHED) | Q(key_pair__isnull=False))
    if unfinished.count() >= settings.MOST_UNFINISHED_LINKS:
        raise LinkRefused("too_many_unfinished")


def replace_key(link: Connection, *, credentials: Credentials) -> Connection:
    """Put a new key in place of the old one; the settings stay, and it is verified anew.

    The old one comes back if the new one is refused. The exchange account must stay the same while
    the link is in use: `verify` holds it to that. Raises `LinkRefused`.
    """
    guard_changes(link)
    with transaction.atomic():
        link = lock_for_change(link)
        former_keys.set_aside(link)
        _seal(link, credentials)
        KeyPair.objects.filter(connection=link).delete()
        verify_anew(link)
    return link


def lock_for_change(link: Connection) -> Connection:
    """Lock a link whose key is to be replaced; raises `LinkRefused` when it must stay."""
    link = Connection.objects.select_for_update(no_key=True).get(pk=link.pk)
    if link.status == ConnectionStatus.REVOKED:
        raise LinkRefused("link_gone")
    # A key that works is not given up while trades hang on it: the new one may be wrong.
    works = link.status == ConnectionStatus.CONNECTED or link.reason in STILL_WORKING
    if works and any(is_in_use(link) for is_in_use in _in_use):
        raise LinkRefused("link_in_use")
    return link


def guard_changes(link: Connection) -> None:
    """Raise `LinkRefused` when this key, or this trader's keys, were changed too often.

    Call it outside of the transaction, for it asks Redis.
    """
    if not key_changes.admit(link):
        raise LinkRefused("too_many_changes")


def verify_anew(link: Connection) -> None:
    """Keep a link's new key and ring for a worker that verifies it."""
    link.status, link.reason = ConnectionStatus.VERIFYING, ConnectionReason.NONE
    link.checked_at, link.checks = None, {}
    link.save()
    enqueue_on_commit("exchanges.verify_connection", link.pk)


def disconnect(link: Connection, *, now: datetime, if_leaving: bool = False) -> None:
    """Destroy the sealed key; refused while trades that need it are open.

    With `if_leaving`, only if its owner still wants that.
    """
    with transaction.atomic():
        link = Connection.objects.select_for_update(no_key=True).get(pk=link.pk)
        if if_leaving and not link.is_leaving:
            return
        if any(is_in_use(link) for is_in_use in _in_use):
            raise LinkRefused("link_in_use")
        if link.status == ConnectionStatus.REVOKED:
            return
        link.sealed, link.is_leaving = None, False
        link.public_key = link.api_key_id = link.key_hint = ""
        link.status, link.reason = ConnectionStatus.REVOKED, ConnectionReason.NONE
        link.save()
        KeyPair.objects.filter(connection=link).delete()
        former_keys.destroy(link)
        tell(link, "api_disconnected", now)


def leave_when_free(link: Connection) -> None:
    """Disconnect once the last trade has ended; whoever asks for it ends the trades."""
    Connection.objects.filter(pk=link.pk).update(is_leaving=True)


def stay(link: Connection) -> None:
    """Take back a wish to be disconnected that has not been fulfilled yet."""
    Connection.objects.filter(pk=link.pk).update(is_leaving=False)


def disconnect_leaving(*, now: datetime) -> None:
    """Disconnect those who wait for it and are in no use any more."""
    waiting = Connection.objects.filter(is_leaving=True)
    for link in waiting.exclude(status=ConnectionStatus.REVOKED):
        with suppress(LinkRefused):
            disconnect(link, now=now, if_leaving=True)


def check_again(link: Connection) -> None:
    """Look at a key at once, whose owner says that it has been put right."""
    with transaction.atomic():
        link = Connection.objects.select_for_update(no_key=True).get(pk=link.pk)
        if link.status != ConnectionStatus.ATTENTION or link.sealed is None:
            raise LinkRefused("check_needless")
        link.reason, link.checked_at = ConnectionReason.RECHECKING, None
        link.save(update_fields=["reason", "checked_at"])
        enqueue_on_commit("exchanges.watch_accounts")


def _seal(link: Connection, credentials: Credentials) -> None:
    link.public_key = link.api_key_id = ""
    link.key_hint = masked(credentials.api_key)
    link.sealed = vault.seal(credentials, context=seal_context(link))


# --- verifying -----------------------------------------------------------------------------------


def verify(link_id: int, *, now: datetime) -> None:
    """Ask the exchange about a sealed key and decide; safe to run twice, also at once.

    What each step has found is written down as it is found.
    """
    claimed = Connection.objects.filter(pk=link_id, status=ConnectionStatus.VERIFYING)
    claimed = claimed.filter(unchecked(now - VERIFY_CLAIM))
    if not claimed.update(checked_at=now, reason=ConnectionReason.NONE, checks=begun()):
        return
    link = Connection.objects.select_related("user").get(pk=link_id)
    use = Use(link, KeyPurpose.VERIFY, link.user_id)
    key_log.record([use])
    progress = Progress(link)
    facts, seen = None, None
    try:
        account = exchange_of(link, meter_of(link, Lane.POLL, patience=VERIFY_PATIENCE))
        facts = account.key_facts()
        reason = progress.judge(faults_of(facts)) or progress.fail(_judge_referral(link, facts))
        if not reason:
            progress.go_on(VerificationStep.BALANCE)
            seen = read_account(account, link.exchange)
            progress.go_on(VerificationStep.STATUS)
            key_log.record([use])  # its socket is another opening
            progress.finish(is_heard=hears(link))
    except vault.SealBroken:
        reason = progress.fail(seal_reason(link))
    except CredentialsRejected as error:
        reason = progress.fail(_refusal_of(link, error))
    except ExchangeError as error:
        _try_later(link, error)
        return
    if reason or facts is None or seen is None:
        _refuse(link, reason, progress.checks, now)
    else:
        _accept(link, facts, seen, progress.checks, now)


def _refusal_of(link: Connection, error: CredentialsRejected) -> ConnectionReason:
    """What a refusal says of a key that has just been entered."""
    reason = reason_of(error, is_paired=bool(link.public_key))
    if reason is ConnectionReason.OTHER_PUBLIC_KEY:
        log.error("another public key stands under the id of connection %s", link.pk)
    is_unknown = reason is ConnectionReason.INVALID_KEY and link.public_key
    return ConnectionReason.KEY_ID_UNKNOWN if is_unknown else reason


def _try_later(link: Connection, error: ExchangeError) -> None:
    """Tried again by the periodic task; the trader sees why it takes longer."""
    is_busy = isinstance(error, RateLimited)
    reason = ConnectionReason.BUSY if is_busy else ConnectionReason.UNAVAILABLE
    waiting = Connection.objects.filter(pk=link.pk, status=ConnectionStatus.VERIFYING)
    waiting.update(reason=reason)


def _judge_referral(link: Connection, facts: KeyFacts) -> ConnectionReason:
    """Whether the account was opened by our link, where that is asked for."""
    is_known = link.exchange_uid == facts.uid  # trades may hang on it
    if not settings.AFFILIATE_REQUIRED or is_known or link.environment not in REFERRED:
        return ConnectionReason.NONE
    try:
        operator = affiliate_of(link.exchange, link.environment, patience=VERIFY_PATIENCE)
    except Unavailable:
        _tell_of_operators_key("it cannot be read")
        raise
    try:
        is_client = operator.has_client(facts.master_uid)
    except CredentialsRejected as error:  # the operator's key, and no trader's business
        log.error("the affiliate key is refused: code %s", error.code)  # noqa: TRY400 - the trace says no more
        _tell_of_operators_key(f"refused by code {error.code}")
        raise Unavailable("the affiliate key is refused") from None
    return ConnectionReason.NONE if is_client else ConnectionReason.NOT_AFFILIATED


def _tell_of_operators_key(trouble: str) -> None:
    for hear in _hear_operators:
        hear(trouble)


def unchecked(before: datetime) -> Q:
    return Q(checked_at__isnull=True) | Q(checked_at__lt=before)


def seal_reason(link: Connection) -> ConnectionReason:
    """Why a box did not open, said to who registered the public key that stands beside it."""
    tell_of_altered_key(link)
    return ConnectionReason.PAIR_BROKEN if link.public_key else ConnectionReason.VAULT


def _still_tried(tried: Connection) -> Connection | None:
    """Lock a link that waits for a verdict; None when another key was entered meanwhile."""
    link = Connection.objects.select_for_update(no_key=True).get(pk=tried.pk)
    still = link.has_key_of(tried) and link.status == ConnectionStatus.VERIFYING
    return link if still else None


def _pair_of(link: Connection) -> QuerySet[KeyPair]:
    """The pair that the link's present key is of; another one may have been asked for meanwhile."""
    tried = KeyPair.objects.filter(connection=link).exclude(public_key="")
    return tried.filter(public_key=link.public_key)


def _refuse(
    tried: Connection, reason: ConnectionReason, checks: dict[str, str], now: datetime
) -> None:
    """Say no and destroy the key; the one that it was to replace comes back, if there is one.

    A link that traded before keeps its place and its settings.
    """
    with transaction.atomic():
        link = _still_tried(tried)
        if link is None:
            return
        keeps_pair = reason in WRONG_ID
        if not keeps_pair:
            _pair_of(link).delete()
        is_back = former_keys.put_back(link)
        if not is_back:
            refused = ConnectionStatus.AWAITING if keeps_pair else ConnectionStatus.REFUSED
            link.status = ConnectionStatus.ATTENTION if link.exchange_uid else refused
            link.reason = reason
            link.sealed, link.public_key, link.api_key_id = None, "", ""
        link.checks = checks
        link.save()
        works_on = is_back and link.status == ConnectionStatus.CONNECTED
        tell(link, "api_key_kept" if works_on else "api_refused", now, reason=reason.value)


def _accept(
    tried: Connection,
    facts: KeyFacts,
    seen: AccountSeen,
    checks: dict[str, str],
    now: datetime,
) -> None:
    def refuse(reason: ConnectionReason) -> None:
        _refuse(tried, reason, checks | {VerificationStep.ACCOUNT.value: reason.value}, now)

    try:
        with transaction.atomic():
            link = _still_tried(tried)
            if link is None:
                return
            is_new = not link.exchange_uid
            if link.exchange_uid not in {"", facts.uid} and any(use(link) for use in _in_use):
                raise LinkRefused("other_account")
            link.exchange_uid, link.checks = facts.uid, checks
            link.status, link.reason = ConnectionStatus.CONNECTED, ConnectionReason.NONE
            store_key_facts(link, facts, now)
            link.save()
            _pair_of(link).delete()
            former_keys.destroy(link)
            store_account(link, seen, now)
            if is_new:
                tell(link, "api_connected", now, is_public=True)
    except LinkRefused:
        refuse(ConnectionReason.OTHER_ACCOUNT)
    except IntegrityError:
        refuse(ConnectionReason.DUPLICATE_ACCOUNT)


def store_key_facts(link: Connection, facts: KeyFacts, now: datetime) -> None:
    """Keep what the exchange says of a key; the caller saves."""
    link.has_transfer_right = facts.can_transfer
    link.allows_any_address = not facts.addresses
    link.key_expires_at, link.key_checked_at = facts.expires_at, now


def tell(
    link: Connection,
    code: str,
    now: datetime,
    *,
    is_public: bool = False,
    key: str | None = None,
    **more: str,
) -> None:
    """Record a fact in the transaction that makes it true; with a `key`, once for ever."""
    params = {"name": link.user.nickname, "connection": link.name, "exchange": link.exchange}
    params |= more
    reason = more.get("reason", "")
    if reason in ABOUT_ADDRESSES:
        params["addresses"] = shown_addresses()
    if reason == ConnectionReason.NOT_AFFILIATED:
        params["url"] = settings.BYBIT_SIGN_UP_URL
    if code in GUIDED:
        params["guide"] = settings.SITE_URL + reverse("guide", args=[link.exchange])
    record(
        Fact(ActivityKind.API, code, link.user_id, params, is_public=is_public, key=key), now=now
    )


# --- what the exchange says of an account ---------------------------------------------------------


class AccountSeen:
    """What one reading of an account found."""

    def __init__(
        self, balance: Balance, modes: Sequence[SymbolMode], own_symbols: list[str]
    ) -> None:
        self.balance = balance
        self.modes = modes
        self.own_symbols = own_symbols


def read_account(account: Exchange, kind: str) -> AccountSeen:
    """Read an account at an exchange of this `kind`; coins in a spot account are no position."""
    has_coins = venue_of(kind).capabilities.holds_coins
    positions = set() if has_coins else {position.symbol for position in account.positions()}
    foreign = {
        order.symbol
        for order in account.open_orders()
        if not order.link_id.startswith(OUR_PREFIX)
        and not order.parent_link_id.startswith(OUR_PREFIX)
    }
    balance = account.balance()
    # Portfolio margin has no list of modes: each symbol's is read when it is first traded.
    modes = [] if balance.margin_mode == PORTFOLIO_MARGIN else account.symbol_modes()
    return AccountSeen(balance, modes, sorted(positions | foreign))


def store_account(link: Connection, seen: AccountSeen, now: datetime) -> None:
    link.own_symbols = seen.own_symbols
    link.checked_at = now
    link.save(update_fields=["own_symbols", "checked_at"])
    store_balance(link, seen.balance, now=now)
    _upsert_modes(link, seen.modes, now)


def store_balance(link: Connection, balance: Balance, *, now: datetime) -> None:
    link.equity, link.available = balance.equity, balance.available
    link.margin_mode, link.balance_at = balance.margin_mode, now
    link.save(update_fields=["equity", "available", "margin_mode", "balance_at"])


LOCK_LINKS = "SELECT id FROM exchanges_connection WHERE id = ANY(%s) ORDER BY id FOR NO KEY UPDATE"
# One statement for all; a balance that is younger, or of another margin mode, is left alone.
STORE_BALANCES = """
UPDATE exchanges_connection link
SET equity = heard.equity, available = heard.available, balance_at = heard.at
FROM unnest(%s::bigint[], %s::numeric[], %s::numeric[], %s::text[], %s::timestamptz[])
     AS heard(link, equity, available, margin_mode, at)
WHERE link.id = heard.link AND link.margin_mode = heard.margin_mode
  AND (link.balance_at IS NULL OR link.balance_at < heard.at)
"""
# A balance counts as older than it says: an order that was taken a little before it was sent may
# not be in it yet, and its margin must not be given out twice.
PUSH_DELAY = timedelta(seconds=5)


def store_pushed_balances(heard: Mapping[int, BalancePush], *, now: datetime) -> None:
    """Keep what sockets told of balances."""
    rows = [
        (link, b.equity, b.available, b.margin_mode, min(push.at, now) - PUSH_DELAY)
        for link, push in heard.items()
        if (b := push.balance)
    ]
    if rows:
        with transaction.atomic(), connection.cursor() as cursor:
            # In the workers' order: neither waits for what the other holds.
            cursor.execute(LOCK_LINKS, [list(heard)])
            cursor.execute(STORE_BALANCES, [list(column) for column in zip(*rows, strict=True)])


def store_modes(
    link: Connection, modes: Sequence[SymbolMode], symbol: str, *, now: datetime
) -> SymbolState | None:
    """Keep what was read and return the row of one symbol."""
    _upsert_modes(link, modes, now)
    return SymbolState.objects.filter(connection=link, symbol=symbol).first()


def _upsert_modes(link: Connection, modes: Sequence[SymbolMode], now: datetime) -> None:
    SymbolState.objects.bulk_create(
        [
            SymbolState(
                connection=link,
                symbol=mode.symbol,
                leverage=mode.leverage,
                is_hedge=mode.is_hedge,
                confirmed_at=now,
            )
            for mode in modes
        ],
        update_conflicts=True,
        unique_fields=["connection", "symbol"],
        update_fields=["leverage", "is_hedge", "confirmed_at"],
    )


def store_leverage(link: Connection, symbol: str, leverage: Decimal, *, now: datetime) -> None:
    SymbolState.objects.filter(connection=link, symbol=symbol).update(
        leverage=leverage, confirmed_at=now
    )


def forget_modes(link: Connection) -> None:
    """The exchange says that the cached mode is wrong: read it before the next order."""
    SymbolState.objects.filter(connection=link).delete()


def note_credentials_rejected(link_id: int, error: CredentialsRejected, *, now: datetime) -> None:
    is_paired = Connection.objects.filter(pk=link_id).exclude(public_key="").exists()
    note_problem(link_id, reason_of(error, is_paired=is_paired), now=now)


def note_problem(link_id: int, reason: ConnectionReason, *, now: datetime) -> None:
    """Pause a link until its owner acts, and tell them once."""
    with transaction.atomic():
        link = Connection.objects.select_related("user").get(pk=link_id)
        if reason is ConnectionReason.VAULT:
            reason = seal_reason(link)
        changed = Connection.objects.filter(pk=link_id, status=ConnectionStatus.CONNECTED).update(
            status=ConnectionStatus.ATTENTION, reason=reason
        )
        if changed:
            tell(link, "api_attention", now, reason=reason.value)


def waiting_for_verification(*, now: datetime) -> list[int]:
    waiting = Connection.objects.filter(status=ConnectionStatus.VERIFYING)
    return list(waiting.filter(unchecked(now - VERIFY_CLAIM)).values_list("pk", flat=True))


# --- prices --------------------------------------------------------------------------------------


def refresh_prices(
    exchange: str, environment: str, *, now: datetime, patience: float = 0.0
) -> None:
    """Read all last prices in one request, which may wait `patience` seconds for its turn.

    Raises `ExchangeError`.
    """
    tickers = market_of(exchange, environment, Lane.AMEND, patience=patience).tickers()
    # What a socket told meanwhile is younger than this answer.
    heard_since = now - PRICES_FRESH if are_prices_followed() else None
    store_tickers(exchange, environment, tickers, now=now, unless_since=heard_since)


def refresh_all_prices(*, now: datetime) -> None:
    """Read the prices of every environment; one that does not answer keeps its last ones."""
    for exchange, environment in places():
        try:
            refresh_prices(exchange, environment, now=now)
        except ExchangeError as error:
            log.warning("%s %s has no prices: %s", exchange, environment, type(error).__name__)


# One statement for all; a symbol that is not listed here is left out.
STORE_PRICES = """
UPDATE exchanges_instrument place
SET bid = seen.bid, ask = seen.ask, last = seen.last, mark = seen.mark, priced_at = %s
FROM unnest(%s::text[], %s::numeric[], %s::numeric[], %s::numeric[], %s::numeric[])
     AS seen(symbol, bid, ask, last, mark)
WHERE place.exchange = %s AND place.environment = %s AND place.symbol = seen.symbol
  AND (%s::timestamptz IS NULL OR place.priced_at IS NULL OR place.priced_at <= %s)
"""
PRICES_FRESH = timedelta(seconds=2)


def store_tickers(
    exchange: str,
    environment: str,
    tickers: Iterable[Ticker],
    *,
    now: datetime,
    unless_since: datetime | None = None,
) -> None:
    """Keep prices, but not over those that are younger than `unless_since`."""
    rows = [(t.symbol, t.bid, t.ask, t.last, t.mark) for t in tickers]
    if not rows:
        return
    columns = [list(column) for column in zip(*rows, strict=True)]
    values = [now, *columns, exchange, environment, unless_since, unless_since]
    with connection.cursor() as cursor:
        cursor.execute(STORE_PRICES, values)

"""Where: traders' sealed connections, and what the exchange says of its symbols."""

from __future__ import annotations

import uuid
from datetime import datetime

from django.conf import settings
from django.db import models

from exchanges.choices import (
    AT_THE_EXCHANGE,
    PROCESSES,
    ConnectionReason,
    ConnectionStatus,
    Environment,
    ExchangeKind,
    KeyPurpose,
)
from exchanges.venues import VENUES, Venue
from hexagonal.lib.fields import NumberField

REASONS = frozenset(ConnectionReason.values)


def budget_of(exchange: str, environment: str, egress: str) -> str:
    """The name of what an exchange lets one outgoing address send."""
    return f"{exchange}/{environment}/{egress}"


class StreamProcess(models.Model):
    """A process that holds sockets, for as long as it says so; the database's clock decides."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    host = models.CharField(max_length=255)
    started_at = models.DateTimeField()
    until = models.DateTimeField()  # then its connections are anybody's
    sockets = models.PositiveIntegerField(default=0)
    priced_at = models.DateTimeField(null=True)  # when it last followed public prices

    class Meta:
        ordering = ["started_at", "id"]
        verbose_name_plural = "stream processes"

    def __str__(self) -> str:
        return f"{self.host}: {self.sockets}"


class SocketOpening(models.Model):
    """One socket that was opened: exchanges count new ones by address over some minutes."""

    budget = models.CharField(max_length=80)
    at = models.DateTimeField()

    class Meta:
        indexes = [models.Index(fields=["budget", "at"], name="socket_opening")]

    def __str__(self) -> str:
        return self.budget


class Connection(models.Model):
    """A trader's account at an exchange, with its key sealed for the workers.

    What the exchange last said of the account (balance, mode, own positions) is kept here, so
    that an entry needs one request only.
    """

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="connections"
    )
    exchange = models.CharField(
        max_length=20, choices=ExchangeKind.choices, default=ExchangeKind.BYBIT
    )
    environment = models.CharField(max_length=10, choices=Environment.choices)
    name = models.CharField(max_length=40)
    sealed = models.BinaryField(null=True, editable=False)  # exchanges.vault; null once revoked
    # Without a secret: the sealed private key's other half, and the id that the trader brought.
    public_key = models.TextField(blank=True)
    api_key_id = models.CharField(max_length=80, blank=True, editable=False)
    key_hint = models.CharField(max_length=12, blank=True)  # exchanges.domain.masking
    status = models.CharField(
        max_length=10, choices=ConnectionStatus.choices, default=ConnectionStatus.VERIFYING
    )
    reason = models.CharField(
        max_length=20, choices=ConnectionReason.choices, default="", blank=True
    )
    # What the steps of the last verification have found: `exchanges.progress`.
    checks = models.JSONField(default=dict, editable=False)
    exchange_uid = models.CharField(max_length=40, blank=True)
    egress = models.CharField(max_length=45, blank=True)  # of settings.EGRESS; kept for good
    key_expires_at = models.DateTimeField(null=True, blank=True)
    has_transfer_right = models.BooleanField(default=False)
    allows_any_address = models.BooleanField(default=False)
    key_checked_at = models.DateTimeField(null=True, blank=True)  # its rights, unlike the account
    is_leaving = models.BooleanField(default=False)  # disconnected once its last trade has ended

    equity = NumberField(null=True, blank=True)  # USDT
    available = NumberField(null=True, blank=True)  # USDT, as the exchange lets it be used
    balance_at = models.DateTimeField(null=True, blank=True)
    margin_mode = models.CharField(max_length=20, blank=True)
    own_symbols = models.JSONField(default=list)  # where the account has positions or orders
    checked_at = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)

    # Whose socket hears this account, and since when; null while nobody's does.
    stream = models.ForeignKey(
        StreamProcess, null=True, blank=True, on_delete=models.SET_NULL, related_name="connections"
    )
    streamed_at = models.DateTimeField(null=True, blank=True)

    is_use_recorded = False  # of this reading of the row: exchanges.key_log

    class Meta:
        ordering = ["-pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["exchange", "environment", "exchange_uid"],
                condition=~models.Q(exchange_uid="") & ~models.Q(status="revoked"),
                name="exchange_account_linked_once",
            ),
            models.CheckConstraint(
                condition=models.Q(status__in=ConnectionStatus.values),
                name="connection_status_known",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.name} ({self.get_exchange_display()})"

    @property
    def budget(self) -> str:
        """Whose limit its requests count against."""
        return budget_of(self.exchange, self.environment, self.egress)

    @property
    def remedy_url(self) -> str:
        """Where the owner puts right what is wrong with the key or the account."""
        if self.reason == ConnectionReason.NOT_AFFILIATED:
            return str(settings.BYBIT_SIGN_UP_URL)
        is_there = self.exchange == ExchangeKind.BYBIT and self.reason in AT_THE_EXCHANGE
        return str(settings.BYBIT_API_PAGE_URL) if is_there else ""

    @property
    def venue(self) -> Venue:
        return VENUES[self.exchange]

    @property
    def reason_text(self) -> str:
        """Why it does not trade and what to do, in the active language."""
        return self.venue.says(self.reason) if self.reason else ""

    @property
    def refused_new_key(self) -> str:
        """Why the last new key was refused, where the one that it was to replace has stayed."""
        is_kept = self.sealed and self.status in {
            ConnectionStatus.CONNECTED,
            ConnectionStatus.ATTENTION,
        }
        found = [ConnectionReason(code) for code in self.checks.values() if code in REASONS]
        return self.venue.says(found[0]) if is_kept and found else ""

    def has_key_of(self, other: Connection) -> bool:
        """Whether the same stored key stands here as in another reading of this row."""
        return (self.sealed, self.api_key_id) == (other.sealed, other.api_key_id)

    def is_streamed(self, now: datetime) -> bool:
        """Whether a living socket tells what happens here."""
        return self.streamed_at is not None and self.stream is not None and self.stream.until > now


class KeyPair(models.Model):
    """A key pair that a worker makes for a connection, until its API key id has been verified."""

    connection = models.OneToOneField(Connection, on_delete=models.CASCADE, related_name="key_pair")
    public_key = models.TextField(blank=True)  # PEM; empty until a worker has made the pair
    sealed = models.BinaryField(null=True, editable=False)  # exchanges.vault: the private key
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=models.Q(public_key="", sealed__isnull=True)
                | (~models.Q(public_key="") & models.Q(sealed__isnull=False)),
                name="key_pair_whole_or_not_yet",
            )
        ]

    def __str__(self) -> str:
        return f"{self.connection_id}"


class KeyUse(models.Model):
    """A use of a connection's key, written down before it begins; append-only.

    The database refuses every change, and every deletion within a year. A row leans on no other: it
    stays when its connection is gone.
    """

    connection = models.ForeignKey(
        Connection,
        on_delete=models.DO_NOTHING,
        related_name="key_uses",
        db_constraint=False,
        db_index=False,
    )
    purpose = models.CharField(max_length=10, choices=KeyPurpose.choices)
    person = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        null=True,
        blank=True,
        on_delete=models.DO_NOTHING,
        related_name="+",
        db_constraint=False,
        db_index=False,
    )  # who caused it; null: nobody did
    process = models.CharField(max_length=10)  # hexagonal.lib.roles
    host = models.CharField(max_length=100)
    copy = models.UUIDField(null=True, blank=True)  # the trade, by its public id
    symbol = models.CharField(max_length=30, blank=True)
    at = models.DateTimeField()  # by the database's clock

    class Meta:
        ordering = ["-at", "-pk"]
        indexes = [models.Index(fields=["connection", "-at"], name="key_use_of_connection")]

    @property
    def process_name(self) -> str:
        return str(PROCESSES.get(self.process, self.process))


class Quarantine(models.Model):
    """Keys that enter nothing new until ops lift it; what is empty stands for all."""

    exchange = models.CharField(max_length=20, choices=ExchangeKind.choices, blank=True)
    environment = models.CharField(max_length=10, choices=Environment.choices, blank=True)
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        null=True,
        blank=True,
        on_delete=models.CASCADE,
        related_name="quarantines",
    )
    reason = models.CharField(max_length=200)  # for ops; traders are not shown it
    by = models.CharField(max_length=150)  # an account of ops, or a host's user
    since = models.DateTimeField()
    lifted_at = models.DateTimeField(null=True, blank=True)
    lifted_by = models.CharField(max_length=150, blank=True)

    class Meta:
        ordering = ["-since", "-pk"]
        permissions = [("lift_quarantine", "Can lift a quarantine")]
        constraints = [
            models.UniqueConstraint(
                fields=["exchange", "environment", "user"],
                condition=models.Q(lifted_at__isnull=True),
                nulls_distinct=False,
                name="quarantine_once",
            )
        ]

    def __str__(self) -> str:
        scope = [self.exchange, self.environment, self.user.nickname if self.user else ""]
        return " ".join(part for part in scope if part) or "all"


class QuarantineNotice(models.Model):
    """A trader who is still to be told what a quarantine does to keys of theirs; gone once told."""

    quarantine = models.ForeignKey(Quarantine, on_delete=models.CASCADE, db_index=False)
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+", db_index=False
    )
    code = models.CharField(max_length=40)  # of the fact: api_held, api_released
    connections = models.TextField()  # their names, as they were

    class Meta:
        ordering = ["pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["quarantine", "user", "code"], name="quarantine_notice_once"
            )
        ]

    def __str__(self) -> str:
        return f"{self.code} of {self.quarantine_id}"


class FormerKey(models.Model):
    """A connection's key that a new one has taken the place of, until that has been verified."""

    connection = models.OneToOneField(
        Connection, on_delete=models.CASCADE, related_name="former_key"
    )
    sealed = models.BinaryField(editable=False)  # exchanges.vault: of the connection's own row
    public_key = models.TextField(blank=True)
    api_key_id = models.CharField(max_length=80, blank=True, editable=False)
    key_hint = models.CharField(max_length=12, blank=True)
    status = models.CharField(max_length=10, choices=ConnectionStatus.choices)
    reason = models.CharField(max_length=20, choices=ConnectionReason.choices, blank=True)

    def __str__(self) -> str:
        return f"{self.connection_id}"


class SymbolState(models.Model):
    """Leverage and position mode of one symbol on one account, as last confirmed."""

    connection = models.ForeignKey(Connection, on_delete=models.CASCADE, related_name="symbols")
    symbol = models.CharField(max_length=30)
    leverage = NumberField(null=True)  # null: the account's margin mode knows none
    is_hedge = models.BooleanField(default=False)
    confirmed_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["connection", "symbol"], name="symbol_state_once")
        ]


class Instrument(models.Model):
    """A contract's trading rules and its last prices, cached from the exchange."""

    exchange = models.CharField(max_length=20, choices=ExchangeKind.choices)
    environment = models.CharField(max_length=10, choices=Environment.choices)
    symbol = models.CharField(max_length=30)
    base = models.CharField(max_length=20)
    quote = models.CharField(max_length=10)
    status = models.CharField(max_length=12)
    tick = NumberField()
    step = NumberField()
    min_quantity = NumberField()
    max_quantity = NumberField()
    max_market_quantity = NumberField()
    min_notional = NumberField()
    min_leverage = NumberField()
    max_leverage = NumberField()
    leverage_step = NumberField()
    delivery_at = models.DateTimeField(null=True, blank=True)  # an announced delisting
    refreshed_at = models.DateTimeField()
    doubted_at = models.DateTimeField(null=True, blank=True)  # an order was refused by the rules

    bid = NumberField(null=True, blank=True)
    ask = NumberField(null=True, blank=True)
    last = NumberField(null=True, blank=True)
    mark = NumberField(null=True, blank=True)
    priced_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["symbol"]
        constraints = [
            models.UniqueConstraint(
                fields=["exchange", "environment", "symbol"], name="instrument_once"
            )
        ]

    def __str__(self) -> str:
        return self.symbol


class EgressBan(models.Model):
    """An outgoing address that the exchange has banned, until when by the database's clock."""

    budget = models.CharField(max_length=80, primary_key=True)
    until = models.DateTimeField()

    class Meta:
        ordering = ["-until"]

    def __str__(self) -> str:
        return self.budget


class HostClock(models.Model):
    """How far a host's clock was from an exchange's when it was last compared."""

    host = models.CharField(max_length=100)
    exchange = models.CharField(
        max_length=20, choices=ExchangeKind.choices, default=ExchangeKind.BYBIT
    )
    environment = models.CharField(max_length=10)
    ahead_ms = models.IntegerField()  # negative: behind
    at = models.DateTimeField()  # by the database's clock

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["host", "exchange", "environment"], name="host_clock_once"
            )
        ]

    def __str__(self) -> str:
        return f"{self.host} {self.exchange} {self.environment}"

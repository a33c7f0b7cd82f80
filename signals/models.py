"""What: signals, how each connection copies them, and every order and fill that came of it."""

from __future__ import annotations

import uuid
from decimal import Decimal

from django.conf import settings
from django.db import models

from exchanges.domain.lanes import Lane
from exchanges.domain.trading import OrderType, Side
from exchanges.models import Connection
from hexagonal.lib.fields import NumberField
from signals.choices import (
    COPY_STATUS_CHOICES,
    AlarmCode,
    AlarmLevel,
    CallAction,
    OrderStatus,
    Sides,
    SignalSide,
    SignalStatus,
    Sizing,
)
from signals.domain.lifecycle import LIVE, CopyStatus

LIVE_STATUSES = sorted(status.value for status in LIVE)


class CopySettings(models.Model):
    """What a connection puts into each trade, and what it never does; null: no such limit."""

    connection = models.OneToOneField(
        Connection, on_delete=models.CASCADE, related_name="copy_settings"
    )
    sizing = models.CharField(max_length=16, choices=Sizing.choices, default=Sizing.EQUITY_PERCENT)
    amount = NumberField(default=Decimal(5))  # USDT, or percent of equity
    multiplier = NumberField(default=Decimal(1))
    is_enabled = models.BooleanField(default=True)  # False: paused by the trader

    max_leverage = NumberField(null=True, blank=True)
    max_notional = NumberField(null=True, blank=True)  # USDT, per trade
    max_exposure = NumberField(null=True, blank=True)  # USDT of notional, all copies together
    max_copies = models.PositiveSmallIntegerField(null=True, blank=True)
    min_equity = NumberField(null=True, blank=True)  # USDT: below it nothing is entered
    max_equity = NumberField(null=True, blank=True)  # USDT: above it neither
    allowed_symbols = models.JSONField(default=list, blank=True)  # empty: all
    denied_symbols = models.JSONField(default=list, blank=True)
    only_side = models.CharField(max_length=5, choices=Sides.choices, blank=True)
    authors = models.ManyToManyField(settings.AUTH_USER_MODEL, blank=True, related_name="+")
    max_slippage_percent = NumberField(null=True, blank=True)
    joins_open = models.BooleanField(default=False)  # open signals that are not entered yet

    daily_loss = NumberField(null=True, blank=True)  # USDT
    weekly_loss = NumberField(null=True, blank=True)  # USDT
    loss_streak = models.PositiveSmallIntegerField(null=True, blank=True)
    drawdown_percent = NumberField(null=True, blank=True)
    halted_reason = models.CharField(max_length=24, blank=True)  # the brake that is on
    halted_at = models.DateTimeField(null=True, blank=True)
    counts_from = models.DateTimeField(null=True, blank=True)  # brakes count what ended since

    class Meta:
        verbose_name_plural = "copy settings"
        constraints = [
            models.CheckConstraint(
                condition=models.Q(amount__gt=0, multiplier__gt=0), name="copy_amount_positive"
            )
        ]


class Signal(models.Model):
    """A desired state with a revision number; copies converge on the newest one."""

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    author = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="signals"
    )
    symbol = models.CharField(max_length=30)
    side = models.CharField(max_length=5, choices=SignalSide.choices)
    leverage = NumberField()
    entry_low = NumberField()
    entry_high = NumberField()
    stop = NumberField()
    note = models.CharField(max_length=500, blank=True)
    terms = models.JSONField(default=dict)  # signals.domain.terms: entry, stop rule, runner, expiry
    status = models.CharField(
        max_length=9, choices=SignalStatus.choices, default=SignalStatus.DRAFT
    )
    revision = models.PositiveIntegerField(default=0)  # 0 while it is a draft
    wants_entry = models.BooleanField(default=True)  # False: entries are withdrawn
    wants_position = models.BooleanField(default=True)  # False: close everything
    lapse_reason = models.CharField(max_length=24, blank=True)  # why unfilled entries ran out
    publish_at = models.DateTimeField(null=True, blank=True)  # while it is scheduled
    accepted_warnings = models.JSONField(default=list)  # ticked by whoever scheduled it
    idempotency_key = models.CharField(max_length=255, blank=True)
    request_digest = models.CharField(max_length=64, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)
    published_at = models.DateTimeField(null=True, blank=True)
    closed_at = models.DateTimeField(null=True, blank=True)

    # The nominal result follows public prices, not any account.
    entered_at = models.DateTimeField(null=True, blank=True)
    entered_price = NumberField(null=True, blank=True)
    has_triggered = models.BooleanField(default=False)
    steps_reached = models.PositiveSmallIntegerField(default=0)
    peak_price = NumberField(null=True, blank=True)  # the best since the entry
    left_percent = NumberField(default=Decimal(100))
    gain = NumberField(default=Decimal(0))  # sum of (exit - entry) x percent
    targets_hit = models.PositiveSmallIntegerField(default=0)
    # target, stop, closed; cancelled or expired: never entered
    outcome = models.CharField(max_length=12, blank=True)
    outcome_price = NumberField(null=True, blank=True)
    result_percent = NumberField(null=True, blank=True)  # leveraged, on margin

    class Meta:
        ordering = ["-created_at", "-pk"]
        permissions = [("publish_signal", "Can write and publish signals")]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(entry_low__lte=models.F("entry_high")), name="signal_range"
            ),
            models.CheckConstraint(
                condition=models.Q(side="long", stop__lt=models.F("entry_low"))
                | models.Q(side="short", stop__gt=models.F("entry_high")),
                name="signal_stop_side",
            ),
            models.CheckConstraint(
                condition=models.Q(status__in=SignalStatus.values), name="signal_status_known"
            ),
            models.UniqueConstraint(
                fields=["author", "idempotency_key"],
                condition=~models.Q(idempotency_key=""),
                name="signal_request_once",
            ),
        ]

    def __str__(self) -> str:
        return f"#{self.symbol} {self.side} {self.leverage:f}x"


class Target(models.Model):
    """A price at which a share of the position is taken; shares of a signal sum to 100."""

    signal = models.ForeignKey(Signal, on_delete=models.CASCADE, related_name="targets")
    position = models.PositiveSmallIntegerField()  # 1 is the nearest
    price = NumberField()
    share = NumberField()  # percent

    class Meta:
        ordering = ["position"]
        constraints = [
            models.UniqueConstraint(fields=["signal", "position"], name="target_position_once"),
            models.CheckConstraint(
                condition=models.Q(share__gt=0, share__lte=100), name="target_share_range"
            ),
        ]


class SignalRevision(models.Model):
    """What a signal said at one revision; append-only, and chained by hashes.

    A trigger in the database refuses every UPDATE and DELETE.
    """

    signal = models.ForeignKey(Signal, on_delete=models.PROTECT, related_name="revisions")
    number = models.PositiveIntegerField()
    author = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT
    )  # null: the signal's own terms
    # publish, amend, cancel_entries, reduce, close, note, lapse
    action = models.CharField(max_length=16)
    content = models.JSONField()
    at = models.DateTimeField()
    previous_hash = models.CharField(max_length=64, default="")
    hash = models.CharField(max_length=64, default="")

    class Meta:
        ordering = ["number"]
        constraints = [
            models.UniqueConstraint(fields=["signal", "number"], name="signal_revision_once")
        ]


class Enrolment(models.Model):
    """A part of the connections that are to get a copy of a signal; gone once they have it."""

    signal = models.ForeignKey(
        Signal, on_delete=models.PROTECT, related_name="enrolments", db_index=False
    )
    part = models.PositiveIntegerField()  # from 0 …
    parts = models.PositiveIntegerField()  # … to one less than these
    newest = models.BigIntegerField()  # the key of the last connection before the publication

    class Meta:
        ordering = ["pk"]
        constraints = [
            models.UniqueConstraint(fields=["signal", "part"], name="enrolment_part_once")
        ]

    def __str__(self) -> str:
        return f"part {self.part} of {self.parts}"


class Copy(models.Model):
    """One signal on one connection, from publication to an explained end."""

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    # `copy_once` and `copy_of_user` serve as the indexes of `signal` and `user`.
    signal = models.ForeignKey(
        Signal, on_delete=models.PROTECT, related_name="copies", db_index=False
    )
    connection = models.ForeignKey(Connection, on_delete=models.CASCADE, related_name="copies")
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="copies", db_index=False
    )
    symbol = models.CharField(max_length=30)  # the signal's, for the constraint below
    status = models.CharField(
        max_length=10, choices=COPY_STATUS_CHOICES, default=CopyStatus.PENDING.value
    )
    reason = models.CharField(max_length=24, blank=True)  # signals.domain.reasons.Reason
    reason_params = models.JSONField(default=dict)
    wants_entry = models.BooleanField(default=True)  # False: only its entry is withdrawn
    wants_position = models.BooleanField(default=True)  # False: this copy is to be closed
    close_reason = models.CharField(max_length=24, blank=True)  # why wants_position is False
    applied_revision = models.PositiveIntegerField(default=0)

    # Fixed when the entry was planned, and used by every attempt (never sized twice).
    quantity = NumberField(null=True, blank=True)
    margin = NumberField(null=True, blank=True)  # USDT
    leverage = NumberField(null=True, blank=True)  # the signal's, or the follower's cap
    position_index = models.PositiveSmallIntegerField(null=True, blank=True)

    # What the exchange's fills add up to.
    entered_quantity = NumberField(default=Decimal(0))
    entry_average = NumberField(null=True, blank=True)
    exited_quantity = NumberField(default=Decimal(0))
    exit_average = NumberField(null=True, blank=True)
    fees = NumberField(default=Decimal(0))  # USDT, funding included
    funding = NumberField(default=Decimal(0))  # USDT, positive is paid
    pnl = NumberField(default=Decimal(0))  # USDT, as the exchange books it: fees off, funding not
    has_stop = models.BooleanField(default=False)  # seen at the exchange
    unprotected_since = models.DateTimeField(null=True, blank=True)  # held, and no stop seen

    # Levels of the position, as strings of numbers: what is none of these, the trader set.
    stops_asked = models.JSONField(default=list)
    targets_asked = models.JSONField(default=list)
    own_stop = NumberField(null=True, blank=True)  # set by the trader in the exchange's app
    own_stop_over = NumberField(null=True, blank=True)  # the signal's level that it replaced
    trail_activation = NumberField(null=True, blank=True)  # as the exchange took it
    refused_activation = NumberField(null=True, blank=True)  # and as it did not

    # The lease: whoever holds the token works on the copy; the database's clock decides.
    lane = models.PositiveSmallIntegerField(default=Lane.ENTRY)  # what its next step is for
    budget = models.CharField(max_length=80, blank=True)  # whose limits it draws on
    shuffle = models.IntegerField(default=0)  # order among accounts, drawn anew for each signal
    due_at = models.DateTimeField(null=True, blank=True)  # when to look next; null: never again
    lease_token = models.UUIDField(null=True, blank=True)
    lease_until = models.DateTimeField(null=True, blank=True)
    looked_at = models.DateTimeField(null=True, blank=True)  # the last full look
    attempts = models.PositiveSmallIntegerField(default=0)
    refusals = models.PositiveSmallIntegerField(default=0)  # among them, of what may pass

    created_at = models.DateTimeField()
    claimed_at = models.DateTimeField(null=True, blank=True)
    sent_at = models.DateTimeField(null=True, blank=True)
    acknowledged_at = models.DateTimeField(null=True, blank=True)
    filled_at = models.DateTimeField(null=True, blank=True)
    ended_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-created_at", "pk"]
        verbose_name_plural = "copies"
        indexes = [
            models.Index(
                fields=["lane", "budget", "due_at", "shuffle"],
                condition=models.Q(due_at__isnull=False),
                name="copy_due",
            ),
            models.Index(fields=["user", "-created_at"], name="copy_of_user"),
            models.Index(fields=["created_at"], name="copy_made"),
        ]
        constraints = [
            models.UniqueConstraint(fields=["signal", "connection"], name="copy_once"),
            models.UniqueConstraint(
                fields=["connection", "symbol"],
                condition=models.Q(status__in=LIVE_STATUSES),
                name="one_live_copy_per_symbol",
            ),
            models.CheckConstraint(
                condition=models.Q(status__in=[status.value for status in CopyStatus]),
                name="copy_status_known",
            ),
        ]

    def __str__(self) -> str:
        return f"copy {self.public_id}"

    @property
    def net(self) -> Decimal:
        """USDT that the trade brought, fees and funding taken off."""
        return self.pnl - self.funding


class Order(models.Model):
    """An order of a copy: ours by link id, or a stop or target that the exchange made of it."""

    copy = models.ForeignKey(Copy, on_delete=models.CASCADE, related_name="orders")
    connection = models.ForeignKey(Connection, on_delete=models.CASCADE, related_name="+")
    # entry, entry-2 …, target-1 …, reduce-3 …, close; stop, target, trailing: the exchange's own,
    # but a stop with a link id is ours, where the position has no level for it
    leg = models.CharField(max_length=12)
    generation = models.PositiveIntegerField(default=0)
    link_id = models.CharField(max_length=36, blank=True)  # empty: made by the exchange
    exchange_id = models.CharField(max_length=64, blank=True)
    symbol = models.CharField(max_length=30)
    side = models.CharField(max_length=4)
    type = models.CharField(max_length=6)
    quantity = NumberField()
    price = NumberField(null=True, blank=True)
    stop = NumberField(null=True, blank=True)
    target = NumberField(null=True, blank=True)
    trigger_price = NumberField(null=True, blank=True)
    trigger_rises = models.BooleanField(default=False)
    reduce_only = models.BooleanField(default=False)
    position_index = models.PositiveSmallIntegerField(default=0)
    status = models.CharField(max_length=10, choices=OrderStatus.choices)
    filled = NumberField(default=Decimal(0))
    average = NumberField(null=True, blank=True)
    cause = models.CharField(max_length=16, blank=True)  # exchanges.domain.trading.Cause
    error_code = models.IntegerField(null=True, blank=True)
    sent_at = models.DateTimeField(null=True, blank=True)  # the last attempt
    # While its fate is unknown: from when on "not found" says something, and how often it was said.
    conclusive_at = models.DateTimeField(null=True, blank=True)
    absences = models.PositiveSmallIntegerField(default=0)
    acknowledged_at = models.DateTimeField(null=True, blank=True)
    updated_at = models.DateTimeField(null=True, blank=True)  # by the exchange's clock
    created_at = models.DateTimeField()

    class Meta:
        ordering = ["pk"]
        indexes = [
            models.Index(
                fields=["sent_at"],
                condition=models.Q(status__in=["submitting", "unknown"]),
                name="order_unresolved",
            )
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["connection", "link_id"],
                condition=~models.Q(link_id=""),
                name="link_id_once",
            ),
            models.UniqueConstraint(
                fields=["connection", "exchange_id"],
                condition=~models.Q(exchange_id=""),
                name="exchange_order_once",
            ),
            models.UniqueConstraint(
                fields=["copy", "leg", "generation"],
                condition=~models.Q(link_id=""),
                name="leg_generation_once",
            ),
        ]

    def __str__(self) -> str:
        return self.link_id or self.exchange_id

    @property
    def side_value(self) -> Side:
        return Side(self.side)

    @property
    def type_value(self) -> OrderType:
        return OrderType(self.type)


class Fill(models.Model):
    """One execution, as the exchange reported it."""

    copy = models.ForeignKey(Copy, on_delete=models.CASCADE, related_name="fills")
    connection = models.ForeignKey(Connection, on_delete=models.CASCADE, related_name="+")
    order = models.ForeignKey(
        Order, null=True, blank=True, on_delete=models.CASCADE, related_name="fills"
    )  # null: funding
    fill_id = models.CharField(max_length=64)
    side = models.CharField(max_length=4)
    cause = models.CharField(max_length=16)
    quantity = NumberField()
    price = NumberField()
    fee = NumberField()
    fee_currency = models.CharField(max_length=32)  # coins may have long names
    closed_quantity = NumberField(default=Decimal(0))
    is_maker = models.BooleanField(default=False)
    at = models.DateTimeField()

    class Meta:
        ordering = ["at", "pk"]
        constraints = [models.UniqueConstraint(fields=["connection", "fill_id"], name="fill_once")]


class ClosedPnl(models.Model):
    """The exchange's own result of one closing order, in USDT."""

    copy = models.ForeignKey(Copy, on_delete=models.CASCADE, related_name="results")
    connection = models.ForeignKey(Connection, on_delete=models.CASCADE, related_name="+")
    order_exchange_id = models.CharField(max_length=64)
    quantity = NumberField()
    average_entry = NumberField()
    average_exit = NumberField()
    pnl = NumberField()
    open_fee = NumberField(default=Decimal(0))
    close_fee = NumberField(default=Decimal(0))
    at = models.DateTimeField()

    class Meta:
        verbose_name_plural = "closed PnL"
        constraints = [
            models.UniqueConstraint(
                fields=["connection", "order_exchange_id"], name="closed_pnl_once"
            )
        ]


class Alarm(models.Model):
    """Something that must not be, as the sweeper found it; open until it is gone."""

    code = models.CharField(max_length=24, choices=AlarmCode.choices)
    subject = models.CharField(max_length=100, blank=True)  # what it is about; empty: the platform
    level = models.CharField(max_length=9, choices=AlarmLevel.choices)
    detail = models.CharField(max_length=200, blank=True)
    first_seen_at = models.DateTimeField()
    last_seen_at = models.DateTimeField()
    count = models.PositiveIntegerField(default=1)  # how often it was seen
    cleared_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-last_seen_at", "-pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["code", "subject"],
                condition=models.Q(cleared_at__isnull=True),
                name="alarm_open_once",
            )
        ]

    def __str__(self) -> str:
        return f"{self.code} {self.subject}".strip()


class Heartbeat(models.Model):
    """When a part of the platform last did its work, by the database's clock."""

    name = models.CharField(max_length=20, primary_key=True)
    host = models.CharField(max_length=100)
    at = models.DateTimeField()

    def __str__(self) -> str:
        return self.name


class ExchangeCall(models.Model):
    """One request that changes something at the exchange, and its answer, as they were sent.

    Append-only, and kept for `CALL_RECORD_DAYS`. It leans on no other row: what was sent stays on
    record even when another worker has taken the copy over.
    """

    copy = models.ForeignKey(
        Copy, on_delete=models.CASCADE, related_name="calls", db_constraint=False
    )
    order = models.ForeignKey(
        Order,
        null=True,
        blank=True,
        on_delete=models.CASCADE,
        related_name="calls",
        db_constraint=False,
    )  # null: about the position or the symbol
    action = models.CharField(max_length=8, choices=CallAction.choices)
    path = models.CharField(max_length=64)
    request = models.TextField()  # JSON as it was sent, without headers
    status = models.PositiveSmallIntegerField(null=True, blank=True)  # HTTP; null: no answer
    code = models.IntegerField(null=True, blank=True)  # the exchange's own
    answer = models.TextField(blank=True)
    headers = models.JSONField(default=dict)  # of the answer: limits and trace id
    error = models.CharField(max_length=40, blank=True)  # why there is no answer
    sent_at = models.DateTimeField()
    answered_at = models.DateTimeField()

    class Meta:
        ordering = ["pk"]

    def __str__(self) -> str:
        return f"{self.action} {self.path}"

    @property
    def milliseconds(self) -> int:
        """How long the exchange and the network took."""
        return round((self.answered_at - self.sent_at).total_seconds() * 1000)

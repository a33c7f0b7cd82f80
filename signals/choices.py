"""The words that signals, copies and orders are described with."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from signals.domain.lifecycle import CopyStatus as _CopyStatus


class SignalSide(models.TextChoices):
    LONG = "long", _("Long")
    SHORT = "short", _("Short")


class SignalStatus(models.TextChoices):
    DRAFT = "draft", _("Draft")
    SCHEDULED = "scheduled", _("Scheduled")
    OPEN = "open", _("In progress")
    CLOSED = "closed", _("Completed")


class Sizing(models.TextChoices):
    FIXED_MARGIN = "fixed_margin", _("Fixed margin in USDT")
    FIXED_NOTIONAL = "fixed_notional", _("Fixed position in USDT")
    EQUITY_PERCENT = "equity_percent", _("Percentage of equity as margin")
    RISK_PERCENT = "risk_percent", _("Percentage of equity lost at the stop")


class Sides(models.TextChoices):
    """Which signals a follower takes."""

    BOTH = "", _("Long and short")
    LONG = "long", _("Long only")
    SHORT = "short", _("Short only")


class EntryKinds(models.TextChoices):
    """The words for `signals.domain.draft.EntryKind`."""

    AUTO = "auto", _("Standard: market inside the range, else a limit")
    MARKET = "market", _("Market, only inside the range")
    LIMIT = "limit", _("Limit at the near edge")
    LADDER = "ladder", _("Ladder over the range")
    TRIGGER = "trigger", _("Wait for a trigger")


class Weightings(models.TextChoices):
    EQUAL = "equal", _("Equal")
    LINEAR = "linear", _("More at the better prices")
    CUSTOM = "custom", _("Custom")


class StopKinds(models.TextChoices):
    """The words for `signals.domain.draft.StopKind`."""

    FIXED = "fixed", _("Fixed")
    BREAK_EVEN = "break_even", _("To break-even after a target")
    FOLLOW = "follow", _("Follow the targets")
    TRAILING = "trailing", _("Trailing")


class OrderStatus(models.TextChoices):
    """`submitting` is written before a request leaves; without an answer it counts as unknown."""

    SUBMITTING = "submitting", _("Being sent")
    UNKNOWN = "unknown", _("Unknown")
    OPEN = "open", _("Open")
    FILLED = "filled", _("Filled")
    CANCELLED = "cancelled", _("Cancelled")
    REJECTED = "rejected", _("Rejected")
    NOT_SENT = "not_sent", _("Not sent")


class CallAction(models.TextChoices):
    """What a request asked of the exchange."""

    PLACE = "place", _("Order")
    AMEND = "amend", _("Change of an order")
    CANCEL = "cancel", _("Withdrawal of an order")
    LEVELS = "levels", _("Stop and target of the position")
    TRAIL = "trail", _("Trailing stop of the position")
    LEVERAGE = "leverage", _("Leverage")


COPY_STATUS_LABELS = {
    _CopyStatus.PENDING: _("Pending"),
    _CopyStatus.PLACED: _("Waiting for entry"),
    _CopyStatus.FILLED: _("Filled"),
    _CopyStatus.CLOSED: _("Closed"),
    _CopyStatus.EXPIRED: _("Expired"),
    _CopyStatus.SKIPPED: _("Skipped"),
    _CopyStatus.REJECTED: _("Rejected"),
    _CopyStatus.UNKNOWN: _("Being clarified"),
}
COPY_STATUS_CHOICES = [(status.value, label) for status, label in COPY_STATUS_LABELS.items()]


class AlarmLevel(models.TextChoices):
    """How loud: a look, somebody now, everybody now."""

    WARNING = "warning", _("Warning")
    CRITICAL = "critical", _("Critical")
    EMERGENCY = "emergency", _("Emergency")


class AlarmCode(models.TextChoices):
    """What must not be; the sweeper looks for it."""

    ENTERED_TWICE = "entered_twice", _("An account was entered twice, or for more than planned")
    POSITION_BARE = "position_bare", _("A position has no stop")
    OUTCOME_UNKNOWN = "outcome_unknown", _("What became of an order is not known")
    COPY_STALLED = "copy_stalled", _("Copies wait for their entry for too long")
    ENROLMENT_STALLED = (
        "enrolment_stalled",
        _("A published signal waits for some of its copies to be made"),
    )
    COPY_UNTAKEN = "copy_untaken", _("Due copies are taken by nobody")
    COPY_UNSEEN = "copy_unseen", _("Open trades were not seen for too long")
    LEASE_ABANDONED = "lease_abandoned", _("Leases ran out and nobody took them over")
    ORDER_ORPHANED = (
        "order_orphaned",
        _("The exchange shows an order of ours that is not on record"),
    )
    WORKERS_SILENT = "workers_silent", _("No worker has answered for too long")
    BOT_DOUBLED = "bot_doubled", _("Two bots listen to Telegram at once")
    ADDRESS_BANNED = "address_banned", _("The exchange has banned an outgoing address")
    CLOCK_STEPPED = "clock_stepped", _("The database's clock was set")
    CLOCK_OFF = "clock_off", _("A host's clock is off")
    VAULT_KEY_MISSING = (
        "vault_key_missing",
        _("Stored keys cannot be opened: a key file is missing"),
    )
    AFFILIATE_KEY = (
        "affiliate_key",
        _("The platform's affiliate key does not work: nobody can link an account"),
    )
    KEY_PAIR_UNMADE = "key_pair_unmade", _("No worker makes the key pairs that traders wait for")
    KEYS_QUARANTINED = "keys_quarantined", _("Keys are under quarantine: they enter nothing new")
    QUARANTINE_BROKEN = "quarantine_broken", _("An entry was sent under quarantine")
    GATE_REFUSED = "gate_refused", _("The signer's gate stopped an order")
    KEY_ALTERED = "key_altered", _("A stored key does not belong where it stands")

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
    OPEN = "open", _("In progress")
    CLOSED = "closed", _("Completed")


class Sizing(models.TextChoices):
    FIXED_MARGIN = "fixed_margin", _("Fixed margin in USDT")
    EQUITY_PERCENT = "equity_percent", _("Percentage of equity")


class OrderStatus(models.TextChoices):
    """`submitting` is written before a request leaves; without an answer it counts as unknown."""

    SUBMITTING = "submitting", _("Being sent")
    UNKNOWN = "unknown", _("Unknown")
    OPEN = "open", _("Open")
    FILLED = "filled", _("Filled")
    CANCELLED = "cancelled", _("Cancelled")
    REJECTED = "rejected", _("Rejected")
    NOT_SENT = "not_sent", _("Not sent")


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

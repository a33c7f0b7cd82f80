"""The words that accounts are described with."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _


class AccountStatus(models.TextChoices):
    ACTIVE = "active", _("Active")
    SUSPENDED = "suspended", _("Suspended by the admin")


class ActivityKind(models.TextChoices):
    """The eight badges of the product's member activity log."""

    REGISTER = "register", "REGISTER"
    VISIT = "visit", "VISIT"
    TELEGRAM = "telegram", "TELEGRAM"
    API = "api", "API"
    ADD = "add", "ADD"
    TRADE = "trade", "TRADE"
    SEED_LIMIT = "seed_limit", "SEED LIMIT"
    BAN = "ban", "BAN"

"""What stands between a user and automatic trading."""

from __future__ import annotations

from django.utils.translation import gettext as _

from accounts.choices import AccountStatus
from accounts.models import User


def missing(user: User, *, has_connection: bool, is_held_back: bool) -> list[str]:
    """Say what is missing, in the active language; an empty list means that trading is possible."""
    gaps = []
    if user.status != AccountStatus.ACTIVE:
        gaps.append(_("The account is suspended by the admin"))
    if not user.has_telegram:
        gaps.append(_("Telegram link needed"))
    if not has_connection:
        gaps.append(_("API key link needed"))
    if is_held_back:
        gaps.append(_("New entries are held back by HEXAGONAL"))
    return gaps

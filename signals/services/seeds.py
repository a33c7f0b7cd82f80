"""Seed limits while nothing is published: the account alone may leave what its trader allows."""

from __future__ import annotations

from datetime import datetime

from accounts.activity import record
from exchanges.models import Connection
from hexagonal.lib.numbers import plain
from signals.models import CopySettings
from signals.selectors import is_out_of_seed
from signals.services.telling import seed_fact


def note_seed(link: Connection, now: datetime) -> None:
    """Tell a trader who copies that their account is outside their limits, once a day at most."""
    rules: CopySettings | None = getattr(link, "copy_settings", None)
    if rules is None or not rules.is_enabled or link.equity is None or not is_out_of_seed(link):
        return
    params = {
        "name": link.user.nickname,
        "connection": link.name,
        "equity": plain(link.equity),
    }
    record(seed_fact(link.pk, link.user_id, params, now), now=now)

"""Look at connections again for as long as they live: their keys' rights, and their accounts.

A key that has come to be refused pauses its connection: nothing new is entered, while what protects
open trades goes on as long as the key works. What its owner has mended is found by the same look.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from datetime import datetime, timedelta

from django.conf import settings
from django.db import transaction
from django.db.models import F, Q

from exchanges import key_log
from exchanges.admission import judge_key, reason_of
from exchanges.choices import MENDABLE, ConnectionReason, ConnectionStatus, KeyPurpose
from exchanges.domain.errors import CredentialsRejected, ExchangeError
from exchanges.domain.expiry import has_moved_forward, warning_due
from exchanges.domain.lanes import Lane
from exchanges.domain.trading import KeyFacts
from exchanges.gateway import exchange_of
from exchanges.key_log import Use
from exchanges.metering import meter_of
from exchanges.models import Connection
from exchanges.services import (
    AccountSeen,
    read_account,
    seal_reason,
    store_account,
    store_key_facts,
    tell,
    unchecked,
)
from exchanges.vault import SealBroken

WATCHED = (ConnectionStatus.CONNECTED, ConnectionStatus.ATTENTION)
DAY = timedelta(days=1)

# The apps above hear of each account that was read, in the transaction that keeps it.
_hearers: list[Callable[[Connection, datetime], None]] = []


def hear_of_accounts(hearer: Callable[[Connection, datetime], None]) -> None:
    """Let an app above see each account as it has just been read."""
    if hearer not in _hearers:
        _hearers.append(hearer)


def claim_stale(limit: int, *, now: datetime, age: timedelta) -> list[Connection]:
    """Take connections whose account was read longer than `age` ago; each goes to one worker.

    A key that needs attention is looked at as often as the rights of one that needs none.
    """
    connected = Q(status=ConnectionStatus.CONNECTED) & unchecked(now - age)
    paused = Q(status=ConnectionStatus.ATTENTION, sealed__isnull=False)
    asked_for = Q(reason=ConnectionReason.RECHECKING) & unchecked(now - age)
    paused &= unchecked(now - _key_age()) | asked_for
    with transaction.atomic():
        rows = Connection.objects.select_for_update(no_key=True, skip_locked=True).filter(
            connected | paused
        )
        stale = list(rows.order_by(F("checked_at").asc(nulls_first=True))[:limit])
        Connection.objects.filter(pk__in=[link.pk for link in stale]).update(checked_at=now)
        key_log.record([Use(link, KeyPurpose.CHECK, _asker(link)) for link in stale])
    return stale


def _asker(link: Connection) -> int | None:
    """Whoever wants the key to be looked at now; most looks are nobody's wish."""
    return link.user_id if link.reason == ConnectionReason.RECHECKING else None


def watch(link: Connection, *, now: datetime) -> None:
    """Read what is due of a connection, and pause, warn or release it by what was read."""
    facts: KeyFacts | None = None
    seen: AccountSeen | None = None
    reason = ConnectionReason.NONE
    try:
        account = exchange_of(link, meter_of(link, Lane.POLL))
        if _is_key_due(link, now):
            facts = account.key_facts()
            reason = judge_key(facts)
        if not reason:
            seen = read_account(account, link.exchange)
    except SealBroken:
        reason = seal_reason(link)
    except CredentialsRejected as error:
        reason = reason_of(error, is_paired=bool(link.public_key))
    except ExchangeError:
        if facts is None:
            return  # read again in the next round; what is cached keeps its age
    _take_in(link, facts, seen, reason, now)


def _key_age() -> timedelta:
    return timedelta(seconds=settings.KEY_CHECK_SECONDS)


def _is_key_due(link: Connection, now: datetime) -> bool:
    checked, is_paused = link.key_checked_at, link.status != ConnectionStatus.CONNECTED
    return is_paused or checked is None or checked < now - _key_age()


def _take_in(
    link: Connection,
    facts: KeyFacts | None,
    seen: AccountSeen | None,
    reason: ConnectionReason,
    now: datetime,
) -> None:
    with transaction.atomic():
        rows = Connection.objects.select_for_update(of=("self",), no_key=True)
        current = rows.select_related("user").get(pk=link.pk)
        if current.status not in WATCHED or not current.has_key_of(link):
            return  # another key was entered meanwhile, or none is kept any more
        if facts is not None:
            _take_in_key(current, facts, now)
        if reason:
            _pause(current, reason, now)
        elif facts is not None and seen is not None:
            _release(current, now)
        if seen is not None:
            store_account(current, seen, now)
            for hear in _hearers:
                hear(current, now)


def _take_in_key(link: Connection, facts: KeyFacts, now: datetime) -> None:
    """Keep what is said of the key, and tell its owner what they should know of it."""
    could_transfer, expected = link.has_transfer_right, link.key_expires_at
    store_key_facts(link, facts, now)
    link.save(
        update_fields=[
            *("has_transfer_right", "allows_any_address", "key_expires_at", "key_checked_at"),
        ]
    )
    if facts.can_transfer and not could_transfer and not settings.REFUSE_TRANSFER_RIGHT:
        tell(link, "api_transfer_right", now, reason="transfer_right")
    _tell_of_expiry(link, expected, now)


def _tell_of_expiry(link: Connection, expected: datetime | None, now: datetime) -> None:
    expires = link.key_expires_at
    if expires is None:
        return
    day = f"{expires:%Y-%m-%d}"
    if has_moved_forward(expected, expires):
        tell(link, "api_expiry_sooner", now, at=day, reason="expiry_sooner")
    if warning := warning_due(expires, now):
        key = f"api_expiring:{link.public_id}:{day}:{warning}"
        days = str(max(math.ceil((expires - now) / DAY), 0))
        tell(link, "api_expiring", now, key=key, at=day, days=days, reason="key_expiring")


def _pause(link: Connection, reason: ConnectionReason, now: datetime) -> None:
    """Let nothing new be entered until its owner has acted; each cause is told once."""
    if (link.status, link.reason) == (ConnectionStatus.ATTENTION, reason):
        return
    link.status, link.reason = ConnectionStatus.ATTENTION, reason
    link.save(update_fields=["status", "reason"])
    tell(link, "api_attention", now, reason=reason.value)


def _release(link: Connection, now: datetime) -> None:
    """All is as it must be again; what such a look cannot see stays as it is."""
    if link.status != ConnectionStatus.ATTENTION or link.reason not in MENDABLE:
        return
    link.status, link.reason = ConnectionStatus.CONNECTED, ConnectionReason.NONE
    link.save(update_fields=["status", "reason"])
    tell(link, "api_restored", now)

"""Stored keys are sealed anew for the newest key of the vault, while trading goes on.

There is no list of what is done: a box says which key opens it, so whoever goes on after a stop or
a crash finds what is left. No transaction is held while boxes are opened and sealed; each new box
takes the place of exactly the old one, so a key that its owner has replaced meanwhile stays.
"""

from __future__ import annotations

import logging
import time
from datetime import datetime
from typing import Any

from django.conf import settings
from django.db.models import BinaryField, Count, Q, QuerySet
from django.db.models.functions import Substr

from exchanges import key_log, services, vault
from exchanges.choices import ConnectionReason, ConnectionStatus, KeyPurpose
from exchanges.gateway import pair_context, seal_context
from exchanges.key_log import Use
from exchanges.models import Connection, FormerKey, KeyPair

log = logging.getLogger(__name__)

Holder = Connection | KeyPair | FormerKey  # the last two wait beside their connection's own

BATCH = 50
HOLDERS: tuple[type[Holder], ...] = (Connection, KeyPair, FormerKey)
HEAD = Substr("sealed", 1, vault.HEAD_BYTES, output_field=BinaryField())


def newest_key() -> str:
    """The id of the key that this process seals for. Raises `vault.VaultClosed` without one."""
    return vault.key_name(vault.newest_head())


def boxes_by_key() -> dict[str, int]:
    """How many boxes each key of the vault opens, by its id."""
    found: dict[str, int] = {}
    for holder in HOLDERS:
        boxes = _boxes(holder).values_list("head").annotate(boxes=Count("pk")).order_by("head")
        for head, count in boxes:
            name = vault.key_name(head)
            found[name] = found.get(name, 0) + count
    return found


def missing_keys() -> dict[str, int]:
    """Of a process that should open boxes: how many it cannot, by the id of the missing key."""
    if settings.VAULT_PRIVATE_KEY_FILE is None:
        return {}
    try:
        at_hand = vault.keys_at_hand()
    except vault.VaultClosed:
        at_hand = set()
    return {name: boxes for name, boxes in boxes_by_key().items() if name not in at_hand}


def count_left() -> int:
    """How many boxes are not sealed as this process would seal them now."""
    return sum(_left(holder).count() for holder in HOLDERS)


def reseal(key: str, *, seconds: float, now: datetime) -> int:
    """Seal boxes anew for a key until none is left or the time is up; returns how many.

    Where the public key is another, nothing is done: two workers would seal back and forth.
    """
    try:
        if (here := newest_key()) != key:
            raise vault.VaultClosed(f"the public key here is {here}, not {key}")
        ends = time.monotonic() + seconds
        return sum(_reseal_all(holder, ends, now) for holder in HOLDERS)
    except vault.VaultClosed as error:
        log.error("no box can be sealed anew here: %s", error)  # noqa: TRY400 - the trace says no more
        return 0


def _reseal_all(holder: type[Holder], ends: float, now: datetime) -> int:
    done, last = 0, 0
    missing: set[str] = set()
    while time.monotonic() < ends:
        left = _left(holder).filter(pk__gt=last)
        batch = list(_unless_verified(left, holder, now)[:BATCH])
        if not batch:
            break
        key_log.record([Use(_link_of(row), KeyPurpose.RESEAL) for row in batch])
        for row in batch:
            try:
                done += _reseal(row, now)
            except vault.KeyMissing as error:
                missing.add(str(error))
        last = batch[-1].pk
    for text in missing:
        log.error("boxes stay as they are: %s", text)
    return done


def _reseal(row: Holder, now: datetime) -> int:
    link = _link_of(row)
    old = bytes(row.sealed or b"")
    try:
        fresh = vault.reseal(old, context=_context_of(row))
    except vault.SealBroken:
        services.tell_of_altered_key(link)
        if row is link:
            services.note_problem(link.pk, ConnectionReason.VAULT, now=now)
        return 0
    same = type(row).objects.filter(pk=row.pk, sealed=old)
    return _unless_verified(same, type(row), now).update(sealed=fresh)


def _link_of(row: Holder) -> Connection:
    return row if isinstance(row, Connection) else row.connection


def _context_of(row: Holder) -> str:
    if isinstance(row, Connection):
        return seal_context(row)
    return pair_context(row.connection, row.public_key)


def _unless_verified(rows: QuerySet[Any], holder: type[Holder], now: datetime) -> QuerySet[Any]:
    """A verification that goes on knows its key by its box, and would take it for another."""
    if holder is not Connection:
        return rows
    begun = Q(checked_at__gte=now - services.VERIFY_CLAIM)
    return rows.exclude(Q(status=ConnectionStatus.VERIFYING) & begun)


def _boxes(holder: type[Holder]) -> QuerySet[Any]:
    return holder.objects.filter(sealed__isnull=False).annotate(head=HEAD)


def _left(holder: type[Holder]) -> QuerySet[Any]:
    return _boxes(holder).exclude(head=vault.newest_head()).order_by("pk")

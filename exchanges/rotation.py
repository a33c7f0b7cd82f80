"""Stored keys are sealed anew for the newest key of the vault, while trading goes on.

There is no list of what is done: a box says which key opens it, so whoever goes on after a stop or
a crash finds what is left. No transaction is held while boxes are opened and sealed; each new box
takes the place of exactly the old one, so a key that its owner has replaced meanwhile stays.
"""

from __future__ import annotations

import logging
import time
from datetime import datetime

from django.conf import settings
from django.db.models import BinaryField, Count, Q, QuerySet
from django.db.models.functions import Substr

from exchanges import services, vault
from exchanges.choices import ConnectionReason, ConnectionStatus
from exchanges.gateway import seal_context
from exchanges.models import Connection

log = logging.getLogger(__name__)

BATCH = 50
HEAD = Substr("sealed", 1, vault.HEAD_BYTES, output_field=BinaryField())


def newest_key() -> str:
    """The id of the key that this process seals for. Raises `vault.VaultClosed` without one."""
    return vault.key_name(vault.newest_head())


def boxes_by_key() -> dict[str, int]:
    """How many boxes each key of the vault opens, by its id."""
    sealed = Connection.objects.filter(sealed__isnull=False).annotate(head=HEAD)
    found: dict[str, int] = {}
    for head, boxes in sealed.values_list("head").annotate(boxes=Count("pk")).order_by("head"):
        name = vault.key_name(head)
        found[name] = found.get(name, 0) + boxes
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
    return _left().count()


def reseal(key: str, *, seconds: float, now: datetime) -> int:
    """Seal boxes anew for a key until none is left or the time is up; returns how many.

    Where the public key is another, nothing is done: two workers would seal back and forth.
    """
    try:
        if (here := newest_key()) != key:
            raise vault.VaultClosed(f"the public key here is {here}, not {key}")
        return _reseal_all(time.monotonic() + seconds, now)
    except vault.VaultClosed as error:
        log.error("no box can be sealed anew here: %s", error)  # noqa: TRY400 - the trace says no more
        return 0


def _reseal_all(ends: float, now: datetime) -> int:
    done, last = 0, 0
    missing: set[str] = set()
    while time.monotonic() < ends:
        batch = list(_left().filter(pk__gt=last).exclude(_is_being_verified(now))[:BATCH])
        if not batch:
            break
        for link in batch:
            try:
                done += _reseal(link, now)
            except vault.KeyMissing as error:
                missing.add(str(error))
        last = batch[-1].pk
    for text in missing:
        log.error("boxes stay as they are: %s", text)
    return done


def _reseal(link: Connection, now: datetime) -> int:
    old = bytes(link.sealed or b"")
    try:
        fresh = vault.reseal(old, context=seal_context(link))
    except vault.SealBroken:
        log.error("the box of connection %s is broken", link.pk)  # noqa: TRY400 - the trace says no more
        services.note_problem(link.pk, ConnectionReason.VAULT, now=now)
        return 0
    row = Connection.objects.filter(pk=link.pk, sealed=old)
    return row.exclude(_is_being_verified(now)).update(sealed=fresh)


def _is_being_verified(now: datetime) -> Q:
    """A verification that goes on knows its key by its box, and would take it for another."""
    begun = Q(checked_at__gte=now - services.VERIFY_CLAIM)
    return Q(status=ConnectionStatus.VERIFYING) & begun


def _left() -> QuerySet[Connection]:
    sealed = Connection.objects.filter(sealed__isnull=False).annotate(head=HEAD)
    return sealed.exclude(head=vault.newest_head()).order_by("pk")

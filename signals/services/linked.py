"""Linked accounts as plain values: a model for each of ten thousand costs seconds."""

from __future__ import annotations

import json
from collections.abc import Iterator
from decimal import Decimal
from functools import cache
from typing import Any, NamedTuple
from uuid import UUID

from django.db.models import JSONField, QuerySet, TextField
from django.db.models.functions import Cast

from exchanges.choices import ConnectionStatus
from exchanges.models import Connection
from signals.models import CopySettings

NOT_LINKED = {ConnectionStatus.AWAITING, ConnectionStatus.REFUSED, ConnectionStatus.REVOKED}
LINKED = sorted(status.value for status in set(ConnectionStatus) - NOT_LINKED)


class LinkedAccount(NamedTuple):
    """A connection and its trader, as far as sizing asks; `settings` is None without any."""

    pk: int
    public_id: UUID
    name: str
    exchange: str
    environment: str
    egress: str
    status: str
    equity: Decimal | None
    available: Decimal | None
    margin_mode: str
    own_symbols: list[str]
    trader: str
    trader_status: str
    trader_is_active: bool
    has_telegram: bool
    settings: CopySettings | None


OWN = LinkedAccount._fields[:10]
TRADER = ("user__nickname", "user__status", "user__is_active", "user__has_telegram")
STORED = [
    field
    for field in CopySettings._meta.concrete_fields  # noqa: SLF001 - Django's name for it
    if field.attname not in {"id", "connection_id"}
]
# Lists stay JSON until somebody asks: reading thousands of empty ones is what takes the time.
LISTS = {field.attname for field in STORED if isinstance(field, JSONField)}
HEAD = len(OWN) + 1 + len(TRADER)


def linked() -> QuerySet[Connection]:
    return Connection.objects.filter(status__in=LINKED)


def linked_accounts() -> Iterator[LinkedAccount]:
    """All of them, by their traders' names; accounts with equal settings share one value."""
    read_list, read_settings = cache(json.loads), cache(_settings)
    for row in linked().order_by("user__nickname", "pk").values_list(*_columns()):
        *own, symbols = row[: len(OWN) + 1]
        settings = read_settings(row[HEAD + 1 :]) if row[HEAD] is not None else None
        person = row[len(OWN) + 1 : HEAD]
        yield LinkedAccount._make([*own, read_list(symbols), *person, settings])


def _columns() -> Iterator[str | Cast]:
    yield from (*OWN, Cast("own_symbols", TextField()), *TRADER, "copy_settings__pk")
    for field in STORED:
        path = f"copy_settings__{field.attname}"
        yield Cast(path, TextField()) if field.attname in LISTS else path


def _settings(values: tuple[Any, ...]) -> CopySettings:
    stored = dict(zip((field.attname for field in STORED), values, strict=True))
    return CopySettings(**stored | {name: json.loads(stored[name]) for name in LISTS})

"""Rows in memory after a transaction that was rolled back: they do not go back by themselves."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.db.models import Model

from hexagonal.lib.bulk import REMEMBERED

Standing = list[tuple[Model, Any, bool, Any]]


def standing(rows: Iterable[Model]) -> Standing:
    """Note which rows are stored, and as what."""
    return [(row, row.pk, row._state.adding, getattr(row, REMEMBERED, None)) for row in rows]  # noqa: SLF001 - Django's names for it


def go_back(noted: Standing) -> None:
    """Let rows be as they were noted: what was rolled back is to be written again."""
    for row, key, is_new, remembered in noted:
        row.pk, row._state.adding = key, is_new  # noqa: SLF001 - as above
        setattr(row, REMEMBERED, remembered)

"""Texts of codes, gathered from the apps, so that a code is stored and a text is shown."""

from __future__ import annotations

from collections.abc import Mapping

from django.utils.functional import Promise

_texts: dict[str, str | Promise] = {}


def register(texts: Mapping[str, str | Promise]) -> None:
    """Add an app's lazy texts by code; called from its `AppConfig.ready`."""
    _texts.update(texts)


def text_of(code: str) -> str:
    """Say a code in the active language; an unknown code stands for itself."""
    return str(_texts.get(code, code))

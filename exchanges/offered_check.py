"""`EXCHANGES_OFFERED` must name exchanges whose adapter can trade."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error

from exchanges.registry import EXCHANGES


def check_offered(**_: Any) -> list[CheckMessage]:
    strangers = [name for name in settings.EXCHANGES_OFFERED if name not in EXCHANGES]
    if settings.EXCHANGES_OFFERED and not strangers:
        return []
    said = ", ".join(strangers) or "nothing at all"
    return [
        Error(
            f"EXCHANGES_OFFERED names {said}.",
            hint=f"Whole adapters: {', '.join(EXCHANGES)}.",
            id="exchanges.E003",
        )
    ]

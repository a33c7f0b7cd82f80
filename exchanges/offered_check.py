"""`EXCHANGES_OFFERED` must name exchanges that there is an adapter for."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error

from exchanges.registry import known_exchanges


def check_offered(**_: Any) -> list[CheckMessage]:
    strangers = [name for name in settings.EXCHANGES_OFFERED if name not in known_exchanges()]
    if settings.EXCHANGES_OFFERED and not strangers:
        return []
    said = ", ".join(strangers) or "nothing at all"
    return [
        Error(
            f"EXCHANGES_OFFERED names {said}.",
            hint=f"There are adapters for {', '.join(known_exchanges())}.",
            id="exchanges.E002",
        )
    ]

"""A worker without bounds of its own enters nothing, and the first signal is no time to see."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core import checks

BOUNDS = (
    *("GATE_ORDER_NOTIONAL", "GATE_ACCOUNT_NOTIONAL_PER_MINUTE"),
    *("GATE_ACCOUNT_ORDERS_PER_MINUTE", "GATE_LEVERAGE"),
)


def check_gate(**_: Any) -> list[checks.CheckMessage]:
    """Only who names orders sends them: workers and sweepers.

    A warning, for without bounds stops, targets and closings still have to go on.
    """
    if not settings.LINK_ID_KEY:
        return []
    missing = [name for name in BOUNDS if getattr(settings, name) <= 0]
    missing += [] if settings.GATE_SYMBOLS else ["GATE_SYMBOLS"]
    return [
        checks.Warning(
            f"{name} leaves nothing that could be entered.",
            hint="The signer's gate takes its bounds from the environment of worker and sweeper.",
            id="exchanges.E002",
        )
        for name in missing
    ]

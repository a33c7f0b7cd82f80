"""Requests must find the way out that `EGRESS` describes, and the first order is no time to see."""

from __future__ import annotations

from ipaddress import ip_address
from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error

from exchanges.domain import proxies


def check_egress(**_: Any) -> list[CheckMessage]:
    """A way may hold a password: it is named by its public address."""
    faults = {public: _fault_of(way) for public, way in settings.EGRESS.items()}
    return [
        Error(
            f"EGRESS: nothing can leave by the way of {public}: {fault}.",
            hint="Give a source address of this host, or the URL of an HTTP proxy.",
            id="exchanges.E001",
        )
        for public, fault in faults.items()
        if fault
    ]


def _fault_of(way: str) -> str:
    if not way:  # the machine chooses
        return ""
    if "://" in way:
        return proxies.fault_of(way)
    try:
        ip_address(way)
    except ValueError:
        return "it is neither an address nor a URL"
    return ""

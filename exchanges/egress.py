"""Which outgoing address a connection keeps to."""

from __future__ import annotations

from collections.abc import Mapping

from django.conf import settings
from django.db.models import Count

from exchanges.choices import ConnectionStatus
from exchanges.models import Connection, budget_of
from exchanges.places import places


def budgets() -> list[str]:
    """The names of all limits that requests of ours count against."""
    return [
        budget_of(exchange, environment, address)
        for exchange, environment in places()
        for address in settings.EGRESS
    ]


def shown_addresses() -> str:
    """Our public addresses, as traders bind their keys to them; empty where nobody knows them."""
    return ", ".join(address for address in settings.EGRESS if address)


def load() -> dict[str, int]:
    """How many connections each of our addresses serves."""
    rows = (
        Connection.objects.filter(egress__in=settings.EGRESS)
        .exclude(status=ConnectionStatus.REVOKED)
        .values_list("egress")
        .annotate(count=Count("pk"))
    )
    return dict.fromkeys(settings.EGRESS, 0) | dict(rows)


def load_by_budget() -> dict[str, int]:
    """How many connections draw on each of our limits."""
    rows = (
        Connection.objects.filter(egress__in=settings.EGRESS)
        .exclude(status=ConnectionStatus.REVOKED)
        .values_list("exchange", "environment", "egress")
        .annotate(count=Count("pk"))
    )
    return {budget_of(*place): count for *place, count in rows}


def least_used(served: Mapping[str, int] | None = None) -> str:
    served = load() if served is None else served
    return min(served, key=lambda address: served[address])


def resettle() -> int:
    """Give connections whose address is none of ours (any more) another; returns how many.

    Keys are bound to all the addresses that were ours when they were made, so a move costs their
    owners nothing; one that was added since is refused until they have added it too.
    """
    served = load()
    astray = list(
        Connection.objects.exclude(egress__in=settings.EGRESS)
        .exclude(status=ConnectionStatus.REVOKED)
        .only("pk", "egress")
    )
    for link in astray:
        link.egress = least_used(served)
        served[link.egress] += 1
    Connection.objects.bulk_update(astray, ["egress"], batch_size=500)
    return len(astray)

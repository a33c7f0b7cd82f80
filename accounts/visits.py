"""Counting visitors and page views without keeping anybody's address."""

from __future__ import annotations

import hashlib
import hmac
import ipaddress
from datetime import date, datetime, timedelta

from django.conf import settings
from django.db import transaction
from django.db.models import F

from accounts.activity import Fact, record
from accounts.choices import ActivityKind
from accounts.models import PageViews, User, VisitorDay

SEEN_EVERY = timedelta(minutes=1)


def truncated(address: str) -> str:
    """`112.2.45.xxx`: the last octet of an IPv4, all but the first /48 of an IPv6, is dropped."""
    try:
        found = ipaddress.ip_address(address)
    except ValueError:
        return "?"
    if isinstance(found, ipaddress.IPv6Address) and found.ipv4_mapped:
        found = found.ipv4_mapped
    if found.version == 4:  # noqa: PLR2004
        return ".".join([*str(found).split(".")[:3], "xxx"])
    return ":".join(found.exploded.split(":")[:3]) + "::xxx"


def count(address: str, agent: str, user: User | None, *, now: datetime) -> None:
    """Count a shown page; a visitor counts once a day, by a salted digest."""
    day = now.date()
    key = f"{settings.SECRET_KEY}:{day}".encode()
    digest = hmac.digest(key, f"{address}|{agent}".encode(), hashlib.sha256).hex()
    with transaction.atomic():
        if not PageViews.objects.filter(day=day).update(count=F("count") + 1):
            PageViews.objects.bulk_create([PageViews(day=day, count=1)], ignore_conflicts=True)
        _visitor(day, digest, truncated(address), now)
        if user is not None and (user.seen_at is None or now - user.seen_at > SEEN_EVERY):
            User.objects.filter(pk=user.pk).update(seen_at=now)


def _visitor(day: date, digest: str, address: str, now: datetime) -> None:
    if VisitorDay.objects.filter(day=day, digest=digest).exists():
        return
    VisitorDay.objects.bulk_create([VisitorDay(day=day, digest=digest)], ignore_conflicts=True)
    key = f"visit:{day}:{digest}"
    fact = Fact(ActivityKind.VISIT, "visited", None, {"address": address}, is_public=True, key=key)
    record(fact, now=now)

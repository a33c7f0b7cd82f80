"""Reads of members and their activity."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import QuerySet, Sum

from accounts.models import ActivityEvent, PageViews, User, VisitorDay

PRESENT = timedelta(minutes=5)


@dataclass(frozen=True, slots=True)
class VisitFigures:
    """Distinct visitors summed over days, page views, members, and members seen just now."""

    visitors: int
    views: int
    registered: int
    present: int


def visit_figures(*, now: datetime) -> VisitFigures:
    members = User.objects.filter(is_active=True)
    return VisitFigures(
        visitors=VisitorDay.objects.count(),
        views=PageViews.objects.aggregate(total=Sum("count"))["total"] or 0,
        registered=members.count(),
        present=members.filter(seen_at__gt=now - PRESENT).count(),
    )


def member_log(limit: int = 20) -> QuerySet[ActivityEvent]:
    return ActivityEvent.objects.filter(is_public=True)[:limit]

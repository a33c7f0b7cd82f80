"""Members and what happened to them, for ops."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils import timezone

from accounts import services
from accounts.models import ActivityEvent, PageViews, User, VisitorDay

if TYPE_CHECKING:
    _ModelAdmin = admin.ModelAdmin[Any]
else:
    _ModelAdmin = admin.ModelAdmin


class ReadOnlyAdmin(_ModelAdmin):
    """Ops look; changes go through the services."""

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


@admin.register(User)
class UserAdmin(ReadOnlyAdmin):
    list_display = ["nickname", "email", "status", "has_telegram", "is_staff", "joined_at"]
    list_filter = ["status", "has_telegram", "is_staff"]
    search_fields = ["nickname", "email"]
    exclude = ["password"]
    actions = ["suspend", "reinstate"]

    @admin.action(description="Suspend (their stops and targets stay at the exchange)")
    def suspend(self, request: HttpRequest, users: QuerySet[User]) -> None:
        for user in users:
            services.suspend(user, now=timezone.now())

    @admin.action(description="Reinstate")
    def reinstate(self, request: HttpRequest, users: QuerySet[User]) -> None:
        for user in users:
            services.reinstate(user, now=timezone.now())


@admin.register(ActivityEvent)
class ActivityEventAdmin(ReadOnlyAdmin):
    list_display = ["at", "kind", "code", "user", "is_public"]
    list_filter = ["kind", "code"]
    list_select_related = ["user"]


@admin.register(VisitorDay)
class VisitorDayAdmin(ReadOnlyAdmin):
    exclude = ["digest"]


admin.site.register(PageViews, ReadOnlyAdmin)

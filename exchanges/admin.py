"""Connections and instruments, for ops; nothing sealed is shown."""

from __future__ import annotations

from typing import Any, cast

from django.contrib import admin, messages
from django.core.paginator import Paginator
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.functional import cached_property
from django.utils.translation import gettext_lazy as _

from accounts.admin import ReadOnlyAdmin
from exchanges import quarantine
from exchanges.models import (
    Connection,
    EgressBan,
    HostClock,
    Instrument,
    KeyUse,
    Quarantine,
    StreamProcess,
    SymbolState,
)
from exchanges.quarantine import Scope
from exchanges.selectors import is_quarantined
from hexagonal.lib.clock import database_now


@admin.register(Connection)
class ConnectionAdmin(ReadOnlyAdmin):
    list_display = [
        *("name", "user", "exchange", "environment", "status", "is_held", "reason", "balance_at"),
    ]
    list_filter = ["status", "reason", "environment"]
    list_select_related = ["user"]
    search_fields = ["name", "user__nickname", "exchange_uid"]
    exclude = ["sealed", "api_key_id"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Connection]:
        rows: QuerySet[Connection] = super().get_queryset(request)
        return rows.annotate(is_quarantined=is_quarantined())

    @admin.display(description="quarantined", boolean=True)
    def is_held(self, link: Any) -> bool:
        return bool(link.is_quarantined)


@admin.register(Quarantine)
class QuarantineAdmin(ReadOnlyAdmin):
    """To add one puts it on: whoever may add is asked for whose keys, and why."""

    list_display = ["__str__", "reason", "by", "since", "lifted_at", "lifted_by"]
    list_filter = [("lifted_at", admin.EmptyFieldListFilter)]
    list_select_related = ["user"]
    raw_id_fields = ["user"]
    actions = ["lift"]

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return request.user.has_perm("exchanges.add_quarantine")

    def has_lift_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("exchanges.lift_quarantine")

    def get_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        asked = ["exchange", "environment", "user", "reason"]
        return asked if obj is None else [*asked, "by", "since", "lifted_at", "lifted_by"]

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> Any:
        said = _("What is left empty stands for all: with no choice made, nobody enters anything.")
        fields = self.get_fields(request, obj)
        return [(None, {"fields": fields, "description": said if obj is None else None})]

    def save_model(self, request: HttpRequest, obj: Quarantine, form: Any, change: bool) -> None:
        row, trades = quarantine.impose(
            Scope(obj.exchange, obj.environment, obj.user),
            reason=obj.reason,
            by=request.user.get_username(),
            now=database_now(),
        )
        obj.pk = row.pk
        held = quarantine.held_keys()
        text = f"{held} connections are held; {trades} trades are asked for entries that wait."
        messages.warning(request, text)

    @admin.action(description="Lift the quarantine", permissions=["lift"])
    def lift(self, request: HttpRequest, rows: QuerySet[Quarantine]) -> None:
        for row in rows.select_related("user"):
            scope = Scope(row.exchange, row.environment, row.user)
            quarantine.lift(scope, by=request.user.get_username(), now=database_now())


class Newest(Paginator):  # type: ignore[type-arg]
    """Counts no further than anybody turns pages."""

    MOST = 10_000

    @cached_property
    def count(self) -> int:
        return cast(QuerySet[Any], self.object_list)[: self.MOST].count()


@admin.register(KeyUse)
class KeyUseAdmin(ReadOnlyAdmin):
    list_display = ["at", "connection_id", "purpose", "person", "process", "host", "copy", "symbol"]
    list_filter = ["purpose", "process"]
    list_select_related = ["person"]
    raw_id_fields = ["connection", "person"]
    search_fields = ["=connection_id", "=copy"]
    show_full_result_count = False
    ordering = ["-pk"]  # as they were written; a year of them is never sorted
    paginator = Newest


@admin.register(Instrument)
class InstrumentAdmin(ReadOnlyAdmin):
    list_display = ["symbol", "environment", "status", "delivery_at", "last", "priced_at"]
    list_filter = ["environment", "status"]
    search_fields = ["symbol"]


@admin.register(SymbolState)
class SymbolStateAdmin(ReadOnlyAdmin):
    list_display = ["connection", "symbol", "leverage", "is_hedge", "confirmed_at"]
    list_select_related = ["connection"]


@admin.register(EgressBan)
class EgressBanAdmin(ReadOnlyAdmin):
    list_display = ["budget", "until"]


@admin.register(HostClock)
class HostClockAdmin(ReadOnlyAdmin):
    list_display = ["host", "exchange", "environment", "ahead_ms", "at"]


@admin.register(StreamProcess)
class StreamProcessAdmin(ReadOnlyAdmin):
    list_display = ["host", "sockets", "started_at", "until", "priced_at"]

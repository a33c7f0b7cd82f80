"""Signals, copies, orders and fills, for ops."""

from __future__ import annotations

from django.contrib import admin

from accounts.admin import ReadOnlyAdmin
from signals.models import (
    Alarm,
    ClosedPnl,
    Copy,
    CopySettings,
    Enrolment,
    ExchangeCall,
    Fill,
    Heartbeat,
    Order,
    Signal,
    SignalRevision,
    Target,
)


@admin.register(Signal)
class SignalAdmin(ReadOnlyAdmin):
    list_display = ["symbol", "side", "leverage", "status", "revision", "author", "published_at"]
    list_filter = ["status", "side"]
    list_select_related = ["author"]
    search_fields = ["symbol"]


@admin.register(Enrolment)
class EnrolmentAdmin(ReadOnlyAdmin):
    list_display = ["signal", "part", "parts", "newest"]
    list_select_related = ["signal"]


@admin.register(Copy)
class CopyAdmin(ReadOnlyAdmin):
    list_display = ["signal", "user", "status", "reason", "quantity", "pnl", "due_at", "attempts"]
    list_filter = ["status", "reason"]
    list_select_related = ["signal", "user"]
    search_fields = ["user__nickname", "symbol"]


@admin.register(Order)
class OrderAdmin(ReadOnlyAdmin):
    list_display = ["link_id", "exchange_id", "leg", "status", "quantity", "filled", "error_code"]
    list_filter = ["status", "leg"]
    search_fields = ["link_id", "exchange_id"]


@admin.register(Fill)
class FillAdmin(ReadOnlyAdmin):
    list_display = ["fill_id", "side", "cause", "quantity", "price", "fee", "at"]
    list_filter = ["cause"]


@admin.register(Alarm)
class AlarmAdmin(ReadOnlyAdmin):
    list_display = [
        *("level", "code", "subject", "detail"),
        *("first_seen_at", "last_seen_at", "count", "cleared_at"),
    ]
    list_filter = [("cleared_at", admin.EmptyFieldListFilter), "level", "code"]
    search_fields = ["subject"]


@admin.register(Heartbeat)
class HeartbeatAdmin(ReadOnlyAdmin):
    list_display = ["name", "host", "at"]


@admin.register(ExchangeCall)
class ExchangeCallAdmin(ReadOnlyAdmin):
    list_display = ["sent_at", "action", "path", "status", "code", "error", "milliseconds", "copy"]
    list_filter = ["action", "status"]
    list_select_related = ["copy"]
    raw_id_fields = ["copy", "order"]
    search_fields = ["copy__public_id", "order__link_id"]
    show_full_result_count = False


admin.site.register([ClosedPnl, CopySettings, SignalRevision, Target], ReadOnlyAdmin)

"""Connections and instruments, for ops; nothing sealed is shown."""

from __future__ import annotations

from django.contrib import admin

from accounts.admin import ReadOnlyAdmin
from exchanges.models import (
    Connection,
    EgressBan,
    HostClock,
    Instrument,
    StreamProcess,
    SymbolState,
)


@admin.register(Connection)
class ConnectionAdmin(ReadOnlyAdmin):
    list_display = ["name", "user", "exchange", "environment", "status", "reason", "balance_at"]
    list_filter = ["status", "reason", "environment"]
    list_select_related = ["user"]
    search_fields = ["name", "user__nickname", "exchange_uid"]
    exclude = ["sealed", "api_key_id", "key_digest"]


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

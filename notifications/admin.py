"""Telegram links and the outbox, for ops."""

from __future__ import annotations

from django.contrib import admin

from accounts.admin import ReadOnlyAdmin
from notifications.models import OutboxMessage, PairingKey, TelegramLink


@admin.register(TelegramLink)
class TelegramLinkAdmin(ReadOnlyAdmin):
    list_display = ["user", "display_name", "is_blocked", "trade_notices", "linked_at"]
    list_select_related = ["user"]


@admin.register(PairingKey)
class PairingKeyAdmin(ReadOnlyAdmin):
    list_display = ["user", "created_at", "expires_at", "used_at"]
    exclude = ["digest"]
    list_select_related = ["user"]


@admin.register(OutboxMessage)
class OutboxMessageAdmin(ReadOnlyAdmin):
    list_display = ["code", "user", "status", "attempts", "due_at", "sent_at", "error"]
    list_filter = ["status", "code"]
    list_select_related = ["user"]

"""What libraries bring into the ops admin, made fit for it."""

from __future__ import annotations

from django.contrib import admin
from django.contrib.auth.models import Group
from knox.models import AuthToken

from accounts.admin import ReadOnlyAdmin

admin.site.site_header = admin.site.site_title = "HEXAGONAL"
admin.site.unregister([AuthToken, Group])


@admin.register(AuthToken)
class TokenAdmin(ReadOnlyAdmin):
    """Knox's own page makes a token of anybody's, shows it, and keeps it with the session."""

    list_display = ["user", "created", "expiry"]
    list_display_links = None  # a token's address is its digest
    list_select_related = ["user"]
    fields = ["user", "created", "expiry"]

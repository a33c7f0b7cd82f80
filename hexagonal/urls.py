"""The table of contents: one include per app."""

from django.contrib import admin
from django.urls import include, path
from django.views.i18n import set_language

from accounts.views import log_in
from exchanges.views import guide
from hexagonal import health, pages

urlpatterns = [
    path("", pages.dashboard, name="dashboard"),
    path("settings/", pages.settings_page, name="settings"),
    path("settings/tokens/", pages.create_token, name="create_token"),
    path("settings/tokens/<str:digest>/revoke/", pages.revoke_token, name="revoke_token"),
    path("language/", set_language, name="set_language"),
    path("account/", include("accounts.urls")),
    path("connections/", include("exchanges.urls")),
    path("guide/<slug:exchange>/", guide, name="guide"),
    path("telegram/", include("notifications.urls")),
    path("", include("signals.urls")),
    path("healthz", health.alive, name="healthz"),
    path("readyz", health.ready, name="readyz"),
    path("api/v1/", include("hexagonal.api")),
    path("ops/login/", log_in),  # the admin's own would let passwords be guessed without a limit
    path("ops/", admin.site.urls),
]

"""The table of contents: one include per app."""

from django.contrib import admin
from django.urls import path

from hexagonal import health

urlpatterns = [
    path("healthz", health.alive, name="healthz"),
    path("readyz", health.ready, name="readyz"),
    path("ops/", admin.site.urls),
]

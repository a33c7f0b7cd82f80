"""The REST API's table of contents."""

from __future__ import annotations

from django.urls import path
from drf_spectacular.views import SpectacularAPIView
from rest_framework.routers import SimpleRouter

import hexagonal.api_schema  # noqa: F401 - makes the token's scheme known
from exchanges.api import ConnectionViewSet
from signals.api import CopyViewSet, RulesView, SignalViewSet

router = SimpleRouter(use_regex_path=False)
router.register("signals", SignalViewSet, basename="api-signal")
router.register("copies", CopyViewSet, basename="api-copy")
router.register("connections", ConnectionViewSet, basename="api-connection")

urlpatterns = [
    *router.urls,
    path("connections/<uuid:id>/copying/", RulesView.as_view(), name="api-rules"),
    path("schema/", SpectacularAPIView.as_view(), name="api-schema"),
]

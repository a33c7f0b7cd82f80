"""A user's own language and time zone, and the counting of visits."""

from __future__ import annotations

import logging
import zoneinfo
from collections.abc import Callable

from django.db import DatabaseError
from django.http import HttpRequest, HttpResponse
from django.utils import timezone, translation

from accounts import visits
from accounts.http import client_address
from accounts.models import User

log = logging.getLogger(__name__)
GetResponse = Callable[[HttpRequest], HttpResponse]
ZONE_OF_LANGUAGE = {"ko": "Asia/Seoul"}
NOT_PAGES = ("/static/", "/api/", "/healthz", "/readyz", "/ops/")


class PersonalSettingsMiddleware:
    """The user's choice, else what the browser asks for; the zone follows the language."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        user = request.user if request.user.is_authenticated else None
        if user is not None and user.language:
            translation.activate(user.language)
            request.LANGUAGE_CODE = translation.get_language() or user.language
        zone = user.time_zone if user is not None else ""
        language = (translation.get_language() or "en")[:2]
        with timezone.override(zone_of(zone or ZONE_OF_LANGUAGE.get(language, "UTC"))):
            return self.get_response(request)


def zone_of(name: str) -> zoneinfo.ZoneInfo:
    try:
        return zoneinfo.ZoneInfo(name)
    except (zoneinfo.ZoneInfoNotFoundError, ValueError):
        return zoneinfo.ZoneInfo("UTC")


class VisitMiddleware:
    """Count shown pages, after they were made; a failure to count never breaks one."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        if self._is_page(request, response):
            user = request.user if isinstance(request.user, User) else None
            agent = request.headers.get("User-Agent", "")
            address = client_address(request)
            try:
                visits.count(address, agent, user, now=timezone.now())
            except DatabaseError:
                log.warning("a visit was not counted")
        return response

    @staticmethod
    def _is_page(request: HttpRequest, response: HttpResponse) -> bool:
        return (
            request.method == "GET"
            and response.status_code == 200  # noqa: PLR2004
            and not request.headers.get("HX-Request")
            and not request.path.startswith(NOT_PAGES)
        )

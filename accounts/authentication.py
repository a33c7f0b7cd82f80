"""Scripts come in with a token, after the middleware that speaks a session user's language."""

from __future__ import annotations

from typing import Any

from django.utils import translation
from knox.auth import TokenAuthentication
from rest_framework.request import Request


class PersonalTokenAuthentication(TokenAuthentication):  # type: ignore[misc]
    """A token's owner is answered in the language that they chose, as on the pages."""

    def authenticate(self, request: Request) -> Any:
        found = super().authenticate(request)
        if found is not None and found[0].language:
            translation.activate(found[0].language)
        return found

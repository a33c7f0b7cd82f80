"""The request of somebody who is logged in."""

from __future__ import annotations

from django.conf import settings
from django.http import HttpRequest

from accounts.models import User


class SignedInRequest(HttpRequest):
    user: User


def client_address(request: HttpRequest) -> str:
    """The visitor's address: what our own outermost proxy saw, never what the visitor claims."""
    peer: str = request.META.get("REMOTE_ADDR", "")
    count = settings.TRUSTED_PROXY_COUNT
    if not count:
        return peer
    hops = [hop.strip() for hop in request.headers.get("X-Forwarded-For", "").split(",")]
    return hops[-count] if len(hops) >= count and hops[-count] else peer

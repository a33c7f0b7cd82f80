"""The pairing dialog, and what a trader wants to be told."""

from __future__ import annotations

from django.conf import settings
from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from accounts.http import SignedInRequest
from notifications import services
from notifications.domain.pairing import LIFETIME, found_in
from notifications.selectors import link_of


@login_required
@never_cache
@require_http_methods(["GET", "POST"])
def pairing_key(request: SignedInRequest) -> HttpResponse:
    """The dialog; a POST makes a key, which is shown this once."""
    key, too_many = "", False
    if request.method == "POST":
        try:
            key = services.issue_pairing_key(request.user)
        except services.TooManyKeys:
            too_many = True
    token = found_in(key)
    context = {
        "key": key,
        "too_many": too_many,
        "seconds": int(LIFETIME.total_seconds()),
        "chat_url": settings.TELEGRAM_CHAT_URL,
        "start": token.hex if token is not None else "",
        "joiner": "&" if "?" in settings.TELEGRAM_CHAT_URL else "?",
        "link": link_of(request.user),
    }
    return render(request, "notifications/_pairing_dialog.html", context)


@login_required
@require_GET
def row(request: SignedInRequest) -> HttpResponse:
    """The Telegram row, asked for again while the dialog is open."""
    context = {"telegram": link_of(request.user)}
    return render(request, "notifications/_telegram_row.html", context)


@login_required
@require_POST
def unlink(request: SignedInRequest) -> HttpResponse:
    services.unlink(request.user, now=timezone.now())
    return redirect("settings")


@login_required
@require_POST
def trade_notices(request: SignedInRequest) -> HttpResponse:
    services.set_trade_notices(request.user, are_on=request.POST.get("on") == "1")
    return redirect("settings")

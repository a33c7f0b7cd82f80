"""Linking an exchange account, and seeing how it stands."""

from __future__ import annotations

from uuid import UUID

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from accounts.http import SignedInRequest
from accounts.wording import text_of
from exchanges import services
from exchanges.egress import shown_addresses
from exchanges.forms import ConnectForm, KeyForm
from exchanges.selectors import connection_of


def _dialog(request: HttpRequest, form: KeyForm, action: str) -> HttpResponse:
    context = {
        "form": form,
        "action": action,
        "sign_up_url": settings.BYBIT_SIGN_UP_URL,
        "api_page_url": settings.BYBIT_API_PAGE_URL,
        "is_referral_required": settings.AFFILIATE_REQUIRED,
        "addresses": shown_addresses(),
    }
    status = 422 if form.is_bound else 200
    return render(request, "exchanges/_connect_dialog.html", context, status=status)


def _done() -> HttpResponse:
    """Tell htmx to load the settings page anew."""
    return HttpResponse(status=204, headers={"HX-Redirect": "/settings/"})


@login_required
@never_cache
@sensitive_post_parameters("api_key", "api_secret")
@require_http_methods(["GET", "POST"])
def connect(request: SignedInRequest) -> HttpResponse:
    form = ConnectForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        data = form.cleaned_data
        services.connect(
            request.user,
            environment=data["environment"],
            name=data["name"],
            credentials=form.credentials,
        )
        return _done()
    return _dialog(request, form, request.path)


@login_required
@never_cache
@sensitive_post_parameters("api_key", "api_secret")
@require_http_methods(["GET", "POST"])
def replace_key(request: SignedInRequest, public_id: UUID) -> HttpResponse:
    link = connection_of(request.user, public_id)
    form = KeyForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            services.replace_key(link, credentials=form.credentials)
        except services.LinkRefused as refusal:
            form.add_error(None, text_of(refusal.code))
        else:
            return _done()
    return _dialog(request, form, request.path)


@login_required
@require_POST
def disconnect(request: SignedInRequest, public_id: UUID) -> HttpResponse:
    link = connection_of(request.user, public_id)
    try:
        services.disconnect(link, now=timezone.now())
    except services.LinkRefused as refusal:
        if refusal.code == "link_in_use":  # what becomes of its trades is the trader's to say
            return redirect("signals:part", public_id)
        messages.error(request, text_of(refusal.code))
    else:
        messages.success(request, _("The connection and its stored key are gone."))
    return redirect("settings")


@login_required
@require_POST
def check_again(request: SignedInRequest, public_id: UUID) -> HttpResponse:
    link = connection_of(request.user, public_id)
    try:
        services.check_again(link)
    except services.LinkRefused as refusal:
        messages.error(request, text_of(refusal.code))
    return redirect("settings")


@login_required
@require_GET
def row(request: SignedInRequest, public_id: UUID) -> HttpResponse:
    """The row of one connection, asked for again and again while it is verified."""
    link = connection_of(request.user, public_id)
    return render(request, "exchanges/_connection_row.html", {"link": link})

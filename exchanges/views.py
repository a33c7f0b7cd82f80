"""Linking an exchange account, and seeing how it stands."""

from __future__ import annotations

from uuid import UUID

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from accounts.http import SignedInRequest
from accounts.wording import text_of
from exchanges import key_pairs, services
from exchanges.choices import (
    ABOUT_ADDRESSES,
    CAUSES,
    ONLY_AT_BYBIT,
    PAIRED,
    ConnectionReason,
    ExchangeKind,
)
from exchanges.egress import shown_addresses
from exchanges.forms import ConnectForm, KeyForm, KeyIdForm, PairForm
from exchanges.guides import GUIDES
from exchanges.models import Connection
from exchanges.progress import steps_of
from exchanges.selectors import any_connection_of, connection_of, key_uses_of, names_of
from exchanges.venues import VENUES, Venue, offered

USES_PER_PAGE = 50


def _venue_of(request: HttpRequest) -> Venue:
    """The exchange that is chosen in a dialog; the first one until then."""
    asked, known = (request.POST or request.GET).get("exchange", ""), offered()
    return known.get(asked) or next(iter(known.values()))


def _guide(venue: Venue) -> dict[str, object]:
    """What a trader needs at an exchange, whichever way the link is made."""
    is_bybit = venue.kind == ExchangeKind.BYBIT
    return {
        "venue": venue,
        "guide": GUIDES[venue.guide],
        "sign_up_url": settings.BYBIT_SIGN_UP_URL if is_bybit else "",
        "api_page_url": settings.BYBIT_API_PAGE_URL if is_bybit else "",
        "is_referral_required": settings.AFFILIATE_REQUIRED,
        "addresses": shown_addresses(),
    }


def _troubles(venue: Venue) -> list[ConnectionReason]:
    """What may be wrong with a key of this exchange."""
    elsewhere = set() if venue.kind == ExchangeKind.BYBIT else ONLY_AT_BYBIT
    return [reason for reason in CAUSES if reason not in {ConnectionReason.RECHECKING, *elsewhere}]


def _dialog(request: HttpRequest, form: KeyForm, action: str, pair_url: str) -> HttpResponse:
    context = {"form": form, "action": action, "pair_url": pair_url, **_guide(form.venue)}
    status = 422 if form.is_bound else 200
    return render(request, "exchanges/_connect_dialog.html", context, status=status)


def _pair_dialog(
    request: HttpRequest, link: Connection, form: KeyIdForm | None = None, refusal: str = ""
) -> HttpResponse:
    """How far a link's key pair is: not asked for, being made, or there to be registered."""
    venue = VENUES[link.exchange]
    form = form or KeyIdForm(venue=venue)
    context = {"link": link, "form": form, "refusal": refusal, **_guide(venue)}
    status = 422 if form.is_bound or refusal else 200
    return render(request, "exchanges/_pair_dialog.html", context, status=status)


def _verification(request: HttpRequest, link: Connection, template: str) -> HttpResponse:
    """How far the verification of a link's key is, or what came of it."""
    context = {
        "link": link,
        "venue": VENUES[link.exchange],
        "steps": steps_of(link),
        "is_about_addresses": not ABOUT_ADDRESSES.isdisjoint(link.checks.values()),
        "addresses": shown_addresses(),
    }
    return render(request, f"exchanges/{template}.html", context)


@login_required
@never_cache
@sensitive_post_parameters("api_key", "api_secret", "passphrase")
@require_http_methods(["GET", "POST"])
def connect(request: SignedInRequest) -> HttpResponse:
    form = ConnectForm(request.POST or None, venue=_venue_of(request), taken=names_of(request.user))
    if request.method == "POST" and form.is_valid():
        data = form.cleaned_data
        try:
            link = services.connect(
                request.user,
                exchange=data["exchange"],
                environment=data["environment"],
                name=data["name"],
                credentials=form.credentials,
            )
        except services.LinkRefused as refusal:
            form.add_error(None, text_of(refusal.code))
        else:
            return _verification(request, link, "_verification_dialog")
    is_paired = form.venue.kind in PAIRED
    pair_url = reverse("exchanges:connect_by_pair") if is_paired else ""
    return _dialog(request, form, request.path, pair_url)


@login_required
@never_cache
@require_http_methods(["GET", "POST"])
def connect_by_pair(request: SignedInRequest) -> HttpResponse:
    """Begin a link without a secret; the dialog goes on with its key pair."""
    venue = _venue_of(request)
    form = PairForm(request.POST or None, venue=venue, taken=names_of(request.user))
    if request.method == "POST" and form.is_valid():
        data = form.cleaned_data
        try:
            link = key_pairs.connect(
                request.user,
                exchange=data["exchange"],
                environment=data["environment"],
                name=data["name"],
            )
        except services.LinkRefused as refusal:
            form.add_error(None, text_of(refusal.code))
        else:
            return _pair_dialog(request, link)
    status = 422 if form.is_bound else 200
    context = {"form": form, "venue": venue}
    return render(request, "exchanges/_pair_form.html", context, status=status)


@login_required
@never_cache
@require_http_methods(["GET", "POST"])
def key_pair(request: SignedInRequest, public_id: UUID) -> HttpResponse:
    """The public key to register, asked for again and again until it is there; and its id."""
    link = connection_of(request.user, public_id)
    form = KeyIdForm(request.POST or None, venue=VENUES[link.exchange])
    if request.method == "POST" and form.is_valid():
        try:
            link = key_pairs.enter_id(link, api_key_id=form.cleaned_data["api_key"])
        except services.LinkRefused as refusal:
            return _pair_dialog(request, link, form, text_of(refusal.code))
        return _verification(request, link, "_verification_dialog")
    return _pair_dialog(request, link, form)


@login_required
@never_cache
@require_POST
def renew_pair(request: SignedInRequest, public_id: UUID) -> HttpResponse:
    """Have a new pair made for a link; its present key works until the new one is verified."""
    link = connection_of(request.user, public_id)
    try:
        key_pairs.renew(link)
    except services.LinkRefused as refusal:
        return _pair_dialog(request, link, refusal=text_of(refusal.code))
    return _pair_dialog(request, connection_of(request.user, public_id))


@login_required
@never_cache
@sensitive_post_parameters("api_key", "api_secret", "passphrase")
@require_http_methods(["GET", "POST"])
def replace_key(request: SignedInRequest, public_id: UUID) -> HttpResponse:
    link = connection_of(request.user, public_id)
    form = KeyForm(request.POST or None, venue=VENUES[link.exchange])
    if request.method == "POST" and form.is_valid():
        try:
            link = services.replace_key(link, credentials=form.credentials)
        except services.LinkRefused as refusal:
            form.add_error(None, text_of(refusal.code))
        else:
            return _verification(request, link, "_verification_dialog")
    pair_url = reverse("exchanges:key_pair", args=[public_id]) if link.exchange in PAIRED else ""
    return _dialog(request, form, request.path, pair_url)


@login_required
@never_cache
@require_GET
def verification(request: SignedInRequest, public_id: UUID) -> HttpResponse:
    """The steps of a verification: a dialog, or the part of it that asks again and again."""
    link = connection_of(request.user, public_id)
    is_part = request.headers.get("HX-Target") == "verification"
    return _verification(request, link, "_verification" if is_part else "_verification_dialog")


@login_required
@require_GET
def guide(request: SignedInRequest, exchange: str) -> HttpResponse:
    """How a key for us is made at an exchange, also of one that cannot be linked yet."""
    venue = VENUES.get(exchange)
    if venue is None:
        raise Http404
    context = _guide(venue) | {
        "is_offered": venue.kind in offered(),
        "is_paired": venue.kind in PAIRED,
        "others": [VENUES[name] for name in GUIDES if name != venue.guide],
        "troubles": [(reason.label, venue.says(reason)) for reason in _troubles(venue)],
    }
    return render(request, "exchanges/guide.html", context)


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


@login_required
@never_cache
@require_GET
def key_uses(request: SignedInRequest, public_id: UUID | None = None) -> HttpResponse:
    """What a trader's keys were used for, those of disconnected links as well."""
    link = any_connection_of(request.user, public_id) if public_id else None
    uses = Paginator(key_uses_of(request.user, link), USES_PER_PAGE)
    context = {
        "uses": uses.get_page(request.GET.get("page")),
        "link": link,
        "links": request.user.connections.all(),
    }
    return render(request, "exchanges/key_uses.html", context)

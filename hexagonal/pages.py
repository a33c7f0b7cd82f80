"""Pages that bring several apps together: the dashboard and the settings."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta

from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_POST
from knox.models import AuthToken

from accounts.eligibility import missing
from accounts.http import SignedInRequest
from accounts.selectors import member_log, visit_figures
from accounts.texts import sentence
from exchanges.selectors import connections_of, has_connection, is_held_back
from exchanges.venues import offered
from notifications.selectors import link_of
from signals.models import Signal
from signals.selectors import (
    RealResult,
    count_closed,
    real_results,
    signal_figures,
    signals_closed,
    signals_open,
)

TOKEN_LIFETIME = timedelta(days=90)


@login_required
@require_GET
def dashboard(request: SignedInRequest) -> HttpResponse:
    """Figures, signals and what members did; a part of it when htmx asks for one."""
    part = request.GET.get("part") if request.headers.get("HX-Request") else None
    if part == "log":
        return render(request, "dashboard/_log.html", _log_context())
    context = {
        "visits": visit_figures(now=timezone.now()),
        "figures": signal_figures(),
        "open_signals": list(signals_open()),
        "closed_signals": _with_real_results(signals_closed()),
        "closed_count": count_closed(),
    }
    if part == "board":
        return render(request, "dashboard/_board.html", context)
    return render(request, "dashboard/dashboard.html", context | _log_context())


def _with_real_results(signals: Iterable[Signal]) -> list[tuple[Signal, RealResult]]:
    shown = list(signals)
    real = real_results(shown)
    return [(signal, real[signal.pk]) for signal in shown]


def _log_context() -> dict[str, object]:
    return {"log": [(event, sentence(event)) for event in member_log()]}


@login_required
@never_cache
@require_GET
def settings_page(request: SignedInRequest) -> HttpResponse:
    user = request.user
    context = {
        "links": connections_of(user).select_related("copy_settings"),
        "offered": list(offered().values()),
        "has_binance": any(venue.guide == "binance" for venue in offered().values()),
        "telegram": link_of(user),
        "gaps": missing(user, has_connection=has_connection(user), is_held_back=is_held_back(user)),
        "tokens": AuthToken.objects.filter(user=user).order_by("-created"),
    }
    return render(request, "settings.html", context)


@login_required
@never_cache
@require_POST
def create_token(request: SignedInRequest) -> HttpResponse:
    """Make an API token; it is stored as a hash and shown once, in the dialog."""
    _stored, token = AuthToken.objects.create(request.user, expiry=TOKEN_LIFETIME)
    return render(request, "_token_dialog.html", {"token": token})


@login_required
@require_POST
def revoke_token(request: SignedInRequest, digest: str) -> HttpResponse:
    AuthToken.objects.filter(user=request.user, digest=digest).delete()
    return redirect("settings")

"""A trader's own trades, and the rules of each connection."""

from __future__ import annotations

from uuid import UUID

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from accounts.http import SignedInRequest
from exchanges.models import Connection
from exchanges.selectors import connection_of
from hexagonal.lib.clock import database_now
from signals import selectors, timings
from signals.domain.reasons import Reason
from signals.forms.following import RulesForm
from signals.models import CopySettings
from signals.services import braking, copying

PARTINGS = {"close": True, "keep": False}  # whether the open trades are closed

# --- trades --------------------------------------------------------------------------------------


@login_required
@require_GET
def mine(request: SignedInRequest) -> HttpResponse:
    copies = selectors.copies_of(request.user)[:100]
    is_part = request.headers.get("HX-Request")
    template = "signals/_my_copies.html" if is_part else "signals/my_copies.html"
    return render(request, template, {"copies": copies})


@login_required
@require_GET
def trade(request: SignedInRequest, public_id: UUID) -> HttpResponse:
    """One trade: when each step was taken, and what was sent to the exchange for it."""
    copy = selectors.copy_of(request.user, public_id)
    context = {
        "copy": copy,
        "stages": timings.stages_of(copy),
        "calls": timings.calls_of(copy),
        "days": settings.CALL_RECORD_DAYS,
    }
    return render(request, "signals/trade.html", context)


@login_required
@require_POST
def close_copy(request: SignedInRequest, public_id: UUID) -> HttpResponse:
    copy = selectors.copy_of(request.user, public_id)
    if copying.close_copy(copy, reason=Reason.CLOSED_BY_TRADER, now=database_now()):
        messages.success(request, _("The trade is being closed."))
    return redirect("signals:mine")


@login_required
@require_POST
def opt_out(request: SignedInRequest, public_id: UUID) -> HttpResponse:
    copy = selectors.copy_of(request.user, public_id)
    if copying.opt_out(copy, now=database_now()):
        messages.success(request, _("The signal is being left out."))
    return redirect("signals:mine")


@login_required
@require_POST
def panic(request: SignedInRequest) -> HttpResponse:
    count = copying.panic(request.user, now=database_now())
    text = ngettext(
        "Copying is paused; %(count)s trade is being closed.",
        "Copying is paused; %(count)s trades are being closed.",
        count,
    )
    messages.success(request, text % {"count": count})
    return redirect("signals:mine")


# --- rules ---------------------------------------------------------------------------------------


@login_required
@require_http_methods(["GET", "POST"])
def sizing(request: SignedInRequest, public_id: UUID) -> HttpResponse:
    link = connection_of(request.user, public_id)
    rules = _rules(link) or CopySettings(connection=link)
    form = RulesForm(request.POST or None, instance=rules)
    if request.method == "POST" and form.is_valid():
        data = dict(form.cleaned_data)
        chosen = data.pop("authors")
        copying.set_rules(link, fields=data, authors=chosen)
        messages.success(request, _("Saved."))
        return redirect("settings")
    context = {"form": form, "link": link}
    status = 422 if form.is_bound else 200
    return render(request, "signals/rules.html", context, status=status)


@login_required
@require_POST
def pause(request: SignedInRequest, public_id: UUID) -> HttpResponse:
    link = connection_of(request.user, public_id)
    if _rules(link) is not None:
        copying.pause(link)
        messages.success(request, _("Copying is paused. Open trades go on."))
    return redirect("settings")


@login_required
@require_POST
def resume(request: SignedInRequest, public_id: UUID) -> HttpResponse:
    """Copy again; who never chose a size chooses it first."""
    link = connection_of(request.user, public_id)
    if _rules(link) is None:
        return redirect("signals:sizing", public_id)
    copying.resume(link)
    messages.success(request, _("New signals are copied again."))
    return redirect("settings")


@login_required
@require_http_methods(["GET", "POST"])
def part(request: SignedInRequest, public_id: UUID) -> HttpResponse:
    """Disconnect though trades are open: their owner says what becomes of them."""
    link = connection_of(request.user, public_id)
    way = request.POST.get("trades")
    if request.method == "POST" and way in PARTINGS:
        copying.part(link, closes=PARTINGS[way], now=database_now())
        messages.success(request, _("It is disconnected as soon as its trades have ended."))
        return redirect("settings")
    context = {"link": link, "copies": selectors.live_copies_of(link)}
    return render(request, "signals/part.html", context)


@login_required
@require_POST
def release(request: SignedInRequest, public_id: UUID) -> HttpResponse:
    link = connection_of(request.user, public_id)
    if braking.release(link, now=timezone.now()):
        messages.success(request, _("New signals are copied again. The limits count from now."))
    return redirect("settings")


def _rules(link: Connection) -> CopySettings | None:
    return getattr(link, "copy_settings", None)

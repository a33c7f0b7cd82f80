"""The author's pages, and each trader's own trades."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from uuid import UUID, uuid4

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from accounts.http import SignedInRequest
from accounts.wording import text_of
from exchanges.selectors import connection_of, instruments_of
from signals import selectors
from signals.domain.reasons import Reason
from signals.forms.following import RulesForm
from signals.forms.signal import SignalForm, initial_of
from signals.models import LIVE_STATUSES, CopySettings, Signal
from signals.services import copying, publishing
from signals.services.preview import preview as preview_draft

Step = Callable[..., Signal]


def author_required(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    """For whoever may write signals; for everybody else these pages do not exist."""

    @wraps(view)
    @login_required
    def guarded(request: HttpRequest, *args: object, **kwargs: object) -> HttpResponse:
        if not selectors.may_publish(request.user):
            raise Http404
        return view(request, *args, **kwargs)

    return guarded


# --- the author ----------------------------------------------------------------------------------


@author_required
@require_GET
def signal_list(request: SignedInRequest) -> HttpResponse:
    signals = selectors.signals_for_author()[:100]
    return render(request, "signals/signal_list.html", {"signals": signals})


@author_required
@require_http_methods(["GET", "POST"])
def new(request: SignedInRequest) -> HttpResponse:
    form = SignalForm(request.POST or None)
    if request.method == "POST" and form.is_valid() and form.draft is not None:
        # The key was drawn with the form: a double click or a reload posts the same signal.
        key = request.POST.get("idempotency_key", "")[:255]
        now = timezone.now()
        try:
            signal = publishing.create_signal(
                request.user, form.draft, now=now, idempotency_key=key
            )
            if request.POST.get("action") == "publish":
                publishing.publish(signal, actor=request.user, now=now)
        except publishing.SignalRefused as refusal:
            form.add_findings(refusal.findings)
        except publishing.IdempotencyConflict:
            form.add_error(None, _("This form was sent before. Open a new one."))
        else:
            return redirect("signals:detail", signal.public_id)
    return _form_page(request, form, None)


@author_required
@require_http_methods(["GET", "POST"])
def amend(request: SignedInRequest, public_id: UUID) -> HttpResponse:
    signal = selectors.signal_by_id(public_id)
    form = SignalForm(request.POST or None, initial=initial_of(signal), fixed=signal)
    if request.method == "POST" and form.is_valid() and form.draft is not None:
        try:
            publishing.amend(signal, form.draft, actor=request.user, now=timezone.now())
        except publishing.SignalRefused as refusal:
            form.add_findings(refusal.findings)
        except publishing.NotPossible as refusal:
            form.add_error(None, text_of(refusal.code))
        else:
            return redirect("signals:detail", signal.public_id)
    return _form_page(request, form, signal)


def _form_page(request: HttpRequest, form: SignalForm, signal: Signal | None) -> HttpResponse:
    context = {
        "form": form,
        "signal": signal,
        "symbols": instruments_of(settings.SIGNAL_ENVIRONMENT),
        "idempotency_key": request.POST.get("idempotency_key") or uuid4().hex,
    }
    status = 422 if form.is_bound else 200
    return render(request, "signals/signal_form.html", context, status=status)


@author_required
@require_POST
def preview(request: SignedInRequest) -> HttpResponse:
    """What the form as it stands would do to each connection."""
    form = SignalForm(request.POST)
    rows = None
    if form.is_valid() and form.draft is not None:
        rows = preview_draft(form.draft, author=request.user, now=timezone.now())
    return render(request, "signals/_preview.html", {"form": form, "preview": rows})


@author_required
@require_GET
def detail(request: SignedInRequest, public_id: UUID) -> HttpResponse:
    signal = selectors.signal_by_id(public_id)
    return render(request, "signals/signal_detail.html", _detail_context(signal))


@author_required
@require_GET
def copies(request: SignedInRequest, public_id: UUID) -> HttpResponse:
    """The table of copies, refreshed while something is going on."""
    context = _detail_context(selectors.signal_by_id(public_id))
    return render(request, "signals/_copy_table.html", context)


def _detail_context(signal: Signal) -> dict[str, object]:
    found = list(selectors.copies_of_signal(signal))
    live = sum(1 for copy in found if copy.status in LIVE_STATUSES)
    return {"signal": signal, "copies": found, "live": live}


@author_required
@require_POST
def publish(request: SignedInRequest, public_id: UUID) -> HttpResponse:
    return _step(request, public_id, publishing.publish)


@author_required
@require_POST
def cancel_entries(request: SignedInRequest, public_id: UUID) -> HttpResponse:
    return _step(request, public_id, publishing.cancel_entries)


@author_required
@require_POST
def close(request: SignedInRequest, public_id: UUID) -> HttpResponse:
    return _step(request, public_id, publishing.close)


def _step(request: SignedInRequest, public_id: UUID, step: Step) -> HttpResponse:
    signal = selectors.signal_by_id(public_id)
    try:
        step(signal, actor=request.user, now=timezone.now())
    except publishing.NotPossible as refusal:
        messages.error(request, text_of(refusal.code))
    except publishing.SignalRefused:
        messages.error(request, _("The signal is not valid any more. Write it anew."))
    return redirect("signals:detail", public_id)


# --- the trader ----------------------------------------------------------------------------------


@login_required
@require_GET
def mine(request: SignedInRequest) -> HttpResponse:
    copies = selectors.copies_of(request.user)[:100]
    template = (
        "signals/_my_copies.html"
        if request.headers.get("HX-Request")
        else ("signals/my_copies.html")
    )
    return render(request, template, {"copies": copies})


@login_required
@require_POST
def close_copy(request: SignedInRequest, public_id: UUID) -> HttpResponse:
    copy = selectors.copy_of(request.user, public_id)
    if copying.close_copy(copy, reason=Reason.CLOSED_BY_TRADER, now=timezone.now()):
        messages.success(request, _("The trade is being closed."))
    return redirect("signals:mine")


@login_required
@require_http_methods(["GET", "POST"])
def sizing(request: SignedInRequest, public_id: UUID) -> HttpResponse:
    link = connection_of(request.user, public_id)
    rules = getattr(link, "copy_settings", None) or CopySettings(connection=link)
    form = RulesForm(request.POST or None, instance=rules)
    if request.method == "POST" and form.is_valid():
        data = dict(form.cleaned_data)
        chosen = data.pop("authors")
        copying.set_rules(link, fields=data, authors=chosen)
        messages.success(request, _("Saved."))
        return redirect("settings")
    context = {"form": form, "link": link, "rules": rules}
    status = 422 if form.is_bound else 200
    return render(request, "signals/rules.html", context, status=status)

"""Writing a signal: the form, its preview, and filling it from a pasted text."""

from __future__ import annotations

from uuid import UUID, uuid4

from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from accounts.http import SignedInRequest
from accounts.wording import text_of
from exchanges.domain.symbols import coin_of, coins_in
from exchanges.selectors import instrument_facts, instruments_of
from hexagonal.lib.clock import database_now
from signals import selectors
from signals.choices import SignalStatus
from signals.domain.parsing import parse
from signals.domain.sizing import share_out
from signals.forms.pasting import PasteForm, refusal_of, remarks
from signals.forms.signal import SignalForm, initial_of, initial_of_text
from signals.models import Signal
from signals.services import publishing
from signals.services.preview import Preview, PreviewRow
from signals.services.preview import preview as preview_draft
from signals.views.guards import author_required
from signals.views.steering import carry_out
from signals.views.ticks import ticks


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
        if _may_go_on(request, form, besides=selectors.signal_by_key(request.user, key)):
            try:
                signal = publishing.create_signal(
                    request.user, form.draft, now=timezone.now(), idempotency_key=key
                )
            except publishing.SignalRefused as refusal:
                form.add_findings(refusal.findings)
            except publishing.IdempotencyConflict:
                form.add_error(None, _("This form was sent before. Open a new one."))
            else:
                return _stored(request, form, signal)
    return _form_page(request, form)


@author_required
@require_POST
def paste(request: SignedInRequest) -> HttpResponse:
    """Fill the form with what a text says; nothing is stored, and nothing is published."""
    pasted = PasteForm(request.POST)
    initial: dict[str, object] = {}
    if pasted.is_valid():
        parsed = parse(pasted.cleaned_data["text"])
        refusal = refusal_of(parsed)
        if refusal is None:
            initial = initial_of_text(parsed)
            for remark in remarks(parsed):
                messages.info(request, str(remark))
        else:
            pasted.add_error("text", refusal)
    return _form_page(request, SignalForm(initial=initial), pasted=pasted)


@author_required
@require_http_methods(["GET", "POST"])
def amend(request: SignedInRequest, public_id: UUID) -> HttpResponse:
    """Change a draft in everything, and a signal in progress in what may still be changed."""
    signal = selectors.signal_by_id(public_id)
    if signal.status == SignalStatus.DRAFT:
        return _rewrite(request, signal)
    if signal.status != SignalStatus.OPEN:
        messages.error(request, text_of("signal_not_open"))
        return redirect("signals:detail", public_id)
    form = SignalForm(request.POST or None, initial=initial_of(signal), fixed=signal)
    if request.method == "POST" and form.is_valid() and form.draft is not None:
        if form.draft == selectors.draft_of(signal):  # nothing to tell the followers
            return redirect("signals:detail", public_id)
        try:
            publishing.amend(
                signal,
                form.draft,
                actor=request.user,
                now=database_now(),
                seen=_seen(request, signal),
            )
        except publishing.SignalRefused as refusal:
            form.add_findings(refusal.findings)
        except publishing.NotPossible as refusal:
            form.add_error(None, text_of(refusal.code))
        else:
            return redirect("signals:detail", public_id)
    return _form_page(request, form, signal)


def _seen(request: HttpRequest, signal: Signal) -> int:
    """The revision that the form was opened at: nobody overwrites what they have not read."""
    revision = request.POST.get("revision", "")
    return int(revision) if revision.isdecimal() else signal.revision


def _rewrite(request: SignedInRequest, signal: Signal) -> HttpResponse:
    form = SignalForm(request.POST or None, initial=initial_of(signal))
    is_written = request.method == "POST" and form.is_valid()
    if is_written and form.draft is not None and _may_go_on(request, form, besides=signal):
        try:
            publishing.rewrite(signal, form.draft, now=timezone.now())
        except publishing.SignalRefused as refusal:
            form.add_findings(refusal.findings)
        except publishing.NotPossible as refusal:
            form.add_error(None, text_of(refusal.code))
        else:
            return _stored(request, form, signal)
    return _form_page(request, form, signal)


def _may_go_on(request: HttpRequest, form: SignalForm, *, besides: Signal | None) -> bool:
    """Whether every warning was accepted: asked before anything is stored."""
    if request.POST.get("action") != "publish" or form.draft is None:
        return True
    found = publishing.concerns(form.draft, now=timezone.now(), besides=besides)
    if all(tick.is_set for tick in ticks(request, found)):
        return True
    form.add_error(None, _("Nothing was published: tick the warnings in the preview first."))
    return False


def _stored(request: SignedInRequest, form: SignalForm, signal: Signal) -> HttpResponse:
    """Publish what was stored, now or later, if that was asked; then show it."""
    if request.POST.get("action") == "publish":
        carry_out(request, signal, at=form.cleaned_data["publish_at"])
    return redirect("signals:detail", signal.public_id)


def _form_page(
    request: SignedInRequest,
    form: SignalForm,
    signal: Signal | None = None,
    pasted: PasteForm | None = None,
) -> HttpResponse:
    is_fixed = form.fixed is not None
    context = _preview_context(request, form) | {
        "signal": signal,
        "is_fixed": is_fixed,
        "seen": _seen(request, signal) if signal is not None else None,
        "pasted": (pasted or PasteForm()) if signal is None else None,
        "symbols": instruments_of(settings.SIGNAL_ENVIRONMENT),
        "idempotency_key": request.POST.get("idempotency_key") or uuid4().hex,
    }
    is_wrong = form.is_bound or (pasted is not None and not pasted.is_valid())
    return render(request, "signals/signal_form.html", context, status=422 if is_wrong else 200)


@author_required
@require_POST
def preview(request: SignedInRequest) -> HttpResponse:
    """What the form as it stands would do to each connection."""
    form = SignalForm(request.POST)
    form.is_valid()
    return render(request, "signals/_preview.html", _preview_context(request, form))


def _preview_context(request: SignedInRequest, form: SignalForm) -> dict[str, object]:
    found: Preview | None = None
    if form.draft is not None and form.fixed is None:
        found = preview_draft(form.draft, author=request.user, now=timezone.now())
    sample = found.sample if found is not None else None
    symbol = form.draft.symbol if form.draft is not None else ""
    return {
        "form": form,
        "preview": found,
        "coin": coin_of(symbol),
        "coins": coins_in(symbol),
        "sample_targets": _sample_targets(form, sample) if sample is not None else [],
        "ticks": ticks(request, found.warnings) if found is not None else [],
    }


def _sample_targets(form: SignalForm, sample: PreviewRow) -> list[dict[str, object]]:
    """What each target takes off the sample account when all of its orders have filled."""
    draft, quantity = form.draft, sample.quantity
    if draft is None or quantity is None:
        return []
    rules = instrument_facts(sample.link.environment, draft.symbol)
    if rules is None:
        return []
    shares = [target.share for target in draft.targets]
    parts = share_out(quantity, shares, step=rules.step, minimum=rules.min_quantity)
    runner = draft.targets[-1] if draft.runner is not None else None
    return [
        {"price": target.price, "quantity": part, "trails": target is runner}
        for target, part in zip(draft.targets, parts, strict=True)
    ]

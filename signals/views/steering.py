"""A signal's own page: publishing it, changing its course, and its log."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from functools import partial
from uuid import UUID

from django.contrib import messages
from django.core.paginator import Page, Paginator
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from accounts.http import SignedInRequest
from accounts.wording import text_of
from hexagonal.lib.clock import database_now
from signals import selectors, timings
from signals.choices import SignalStatus
from signals.domain.linting import Finding
from signals.forms.steering import NoteForm, ReduceForm
from signals.models import Copy, Signal
from signals.services import publishing
from signals.views.guards import author_required
from signals.views.ticks import accepted, ticks

Step = Callable[..., Signal]
UNPUBLISHED = {SignalStatus.DRAFT, SignalStatus.SCHEDULED}
PAGE = 100  # copies in one table


@author_required
@require_GET
def detail(request: SignedInRequest, public_id: UUID) -> HttpResponse:
    return _detail_page(request, selectors.signal_by_id(public_id))


@author_required
@require_GET
def copies(request: SignedInRequest, public_id: UUID) -> HttpResponse:
    """The results and the table of copies, refreshed while something is going on."""
    context = _copies_context(request, selectors.signal_by_id(public_id))
    return render(request, "signals/_copies.html", context)


@author_required
@require_GET
def latency(request: SignedInRequest, public_id: UUID) -> HttpResponse:
    """How long the stages took, refreshed while the signal is in progress."""
    context = _latency_context(selectors.signal_by_id(public_id))
    return render(request, "signals/_latency.html", context)


def _detail_page(
    request: HttpRequest,
    signal: Signal,
    *,
    reduce_form: ReduceForm | None = None,
    note_form: NoteForm | None = None,
    status: int = 200,
) -> HttpResponse:
    seen = {"revision": signal.revision}
    context = _copies_context(request, signal) | {
        "ticks": ticks(request, _concerns(signal)),
        "reduce_form": reduce_form or ReduceForm(initial=seen),
        "note_form": note_form or NoteForm(initial=seen),
        "log": selectors.log_of(signal),
    }
    if signal.revision:
        context |= _latency_context(signal)
    return render(request, "signals/signal_detail.html", context, status=status)


def _copies_context(request: HttpRequest, signal: Signal) -> dict[str, object]:
    pages = Paginator(selectors.copies_of_signal(signal), PAGE)
    page: Page[Copy] = pages.get_page(request.GET.get("page"))
    return {"signal": signal, "copies": page, "real": selectors.real_result(signal)}


def _latency_context(signal: Signal) -> dict[str, object]:
    return {
        "signal": signal,
        "latency": timings.latency_of(signal),
        "fairness": timings.fairness_lately(),
    }


def _concerns(signal: Signal) -> list[Finding]:
    """What must be ticked before this draft goes out."""
    if signal.status not in UNPUBLISHED:
        return []
    draft = selectors.draft_of(signal)
    return publishing.concerns(draft, now=timezone.now(), besides=signal)


# --- steps ---------------------------------------------------------------------------------------


@author_required
@require_POST
def publish(request: SignedInRequest, public_id: UUID) -> HttpResponse:
    signal = selectors.signal_by_id(public_id)
    if carry_out(request, signal, at=None):
        return redirect("signals:detail", public_id)
    return _detail_page(request, selectors.signal_by_id(public_id), status=422)


@author_required
@require_POST
def unschedule(request: SignedInRequest, public_id: UUID) -> HttpResponse:
    return _step(request, public_id, publishing.unschedule)


@author_required
@require_POST
def cancel_entries(request: SignedInRequest, public_id: UUID) -> HttpResponse:
    return _step(request, public_id, publishing.cancel_entries)


@author_required
@require_POST
def close(request: SignedInRequest, public_id: UUID) -> HttpResponse:
    return _step(request, public_id, publishing.close)


@author_required
@require_POST
def reduce(request: SignedInRequest, public_id: UUID) -> HttpResponse:
    form = ReduceForm(request.POST)
    if not form.is_valid():
        signal = selectors.signal_by_id(public_id)
        return _detail_page(request, signal, reduce_form=form, status=422)
    percent, seen = form.cleaned_data["percent"], form.cleaned_data["revision"]
    return _step(request, public_id, partial(publishing.reduce, percent=percent, seen=seen))


@author_required
@require_POST
def tell(request: SignedInRequest, public_id: UUID) -> HttpResponse:
    form = NoteForm(request.POST)
    if not form.is_valid():
        signal = selectors.signal_by_id(public_id)
        return _detail_page(request, signal, note_form=form, status=422)
    text, seen = form.cleaned_data["text"], form.cleaned_data["revision"]
    return _step(request, public_id, partial(publishing.tell, text=text, seen=seen))


def carry_out(request: SignedInRequest, signal: Signal, *, at: datetime | None) -> bool:
    """Publish now, or at a moment; a refusal is a message, and the signal stays as it is."""
    step = partial(publishing.schedule, at=at) if at is not None else publishing.publish
    try:
        step(
            signal,
            actor=request.user,
            now=database_now(),
            accepted=accepted(request),
        )
    except publishing.NotPossible as refusal:
        messages.error(request, text_of(refusal.code))
    except publishing.WarningsOpen:
        messages.error(request, _("Nothing was published: tick the warnings first."))
    except publishing.SignalRefused:
        messages.error(request, _("The signal is not valid any more. Write it anew."))
    else:
        return True
    return False


def _step(request: SignedInRequest, public_id: UUID, step: Step) -> HttpResponse:
    signal = selectors.signal_by_id(public_id)
    try:
        step(signal, actor=request.user, now=database_now())
    except publishing.NotPossible as refusal:
        messages.error(request, text_of(refusal.code))
    return redirect("signals:detail", public_id)


# --- the log -------------------------------------------------------------------------------------


@require_GET
def chain(request: HttpRequest, public_id: UUID) -> HttpResponse:
    """The signal's log as a file that anybody can keep and verify."""
    signal = selectors.signal_for_export(request.user, public_id)
    answer = JsonResponse(
        selectors.chain_of(signal),
        safe=False,
        json_dumps_params={"indent": 2, "ensure_ascii": False},
    )
    answer["Content-Disposition"] = f'attachment; filename="signal-{signal.public_id}.json"'
    return answer

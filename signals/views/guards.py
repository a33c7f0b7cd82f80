"""Who may come in."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps

from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse

from signals.selectors import may_publish


def author_required(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    """For whoever may write signals; for everybody else these pages do not exist."""

    @wraps(view)
    @login_required
    def guarded(request: HttpRequest, *args: object, **kwargs: object) -> HttpResponse:
        if not may_publish(request.user):
            raise Http404
        return view(request, *args, **kwargs)

    return guarded

"""Warnings that an author says yes to, each by a tick."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from django.http import HttpRequest

from signals.domain.linting import Finding
from signals.forms.fields import message_of


@dataclass(frozen=True, slots=True)
class Tick:
    code: str
    text: str
    is_set: bool


def accepted(request: HttpRequest) -> list[str]:
    """The codes of the warnings that were ticked."""
    return request.POST.getlist("accepted")


def ticks(request: HttpRequest, found: Iterable[Finding]) -> list[Tick]:
    """The warnings to be ticked; what was ticked before stays so."""
    codes = accepted(request)
    return [Tick(f.problem.value, message_of(f), f.problem.value in codes) for f in found]

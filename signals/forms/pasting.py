"""A signal's text as somebody sent it, to fill the author's form with."""

from __future__ import annotations

from collections.abc import Iterator

from django import forms
from django.utils.functional import Promise
from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _

from signals.domain.parsing import ALL_FIELDS, MOST_CHARACTERS, ParsedSignal

NAMES: dict[str, str | Promise] = {
    "symbol": _("Symbol"),
    "side": _("Side"),
    "leverage": _("Leverage"),
    "entry": _("Entry (EP)"),
    "stop": _("Stop (SL)"),
    "targets": _("Targets (TP)"),
}


class PasteForm(forms.Form):
    text = forms.CharField(
        label=_("Signal text"),
        max_length=MOST_CHARACTERS,
        widget=forms.Textarea(attrs={"rows": 5}),
    )


def refusal_of(parsed: ParsedSignal) -> str | None:
    """Why a text cannot fill the form at all."""
    if not parsed.is_signal:
        return str(_("No new signal was found in this text."))
    if parsed == ParsedSignal(unresolved=ALL_FIELDS):
        return str(_("The text seems to hold more than one signal. Paste one of them."))
    return None


def remarks(parsed: ParsedSignal) -> Iterator[str | Promise]:
    """What a person has to know of a text that was read: above all what it leaves open."""
    yield _("Filled in from the text. Check every figure: nothing is published yet.")
    if parsed.unresolved:
        names = ", ".join(str(NAMES[name]) for name in parsed.unresolved)
        yield format_lazy("{} {}", _("The text leaves open:"), names)
    if parsed.is_market:
        yield _("The text says to enter now: give the entry range yourself.")

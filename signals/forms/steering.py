"""What an author says to a signal in progress."""

from __future__ import annotations

from decimal import Decimal

from django import forms
from django.utils.translation import gettext_lazy as _

from signals.domain.draft import WHOLE
from signals.forms.fields import number_field


class ReduceForm(forms.Form):
    """`revision` is the one that was looked at: a second click finds another."""

    percent = number_field(_("Percentage to close"), above=Decimal(0), most=WHOLE)
    revision = forms.IntegerField(widget=forms.HiddenInput)


class NoteForm(forms.Form):
    text = forms.CharField(
        label=_("Note to followers"), max_length=500, widget=forms.Textarea(attrs={"rows": 2})
    )
    revision = forms.IntegerField(widget=forms.HiddenInput)

"""What a trader enters to link an exchange account."""

from __future__ import annotations

from typing import Any

from django import forms
from django.conf import settings
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from exchanges.choices import Environment
from exchanges.domain.trading import Credentials

NO_STORE = {"autocomplete": "off", "spellcheck": "false"}


class KeyIdForm(forms.Form):
    """The id of an API key, copied from the exchange."""

    api_key = forms.CharField(
        label="API Key", max_length=80, widget=forms.TextInput(attrs=NO_STORE)
    )

    def clean(self) -> dict[str, Any]:
        data = super().clean() or self.cleaned_data
        for name in ("api_key", "api_secret"):
            text = data.get(name, "")
            if text and (not text.isascii() or any(sign.isspace() for sign in text)):
                self.add_error(
                    name, ValidationError(_("Copy it without spaces, as Bybit shows it."))
                )
        return data


class KeyForm(KeyIdForm):
    """An API key and its secret; the secret is never shown again, not even on an error."""

    api_secret = forms.CharField(
        label="API Secret",
        max_length=200,
        widget=forms.PasswordInput(attrs={**NO_STORE, "autocomplete": "new-password"}),
    )

    @property
    def credentials(self) -> Credentials:
        return Credentials(self.cleaned_data["api_key"], self.cleaned_data["api_secret"])


class LinkForm(forms.Form):
    """What a new link is called, and where its account is."""

    name = forms.CharField(label=_("Name of the connection"), max_length=40, initial="Bybit")
    environment = forms.ChoiceField(label=_("Environment"))

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["environment"]
        if isinstance(field, forms.ChoiceField):
            labels = dict(Environment.choices)
            field.choices = [(name, labels[name]) for name in settings.EXCHANGE_ENVIRONMENTS]


class ConnectForm(LinkForm, KeyForm):
    field_order = ["name", "environment", "api_key", "api_secret"]

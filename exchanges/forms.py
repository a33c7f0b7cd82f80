"""What a trader enters to link an exchange account."""

from __future__ import annotations

from collections.abc import Collection
from itertools import count
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.urls import reverse_lazy
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from exchanges.choices import PAIRED
from exchanges.domain.trading import Credentials
from exchanges.venues import Venue, coming, offered

NO_STORE = {"autocomplete": "off", "spellcheck": "false"}
SECRET = {**NO_STORE, "autocomplete": "new-password"}


class VenueForm(forms.Form):
    """A form about one exchange."""

    def __init__(self, *args: Any, venue: Venue, **kwargs: Any) -> None:
        self.venue = venue
        super().__init__(*args, **kwargs)


class KeyIdForm(VenueForm):
    """The id of an API key, copied from the exchange."""

    api_key = forms.CharField(
        label="API Key", max_length=80, widget=forms.TextInput(attrs=NO_STORE)
    )

    def clean(self) -> dict[str, Any]:
        data = super().clean() or self.cleaned_data
        for name in ("api_key", "api_secret", "passphrase"):
            text = data.get(name, "")
            if not text.isascii() or any(sign.isspace() for sign in text):
                said = gettext("Copy it without spaces, as %(exchange)s shows it.")
                self.add_error(name, ValidationError(said % {"exchange": self.venue.name}))
        return data


class KeyForm(KeyIdForm):
    """An API key and its secret; the secret is never shown again, not even on an error."""

    api_secret = forms.CharField(
        label="API Secret", max_length=200, widget=forms.PasswordInput(attrs=SECRET)
    )
    passphrase = forms.CharField(
        label=_("Passphrase"),
        max_length=80,
        widget=forms.PasswordInput(attrs=SECRET),
        help_text=_("The one that you chose when you made the key."),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if not self.venue.facts.needs_passphrase:
            del self.fields["passphrase"]

    def clean(self) -> dict[str, Any]:
        data = super().clean()
        if data.get("api_key") and data.get("api_key") == data.get("api_secret"):
            said = _("This is the API key once more. Copy the secret that was shown beside it.")
            self.add_error("api_secret", ValidationError(said))
        return data

    @property
    def credentials(self) -> Credentials:
        data = self.cleaned_data
        passphrase = data.get("passphrase", "")
        return Credentials(data["api_key"], data["api_secret"], passphrase=passphrase)


class LinkForm(VenueForm):
    """Where a new link's account is, and what it is called among the trader's own."""

    exchange = forms.ChoiceField(label=_("Exchange"))
    environment = forms.ChoiceField(
        label=_("Environment"), help_text=_("Each environment has keys of its own.")
    )
    name = forms.CharField(
        label=_("Name of the connection"),
        max_length=40,
        help_text=_("You may link several accounts and sub-accounts: name them so that you know."),
    )

    page = reverse_lazy("exchanges:connect")

    def __init__(self, *args: Any, taken: Collection[str], **kwargs: Any) -> None:
        self.taken = taken
        super().__init__(*args, **kwargs)
        venue, environments = self.venue, self.venue.open_environments
        self._let_choose("exchange", [(one.kind, str(one.name)) for one in self.venues()])
        self._let_choose("environment", [(one.value, str(one.label)) for one in environments])
        exchange = self.fields["exchange"]
        exchange.initial = venue.kind
        # Another exchange has other environments, another guide, a passphrase perhaps.
        exchange.widget.attrs |= {"hx-get": self.page, "hx-target": "#dialog-content"}
        if later := ", ".join(str(one.name) for one in coming()):
            exchange.help_text = gettext("Not yet: %(exchanges)s.") % {"exchanges": later}
        self.fields["name"].initial = _free_name(str(venue.name), taken)

    def venues(self) -> Collection[Venue]:
        return offered().values()

    def clean_name(self) -> str:
        name: str = self.cleaned_data["name"]
        if name in self.taken:
            raise ValidationError(_("One of your connections has this name already."))
        return name

    def _let_choose(self, name: str, choices: list[tuple[str, str]]) -> None:
        field = self.fields[name]
        if isinstance(field, forms.ChoiceField):
            field.choices = choices


class PairForm(LinkForm):
    """A new link to which the trader brings the id of a key of ours."""

    page = reverse_lazy("exchanges:connect_by_pair")

    def venues(self) -> Collection[Venue]:
        return [venue for venue in super().venues() if venue.kind in PAIRED]


class ConnectForm(LinkForm, KeyForm):
    field_order = ["exchange", "environment", "name", "api_key", "api_secret", "passphrase"]


def _free_name(wanted: str, taken: Collection[str]) -> str:
    """`Bybit`, or `Bybit 2` where a connection has that name already."""
    names = (wanted if number == 1 else f"{wanted} {number}" for number in count(1))
    return next(name for name in names if name not in taken)

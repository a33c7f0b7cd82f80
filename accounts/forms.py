"""What people type about themselves."""

from __future__ import annotations

import zoneinfo
from typing import Any

from django import forms
from django.conf import settings
from django.contrib.auth import authenticate, password_validation
from django.core.exceptions import ValidationError
from django.utils.translation import get_language_info
from django.utils.translation import gettext_lazy as _

from accounts import throttle
from accounts.models import User

PASSWORD = {"autocomplete": "current-password"}
NEW_PASSWORD = {"autocomplete": "new-password"}
OWN_NAMES = {code: get_language_info(code)["name_local"] for code, _name in settings.LANGUAGES}


class RegisterForm(forms.Form):
    email = forms.EmailField(
        label=_("E-mail"), widget=forms.EmailInput(attrs={"autocomplete": "email"})
    )
    nickname = forms.CharField(
        label=_("Name"),
        max_length=30,
        validators=[User.nickname_rule],
        help_text=_("Others see this name in the activity log."),
    )
    password = forms.CharField(label=_("Password"), widget=forms.PasswordInput(attrs=NEW_PASSWORD))
    accepts_risk = forms.BooleanField(
        label=_("I understand that copied trades can lose money, up to all that I put in.")
    )

    def clean_email(self) -> str:
        email: str = self.cleaned_data["email"].lower()
        if User.objects.filter(email__iexact=email).exists():
            raise ValidationError(_("This e-mail cannot be used."))
        return email

    def clean_nickname(self) -> str:
        return free_nickname(self.cleaned_data["nickname"])

    def clean(self) -> dict[str, Any]:
        data = super().clean() or self.cleaned_data
        if "password" in data:
            user = User(email=data.get("email", ""), nickname=data.get("nickname", ""))
            try:
                password_validation.validate_password(data["password"], user)
            except ValidationError as error:
                self.add_error("password", error)
        return data


class LoginForm(forms.Form):
    email = forms.EmailField(
        label=_("E-mail"),
        widget=forms.EmailInput(attrs={"autocomplete": "username", "autofocus": True}),
    )
    password = forms.CharField(label=_("Password"), widget=forms.PasswordInput(attrs=PASSWORD))

    def __init__(self, *args: Any, address: str = "", **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.address = address
        self.user: User | None = None

    def clean(self) -> dict[str, Any]:
        data = super().clean() or self.cleaned_data
        email, password = data.get("email"), data.get("password")
        if not email or not password:
            return data
        if throttle.is_stopped(email, self.address):
            raise ValidationError(_("Too many tries. Wait five minutes."))
        found = authenticate(username=email, password=password)
        if not isinstance(found, User):
            throttle.note_failure(email, self.address)
            raise ValidationError(_("E-mail or password is wrong."))
        self.user = found
        return data


class NameForm(forms.Form):
    nickname = forms.CharField(label=_("Name"), max_length=30, validators=[User.nickname_rule])

    def __init__(self, *args: Any, user: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.user = user

    def clean_nickname(self) -> str:
        return free_nickname(self.cleaned_data["nickname"], self.user)


class PasswordForm(forms.Form):
    old = forms.CharField(label=_("Present password"), widget=forms.PasswordInput(attrs=PASSWORD))
    new = forms.CharField(label=_("New password"), widget=forms.PasswordInput(attrs=NEW_PASSWORD))

    def __init__(self, *args: Any, user: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.user = user

    def clean_old(self) -> str:
        old: str = self.cleaned_data["old"]
        if not self.user.check_password(old):
            raise ValidationError(_("The present password is wrong."))
        return old

    def clean_new(self) -> str:
        new: str = self.cleaned_data["new"]
        password_validation.validate_password(new, self.user)
        return new


class PreferencesForm(forms.Form):
    language = forms.ChoiceField(
        label=_("Language"),
        required=False,
        choices=lambda: [("", _("As the browser asks")), *OWN_NAMES.items()],
    )
    time_zone = forms.ChoiceField(
        label=_("Time zone"),
        required=False,
        choices=lambda: [("", _("By the language")), *((zone, zone) for zone in time_zones())],
    )


def time_zones() -> list[str]:
    """Zones that are named after places, and UTC; not the database's old abbreviations."""
    names = zoneinfo.available_timezones()
    return ["UTC", *sorted(name for name in names if "/" in name and name[:4] != "Etc/")]


def free_nickname(nickname: str, user: User | None = None) -> str:
    others = User.objects.filter(nickname__iexact=nickname)
    if user is not None:
        others = others.exclude(pk=user.pk)
    if others.exists():
        raise ValidationError(_("This name is taken."))
    return nickname

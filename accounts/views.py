"""Joining, logging in and out, and one's own particulars."""

from __future__ import annotations

from django.contrib import messages
from django.contrib.auth import login, logout, update_session_auth_hash
from django.contrib.auth.decorators import login_required
from django.db import IntegrityError
from django.forms import Form
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import get_language, override
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from accounts import services
from accounts.forms import LoginForm, NameForm, PasswordForm, PreferencesForm, RegisterForm
from accounts.http import SignedInRequest, client_address

BACKEND = "django.contrib.auth.backends.ModelBackend"


@require_http_methods(["GET", "POST"])
def register(request: HttpRequest) -> HttpResponse:
    if request.user.is_authenticated:
        return redirect("dashboard")
    form = RegisterForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        data = form.cleaned_data
        try:
            user = services.register(
                email=data["email"],
                nickname=data["nickname"],
                password=data["password"],
                language=(get_language() or "en")[:2],
                now=timezone.now(),
            )
        except IntegrityError:  # taken between the check and now
            form.add_error(None, _("This e-mail or name cannot be used."))
        else:
            login(request, user, backend=BACKEND)
            return redirect("settings")
    return _form_page(request, "accounts/register.html", form)


@require_http_methods(["GET", "POST"])
def log_in(request: HttpRequest) -> HttpResponse:
    if request.user.is_authenticated:
        return redirect("dashboard")
    form = LoginForm(request.POST or None, address=client_address(request))
    if request.method == "POST" and form.is_valid() and form.user is not None:
        login(request, form.user, backend=BACKEND)
        following = request.POST.get("next") or request.GET.get("next") or ""
        safe = url_has_allowed_host_and_scheme(following, {request.get_host()})
        return redirect(following if safe else "dashboard")
    return _form_page(request, "accounts/login.html", form)


@require_POST
def log_out(request: HttpRequest) -> HttpResponse:
    logout(request)
    return redirect("accounts:login")


@login_required
@require_http_methods(["GET", "POST"])
def rename(request: SignedInRequest) -> HttpResponse:
    form = NameForm(
        request.POST or None, user=request.user, initial={"nickname": request.user.nickname}
    )
    if request.method == "POST" and form.is_valid():
        try:
            services.rename(request.user, form.cleaned_data["nickname"])
        except IntegrityError:  # taken between the check and now
            form.add_error("nickname", _("This name is taken."))
        else:
            messages.success(request, _("Saved."))
            return redirect("settings")
    return _form_page(request, "accounts/form.html", form, title=_("Name"))


@login_required
@require_http_methods(["GET", "POST"])
def password(request: SignedInRequest) -> HttpResponse:
    form = PasswordForm(request.POST or None, user=request.user)
    if request.method == "POST" and form.is_valid():
        services.change_password(request.user, form.cleaned_data["new"])
        update_session_auth_hash(request, request.user)  # other sessions end, this one stays
        messages.success(request, _("The password was changed."))
        return redirect("settings")
    return _form_page(request, "accounts/form.html", form, title=_("Password"))


@login_required
@require_http_methods(["GET", "POST"])
def preferences(request: SignedInRequest) -> HttpResponse:
    user = request.user
    initial = {"language": user.language, "time_zone": user.time_zone}
    form = PreferencesForm(request.POST or None, initial=initial)
    if request.method == "POST" and form.is_valid():
        services.set_preferences(user, **form.cleaned_data)
        with override(user.language or get_language()):
            messages.success(request, _("Saved."))
        return redirect("settings")
    return _form_page(request, "accounts/form.html", form, title=_("Language and time zone"))


def _form_page(request: HttpRequest, template: str, form: Form, title: str = "") -> HttpResponse:
    context = {"form": form, "title": title, "next": request.GET.get("next", "")}
    return render(request, template, context, status=422 if form.is_bound else 200)

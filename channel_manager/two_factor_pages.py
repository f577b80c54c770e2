"""The pages of the second factor: the code after the password, and what everybody sets up alone."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any, cast

import django_otp
from django import forms
from django.contrib import admin, messages
from django.contrib.auth.models import User
from django.contrib.auth.views import redirect_to_login
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.http import url_has_allowed_host_and_scheme, urlencode
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_protect
from django.views.decorators.debug import sensitive_variables

from channel_manager import sign_in, two_factor
from channel_manager.admin_site import StaffSite
from channel_manager.history import sign_ins
from channel_manager.lib.addresses import address_of
from channel_manager.lib.admin.typed import TextInput
from wallets import qr

_WRONG = (
    "This code is not right, or was used before. Wait for the next one; after several wrong ones "
    "also a right one has to wait for some seconds."
)


class CodeForm(forms.Form):
    """Asks for a code."""

    code = forms.CharField(
        label="Code",
        max_length=40,
        widget=TextInput(
            attrs={"autocomplete": "one-time-code", "inputmode": "text", "spellcheck": "false"}
        ),
        help_text="The six digits that your app shows, or a recovery code.",
    )


class FirstCodeForm(CodeForm):
    """Asks for the code that switches it on; there are no recovery codes yet."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["code"].help_text = "The six digits that your app shows."


_Page = Callable[[HttpRequest], HttpResponse]


def _for_staff(page: _Page) -> _Page:
    """Show a page to staff, also while their second factor is due."""

    @functools.wraps(page)
    def view(request: HttpRequest) -> HttpResponse:
        if not cast("StaffSite", admin.site).knows(request):
            return redirect_to_login(request.get_full_path(), reverse("admin:login"))
        return page(request)

    return never_cache(csrf_protect(view))


@_for_staff
def code_page(request: HttpRequest) -> HttpResponse:
    """Ask for the code after the password (GET); let in who has it (POST)."""
    wanted = request.POST.get("next") or request.GET.get("next", "")
    if sign_in.standing_of(request) != sign_in.CODE_DUE:
        return HttpResponseRedirect(_inside(request, wanted))
    form = CodeForm(request.POST if request.method == "POST" else None)
    if form.is_valid() and (device := _checked(request, form)):
        sign_in.pass_second_factor(request, device)
        return HttpResponseRedirect(_inside(request, wanted))
    context = {
        **admin.site.each_context(request),
        "title": "Second step",
        "form": form,
        "next": wanted,
        "username": _user(request).get_username(),
    }
    status = 422 if form.errors else 200
    return TemplateResponse(request, "admin/two_factor/code.html", context, status=status)


@_for_staff
@sensitive_variables("codes")
def own_page(request: HttpRequest) -> HttpResponse:
    """Show how the own second factor stands (GET); set it up, renew its codes, remove it (POST)."""
    if sign_in.standing_of(request) == sign_in.CODE_DUE:
        return redirect(f"{reverse('two_factor_code')}?{urlencode({'next': request.path})}")
    form: CodeForm = CodeForm()
    codes: list[str] = []
    if request.method == "POST":
        do = _DEEDS.get(request.POST.get("do", ""))
        if do is None:
            return redirect("two_factor")
        form, codes = do(request)
        if not codes and not form.errors:
            return redirect("two_factor")
    user = _user(request)
    device, unfinished = two_factor.device_of(user), two_factor.unfinished_device_of(user)
    if unfinished and not form.is_bound:
        form = FirstCodeForm()
    context = {
        **admin.site.each_context(request),
        "title": "Two-factor sign-in",
        "form": form,
        "codes": codes,
        "device": device,
        "codes_left": two_factor.recovery_codes_left(user) if device else 0,
        "is_required": two_factor.is_required(),
        "unfinished": unfinished,
        "secret": two_factor.typed_secret(unfinished) if unfinished else "",
        "code": qr.svg(unfinished.config_url) if unfinished else None,
    }
    status = 422 if form.errors else 200
    response = TemplateResponse(request, "admin/two_factor/own.html", context, status=status)
    response["Cache-Control"] = "no-store"
    return response


_Answer = tuple[CodeForm, list[str]]


def _begin(request: HttpRequest) -> _Answer:
    if two_factor.device_of(_user(request)) is None:
        two_factor.begin(user=_user(request))
    return CodeForm(), []


def _finish(request: HttpRequest) -> _Answer:
    form = FirstCodeForm(request.POST)
    if not form.is_valid():
        return form, []
    try:
        device, codes = two_factor.finish(user=_user(request), code=form.cleaned_data["code"])
    except two_factor.WrongCode as refusal:
        form.add_error("code", _told(refusal))
        return form, []
    # This session has just shown that it has the device; others are asked for a code.
    django_otp.login(request, device)
    request.session.cycle_key()
    messages.success(request, "Two-factor sign-in is on.")
    return CodeForm(), codes


def _renew(request: HttpRequest) -> _Answer:
    form = CodeForm(request.POST)
    if not (form.is_valid() and _checked(request, form)):
        return form, []
    messages.success(request, "The old recovery codes no longer work.")
    return CodeForm(), two_factor.renew_recovery_codes(user=_user(request))


def _remove(request: HttpRequest) -> _Answer:
    form = CodeForm(request.POST)
    if not (form.is_valid() and _checked(request, form)):
        return form, []
    two_factor.remove(user=_user(request))
    messages.success(request, "Two-factor sign-in is off for you.")
    return CodeForm(), []


_DEEDS: dict[str, Callable[[HttpRequest], _Answer]] = {
    "begin": _begin,
    "finish": _finish,
    "renew": _renew,
    "remove": _remove,
}


def _checked(request: HttpRequest, form: CodeForm) -> Any:
    """Return the device whose code was typed, else None with the reason in the form.

    Counted with the passwords: whoever has a password has as few tries as who has none.
    """
    user = _user(request)
    try:
        attempt = sign_ins.begin(
            name=user.get_username(), address=address_of(request), now=timezone.now()
        )
        device = two_factor.check(user=user, code=form.cleaned_data["code"])
    except sign_ins.TooManyAttempts as refusal:
        unit = "minute" if refusal.minutes == 1 else "minutes"
        form.add_error("code", f"Too many attempts. Try again in {refusal.minutes} {unit}.")
        return None
    except two_factor.WrongCode as refusal:
        form.add_error("code", _told(refusal))
        return None
    sign_ins.succeed(attempt=attempt)
    return device


def _told(refusal: two_factor.WrongCode) -> str:
    """Return why a code does not count, with the time to wait where there is one."""
    if not isinstance(refusal, two_factor.TooSoon):
        return _WRONG
    minutes, seconds = divmod(refusal.seconds, 60)
    wait = f"{minutes} min {seconds} s" if minutes else f"{seconds} s"
    return f"After several wrong codes no code counts for some time. Try again in {wait}."


def _inside(request: HttpRequest, wanted: str) -> str:
    allowed = url_has_allowed_host_and_scheme(
        wanted, allowed_hosts={request.get_host()}, require_https=request.is_secure()
    )
    return wanted if allowed else reverse("admin:index")


def _user(request: HttpRequest) -> User:
    return cast("User", request.user)

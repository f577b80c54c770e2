"""Signing in to the admin: how often one may try, and how long a session lasts."""

from __future__ import annotations

import ipaddress
import time
from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.contrib import messages
from django.contrib.auth import logout
from django.contrib.auth.base_user import AbstractBaseUser
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.utils import timezone

from channel_manager.history import audit, sign_ins
from channel_manager.lib.admin.typed import AuthenticationForm

_BEGAN, _SEEN = "began_at", "seen_at"
# How stale "seen" may be; noting every request would cost a write each.
_SEEN_PRECISION_SECONDS = 60


class SignInForm(AuthenticationForm):
    """User name and password, tried so many times and no more."""

    def clean(self) -> dict[str, Any]:
        """Look at the password; says the same of an unknown name and of a wrong password."""
        name = self.cleaned_data.get("username")
        if not name or not self.cleaned_data.get("password") or self.request is None:
            return dict(super().clean())
        try:
            attempt = sign_ins.begin(
                name=name, address=address_of(self.request), now=timezone.now()
            )
        except sign_ins.TooManyAttempts as refusal:
            unit = "minute" if refusal.minutes == 1 else "minutes"
            raise ValidationError(
                f"Too many attempts with a wrong password. Try again in {refusal.minutes} {unit}; "
                "if you have forgotten it, somebody who manages users can set a new one.",
                code="too_many_attempts",
            ) from None
        cleaned = super().clean()
        sign_ins.succeed(attempt=attempt)
        return dict(cleaned)


def address_of(request: HttpRequest) -> str:
    """Return where a request comes from: an IPv4 address, or the network of an IPv6 one.

    Behind a proxy that is trusted it is the last entry of X-Forwarded-For, the one the proxy wrote.
    """
    text = str(request.META.get("REMOTE_ADDR", ""))
    if settings.TRUST_PROXY:
        text = request.headers.get("X-Forwarded-For", text).split(",")[-1].strip()
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        return text
    # Whoever has one IPv6 address has the other 2**64 of its network.
    network = ipaddress.ip_network((address, 64 if address.version == 6 else 32), strict=False)
    return str(network.network_address)


class SessionLifeMiddleware:
    """End a session of the admin some hours after it began, and when nobody has used it for long."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if request.path.startswith("/admin/") and request.user.is_authenticated:
            self._look_at(request)
        return self.get_response(request)

    def _look_at(self, request: HttpRequest) -> None:
        # The clock on the wall: nothing of the product's own time depends on a session.
        now = int(time.time())
        session = request.session
        # One without stamps is from before there were any: it has ended.
        idle = now - session.get(_SEEN, 0)
        if now - session.get(_BEGAN, 0) > settings.SESSION_COOKIE_AGE:
            logout(request)
            messages.info(request, "You were signed out: a session ends some hours after it began.")
        elif idle > settings.ADMIN_IDLE_MINUTES * 60:
            logout(request)
            messages.info(request, "You were signed out because nothing was done for a while.")
        elif idle >= _SEEN_PRECISION_SECONDS:
            session[_SEEN] = now


def begin_session(request: HttpRequest, user: AbstractBaseUser, **sent: Any) -> None:
    """Note when a session began: Django calls it as somebody has signed in, and then saves."""
    request.session[_BEGAN] = request.session[_SEEN] = int(time.time())
    audit.write_of_oneself(person=user, name="signed_in")


def end_session(request: HttpRequest, user: AbstractBaseUser | None, **sent: Any) -> None:
    """Write to the audit log that somebody signed out, or was; Django calls it."""
    if user is not None:
        audit.write_of_oneself(person=user, name="signed_out")

"""Signing in to the admin: from where, how far somebody has come, how long a session lasts."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any, cast

import django_otp
from django.conf import settings
from django.contrib import messages
from django.contrib.auth import logout
from django.contrib.auth.base_user import AbstractBaseUser
from django.contrib.auth.models import User
from django.http import HttpRequest, HttpResponse
from django_otp.models import Device
from django_otp.plugins.otp_totp.models import TOTPDevice

from channel_manager import two_factor
from channel_manager.history import audit

_BEGAN, _SEEN, _CODE_DUE = "began_at", "seen_at", "code_due"
# How far somebody has come whose password was right.
SIGNED_IN, CODE_DUE, DEVICE_DUE = "signed in", "code due", "device due"
# How stale "seen" may be; noting every request would cost a write each.
_SEEN_PRECISION_SECONDS = 60


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
            # Somebody may have set up a second factor elsewhere.
            if not _has_shown_code(request):
                session[_CODE_DUE] = two_factor.device_of(request.user) is not None


def standing_of(request: HttpRequest) -> str:
    """Return how far a signed-in person has come: SIGNED_IN, CODE_DUE or DEVICE_DUE."""
    if _has_shown_code(request):
        return SIGNED_IN
    if request.session.get(_CODE_DUE):
        return CODE_DUE
    return DEVICE_DUE if two_factor.is_required() else SIGNED_IN


def pass_second_factor(request: HttpRequest, device: Device) -> None:
    """Let somebody in whose code was right; the session gets another key."""
    user = cast("User", request.user)
    request.session.cycle_key()
    request.session.pop(_CODE_DUE, None)
    # A recovery code is gone by now: what stands for it is the device that it replaces.
    django_otp.login(request, two_factor.device_of(user))
    by = "app" if isinstance(device, TOTPDevice) else "recovery code"
    audit.write_of_oneself(person=user, name="signed_in", reason=f"With a code of the {by}")


def _has_shown_code(request: HttpRequest) -> bool:
    return getattr(request.user, "otp_device", None) is not None


def begin_session(request: HttpRequest, user: AbstractBaseUser, **sent: Any) -> None:
    """Note when a session began: Django calls it as somebody has signed in, and then saves."""
    request.session[_BEGAN] = request.session[_SEEN] = int(time.time())
    if two_factor.device_of(user) is not None:
        request.session[_CODE_DUE] = True
    else:
        audit.write_of_oneself(person=user, name="signed_in")


def end_session(request: HttpRequest, user: AbstractBaseUser | None, **sent: Any) -> None:
    """Write to the audit log that somebody signed out, or was; Django calls it."""
    if user is not None and not request.session.get(_CODE_DUE):
        audit.write_of_oneself(person=user, name="signed_out")

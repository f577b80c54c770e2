"""Refusals inside the admin, for the people who work there; all others are the API's."""

from __future__ import annotations

import logging
from collections.abc import Callable

from django.contrib import admin
from django.contrib.auth.models import User
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import DataError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import Resolver404, resolve

from channel_manager import api

_PATH = "/admin/"
_log = logging.getLogger(__name__)


class OddInputMiddleware:
    """Answer addresses and forms of the admin that name what cannot be: no id, a text with NUL.

    Forms of ours say what is wrong; this is for what reaches the database unread.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        """Refuse what the database or a field could not read."""
        if not isinstance(exception, ValidationError | DataError) or not _is_staff_page(request):
            return None
        _log.warning("Odd input at %s: %s", request.path, type(exception).__name__)
        detail = "Something in this address, or in what was sent, is not what it should be."
        return _refuse(request, 400, "This cannot be read", detail)


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Answer a path that nothing is served at."""
    if not _is_staff_page(request):
        return api.not_found(request, exception)
    if _exists_with_a_slash(request):
        return redirect(f"{request.path}/")
    return _refuse(request, 404, "There is nothing here", "The address does not exist, or no more.")


def forbidden(request: HttpRequest, exception: PermissionDenied) -> HttpResponse:
    """Answer somebody who may not do this."""
    if not _is_staff_page(request):
        return api.forbidden(request, exception)
    return _refuse(request, 403, "You may not do this", _why_not(request))


def server_error(request: HttpRequest) -> HttpResponse:
    """Answer a fault of ours."""
    try:
        if _is_staff_page(request):
            detail = "This failed for a reason of ours, and was written to the log. Try again."
            return _refuse(request, 500, "Something went wrong", detail)
    except Exception:
        # Whatever is broken may break this page, too; the plain one needs nothing.
        _log.exception("The page that tells of a fault failed as well")
    return api.server_error(request)


def _exists_with_a_slash(request: HttpRequest) -> bool:
    """Tell whether somebody left out the last slash; APPEND_SLASH is off for the API's sake."""
    if request.method != "GET" or request.path.endswith("/"):
        return False
    try:
        found = resolve(f"{request.path}/")
    except Resolver404:
        return False
    return getattr(found.func, "should_append_slash", True)


def _why_not(request: HttpRequest) -> str:
    """Say who is refused and in which roles: the tab may be another person's."""
    user = request.user
    if not isinstance(user, User) or user.is_superuser:
        return "Nobody does this by hand, whatever their role."
    names = list(user.groups.order_by("name").values_list("name", flat=True))
    word = "role" if len(names) == 1 else "roles"
    roles = f"with the {word} {' and '.join(names)}" if names else "with no role"
    return (
        f"You are signed in as {user.get_username()}, {roles}. That does not allow this. Somebody who "
        "manages people, such as an owner, can give you a role that does."
    )


def _is_staff_page(request: HttpRequest) -> bool:
    return request.path.startswith(_PATH) and admin.site.has_permission(request)


def _refuse(request: HttpRequest, status: int, title: str, detail: str) -> HttpResponse:
    context = {**admin.site.each_context(request), "title": title, "detail": detail}
    return TemplateResponse(request, "admin/refused.html", context, status=status).render()

"""Refusals inside the admin, for the people who work there; all others are the API's."""

from __future__ import annotations

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import Resolver404, resolve

from channel_manager import api

_PATH = "/admin/"


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
    detail = "Your role does not allow this. Ask somebody who manages users if you need it."
    return _refuse(request, 403, "You may not do this", detail)


def _exists_with_a_slash(request: HttpRequest) -> bool:
    """Tell whether somebody left out the last slash; APPEND_SLASH is off for the API's sake."""
    if request.method != "GET" or request.path.endswith("/"):
        return False
    try:
        found = resolve(f"{request.path}/")
    except Resolver404:
        return False
    return getattr(found.func, "should_append_slash", True)


def _is_staff_page(request: HttpRequest) -> bool:
    return request.path.startswith(_PATH) and admin.site.has_permission(request)


def _refuse(request: HttpRequest, status: int, title: str, detail: str) -> HttpResponse:
    context = {**admin.site.each_context(request), "title": title, "detail": detail}
    return TemplateResponse(request, "admin/refused.html", context, status=status).render()

"""Showing the key of a gate device: once, with a link and a code that open the gate's page."""

from __future__ import annotations

from django.conf import settings
from django.http import HttpRequest
from django.template.response import TemplateResponse
from django.urls import reverse

from channel_manager.lib.admin.typed import ModelAdmin
from wallets import qr
from wallets.models import GateDevice


def show_key(
    model_admin: ModelAdmin[GateDevice], request: HttpRequest, device: GateDevice, key: str
) -> TemplateResponse:
    """Return the page that shows a key which nobody can look up again."""
    # Behind the number sign, where it is sent to no server and stands in no log.
    link = f"{settings.PUBLIC_URL}/gate#key={key}"
    context = {
        **model_admin.admin_site.each_context(request),
        "title": f"Key of {device}",
        "opts": model_admin.opts,
        "original": device,
        "device": device,
        "shown": key,
        "link": link,
        "code": qr.svg(link),
        "back": reverse("admin:wallets_gatedevice_change", args=[device.pk]),
    }
    response = TemplateResponse(request, "admin/wallets/gatedevice/key_shown.html", context)
    response["Cache-Control"] = "no-store"
    response["Referrer-Policy"] = "no-referrer"
    return response

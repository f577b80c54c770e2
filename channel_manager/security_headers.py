"""Headers that every answer carries, whoever made it; what a view has set itself stays."""

from __future__ import annotations

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse

from channel_manager.lib import content_policy

_ADMIN = content_policy.header(content_policy.ADMIN)
_PAGE = content_policy.header(content_policy.PAGE)
_NOTHING = content_policy.header(content_policy.NOTHING)
# Powerful features of browsers; the gate's page asks for the camera itself (orders/gate/page.py).
PERMISSIONS_POLICY = ", ".join(
    f"{feature}=()"
    for feature in (
        "accelerometer",
        "camera",
        "display-capture",
        "geolocation",
        "gyroscope",
        "magnetometer",
        "microphone",
        "midi",
        "payment",
        "usb",
    )
)


class SecurityHeadersMiddleware:
    """Say what a page may load and use, and keep the admin's pages out of every cache.

    Referrer-Policy, X-Content-Type-Options, Cross-Origin-Opener-Policy and HSTS are Django's
    SecurityMiddleware's.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        in_admin = request.path.startswith("/admin")
        is_page = response.get("Content-Type", "").startswith("text/html")
        policy = _NOTHING if not is_page else _ADMIN if in_admin else _PAGE
        response.setdefault("Content-Security-Policy", policy)
        response.setdefault("Permissions-Policy", PERMISSIONS_POLICY)
        if in_admin:
            response.setdefault("Cache-Control", "private, no-store")
        return response

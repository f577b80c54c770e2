"""The page for gate staff: everything on it is asked of the gate's API with the device's key."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_safe

from channel_manager.lib import content_policy

# The camera's picture is a blob.
_POLICY = content_policy.header(content_policy.PAGE, media_src="blob:")


@csrf_exempt
@require_safe
def gate_page(request: HttpRequest) -> HttpResponse:
    """Answer the page. It holds no key and no data, so that anybody may see it.

    Without the exemption a POST would be told off for its missing CSRF token, not for its method.
    """
    response = render(request, "gate/page.html")
    response["Content-Security-Policy"] = _POLICY
    response["Permissions-Policy"] = "camera=(self)"
    response["Cache-Control"] = "no-cache"
    response["Referrer-Policy"] = "no-referrer"
    return response

"""The message for a partner's developer: where to send, as whom, and a first order to try."""

from __future__ import annotations

from django.conf import settings
from django.template.loader import render_to_string

from partners.models import Partner


def write_welcome(partner: Partner, *, test_mode: bool) -> str:
    """Return the message as plain text, ready to be copied; it holds no secret."""
    context = {"partner": partner, "test_mode": test_mode, "url": settings.PUBLIC_URL}
    return render_to_string("admin/partners/partner/welcome.txt", context).strip()

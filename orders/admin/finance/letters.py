"""The letter that disputes differences of a period, as PDF and as CSV."""

from __future__ import annotations

import re

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone

from channel_manager.lib.admin import recording
from orders.finance.disputes import read_letter
from orders.finance.letters import render_csv, render_pdf
from orders.models import Period


def letter_view(request: HttpRequest, period: Period) -> HttpResponse:
    """Return what is disputed of a period as a file to send to its partner."""
    letter = read_letter(period=period, now=timezone.now())
    if not letter.lines:
        messages.error(request, "Nothing of this period is disputed as it stands.")
        return redirect("admin:orders_period_change", period.pk)
    is_pdf = request.path.endswith(".pdf")
    content = render_pdf(letter) if is_pdf else render_csv(letter)
    kind = "application/pdf" if is_pdf else "text/csv; charset=utf-8"
    response = HttpResponse(content, content_type=kind)
    name = re.sub(r"[^a-z0-9]+", "-", f"{letter.partner_name} {period.title}".lower()).strip("-")
    response["Content-Disposition"] = (
        f'attachment; filename="dispute-{name}.{"pdf" if is_pdf else "csv"}"'
    )
    response["Cache-Control"] = "no-store"
    recording.trail().note(request, Period, name="letter_written")
    return response

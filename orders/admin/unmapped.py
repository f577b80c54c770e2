"""The inbox of item numbers that nobody has mapped: which orders wait, and what may be meant."""

from __future__ import annotations

import dataclasses
import uuid
from collections.abc import Sequence
from urllib.parse import urlencode

from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import reverse

from catalog.magic import why_not_mapped
from catalog.suggestions import Suggestion, Suggestions, suggest_packages
from channel_manager.lib.admin.typed import ModelAdmin
from orders.admin.causes import Cause, read_causes, require
from orders.causes import parts_of
from orders.models import Batch, FailureCode

_SHOWN = 100


@dataclasses.dataclass(frozen=True)
class Choice:
    """A package that may be meant, and the form that maps to it."""

    suggestion: Suggestion
    url: str


@dataclasses.dataclass(frozen=True)
class Unmapped:
    """A number that orders wait for; nothing leads where somebody may not go."""

    cause: Cause
    partner: str
    item_number: str
    choices: Sequence[Choice]
    map_url: str
    # Why it is not to be mapped.
    refused: str = ""


def unmapped_view(model_admin: ModelAdmin[Batch], request: HttpRequest) -> HttpResponse:
    """Show what is unmapped, the most urgent first: five statements."""
    require("orders.view_order", request)
    causes = of_unmapped(read_causes(request))
    context = {
        **model_admin.admin_site.each_context(request),
        "title": "Unmapped numbers",
        "inbox": _read(request, causes[:_SHOWN]),
        "more": max(0, len(causes) - _SHOWN),
    }
    return TemplateResponse(request, "admin/orders/cause/unmapped.html", context)


def of_unmapped(causes: Sequence[Cause]) -> list[Cause]:
    """Keep the causes that are an item number of a partner's which nobody has mapped."""
    return [
        cause
        for cause in causes
        if cause.group.failure_code == FailureCode.UNMAPPED_ITEM and cause.partner
    ]


def _read(request: HttpRequest, causes: Sequence[Cause]) -> list[Unmapped]:
    may_map = request.user.has_perm("catalog.add_packagemapping")
    numbers: list[tuple[uuid.UUID, str]] = []
    for cause in causes:
        part = parts_of(cause.group.fingerprint)
        if part.partner_id is not None:
            numbers.append((part.partner_id, part.item_number))
    suggested = suggest_packages(asked=numbers) if numbers else {}
    inbox = []
    for cause, number in zip(causes, numbers, strict=True):
        found, refused = suggested[number], why_not_mapped(number[1])
        inbox.append(
            Unmapped(
                cause=cause,
                partner=cause.partner,
                item_number=number[1],
                choices=[
                    Choice(one, _form(number, found, one) if may_map else "")
                    for one in found.packages
                    if not refused
                ],
                map_url=_form(number, found) if may_map and not refused else "",
                refused=refused,
            )
        )
    return inbox


def _form(
    number: tuple[uuid.UUID, str], found: Suggestions, suggestion: Suggestion | None = None
) -> str:
    """Return the address of a mapping's form that is filled in."""
    query = {
        "partner": str(number[0]),
        "item_number": number[1],
        **({"package": str(suggestion.package_id)} if suggestion else {}),
        **({"valid_from": found.free_from.isoformat()} if found.free_from else {}),
        "next": reverse("admin:orders_batch_unmapped"),
    }
    return f"{reverse('admin:catalog_packagemapping_add')}?{urlencode(query)}"

"""Letting an item number mean another package from a day on: asked, shown, and done as shown."""

from __future__ import annotations

import datetime
import uuid
from typing import Any

from django import forms
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone

from catalog import versions
from catalog.admin import sold
from catalog.admin.previewing import AGREED, BACK
from catalog.models import Package, PackageMapping, PackageStatus
from channel_manager.lib.admin.confirmation import (
    Confirmation,
    ReasonForm,
    actor_of,
    attempt,
    show_confirmation,
)
from channel_manager.lib.admin.fields import DayInput
from channel_manager.lib.admin.typed import ModelAdmin, Select
from channel_manager.lib.canonical import fingerprint

_A_DAY = datetime.timedelta(days=1)


class ChangeForm(ReasonForm):
    """Asks what a number is to mean, and from which day on."""

    package = forms.ModelChoiceField(
        label="New package", queryset=Package.objects.none(), widget=Select
    )
    day = forms.DateField(
        label="From",
        widget=DayInput,
        help_text="The first day of receipt, on the venue's calendar. Today means from now on: what "
        "was sold earlier today keeps the version it was sold under, and what failed today is "
        "resolved as the new package when it is replayed.",
    )
    field_order = ("package", "day", "reason")

    def __init__(self, *args: Any, mapping: PackageMapping, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        others = Package.objects.filter(venue=mapping.partner.venue_id)
        self.fields["package"].queryset = others.exclude(pk=mapping.package_id)  # type: ignore[attr-defined]


class NotAgreed(Exception):
    """Somebody is to look at a change first; whatever was saved is rolled back."""

    def __init__(self, following: PackageMapping, shown: str, *, is_outdated: bool) -> None:
        super().__init__()
        self.following = following
        self.shown = shown
        self.is_outdated = is_outdated


def change_from_view(
    model_admin: ModelAdmin[PackageMapping], request: HttpRequest, key: uuid.UUID
) -> HttpResponse:
    """Ask for package and day (GET), show what that does (POST), and do it once it is agreed to."""
    if not (model_admin.has_change_permission(request) and model_admin.has_add_permission(request)):
        raise PermissionDenied
    mapping = model_admin.get_queryset(request).filter(pk=key).first()
    if mapping is None:
        messages.error(request, "This mapping was removed meanwhile.")
        return redirect("admin:catalog_packagemapping_changelist")
    data = request.POST if request.method == "POST" else None
    tomorrow = timezone.localdate(timezone=mapping.partner.venue.zone) + _A_DAY
    form = ChangeForm(data, mapping=mapping, initial={"day": tomorrow})
    if form.is_valid() and BACK not in request.POST:
        try:
            following = attempt(request, lambda: _change(request, mapping, form.cleaned_data))
        except NotAgreed as stop:
            return _show(model_admin, request, mapping, form, stop)
        if following is not None:
            messages.success(request, f"{following.title}: {following.in_words}.")
            page = reverse("admin:catalog_packagemapping_change", args=[following.pk])
            number = (mapping.partner_id, mapping.item_number)
            return redirect(sold.find_waiting(request, [number], page) or page)
    return show_confirmation(
        request,
        model_admin=model_admin,
        subject=mapping,
        confirmation=Confirmation(
            title=f"Change what {mapping.item_number} means",
            button="Show what it does",
            effects=[
                f"{mapping.title} ({mapping.package.code}, {mapping.dates}) ends on the day before "
                "the one you choose, and the next version begins.",
                "You see the effect before anything is saved.",
            ],
            back=reverse("admin:catalog_packagemapping_change", args=[key]),
        ),
        form=form,
    )


def _change(
    request: HttpRequest, mapping: PackageMapping, answers: dict[str, Any]
) -> PackageMapping:
    """Do it and return the next version, if that is what was agreed to; else raise NotAgreed."""
    agreed = request.POST.get(AGREED)
    with transaction.atomic():
        following = versions.change_from(
            mapping_id=mapping.pk,
            package=answers["package"],
            day=answers["day"],
            actor=actor_of(request),
            now=timezone.now(),
            reason=answers["reason"],
        )
        shown = fingerprint([mapping.in_words, following.title, following.in_words])
        if agreed != shown:
            raise NotAgreed(following, shown, is_outdated=agreed is not None)
        return following


def _show(
    model_admin: ModelAdmin[PackageMapping],
    request: HttpRequest,
    mapping: PackageMapping,
    form: ChangeForm,
    stop: NotAgreed,
) -> TemplateResponse:
    """Show what a change does that was not saved."""
    following = stop.following
    context = {
        **model_admin.admin_site.each_context(request),
        "title": f"Change what {mapping.item_number} means",
        "opts": model_admin.opts,
        "original": mapping,
        "following": following,
        "effects": [*_effects(mapping, following), *sold.tell_change(request, mapping, following)],
        "is_sellable": following.package.status == PackageStatus.ON_SALE,
        "answers": [(name, form[name].value()) for name in form.fields],
        "shown": stop.shown,
        "is_outdated": stop.is_outdated,
    }
    template = "admin/catalog/packagemapping/change_from.html"
    return TemplateResponse(request, template, context)


def _effects(current: PackageMapping, following: PackageMapping) -> list[str]:
    day = following.valid_from or datetime.date.min
    old, new = current.package.code, following.package.code
    received = f"before {day:%-d %b %Y}"
    if day == timezone.localdate(timezone=current.partner.venue.zone):
        received = "until now, today's included,"
    return [
        f"{current.title} ({old}) held {current.dates}. It ends on {day - _A_DAY:%-d %b %Y}.",
        f"{following.title} begins: {following.in_words}. What is received from then on is sold as "
        f"{new}.",
        f"Orders that were sold {received} stay {old}: an order keeps the version it was sold under.",
    ]

"""API keys of a partner: made here and shown once, listed, revoked."""

from __future__ import annotations

import dataclasses
import datetime
import uuid
import zoneinfo
from collections.abc import Mapping
from typing import Any

from django import forms
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.debug import sensitive_variables

from channel_manager.lib.admin.asking import Question, show_question
from channel_manager.lib.admin.columns import moment
from channel_manager.lib.admin.confirmation import (
    Confirmation,
    ReasonForm,
    actor_of,
    attempt_in,
    show_confirmation,
)
from channel_manager.lib.admin.typed import (
    Checkboxes,
    DateInput,
    ModelAdmin,
    Radios,
    TextInput,
)
from partners.admin.welcome import write_welcome
from partners.keys import create_key, create_test_key, revoke_key
from partners.models import ApiKey, Partner, PartnerStatus, Scope, all_scopes

USABLE = "Usable"
MODES = {
    "live": "Live – its orders are sales",
    "test": "Test – its orders sell nothing, take no places and admit nobody",
}
_LONGEST = datetime.timedelta(days=3652)
_SCOPES = {
    Scope.ORDERS_READ: "orders:read – look at its own orders",
    Scope.ORDERS_WRITE: "orders:write – create, replace, confirm and cancel orders",
    Scope.CATALOG_READ: "catalog:read – see what it may sell",
    Scope.WEBHOOKS: "webhooks – set up where it is notified",
    Scope.REPORTS: "reports – fetch reconciliation reports",
}
_OF_CLOSED = " The partnership has ended: a key of it only reads and cancels."


class KeyForm(forms.Form):
    """What a new key is called, what it may do and until when."""

    mode = forms.ChoiceField(
        choices=list(MODES.items()),
        initial="live",
        widget=Radios,
        help_text="A test key works while the partner is onboarding, too.",
    )
    name = forms.CharField(
        max_length=60,
        widget=TextInput,
        help_text="Who or what uses it, such as production web shop.",
    )
    scopes = forms.MultipleChoiceField(
        choices=[(scope.value, label) for scope, label in _SCOPES.items()],
        initial=all_scopes,
        widget=Checkboxes,
    )
    expires_on = forms.DateField(
        label="Last day",
        required=False,
        widget=DateInput,
        help_text="It works until the end of this day at the venue. Empty: until it is revoked.",
    )

    def __init__(self, *args: object, zone: zoneinfo.ZoneInfo, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)  # type: ignore[arg-type]
        self._zone = zone

    def clean_expires_on(self) -> datetime.datetime | None:
        """Return the end of the last day; refuse one that has passed or is far ahead."""
        day: datetime.date | None = self.cleaned_data["expires_on"]
        if day is None:
            return None
        today = timezone.localdate(timezone=self._zone)
        if day < today:
            raise forms.ValidationError("This day has passed.")
        if day > today + _LONGEST:
            told = "Choose a day within the next ten years, or leave it empty."
            raise forms.ValidationError(told)
        after = day + datetime.timedelta(days=1)
        return datetime.datetime.combine(after, datetime.time(), self._zone)


@dataclasses.dataclass(frozen=True)
class KeyView:
    """A key as the partner's page lists it; notice: that it is in use and will expire."""

    key: ApiKey
    state: str
    colour: str
    revoke_url: str
    notice: str = ""


def list_keys(request: HttpRequest, partner: Partner) -> list[KeyView]:
    """Return the partner's keys for the partner API, newest first, usable ones before others."""
    return list_keys_of(
        request,
        partner.api_keys.filter(dialect=""),
        revoke="admin:partners_partner_revoke_key",
        of=partner.pk,
    )


def list_keys_of(
    request: HttpRequest, keys: QuerySet[ApiKey], *, revoke: str, of: uuid.UUID
) -> list[KeyView]:
    """Return keys, newest first, usable ones before others.

    revoke: the name of the page that revokes one `of` a partner or a storefront.
    """
    now = timezone.now()
    may_revoke = request.user.has_perm("partners.change_apikey")
    views = []
    rows = keys.select_related("partner__venue").defer("partner__venue__logo")
    for key in rows.order_by("-created_at", "-pk"):
        state, colour = _state(key, now)
        url = reverse(revoke, args=[of, key.pk])
        may = may_revoke and key.revoked_at is None
        notice = _notice(key, key.partner) if key.ends_in_use(now) else ""
        views.append(KeyView(key, state, colour, url if may else "", notice))
    return sorted(views, key=lambda view: view.state != USABLE)


@sensitive_variables("made", "shown")
def new_key_view(
    model_admin: ModelAdmin[Partner], request: HttpRequest, partner_id: uuid.UUID
) -> HttpResponse:
    """Ask for a new key's mode, name, scopes and end (GET); make it and show it, once (POST)."""
    if not request.user.has_perm("partners.add_apikey"):
        raise PermissionDenied
    partner = get_object_or_404(Partner.objects.select_related("venue"), pk=partner_id)
    asked = request.GET.get("mode", "")
    form = KeyForm(
        request.POST if request.method == "POST" else None,
        initial={"mode": asked if asked in MODES else "live"},
        zone=partner.venue.zone,
    )
    if form.is_valid():
        made = attempt_in(form, lambda: _make(request, partner, form.cleaned_data))
        if made:
            return _show_key(model_admin, request, *made)
    return show_question(
        request,
        model_admin=model_admin,
        subject=partner,
        question=Question(
            title=f"New API key for {partner}",
            button="Make key",
            back=reverse("admin:partners_partner_change", args=[partner.pk]),
            introduction="The key is shown once, on the next page. Only a fingerprint of it is "
            "kept. Two of each mode can work at a time, so that a new one can replace an old one."
            + (_OF_CLOSED if partner.status == PartnerStatus.CLOSED else ""),
        ),
        form=form,
    )


def _make(request: HttpRequest, partner: Partner, answers: Mapping[str, Any]) -> tuple[ApiKey, str]:
    create = create_test_key if answers["mode"] == "test" else create_key
    return create(
        partner=partner,
        name=answers["name"],
        scopes=answers["scopes"],
        expires_at=answers["expires_on"],
        actor=actor_of(request),
    )


@sensitive_variables("shown")
def _show_key(
    model_admin: ModelAdmin[Partner], request: HttpRequest, key: ApiKey, shown: str
) -> HttpResponse:
    """Return the page that shows a key which nobody can look up again."""
    partner = key.partner
    context = {
        **model_admin.admin_site.each_context(request),
        "title": f"New API key for {partner}",
        "opts": model_admin.opts,
        "original": partner,
        "key": key,
        "shown": shown,
        "welcome": write_welcome(partner, test_mode=key.test_mode),
        "back": reverse("admin:partners_partner_change", args=[partner.pk]),
    }
    response = TemplateResponse(request, "admin/partners/partner/key_shown.html", context)
    response["Cache-Control"] = "no-store"
    response["Referrer-Policy"] = "no-referrer"
    return response


def revoke_key_view(
    model_admin: ModelAdmin[Partner], request: HttpRequest, partner_id: uuid.UUID, key_id: int
) -> HttpResponse:
    """Ask before a key is revoked (GET); revoke it (POST)."""
    if not request.user.has_perm("partners.change_apikey"):
        raise PermissionDenied
    keys = ApiKey.objects.select_related("partner__venue").defer("partner__venue__logo")
    key = get_object_or_404(keys, pk=key_id, partner=partner_id, dialect="")
    if key.revoked_at is not None:
        messages.error(request, f"The key {key} is revoked already.")
        return redirect("admin:partners_partner_change", partner_id)
    form = ReasonForm(request.POST if request.method == "POST" else None, is_required=True)
    if form.is_valid():
        reason = form.cleaned_data["reason"]
        revoke_key(key=key, now=timezone.now(), actor=actor_of(request), reason=reason)
        messages.success(request, f"The key {key} is revoked.")
        return redirect("admin:partners_partner_change", partner_id)
    return show_confirmation(
        request,
        model_admin=model_admin,
        subject=key.partner,
        confirmation=Confirmation(
            title=f"Revoke API key {key}",
            button="Revoke key",
            effects=_effects_of_revoking(key),
            back=reverse("admin:partners_partner_change", args=[partner_id]),
            is_destructive=True,
        ),
        form=form,
    )


def _effects_of_revoking(key: ApiKey) -> tuple[str, ...]:
    mode, zone = "test" if key.test_mode else "live", key.partner.venue.zone
    usable = ApiKey.objects.usable(timezone.now()).exclude(pk=key.pk)
    other = usable.filter(partner=key.partner, test_mode=key.test_mode, dialect="").first()
    if other is None:
        left = (
            f"No other {mode} key of {key.partner} works: its {mode} requests get 401 until it has "
            "another."
        )
    else:
        left = f"Its other {mode} key goes on working: {_called(other)}. {_last_use(other, zone)}"
    return (
        f"The key {_called(key)} stops working at once, for good.",
        _last_use(key, zone),
        left,
    )


def _called(key: ApiKey) -> str:
    return f"{key.name} ({key})" if key.name else str(key)


def _last_use(key: ApiKey, zone: zoneinfo.ZoneInfo) -> str:
    if key.last_used_at is None:
        return "It was never used."
    return f"It was last used {moment(key.last_used_at, zone)}."


def _notice(key: ApiKey, partner: Partner) -> str:
    """Say that a key which is in use will expire, and what to do."""
    mode = "test" if key.test_mode else "live"
    return (
        f"The {mode} key {_called(key)} is in use and expires "
        f"{moment(key.expires_at, partner.venue.zone)}. Make another one, and have {partner} "
        "change to it before."
    )


def _state(key: ApiKey, now: datetime.datetime) -> tuple[str, str]:
    if key.revoked_at is not None:
        return "Revoked", "danger"
    if key.expires_at is not None and key.expires_at <= now:
        return "Expired", ""
    return USABLE, "success"

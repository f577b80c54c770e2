"""Storefronts: opened for a partner in a dialect, with secrets that are shown once."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from typing import Any

from django import forms
from django.conf import settings
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.db import IntegrityError
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.safestring import SafeString
from django.views.decorators.debug import sensitive_variables

from channel_manager.lib.admin import columns
from channel_manager.lib.admin.asking import Question, show_question
from channel_manager.lib.admin.base import StaffAdmin, register
from channel_manager.lib.admin.columns import column
from channel_manager.lib.admin.confirmation import (
    Confirmation,
    ReasonForm,
    actor_of,
    attempt_in,
    show_confirmation,
)
from channel_manager.lib.admin.typed import (
    ChoicesDropdownFilter,
    ModelAdmin,
    Radios,
    RelatedDropdownFilter,
    TextInput,
)
from partners.admin.filters import ModeFilter
from partners.admin.keys import MODES, list_keys_of
from partners.keys import create_key, create_test_key, revoke_key
from partners.models import ON_ACCOUNT_DIALECTS, ApiKey, Dialect, OutwardId, Partner, Storefront
from partners.storefronts import MAILING_DIALECTS, forget_on_account, open_storefront

_MOST_IDS = 500
_SENT_AS: Mapping[str, str] = {
    Dialect.ORDINO: "Header x-api-key",
    Dialect.ONEBOX: "client_secret of POST /oauth/token",
    Dialect.OPENTICKET: "Access token",
}
# VoordeMensen has no secrets but for what is bought on account.
_SENT_FOR_ACCOUNT = "Header Authorization, without Bearer, of paymentmethods and order/create"


class StorefrontForm(forms.Form):
    """In whose words a partner's shop is to sell, and whether it sells."""

    dialect = forms.ChoiceField(
        label="System", choices=Dialect.choices, initial=Dialect.ORDINO, widget=Radios
    )
    mode = forms.ChoiceField(
        choices=list(MODES.items()),
        initial="live",
        widget=Radios,
    )

    def __init__(self, *args: object, partner: Partner, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)  # type: ignore[arg-type]
        self._partner = partner

    def clean(self) -> dict[str, Any]:
        """Refuse a second storefront of a dialect and mode."""
        answers: dict[str, Any] = super().clean() or self.cleaned_data
        mine = Storefront.objects.filter(
            partner=self._partner,
            dialect=answers.get("dialect", ""),
            test_mode=answers.get("mode") == "test",
        )
        if mine.exists():
            raise forms.ValidationError("It has a storefront of this system and mode already.")
        return answers


class SecretForm(forms.Form):
    """What a new secret is called."""

    name = forms.CharField(
        max_length=60, widget=TextInput, help_text="Who or what uses it, such as web shop 2027."
    )


@register(Storefront)
class StorefrontAdmin(StaffAdmin[Storefront]):
    """What partners' shops that speak another system's words are known by; opened by a button."""

    list_display = ("public_id", "system", "partner", "mode", "opened")
    list_display_links = ("public_id",)
    list_select_related = ("partner__venue",)
    list_filter = (
        ("dialect", ChoicesDropdownFilter),
        ("partner", RelatedDropdownFilter),
        ModeFilter,
    )
    ordering = ("partner__name", "dialect", "test_mode")
    sortable_by = ()
    fields = ("partner", "system", "mode", "public_id", "base_url", "opened")
    readonly_fields = fields
    change_form_outer_after_template = "admin/partners/storefront/below.html"

    def get_fields(self, request: HttpRequest, obj: Storefront | None = None) -> Any:
        """Ask whether it sells on account where guests pay at our page otherwise."""
        on_account = ("sells_on_account",) if obj and obj.dialect in ON_ACCOUNT_DIALECTS else ()
        mails = ("mails_tickets",) if obj and obj.dialect in MAILING_DIALECTS else ()
        return (*self.fields, *on_account, *mails)

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Refuse: one is opened from its partner's page."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Storefront | None = None) -> bool:
        """Refuse: its shop has stored its ids."""
        return False

    def get_queryset(self, request: HttpRequest) -> QuerySet[Storefront]:
        """Leave the venues' logos where they are."""
        return super().get_queryset(request).defer("partner__venue__logo")

    def get_urls(self) -> list[URLPattern]:
        """Add the pages that open a storefront, make a secret and revoke one."""
        wrap, prefix = self.admin_site.admin_view, "partners_storefront"
        return [
            path("open/<uuid:partner_id>/", wrap(self.open_view), name=f"{prefix}_open"),
            path("<uuid:key>/secrets/new/", wrap(self.secret_view), name=f"{prefix}_new_secret"),
            path(
                "<uuid:key>/secrets/<int:secret_id>/revoke/",
                wrap(self.revoke_view),
                name=f"{prefix}_revoke_secret",
            ),
            *super().get_urls(),
        ]

    def save_model(
        self, request: HttpRequest, obj: Storefront, form: forms.ModelForm[Storefront], change: bool
    ) -> None:
        """Save it; whoever knew how to order on account does not any more when that changes."""
        super().save_model(request, obj, form, change)
        if "sells_on_account" in form.changed_data:
            forget_on_account(obj)

    def surroundings(self, request: HttpRequest, row: Storefront) -> Mapping[str, Any]:
        """Return its secrets, and the ids that it knows our things by."""
        ids = OutwardId.objects.filter(storefront=row).order_by("kind", "key", "pk")
        new_secret = reverse("admin:partners_storefront_new_secret", args=[row.pk])
        return {
            "secrets": list_keys_of(
                request, keys_of(row), revoke="admin:partners_storefront_revoke_secret", of=row.pk
            ),
            "new_secret_url": new_secret if _may_make_secret(request, row) else "",
            "outward_ids": ids[:_MOST_IDS],
            "sent_as": _sent_as(row),
            "issuer_url": _issuer_url(request, row),
            "zone": row.partner.venue.timezone,
        }

    def open_view(self, request: HttpRequest, partner_id: uuid.UUID) -> HttpResponse:
        """Ask in which system's words and mode a partner's shop sells (GET); open it (POST)."""
        if not request.user.has_perm("partners.add_storefront"):
            raise PermissionDenied
        partner = get_object_or_404(Partner, pk=partner_id)
        form = StorefrontForm(request.POST if request.method == "POST" else None, partner=partner)
        if form.is_valid():
            made = _open(request, partner, form)
            if made is not None:
                then = "Now make its secret." if made.dialect in _SENT_AS else "It needs no secret."
                messages.success(request, f"The storefront is open. {then}")
                return redirect("admin:partners_storefront_change", made.pk)
        return show_question(
            request,
            model_admin=self,
            subject=None,
            question=Question(
                title=f"New storefront for {partner}",
                button="Open storefront",
                back=reverse("admin:partners_partner_change", args=[partner.pk]),
                introduction="A shop that was written for one of these systems sells through us "
                "with another base URL and secret, and no other change.",
            ),
            form=form,
        )

    @sensitive_variables("made", "shown")
    def secret_view(self, request: HttpRequest, key: uuid.UUID) -> HttpResponse:
        """Ask for a new secret's name (GET); make it and show it, once (POST)."""
        if not request.user.has_perm("partners.add_apikey"):
            raise PermissionDenied
        row = self._storefront(key)
        if not _sent_as(row):
            raise PermissionDenied
        form = SecretForm(request.POST if request.method == "POST" else None)
        back = reverse("admin:partners_storefront_change", args=[row.pk])
        if form.is_valid():
            made = attempt_in(form, lambda: _make(request, row, form.cleaned_data["name"]))
            if made:
                return _show(self, request, row, *made)
        return show_question(
            request,
            model_admin=self,
            subject=row,
            question=Question(
                title=f"New secret for {row}",
                button="Make secret",
                back=back,
                introduction="The secret is shown once, on the next page. Two can work at a "
                "time, so that a new one can replace an old one.",
            ),
            form=form,
        )

    def revoke_view(self, request: HttpRequest, key: uuid.UUID, secret_id: int) -> HttpResponse:
        """Ask before a secret is revoked (GET); revoke it (POST)."""
        if not request.user.has_perm("partners.change_apikey"):
            raise PermissionDenied
        row = self._storefront(key)
        secret = get_object_or_404(keys_of(row), pk=secret_id)
        back = reverse("admin:partners_storefront_change", args=[row.pk])
        if secret.revoked_at is not None:
            messages.error(request, f"The secret {secret} is revoked already.")
            return redirect(back)
        form = ReasonForm(request.POST if request.method == "POST" else None, is_required=True)
        if form.is_valid():
            reason = form.cleaned_data["reason"]
            revoke_key(key=secret, now=timezone.now(), actor=actor_of(request), reason=reason)
            messages.success(request, f"The secret {secret} is revoked.")
            return redirect(back)
        others = keys_of(row).usable(timezone.now()).exclude(pk=secret.pk)
        left = "Its other secret goes on working." if others.exists() else "It has no other."
        return show_confirmation(
            request,
            model_admin=self,
            subject=row,
            confirmation=Confirmation(
                title=f"Revoke secret {secret}",
                button="Revoke secret",
                effects=("The secret stops working at once, for good.", left),
                back=back,
                is_destructive=True,
            ),
            form=form,
        )

    @column("System")
    def system(self, storefront: Storefront) -> str:
        """Return whose words it speaks."""
        return storefront.get_dialect_display()

    @column("Mode", badges={"test": "warning"})
    def mode(self, storefront: Storefront) -> tuple[str, str]:
        """Return whether its orders are tests."""
        return ("test", "TEST") if storefront.test_mode else ("live", "Live")

    @column("Base URL")
    def base_url(self, storefront: Storefront) -> SafeString | str:
        """Return the address that its shop sends its requests to."""
        return columns.number(base_url_of(storefront))

    @column("Opened")
    def opened(self, storefront: Storefront) -> str:
        """Return when it was opened, on the venue's clock."""
        return columns.moment(storefront.created_at, storefront.partner.venue.zone)

    def _storefront(self, key: uuid.UUID) -> Storefront:
        rows = Storefront.objects.select_related("partner__venue").defer("partner__venue__logo")
        return get_object_or_404(rows, pk=key)


def base_url_of(storefront: Storefront) -> str:
    """Return the address that a storefront's shop sends its requests to."""
    return f"{settings.PUBLIC_URL}/{storefront.dialect}"


def keys_of(storefront: Storefront) -> Any:
    """Return the secrets of a storefront."""
    return ApiKey.objects.filter(
        partner=storefront.partner_id, dialect=storefront.dialect, test_mode=storefront.test_mode
    )


def list_storefronts(request: HttpRequest, partner: Partner) -> dict[str, Any]:
    """Return a partner's storefronts, and where one is opened, for those who may."""
    if not request.user.has_perm("partners.view_storefront"):
        return {}
    may_open = request.user.has_perm("partners.add_storefront")
    rows = partner.storefronts.order_by("dialect", "test_mode")
    return {
        "storefronts": [
            {
                "row": row,
                "url": reverse("admin:partners_storefront_change", args=[row.pk]),
                "base_url": base_url_of(row),
            }
            for row in rows
        ],
        "new_storefront_url": reverse("admin:partners_storefront_open", args=[partner.pk])
        if may_open
        else "",
    }


def _may_make_secret(request: HttpRequest, row: Storefront) -> bool:
    return bool(_sent_as(row)) and request.user.has_perm("partners.add_apikey")


def _sent_as(row: Storefront) -> str:
    """Return what a storefront's shop sends a secret as; empty where it needs none."""
    if row.dialect == Dialect.VOORDEMENSEN and row.sells_on_account:
        return _SENT_FOR_ACCOUNT
    return _SENT_AS.get(row.dialect, "")


def _open(request: HttpRequest, partner: Partner, form: StorefrontForm) -> Storefront | None:
    try:
        return open_storefront(
            partner=partner,
            dialect=Dialect(form.cleaned_data["dialect"]),
            test_mode=form.cleaned_data["mode"] == "test",
            actor=actor_of(request),
            now=timezone.now(),
        )
    except IntegrityError:
        form.add_error(None, "Somebody else has just opened one. Look again.")
        return None


def _make(request: HttpRequest, storefront: Storefront, name: str) -> tuple[ApiKey, str]:
    create = create_test_key if storefront.test_mode else create_key
    return create(
        partner=storefront.partner,
        name=name,
        dialect=Dialect(storefront.dialect),
        actor=actor_of(request),
    )


@sensitive_variables("shown")
def _show(
    model_admin: ModelAdmin[Storefront],
    request: HttpRequest,
    storefront: Storefront,
    key: ApiKey,
    shown: str,
) -> HttpResponse:
    """Return the page that shows a secret which nobody can look up again."""
    context = {
        **model_admin.admin_site.each_context(request),
        "title": f"New secret for {storefront}",
        "opts": model_admin.opts,
        "original": storefront,
        "key": key,
        "shown": shown,
        "base_url": base_url_of(storefront),
        "sent_as": _sent_as(storefront),
        "back": reverse("admin:partners_storefront_change", args=[storefront.pk]),
    }
    response = TemplateResponse(request, "admin/partners/storefront/secret_shown.html", context)
    response["Cache-Control"] = "no-store"
    response["Referrer-Policy"] = "no-referrer"
    return response


def _issuer_url(request: HttpRequest, storefront: Storefront) -> str:
    """Return where it is set who vouches for the guests, of a system whose guests sign in."""
    if storefront.dialect != Dialect.ORDINO or not request.user.has_perm("orders.view_guestissuer"):
        return ""
    listed = reverse("admin:orders_guestissuer_changelist")
    return f"{listed}?storefront__id__exact={storefront.pk}"

"""The admin of contracts with partners."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Mapping
from functools import partial
from typing import Any

from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import URLPattern, path, reverse
from django.utils import timezone

from channel_manager.lib.admin.base import StaffAdmin, register
from channel_manager.lib.admin.columns import column, validity
from channel_manager.lib.admin.confirmation import actor_of, attempt
from channel_manager.lib.admin.standing import StateBar, StateButton
from channel_manager.lib.admin.typed import ChoicesDropdownFilter, RelatedDropdownFilter
from partners import contracts
from partners.admin.contract_changes import agree_anew_view, end_view
from partners.admin.contract_forms import ContractForm
from partners.admin.posting import posting
from partners.models import Contract, Partner, Venue

STANDINGS: Mapping[str, str] = {"Holds today": "success", "To come": "info", "Ended": ""}


@register(Contract)
class ContractAdmin(StaffAdmin[Contract]):
    """What is agreed with partners on money: a version is added, ended, and never changed."""

    form = ContractForm
    list_display = ("partner", "number", "rate", "held", "basis", "bills", "standing")
    list_select_related = ("partner__venue",)
    list_filter = (
        ("partner", RelatedDropdownFilter),
        ("terms", ChoicesDropdownFilter),
        ("date_basis", ChoicesDropdownFilter),
        ("billed_by", ChoicesDropdownFilter),
    )
    search_fields = ("partner__name",)
    search_help_text = "Name of the partner"
    ordering = ("partner__name", "-version")
    fieldsets = (
        (None, {"fields": ("partner", ("valid_from", "valid_until"))}),
        ("Commission", {"fields": ("terms", ("percent", "fee"), "currency")}),
        ("Accounting", {"fields": ("date_basis", "billed_by", "tolerance", "note")}),
    )
    change_form_outer_after_template = "admin/partners/contract/below.html"

    def get_queryset(self, request: HttpRequest) -> QuerySet[Contract]:
        """Have partner and venue of each at hand, without logos."""
        found = super().get_queryset(request).select_related("partner__venue")
        return found.defer("partner__venue__logo")

    def get_changeform_initial_data(self, request: HttpRequest) -> dict[str, Any]:
        """Begin today, in the currency of the venue, where there is only one to think of."""
        asked = super().get_changeform_initial_data(request)
        venues = Venue.objects.defer("logo")
        if partner := _partner_asked_for(request):
            venues = venues.filter(pk=partner.venue_id)
        found = list(venues[:2])
        if len(found) != 1:
            return asked
        today = timezone.localdate(timezone=found[0].zone)
        return {"valid_from": today, "currency": found[0].currency} | asked

    def has_change_permission(self, request: HttpRequest, obj: Contract | None = None) -> bool:
        """Refuse to change one that is there: it is ended, or agreed on anew."""
        return obj is None and super().has_change_permission(request)

    def has_delete_permission(self, request: HttpRequest, obj: Contract | None = None) -> bool:
        """Refuse to delete one that something was sold under."""
        may_delete = super().has_delete_permission(request, obj)
        return may_delete and not (obj is not None and posting().is_used(obj))

    def get_urls(self) -> list[URLPattern]:
        """Add the ways on from a contract."""
        wrap = self.admin_site.admin_view
        return [
            path("<uuid:key>/end/", wrap(self.end_view), name="partners_contract_end"),
            path(
                "<uuid:key>/agree-anew/",
                wrap(self.agree_anew_view),
                name="partners_contract_agree_anew",
            ),
            *super().get_urls(),
        ]

    def end_view(self, request: HttpRequest, key: uuid.UUID) -> HttpResponse:
        """Let it end on a day."""
        return end_view(self, request, key)

    def agree_anew_view(self, request: HttpRequest, key: uuid.UUID) -> HttpResponse:
        """Let other terms follow from a day on."""
        return agree_anew_view(self, request, key)

    def state_bar(self, request: HttpRequest, row: Contract) -> StateBar:
        """Tell whether it holds, and the ways on from here."""
        text = standing_of(row)
        return StateBar(
            text=text,
            colour=STANDINGS[text],
            meaning=f"{row.rate}, {validity(row.valid_from, row.valid_until)}. What was sold under "
            "it keeps these terms: a contract is ended or agreed on anew, never changed.",
            buttons=list(_ways_on(request, row)),
        )

    def surroundings(self, request: HttpRequest, row: Contract) -> Mapping[str, Any]:
        """Return all versions of its partner."""
        versions = Contract.objects.filter(partner=row.partner_id).order_by("-version")
        rows = list(versions)
        for one in rows:
            one.partner = row.partner
        return {
            "contract": row,
            "versions": [
                {
                    "row": one,
                    "held": validity(one.valid_from, one.valid_until),
                    "standing": standing_of(one),
                    "colour": STANDINGS[standing_of(one)],
                    "url": reverse("admin:partners_contract_change", args=[one.pk]),
                }
                for one in rows
            ],
        }

    def changeform_view(
        self,
        request: HttpRequest,
        object_id: str | None = None,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        """Show the page, or save a new contract unless a colleague was faster."""
        view = partial(super().changeform_view, request, object_id, form_url, extra_context)
        if request.method != "POST":
            return view()
        return attempt(request, view) or redirect(request.get_full_path())

    def save_model(self, request: HttpRequest, obj: Contract, form: Any, change: bool) -> None:
        """Save it as the partner's next version and record it."""
        contracts.agree(contract=obj, actor=actor_of(request), now=timezone.now())

    def delete_model(self, request: HttpRequest, obj: Contract) -> None:
        """Remove it and record what it was."""
        contracts.remove(contract=obj, actor=actor_of(request), now=timezone.now())

    def delete_view(
        self, request: HttpRequest, object_id: str, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Remove it, unless something was sold under it a moment ago."""
        view = partial(super().delete_view, request, object_id, extra_context)
        if request.method != "POST":
            return view()
        return attempt(request, view) or redirect("admin:partners_contract_change", object_id)

    def log_addition(self, request: HttpRequest, obj: Any, message: Any) -> None:  # type: ignore[override]
        """Leave it to the event of the partner, which the audit log shows."""

    def log_deletions(self, request: HttpRequest, queryset: Iterable[Any]) -> None:  # type: ignore[override]
        """Leave it to the event of the partner."""

    @column("Version", order="version")
    def number(self, contract: Contract) -> int:
        """Return which version it is."""
        return contract.version

    @column("Terms", order="terms")
    def rate(self, contract: Contract) -> str:
        """Return the terms in a few words."""
        return contract.rate

    @column("Orders received", order="valid_from")
    def held(self, contract: Contract) -> str:
        """Return the days it holds on."""
        return validity(contract.valid_from, contract.valid_until)

    @column("Counts on", order="date_basis")
    def basis(self, contract: Contract) -> str:
        """Return which day counts, in a word."""
        return contract.get_date_basis_display().split(":")[0]

    @column("Who bills", order="billed_by")
    def bills(self, contract: Contract) -> str:
        """Return who writes the bill."""
        return "We" if contract.billed_by == "venue" else "The partner"

    @column("Holds", badges=STANDINGS)
    def standing(self, contract: Contract) -> str:
        """Tell whether it holds today."""
        return standing_of(contract)


def standing_of(contract: Contract) -> str:
    """Tell whether a contract holds today, on its venue's calendar."""
    today = timezone.localdate(timezone=contract.partner.venue.zone)
    if contract.valid_from > today:
        return "To come"
    is_over = contract.valid_until is not None and contract.valid_until < today
    return "Ended" if is_over else "Holds today"


def contract_of(request: HttpRequest, partner: Partner) -> dict[str, Any]:
    """Return what a partner's page tells of its contract, for those who may see it.

    One statement; nothing for others.
    """
    if not request.user.has_perm("partners.view_contract"):
        return {}
    today = timezone.localdate(timezone=partner.venue.zone)
    rows = list(Contract.objects.filter(partner=partner).order_by("version"))
    holding = [
        row for row in rows if row.valid_from <= today and (row.valid_until or today) >= today
    ]
    coming = [row for row in rows if row.valid_from > today]
    may_add = request.user.has_perm("partners.add_contract")
    shown = []
    for row in (*holding, *coming):
        row.partner = partner
        shown.append(
            {
                "row": row,
                "standing": standing_of(row),
                "colour": STANDINGS[standing_of(row)],
                "held": validity(row.valid_from, row.valid_until),
                "counts": row.get_date_basis_display().split(":")[0],
                "url": reverse("admin:partners_contract_change", args=[row.pk]),
            }
        )
    listed = reverse("admin:partners_contract_changelist")
    add = f"{reverse('admin:partners_contract_add')}?partner={partner.pk}"
    return {
        "contracts": shown,
        "has_contract_today": bool(holding),
        "contracts_url": f"{listed}?partner__id__exact={partner.pk}" if rows else "",
        "new_contract_url": add if may_add and not holding else "",
    }


def _ways_on(request: HttpRequest, row: Contract) -> Iterable[StateButton]:
    if not request.user.has_perm("partners.change_contract"):
        return
    if request.user.has_perm("partners.add_contract"):
        url = reverse("admin:partners_contract_agree_anew", args=[row.pk])
        yield StateButton(label="Agree anew from a day", icon="event_upcoming", url=url)
    url = reverse("admin:partners_contract_end", args=[row.pk])
    yield StateButton(label="End on a day", icon="event_busy", url=url)
    if button := posting().find_button(request, row):
        yield button


def _partner_asked_for(request: HttpRequest) -> Partner | None:
    try:
        key = uuid.UUID(request.GET.get("partner", ""))
    except ValueError:
        return None
    return Partner.objects.only("venue").filter(pk=key).first()

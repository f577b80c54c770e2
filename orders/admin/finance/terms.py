"""Contracts and the ledger: what carries them, and applying them to what was sold without."""

from __future__ import annotations

import datetime
import uuid

from django import forms
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone

from channel_manager.lib.admin.columns import money, validity
from channel_manager.lib.admin.confirmation import (
    Confirmation,
    actor_of,
    attempt,
    show_confirmation,
)
from channel_manager.lib.admin.standing import StateButton
from channel_manager.lib.admin.typed import ModelAdmin
from orders.finance import late_terms
from orders.finance.late_terms import LateTerms
from orders.models import LedgerEntry, LedgerKind
from partners.models import Contract

_NEEDED = "orders.decide_difference"


class EntriesOfContracts:
    """Tells of the entries that carry contracts (partners/admin/posting.py)."""

    def is_used(self, contract: Contract) -> bool:
        """Tell whether an entry carries a contract: one statement, by the partner's index."""
        entries = LedgerEntry.objects.filter(partner=contract.partner_id)
        # None was posted before it was agreed on.
        return entries.filter(posted_at__gte=contract.created_at, contract=contract).exists()

    def count_sold_since(self, contract: Contract, day: datetime.date) -> int:
        """Return how many sales carry a contract, of orders received from a day on."""
        zone = contract.partner.venue.zone
        start = datetime.datetime.combine(day, datetime.time(), zone)
        return LedgerEntry.objects.filter(
            partner=contract.partner_id,
            posted_at__gte=start,
            kind=LedgerKind.SALE,
            contract=contract,
            order__received_at__gte=start,
        ).count()

    def find_button(self, request: HttpRequest, contract: Contract) -> StateButton | None:
        """Return the way to apply a contract to what was sold without one, for those who may."""
        if not request.user.has_perm(_NEEDED) or not late_terms.is_anything_without(contract):
            return None
        return StateButton(
            label="Apply to entries without terms",
            icon="playlist_add_check",
            url=reverse("admin:orders_ledgerentry_late_terms", args=[contract.pk]),
        )


def late_terms_view(
    model_admin: ModelAdmin[LedgerEntry], request: HttpRequest, key: uuid.UUID
) -> HttpResponse:
    """Show what applying a contract posts (GET), or post it (POST)."""
    if not request.user.has_perm(_NEEDED):
        raise PermissionDenied
    contracts = Contract.objects.select_related("partner__venue").defer("partner__venue__logo")
    contract = contracts.filter(pk=key).first()
    if contract is None:
        messages.error(request, "This contract was removed meanwhile.")
        return redirect("admin:partners_contract_changelist")
    page = reverse("admin:partners_contract_change", args=[key])
    if request.method == "POST":
        done = attempt(
            request,
            lambda: late_terms.apply_to_earlier(
                contract_id=key, actor=actor_of(request), now=timezone.now()
            ),
        )
        if done is not None:
            messages.success(request, _told(contract, done))
        return redirect(page)
    found = late_terms.preview(contract=contract, now=timezone.now())
    return show_confirmation(
        request,
        model_admin=model_admin,
        confirmation=Confirmation(
            title=f"Apply {contract} to entries without terms",
            button="Post the commission",
            effects=_effects(contract, found),
            warnings=[] if found.entries else ["Nothing of these days is without terms."],
            back=page,
            is_blocked=not found.entries,
        ),
        form=forms.Form(),
    )


def _effects(contract: Contract, found: LateTerms) -> list[str]:
    held = validity(contract.valid_from, contract.valid_until)
    effects = [
        f"{_sales(found.sales)} of orders received {held} had no contract: {contract.rate} comes to "
        f"{money(found.commission, contract.currency)} of commission.",
        f"{_adjustments(len(found.entries))} posted, each on the day of the entry it is for. "
        "What was posted stays as it is; entries in closed periods are left out.",
    ]
    if found.left:
        effects.append(f"{_sales(found.left)} more are left for the next time.")
    return effects


def _told(contract: Contract, done: LateTerms) -> str:
    if not done.entries:
        return "Nothing was left to apply it to: somebody else was faster."
    amount = money(done.commission, contract.currency)
    return f"{_sales(done.sales)} got the terms of {contract}: {amount} of commission was posted."


def _adjustments(count: int) -> str:
    return "1 adjustment is" if count == 1 else f"{count:,} adjustments are"


def _sales(count: int) -> str:
    return "1 sale" if count == 1 else f"{count:,} sales"

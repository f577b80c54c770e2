"""The ways from one status of a partner to another."""

from __future__ import annotations

import dataclasses
import uuid
from collections.abc import Callable, Mapping
from typing import Literal

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone

from channel_manager.history import runner
from channel_manager.history.runner import Change
from channel_manager.lib.admin.confirmation import (
    Confirmation,
    ReasonForm,
    actor_of,
    attempt,
    show_confirmation,
)
from channel_manager.lib.admin.standing import StateBar, StateButton
from channel_manager.lib.admin.typed import ModelAdmin
from partners.models import Partner, PartnerStatus

COLOURS: Mapping[str, str] = {
    PartnerStatus.ONBOARDING: "info",
    PartnerStatus.ACTIVE: "success",
    PartnerStatus.PAUSED: "warning",
    PartnerStatus.CLOSED: "",
}
_MEANINGS: Mapping[str, str] = {
    PartnerStatus.ONBOARDING: "Being set up. Live keys cannot create orders yet.",
    PartnerStatus.ACTIVE: "Sells. Its live keys create, replace and confirm orders.",
    PartnerStatus.PAUSED: "Cannot create orders. Reading and cancelling go on.",
    PartnerStatus.CLOSED: "Ended for good. Reading and cancelling go on.",
}


@dataclasses.dataclass(frozen=True, kw_only=True)
class PartnerAction:
    """One button: where it is there, what it runs, and what it tells."""

    label: str
    icon: str
    event: str
    statuses: tuple[str, ...]
    transition: Callable[[Partner], object]
    effects: tuple[str, ...]
    look: Literal["primary", "quiet", "quiet-danger"] = "quiet"

    @property
    def is_destructive(self) -> bool:
        """Tell whether it ends something for good."""
        return self.look == "quiet-danger"


ACTIONS: Mapping[str, PartnerAction] = {
    "activate": PartnerAction(
        label="Activate",
        icon="play_arrow",
        event="activated",
        statuses=(PartnerStatus.ONBOARDING,),
        transition=Partner.activate,
        effects=("The partner sells from now on: its live keys can create orders.",),
        look="primary",
    ),
    "resume": PartnerAction(
        label="Resume",
        icon="play_arrow",
        event="resumed",
        statuses=(PartnerStatus.PAUSED,),
        transition=Partner.resume,
        effects=("The partner sells again: its live keys can create orders.",),
        look="primary",
    ),
    "pause": PartnerAction(
        label="Pause",
        icon="pause",
        event="paused",
        statuses=(PartnerStatus.ACTIVE,),
        transition=Partner.pause,
        effects=(
            "New orders, replacements and confirmations are refused with partner_not_active.",
            "Reading and cancelling go on. Orders that were sold stay valid.",
        ),
    ),
    "close": PartnerAction(
        label="Close",
        icon="block",
        event="closed",
        statuses=(PartnerStatus.ONBOARDING, PartnerStatus.ACTIVE, PartnerStatus.PAUSED),
        transition=Partner.close,
        effects=(
            "The partnership ends for good; a closed partner cannot be opened again.",
            "New orders are refused. Orders that were sold stay valid and can be cancelled.",
            "Its API keys go on working for reading and cancelling until they are revoked.",
        ),
        look="quiet-danger",
    ),
}


def state_bar(request: HttpRequest, partner: Partner) -> StateBar:
    """Return the partner's status with the buttons this person may press."""
    may_change = request.user.has_perm("partners.change_partner")
    return StateBar(
        text=partner.status,
        colour=COLOURS[partner.status],
        meaning=_MEANINGS[partner.status],
        buttons=[
            StateButton(
                label=action.label,
                icon=action.icon,
                url=reverse(f"admin:partners_partner_{name}", args=[partner.pk]),
                look=action.look,
            )
            for name, action in ACTIONS.items()
            if may_change and partner.status in action.statuses
        ],
    )


def action_view(
    model_admin: ModelAdmin[Partner], request: HttpRequest, partner_id: uuid.UUID, name: str
) -> HttpResponse:
    """Show what a change of status does (GET), or do it (POST)."""
    if not model_admin.has_change_permission(request):
        raise PermissionDenied
    action = ACTIONS[name]
    partner = Partner.objects.filter(pk=partner_id).first()
    if partner is None or partner.status not in action.statuses:
        state = f"is {partner.status} now" if partner else "no longer exists"
        messages.error(request, f"The partner {state}; {action.label.lower()} is not possible.")
        return redirect("admin:partners_partner_change", partner_id)
    form = ReasonForm(
        request.POST if request.method == "POST" else None, is_required=action.is_destructive
    )
    if form.is_valid():
        change = Change(
            name=action.event,
            actor=actor_of(request),
            now=timezone.now(),
            reason=form.cleaned_data["reason"],
        )
        rows = Partner.objects.filter(pk=partner_id)
        if attempt(request, lambda: runner.run(rows, action.transition, change=change)):
            messages.success(request, f"{partner} is {action.event}.")
        return redirect("admin:partners_partner_change", partner_id)
    return show_confirmation(
        request,
        model_admin=model_admin,
        subject=partner,
        confirmation=Confirmation(
            title=f"{action.label} {partner}",
            button=f"{action.label} partner",
            effects=action.effects,
            back=reverse("admin:partners_partner_change", args=[partner_id]),
            is_destructive=action.is_destructive,
        ),
        form=form,
    )

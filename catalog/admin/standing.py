"""The ways from one status of a package to another."""

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

from catalog import selling
from catalog.models import Package, PackageStatus
from channel_manager.lib.admin.confirmation import (
    Confirmation,
    ReasonForm,
    actor_of,
    attempt,
    show_confirmation,
)
from channel_manager.lib.admin.standing import StateBar, StateButton
from channel_manager.lib.admin.typed import ModelAdmin

COLOURS: Mapping[str, str] = {
    PackageStatus.DRAFT: "info",
    PackageStatus.ON_SALE: "success",
    PackageStatus.WITHDRAWN: "",
}
_MEANINGS: Mapping[str, str] = {
    PackageStatus.DRAFT: "Being set up. Orders for it are refused with not_on_sale.",
    PackageStatus.ON_SALE: "Partners can order it.",
    PackageStatus.WITHDRAWN: "Orders for it are refused with not_on_sale. Sold ones stay valid.",
}


@dataclasses.dataclass(frozen=True, kw_only=True)
class PackageAction:
    """One button: where it is there, what it runs, and what it tells."""

    label: str
    icon: str
    statuses: tuple[str, ...]
    run: Callable[..., Package]
    effects: tuple[str, ...]
    look: Literal["primary", "quiet"] = "quiet"


ACTIONS: Mapping[str, PackageAction] = {
    "put-on-sale": PackageAction(
        label="Put on sale",
        icon="storefront",
        statuses=(PackageStatus.DRAFT, PackageStatus.WITHDRAWN),
        run=selling.put_on_sale,
        effects=("Partners can order it at once, by their mapping or by its code.",),
        look="primary",
    ),
    "withdraw": PackageAction(
        label="Withdraw",
        icon="block",
        statuses=(PackageStatus.ON_SALE,),
        run=selling.withdraw,
        effects=(
            "New orders for it are refused with not_on_sale.",
            "What was sold stays valid. It can be put on sale again.",
        ),
    ),
}


def state_bar(request: HttpRequest, package: Package) -> StateBar:
    """Return the package's status with the buttons this person may press."""
    may_change = request.user.has_perm("catalog.change_package")
    return StateBar(
        text=str(package.get_status_display()),
        colour=COLOURS[package.status],
        meaning=_MEANINGS[package.status],
        buttons=[
            StateButton(
                label=action.label,
                icon=action.icon,
                url=reverse(f"admin:catalog_package_{name}", args=[package.pk]),
                look=action.look,
            )
            for name, action in ACTIONS.items()
            if may_change and package.status in action.statuses
        ],
    )


def action_view(
    model_admin: ModelAdmin[Package], request: HttpRequest, package_id: uuid.UUID, name: str
) -> HttpResponse:
    """Show what a change of status does (GET), or do it (POST)."""
    if not model_admin.has_change_permission(request):
        raise PermissionDenied
    action = ACTIONS[name]
    package = Package.objects.filter(pk=package_id).first()
    if package is None or package.status not in action.statuses:
        state = f"is {package.get_status_display()} now" if package else "no longer exists"
        messages.error(request, f"The package {state}; {action.label.lower()} is not possible.")
        return redirect("admin:catalog_package_change", package_id)
    form = ReasonForm(request.POST if request.method == "POST" else None)
    if form.is_valid():
        done = attempt(
            request,
            lambda: action.run(
                package_id=package_id,
                actor=actor_of(request),
                now=timezone.now(),
                reason=form.cleaned_data["reason"],
            ),
        )
        if done:
            messages.success(request, f"{done.code} is {done.get_status_display().lower()}.")
        return redirect("admin:catalog_package_change", package_id)
    faults = selling.find_faults(package) if name == "put-on-sale" else []
    return show_confirmation(
        request,
        model_admin=model_admin,
        subject=package,
        confirmation=Confirmation(
            title=f"{action.label}: {package}",
            button=action.label,
            effects=action.effects,
            warnings=[fault.detail for fault in faults],
            back=reverse("admin:catalog_package_change", args=[package_id]),
            is_blocked=bool(faults),
        ),
        form=form,
    )

"""The buttons of an order at an outside system: what a person has found out there."""

from __future__ import annotations

import dataclasses
import uuid
from collections.abc import Callable, Sequence
from typing import Any

from django import forms
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone

from channel_manager.lib.admin.confirmation import Confirmation, ReasonForm, actor_of
from channel_manager.lib.admin.standing import Action, StateButton, ask_first
from channel_manager.lib.admin.typed import ModelAdmin, TextInput
from orders.outside import settling
from wallets.models import OutsideOrder, OutsideOrderStatus, OutsideTicketStatus

SETTLE = "wallets.settle_outsideorder"
_CHANGE = "admin:wallets_outsideorder_change"


class WhyForm(ReasonForm):
    """Asks how one knows."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs, is_required=True)


class DoneForm(WhyForm):
    """Asks what the order is called there, and how one knows."""

    outside_reference = forms.CharField(
        label="Its number there (optional)",
        max_length=100,
        required=False,
        widget=TextInput,
        help_text="As that system shows it. With it the order can be cancelled there by us, where "
        "that system lets us.",
    )
    field_order = ("outside_reference", "reason")


@dataclasses.dataclass(frozen=True, kw_only=True)
class Settlement(Action):
    """One button: when it suits, what it tells before it is pressed, and what it does.

    act: does it; it takes the form's answers by their names. told: what staff read afterwards.
    """

    suits: Callable[[OutsideOrder], bool]
    tell: Callable[[OutsideOrder], Sequence[str]]
    act: Callable[..., OutsideOrder]
    told: str
    form: Callable[..., forms.Form] = WhyForm


def buttons(request: HttpRequest, row: OutsideOrder) -> list[StateButton]:
    """Return the buttons that settle it, for those who may."""
    if not request.user.has_perm(SETTLE):
        return []
    return [
        action.button(reverse(f"admin:wallets_outsideorder_{name}", args=[row.pk]))
        for name, action in ACTIONS.items()
        if action.suits(row)
    ]


def action_view(
    model_admin: ModelAdmin[OutsideOrder], request: HttpRequest, key: uuid.UUID, name: str
) -> HttpResponse:
    """Show what settling it does (GET), or settle it (POST)."""
    if not (request.user.has_perm(SETTLE) and model_admin.has_view_permission(request)):
        raise PermissionDenied
    action = ACTIONS[name]
    row = OutsideOrder.objects.select_related("connection").filter(pk=key).first()
    if row is None or not action.suits(row):
        status = str(row.get_status_display()) if row else "gone"
        told = f"Its status is now: {status}. {action.label} is not possible."
        messages.error(request, told)
        return redirect(_CHANGE, key)
    form = action.form(request.POST if request.method == "POST" else None)

    def act() -> str:
        answers = form.cleaned_data
        action.act(outside_order_id=row.pk, actor=actor_of(request), now=timezone.now(), **answers)
        return action.told

    return ask_first(
        request,
        model_admin=model_admin,
        row=row,
        form=form,
        act=act,
        confirm=lambda: Confirmation(
            title=f"{action.label}: {row}",
            button=action.label,
            effects=action.tell(row),
            back=reverse(_CHANGE, args=[key]),
            is_destructive=action.is_destructive,
        ),
    )


def has_left_tickets(row: OutsideOrder) -> bool:
    """Tell whether single tickets of it are left there for a person."""
    return row.tickets.filter(status=OutsideTicketStatus.LEFT).exists()


def _is_unknown(row: OutsideOrder) -> bool:
    return bool(row.status == OutsideOrderStatus.UNKNOWN)


def _is_left(row: OutsideOrder) -> bool:
    return row.status == OutsideOrderStatus.LEFT or has_left_tickets(row)


def _of_done(row: OutsideOrder) -> Sequence[str]:
    if row.is_current:
        after = "Replay the order then: it is issued with our numbers, and nothing is asked there."
    else:
        after = "Our order is gone: it is cancelled there, by us or, where we cannot, by you."
    return (f"You have seen the order {row} at {row.connection}. {_LOOK}", after)


def _of_not_done(row: OutsideOrder) -> Sequence[str]:
    found = [f"You have looked, and the order {row} is not at {row.connection}. {_LOOK}"]
    if row.is_current:
        found.append("Replay the order then: another is made there.")
    return found


def _of_ended(row: OutsideOrder) -> Sequence[str]:
    return (
        f"You have cancelled it at {row.connection} yourself: nothing is asked there by this.",
        "It no longer waits for a person.",
    )


_LOOK = "Make sure of it: two of one order, or none, is what comes of a wrong answer."

ACTIONS = {
    "settle_done": Settlement(
        label="Done there",
        icon="task_alt",
        statuses=(OutsideOrderStatus.UNKNOWN,),
        look="primary",
        suits=_is_unknown,
        tell=_of_done,
        act=settling.settle_done,
        told="It is kept as made there.",
        form=DoneForm,
    ),
    "settle_not_done": Settlement(
        label="Not done there",
        icon="block",
        statuses=(OutsideOrderStatus.UNKNOWN,),
        suits=_is_unknown,
        tell=_of_not_done,
        act=settling.settle_not_done,
        told="It is kept as not made there.",
    ),
    "settle_ended": Settlement(
        label="Cancelled there by hand",
        icon="done_all",
        statuses=(OutsideOrderStatus.LEFT,),
        look="primary",
        suits=_is_left,
        tell=_of_ended,
        act=settling.settle_ended,
        told="It is kept as cancelled there.",
    ),
}

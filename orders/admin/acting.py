"""The buttons of an order, and the page of each, which asks before it acts."""

from __future__ import annotations

import dataclasses
import uuid
from collections.abc import Mapping
from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse

from channel_manager.lib.admin.confirmation import attempt, show_confirmation
from channel_manager.lib.admin.standing import StateButton
from channel_manager.lib.admin.typed import ModelAdmin
from channel_manager.lib.errors import ErrorCode, Refusal
from orders import reading
from orders.admin import page
from orders.admin.actions import ACTIONS, OrderAction
from orders.admin.page import OrderPage
from orders.models import Order


class ChangedMeanwhile(Refusal):
    """The order is no longer what the page showed when the button was pressed."""

    code = ErrorCode.ORDER_STATE_CONFLICT


def buttons(request: HttpRequest, shown: OrderPage) -> list[StateButton]:
    """Return the buttons that an order's status and this person's permissions allow.

    None comes before what has to be mended.
    """
    order = shown.order
    found = [
        action.button(reverse(f"admin:orders_order_{name}", args=[order.pk]))
        for name, action in ACTIONS.items()
        if action.has_button
        and order.status in action.statuses
        and action.suits(order)
        and request.user.has_perm(action.permission)
    ]
    if not shown.to_mend:
        return found
    return [
        dataclasses.replace(button, look="quiet") if button.look == "primary" else button
        for button in found
    ]


def url_beside(request: HttpRequest, order: Order, name: str) -> str:
    """Return the page of an action on a part of the order; empty for whom it is not there."""
    action = ACTIONS[name]
    if order.status not in action.statuses or not request.user.has_perm(action.permission):
        return ""
    if not action.suits(order):
        return ""
    return reverse(f"admin:orders_order_{name}", args=[order.pk])


def action_view(
    model_admin: ModelAdmin[Order], request: HttpRequest, order_id: uuid.UUID, name: str
) -> HttpResponse:
    """Show what an action does (GET), or do it (POST)."""
    action = ACTIONS[name]
    may_act = request.user.has_perm(action.permission)
    if not (may_act and model_admin.has_view_permission(request)):
        raise PermissionDenied
    order = page.find(order_id)
    if order is None:
        # Its page tells what became of it.
        return redirect("admin:orders_order_change", order_id)
    if obstacle := action.obstacle(order):
        messages.error(request, obstacle)
        return redirect("admin:orders_order_change", order_id)
    form = action.form(
        request.POST if request.method == "POST" else None,
        initial={
            "seen": action.seen(order),
            "chosen": ",".join(request.GET.getlist("of")),
            **action.asked(request, order),
        },
    )
    if form.is_valid():
        told = attempt(request, lambda: _as_seen(request, order, action, form.cleaned_data))
        if told or not action.may_retry:
            return _after(request, order, told)
    shown = attempt(request, lambda: action.narrow(page.read(order), form))
    if shown is None:
        return redirect("admin:orders_order_change", order.pk)
    confirmation = action.tell(shown, reverse("admin:orders_order_change", args=[order.pk]))
    override = ACTIONS.get(action.override)
    if override and confirmation.is_blocked and request.user.has_perm(override.permission):
        query = request.GET.urlencode()
        url = reverse(f"admin:orders_order_{action.override}", args=[order.pk])
        return redirect(f"{url}?{query}" if query else url)
    return show_confirmation(
        request, model_admin=model_admin, subject=order, confirmation=confirmation, form=form
    )


def _after(request: HttpRequest, order: Order, told: str | None) -> HttpResponse:
    """Lead back to the order, where it still exists, with what was done to it."""
    if told:
        messages.success(request, told)
    if Order.objects.filter(pk=order.pk).exists():
        return redirect("admin:orders_order_change", order.pk)
    return redirect("admin:orders_order_changelist")


def _as_seen(
    request: HttpRequest, order: Order, action: OrderAction, answers: Mapping[str, Any]
) -> str:
    """Act on the order only while it is what the page described.

    A Draft that was issued while its page stood open must not lose valid tickets.
    """
    with transaction.atomic():
        now = reading.lock_order(Order.objects.all(), order.pk)
        if action.seen(now) != answers["seen"]:
            raise ChangedMeanwhile(
                f"Order {order} has changed since this page was opened; it is {now.status} now. "
                "Nothing was done: look again."
            )
        return action.act(request, order, answers)

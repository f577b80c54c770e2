"""The buttons of an order: confirm, move, cancel, replay; each a page that asks before it acts."""

from __future__ import annotations

import dataclasses
import uuid
from collections.abc import Callable, Mapping
from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.forms import Form
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone

from channel_manager.lib.admin.confirmation import (
    Confirmation,
    actor_of,
    attempt,
    show_confirmation,
)
from channel_manager.lib.admin.standing import Look, StateButton
from channel_manager.lib.admin.typed import ModelAdmin
from channel_manager.lib.errors import ErrorCode, Refusal
from orders import cancellation, erasure, lifecycle, reading
from orders.admin import (
    effects,
    erasing,
    moving,
    page,
    reissue,
    resending,
    wallet_effects,
    wallets,
)
from orders.admin.forms import ActionForm, CancelForm, ConfirmForm
from orders.admin.page import OrderPage
from orders.models import Order, OrderStatus
from orders.models.order import SETTLED


class ChangedMeanwhile(Refusal):
    """The order is no longer what the page showed when the button was pressed."""

    code = ErrorCode.ORDER_STATE_CONFLICT


@dataclasses.dataclass(frozen=True, kw_only=True)
class OrderAction:
    """One button: when it is there, who may press it, what it asks, tells and does.

    unsuited: what is told of an order that it does not suit. may_retry: what was answered stays on
    the page after a refusal, to be changed. narrow: has the page tell of what was chosen by `?of=`
    only. override: the action that a blocked page leads to, for those who may.
    """

    label: str
    icon: str
    permission: str
    statuses: tuple[str, ...]
    form: type[ActionForm]
    tell: Callable[[OrderPage, str], Confirmation]
    act: Callable[[HttpRequest, Order, Mapping[str, Any]], str]
    is_destructive: bool = False
    may_retry: bool = False
    has_button: bool = True
    look: Look = "primary"
    suits: Callable[[Order], bool] = lambda _order: True
    unsuited: str = ""
    asked: Callable[[HttpRequest, Order], Mapping[str, Any]] = lambda _request, _order: {}
    narrow: Callable[[OrderPage, Form], OrderPage] = lambda page, _form: page
    override: str = ""
    seen: Callable[[Order], str] = lambda order: order.status_since.isoformat()


def buttons(request: HttpRequest, shown: OrderPage) -> list[StateButton]:
    """Return the buttons that an order's status and this person's permissions allow."""
    order = shown.order
    return [
        StateButton(
            label=action.label,
            icon=action.icon,
            url=reverse(f"admin:orders_order_{name}", args=[order.pk]),
            look=_look_of(action, shown),
        )
        for name, action in ACTIONS.items()
        if action.has_button
        and order.status in action.statuses
        and action.suits(order)
        and request.user.has_perm(action.permission)
    ]


def _look_of(action: OrderAction, shown: OrderPage) -> Look:
    """Return how a button looks: none comes before what has to be mended."""
    if action.is_destructive:
        return "quiet-danger"
    return "quiet" if shown.to_mend else action.look


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
    if obstacle := _obstacle(action, order):
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


def _obstacle(action: OrderAction, order: Order) -> str:
    """Say why an action is not there for an order; nothing where it is."""
    if order.status not in action.statuses:
        return f"Order {order} is {order.status} now; {action.label.lower()} is not possible."
    return "" if action.suits(order) else f"Order {order} {action.unsuited}"


def _replay(request: HttpRequest, order: Order, answers: Mapping[str, Any]) -> str:
    lifecycle.replay_order(
        orders=Order.objects.all(),
        order_id=order.pk,
        actor=actor_of(request),
        now=timezone.now(),
        reason=answers["reason"],
    )
    return f"Order {order} was submitted again."


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
                f"Somebody else was faster: order {order} is {now.status} now. Nothing was done."
            )
        return action.act(request, order, answers)


def _overbook(request: HttpRequest, order: Order, answers: Mapping[str, Any]) -> str:
    lifecycle.replay_over_capacity(
        orders=Order.objects.all(),
        order_id=order.pk,
        actor=actor_of(request),
        now=timezone.now(),
        reason=answers["reason"],
    )
    return f"Order {order} was submitted again, over the capacity of its sessions."


def _confirm(request: HttpRequest, order: Order, answers: Mapping[str, Any]) -> str:
    lifecycle.confirm_order(
        orders=Order.objects.all(),
        order_id=order.pk,
        payment_reference=answers["payment_reference"],
        actor=actor_of(request),
        now=timezone.now(),
        reason=answers["reason"],
    )
    return f"Order {order} is confirmed and issued."


def _cancel(request: HttpRequest, order: Order, answers: Mapping[str, Any]) -> str:
    was_issued = order.status == OrderStatus.ISSUED
    cancellation.cancel_order(
        orders=Order.objects.all(),
        order_id=order.pk,
        actor=actor_of(request),
        now=timezone.now(),
        reason=answers["reason"],
    )
    if was_issued:
        return f"Order {order} is cancelled."
    return f"Order {order} was removed for good. The history keeps its numbers."


def _cancel_used(request: HttpRequest, order: Order, answers: Mapping[str, Any]) -> str:
    cancellation.cancel_used_order(
        orders=Order.objects.all(),
        order_id=order.pk,
        actor=actor_of(request),
        now=timezone.now(),
        reason=answers["reason"],
    )
    return f"Order {order} is cancelled, although it was used."


ACTIONS: Mapping[str, OrderAction] = {
    "confirm": OrderAction(
        label="Confirm",
        icon="payments",
        permission="orders.confirm_order",
        statuses=(OrderStatus.DRAFT,),
        form=ConfirmForm,
        tell=effects.of_confirming,
        act=_confirm,
    ),
    "replay": OrderAction(
        label="Replay",
        icon="replay",
        permission="orders.replay_order",
        statuses=(OrderStatus.ERROR,),
        form=ActionForm,
        tell=effects.of_replaying,
        act=_replay,
    ),
    # What keeps an order from being replayed leads here when it is a lack of places.
    "overbook": OrderAction(
        label="Replay over the capacity",
        icon="group_add",
        permission="orders.overbook_order",
        statuses=(OrderStatus.ERROR,),
        form=CancelForm,
        tell=effects.of_overbooking,
        act=_overbook,
        has_button=False,
    ),
    "move": OrderAction(
        label="Move to another day",
        icon="event_repeat",
        permission="orders.move_order",
        statuses=(OrderStatus.ISSUED, OrderStatus.DRAFT, OrderStatus.ERROR),
        form=moving.MoveForm,
        tell=moving.of_moving,
        act=moving.move,
        may_retry=True,
        look="quiet",
        suits=moving.has_a_day,
        unsuited="has nothing that is visited on a day.",
        asked=moving.asked,
        seen=moving.seen,
    ),
    "resend": OrderAction(
        label="Send link to partner",
        icon="send",
        permission="wallets.resend_manifest",
        statuses=(OrderStatus.ISSUED,),
        form=ActionForm,
        tell=resending.of_resending,
        act=resending.resend,
        look="quiet",
    ),
    "mail": OrderAction(
        label="E-mail link",
        icon="mail",
        permission="wallets.resend_manifest",
        statuses=(OrderStatus.ISSUED,),
        form=resending.MailForm,
        tell=resending.of_mailing,
        act=resending.mail,
        may_retry=True,
        look="quiet",
        suits=resending.may_mail,
        unsuited="is a test, or its partner does not want its guests mailed.",
        asked=resending.asked,
    ),
    "cancel": OrderAction(
        label="Cancel order",
        icon="block",
        permission="orders.cancel_order",
        statuses=(OrderStatus.ISSUED, OrderStatus.DRAFT, OrderStatus.ERROR),
        form=CancelForm,
        tell=effects.of_cancelling,
        act=_cancel,
        is_destructive=True,
        override="cancel_used",
        seen=moving.seen,
    ),
    # Beside the guest's name, and not among what is done to the order.
    "erase": OrderAction(
        label="Erase personal data",
        icon="person_remove",
        permission=erasing.PERMISSION,
        statuses=SETTLED,
        form=CancelForm,
        tell=erasing.of_erasing,
        act=erasing.erase,
        is_destructive=True,
        has_button=False,
        suits=erasure.is_there_something,
        unsuited="names nobody any more.",
    ),
    # The page of "cancel" leads here when something was used.
    "cancel_used": OrderAction(
        label="Cancel used order",
        icon="block",
        permission="orders.cancel_used_order",
        statuses=(OrderStatus.ISSUED,),
        form=CancelForm,
        tell=effects.of_cancelling_used,
        act=_cancel_used,
        is_destructive=True,
        has_button=False,
        seen=wallets.seen_with_uses,
    ),
    # These stand beside each wallet and asset.
    "cancel_wallets": OrderAction(
        label="Cancel wallets",
        icon="block",
        permission="orders.cancel_wallet",
        statuses=(OrderStatus.ISSUED,),
        form=wallets.ChosenForm,
        tell=wallet_effects.of_cancelling,
        act=wallets.cancel,
        is_destructive=True,
        has_button=False,
        narrow=wallets.narrow,
        override="cancel_used_wallets",
        seen=moving.seen,
    ),
    "cancel_used_wallets": OrderAction(
        label="Cancel used wallets",
        icon="block",
        permission="orders.cancel_used_order",
        statuses=(OrderStatus.ISSUED,),
        form=wallets.ChosenForm,
        tell=wallet_effects.of_cancelling_used,
        act=wallets.cancel_used,
        is_destructive=True,
        has_button=False,
        narrow=wallets.narrow,
        seen=wallets.seen_with_uses,
    ),
    "reissue": OrderAction(
        label="Reissue",
        icon="autorenew",
        permission="orders.reissue_asset",
        statuses=(OrderStatus.ISSUED,),
        form=wallets.ChosenForm,
        tell=reissue.of_reissuing,
        act=reissue.reissue,
        has_button=False,
        narrow=reissue.narrow,
        seen=wallets.seen_with_uses,
    ),
}

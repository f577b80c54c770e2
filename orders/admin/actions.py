"""What can be done to one order: when, by whom, what is asked and told first, and what does it."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from typing import Any

from django.forms import Form
from django.http import HttpRequest

from channel_manager.lib.admin.confirmation import Confirmation
from channel_manager.lib.admin.standing import Action, Look
from orders import erasure
from orders.admin import (
    deeds,
    effects,
    erasing,
    moving,
    reissue,
    resending,
    wallet_effects,
    wallets,
)
from orders.admin.forms import ActionForm, CancelForm, ConfirmForm
from orders.admin.page import OrderPage
from orders.models import Order, OrderStatus
from orders.models.order import SETTLED


@dataclasses.dataclass(frozen=True, kw_only=True)
class OrderAction(Action):
    """One button: when it is there, who may press it, what it asks, tells and does.

    may_retry: what was answered stays on the page after a refusal, to be changed. unsuited: what is
    told of an order that it does not suit. narrow: has the page tell of what was chosen by `?of=`
    only. override: the action that a blocked page leads to, for those who may.
    """

    permission: str
    form: type[ActionForm]
    tell: Callable[[OrderPage, str], Confirmation]
    act: Callable[[HttpRequest, Order, Mapping[str, Any]], str]
    look: Look = "primary"
    may_retry: bool = False
    has_button: bool = True
    suits: Callable[[Order], bool] = lambda _order: True
    unsuited: str = ""
    asked: Callable[[HttpRequest, Order], Mapping[str, Any]] = lambda _request, _order: {}
    narrow: Callable[[OrderPage, Form], OrderPage] = lambda page, _form: page
    override: str = ""
    seen: Callable[[Order], str] = lambda order: order.status_since.isoformat()

    def obstacle(self, order: Order) -> str:
        """Say why it is not there for an order; nothing where it is."""
        if order.status not in self.statuses:
            return f"Order {order} is {order.status} now; {self.label.lower()} is not possible."
        return "" if self.suits(order) else f"Order {order} {self.unsuited}"


def _though_used(
    action: OrderAction,
    *,
    label: str,
    tell: Callable[[OrderPage, str], Confirmation],
    act: Callable[[HttpRequest, Order, Mapping[str, Any]], str],
) -> OrderAction:
    """Return what a cancelling leads to, for those who may, when guests have entered."""
    return dataclasses.replace(
        action,
        label=label,
        permission="orders.cancel_used_order",
        statuses=(OrderStatus.ISSUED,),
        tell=tell,
        act=act,
        has_button=False,
        override="",
        seen=wallets.seen_with_uses,
    )


_CANCEL = OrderAction(
    label="Cancel order",
    icon="block",
    permission="orders.cancel_order",
    statuses=(OrderStatus.ISSUED, OrderStatus.DRAFT, OrderStatus.ERROR),
    form=CancelForm,
    tell=effects.of_cancelling,
    act=deeds.cancel,
    is_destructive=True,
    override="cancel_used",
    seen=moving.seen,
)

_CANCEL_WALLETS = OrderAction(
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
)

ACTIONS: Mapping[str, OrderAction] = {
    "confirm": OrderAction(
        label="Confirm",
        icon="payments",
        permission="orders.confirm_order",
        statuses=(OrderStatus.DRAFT,),
        form=ConfirmForm,
        tell=effects.of_confirming,
        act=deeds.confirm,
    ),
    "replay": OrderAction(
        label="Replay",
        icon="replay",
        permission="orders.replay_order",
        statuses=(OrderStatus.ERROR,),
        form=ActionForm,
        tell=effects.of_replaying,
        act=deeds.replay,
    ),
    # What keeps an order from being replayed leads here when it is a lack of places.
    "overbook": OrderAction(
        label="Replay over the capacity",
        icon="group_add",
        permission="orders.overbook_order",
        statuses=(OrderStatus.ERROR,),
        form=CancelForm,
        tell=effects.of_overbooking,
        act=deeds.overbook,
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
    "cancel": _CANCEL,
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
    "cancel_used": _though_used(
        _CANCEL,
        label="Cancel used order",
        tell=effects.of_cancelling_used,
        act=deeds.cancel_used,
    ),
    # These stand beside each wallet and asset.
    "cancel_wallets": _CANCEL_WALLETS,
    "cancel_used_wallets": _though_used(
        _CANCEL_WALLETS,
        label="Cancel used wallets",
        tell=wallet_effects.of_cancelling_used,
        act=wallets.cancel_used,
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

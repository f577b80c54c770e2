"""Sending the link of a manifest again: to the partner's webhook, or to the guest by e-mail."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from django import forms
from django.db.models import Q
from django.http import HttpRequest

from channel_manager.lib import personal
from channel_manager.lib.admin import people
from channel_manager.lib.admin.confirmation import Confirmation
from channel_manager.lib.admin.typed import Select
from orders import mailing
from orders.admin.deeds import deed_of
from orders.admin.effects import count
from orders.admin.forms import ActionForm
from orders.admin.page import OrderPage
from orders.models import Order
from orders.resending import resend_to_partner
from partners.models import EndpointStatus, EventType, WebhookEndpoint

_OF_THE_ORDER = "0"


class MailForm(ActionForm):
    """Asks which guest, where lines have their own, and why."""

    to = forms.TypedChoiceField(label="To", coerce=int, widget=Select)
    field_order = ("to", "reason", "seen")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        choices: list[tuple[str, str]] = self.initial.get("addresses", [])
        self.fields["to"].choices = choices  # type: ignore[attr-defined]


def asked(request: HttpRequest, order: Order) -> Mapping[str, Any]:
    """Return the addresses that the form offers: the order's, and others of its lines."""
    shown: Callable[[str], str] = str if people.may_see(request) else personal.mask
    return {"addresses": [(value, shown(email) + what) for value, email, what in _addresses(order)]}


def _addresses(order: Order) -> Iterator[tuple[str, str, str]]:
    """Find where a mail may go: the form's value, the address, and whose it is."""
    if order.sell_to_email:
        yield _OF_THE_ORDER, order.sell_to_email, ""
    for line in order.lines.order_by("line_no"):
        if line.sell_to_email and line.sell_to_email != order.sell_to_email and line.units_left:
            whose = f" (line {line.line_no}: its own wallets)"
            yield str(line.line_no), line.sell_to_email, whose


def may_mail(order: Order) -> bool:
    """Tell whether the partner allows that its guests are mailed, and there is a guest."""
    return mailing.allows_mails(order) and not order.test_mode


def of_mailing(page: OrderPage, back: str) -> Confirmation:
    """Tell what mailing a guest does, and what is in the way."""
    order = page.order
    obstacle = mailing.obstacle_of(order)
    if not obstacle and not any(_addresses(order)):
        obstacle = "The order has no e-mail address to send it to."
    return Confirmation(
        title=f"E-mail the link of order {order}",
        button="Send e-mail",
        effects=[
            f"The guest gets an e-mail in {order.venue}'s name with the link of the tickets, within "
            "a minute. It tells nothing else of the order.",
            "The history says that it was asked for, and whether the mail server took it.",
        ],
        warnings=[obstacle] if obstacle else [],
        back=back,
        is_blocked=bool(obstacle),
    )


def mail(request: HttpRequest, order: Order, answers: Mapping[str, Any]) -> str:
    """Have a guest mailed for the signed-in person; return what to tell them."""
    mailing.ask_for_mail(line_no=answers["to"] or None, **deed_of(request, order, answers))
    return f"An e-mail with the link of order {order} is on its way. The history says what becomes of it."


def of_resending(page: OrderPage, back: str) -> Confirmation:
    """Tell what sending the partner the link again does."""
    order = page.order
    hearing = _hearing(order)
    to = f"to {count(hearing, 'endpoint')} of {order.partner}" if hearing else "to the feed only"
    return Confirmation(
        title=f"Send the link of order {order} to {order.partner}",
        button="Send link",
        effects=[
            f"An event ota_cm_order_changed with the manifest's address goes {to}.",
            "Nothing of the order changes.",
        ],
        warnings=[]
        if hearing
        else [
            f"{order.partner} has no webhook endpoint that takes this event: it hears of it when it "
            "reads its feed."
        ],
        back=back,
    )


def resend(request: HttpRequest, order: Order, answers: Mapping[str, Any]) -> str:
    """Send the partner the link for the signed-in person; return what to tell them."""
    resend_to_partner(**deed_of(request, order, answers))
    if not _hearing(order):
        return f"The link of order {order} stands in the feed of {order.partner}."
    return f"The link of order {order} is on its way to {order.partner}."


def _hearing(order: Order) -> int:
    """Return how many endpoints of the partner take the event."""
    endpoints = WebhookEndpoint.objects.filter(partner=order.partner_id, test_mode=order.test_mode)
    wanting = Q(event_types=[]) | Q(event_types__contains=[EventType.CHANGED])
    return endpoints.exclude(status=EndpointStatus.OFF).filter(wanting).count()

"""Erasing what is known of guests, in the admin: of one order, and of all orders of one guest."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any

from django import forms
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone

from channel_manager.lib.admin.confirmation import (
    Confirmation,
    ReasonForm,
    actor_of,
    attempt,
    show_confirmation,
)
from channel_manager.lib.admin.typed import ModelAdmin, TextInput
from orders import checkout_erasure, erasure
from orders.admin.deeds import deed_of
from orders.admin.page import OrderPage
from orders.models import Order
from orders.models.order import IN_FLIGHT

PERMISSION = "orders.erase_personal_data"
_EFFECTS = (
    "Names and e-mail addresses go for good: of the order, its lines and wallets, of the requests "
    "as received, of answers kept for repetition, and what endpoints answered.",
    "References, dates, quantities, prices, states and the history stay. Tickets stay valid; the "
    "manifest names nobody any more.",
    "What staff wrote as a reason stays, too: where it names a guest, it will go on doing so.",
    "The partner is not told, and keeps what it has itself. What it sends when it replaces the "
    "order is kept again.",
)


class AddressForm(forms.Form):
    """Asks whose data are to be erased."""

    address = forms.CharField(
        label="The guest's e-mail address",
        max_length=254,
        widget=TextInput(attrs={"inputmode": "email", "autocomplete": "off"}),
        help_text="The whole address, in any case.",
    )

    def clean_address(self) -> str:
        """Refuse what can be no address: parts of one would meet others, too."""
        address: str = self.cleaned_data["address"]
        if "@" not in address.strip("@"):
            raise forms.ValidationError("The whole e-mail address, such as anna@example.com.")
        return address


class GuestForm(ReasonForm):
    """Asks why, and remembers whose data it is about: an address must not stand in a link."""

    address = forms.CharField(max_length=254, widget=forms.HiddenInput)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, is_required=True, **kwargs)


def of_erasing(page: OrderPage, back: str) -> Confirmation:
    """Tell what erasing the guests of one order does."""
    return Confirmation(
        title=f"Erase personal data of order {page.order}",
        button="Erase personal data",
        effects=_EFFECTS,
        back=back,
        is_destructive=True,
    )


def erase(request: HttpRequest, order: Order, answers: Mapping[str, Any]) -> str:
    """Erase one order for the signed-in person; return what to tell them."""
    erasure.erase_order(**deed_of(request, order, answers))
    return f"Personal data of order {order} are erased."


def guest_view(model_admin: ModelAdmin[Order], request: HttpRequest) -> HttpResponse:
    """Ask for an address (GET), tell how many orders name it, then erase them (POST)."""
    if not (request.user.has_perm(PERMISSION) and model_admin.has_view_permission(request)):
        raise PermissionDenied
    show = partial(show_confirmation, request, model_admin=model_admin)
    asked = AddressForm(request.POST if request.method == "POST" else None)
    if not asked.is_valid():
        return show(confirmation=_asking(), form=asked)
    address = asked.cleaned_data["address"]
    form = GuestForm(initial={"address": address})
    done: erasure.Erased | None = None
    if "reason" in request.POST:
        form = GuestForm(request.POST)
        if form.is_valid():
            answers = form.cleaned_data
            done = attempt(request, lambda: _erase_all(request, answers))
    if done:
        told_of = _orders(done.orders)
        if done.checkouts:
            plural = "" if done.checkouts == 1 else "s"
            told_of += f", and of {done.checkouts} purchase{plural} that became none,"
        messages.success(request, f"Personal data of {told_of} are erased.")
    told = attempt(request, lambda: _telling(address))
    if told is None:
        return show(confirmation=_asking(), form=asked)
    if done and not told.is_destructive:
        return redirect("admin:orders_order_changelist")
    return show(confirmation=told, form=form)


def _erase_all(request: HttpRequest, answers: Mapping[str, Any]) -> erasure.Erased:
    return erasure.erase_guest(
        address=answers["address"],
        actor=actor_of(request),
        now=timezone.now(),
        reason=answers["reason"],
    )


def _asking() -> Confirmation:
    return Confirmation(
        title="Erase personal data of a guest",
        button="Look for orders",
        effects=("The next page tells how many orders name the address, before anything is done.",),
        back=reverse("admin:orders_order_changelist"),
    )


def _telling(address: str) -> Confirmation:
    """Tell how many orders name an address, and which of them the next press erases."""
    found = erasure.orders_of_guest(address=address)
    at_once, has_more = erasure.AT_ONCE, len(found) > erasure.AT_ONCE
    newest = Order.objects.filter(pk__in=found[:at_once]).order_by("-pk")
    rows = list(newest.values_list("buy_from_order_reference", "status"))
    numbers = [number for number, status in rows if status not in IN_FLIGHT]
    in_flight = len(rows) - len(numbers)
    purchases = checkout_erasure.count_of_buyer(address=address)
    warnings = []
    if not found and not purchases:
        warnings.append("No order names this address, or what named it is erased already.")
    if in_flight:
        warnings.append(f"{_orders(in_flight)} in flight: look again once settled.")
    if has_more:
        warnings.append(f"The newest {at_once} are erased at once; press again for more.")
    how_many = f"more than {_orders(at_once)}" if has_more else _orders(len(found))
    effects = ["The orders that name this address are erased whole.", *_EFFECTS] if found else []
    if purchases:
        how_many += f", {purchases} without an order"
        effects.append(f"Purchases that became no order: {purchases}. Their buyer is erased.")
    return Confirmation(
        title=f"Erase personal data of {how_many}" if effects else "Nothing to erase",
        button="Erase personal data",
        effects=effects,
        warnings=warnings,
        numbers={"Orders": numbers},
        back=reverse("admin:orders_order_erase_guest"),
        post_to=reverse("admin:orders_order_erase_guest"),
        is_destructive=bool(effects),
        is_blocked=not (numbers or purchases),
    )


def _orders(number: int) -> str:
    return f"{number} order{'' if number == 1 else 's'}"

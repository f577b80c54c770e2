"""Reissuing one ticket or coupon of an order: what is told, asked and done."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any

from django import forms
from django.http import HttpRequest

from catalog.rescheduling import in_words
from channel_manager.lib.admin.confirmation import Confirmation
from orders.admin.deeds import deed_of
from orders.admin.page import OrderPage
from orders.models import Order
from orders.outside import refusing
from orders.reissuing import AssetNotReissuable, reissue_asset
from wallets.models import Asset, AssetStatus


def narrow(page: OrderPage, form: forms.Form) -> OrderPage:
    """Return the page with the asset that was chosen; raises AssetNotReissuable."""
    asset = _named(page.order, str(form["chosen"].value() or ""))
    return dataclasses.replace(page, chosen_asset=asset)


def of_reissuing(page: OrderPage, back: str) -> Confirmation:
    """Tell what reissuing the chosen asset does."""
    order, asset = page.order, page.chosen_asset
    if asset is None:
        raise _not_there(order)
    wallet, left = asset.wallet, asset.admissions_left
    warnings = [] if left else ["It has been used: nothing is left of it to reissue."]
    if systems := refusing.systems_of(asset):
        warnings = [f"It is issued by {systems}. {refusing.to_reissue(systems)}"]
    visit = f"on {in_words(asset.visit_date)}" if asset.visit_date else "as before"
    seat = f", seat {asset.seat}" if asset.seat else ""
    effects = [
        f"{asset}, {asset.description}, is destroyed. The gate refuses its number from then on and "
        "says that it was replaced.",
        f"A new {asset.type} with a number of its own takes its place, for the visit {visit}{seat}.",
    ]
    if asset.admissions > 1:
        effects.append(
            f"{asset.admitted} of its {asset.admissions} admissions were taken: the new one has "
            f"the other {left}."
        )
    external = wallet.external_reference_number
    keeps = f", the partner's {external} and its link" if external else " and its link"
    effects += [
        f"Wallet {wallet} keeps its number{keeps}; its manifest shows the new {asset.type}.",
        f"The price stays; {order.partner} is told that the order has changed.",
    ]
    return Confirmation(
        title=f"Reissue {asset.type} {asset}",
        button=f"Reissue {asset.type}",
        effects=effects,
        warnings=warnings,
        back=back,
        is_blocked=bool(warnings),
    )


def reissue(request: HttpRequest, order: Order, answers: Mapping[str, Any]) -> str:
    """Reissue the chosen asset for the signed-in person; return what to tell them."""
    asset = _named(order, answers["chosen"])
    successor = reissue_asset(asset_id=asset.pk, **deed_of(request, order, answers))
    return f"{asset} is replaced by {successor}."


def _named(order: Order, number: str) -> Asset:
    assets = Asset.objects.filter(wallet__order=order).select_related("wallet")
    # Whatever is typed: the database refuses some characters.
    asset = assets.filter(reference_number=number).first() if number.isprintable() else None
    if asset is None:
        raise _not_there(order)
    if asset.status == AssetStatus.DESTROYED:
        raise AssetNotReissuable(
            f"This ticket or coupon of order {order} was cancelled or replaced already."
        )
    return asset


def _not_there(order: Order) -> AssetNotReissuable:
    return AssetNotReissuable(f"Order {order} has no such ticket or coupon. Nothing was done.")

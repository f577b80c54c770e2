"""Acting on some wallets of an order: which ones, and what is asked and done."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from typing import Any

from django import forms
from django.core.exceptions import PermissionDenied
from django.db.models import Sum
from django.http import HttpRequest

from orders import wallet_cancellation
from orders.admin import moving
from orders.admin.deeds import deed_of
from orders.admin.forms import CancelForm
from orders.admin.page import OrderPage, token_of
from orders.models import Order
from orders.wallet_cancellation import WalletNotThere
from wallets.models import Asset, Wallet, WalletStatus


class ChosenForm(CancelForm):
    """Asks why, and remembers what was chosen on the order's page."""

    chosen = forms.CharField(widget=forms.HiddenInput, required=False)


def wallets_named(order: Order, tokens: str) -> list[Wallet]:
    """Return the living wallets that a page named, their lines at hand; raises WalletNotThere.

    tokens: as `token_of` makes them, or wallet numbers; with commas between.
    """
    wanted = set(filter(None, tokens.split(",")))
    if not wanted:
        raise WalletNotThere("Choose a wallet first: tick it in its line below.")
    named = {
        wallet: wanted & {token_of(wallet, wallet.line), wallet.reference_number}
        for wallet in Wallet.objects.filter(order=order)
        .prefetch_related("line")
        .order_by("line__line_no", "seq_no")
    }
    if wanted - set().union(*named.values()):
        raise WalletNotThere(f"Order {order} has no such wallet. Nothing was done.")
    chosen = [wallet for wallet, names in named.items() if names]
    if any(wallet.status == WalletStatus.DESTROYED for wallet in chosen):
        raise WalletNotThere("A wallet that was chosen is cancelled already. Nothing was done.")
    return chosen


def narrow(page: OrderPage, form: forms.Form) -> OrderPage:
    """Return the page with the wallets that were chosen; raises WalletNotThere."""
    chosen = wallets_named(page.order, str(form["chosen"].value() or ""))
    return dataclasses.replace(page, chosen=chosen)


def seen_with_uses(order: Order) -> str:
    """Return what the page has shown: nobody cancels over an entry that it did not tell of."""
    admitted = Asset.objects.filter(wallet__order=order).aggregate(total=Sum("admitted"))["total"]
    return f"{moving.seen(order)} {admitted}"


def cancel(request: HttpRequest, order: Order, answers: Mapping[str, Any]) -> str:
    """Cancel the chosen wallets for the signed-in person; return what to tell them.

    All that are left are the order: who may not cancel that may not cancel them together.
    """
    chosen = wallets_named(order, answers["chosen"])
    is_the_order = Wallet.objects.living().filter(order=order).count() == len(chosen)
    if is_the_order and not request.user.has_perm("orders.cancel_order"):
        raise PermissionDenied
    return _end(request, order, chosen, answers, wallet_cancellation.cancel_wallets)


def cancel_used(request: HttpRequest, order: Order, answers: Mapping[str, Any]) -> str:
    """Cancel the chosen wallets though they were used; return what to tell."""
    chosen = wallets_named(order, answers["chosen"])
    return _end(request, order, chosen, answers, wallet_cancellation.cancel_used_wallets)


def _end(
    request: HttpRequest,
    order: Order,
    chosen: list[Wallet],
    answers: Mapping[str, Any],
    cancel_them: Callable[..., Order],
) -> str:
    ended = cancel_them(
        wallet_ids=[wallet.pk for wallet in chosen], **deed_of(request, order, answers)
    )
    return _told(ended, chosen)


def _told(order: Order, cancelled: list[Wallet]) -> str:
    which = str(cancelled[0]) if len(cancelled) == 1 else f"{len(cancelled)} wallets"
    verb = "is" if len(cancelled) == 1 else "are"
    return f"{which} of order {order} {verb} cancelled; the order is {order.status}."

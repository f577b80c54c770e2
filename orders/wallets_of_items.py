"""Which wallet of its order each unit of a checkout became."""

from __future__ import annotations

import uuid
from collections.abc import Sequence

from orders.models import Checkout, CheckoutItem
from wallets.models import Wallet


def wallets_of(checkout: Checkout, items: Sequence[CheckoutItem]) -> dict[uuid.UUID, Wallet]:
    """Return the wallet of each item that has one, with its line; one statement.

    The units of a group share a wallet. An order that was removed has none any more.
    """
    if checkout.order_id is None:
        return {}
    wallets = Wallet.objects.filter(order=checkout.order_id, line__isnull=False)
    found = {
        (wallet.line.line_no, wallet.seq_no): wallet
        for wallet in wallets.select_related("line").order_by("pk")
        if wallet.line
    }
    named = {}
    for item in items:
        line_no, seq_no = item.line_no or 0, item.seq_no or 0
        wallet = found.get((line_no, 1))
        if wallet is None or wallet.line is None or not wallet.line.is_group:
            wallet = found.get((line_no, seq_no))
        if wallet is not None:
            named[item.pk] = wallet
    return named

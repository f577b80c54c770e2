"""What is kept of an order that was removed: every number it had."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable
from typing import Any

from django.db.models import Q

from orders.models import Order
from wallets.models import Asset, Wallet

EVENT = "deleted"
_NUMBERS = ("buyFromOrderReference", "sellToOrderReference")
_LISTS = ("walletReferenceNumbers", "externalReferenceNumbers", "assetReferenceNumbers")


@dataclasses.dataclass(frozen=True, kw_only=True)
class Tombstone:
    """The ids and numbers of a removed order; no person's name stands here."""

    partner_id: str
    venue_id: str
    test_mode: bool
    buy_from_order_reference: str
    sell_to_order_reference: str
    wallet_reference_numbers: list[str]
    external_reference_numbers: list[str]
    asset_reference_numbers: list[str]

    def to_data(self) -> dict[str, Any]:
        """Return it as the event keeps it."""
        return {
            "partnerId": self.partner_id,
            "venueId": self.venue_id,
            **({"testMode": True} if self.test_mode else {}),
            "buyFromOrderReference": self.buy_from_order_reference,
            "sellToOrderReference": self.sell_to_order_reference,
            "walletReferenceNumbers": self.wallet_reference_numbers,
            "externalReferenceNumbers": self.external_reference_numbers,
            "assetReferenceNumbers": self.asset_reference_numbers,
        }


def of(order: Order) -> Tombstone:
    """Return the tombstone of an order: numbers of replaced wallets and unresolved lines, too."""
    wallets = list(Wallet.objects.filter(order=order).order_by("pk"))
    external = [wallet.external_reference_number for wallet in wallets]
    for line in order.lines.order_by("line_no"):
        external.extend(line.external_reference_numbers)
    assets = Asset.objects.filter(wallet__order=order).order_by("pk")
    return Tombstone(
        partner_id=str(order.partner_id),
        venue_id=str(order.venue_id),
        test_mode=order.test_mode,
        buy_from_order_reference=order.buy_from_order_reference,
        sell_to_order_reference=order.sell_to_order_reference,
        wallet_reference_numbers=[wallet.reference_number for wallet in wallets],
        external_reference_numbers=list(dict.fromkeys(filter(None, external))),
        asset_reference_numbers=list(assets.values_list("reference_number", flat=True)),
    )


def lists_any_of(numbers: Iterable[str]) -> Q:
    """Return the condition on an event's data that its tombstone lists one of the numbers."""
    condition = Q(pk__in=())
    for number in numbers:
        for key in _NUMBERS:
            condition |= Q(data__contains={key: number})
        for key in _LISTS:
            condition |= Q(data__contains={key: [number]})
    return condition

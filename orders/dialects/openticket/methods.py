"""The ways in which a shop's guests may pay, by the GUIDs that the shop knows them by."""

from __future__ import annotations

import dataclasses
import uuid
from decimal import Decimal

from orders import paying
from orders.dialects.openticket import guids
from partners.models import Storefront


@dataclasses.dataclass(frozen=True, kw_only=True)
class Method:
    """A payment method; cost: what it adds to what is paid."""

    guid: str
    code: str
    name: str
    cost: Decimal


def list_methods(storefront: Storefront) -> list[Method]:
    """Return the payment methods of a shop."""
    methods = paying.list_methods(storefront)
    known = guids.guids_of(storefront, guids.PAYMENT_METHOD, [method.code for method in methods])
    return [
        Method(guid=known[method.code], code=method.code, name=method.name, cost=method.cost)
        for method in methods
    ]


def find_method(storefront: Storefront, guid: uuid.UUID | None) -> Method | None:
    """Return the payment method with a GUID; None where the shop has none."""
    return next((one for one in list_methods(storefront) if one.guid == str(guid)), None)

"""What cannot be done with tickets that another system has issued: it holds them, and we do not."""

from __future__ import annotations

import uuid
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping

from catalog.models import System
from channel_manager.lib.errors import ErrorCode, Refusal
from orders.models import Order
from wallets.models import Asset, OutsideOrder, OutsideOrderStatus, OutsideTicket

# What stands, or may stand, at the other side for an order as it is.
_STANDING = (OutsideOrderStatus.OPEN, OutsideOrderStatus.MADE, OutsideOrderStatus.UNKNOWN)


class IssuedElsewhere(Refusal):
    """The tickets stand at another system, which we cannot have change them."""

    code = ErrorCode.ORDER_STATE_CONFLICT


def require_ours(*, order: Order, components: Collection[uuid.UUID]) -> None:
    """Raise IssuedElsewhere when another system has made, or is making, tickets of these components.

    A draft has nothing there yet. One statement, none without components.
    """
    if not components:
        return
    rows = OutsideOrder.objects.current().filter(order_key=order.pk, status__in=_STANDING)
    if names := name_systems(rows.values_list("connection__system", flat=True)):
        raise IssuedElsewhere(f"Order {order} is issued by {names}. {to_move(names)}")


def require_own_asset(*, asset: Asset) -> None:
    """Raise IssuedElsewhere for a ticket or coupon that another system has issued; one statement."""
    if names := systems_of(asset):
        raise IssuedElsewhere(f"{asset} is issued by {names}. {to_reissue(names)}")


def systems_of(asset: Asset) -> str:
    """Return the name of the system that issued an asset; nothing for our own. One statement."""
    tickets = OutsideTicket.objects.filter(asset=asset).order_by()
    return name_systems(tickets.values_list("outside_order__connection__system", flat=True))


def read_systems(orders: Collection[uuid.UUID]) -> Mapping[uuid.UUID, str]:
    """Return which systems issue some orders, in words; those all our own are left out."""
    rows = OutsideOrder.objects.current().filter(order_key__in=orders, status__in=_STANDING)
    found: dict[uuid.UUID, set[str]] = defaultdict(set)
    for key, system in rows.order_by().values_list("order_key", "connection__system"):
        found[key].add(system)
    return {key: name_systems(systems) for key, systems in found.items()}


def name_systems(systems: Iterable[str]) -> str:
    """Return systems by name, such as `Onebox and Ordino`; nothing for none."""
    return " and ".join(sorted({str(System(system).label) for system in systems}))


def to_move(names: str) -> str:
    """Say what to do instead of moving an order."""
    return (
        f"Its visit cannot be moved at {names} from here: cancel the order and have the partner "
        "order the other day."
    )


def to_reissue(names: str) -> str:
    """Say what to do instead of reissuing a ticket."""
    return (
        f"Its number is that of {names}: have it replaced there, or cancel its wallet and have the "
        "partner order anew."
    )

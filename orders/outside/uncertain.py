"""What keeps orders from being issued by a replay: nobody knows whether some of it was made."""

from __future__ import annotations

import uuid
from collections import Counter, defaultdict
from collections.abc import Collection, Mapping

from django.db.models import Exists, OuterRef

from orders.models import Order, OrderStatus
from wallets.models import OutsideOrder, OutsideOrderStatus
from wallets.models.outside import OutsideOrderQuerySet


def read_unsettled(orders: Collection[uuid.UUID]) -> Mapping[uuid.UUID, str]:
    """Return at which connections, in words, it is not known what was made of orders.

    Those that wait for nobody are left out. One statement.
    """
    rows = _unknown().filter(order_key__in=orders).select_related("connection").order_by()
    found: dict[uuid.UUID, set[str]] = defaultdict(set)
    for row in rows.only("order_key", "connection__system", "connection__name"):
        found[row.order_key].add(str(row.connection))
    return {key: " and ".join(sorted(names)) for key, names in found.items()}


def count_unsettled() -> Mapping[str, int]:
    """Return how many live orders in Error wait to be settled, by fingerprint; one statement."""
    waiting = _unknown().filter(order_key=OuterRef("pk"))
    failed = Order.objects.live().filter(Exists(waiting), status=OrderStatus.ERROR)
    return Counter(failed.order_by().values_list("failure_fingerprint", flat=True))


def to_settle(names: str) -> str:
    """Say what has to happen before a replay can issue an order."""
    return f"Nobody knows whether {names} made it: settle that first."


def _unknown() -> OutsideOrderQuerySet:
    return OutsideOrder.objects.current().filter(status=OutsideOrderStatus.UNKNOWN)

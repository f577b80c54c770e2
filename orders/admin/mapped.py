"""What the page of a mapping is told of orders: how many were sold under it, which wait for it, and
what a change means for both.
"""

from __future__ import annotations

import uuid
from collections.abc import Collection, Mapping
from urllib.parse import urlencode

from django.contrib import messages
from django.db import connection
from django.db.models import Count
from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone

from catalog.admin.sold import Number, Sold
from catalog.models import PackageMapping
from orders.admin.causes import REPLAY
from orders.admin.waiting import read_waiting
from orders.causes import unmapped_fingerprint
from orders.models import Order, OrderStatus

# Beyond it a number is no longer counted.
_LIMIT = 10_000
# Read from the index alone (line_by_mapping), and no further than the limit.
_COUNT = """
    SELECT v.id, (
        SELECT count(*) FROM (
            SELECT DISTINCT l.order_id FROM orders_orderline l WHERE l.mapping_id = v.id
            ORDER BY l.order_id LIMIT %s
        ) AS sold
    ) FROM unnest(%s::uuid[]) AS v(id)
"""


def count_orders(request: HttpRequest, versions: Collection[uuid.UUID]) -> Mapping[uuid.UUID, Sold]:
    """Return how many orders, tests included, were sold under each version: one statement."""
    if not request.user.has_perm("orders.view_order"):
        return {}
    with connection.cursor() as cursor:
        cursor.execute(_COUNT, [_LIMIT + 1, list(versions)])
        counts: dict[uuid.UUID, int] = dict(cursor.fetchall())
    return {key: Sold(_in_words(count), _list_url(key)) for key, count in counts.items()}


def find_waiting(request: HttpRequest, numbers: Collection[Number], back: str) -> str:
    """Return the page of the failed orders that wait for these numbers; empty for none.

    Somebody who may see orders but not replay them is told how many there are. One statement.
    """
    if not request.user.has_perm("orders.view_order"):
        return ""
    groups = (
        Order.objects.live()
        .filter(
            status=OrderStatus.ERROR,
            failure_fingerprint__in=[unmapped_fingerprint(*number) for number in numbers],
        )
        .order_by()
        .values_list("failure_fingerprint")
        .annotate(Count("pk"))
    )
    waiting = dict(groups)
    if not waiting:
        return ""
    if not request.user.has_perm(REPLAY):
        count = sum(waiting.values())
        told = "1 order waits" if count == 1 else f"{count:,} orders wait"
        messages.info(request, f"{told} for this. Somebody who may replay orders finds them.")
        return ""
    if len(waiting) > 1:
        return reverse("admin:orders_batch_causes")
    (cause,) = waiting
    query = {"cause": cause, **({"next": back} if back else {})}
    return f"{reverse('admin:orders_batch_start')}?{urlencode(query)}"


def tell_change(
    request: HttpRequest, current: PackageMapping, following: PackageMapping
) -> list[str]:
    """Say how many orders were sold under a version that ends, and what waits for its number."""
    told = [
        f"Sold under {current.title} so far, and not touched: {sold.counted}."
        for sold in count_orders(request, [current.pk]).values()
    ]
    if request.user.has_perm("orders.view_order"):
        number = unmapped_fingerprint(following.partner_id, following.item_number)
        waiting = read_waiting(number, now=timezone.now(), meaning=following)
        if waiting.count:
            wait = "order waits" if waiting.count == 1 else "orders wait"
            why = " The preview says why." if waiting.refused else ""
            told.append(
                f"{waiting.count:,} {wait} for this number. Replayed after this: "
                f"{waiting.in_words}{why}"
            )
    return told


def _in_words(count: int) -> str:
    if count > _LIMIT:
        return f"more than {_LIMIT:,} orders"
    return "1 order" if count == 1 else f"{count:,} orders"


def _list_url(version: uuid.UUID) -> str:
    query = {"mapping": str(version), "test_mode": "with"}
    return f"{reverse('admin:orders_order_changelist')}?{urlencode(query)}"

"""Finding orders and having their lines, wallets and assets at hand."""

from __future__ import annotations

import datetime
import uuid
from collections import defaultdict
from collections.abc import Sequence

from django.db.models import Model, Prefetch, QuerySet

from channel_manager.history import runner
from channel_manager.lib.errors import NotFound
from orders.models import Order, OrderLine
from orders.requests import ScheduleRequest
from wallets.models import Asset, Wallet
from wallets.outside_tickets import with_outside


def whole(orders: QuerySet[Order]) -> QuerySet[Order]:
    """Have lines, wallets and assets read along: three statements more, whatever their number."""
    return orders.prefetch_related(
        Prefetch("lines", OrderLine.objects.select_related("package").order_by("line_no")),
        Prefetch("lines__wallets", Wallet.objects.order_by("seq_no")),
        Prefetch(
            "lines__wallets__assets",
            with_outside(Asset.objects.select_related("item")).order_by(
                "position", "unit", "generation"
            ),
        ),
    )


def find_order(orders: QuerySet[Order], order_id: uuid.UUID) -> Order:
    """Return one order of the set, whole; raises NotFound."""
    order = whole(orders).filter(pk=order_id).first()
    if order is None:
        raise no_such_order()
    return order


def lock_order(orders: QuerySet[Order], order_id: uuid.UUID) -> Order:
    """Lock one order of the set in the open transaction; raises NotFound."""
    locked = runner.lock(
        orders.filter(pk=order_id).select_related("partner__venue").defer("partner__venue__logo")
    )
    if not locked:
        raise no_such_order()
    return locked[0]


def identify(order: Order) -> dict[str, str]:
    """Return what tells a partner which of its orders is meant."""
    return {
        "orderId": str(order.pk),
        "buyFromOrderReference": order.buy_from_order_reference,
        "existingStatus": order.status,
    }


def no_such_order() -> NotFound:
    """Return the refusal for an id that names none of the caller's orders."""
    return NotFound("You have no order with this id.")


def attach(
    order: Order,
    lines: Sequence[OrderLine],
    wallets: Sequence[Wallet],
    assets: Sequence[Asset] = (),
) -> None:
    """Have a new order's rows at hand without reading them back; one just submitted has no assets."""
    by_line: dict[uuid.UUID | None, list[Wallet]] = defaultdict(list)
    by_wallet: dict[uuid.UUID, list[Asset]] = defaultdict(list)
    for asset in assets:
        by_wallet[asset.wallet_id].append(asset)
    for wallet in wallets:
        _have(wallet, assets=by_wallet[wallet.pk])
        by_line[wallet.line_id].append(wallet)
    for line in lines:
        _have(line, wallets=by_line[line.pk])
    _have(order, lines=list(lines))


def _have(row: Model, **related: Sequence[Model]) -> None:
    """Hand a row its related rows as if they had been prefetched."""
    row._prefetched_objects_cache = related  # type: ignore[attr-defined]


def requested_schedule(line: OrderLine) -> tuple[ScheduleRequest, ...]:
    """Return the component schedule a line was ordered with."""
    return tuple(
        ScheduleRequest(
            item_number=entry["itemNumber"],
            visit_date=entry["visitDate"] and datetime.date.fromisoformat(entry["visitDate"]),
            visit_time=entry["visitTime"] and datetime.time.fromisoformat(entry["visitTime"]),
            seats=tuple(entry["seats"]) if entry.get("seats") else None,
        )
        for entry in line.component_schedule
    )

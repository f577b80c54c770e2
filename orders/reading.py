"""Finding orders and having their lines, wallets and assets at hand."""

from __future__ import annotations

import datetime
import uuid
from collections import defaultdict
from collections.abc import Iterable, Sequence

from django.db.models import Model, QuerySet

from channel_manager.history import runner
from channel_manager.lib.errors import NotFound
from channel_manager.lib.written import Written
from orders.models import Order, OrderLine
from orders.requests import ScheduleRequest
from partners.account import Account
from wallets.models import Asset, Wallet
from wallets.outside_tickets import with_outside

_OF_ACCOUNT = {
    mode: Written(
        lambda order_id, partner_id, mode=mode: Order.objects.filter(
            pk=order_id, partner=partner_id, test_mode=mode
        ),
        keys=2,
    )
    for mode in (False, True)
}
_LINES = Written(
    lambda order_id: (
        OrderLine.objects.filter(order=order_id).select_related("package").order_by("line_no")
    )
)
# Not what was destroyed because its line was replaced: a draft may be replaced ever again.
_WALLETS = Written(
    lambda order_id: Wallet.objects.filter(order=order_id, line__isnull=False).order_by("seq_no")
)
_ASSETS = Written(
    lambda order_id: with_outside(
        Asset.objects.filter(wallet__order=order_id, wallet__line__isnull=False).select_related(
            "item"
        )
    ).order_by("position", "unit", "generation")
)


def find_order_of(account: Account, order_id: uuid.UUID) -> Order:
    """Return one of an account's orders, whole: four statements; raises NotFound."""
    return _whole(_OF_ACCOUNT[account.test_mode].rows(order_id, account.partner.pk))


def find_order(orders: QuerySet[Order], order_id: uuid.UUID) -> Order:
    """Return one order of the set, whole: four statements; raises NotFound."""
    return _whole(orders.filter(pk=order_id))


def _whole(found: Iterable[Order]) -> Order:
    """Return the only order that was found with its lines, wallets and assets at hand."""
    for order in found:
        lines, wallets = _LINES.rows(order.pk), _WALLETS.rows(order.pk)
        attach(order, lines, wallets, _ASSETS.rows(order.pk))
        return order
    raise no_such_order()


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
    """Have an order's rows at hand, in the order given; one just submitted has no assets."""
    by_line: dict[uuid.UUID | None, list[Wallet]] = defaultdict(list)
    by_wallet: dict[uuid.UUID, list[Asset]] = defaultdict(list)
    for asset in assets:
        by_wallet[asset.wallet_id].append(asset)
    for wallet in wallets:
        _have(wallet, assets=by_wallet[wallet.pk])
        by_line[wallet.line_id].append(wallet)
    for line in lines:
        line.order = order
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

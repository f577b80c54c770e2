"""Ending orders: cancelling an issued one, removing one that never was."""

from __future__ import annotations

import datetime
import uuid
from collections.abc import Iterable, Sequence

from django.db import transaction
from django.db.models import QuerySet

from channel_manager.history import runner
from channel_manager.history.runner import Change
from channel_manager.lib.errors import ErrorCode, Refusal
from orders import destruction, ledger, reading, receipt, tombstone
from orders.actions import require_action
from orders.announcing import announce
from orders.models import Order, OrderStatus
from orders.outside import ending, forgetting
from orders.receipt import Received
from partners import idempotency
from partners.models import EventType
from partners.webhooks import pruning
from wallets.models import Asset, Wallet


class AssetUsed(Refusal):
    """A ticket or coupon of the order has been admitted."""

    code = ErrorCode.ASSET_USED


class CancelDeadlinePassed(Refusal):
    """The partner's agreement no longer lets it cancel so close to the visit."""

    code = ErrorCode.CANCEL_DEADLINE_PASSED


def cancel_for_partner(
    *,
    orders: QuerySet[Order],
    order_id: uuid.UUID,
    actor: str,
    now: datetime.datetime,
    received: Received | None = None,
) -> Order:
    """End an order as its partner may: as `cancel_order`, within the agreed deadline.

    The request is kept where the order is. Raises CancelDeadlinePassed besides.
    """
    with transaction.atomic():
        order = reading.lock_order(orders, order_id)
        held = destruction.release_places_and_lock(order)
        if order.status == OrderStatus.ISSUED:
            refuse_late(order, held[1], now)
            receipt.keep(received, order, now)
        return _end(order, *held, actor=actor, now=now, reason="")


def cancel_order(
    *,
    orders: QuerySet[Order],
    order_id: uuid.UUID,
    actor: str,
    now: datetime.datetime,
    reason: str = "",
) -> Order:
    """End an order and destroy its wallets; return it as it ended.

    Issued: Cancelled, the row stays and the sale is taken back. Draft or Error: the rows are
    removed, a tombstone event keeps every number. Cancelled: nothing happens. Raises NotFound,
    OrderStateConflict, AssetUsed (contract section 5).
    """
    with transaction.atomic():
        order = reading.lock_order(orders, order_id)
        held = destruction.release_places_and_lock(order)
        return _end(order, *held, actor=actor, now=now, reason=reason)


def cancel_used_order(
    *,
    orders: QuerySet[Order],
    order_id: uuid.UUID,
    actor: str,
    now: datetime.datetime,
    reason: str,
) -> Order:
    """End an order as `cancel_order` does, though guests have entered with its tickets.

    For staff who may override; the event names what was used. Raises NotFound, OrderStateConflict.
    """
    with transaction.atomic():
        order = reading.lock_order(orders, order_id)
        held = destruction.release_places_and_lock(order)
        return _end_although_used(order, *held, actor=actor, now=now, reason=reason)


def remove_order(*, order: Order, actor: str, now: datetime.datetime, reason: str) -> Order:
    """Remove a locked order that was never issued, rows and all; return it as it ended.

    The tombstone event lists every number it had.
    """
    return _remove(
        order, *destruction.release_places_and_lock(order), actor=actor, now=now, reason=reason
    )


def cancel_deadline(order: Order, assets: Sequence[Asset]) -> datetime.datetime | None:
    """Return until when the partner may cancel; None without a deadline or a dated visit."""
    hours = order.partner.cancel_deadline_hours
    starts = min((asset.valid_from for asset in assets if asset.visit_date), default=None)
    if hours is None or starts is None:
        return None
    return starts - datetime.timedelta(hours=hours)


def used_numbers(assets: Iterable[Asset]) -> list[str]:
    """Return the numbers of the tickets and coupons that somebody was admitted with."""
    return [asset.reference_number for asset in assets if asset.admitted]


def refuse_used(assets: Iterable[Asset], *, what: str) -> None:
    """Raise AssetUsed when somebody was admitted with one of them; what: order or wallet."""
    used = used_numbers(assets)
    if used:
        raise AssetUsed(
            f"A ticket or coupon of this {what} has been used.", members={"usedAssets": used[:10]}
        )


def refuse_late(order: Order, assets: Sequence[Asset], now: datetime.datetime) -> None:
    """Raise CancelDeadlinePassed where the partner may not cancel these assets any more."""
    deadline = cancel_deadline(order, assets)
    if deadline is not None and now > deadline:
        raise CancelDeadlinePassed(
            "This order could be cancelled until "
            f"{deadline.astimezone(order.venue.zone).isoformat()}, "
            f"{order.partner.cancel_deadline_hours} hours before the visit."
        )


def _end(
    order: Order,
    wallets: Sequence[Wallet],
    assets: Sequence[Asset],
    *,
    actor: str,
    now: datetime.datetime,
    reason: str,
) -> Order:
    """End a locked order; its assets are locked too, so that no admission slips in between."""
    if order.status == OrderStatus.ISSUED:
        refuse_used(assets, what="order")
    return _end_although_used(order, wallets, assets, actor=actor, now=now, reason=reason)


def _end_although_used(
    order: Order,
    wallets: Sequence[Wallet],
    assets: Sequence[Asset],
    *,
    actor: str,
    now: datetime.datetime,
    reason: str,
) -> Order:
    if order.status == OrderStatus.CANCELLED:
        return reading.find_order(Order.objects.all(), order.pk)
    require_action(order, "delete")
    if order.status != OrderStatus.ISSUED:
        return _remove(order, wallets, assets, actor=actor, now=now, reason=reason)
    used = used_numbers(assets)
    destruction.destroy(wallets, assets, by=actor, why=reason or "cancelled", now=now)
    ending.end_order(order=order, actor=actor, now=now)
    runner.apply_to(
        [order],
        lambda row: row.cancel(now=now),
        change=Change(
            name="cancelled",
            actor=actor,
            now=now,
            reason=reason,
            data={"usedAssets": used} if used else {},
        ),
    )
    ledger.post_reversal(order=order, reason=reason, now=now)
    announce(order, EventType.CANCELLED, now=now)
    return reading.find_order(Order.objects.all(), order.pk)


def _remove(
    order: Order,
    wallets: Sequence[Wallet],
    assets: Sequence[Asset],
    *,
    actor: str,
    now: datetime.datetime,
    reason: str,
) -> Order:
    data = tombstone.of(order).to_data()
    destruction.destroy(wallets, assets, by=actor, why=reason or "deleted", now=now)
    ending.end_order(order=order, actor=actor, now=now)
    ended = reading.find_order(Order.objects.all(), order.pk)
    before = ended.status
    ended.remove(now=now)
    runner.record(
        [ended],
        change=Change(name=tombstone.EVENT, actor=actor, now=now, reason=reason, data=data),
        before=[before],
    )
    announce(ended, EventType.CANCELLED, now=now)
    # Nobody could look these up by the order any more, to erase them.
    idempotency.blank_answers(order_id=order.pk)
    pruning.forget_answers(order_id=order.pk)
    forgetting.forget_links(order_id=order.pk)
    order.delete()
    return ended

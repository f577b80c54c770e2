"""What partners and staff do to orders that have settled: confirm, cancel, replay."""

from __future__ import annotations

import datetime
import uuid

from django.db import transaction
from django.db.models import QuerySet

from channel_manager.history import runner
from channel_manager.history.runner import Change
from channel_manager.lib.errors import ErrorCode, Refusal
from orders import destruction, ledger, reading
from orders.actions import OrderStateConflict, require_action
from orders.models import Order, OrderStatus
from orders.queueing import enqueue_issuance
from orders.resolution import resolve_lines
from wallets.models import Asset, AssetStatus


class AssetUsed(Refusal):
    """A ticket or coupon of the order has been admitted."""

    code = ErrorCode.ASSET_USED


class CancelDeadlinePassed(Refusal):
    """The partner's agreement no longer lets it cancel so close to the visit."""

    code = ErrorCode.CANCEL_DEADLINE_PASSED


def confirm_order(
    *,
    orders: QuerySet[Order],
    order_id: uuid.UUID,
    payment_reference: str,
    actor: str,
    now: datetime.datetime,
    reason: str = "",
) -> Order:
    """Release a Draft: the same assets become valid and the sale is posted.

    An Issued order is returned unchanged; a payment reference that differs is recorded. Raises
    NotFound, OrderStateConflict (contract section 5).
    """
    with transaction.atomic():
        order = reading.lock_order(orders, order_id)
        if order.status == OrderStatus.ISSUED:
            _note_other_payment(order, payment_reference, actor, now)
        else:
            require_action(order, "confirm")
            _release(order, payment_reference, actor, now, reason)
        return reading.find_order(orders, order_id)


def cancel_order(
    *,
    orders: QuerySet[Order],
    order_id: uuid.UUID,
    actor: str,
    now: datetime.datetime,
    reason: str = "",
    override_deadline: bool = False,
) -> Order:
    """End an order and destroy its wallets; return it as it ended.

    Issued: Cancelled, the row stays and the sale is taken back. Draft or Error: the rows are
    removed, a tombstone event keeps every number. Cancelled: nothing happens. Raises NotFound,
    OrderStateConflict, AssetUsed, CancelDeadlinePassed (contract section 5).
    """
    with transaction.atomic():
        order = reading.lock_order(orders, order_id)
        if order.status == OrderStatus.CANCELLED:
            return reading.find_order(orders, order_id)
        require_action(order, "delete")
        if order.status != OrderStatus.ISSUED:
            return _remove(order, actor=actor, now=now, reason=reason)
        _refuse_used(order)
        if not override_deadline:
            _refuse_late(order, now)
        destruction.destroy_wallets(order=order, by=actor, why=reason or "cancelled", now=now)
        runner.apply_to(
            [order],
            lambda row: row.cancel(now=now, why=reason),
            change=Change(name="cancelled", actor=actor, now=now, reason=reason),
        )
        ledger.post_reversal(order=order, reason=reason, now=now)
        return reading.find_order(orders, order_id)


def replay_order(
    *,
    orders: QuerySet[Order],
    order_id: uuid.UUID,
    actor: str,
    now: datetime.datetime,
    reason: str = "",
) -> Order:
    """Submit an Error order again, once its cause was mended; its numbers and prices stay.

    Raises NotFound, OrderStateConflict, and InvalidRequest when a line still cannot be issued.
    """
    with transaction.atomic():
        order = reading.lock_order(orders, order_id)
        if order.status != OrderStatus.ERROR:
            raise OrderStateConflict(
                f"The order is {order.status}; only an order in Error can be replayed.",
                members={"currentStatus": order.status},
                retryable=order.is_in_flight,
            )
        resolve_lines(order=order, now=now)
        job_id = enqueue_issuance(order.pk)
        runner.apply_to(
            [order],
            lambda row: row.replay(now=now, job_id=job_id),
            change=Change(name="replayed", actor=actor, now=now, reason=reason),
        )
        return reading.find_order(orders, order_id)


def expire_draft(*, order_id: uuid.UUID, now: datetime.datetime) -> None:
    """Remove a Draft whose lifetime has passed, as a delete would; others are left alone."""
    with transaction.atomic():
        expired = Order.objects.filter(
            pk=order_id, status=OrderStatus.DRAFT, draft_expires_at__lte=now
        )
        for order in runner.lock(expired):
            _remove(order, actor="worker", now=now, reason="Its lifetime as a draft has passed.")


def _release(
    order: Order, payment_reference: str, actor: str, now: datetime.datetime, reason: str
) -> None:
    wallets, assets = destruction.lock_wallets(order)
    runner.apply_to(wallets, lambda wallet: wallet.activate(now=now))
    runner.apply_to(assets, lambda asset: asset.validate())
    runner.apply_to(
        [order],
        lambda row: row.confirm(now=now, payment_reference=payment_reference),
        change=Change(name="confirmed", actor=actor, now=now, reason=reason),
    )
    ledger.post_sale(order=order, lines=order.lines.order_by("line_no"), now=now)


def _note_other_payment(
    order: Order, payment_reference: str, actor: str, now: datetime.datetime
) -> None:
    """Keep for staff that a repeated confirmation named another payment."""
    if payment_reference in ("", order.payment_reference):
        return
    runner.record(
        [order],
        change=Change(
            name="payment_differs",
            actor=actor,
            now=now,
            data={"given": payment_reference, "kept": order.payment_reference},
        ),
        before=[order.status],
    )


def _remove(order: Order, *, actor: str, now: datetime.datetime, reason: str) -> Order:
    """Remove an order that was never issued; the tombstone event lists every number it had."""
    wallets, assets = destruction.destroy_wallets(
        order=order, by=actor, why=reason or "deleted", now=now
    )
    ended = reading.find_order(Order.objects.all(), order.pk)
    ended.remove(now=now, why=reason)
    runner.record(
        [ended],
        change=Change(
            name="deleted",
            actor=actor,
            now=now,
            reason=reason,
            data={
                "partnerId": str(order.partner_id),
                "venueId": str(order.venue_id),
                "buyFromOrderReference": order.buy_from_order_reference,
                "sellToOrderReference": order.sell_to_order_reference,
                "walletReferenceNumbers": [row.reference_number for row in wallets],
                "externalReferenceNumbers": [
                    row.external_reference_number
                    for row in wallets
                    if row.external_reference_number
                ],
                "assetReferenceNumbers": [row.reference_number for row in assets],
            },
        ),
        before=[order.status],
    )
    order.delete()
    return ended


def _refuse_used(order: Order) -> None:
    used = Asset.objects.filter(wallet__order=order, status=AssetStatus.USED)
    numbers = list(used.values_list("reference_number", flat=True)[:10])
    if numbers:
        raise AssetUsed(
            "A ticket or coupon of this order has been used.", members={"usedAssets": numbers}
        )


def _refuse_late(order: Order, now: datetime.datetime) -> None:
    """Refuse a cancellation inside the partner's deadline; open-dated orders have none."""
    hours = order.partner.cancel_deadline_hours
    if hours is None:
        return
    starts = (
        Asset.objects.filter(wallet__order=order, visit_date__isnull=False)
        .exclude(status=AssetStatus.DESTROYED)
        .order_by("valid_from")
        .values_list("valid_from", flat=True)
        .first()
    )
    if starts is not None and now > starts - datetime.timedelta(hours=hours):
        raise CancelDeadlinePassed(
            f"Orders can be cancelled until {hours} hours before the visit, which starts at "
            f"{starts.astimezone(order.venue.zone).isoformat()}."
        )

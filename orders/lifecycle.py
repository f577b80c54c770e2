"""Moving settled orders on: confirming a draft, replaying a failed order."""

from __future__ import annotations

import datetime
import uuid
from collections.abc import Sequence

from django.db import transaction
from django.db.models import QuerySet

from catalog.mapping import Catalogue
from channel_manager.history import runner
from channel_manager.history.runner import Change
from orders import destruction, ledger, reading, receipt
from orders.actions import OrderStateConflict, require_action
from orders.announcing import announce
from orders.models import Order, OrderLine, OrderStatus
from orders.outside import wishes
from orders.queueing import enqueue_issuance
from orders.receipt import Received
from orders.resolution import make_room, resolve_lines
from partners.models import EventType


def confirm_order(
    *,
    orders: QuerySet[Order],
    order_id: uuid.UUID,
    payment_reference: str,
    actor: str,
    now: datetime.datetime,
    reason: str = "",
    received: Received | None = None,
) -> Order:
    """Release a Draft: the same assets become valid and the sale is posted.

    One that outside systems issue is Submitted again, now that it is paid: they make its tickets.
    An Issued order is returned unchanged; a payment reference that differs is recorded. A request
    that a partner has sent is kept unless nothing came of it. Raises
    NotFound, OrderStateConflict (contract section 5).
    """
    with transaction.atomic():
        order = reading.lock_order(orders, order_id)
        if order.status == OrderStatus.ISSUED:
            _note_other_payment(order, payment_reference, actor, now, received)
        else:
            require_action(order, "confirm")
            lines = list(order.lines.order_by("line_no"))
            if wishes.is_concerned(order, lines):
                _issue_paid(order, payment_reference, actor, now, reason)
            else:
                _release(order, lines, payment_reference, actor, now, reason)
            receipt.keep(received, order, now)
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

    Raises NotFound, OrderStateConflict, InvalidRequest when a line still cannot be issued, and
    SoldOut when places it needs are gone.
    """
    with transaction.atomic():
        order = _lock_failed(orders, order_id)
        _resubmit(order, actor=actor, now=now, reason=reason)
        return reading.find_order(orders, order_id)


def replay_over_capacity(
    *,
    orders: QuerySet[Order],
    order_id: uuid.UUID,
    actor: str,
    now: datetime.datetime,
    reason: str,
) -> Order:
    """Replay an order whose sessions are full: each gets as many places more as are missing.

    For staff (contract section 3: the replay says sold_out and lets them override). Raises as
    `replay_order` does, and SoldOut where no capacity helps: numbered seats, an allotment, a
    session that is off sale or over.
    """
    with transaction.atomic():
        order = _lock_failed(orders, order_id)
        locked = make_room(order=order, actor=actor, now=now)
        _resubmit(order, actor=actor, now=now, reason=reason, locked=locked)
        return reading.find_order(orders, order_id)


def _lock_failed(orders: QuerySet[Order], order_id: uuid.UUID) -> Order:
    """Lock an order in Error; raises NotFound, OrderStateConflict."""
    order = reading.lock_order(orders, order_id)
    if order.status != OrderStatus.ERROR:
        raise OrderStateConflict(
            f"The order is {order.status}; only an order in Error can be replayed.",
            members={"currentStatus": order.status},
            retryable=order.is_in_flight,
        )
    return order


def _resubmit(
    order: Order,
    *,
    actor: str,
    now: datetime.datetime,
    reason: str,
    locked: Catalogue | None = None,
) -> None:
    resolve_lines(order=order, now=now, locked=locked)
    job_id = enqueue_issuance(order.pk)
    runner.apply_to(
        [order],
        lambda row: row.replay(now=now, job_id=job_id),
        change=Change(name="replayed", actor=actor, now=now, reason=reason),
    )


def _issue_paid(
    order: Order, payment_reference: str, actor: str, now: datetime.datetime, reason: str
) -> None:
    """Have a draft that is paid now issued elsewhere; its wallets are shells until then."""
    job_id = enqueue_issuance(order.pk)
    runner.apply_to(
        [order],
        lambda row: row.confirm_to_issue(
            now=now, payment_reference=payment_reference, job_id=job_id
        ),
        change=Change(name="confirmed", actor=actor, now=now, reason=reason),
    )
    announce(order, EventType.CONFIRMED, now=now)


def _release(
    order: Order,
    lines: Sequence[OrderLine],
    payment_reference: str,
    actor: str,
    now: datetime.datetime,
    reason: str,
) -> None:
    contracts = ledger.contracts_of([order])
    wallets, assets = destruction.lock_wallets(order)
    runner.apply_to(wallets, lambda wallet: wallet.activate(now=now))
    runner.apply_to(assets, lambda asset: asset.validate())
    runner.apply_to(
        [order],
        lambda row: row.confirm(now=now, payment_reference=payment_reference),
        change=Change(name="confirmed", actor=actor, now=now, reason=reason),
        beside=ledger.sale_of(order=order, lines=lines, contracts=contracts, now=now),
    )
    announce(order, EventType.CONFIRMED, now=now)


def _note_other_payment(
    order: Order,
    payment_reference: str,
    actor: str,
    now: datetime.datetime,
    received: Received | None,
) -> None:
    """Keep for staff that a repeated confirmation named another payment."""
    if payment_reference in ("", order.payment_reference):
        return
    runner.note(
        order,
        change=Change(
            name="payment_differs",
            actor=actor,
            now=now,
            data={"given": payment_reference, "kept": order.payment_reference},
        ),
        beside=receipt.rows_of(received, order, now),
    )

"""Erasing what is known of guests: of one order, of one guest, or of visits long past.

Names and addresses go; references, dates, quantities, money and states stay.
"""

from __future__ import annotations

import contextlib
import dataclasses
import datetime
import json
import logging
import uuid
from typing import Any

from django.conf import settings
from django.db import DatabaseError, transaction
from django.db.models import Exists, OuterRef, Q, QuerySet

from channel_manager.history import runner
from channel_manager.history.runner import WORKER, Change
from channel_manager.lib import personal
from channel_manager.lib.database import TookTooLong, set_for_now
from channel_manager.lib.database import reading as reading_only
from channel_manager.lib.errors import ErrorCode, NotFound, Refusal
from orders import checkout_erasure, reading
from orders.actions import OrderStateConflict
from orders.models import (
    GuestOrder,
    Order,
    OrderLine,
    ReceivedRequest,
    RequestKind,
    StatementFile,
    StatementLine,
)
from orders.models.order import IN_FLIGHT, ISSUED_ELSEWHERE, SETTLED
from orders.models.searched import line_text, order_text
from orders.outside import forgetting
from partners import idempotency
from partners.webhooks import pruning
from wallets.models import Asset, Wallet

EVENT = "erased"
# One press of a button erases so many orders at most, one run of the task so many.
AT_ONCE = 200
_IN_ONE_RUN = 1000
_LINES_AT_ONCE = 5000
# How long each way to look for an address may take.
_PATIENCE = "2s"
# An attempt that began earlier was swept, even if the task stood still for most of a day.
_SWEPT = datetime.timedelta(days=1)
_log = logging.getLogger(__name__)


class TooManyToLookFor(Refusal):
    """The database cannot say in time which orders name an address."""

    code = ErrorCode.BUSY


@dataclasses.dataclass(frozen=True)
class Erased:
    """How many orders were erased, how many were left because they are in flight.

    checkouts: purchases without an order, that were erased with them.
    """

    orders: int
    in_flight: int
    checkouts: int = 0


def erase_order(
    *,
    orders: QuerySet[Order],
    order_id: uuid.UUID,
    actor: str,
    now: datetime.datetime,
    reason: str,
) -> Order:
    """Erase all names and addresses that are kept of a settled order; return it.

    In one transaction: of the order, its lines and wallets, its checkout, the requests as received, the stored
    answers, what endpoints answered, lines of partners' statements, and what outside systems said and
    where they show the tickets. An order of which nothing is left is returned as it is.
    Raises NotFound, OrderStateConflict while it is in flight.
    """
    with transaction.atomic():
        checkout_erasure.lock_of_order(order_id)
        order = reading.lock_order(orders, order_id)
        if order.is_in_flight:
            raise OrderStateConflict(
                f"The order is {order.status}; wait until it has settled.",
                members={"currentStatus": order.status},
                retryable=True,
            )
        if is_there_something(order):
            _erase(order, actor=actor, now=now, reason=reason)
        return order


def is_there_something(order: Order) -> bool:
    """Tell whether an order was not erased yet, or an endpoint's answer was kept since."""
    return order.erased_at is None or pruning.has_answers(order_id=order.pk)


def forget_late_answers(*, now: datetime.datetime) -> int:
    """Forget what endpoints answered of orders that were erased or removed; return how many.

    Erasing and removing forget what is there; this is for deliveries that were on their way then,
    and for events that came later; and for addresses that outside systems told of their tickets since.
    """
    forgetting.forget_late_links(since=now - _SWEPT)
    living = Order.objects.filter(pk=OuterRef("delivery__event__order_id"), erased_at=None)
    answers = pruning.answers_since(now - _SWEPT)
    return answers.exclude(Exists(living.order_by())).update(answer="")


def orders_of_guest(*, address: str) -> list[uuid.UUID]:
    """Return the newest orders that name an e-mail address, in any case: AT_ONCE + 1 at most.

    On the order, on a line, or in a request for contents that were replaced since. One statement,
    served by the indexes of the search; where it takes too long, so many name the address that the
    newest are found by walking back. Raises TooManyToLookFor when that takes too long, too.
    """
    # The whole address is one of the parts that the trigram indexes find.
    its_own = Q(searched__icontains=address, sell_to_email__iexact=address)
    orders = Order.objects.alias(searched=order_text()).filter(its_own)
    lines = OrderLine.objects.alias(searched=line_text()).filter(its_own)
    replaced = ReceivedRequest.objects.filter(kind=RequestKind.REPLACE).values("order")
    earlier = ReceivedRequest.objects.filter(
        order__in=replaced, body__icontains=json.dumps(address, ensure_ascii=False)
    )
    by_line = _newest(lines, "order_id")
    # An identity that a seller names may be no address.
    of_guest = GuestOrder.objects.filter(guest__iexact=address, order__isnull=False)
    by_index = _newest(orders.filter(status__in=SETTLED), "pk").union(
        _newest(orders.filter(status__in=IN_FLIGHT), "pk"),
        by_line,
        _newest(earlier, "order_id"),
        _newest(of_guest, "order_id"),
    )
    found: set[uuid.UUID] = set()
    try:
        # What the planner guesses of a LIKE is no more than that: it is to ask the indexes.
        found = _read(by_index.order_by("-pk")[: AT_ONCE + 1], enable_indexscan="off")
    except TookTooLong:
        for walk in (_newest(orders, "pk"), by_line):
            with contextlib.suppress(TookTooLong):
                found |= _read(walk, enable_bitmapscan="off")
        if not found:
            raise TooManyToLookFor(
                "Looking for this address takes too long right now. Try again in a moment."
            ) from None
    return sorted(found, reverse=True)[: AT_ONCE + 1]


def erase_guest(*, address: str, actor: str, now: datetime.datetime, reason: str) -> Erased:
    """Erase the newest orders that name an e-mail address, AT_ONCE at most; return how many.

    Each is a transaction of its own, and is erased whole, whoever else it names.
    """
    erased = in_flight = 0
    for order_id in orders_of_guest(address=address)[:AT_ONCE]:
        try:
            erase_order(
                orders=Order.objects.all(), order_id=order_id, actor=actor, now=now, reason=reason
            )
        except OrderStateConflict:
            in_flight += 1
        except NotFound:
            # Removed since it was found: its rows are gone, and copies were blanked with them.
            continue
        else:
            erased += 1
    checkouts = checkout_erasure.erase_buyer(address=address, actor=actor, now=now, reason=reason)
    return Erased(erased, in_flight, checkouts)


def erase_old(*, now: datetime.datetime) -> int:
    """Erase orders whose visit, and whose receipt, is PERSONAL_DATA_DAYS ago; return how many.

    Nothing is done while the setting is 0. Orders of packages without a day count from receipt.
    Each is a transaction of its own; one that fails is left for the next run.
    """
    days, erased = settings.PERSONAL_DATA_DAYS, 0
    if days <= 0:
        return 0
    try:
        _blank_statements(now - datetime.timedelta(days=days))
    except DatabaseError:
        _log.exception("Guests' names in old statements could not be erased")
    checkout_erasure.erase_old(before=now - datetime.timedelta(days=days), days=days, now=now)
    due = _long_past(now - datetime.timedelta(days=days))
    reason = f"{days} days have passed since the visit."
    ids = due.order_by("received_at", "id").values_list("pk", flat=True)[:_IN_ONE_RUN]
    for order_id in list(ids):
        try:
            erase_order(orders=due, order_id=order_id, actor=WORKER, now=now, reason=reason)
            erased += 1
        except (NotFound, OrderStateConflict):
            # Its partner has replaced it since it was found.
            continue
        except Exception:
            _log.exception("Personal data of order %s could not be erased", order_id)
    return erased


def _blank_statements(before: datetime.datetime) -> None:
    """Take guests' names out of statements uploaded before, whether or not an order was found."""
    named = StatementLine.objects.filter(statement__uploaded_at__lt=before).exclude(guest_name="")
    some = named.order_by().values("pk")[:_LINES_AT_ONCE]
    while StatementLine.objects.filter(pk__in=some).update(guest_name=""):
        continue
    StatementFile.objects.filter(statement__uploaded_at__lt=before).delete()


def _long_past(before: datetime.datetime) -> QuerySet[Order]:
    """Return the settled orders that are not erased and of which nothing is visited after."""
    day = before.date()
    lines = OrderLine.objects.filter(order=OuterRef("pk"), visit_date__gte=day)
    assets = Asset.objects.filter(wallet__order=OuterRef("pk"), visit_date__gte=day)
    orders = Order.objects.settled().filter(erased_at=None, received_at__lt=before)
    return orders.exclude(Exists(lines.order_by())).exclude(Exists(assets.order_by()))


def _newest(rows: QuerySet[Any], key: str) -> QuerySet[Any, tuple[uuid.UUID]]:
    """Return the ids of the newest orders among rows, each once; one more than is erased at once."""
    newest: QuerySet[Any, tuple[uuid.UUID]] = rows.order_by(f"-{key}").values_list(key)
    return newest.distinct()[: AT_ONCE + 1]


def _read(rows: QuerySet[Any, tuple[uuid.UUID]], **settings: str) -> set[uuid.UUID]:
    with reading_only():
        set_for_now(enable_seqscan="off", statement_timeout=_PATIENCE, **settings)
        return {row[0] for row in rows}


def _erase(order: Order, *, actor: str, now: datetime.datetime, reason: str) -> None:
    order.sell_to_email = order.sell_to_name = None
    order.erased_at = order.updated_at = now
    if order.status_message and order.failure_code in ISSUED_ELSEWHERE:
        # It may quote what that system said of a guest.
        order.status_message = order.get_failure_code_display()
    order.save(
        update_fields=[
            "sell_to_email",
            "sell_to_name",
            "erased_at",
            "updated_at",
            "status_message",
        ]
    )
    order.lines.update(sell_to_email=None, sell_to_name=None, names=[])
    Wallet.objects.filter(order=order).update(name=None)
    GuestOrder.objects.filter(order=order).update(guest="")
    _blank_requests(order)
    StatementLine.objects.filter(order_id=order.pk).exclude(guest_name="").update(guest_name="")
    checkout_erasure.erase_of_order(order_id=order.pk, now=now)
    idempotency.blank_answers(order_id=order.pk)
    pruning.forget_answers(order_id=order.pk)
    forgetting.forget_links(order_id=order.pk)
    forgetting.forget_words(order_id=order.pk)
    runner.note(order, change=Change(name=EVENT, actor=actor, now=now, reason=reason))


def _blank_requests(order: Order) -> None:
    """Take people out of the requests; what was asked for stays."""
    requests = list(order.received_requests.all())
    for request in requests:
        request.body = request.body and personal.blanked(request.body)
        request.idempotency_key = ""
    ReceivedRequest.objects.bulk_update(requests, ["body", "idempotency_key"])

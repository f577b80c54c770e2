"""Taking orders in: a new one, or new contents for one that may be replaced."""

from __future__ import annotations

import datetime
import functools
import uuid
from collections.abc import Iterable

from django.db import connection, transaction
from django.db.models import QuerySet

from catalog.mapping import Catalogue
from channel_manager.history import runner
from channel_manager.history.runner import Change
from channel_manager.lib.errors import Fault, InvalidRequest
from channel_manager.lib.identity import time_ordered_uuid
from orders import destruction, holds, magic, places, reading, receipt
from orders.actions import require_action
from orders.clashes import clashes_explained, faults_completed, take_turns
from orders.contents import (
    CONTENT_FIELDS,
    insert_rows,
    make_allocations,
    make_lines,
    make_shells,
    plan_contents,
    set_contents,
)
from orders.models import Order, OrderLine
from orders.outside import ending, wishes
from orders.places import PlacesLost, of_order
from orders.queueing import enqueue_issuance
from orders.receipt import Received
from orders.requests import OrderRequest
from partners.account import Account
from partners.numbering import next_document_number


def submit_order(
    *,
    account: Account,
    request: OrderRequest,
    now: datetime.datetime,
    received: Received | None = None,
) -> Order:
    """Store an order as Submitted with its lines, wallet shells and places; enqueue its issuance.

    One transaction, which keeps the request as received, too. The order comes back with lines and wallets attached. Raises InvalidRequest
    with all faults, DuplicateOrder, ExternalReferenceTaken, SoldOut, SeatTaken, HoldEnded
    (contract sections 3 and 5).
    """
    reference, lines = request.sell_to_order_reference, request.lines
    explained = functools.partial(
        clashes_explained, account=account, reference=reference, lines=lines
    )
    try:
        with explained():
            return _submit(account, request, now, received)
    except PlacesLost:
        with explained():
            holds.claim_holds(account=account, lines=lines, now=now)
            take_turns(partner=account.partner, numbers=request.guest_numbers)
            _claim_reference(account, reference, now)
            locked = holds.lock_candidates(account, lines, now)
            return _submit(account, request, now, received, locked)


def replace_order(
    *,
    orders: QuerySet[Order],
    order_id: uuid.UUID,
    request: OrderRequest,
    now: datetime.datetime,
    actor: str,
    received: Received | None = None,
) -> Order:
    """Give a Draft or Error order new contents and submit it again.

    Its identity, references and moment of receipt stay; old wallets are destroyed, old lines go,
    places move by the difference. Raises NotFound, InvalidRequest, OrderStateConflict,
    ExternalReferenceTaken, SoldOut, SeatTaken, HoldEnded (contract section 5); the old order
    stands then.
    """
    try:
        with transaction.atomic():
            order = reading.lock_order(orders, order_id)
            return _replace(order, request, now, actor, received)
    except PlacesLost:
        with transaction.atomic():
            order = reading.lock_order(orders, order_id)
            holds.claim_holds(account=order.account, lines=request.lines, now=now)
            _take_turns(order, request, order.lines.all())
            own = of_order(order)
            locked = holds.lock_candidates(order.account, request.lines, now, own)
            return _replace(order, request, now, actor, received, locked)


def _claim_reference(account: Account, reference: str, now: datetime.datetime) -> None:
    """Let whoever submits the same reference wait for us, before we hold any session.

    A twin that has its row and waits for our session would be waited for by our row: a deadlock.
    A row that is inserted and deleted stands in its way until we commit, and not in our own.
    """
    stub = new_order(account, reference, now)
    stub.buy_from_order_reference = f"-{stub.pk.hex[-19:]}"
    stub.save(force_insert=True)
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM orders_order WHERE id = %s", [stub.pk])


def new_order(account: Account, reference: str, now: datetime.datetime) -> Order:
    """Make the unsaved header of an order, without a document number."""
    return Order(
        id=time_ordered_uuid(),
        venue=account.venue,
        partner=account.partner,
        test_mode=account.test_mode,
        sell_to_order_reference=reference,
        received_at=_as_shown(now),
        currency=account.venue.currency,
        updated_at=now,
        status_since=now,
    )


def _submit(
    account: Account,
    request: OrderRequest,
    now: datetime.datetime,
    received: Received | None,
    locked: Catalogue | None = None,
) -> Order:
    reference, asked = request.sell_to_order_reference, request.lines
    with faults_completed(account=account, lines=asked, now=now, new_reference=reference):
        claimed = holds.claim_holds(account=account, lines=asked, now=now)
        held = holds.places_of(claimed)
        unknown = holds.unknown_holds(asked, claimed)
        plans = plan_contents(account, asked, now, own=held, faults=unknown, locked=locked)
    order = new_order(account, reference, now)
    lines = make_lines(order, plans)
    wallets = make_shells(order, lines)
    wanted = make_allocations(lines, plans)
    set_contents(order, request, lines)
    take_turns(partner=account.partner, numbers=request.guest_numbers)
    order.buy_from_order_reference = next_document_number(account=account, now=now)
    order.job_id = enqueue_issuance(order.pk, wait=magic.seconds_put_off(order, lines))
    runner.record(
        [order],
        change=Change(
            name="submitted", actor=account.actor, now=now, data=holds.as_event_data(claimed)
        ),
        before=[None],
        beside=receipt.rows_of(received, order, now),
        new=[order],
    )
    places.give_up(held, wanted=wanted)
    holds.convert_holds(claimed, now)
    insert_rows(lines, wallets, wanted)
    reading.attach(order, lines, wallets)
    return order


def _replace(
    order: Order,
    request: OrderRequest,
    now: datetime.datetime,
    actor: str,
    received: Received | None,
    locked: Catalogue | None = None,
) -> Order:
    account = order.account
    if request.sell_to_order_reference != order.sell_to_order_reference:
        detail = "An order's sellToOrderReference cannot be changed."
        raise InvalidRequest([Fault("/sellToOrderReference", "reference_differs", detail)])
    require_action(order, "replace")
    claimed = holds.claim_holds(account=account, lines=request.lines, now=now)
    before = list(order.lines.all())
    _take_turns(order, request, before)
    own = [*of_order(order), *holds.places_of(claimed)]
    with faults_completed(account=account, lines=request.lines, now=now, replaced=order):
        unknown = holds.unknown_holds(request.lines, claimed)
        plans = plan_contents(account, request.lines, now, own=own, faults=unknown, locked=locked)
    lines = make_lines(order, plans)
    shells = make_shells(order, lines)
    wanted = make_allocations(lines, plans)
    places.give_up(own, wanted=wanted)
    holds.convert_holds(claimed, now)
    wallets, assets = destruction.lock_wallets(order)
    destruction.destroy(wallets, assets, by=actor, why="replaced", now=now)
    if wishes.is_concerned(order, before):
        ending.end_order(order=order, actor=actor, now=now)
    order.lines.all().delete()
    set_contents(order, request, lines)
    order.save(update_fields=CONTENT_FIELDS)
    with clashes_explained(
        account=account, reference=order.sell_to_order_reference, lines=request.lines
    ):
        insert_rows(lines, shells, wanted)
    job_id = enqueue_issuance(order.pk, wait=magic.seconds_put_off(order, lines))
    runner.apply_to(
        [order],
        lambda row: row.replace(now=now, job_id=job_id),
        change=Change(name="replaced", actor=actor, now=now, data=holds.as_event_data(claimed)),
    )
    receipt.keep(received, order, now)
    reading.attach(order, lines, shells)
    return order


def _take_turns(order: Order, request: OrderRequest, before: Iterable[OrderLine]) -> None:
    """Wait for orders that take or give up the same guests' numbers as this replacement."""
    given_up = [n for line in before for n in line.external_reference_numbers]
    take_turns(partner=order.partner, numbers=[*given_up, *request.guest_numbers])


def _as_shown(moment: datetime.datetime) -> datetime.datetime:
    """Cut a moment to milliseconds: what partners are shown must find the order again."""
    return moment.replace(microsecond=moment.microsecond // 1000 * 1000)

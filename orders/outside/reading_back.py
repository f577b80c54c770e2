"""Reading orders back from outside systems: polled, or because they told us that something changed.

What is told is taken over from the answer to our own question, never from a notice, so that it
makes no difference how often notices come, in which order, or whether they come at all.
"""

from __future__ import annotations

import datetime
import logging
import uuid
from collections.abc import Callable

from django.db import transaction

from channel_manager.history import runner
from channel_manager.history.runner import WORKER, Change
from channel_manager.lib.database import DATABASE_AWAY
from orders.models import Order
from orders.outside import ending, made, naming, noting, polling, taking_over
from orders.outside.turns import at_order
from orders.outside.wishes import private_words, read_parts, wish_of
from orders.queueing import enqueue_reading
from wallets.connectors.base import ConnectorError, Standing, TryLater, Wish
from wallets.connectors.desk import Desk
from wallets.connectors.registry import connector_of
from wallets.models import OutsideNotice, OutsideOrder, OutsideOrderStatus, Wallet

Clock = Callable[[], datetime.datetime]
# One run begins no further question after this, so that the next run is not late by much.
_LONGEST_RUN = datetime.timedelta(seconds=10)
_MOST_IN_A_RUN = 100
# A system that is away is asked again about whatever is due no sooner than this.
_REST = datetime.timedelta(seconds=60)
_MOST_RESTING = 1000
_READ = (OutsideOrderStatus.MADE, OutsideOrderStatus.UNKNOWN, OutsideOrderStatus.LEFT)
_log = logging.getLogger(__name__)


def read_due(*, clock: Clock) -> int:
    """Read back the orders whose time has come, for ten seconds at most; return how many.

    A system that does not answer is left alone for a minute, so that it keeps nobody else waiting.
    Several workers may do it at once. No transaction may be open.
    """
    asked, end = 0, clock() + _LONGEST_RUN
    while asked < _MOST_IN_A_RUN and clock() < end:
        row = _claim(clock())
        if row is None:
            break
        asked += 1
        try:
            read_one(outside_order_id=row.pk, clock=clock)
        except TryLater as later:
            _put_off(row, clock() + datetime.timedelta(seconds=later.seconds))
        except ConnectorError as error:
            _fail_reading(row, error, clock())
        except DATABASE_AWAY:
            raise
        except Exception:
            # One order that we cannot cope with must not keep all others from being read.
            _log.exception("%s could not be read back", row)
    return asked


def read_in_background(
    *, outside_order_id: uuid.UUID, since: datetime.datetime, clock: Clock
) -> None:
    """Read back as `read_one` does, or queue again for when it may be asked."""
    try:
        read_one(outside_order_id=outside_order_id, since=since, clock=clock)
    except TryLater as later:
        enqueue_reading(outside_order_id, since=since, wait=later.seconds)
    except ConnectorError as error:
        row = OutsideOrder.objects.select_related("connection").get(pk=outside_order_id)
        _fail_reading(row, error, clock())


def read_one(
    *, outside_order_id: uuid.UUID, clock: Clock, since: datetime.datetime | None = None
) -> None:
    """Ask how an order stands at its system, and take over what has changed.

    since: nothing is asked when it was read at this moment or later. Raises TryLater while another
    worker is at the order or its system may not be asked yet, ConnectorError. No transaction may be
    open.
    """
    rows = OutsideOrder.objects.select_related("connection__venue", "order")
    rows = rows.defer("connection__venue__logo")
    row = rows.filter(pk=outside_order_id).first()
    if row is None or not polling.is_readable(row.connection):
        return
    with at_order(row.order_key):
        row = rows.get(pk=outside_order_id)
        asked_at = clock()
        if row.status not in _READ or (since and row.read_at and row.read_at >= since):
            return
        if (allowed := polling.allowed_at(row)) > asked_at:
            seconds = (allowed - asked_at).total_seconds()
            raise TryLater(int(seconds) + 1, "Its system may not be asked again yet.")
        _note_reading(row, asked_at)
        desk = Desk(row, clock, private=private_words(row.order))
        try:
            standing = connector_of(row.connection).read_back(desk)
        except ConnectorError as error:
            raise desk.hide(error) from None
        if row.status == OutsideOrderStatus.UNKNOWN:
            _resolve(row, desk, standing, clock())
        elif standing.exists or standing.is_cancelled:
            naming.fill_in(row=row, standing=standing)
            taking_over.take_over(row=row, standing=standing, now=clock())
            noting.settle_left(row=row, standing=standing, now=clock())
        noting.note_remarks(row=row, remarks=standing.remarks, now=clock())
        noting.clear_fault(row)
        row = rows.get(pk=outside_order_id)
        _put_off(row, polling.next_after(row, clock()))
        OutsideNotice.objects.filter(
            connection=row.connection_id,
            outside_reference=row.outside_reference,
            read_at=None,
            received_at__lte=asked_at,
        ).update(read_at=asked_at)


def _fail_reading(row: OutsideOrder, error: ConnectorError, now: datetime.datetime) -> None:
    """Keep why an order could not be read, and leave a system alone that may answer later."""
    _log.warning("%s could not be read back: %s", row, error.detail)
    noting.note_fault(row=row, error=error, now=now)
    if not error.permanent:
        _leave_alone(row, error, now)


def hasten(row: OutsideOrder) -> None:
    """Have an order that is being polled read as soon as its system allows it."""
    allowed = polling.allowed_at(row)
    OutsideOrder.objects.filter(pk=row.pk, status__in=_READ, next_poll_at__gt=allowed).update(
        next_poll_at=allowed
    )


def _claim(now: datetime.datetime) -> OutsideOrder | None:
    """Take the order that is longest due, so that no other worker takes it, too."""
    with transaction.atomic():
        rows = polling.due(now).select_related("connection")
        for row in rows.select_for_update(no_key=True, of=("self",), skip_locked=True)[:1]:
            row.next_poll_at = now + polling.pause_of(row, now)
            row.save(update_fields=["next_poll_at"])
            return row
    return None


def _note_reading(row: OutsideOrder, now: datetime.datetime) -> None:
    """Write down that an order is asked about now, before it is: a worker may die meanwhile."""
    row.read_at = now
    row.next_poll_at = now + polling.pause_of(row, now)
    row.save(update_fields=["read_at", "next_poll_at"])


def _put_off(row: OutsideOrder, until: datetime.datetime | None) -> None:
    """Say when an order is read next, unless it has been given up meanwhile."""
    OutsideOrder.objects.filter(pk=row.pk, status=row.status).update(next_poll_at=until)


def _leave_alone(row: OutsideOrder, error: ConnectorError, now: datetime.datetime) -> None:
    """Put off whatever is due at a system that does not answer; others get their turn."""
    until = now + max(_REST, datetime.timedelta(seconds=error.wait or 0))
    if row.status == OutsideOrderStatus.MADE:
        _put_off(row, until)
    with transaction.atomic():
        waiting = polling.due(now).filter(connection=row.connection_id)
        keys = list(
            waiting.values_list("pk", flat=True).select_for_update(
                no_key=True, of=("self",), skip_locked=True
            )[:_MOST_RESTING]
        )
        OutsideOrder.objects.filter(pk__in=keys).update(next_poll_at=until)


def _resolve(row: OutsideOrder, desk: Desk, standing: Standing, now: datetime.datetime) -> None:
    """Keep what has turned out of an order that nobody knew of; its replay then goes on by itself.

    One that cannot be used as it stands there is left to a person as before.
    """
    if standing.exists is False or standing.is_cancelled:
        with transaction.atomic():
            _fail(row, now)
            desk.resolve_commit(is_done=False)
    elif standing.exists:
        try:
            wish = _wish_of(row)
            with transaction.atomic():
                _make(row, wish, standing, now)
                desk.resolve_commit(is_done=True)
        except ConnectorError as error:
            _log.warning("%s cannot be used as it stands: %s", row, desk.hide(error).detail)


def _fail(row: OutsideOrder, now: datetime.datetime) -> None:
    message = "It was read back: it is not there."
    change = Change(name="found_missing", actor=WORKER, now=now, reason=message)
    unknown = OutsideOrder.objects.filter(pk=row.pk, status=OutsideOrderStatus.UNKNOWN)
    runner.run(
        unknown, lambda one: one.fail(now=now, cause=one.cause, message=message), change=change
    )


def _make(row: OutsideOrder, wish: Wish | None, standing: Standing, now: datetime.datetime) -> None:
    if wish is not None:
        made.keep(row, wish, standing, now=now)
    reference = standing.outside_reference
    change = Change(name="found_there", actor=WORKER, now=now, data={"outsideReference": reference})
    for locked in runner.lock(OutsideOrder.objects.filter(pk=row.pk)):
        if locked.status == OutsideOrderStatus.UNKNOWN:
            runner.apply_to(
                [locked],
                lambda one: one.make(
                    now=now, outside_reference=reference, tickets_url=standing.tickets_url
                ),
                change=change,
            )
        else:
            runner.note(locked, change=change)
        if not locked.is_current:
            # Its order has gone on without it, or went away just now.
            ending.end_row(row=locked, actor=WORKER, now=now)


def _wish_of(row: OutsideOrder) -> Wish | None:
    """Return what an order was asked for there; None where our order is gone."""
    orders = Order.objects.select_related("venue", "partner").defer("venue__logo")
    order = orders.filter(pk=row.order_key).first()
    if order is None or not row.is_current:
        return None
    lines = list(order.lines.order_by("line_no"))
    for part in read_parts(lines, Wallet.objects.living().filter(order=order)):
        if part.connection.pk == row.connection_id:
            return wish_of(order, lines, part, reference=row.reference)
    return None

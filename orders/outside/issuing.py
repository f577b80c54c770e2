"""Having an order's tickets made at outside systems: nothing is asked within a transaction.

What can lapse is prepared everywhere before anything counts anywhere; systems that can take back
what they made commit first. One worker is at an order at a time, by a lock of its session: a frozen
one keeps it, a dead one loses it.
"""

from __future__ import annotations

import dataclasses
import datetime
import logging
import uuid
from collections.abc import Callable, Iterable, Sequence

from django.db import transaction

from channel_manager.history import runner
from channel_manager.history.runner import WORKER, Change
from orders.models import Order, OrderLine, OrderStatus
from orders.outside import ending, made
from orders.outside.turns import at_order
from orders.outside.wishes import NotIssuable, Part, private_words, read_parts, wish_of
from wallets.connectors.base import (
    AssetKey,
    Cause,
    Connector,
    ConnectorError,
    NothingThere,
    Standing,
    TryLater,
    Wish,
)
from wallets.connectors.desk import Desk, GivenUp, Restart
from wallets.connectors.registry import connector_of
from wallets.models import OutsideOrder, OutsideOrderStatus, Wallet

Clock = Callable[[], datetime.datetime]
_log = logging.getLogger(__name__)


class NotIssuedElsewhere(Exception):
    """An outside system did not make what the order needs; `fingerprint` names what has to change."""

    def __init__(self, error: ConnectorError, about: object, message: str) -> None:
        super().__init__(message)
        self.cause = error.cause
        self.message = message
        self.fingerprint = f"{error.cause}:{about}"


@dataclasses.dataclass
class _Seat:
    """A connector at its desk, with what it is to issue."""

    part: Part
    desk: Desk
    connector: Connector
    wish: Wish

    @property
    def row(self) -> OutsideOrder:
        return self.desk.outside_order


def issue_elsewhere(*, order_id: uuid.UUID, clock: Clock) -> None:
    """Have made whatever a Processing order needs at outside systems; resumes where it stopped.

    Returns when all of it is made, or when the order has moved on. Raises TryLater when it is to be
    asked again, NotIssuedElsewhere when it failed. No transaction may be open.
    """
    with at_order(order_id):
        order = (
            Order.objects.select_related("venue", "partner")
            .filter(pk=order_id, status=OrderStatus.PROCESSING)
            .first()
        )
        if order is None:
            return
        lines = list(order.lines.order_by("line_no"))
        shells = Wallet.objects.living().filter(order=order)
        try:
            parts = read_parts(lines, shells)
            _give_up_others(order, parts, clock())
            seats = _seats(order, lines, parts, clock)
        except NotIssuable as error:
            raise NotIssuedElsewhere(error, error.about, error.detail) from error
        try:
            _issue(seats, clock)
        except GivenUp:
            _log.warning("Order %s has ended while it was issued elsewhere", order)


def _issue(seats: Sequence[_Seat], clock: Clock) -> None:
    """Prepare what is not made everywhere, then commit it; raises as `issue_elsewhere`, GivenUp."""
    for seat in seats:
        if seat.row.status == OutsideOrderStatus.UNKNOWN:
            _look_again(seat, clock)
        elif seat.row.status == OutsideOrderStatus.MADE:
            _complete(seat, clock)
    waiting = [seat for seat in seats if seat.row.status == OutsideOrderStatus.OPEN]
    for seat in waiting:
        _go_on(seat, [_prepare], clock)
    for seat in waiting:
        _go_on(seat, [_commit], clock)


def _give_up_others(order: Order, parts: Iterable[Part], now: datetime.datetime) -> None:
    """End what stands elsewhere for something else than what is to be issued there now.

    Outside ids may have been changed since. Raises NotIssuable where what was made cannot be taken
    back, or may have been made: issued elsewhere besides, it would be there twice.
    """
    wanted = {part.connection.pk: {unit.key for unit in part.units} for part in parts}
    with transaction.atomic():
        current = OutsideOrder.objects.current().filter(order_key=order.pk)
        for row in runner.lock(current.select_related("connection")):
            if _stands_for(row, wanted.get(row.connection_id)):
                continue
            if row.status == OutsideOrderStatus.UNKNOWN:
                detail = f"Whether it was made at {row.connection} is not known: settle that first."
                raise NotIssuable(Cause.OUTCOME_UNKNOWN, detail, row.connection_id)
            can_cancel = connector_of(row.connection).capabilities.cancel
            if row.status == OutsideOrderStatus.MADE and not can_cancel:
                detail = (
                    f"{row.connection} has made another part of it, which cannot be taken back. "
                    "Give its components the outside ids back that they had, or cancel the order."
                )
                raise NotIssuable(Cause.MISCONFIGURED, detail, row.connection_id)
            ending.end_row(row=row, actor=WORKER, now=now)


def _stands_for(row: OutsideOrder, wanted: set[AssetKey] | None) -> bool:
    """Tell whether a row is for just these units; one that has no tickets yet may become so."""
    if wanted is None:
        return False
    tickets = row.tickets.values_list("wallet_key", "component_key", "unit")
    return {AssetKey(*key) for key in tickets} in (set(), wanted)


def _seats(
    order: Order, lines: Sequence[OrderLine], parts: Sequence[Part], clock: Clock
) -> list[_Seat]:
    """Return a desk for each connection, those that can take back what they made first."""
    seats = []
    for part in parts:
        connector = connector_of(part.connection)
        _require_usable(part, connector)
        row = _open(order, part, clock())
        wish = wish_of(order, lines, part, reference=row.reference)
        desk = Desk(row, clock, private=private_words(order))
        seats.append(_Seat(part, desk, connector, wish))
    return sorted(seats, key=lambda seat: not seat.connector.capabilities.cancel)


def _require_usable(part: Part, connector: Connector) -> None:
    connection = part.connection
    if not connection.is_active:
        raise NotIssuable(
            Cause.SWITCHED_OFF, f"The connection {connection} is switched off.", connection.pk
        )
    if faults := connector.faults_of(connection):
        text = " ".join(faults.values())
        raise NotIssuable(
            Cause.MISCONFIGURED, f"The connection {connection}: {text}", connection.pk
        )


def _open(order: Order, part: Part, now: datetime.datetime) -> OutsideOrder:
    """Return what stands for an order at a connection now, begun before or just now."""
    rows = OutsideOrder.objects.filter(order_key=order.pk, connection=part.connection)
    current = rows.current().select_related("connection").first()
    if current is not None:
        return current
    number = rows.count() + 1
    reference = order.buy_from_order_reference
    row = OutsideOrder(
        connection=part.connection,
        order=order,
        order_key=order.pk,
        buy_from_order_reference=reference,
        reference=reference if number == 1 else f"{reference}-{number}",
        status_since=now,
        created_at=now,
    )
    with transaction.atomic():
        row.save(force_insert=True)
        change = Change(name="begun", actor=WORKER, now=now)
        runner.record([row], change=change, before=[None])
    return row


def _prepare(seat: _Seat) -> None:
    seat.connector.prepare(seat.desk, seat.wish)


def _commit(seat: _Seat) -> None:
    standing = seat.connector.commit(seat.desk, seat.wish)
    made.keep(seat.row, seat.wish, standing, now=seat.desk.clock())


def _go_on(seat: _Seat, steps: Sequence[Callable[[_Seat], None]], clock: Clock) -> None:
    """Take the next steps, from the first one on where what was prepared has lapsed.

    Raises TryLater, and NotIssuedElsewhere when it ends here.
    """
    while True:
        try:
            for step in steps:
                step(seat)
            return
        except Restart:
            _begin_anew(seat, clock)
        except ConnectorError as error:
            if _is_settled(seat, error, clock):
                return
        steps = (_prepare, *(step for step in steps if step is not _prepare))


def _begin_anew(seat: _Seat, clock: Clock) -> None:
    """Forget what was prepared; raises NotIssuedElsewhere when that was done too often."""
    try:
        seat.desk.restart()
    except ConnectorError as error:
        if seat.desk.may_exist:
            raise _doubted(seat, error, clock()) from error
        raise _failed(seat, error, clock()) from error


def _is_settled(seat: _Seat, error: ConnectorError, clock: Clock) -> bool:
    """Deal with a fault: tell whether the order turned out to be made; False: begin anew.

    Raises TryLater while it may pass by itself, NotIssuedElsewhere when it does not.
    """
    _log.warning("%s: %s", seat.row, seat.desk.hide(error).detail)
    seat.desk.put_off(error)
    if not seat.desk.may_exist or isinstance(error, NothingThere):
        raise _failed(seat, error, clock())
    standing = _read_back(seat)
    if standing is not None and standing.exists is False:
        seat.desk.resolve_commit(is_done=False)
        _begin_anew(seat, clock)
        return False
    if standing is None or not standing.exists or not _is_kept(seat, standing, clock()):
        raise _doubted(seat, error, clock())
    return True


def _read_back(seat: _Seat) -> Standing | None:
    """Return how the order stands there; None where that cannot be told."""
    if not seat.connector.capabilities.read_back:
        return None
    try:
        standing = seat.connector.read_back(seat.desk)
    except ConnectorError as error:
        _log.warning("%s could not be read back: %s", seat.row, seat.desk.hide(error).detail)
        return None
    return standing if standing.exists is not None else None


def _is_kept(seat: _Seat, standing: Standing, now: datetime.datetime) -> bool:
    try:
        made.keep(seat.row, seat.wish, standing, now=now)
        seat.desk.resolve_commit(is_done=True)
    except ConnectorError as error:
        _log.warning("%s cannot be used as it stands: %s", seat.row, seat.desk.hide(error).detail)
        return False
    return True


def _look_again(seat: _Seat, clock: Clock) -> None:
    """Read back what nobody knew of when the order failed: it may be known by now."""
    standing = _read_back(seat)
    if standing is not None and (standing.exists is False or standing.is_cancelled):
        seat.desk.resolve_commit(is_done=False)
        _failed(seat, NothingThere(Cause.OUTCOME_UNKNOWN, "It does not exist there."), clock())
        raise TryLater(1, "It is begun anew.")
    if standing is None or not _is_kept(seat, standing, clock()):
        row = seat.row
        error = ConnectorError(
            Cause(row.cause or Cause.OUTCOME_UNKNOWN), row.message, permanent=True
        )
        raise NotIssuedElsewhere(error, row.connection_id, _in_words(seat, error))


def _complete(seat: _Seat, clock: Clock) -> None:
    """Give what was made before the rows of its tickets, if it has none: a person found it there."""
    if not seat.row.tickets.exists():
        standing = _read_back(seat) or Standing(exists=True)
        try:
            made.complete(seat.row, seat.wish, standing, now=clock())
        except ConnectorError as error:
            # What it tells is not what was asked for, and a person has said that it counts.
            hidden = seat.desk.hide(error)
            _log.warning("%s is issued with numbers of ours: %s", seat.row, hidden.detail)
            made.complete(seat.row, seat.wish, Standing(exists=True), now=clock())


def _failed(seat: _Seat, error: ConnectorError, now: datetime.datetime) -> NotIssuedElsewhere:
    """Keep that nothing of it exists there; return what the order fails with."""
    _change(seat, "failed", now, error, lambda row: row.fail)
    return NotIssuedElsewhere(error, seat.row.connection_id, _in_words(seat, error))


def _doubted(seat: _Seat, error: ConnectorError, now: datetime.datetime) -> NotIssuedElsewhere:
    """Leave it to a person whether it exists there; return what the order fails with."""
    _change(seat, "doubted", now, error, lambda row: row.doubt)
    return NotIssuedElsewhere(error, seat.row.connection_id, _in_words(seat, error))


def _change(
    seat: _Seat,
    name: str,
    now: datetime.datetime,
    error: ConnectorError,
    transition: Callable[[OutsideOrder], Callable[..., None]],
) -> None:
    # One that has ended meanwhile is as it was left.
    changeable = OutsideOrder.objects.filter(
        pk=seat.row.pk, status__in=(OutsideOrderStatus.OPEN, OutsideOrderStatus.UNKNOWN)
    )
    with transaction.atomic():
        for row in runner.lock(changeable):
            if name == "doubted" and row.status == OutsideOrderStatus.UNKNOWN:
                continue
            runner.apply_to(
                [row],
                lambda one: transition(one)(now=now, cause=error.cause, message=error.detail),
                change=Change(name=name, actor=WORKER, now=now, reason=error.detail),
            )


def _in_words(seat: _Seat, error: ConnectorError) -> str:
    return f"{seat.part.connection}: {error.detail}"

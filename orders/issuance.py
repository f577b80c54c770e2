"""Issuing an order in the background: picked up, started, settled; all or nothing.

Each step is a transaction that leaves the order in a state that says where it stopped, so a worker
may die between any two of them and another one carries on.
"""

from __future__ import annotations

import datetime
import functools
import logging
import uuid
from collections.abc import Callable, Sequence

from django.db import transaction

from channel_manager.history import runner
from channel_manager.history.runner import WORKER, Change
from channel_manager.lib.database import DATABASE_AWAY
from orders import ledger, magic, mailing
from orders.announcing import announce, announce_together
from orders.causes import fingerprint_of
from orders.filling import ToIssue, fill
from orders.models import FailureCode, Order, OrderLine, OrderStatus
from orders.outside import ending, issuing
from orders.outside.issuing import NotIssuedElsewhere
from orders.queueing import enqueue_issuance
from partners.models import EventType
from wallets.connectors.base import TryLater

_log = logging.getLogger(__name__)


def issue_order(
    *, order_id: uuid.UUID, clock: Callable[[], datetime.datetime], failures: int = 0
) -> None:
    """Bring an order from wherever it stopped to Issued, Draft or Error.

    failures: how often its job was tried in vain before.

    An order that has settled, or is gone, is left alone: somebody else was first. A database that
    is away or busy is passed on, for the job to be tried again; any other fault settles the order
    in Error.
    """
    _take_up([order_id], clock)
    try:
        if not _settle([order_id], failures, now=clock()):
            issuing.issue_elsewhere(order_id=order_id, clock=clock)
            if not _settle([order_id], failures, now=clock()):
                raise RuntimeError("Outside systems have made something else than was asked for.")
    except DATABASE_AWAY:
        raise
    except TryLater as later:
        _put_off(order_id, later.seconds)
    except NotIssuedElsewhere as fault:
        _fail_elsewhere(order_id, fault, now=clock())
    except Exception as fault:
        if not isinstance(fault, magic.PlayedFault):
            _log.exception("Issuing order %s failed", order_id)
        message = "Issuing failed for a reason of ours."
        fail_order(
            order_id=order_id,
            failure_code=FailureCode.INTERNAL,
            fingerprint=f"{FailureCode.INTERNAL}:{type(fault).__name__:.100}",
            message=message,
            now=clock(),
        )


def issue_together(
    *,
    order_ids: Sequence[uuid.UUID],
    clock: Callable[[], datetime.datetime],
    beside: Callable[[], None],
) -> None:
    """Bring orders that nobody else issues to their end as `issue_order` does, each step for all.

    beside: what is done in the transaction that settles them. Whatever keeps one of them from being
    settled is raised, and none of them is settled then.
    """
    _take_up(order_ids, clock)
    with transaction.atomic():
        if not _settle(order_ids, 0, now=clock()):
            raise RuntimeError("Outside systems have to make some of it first.")
        beside()


def give_up(*, order_id: uuid.UUID, now: datetime.datetime) -> None:
    """Settle a Processing order in Error because issuing it got nowhere."""
    fail_order(
        order_id=order_id,
        failure_code=FailureCode.STALLED,
        fingerprint=FailureCode.STALLED,
        message="Issuing made no progress for too long.",
        now=now,
    )


def fail_order(
    *,
    order_id: uuid.UUID,
    failure_code: str,
    fingerprint: str,
    message: str,
    now: datetime.datetime,
) -> None:
    """Settle a Processing order in Error; one that has moved on is left alone."""
    with transaction.atomic():
        for order in _locked([order_id], OrderStatus.PROCESSING):
            message += _end_elsewhere(order, now)
            _fail(order, failure_code, fingerprint, message, now)


def _end_elsewhere(order: Order, now: datetime.datetime) -> str:
    """Take back what outside systems made of an order that fails; return what they keep in words."""
    ending.settle_begun(order=order, now=now)
    kept = ending.end_what_can_be(order=order, now=now)
    names = ", ".join(f"{row.connection} ({row.outside_reference})" for row in kept)
    return f" Made already, and not to be taken back by us: {names}." if kept else ""


def _take_up(order_ids: Sequence[uuid.UUID], clock: Callable[[], datetime.datetime]) -> None:
    """Bring orders to Processing in two steps, those that are not there or further."""
    _step(order_ids, OrderStatus.SUBMITTED, "scheduled", Order.schedule, now=clock())
    _step(order_ids, OrderStatus.SCHEDULED, "started", Order.start, now=clock())


def _step(
    order_ids: Sequence[uuid.UUID],
    source: OrderStatus,
    name: str,
    move: Callable[..., None],
    *,
    now: datetime.datetime,
) -> None:
    """Commit one transition of the orders that are where it starts from."""
    with transaction.atomic():
        locked = runner.lock(Order.objects.filter(pk__in=order_ids))
        runner.apply_to(
            [order for order in locked if order.status == source],
            functools.partial(move, now=now),
            change=Change(name=name, actor=WORKER, now=now),
        )


def _put_off(order_id: uuid.UUID, seconds: int) -> None:
    """Have a Processing order gone on with after so many seconds."""
    with transaction.atomic():
        for order in _locked([order_id], OrderStatus.PROCESSING):
            order.job_id = enqueue_issuance(order.pk, wait=seconds)
            order.save(update_fields=["job_id"])


def _fail_elsewhere(
    order_id: uuid.UUID, fault: NotIssuedElsewhere, *, now: datetime.datetime
) -> None:
    """Settle a Processing order in Error for what an outside system said; nothing of it is issued.

    What others made is taken back where that is possible, and named where it is not.
    """
    with transaction.atomic():
        for order in _locked([order_id], OrderStatus.PROCESSING):
            message = fault.message + _end_elsewhere(order, now)
            _fail(order, fault.cause, fault.fingerprint, message, now)


def _settle(order_ids: Sequence[uuid.UUID], failures: int, *, now: datetime.datetime) -> bool:
    """Mint every asset of Processing orders and settle them, in one transaction.

    Returns False when outside systems have to make some of it first; such orders stay as they are.
    """
    with transaction.atomic():
        ready = []
        orders = _locked(order_ids, OrderStatus.PROCESSING)
        if len(orders) > 1 and _log.isEnabledFor(logging.INFO):
            transaction.on_commit(functools.partial(_tell_of, orders))
        for one in _with_lines(orders):
            if any(line.unresolved_cause for line in one.lines):
                _fail_unresolved(one, now)
            else:
                magic.play_faults(one.order, one.lines, failures=failures)
                ready.append(one)
        # Nobody is asked elsewhere before we are paid: its wallets stay shells until then.
        waiting = fill([one for one in ready if one.is_paid or not one.is_elsewhere], now=now)
        done = [one for one in ready if one not in waiting]
        _settle_as_drafts([one.order for one in done if not one.is_paid], now)
        _settle_as_issued([one for one in done if one.is_paid], now)
        announce_together([one.order for one in done], EventType.PROCESSED, now=now)
    return not waiting


def _tell_of(orders: Sequence[Order]) -> None:
    """Log which orders were settled by a job that names but one of them."""
    for order in orders:
        about = {"orderId": order.pk, "buyFromOrderReference": order.buy_from_order_reference}
        _log.info("Order settled: %s", order.status, extra={"members": about})


def _settle_as_drafts(orders: Sequence[Order], now: datetime.datetime) -> None:
    def settle(order: Order) -> None:
        lifetime = datetime.timedelta(days=order.partner.draft_lifetime_days)
        order.settle_as_draft(now=now, expires_at=now + lifetime)

    change = Change(name="drafted", actor=WORKER, now=now)
    runner.apply_to(orders, settle, change=change)


def _settle_as_issued(paid: Sequence[ToIssue], now: datetime.datetime) -> None:
    """Settle paid orders, post their sales, and have the guests mailed who are."""
    orders = [one.order for one in paid]
    contracts = ledger.contracts_of(orders)
    sales = [
        entry
        for one in paid
        for entry in ledger.sale_of(order=one.order, lines=one.lines, contracts=contracts, now=now)
    ]
    runner.apply_to(
        orders,
        functools.partial(Order.settle_as_issued, now=now),
        change=Change(name="issued", actor=WORKER, now=now),
        beside=sales,
    )
    for order in orders:
        mailing.mail_tickets(order=order, now=now)


def _with_lines(orders: Sequence[Order]) -> list[ToIssue]:
    """Return orders with their lines: one statement."""
    lines: dict[uuid.UUID, list[OrderLine]] = {order.pk: [] for order in orders}
    rows = OrderLine.objects.filter(order__in=list(lines)).order_by("order_id", "line_no")
    for line in rows:
        lines[line.order_id].append(line)
    return [ToIssue(order=order, lines=lines[order.pk]) for order in orders]


def _locked(order_ids: Sequence[uuid.UUID], status: OrderStatus) -> list[Order]:
    """Lock those of the orders that exist and have the status."""
    orders = Order.objects.filter(pk__in=order_ids)
    orders = orders.select_related("partner__venue", "checkout__storefront")
    orders = orders.defer("partner__venue__logo")
    return [order for order in runner.lock(orders) if order.status == status]


def _fail_unresolved(one: ToIssue, now: datetime.datetime) -> None:
    unresolved = [line for line in one.lines if line.unresolved_cause]
    message = " ".join(explain_line(line) for line in unresolved)
    cause = unresolved[0].unresolved_cause
    _fail(one.order, cause, fingerprint_of(one.order, cause, unresolved[0]), message, now)


def _fail(
    order: Order, failure_code: str, fingerprint: str, message: str, now: datetime.datetime
) -> None:
    runner.apply_to(
        [order],
        lambda row: row.fail(
            now=now, failure_code=failure_code, fingerprint=fingerprint, message=message
        ),
        change=Change(
            name="failed", actor=WORKER, now=now, reason=message, data={"cause": failure_code}
        ),
    )
    announce(order, EventType.PROCESSED, now=now)


def explain_line(line: OrderLine) -> str:
    """Say in a sentence why a line cannot be issued."""
    subject = f"Line {line.line_no}: item number {line.item_number}"
    match line.unresolved_cause:
        case FailureCode.NO_ACTIVE_COMPONENT:
            return f"{subject} is a package with nothing to issue."
        case FailureCode.NO_PRICE:
            return f"{subject} has no price for its visit date."
        case _:
            return f"{subject} is not mapped to a package of the venue."

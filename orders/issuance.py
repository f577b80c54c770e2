"""Issuing an order in the background: picked up, started, settled; all or nothing.

Each step is a transaction that leaves the order in a state that says where it stopped, so a worker
may die between any two of them and another one carries on.
"""

from __future__ import annotations

import datetime
import functools
import logging
import uuid
from collections import defaultdict
from collections.abc import Callable, Sequence

from django.db import transaction

from catalog import expansion
from channel_manager.history import runner
from channel_manager.history.runner import WORKER, Change
from channel_manager.lib.database import DATABASE_AWAY
from orders import ledger, magic, mailing
from orders.announcing import announce
from orders.causes import fingerprint_of
from orders.models import FailureCode, Order, OrderLine, OrderStatus
from orders.outside import ending, issuing, made, wishes
from orders.outside.issuing import NotIssuedElsewhere
from orders.queueing import enqueue_issuance
from partners.models import EventType
from wallets.connectors.base import LineToIssue, NumberSource, TryLater
from wallets.connectors.local import LocalConnector
from wallets.minting import mint_assets
from wallets.models import Asset, Wallet

_log = logging.getLogger(__name__)
_LOCAL = LocalConnector()


def issue_order(
    *, order_id: uuid.UUID, clock: Callable[[], datetime.datetime], failures: int = 0
) -> None:
    """Bring an order from wherever it stopped to Issued, Draft or Error.

    failures: how often its job was tried in vain before.

    An order that has settled, or is gone, is left alone: somebody else was first. A database that
    is away or busy is passed on, for the job to be tried again; any other fault settles the order
    in Error.
    """
    _step(order_id, OrderStatus.SUBMITTED, "scheduled", Order.schedule, now=clock())
    _step(order_id, OrderStatus.SCHEDULED, "started", Order.start, now=clock())
    try:
        if not _settle(order_id, failures, now=clock()):
            issuing.issue_elsewhere(order_id=order_id, clock=clock)
            if not _settle(order_id, failures, now=clock()):
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
        for order in _locked(order_id, OrderStatus.PROCESSING):
            message += _end_elsewhere(order, now)
            _fail(order, failure_code, fingerprint, message, now)


def _end_elsewhere(order: Order, now: datetime.datetime) -> str:
    """Take back what outside systems made of an order that fails; return what they keep in words."""
    ending.settle_begun(order=order, now=now)
    kept = ending.end_what_can_be(order=order, now=now)
    names = ", ".join(f"{row.connection} ({row.outside_reference})" for row in kept)
    return f" Made already, and not to be taken back by us: {names}." if kept else ""


def _step(
    order_id: uuid.UUID,
    source: OrderStatus,
    name: str,
    move: Callable[..., None],
    *,
    now: datetime.datetime,
) -> None:
    """Commit one transition, if the order is where it starts from."""
    with transaction.atomic():
        runner.apply_to(
            _locked(order_id, source),
            functools.partial(move, now=now),
            change=Change(name=name, actor=WORKER, now=now),
        )


def _put_off(order_id: uuid.UUID, seconds: int) -> None:
    """Have a Processing order gone on with after so many seconds."""
    with transaction.atomic():
        for order in _locked(order_id, OrderStatus.PROCESSING):
            order.job_id = enqueue_issuance(order.pk, wait=seconds)
            order.save(update_fields=["job_id"])


def _fail_elsewhere(
    order_id: uuid.UUID, fault: NotIssuedElsewhere, *, now: datetime.datetime
) -> None:
    """Settle a Processing order in Error for what an outside system said; nothing of it is issued.

    What others made is taken back where that is possible, and named where it is not.
    """
    with transaction.atomic():
        for order in _locked(order_id, OrderStatus.PROCESSING):
            message = fault.message + _end_elsewhere(order, now)
            _fail(order, fault.cause, fault.fingerprint, message, now)


def _settle(order_id: uuid.UUID, failures: int, *, now: datetime.datetime) -> bool:
    """Mint every asset of a Processing order and settle it, in one transaction.

    Returns False when outside systems have to make some of it first.
    """
    with transaction.atomic():
        for order in _locked(order_id, OrderStatus.PROCESSING):
            lines = list(order.lines.order_by("line_no"))
            unresolved = [line for line in lines if line.unresolved_cause]
            if unresolved:
                message = " ".join(explain_line(line) for line in unresolved)
                cause = unresolved[0].unresolved_cause
                _fail(order, cause, fingerprint_of(order, cause, unresolved[0]), message, now)
                return True
            magic.play_faults(order, lines, failures=failures)
            # Nobody is asked elsewhere before we are paid: its wallets stay shells until then.
            is_elsewhere = wishes.is_concerned(order, lines)
            if not is_elsewhere:
                _mint(order, lines, now)
            elif order.payment_reference is not None and not _mint_made(order, lines, now):
                return False
            if order.payment_reference is None:
                expires = now + datetime.timedelta(days=order.partner.draft_lifetime_days)
                runner.apply_to(
                    [order],
                    functools.partial(Order.settle_as_draft, now=now, expires_at=expires),
                    change=Change(name="drafted", actor=WORKER, now=now),
                )
            else:
                runner.apply_to(
                    [order],
                    lambda row: row.settle_as_issued(now=now),
                    change=Change(name="issued", actor=WORKER, now=now),
                    beside=ledger.sale_of(order=order, lines=lines, now=now),
                )
                mailing.mail_tickets(order=order, now=now)
            announce(order, EventType.PROCESSED, now=now)
    return True


def make_assets(
    *, order: Order, lines: Sequence[OrderLine], shells: Sequence[Wallet], connector: NumberSource
) -> list[Asset]:
    """Make the unsaved assets of an order's shells with a connector's numbers; valid when it is paid."""
    by_line: dict[uuid.UUID | None, list[Wallet]] = defaultdict(list)
    for wallet in shells:
        by_line[wallet.line_id].append(wallet)
    wanted = [
        LineToIssue(
            wallets=by_line[line.pk],
            components=[expansion.from_json(entry) for entry in line.plan],
        )
        for line in lines
    ]
    numbers = connector.issue(wanted).numbers
    assets = [
        asset
        for line in wanted
        for asset in mint_assets(wallets=line.wallets, components=line.components, numbers=numbers)
    ]
    if order.payment_reference is not None:
        for asset in assets:
            asset.validate()
    return assets


def fill_shell(wallet: Wallet, *, order: Order, now: datetime.datetime) -> None:
    """Bring a shell to what it is once it has its assets: the guest's when the order is paid."""
    wallet.mint()
    if order.payment_reference is not None:
        wallet.activate(now=now)


def _mint(order: Order, lines: Sequence[OrderLine], now: datetime.datetime) -> None:
    """Fill the order's wallet shells; assets and wallets are valid at once when it is paid."""
    shells = runner.lock(Wallet.objects.living().filter(order=order))
    Asset.objects.bulk_create(
        make_assets(order=order, lines=lines, shells=shells, connector=_LOCAL)
    )
    runner.apply_to(shells, functools.partial(fill_shell, order=order, now=now))


def _mint_made(order: Order, lines: Sequence[OrderLine], now: datetime.datetime) -> bool:
    """Fill the order's wallet shells with what was made elsewhere; False while some of it is not."""
    shells = runner.lock(Wallet.objects.living().filter(order=order))
    tickets = made.read_tickets(order)
    if not made.is_complete(lines, shells, tickets):
        return False
    numbers = made.numbers_of(order, tickets)
    assets = make_assets(order=order, lines=lines, shells=shells, connector=numbers)
    Asset.objects.bulk_create(assets)
    made.attach(tickets, assets)
    runner.apply_to(shells, functools.partial(fill_shell, order=order, now=now))
    return True


def _locked(order_id: uuid.UUID, status: OrderStatus) -> list[Order]:
    """Lock the order if it exists and has the status; else nobody."""
    orders = Order.objects.filter(pk=order_id)
    orders = orders.select_related("partner__venue", "checkout__storefront")
    orders = orders.defer("partner__venue__logo")
    return [order for order in runner.lock(orders) if order.status == status]


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

"""What the magic item numbers of test orders do, by the table of catalog/magic.py.

Each function is asked at one place of the usual code, and answers that nothing is special for a
live order.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from django.db import OperationalError

from catalog.agenda import Agenda
from catalog.expansion import PlannedComponent
from catalog.magic import MAGIC, Magic
from catalog.mapping import Offer
from catalog.models import Session
from catalog.trial_ticket import store_ticket
from orders.models import Order, OrderLine
from orders.placing import Shortage
from orders.planning import LinePlan, NoRoom
from orders.requests import LineRequest
from partners.account import Account


class PlayedOutage(OperationalError):
    """A technical fault that a test order asked for: the job tries again, as after a real one."""


class PlayedFault(Exception):
    """A fault that a test order asked for: it settles in Error, as after a real one."""


def refuse_sold_out(account: Account, plans: Sequence[LinePlan], agenda: Agenda) -> None:
    """Raise NoRoom for each line of a test that asks for it, as for a session without a place."""
    shortages = [
        _shortage(plan.request, plan.offer, plan.expansion.components[0], f"/items/{index}")
        for index, plan in enumerate(plans)
        if account.test_mode and _is_sold_out(plan.request) and plan.offer and plan.expansion
    ]
    if shortages:
        raise NoRoom(agenda, shortages)


def seconds_put_off(order: Order, lines: Iterable[OrderLine]) -> int:
    """Return after how many seconds the job that issues an order is to begin."""
    return max((magic.put_off for magic in _asked_for(order, lines)), default=0)


def will_lose_webhooks(order: Order, lines: Iterable[OrderLine]) -> bool:
    """Tell whether an order with these lines asks for its webhooks not to be sent."""
    return any(magic.loses_webhooks for magic in _asked_for(order, lines))


def is_webhook_lost(order: Order) -> bool:
    """Tell whether nothing of an order is to be sent to endpoints; the feed has it all the same."""
    return order.loses_webhooks


def has_asked_to_fail(order: Order, lines: Iterable[OrderLine]) -> bool:
    """Tell whether an order in Error is where it wanted to be."""
    return any(magic.fails or not magic.is_known for magic in _asked_for(order, lines))


def store_what_lines_need(lines: Sequence[OrderLine]) -> None:
    """Store the test ticket before lines point at it; nothing is done for other lines."""
    tests = [line for line in lines if line.package is not None and line.package.is_test]
    if tests:
        store_ticket(tests[0].order.venue)


def play_faults(order: Order, lines: Iterable[OrderLine], *, failures: int) -> None:
    """Raise the fault that a test order asks for while it is issued: PlayedOutage, PlayedFault.

    failures: how often issuing it was tried in vain before.
    """
    for magic in _asked_for(order, lines):
        if failures < magic.outages:
            raise PlayedOutage(f"{magic.item_number}: outage {failures + 1} of {magic.outages}")
        if magic.fails:
            raise PlayedFault(magic.item_number)


def _asked_for(order: Order, lines: Iterable[OrderLine]) -> Iterator[Magic]:
    if order.test_mode:
        for line in lines:
            if line.item_number in MAGIC:
                yield MAGIC[line.item_number]


def _is_sold_out(line: LineRequest) -> bool:
    magic = MAGIC.get(line.item_number)
    return magic is not None and magic.is_sold_out


def _shortage(
    request: LineRequest, offer: Offer, planned: PlannedComponent, pointer: str
) -> Shortage:
    """Return the shortage of a session that exists for this refusal only."""
    zone = offer.package.venue.zone
    return Shortage(
        pointer=pointer,
        offer=offer,
        component=offer.components[0],
        session=Session(
            date=request.visit_date or planned.valid_from.astimezone(zone).date(),
            time=request.visit_time,
            capacity=0,
            starts_at=planned.valid_from,
            ends_at=planned.valid_until,
        ),
        wanted=request.quantity,
        needed=request.quantity,
        left=0,
    )

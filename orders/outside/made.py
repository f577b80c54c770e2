"""What was made at outside systems: kept as soon as it is known, and given to the order's assets."""

from __future__ import annotations

import datetime
import functools
import logging
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence

from django.db import transaction

from channel_manager.history import runner
from channel_manager.history.runner import WORKER, Change
from orders.models import Order, OrderLine
from orders.outside import ending, polling
from orders.outside.wishes import wanted_elsewhere
from wallets.connectors.base import (
    AssetKey,
    Issued,
    LineToIssue,
    OutsideTicketData,
    Standing,
    Unit,
    Wish,
)
from wallets.connectors.exchange import unreadable
from wallets.connectors.local import LocalConnector
from wallets.connectors.registry import connector_of
from wallets.models import (
    Asset,
    OutsideOrder,
    OutsideOrderStatus,
    OutsideTicket,
    Wallet,
)
from wallets.outside_tickets import only_number

_log = logging.getLogger(__name__)


def keep(row: OutsideOrder, wish: Wish, standing: Standing, *, now: datetime.datetime) -> None:
    """Keep that an order was made there, with a row for each ticket; once.

    Raises ConnectorError when the tickets are not those that were asked for.
    """
    tickets = list(_tickets(row, wish, standing, now))
    connector = connector_of(row.connection)
    can_poll = connector.capabilities.read_back and connector.can_change(row)
    make = functools.partial(
        OutsideOrder.make,
        now=now,
        outside_reference=standing.outside_reference,
        tickets_url=standing.tickets_url,
        next_poll_at=now + polling.interval_of(row.connection) if can_poll else None,
    )
    with transaction.atomic():
        for locked in runner.lock(OutsideOrder.objects.filter(pk=row.pk)):
            if locked.status == OutsideOrderStatus.MADE:
                return
            runner.apply_to(
                [locked],
                make,
                change=Change(
                    name="made",
                    actor=WORKER,
                    now=now,
                    data={"outsideReference": standing.outside_reference, "tickets": len(tickets)},
                ),
            )
            OutsideTicket.objects.bulk_create(tickets)
            if not locked.is_current:
                # Its order ended or went on without it while it was made.
                ending.end_row(row=locked, actor=WORKER, now=now)


def complete(row: OutsideOrder, wish: Wish, standing: Standing, *, now: datetime.datetime) -> None:
    """Give an order that a person has found there the rows of its tickets, once."""
    tickets = list(_tickets(row, wish, standing, now))
    with transaction.atomic():
        for locked in runner.lock(OutsideOrder.objects.filter(pk=row.pk)):
            if not locked.tickets.exists():
                OutsideTicket.objects.bulk_create(tickets)


def _tickets(
    row: OutsideOrder, wish: Wish, standing: Standing, now: datetime.datetime
) -> Iterable[OutsideTicket]:
    """Make the unsaved tickets of an order, one for each that was asked for."""
    told = _by_item(wish, standing.tickets)
    position = 0
    for unit in wish.units:
        for _ in range(unit.count):
            position += 1
            data = _next(told, unit)
            yield OutsideTicket(
                outside_order=row,
                position=position,
                wallet_key=unit.key.wallet_id,
                component_key=unit.key.component_id,
                unit=unit.key.unit,
                outside_id=data.outside_id,
                number=data.number,
                url=data.url,
                status_since=now,
            )


_NOTHING_TOLD = OutsideTicketData()


def _next(told: Mapping[tuple[str, str], list[OutsideTicketData]], unit: Unit) -> OutsideTicketData:
    rows = told.get((unit.outside_session, unit.outside_item), [])
    return rows.pop(0) if rows else _NOTHING_TOLD


def _by_item(
    wish: Wish, tickets: Sequence[OutsideTicketData]
) -> Mapping[tuple[str, str], list[OutsideTicketData]]:
    """Sort tickets by what they are one of; raises ConnectorError unless they are what was asked."""
    told: dict[tuple[str, str], list[OutsideTicketData]] = defaultdict(list)
    for ticket in tickets:
        told[ticket.outside_session, ticket.outside_item].append(ticket)
    if tickets and {key: len(rows) for key, rows in told.items()} != wish.by_item():
        asked = sum(unit.count for unit in wish.units)
        raise unreadable(f"It tells {len(tickets)} tickets that are not the {asked} asked for.")
    _require_distinct([ticket.number for ticket in tickets if ticket.number])
    _require_distinct([ticket.outside_id for ticket in tickets if ticket.outside_id])
    return told


def _require_distinct(numbers: Sequence[str]) -> None:
    if len(set(numbers)) != len(numbers):
        raise unreadable("It gives one number to two tickets.")


class NumbersThere:
    """Gives assets the numbers that outside systems gave their tickets, and the others our own.

    An asset that stands for several tickets there, or whose number was not told, has one of ours.
    """

    name = "outside"

    def __init__(self, numbers: Mapping[AssetKey, str]) -> None:
        self._numbers = numbers

    def issue(self, lines: Sequence[LineToIssue]) -> Issued:
        """Return a number for every asset."""
        own = LocalConnector().issue(lines).numbers
        return Issued({key: self._numbers.get(key) or number for key, number in own.items()})


def read_tickets(order: Order) -> list[OutsideTicket]:
    """Return the tickets of what stands for an order at outside systems now; one statement."""
    rows = OutsideTicket.objects.filter(
        outside_order__order_key=order.pk,
        outside_order__is_current=True,
        outside_order__status=OutsideOrderStatus.MADE,
    )
    return list(
        rows.select_related("outside_order__connection").order_by("outside_order", "position")
    )


def is_complete(
    lines: Sequence[OrderLine], shells: Iterable[Wallet], tickets: Iterable[OutsideTicket]
) -> bool:
    """Tell whether every asset that others issue was made."""
    there = {_key_of(ticket) for ticket in tickets}
    return all(key in there for key, _component in wanted_elsewhere(lines, shells))


def numbers_of(order: Order, tickets: Sequence[OutsideTicket]) -> NumbersThere:
    """Return the numbers that the order's assets get; one statement.

    One that stands on another ticket already is not given again: that asset has a number of ours.
    """
    by_key: dict[AssetKey, list[OutsideTicket]] = defaultdict(list)
    for ticket in tickets:
        by_key[_key_of(ticket)].append(ticket)
    only = {key: only_number(row.number for row in rows) for key, rows in by_key.items()}
    told = {key: number for key, number in only.items() if number}
    counts = Counter(told.values())
    taken = Asset.objects.filter(venue=order.venue_id, reference_number__in=list(counts))
    known = set(taken.values_list("reference_number", flat=True)) if told else set()
    numbers = {
        key: number for key, number in told.items() if counts[number] == 1 and number not in known
    }
    if clashing := sorted(set(told.values()) - set(numbers.values())):
        _log.warning("Order %s: %s stand on other tickets already", order, ", ".join(clashing))
    return NumbersThere(numbers)


def attach(tickets: Sequence[OutsideTicket], assets: Iterable[Asset]) -> None:
    """Say which asset each ticket stands behind; two statements whatever their number."""
    by_key = {AssetKey(one.wallet_id, one.component_id, one.unit): one for one in assets}
    for ticket in tickets:
        ticket.asset = by_key.get(_key_of(ticket))
    OutsideTicket.objects.bulk_update(tickets, ["asset"], batch_size=500)


def _key_of(ticket: OutsideTicket) -> AssetKey:
    return AssetKey(ticket.wallet_key, ticket.component_key, ticket.unit)

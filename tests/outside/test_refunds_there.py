"""What was cancelled at another system ends here: wallets, parts of them, or places of a group."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from django.db.models import Sum

from catalog.models import ComponentSource, Connection, Package
from orders import cancellation, wallet_cancellation
from orders.models import LedgerEntry, Order, OrderStatus
from orders.outside import ending
from tests.conftest import ApiClient
from tests.orders.expected import Clock
from tests.outside.conftest import issued_by
from tests.outside.playhouse import Playhouse
from tests.outside.reading import events_of, only_row, read, states, taken, tell, wrong
from wallets.models import OutsideOrder, Wallet

pytestmark = pytest.mark.django_db(transaction=True)

Work = Callable[[Any], Order]
VISIT = "2026-11-23"
SHOW = {"itemNumber": "SHOW", "visitDate": VISIT}


@pytest.fixture
def order(api: ApiClient, work: Work, show: Package) -> Order:
    """Two tickets that the playhouse has made, 12.00 each."""
    return work(api.create({**SHOW, "quantity": 2}))


def owed(order: Order) -> Decimal:
    return LedgerEntry.objects.filter(order=order).aggregate(sum=Sum("gross"))["sum"]


def end_jobs(clock: Clock) -> None:
    """Do what was queued for cancelling elsewhere."""
    for row in OutsideOrder.objects.all():
        ending.end_elsewhere(outside_order_id=row.pk, clock=clock)


def test_a_wallet_whose_ticket_was_cancelled_there_is_cancelled(
    order: Order, playhouse: Playhouse, clock: Clock
) -> None:
    tell(playhouse, "cancelled", "HALL-0001")
    read(clock)
    read(clock)
    end_jobs(clock)
    assert states() == [("HALL-0001", "Ended", "Destroyed"), ("HALL-0002", "Valid", "Valid")]
    order.refresh_from_db()
    assert (order.status, order.total_incl_vat, owed(order)) == (
        OrderStatus.ISSUED,
        Decimal("12.00"),
        Decimal("12.00"),
    )
    gone = Wallet.objects.get(status="Destroyed")
    assert events_of(order, "wallets_cancelled") == [
        (
            "wallets_cancelled",
            "connector:onebox",
            {"walletReferenceNumbers": [gone.reference_number]},
        )
    ]
    assert only_row().status == "Made"
    assert "cancel" not in playhouse.operations()
    assert wrong() == []


def test_an_order_whose_tickets_were_all_cancelled_there_is_cancelled(
    order: Order, playhouse: Playhouse, clock: Clock
) -> None:
    tell(playhouse, "cancelled")
    read(clock)
    end_jobs(clock)
    order = Order.objects.get(pk=order.pk)
    assert (order.status, owed(order)) == (OrderStatus.CANCELLED, Decimal("0.00"))
    row = only_row()
    assert (row.status, row.is_current, row.next_poll_at) == ("Ended", False, None)
    assert states() == [("HALL-0001", "Ended", "Destroyed"), ("HALL-0002", "Ended", "Destroyed")]
    assert "cancel" not in playhouse.operations()
    assert wrong() == []


def test_a_part_of_a_wallet_ends_and_its_money_is_left_to_staff(
    api: ApiClient,
    work: Work,
    bundle: Package,
    playhouse: Playhouse,
    connection: Connection,
    clock: Clock,
) -> None:
    ride = bundle.components.get(item__number="DINO")
    ComponentSource.objects.create(component=ride, connection=connection, outside_item="dino")
    order = work(api.create({"itemNumber": "BUNDLE", "visitDate": VISIT}))
    tell(playhouse, "cancelled")
    read(clock)
    read(clock)
    assert states() == [("HALL-0001", "Ended", "Destroyed")]
    wallet = Wallet.objects.get()
    assert (wallet.status, owed(order)) == ("Active", Decimal("49.50"))
    assert [status for *_, status in taken()].count("Valid") == 2
    assert events_of(order, "ended_there") == [
        (
            "ended_there",
            "connector:onebox",
            {
                "assetReferenceNumber": "HALL-0001",
                "walletReferenceNumber": wallet.reference_number,
                "admissions": 1,
                "left": 0,
                "admitted": 0,
            },
        )
    ]
    assert (only_row().status, only_row().next_poll_at) == ("Ended", None)
    assert wrong() == []
    cancellation.cancel_order(
        orders=Order.objects.all(), order_id=order.pk, actor="staff:1", now=clock(), reason="Left"
    )
    assert wrong() == []


def test_a_used_ticket_that_was_cancelled_there_stays_and_is_told(
    order: Order, playhouse: Playhouse, clock: Clock
) -> None:
    tell(playhouse, "used", "HALL-0001")
    read(clock)
    tell(playhouse, "cancelled")
    read(clock)
    assert states() == [("HALL-0001", "Ended", "Used"), ("HALL-0002", "Ended", "Destroyed")]
    told = [(name, data["admitted"]) for name, _, data in events_of(order, "ended_there")]
    assert told == [("ended_there", 1)]
    assert Order.objects.get(pk=order.pk).status == OrderStatus.ISSUED
    assert owed(order) == Decimal("12.00")
    assert wrong() == []


@pytest.mark.derived
def test_a_group_admits_as_many_fewer_as_were_cancelled_there(
    api: ApiClient,
    work: Work,
    group: Package,
    playhouse: Playhouse,
    connection: Connection,
    clock: Clock,
) -> None:
    issued_by(connection, group, "stalls")
    order = work(api.create({"itemNumber": "GROUP", "visitDate": VISIT, "quantity": 4}))
    tell(playhouse, "used", "HALL-0001")
    tell(playhouse, "cancelled", "HALL-0002")
    read(clock)
    assert [row[1:] for row in taken()] == [(3, 1, "Valid")]
    tell(playhouse, "cancelled", "HALL-0003", "HALL-0004")
    read(clock)
    assert [row[1:] for row in taken()] == [(1, 1, "Used")]
    assert owed(order) == Decimal("108.00")
    tell(playhouse, "valid", "HALL-0001")
    read(clock)
    assert [row[1:] for row in taken()] == [(1, 0, "Valid")]
    tell(playhouse, "cancelled", "HALL-0001")
    read(clock)
    assert [row[1:] for row in taken()] == [(1, 0, "Destroyed")]
    assert (Order.objects.get(pk=order.pk).status, owed(order)) == (
        OrderStatus.CANCELLED,
        Decimal("0.00"),
    )
    assert wrong() == []


@pytest.mark.parametrize("state", ["used", "cancelled", "valid"])
def test_what_is_told_of_a_ticket_that_we_have_ended_changes_nothing(
    order: Order, playhouse: Playhouse, clock: Clock, state: str
) -> None:
    wallet = Wallet.objects.order_by("seq_no")[0]
    wallet_cancellation.cancel_wallets(
        orders=Order.objects.all(),
        order_id=order.pk,
        wallet_ids=[wallet.pk],
        actor="staff:1",
        now=clock(),
        reason="The guest is ill",
    )
    end_jobs(clock)
    before = states()
    number = next(number for number, status, _ in before if status == "Ended")
    tell(playhouse, state, number)
    read(clock)
    assert states() == before
    assert events_of(order, "admitted", "used_there", "ended_there") == []
    assert wrong() == []


def test_tickets_there_that_we_do_not_know_are_noted_once(
    order: Order, playhouse: Playhouse, clock: Clock
) -> None:
    (tickets,) = playhouse.orders.values()
    tickets.append({"item": "stalls", "id": "id-9", "number": "HALL-0009", "state": "used"})
    read(clock)
    read(clock)
    noted = [(name, data["tickets"]) for name, _, data in events_of(order, "strange_there")]
    assert noted == [("strange_there", ["id-9"])]
    assert [status for _, status, _ in states()] == ["Valid", "Valid"]
    assert wrong() == []

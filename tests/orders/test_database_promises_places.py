"""What the database promises of places whatever the code does: tried past the code that takes them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.db import IntegrityError, connection, transaction

from catalog.models import Allotment, AllotmentUse, Attraction, Package, Seat, SeatPlan, Session
from orders.models import Allocation, Hold, Order, OrderLine
from partners.models import Partner, Venue
from tests.conftest import ApiClient
from tests.factories import (
    AllotmentFactory,
    AttractionFactory,
    SeatPlanFactory,
)
from tests.orders.expected import NOON, VISIT, line
from tests.orders.sessions import counters, seated, session
from tests.orders.test_database_promises import refused
from wallets.models import Wallet

pytestmark = pytest.mark.usefixtures("clock")


@pytest.fixture
def ordered(api: ApiClient) -> OrderLine:
    """A line of an order that has no places yet."""
    created = api.create(line(quantity=2))
    return OrderLine.objects.get(order_id=created["orderId"])


@pytest.fixture
def kept(api: ApiClient) -> Hold:
    """A hold that has no places yet."""
    return Hold.objects.create(partner=api.partner, lines=[], created_at=NOON, expires_at=NOON)


def take(one: Session, quantity: int = 1, **owner: Any) -> Allocation:
    return Allocation.objects.create(session=one, quantity=quantity, **owner)


def execute(sql: str, *params: Any) -> int:
    with connection.cursor() as cursor:
        cursor.execute(sql, params)
        return cursor.rowcount


def test_allocations_count_themselves(matinee: Session, ordered: OrderLine, kept: Hold) -> None:
    take(matinee, 2, line=ordered), take(matinee, 1, line=ordered), take(matinee, 2, hold=kept)
    assert counters() == {"cinema 14:00": "2+3"}


def test_no_session_is_oversold_by_an_insert(
    matinee: Session, ordered: OrderLine, kept: Hold
) -> None:
    with refused("session_not_oversold"):
        take(matinee, 6, line=ordered)
    take(matinee, 3, line=ordered)
    with refused("session_not_oversold"):
        take(matinee, 3, hold=kept)
    with refused("session_not_oversold"):
        Allocation.objects.bulk_create(
            Allocation(session=matinee, quantity=1, hold=kept) for _ in range(3)
        )
    take(matinee, 2, hold=kept)
    assert counters() == {"cinema 14:00": "2+3"}


def test_no_session_is_oversold_by_an_update(
    cinema: Attraction, matinee: Session, ordered: OrderLine, kept: Hold
) -> None:
    small = session(cinema, "16:00", capacity=1)
    row = take(matinee, 3, line=ordered)
    with refused("session_not_oversold"):
        Allocation.objects.update(quantity=6)
    with refused("session_not_oversold"):
        Allocation.objects.update(session=small)
    for quantity in (5, 1, 4):
        Allocation.objects.update(quantity=quantity)
        assert counters() == {"cinema 14:00": f"0+{quantity}"}
    Allocation.objects.update(line=None, hold=kept)
    assert counters() == {"cinema 14:00": "4+0"}
    Allocation.objects.update(quantity=1, session=small)
    assert counters() == {"cinema 16:00": "1+0"}
    Allocation.objects.update(id=row.pk)
    assert counters() == {"cinema 16:00": "1+0"}


def test_two_sessions_may_exchange_their_places_in_one_statement(
    cinema: Attraction, ordered: OrderLine
) -> None:
    first, second = (session(cinema, time, capacity=2) for time in ("12:00", "14:00"))
    take(first, 2, line=ordered), take(second, 2, line=ordered)
    execute(
        "UPDATE orders_allocation SET session_id = CASE session_id WHEN %s THEN %s::uuid"
        " ELSE %s::uuid END",
        first.pk,
        second.pk,
        first.pk,
    )
    assert counters() == {"cinema 12:00": "0+2", "cinema 14:00": "0+2"}


def test_deleting_gives_back_whatever_is_deleted(
    matinee: Session, ordered: OrderLine, kept: Hold
) -> None:
    take(matinee, 2, line=ordered), take(matinee, 1, hold=kept), take(matinee, 1, hold=kept)
    Allocation.objects.filter(quantity=1)[0].delete()
    assert counters() == {"cinema 14:00": "1+2"}
    kept.delete()
    assert counters() == {"cinema 14:00": "0+2"}
    # An order's rows go the way of its removal: wallets first.
    Wallet.objects.all().delete()
    Order.objects.all().delete()
    assert counters() == {}
    assert not Allocation.objects.exists()


def test_a_statement_that_touches_no_rows_changes_nothing(matinee: Session) -> None:
    assert execute("DELETE FROM orders_allocation") == 0
    assert execute("UPDATE orders_allocation SET quantity = 1") == 0
    execute(
        "INSERT INTO orders_allocation (session_id, hold_id, quantity)"
        " SELECT id, id, 1 FROM catalog_session WHERE false"
    )
    assert matinee.places_left == 5


@pytest.mark.parametrize(
    "values",
    ["held = 6", "sold = 6", "held = 3, sold = 3", "capacity = 0, held = 1"],
)
def test_no_session_counts_more_than_its_capacity(matinee: Session, values: str) -> None:
    with refused("session_not_oversold"):
        execute(f"UPDATE catalog_session SET {values} WHERE id = %s", matinee.pk)


@pytest.mark.parametrize("column", ["held", "sold", "capacity"])
def test_no_session_counts_below_nothing(matinee: Session, column: str) -> None:
    with pytest.raises(IntegrityError), transaction.atomic():
        execute(f"UPDATE catalog_session SET {column} = -1 WHERE id = %s", matinee.pk)


def test_the_capacity_is_not_lowered_below_what_is_taken(
    matinee: Session, ordered: OrderLine, kept: Hold
) -> None:
    take(matinee, 2, line=ordered), take(matinee, 1, hold=kept)
    with refused("session_not_oversold"):
        Session.objects.filter(pk=matinee.pk).update(capacity=2)
    Session.objects.filter(pk=matinee.pk).update(capacity=3)


def test_no_places_are_taken_of_a_session_off_sale_and_those_taken_before_go_back(
    matinee: Session, ordered: OrderLine, kept: Hold
) -> None:
    take(matinee, 2, line=ordered), take(matinee, 1, hold=kept)
    Session.objects.filter(pk=matinee.pk).update(is_on_sale=False)
    with refused("session_on_sale"):
        take(matinee, 1, hold=kept)
    Allocation.objects.filter(hold=kept).delete()
    assert counters() == {"cinema 14:00": "0+2"}


def test_one_session_off_sale_refuses_the_whole_statement(
    cinema: Attraction, matinee: Session, ordered: OrderLine
) -> None:
    closed = session(cinema, "16:00", is_on_sale=False)
    with refused("session_on_sale"):
        Allocation.objects.bulk_create(
            Allocation(session=one, quantity=1, line=ordered) for one in (matinee, closed)
        )
    assert counters() == {}


def test_a_session_that_somebody_has_places_of_cannot_be_removed(
    matinee: Session, ordered: OrderLine
) -> None:
    take(matinee, 1, line=ordered)
    with pytest.raises(IntegrityError), transaction.atomic():
        execute("SET CONSTRAINTS ALL IMMEDIATE; DELETE FROM catalog_session")
    assert counters() == {"cinema 14:00": "0+1"}


def test_an_allocation_belongs_to_a_hold_or_a_line_and_never_to_both(
    matinee: Session, ordered: OrderLine, kept: Hold
) -> None:
    with refused("allocation_is_of_a_hold_or_a_line"):
        take(matinee)
    with refused("allocation_is_of_a_hold_or_a_line"):
        take(matinee, line=ordered, hold=kept)
    take(matinee, line=ordered)
    with refused("allocation_is_of_a_hold_or_a_line"):
        Allocation.objects.update(hold=kept)
    with refused("allocation_is_of_a_hold_or_a_line"):
        Allocation.objects.update(line=None)


def test_an_allocation_is_of_one_place_at_least_and_a_seat_of_exactly_one(
    theatre: Attraction, hall: SeatPlan, ordered: OrderLine
) -> None:
    evening = seated(theatre, hall)
    with refused("allocation_quantity_fits"):
        take(evening, 0, line=ordered)
    with refused("allocation_quantity_fits"):
        take(evening, 2, line=ordered, seat=hall.seats.get(label="A1"))
    take(evening, 1, line=ordered, seat=hall.seats.get(label="A1"))
    with refused("allocation_quantity_fits"):
        Allocation.objects.update(quantity=2)


def test_a_seat_is_taken_once_in_a_session(
    theatre: Attraction, hall: SeatPlan, ordered: OrderLine, kept: Hold
) -> None:
    evening, night = seated(theatre, hall), seated(theatre, hall, "22:00")
    front, back = hall.seats.get(label="A1"), hall.seats.get(label="B1")
    take(evening, seat=front, line=ordered), take(evening, seat=back, line=ordered)
    take(night, seat=front, hold=kept)
    with refused("seat_taken_once"):
        take(evening, seat=front, hold=kept)
    with refused("seat_taken_once"):
        Allocation.objects.filter(session=evening, seat=back).update(seat=front)
    with refused("seat_taken_once"):
        Allocation.objects.filter(session=night).update(session=evening)
    Allocation.objects.filter(session=evening, seat=front).delete()
    take(evening, seat=front, hold=kept)
    assert counters() == {"theatre 19:30": "1+1", "theatre 22:00": "1+0"}


def test_a_seat_that_somebody_has_cannot_be_removed(
    theatre: Attraction, hall: SeatPlan, ordered: OrderLine
) -> None:
    take(seated(theatre, hall), seat=hall.seats.get(label="A1"), line=ordered)
    with pytest.raises(IntegrityError), transaction.atomic():
        execute("SET CONSTRAINTS ALL IMMEDIATE; DELETE FROM catalog_seat")


def test_seats_have_a_label_and_a_position_of_their_own(venue: Venue) -> None:
    hall = SeatPlanFactory.create(venue=venue, name="Hall", rows={"A": 2})
    with refused("seat_label_once_per_plan"):
        Seat.objects.create(plan=hall, row="B", label="A1", position=9)
    with refused("seat_position_once_per_plan"):
        Seat.objects.create(plan=hall, row="A", label="A9", position=1)
    with refused("seat_plan_name_once_per_venue"):
        SeatPlanFactory.create(venue=venue, name="Hall")
    SeatPlanFactory.create(name="Hall", rows={"A": 2})


def test_a_session_stands_once_at_a_time_and_ends_after_it_starts(
    venue: Venue, cinema: Attraction, hall: SeatPlan
) -> None:
    session(cinema, "14:00"), session(cinema, None)
    for time in ("14:00", None):
        with refused("session_once_per_time"):
            session(cinema, time)
    session(AttractionFactory.create(venue=venue), "14:00")
    with refused("session_ends_after_it_starts"):
        Session.objects.filter(date=VISIT, time="14:00").update(ends_at=NOON)
    with refused("session_with_seats_has_a_time"):
        Session.objects.filter(time=None).update(seat_plan=hall)
    with refused("attraction_code_once_per_venue"):
        AttractionFactory.create(venue=venue, code=cinema.code)


class TestAllotments:
    """What a partner may take of a session is counted along."""

    @pytest.fixture
    def allotment(self, partner: Partner, show: Package) -> Allotment:
        """Three places of each show."""
        return AllotmentFactory.create(partner=partner, package=show, places=3)

    def test_it_is_not_exceeded(
        self, matinee: Session, ordered: OrderLine, kept: Hold, allotment: Allotment
    ) -> None:
        take(matinee, 2, line=ordered, allotment=allotment)
        with refused("allotment_not_exceeded"):
            take(matinee, 2, hold=kept, allotment=allotment)
        with refused("allotment_not_exceeded"):
            Allocation.objects.bulk_create(
                Allocation(session=matinee, quantity=1, hold=kept, allotment=allotment)
                for _ in range(2)
            )
        take(matinee, 1, hold=kept, allotment=allotment)
        take(matinee, 2, hold=kept)
        assert (counters(), self.used()) == ({"cinema 14:00": "3+2"}, [3])

    def test_every_change_of_an_allocation_is_counted(
        self, cinema: Attraction, matinee: Session, ordered: OrderLine, allotment: Allotment
    ) -> None:
        take(matinee, 2, line=ordered, allotment=allotment)
        later = session(cinema, "16:00", capacity=5)
        for changes in ({"quantity": 3}, {"session": later}, {"allotment": None}):
            Allocation.objects.update(**changes)
            counters()
        Allocation.objects.update(allotment=allotment)
        Allocation.objects.all().delete()
        assert (counters(), self.used()) == ({}, [0, 0])

    def test_an_allotment_that_is_lowered_keeps_what_is_taken_and_takes_no_more(
        self, matinee: Session, ordered: OrderLine, allotment: Allotment
    ) -> None:
        take(matinee, 3, line=ordered, allotment=allotment)
        Allotment.objects.update(places=1)
        with refused("allotment_not_exceeded"):
            take(matinee, 1, line=ordered, allotment=allotment)
        assert counters() == {"cinema 14:00": "0+3"}

    def test_it_stands_once_for_a_package(self, allotment: Allotment) -> None:
        with refused("allotment_once_per_package"):
            AllotmentFactory.create(partner=allotment.partner, package=allotment.package)

    def used(self) -> list[int]:
        return list(AllotmentUse.objects.order_by("session__starts_at").values_list("taken", flat=True))  # fmt: skip


def test_a_hold_fits_its_state(kept: Hold) -> None:
    rows = Hold.objects.filter(pk=kept.pk)
    for status in ("Converted", "Released", "Expired"):
        with refused("ended_hold_says_when"):
            rows.update(status=status)
    with refused("ended_hold_says_when"):
        rows.update(ended_at=NOON)
    assert rows.update(status="Expired", ended_at=NOON) == 1


@pytest.mark.parametrize("minutes", [0, 61])
def test_a_partners_holds_last_1_to_60_minutes(partner: Partner, minutes: int) -> None:
    with refused("partner_hold_lasts_1_to_60_minutes"):
        Partner.objects.filter(pk=partner.pk).update(hold_minutes=minutes)


def test_many_sessions_are_counted_in_one_statement(
    cinema: Attraction, ordered: OrderLine, statements: Callable[[], Any]
) -> None:
    rows = [session(cinema, f"{hour}:00", capacity=9) for hour in range(10, 20)]
    with statements() as count:
        Allocation.objects.bulk_create(
            Allocation(session=one, quantity=1, line=ordered) for one in reversed(rows)
        )
    assert len(count) == 1
    assert list(counters().values()) == ["0+1"] * 10

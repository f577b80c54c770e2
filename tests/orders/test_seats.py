"""Numbered seats: the ones an order names, or the best that are free; each is sold once."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from catalog.models import Attraction, Component, Package, SeatPlan, Session
from orders.models import Allocation, Order
from partners.models import Venue
from tests.conftest import ApiClient
from tests.factories import SeatPlanFactory, sellable_package
from tests.orders.expected import (
    VISIT,
    assert_problem,
    asset,
    item,
    line,
    order,
    settle,
    stored,
    wallet,
)
from tests.orders.sessions import counted, counters, seated, seats_of, session, show

pytestmark = pytest.mark.usefixtures("clock", "play", "evening")

Issue = Callable[[str], Order]


@pytest.fixture
def evening(theatre: Attraction, hall: SeatPlan) -> Session:
    """The play at 19:30, on A1 to A4 and B1 to B6."""
    return seated(theatre, hall)


def play(*seats: str, quantity: int = 0, time: str = "19:30", **members: Any) -> Any:
    """Return a line for the play: on these seats, or on any."""
    named = {"seats": list(seats)} if seats else {}
    amount = quantity or len(seats) or 1
    return line("PLAY", quantity=amount, visitTime=time, **named, **members)


def ordered(api: ApiClient, *items: Any) -> list[str]:
    """Order and return the seats that the order got, by their positions."""
    created = api.create(*items, sellToOrderReference=f"WEB-{Order.objects.count()}")
    return seats_of(created["orderId"])


def refused(api: ApiClient, *items: Any, faults: list[tuple[str, str]], status: int = 400) -> Any:
    before = stored(), counters()
    response = api.post(api.order_body(*items, sellToOrderReference="REFUSED"))
    code = "seat_taken" if status == 409 else "invalid_request"
    body = assert_problem(response, status, code, *faults)
    assert (stored(), counters()) == before
    return body


def seats_in(answer: Any) -> list[list[str | None]]:
    """Return the seat of every asset of every wallet of an answer's first line."""
    return [[one.get("seat") for one in row["assets"]] for row in answer["items"][0]["wallets"]]


def test_a_named_seat_stands_on_the_ticket(api: ApiClient, issue: Issue) -> None:
    issued = settle(api, issue, play("B2", "A1"))
    prices = {"unitPriceInclVat": "29.00", "unitPriceExclVat": "26.61"}
    ticket = asset(
        itemNumber="PLAY-ENTRY",
        description="PLAY entry",
        validFrom=f"{VISIT}T18:30:00.000Z",
        validUntil=f"{VISIT}T19:30:00.000Z",
    )
    found = issued["items"][0]
    shells = [{**wallet(**prices), "seqNo": n, **_issued(found["wallets"][n - 1])} for n in (1, 2)]
    assert issued == order(
        item(
            {**shells[0], "assets": [{**ticket, "seat": "B2"}]},
            {**shells[1], "assets": [{**ticket, "seat": "A1"}]},
            itemNumber="PLAY",
            packageCode="PLAY",
            description="Name of PLAY",
            quantity=2,
            visitTime="19:30:00",
        ),
        status="Issued",
        totalInclVat="58.00",
        totalExclVat="53.22",
        manifestUrl=issued["manifestUrl"],
    )
    assert counters() == {"theatre 19:30": "0+2"}


def _issued(found: Any) -> dict[str, Any]:
    return {name: found[name] for name in ("status", "issuedAt", "manifestUrl")}


def test_a_ticket_without_a_numbered_seat_has_no_seat(api: ApiClient, issue: Issue) -> None:
    assert "seat" not in settle(api, issue, line())["items"][0]["wallets"][0]["assets"][0]


def test_a_numbered_seat_is_one_allocation_of_its_own(api: ApiClient) -> None:
    api.create(play(quantity=3))
    rows = Allocation.objects.values_list("seat__label", "quantity").order_by("seat__position")
    assert list(rows) == [("A1", 1), ("A2", 1), ("A3", 1)]


def test_without_names_neighbours_are_chosen_in_one_row_if_there_are_any(api: ApiClient) -> None:
    assert ordered(api, play(quantity=2)) == ["A1", "A2"]
    assert ordered(api, play(quantity=3)) == ["B1", "B2", "B3"]
    assert ordered(api, play(quantity=2)) == ["A3", "A4"]
    assert ordered(api, play("B5")) == ["B5"]
    assert ordered(api, play(quantity=2)) == ["B4", "B6"]


def test_lines_of_one_order_sit_apart_and_each_together(api: ApiClient, issue: Issue) -> None:
    issued = settle(api, issue, play(quantity=3), play(quantity=2), play(quantity=1))
    assert [
        [found["assets"][0]["seat"] for found in row["wallets"]] for row in issued["items"]
    ] == [["A1", "A2", "A3"], ["B1", "B2"], ["A4"]]


def test_a_line_without_names_leaves_the_seats_that_another_line_names(
    api: ApiClient, theatre: Attraction, hall: SeatPlan
) -> None:
    assert ordered(api, play(quantity=2), play("A1")) == ["A1", "A2", "A3"]
    assert ordered(api, play(quantity=6), play("B3")) == ["A4", *(f"B{n}" for n in range(1, 7))]
    # A name may be meant for another session: what is needed is taken all the same.
    for time in ("21:00", "22:00"):
        seated(theatre, hall, time)
    assert len(ordered(api, play(quantity=10, time="21:00"), play("A1", time="22:00"))) == 11


@pytest.mark.parametrize(
    ("seats", "quantity", "faults"),
    [
        (["A1", "A1"], 2, [("/items/0/seats/1", "seat_twice")]),
        (["A1", "B1", "A1", "A1"], 4, [(f"/items/0/seats/{n}", "seat_twice") for n in (2, 3)]),
        (["A1"], 2, [("/items/0/seats", "seats_count")]),
        (["A1", "A2", "A3"], 2, [("/items/0/seats", "seats_count")]),
        ([], 1, [("/items/0/seats", "min_length")]),
        ([""], 1, [("/items/0/seats/0", "blank")]),
        (["A1", " "], 2, [("/items/0/seats/1", "blank")]),
        (["A" * 11], 1, [("/items/0/seats/0", "max_length")]),
        ([1], 1, [("/items/0/seats/0", "invalid_type")]),
        ("A1", 1, [("/items/0/seats", "not_a_list")]),
    ],
)
def test_seats_are_named_once_each_and_one_for_every_place(
    api: ApiClient, seats: Any, quantity: int, faults: list[tuple[str, str]]
) -> None:
    refused(api, play(quantity=quantity) | {"seats": seats}, faults=faults)


def test_a_seat_named_in_two_lines_stands_twice_in_the_order(api: ApiClient) -> None:
    refused(api, play("A1", "A2"), play("B1", "A2"), faults=[("/items/1/seats/1", "seat_twice")])


def test_the_sentences_say_what_is_wrong_with_the_seats(api: ApiClient) -> None:
    def told(*items: Any) -> str:
        return str(api.post(api.order_body(*items)).json()["detail"])

    assert told(play("A1", quantity=2)) == "2 seats are needed here, and 1 is named."
    assert told(play("A1", "A1")) == "Seat A1 stands twice in this order."
    assert told(play("Z9")) == "Seat Z9 is taken, or there is no such seat."
    assert told(line(seats=["A1"])) == "DAY has no numbered seats here."


@pytest.mark.parametrize("seat", ["Z9", "a1", "A01", "A1 ", "A-1"])
def test_a_seat_that_does_not_exist_cannot_be_had(api: ApiClient, seat: str) -> None:
    refused(api, play(seat), faults=[("/items/0/seats/0", "seat_taken")], status=409)


def test_a_seat_that_somebody_has_is_refused_by_name(api: ApiClient, rival: ApiClient) -> None:
    rival.create(play("A2", "B1"))
    body = refused(
        api,
        play("A1", "A2"),
        play("B1"),
        status=409,
        faults=[("/items/0/seats/1", "seat_taken"), ("/items/1/seats/0", "seat_taken")],
    )
    assert body["detail"] == "Seat A2 is taken, or there is no such seat."
    assert ordered(api, play("A1", "A3")) == ["A1", "A3"]


def test_too_few_places_are_told_together_with_the_seats_that_are_taken(
    api: ApiClient, rival: ApiClient, theatre: Attraction, hall: SeatPlan
) -> None:
    rival.create(play("A1", "A2", "A3", "A4", "B1"))
    later = seated(theatre, hall, "22:00")
    nearest = [
        {
            "itemNumber": "PLAY-ENTRY",
            "visitDate": VISIT,
            "visitTime": "22:00:00",
            "startsAt": f"{VISIT}T22:00:00+01:00",
            "endsAt": f"{VISIT}T23:00:00+01:00",
            "placesLeft": later.capacity,
        }
    ]
    before = stored()
    assert_problem(
        api.post(api.order_body(play("A1"), play(quantity=5))),
        409,
        "sold_out",
        ("/items/0/seats/0", "seat_taken"),
        ("/items/1", "sold_out"),
        placesLeft=5,
        nearestSessions=nearest,
        shortages=[
            {
                "pointer": "/items/1",
                "itemNumber": "PLAY-ENTRY",
                "visitDate": VISIT,
                "visitTime": "19:30:00",
                "capacity": 10,
                "placesWanted": 6,
                "placesLeft": 5,
                "nearestSessions": nearest,
            }
        ],
    )
    assert stored() == before


def test_a_full_hall_is_sold_out(api: ApiClient) -> None:
    assert len(ordered(api, play(quantity=10))) == 10
    response = api.post(api.order_body(play(), sellToOrderReference="WEB-2"))
    assert (response.status_code, response.json()["placesLeft"]) == (409, 0)


def test_no_more_are_sold_than_there_are_seats_whatever_the_capacity_says(
    api: ApiClient, evening: Session
) -> None:
    Session.objects.filter(pk=evening.pk).update(capacity=12)
    assert len(ordered(api, play(quantity=9))) == 9
    response = api.post(api.order_body(play(quantity=2), sellToOrderReference="WEB-2"))
    assert (response.status_code, response.json()["placesLeft"]) == (409, 1)
    assert ordered(api, play()) == ["B6"]
    response = api.post(api.order_body(play(), sellToOrderReference="WEB-3"))
    assert (response.status_code, response.json()["placesLeft"]) == (409, 0)


def test_a_capacity_below_the_number_of_seats_counts(api: ApiClient, evening: Session) -> None:
    Session.objects.filter(pk=evening.pk).update(capacity=3)
    response = api.post(api.order_body(play(quantity=4)))
    assert (response.status_code, response.json()["placesLeft"]) == (409, 3)
    assert ordered(api, play("B4", "B5", "B6")) == ["B4", "B5", "B6"]


def test_the_same_seat_is_sold_in_every_session_and_every_hall(
    api: ApiClient, venue: Venue, theatre: Attraction, hall: SeatPlan
) -> None:
    seated(theatre, hall, "22:00")
    studio = SeatPlanFactory.create(venue=venue, rows={"A": 2})
    seated(theatre, studio, "16:00")
    for time in ("16:00", "19:30", "22:00"):
        assert ordered(api, play("A1", time=time)) == ["A1"]
    two = play(time="19:30"), play(time="22:00"), play(time="16:00")
    assert ordered(api, *two) == ["A2", "A2", "A2"]


@pytest.mark.parametrize("number", ["SHOW", "DAY", "OPEN", "GROUP"])
@pytest.mark.usefixtures("show")
def test_seats_are_named_only_where_they_are_numbered(
    api: ApiClient, venue: Venue, cinema: Attraction, number: str
) -> None:
    session(cinema, "14:00")
    sellable_package(venue, "OPEN", dating="open")
    sent = {
        "SHOW": show(),
        "DAY": line(),
        "GROUP": line("GROUP"),
        "OPEN": line("OPEN", visit_date=None),
    }[number]
    refused(api, sent | {"seats": ["A1"]}, faults=[("/items/0/seats", "seats_not_numbered")])


def test_a_group_gets_all_its_seats_on_one_ticket(
    api: ApiClient, issue: Issue, group: Package, theatre: Attraction
) -> None:
    counted(group, theatre)
    Package.objects.filter(pk=group.pk).update(dating="timed")
    sent = line("GROUP", quantity=3, visitTime="19:30")
    assert seats_in(settle(api, issue, sent)) == [["A1, A2, A3"]]
    named = sent | {"seats": ["B6", "B1", "A4"]}
    issued = settle(api, issue, named, sellToOrderReference="WEB-2")
    assert seats_in(issued) == [["B6, B1, A4"]]
    assert counters() == {"theatre 19:30": "0+6"}


def test_a_component_of_several_units_seats_each_of_them(
    api: ApiClient, issue: Issue, theatre: Attraction
) -> None:
    Component.objects.filter(package__code="PLAY").update(quantity=2)
    assert seats_in(settle(api, issue, play(quantity=2))) == [["A1", "A2"], ["A3", "A4"]]
    named = play("B4", "B3", "B2", "B1", quantity=2)
    issued = settle(api, issue, named, sellToOrderReference="WEB-2")
    assert seats_in(issued) == [["B4", "B3"], ["B2", "B1"]]
    refused(api, play("B5"), faults=[("/items/0/seats", "seats_count")])
    assert theatre.sessions.get().places_left == 2


def test_seats_of_a_cancelled_order_are_sold_again(api: ApiClient, issue: Issue) -> None:
    cancelled = settle(api, issue, play("A1"), sellToOrderReference="CANCELLED")
    assert api.delete(cancelled["orderId"]).json()["status"] == "Cancelled"
    assert ordered(api, play("A1")) == ["A1"]


class TestBundles:
    """The play, a dinosaur and a lunch: only what has places has seats."""

    @pytest.fixture(autouse=True)
    def theatre_in_the_bundle(self, bundle: Package, theatre: Attraction) -> None:
        """Seat the bundle's cinema in the theatre."""
        counted(bundle, theatre, "CINEMA")
        Package.objects.filter(pk=bundle.pk).update(dating="timed")

    def bundle(self, *schedule: Any, **members: Any) -> Any:
        wallet = {"wallet": {"componentSchedule": list(schedule)}} if schedule else {}
        return line("BUNDLE", **{"visitTime": "19:30", "quantity": 2, **wallet, **members})

    def test_the_lines_seats_are_those_of_the_one_component_that_has_places(
        self, api: ApiClient, issue: Issue
    ) -> None:
        issued = settle(api, issue, self.bundle(seats=["B1", "A1"]))
        assert seats_in(issued) == [[None, "B1", None], [None, "A1", None]]

    def test_a_component_names_its_seats_in_its_schedule(
        self, api: ApiClient, issue: Issue
    ) -> None:
        sent = self.bundle({"itemNumber": "CINEMA", "seats": ["B1", "A1"]})
        assert seats_in(settle(api, issue, sent)) == [[None, "B1", None], [None, "A1", None]]

    def test_a_component_with_a_time_of_its_own_keeps_the_lines_seats(
        self, api: ApiClient, issue: Issue
    ) -> None:
        schedule = {"itemNumber": "CINEMA", "visitTime": "19:30"}
        sent = self.bundle(schedule, visitTime="10:00", seats=["B1", "A1"])
        assert seats_in(settle(api, issue, sent)) == [[None, "B1", None], [None, "A1", None]]

    def test_seats_named_twice_over_are_refused(self, api: ApiClient) -> None:
        sent = self.bundle({"itemNumber": "CINEMA", "seats": ["B1", "A1"]}, seats=["B1", "A1"])
        refused(api, sent, faults=[("/items/0/seats", "seats_ambiguous")])

    def test_a_component_without_places_has_no_seats(self, api: ApiClient) -> None:
        sent = self.bundle({"itemNumber": "LUNCH", "seats": ["B1", "A1"]})
        pointer = "/items/0/wallet/componentSchedule/0/seats"
        refused(api, sent, faults=[(pointer, "seats_not_numbered")])

    def test_of_several_components_with_places_the_line_cannot_tell_which(
        self, api: ApiClient, bundle: Package, theatre: Attraction
    ) -> None:
        counted(bundle, theatre, "DINO")
        body = refused(
            api,
            self.bundle(seats=["B1", "A1"]),
            faults=[("/items/0/seats", "seats_ambiguous")],
        )
        assert body["detail"] == (
            "Several components have places: name the seats in the componentSchedule."
        )
        schedule = [
            {"itemNumber": "CINEMA", "seats": ["B1", "B2"]},
            {"itemNumber": "DINO", "seats": ["A1", "A2"]},
        ]
        assert ordered(api, self.bundle(*schedule)) == ["A1", "A2", "B1", "B2"]

    def test_a_seat_named_by_two_components_stands_twice(
        self, api: ApiClient, bundle: Package, theatre: Attraction
    ) -> None:
        counted(bundle, theatre, "DINO")
        schedule = [
            {"itemNumber": "CINEMA", "seats": ["B1", "B2"]},
            {"itemNumber": "DINO", "seats": ["B2", "A2"]},
        ]
        # The cinema comes after the dinosaur in the package.
        pointer = "/items/0/wallet/componentSchedule/0/seats/1"
        refused(api, self.bundle(*schedule), faults=[(pointer, "seat_twice")])

    def test_what_is_wrong_with_the_lines_seats_is_told_where_they_stand(
        self, api: ApiClient
    ) -> None:
        sent = self.bundle({"itemNumber": "CINEMA"}, seats=["B1"])
        refused(api, sent, faults=[("/items/0/seats", "seats_count")])
        sent = self.bundle({"itemNumber": "CINEMA"}, seats=["Z1", "B1"])
        refused(api, sent, faults=[("/items/0/seats/0", "seat_taken")], status=409)

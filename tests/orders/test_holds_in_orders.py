"""Holds become orders: their places go over once, and what the order does not need goes back."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from typing import Any

import pytest

from catalog.models import Attraction, Package, SeatPlan, Session
from orders import holds
from orders.models import Allocation, Order, OrderEvent
from partners.models import Venue
from tests.conftest import ApiClient
from tests.factories import sellable_package
from tests.orders.expected import (
    Clock,
    item,
    line,
    order,
    settle,
    stored,
    wallet,
)
from tests.orders.held import HOLDS, events_of, of, path_of, refused, status
from tests.orders.sessions import counted, counters, seated, seats_of, session, show

pytestmark = pytest.mark.usefixtures("clock", "matinee")

Issue = Callable[[str], Order]
Make = Callable[..., Any]


def test_an_order_takes_over_the_places_of_its_hold(
    api: ApiClient, hold: Make, issue: Issue
) -> None:
    made = hold(show(quantity=5))
    created = api.create(show(quantity=5, **of(made)))
    shell = wallet(unitPriceInclVat="12.00", unitPriceExclVat="11.01")
    assert created == order(
        item(
            *({**shell, "seqNo": n} for n in range(1, 6)),
            itemNumber="SHOW",
            packageCode="SHOW",
            description="Name of SHOW",
            quantity=5,
            visitTime="14:00:00",
        ),
        totalInclVat="60.00",
        totalExclVat="55.05",
    )
    assert (counters(), status(made)) == ({"cinema 14:00": "0+5"}, "Converted")
    found = api.get(path_of(made)).json()
    assert found == {**made, "status": "Converted", "endedAt": created["receivedAt"]}
    event = OrderEvent.objects.get(subject_id=created["orderId"])
    assert (event.name, event.data) == ("submitted", {"holds": [made["holdId"]]})
    assert issue(created["orderId"]).status == "Issued"
    assert counters() == {"cinema 14:00": "0+5"}


@pytest.mark.parametrize(
    ("kept", "ordered", "expected"),
    [
        (3, [show(quantity=3)], {"cinema 14:00": "0+3"}),
        (3, [show(quantity=1)], {"cinema 14:00": "0+1"}),
        (3, [show(quantity=5)], {"cinema 14:00": "0+5"}),
        (3, [show(quantity=2), show(quantity=1)], {"cinema 14:00": "0+3"}),
        (5, [show("16:00", quantity=2)], {"cinema 16:00": "0+2"}),
        (5, [show(quantity=4), show("16:00")], {"cinema 14:00": "0+4", "cinema 16:00": "0+1"}),
        (5, [line()], {}),
        (5, [line("unknown")], {}),
    ],
)
@pytest.mark.parametrize("everywhere", [True, False])
def test_an_order_may_need_fewer_more_or_other_places_than_its_hold(
    api: ApiClient,
    hold: Make,
    cinema: Attraction,
    kept: int,
    ordered: list[Any],
    expected: dict[str, str],
    everywhere: bool,
) -> None:
    session(cinema, "16:00", capacity=2)
    made = hold(show(quantity=kept))
    named = ordered if everywhere else ordered[-1:]
    items = [{**sent, **of(made)} if sent in named else sent for sent in ordered]
    api.create(*items)
    assert (counters(), status(made)) == (expected, "Converted")


def test_more_places_than_are_held_and_left_are_sold_out_and_the_hold_stands(
    api: ApiClient, rival: ApiClient, hold: Make
) -> None:
    made = hold(show(quantity=3))
    rival.create(show())
    body = refused(
        api,
        show(quantity=5, **of(made)),
        code="sold_out",
        faults=[("/items/0", "sold_out")],
        placesLeft=4,
        nearestSessions=[],
        shortages=[
            {
                "pointer": "/items/0",
                "itemNumber": "SHOW-ENTRY",
                "visitDate": "2026-11-23",
                "visitTime": "14:00:00",
                "capacity": 5,
                "placesWanted": 5,
                "placesLeft": 4,
                "nearestSessions": [],
            }
        ],
    )
    assert body["detail"].startswith("4 places are left")
    api.create(show(quantity=4, **of(made)))
    assert counters() == {"cinema 14:00": "0+5"}


def test_several_lines_may_name_one_hold_and_one_order_several_holds(
    api: ApiClient, hold: Make, cinema: Attraction
) -> None:
    session(cinema, "16:00", capacity=2)
    first, second, third = hold(show(quantity=2)), hold(show(quantity=2)), hold(show("16:00"))
    created = api.create(
        show(**of(first)),
        show(quantity=2, **of(second)),
        show(quantity=2, **of(first)),
        show("16:00", quantity=2, **of(third)),
    )
    assert counters() == {"cinema 14:00": "0+5", "cinema 16:00": "0+2"}
    assert [status(made) for made in (first, second, third)] == ["Converted"] * 3
    event = OrderEvent.objects.get(subject_id=created["orderId"])
    assert event.data == {"holds": sorted(made["holdId"] for made in (first, second, third))}


def test_a_line_without_the_hold_may_take_its_places_too(api: ApiClient, hold: Make) -> None:
    made = hold(show(quantity=5))
    api.create(show(quantity=2), show(quantity=3, **of(made)))
    assert counters() == {"cinema 14:00": "0+5"}


def test_a_hold_of_what_is_not_counted_becomes_an_order_all_the_same(
    api: ApiClient, hold: Make
) -> None:
    made = hold(line(quantity=3))
    api.create(line(quantity=3, **of(made)))
    assert (counters(), status(made)) == ({}, "Converted")


def test_a_dated_line_stays_in_the_session_that_was_held(
    api: ApiClient, hold: Make, venue: Venue, cinema: Attraction
) -> None:
    counted(sellable_package(venue, "RIDE"), cinema)
    early = session(cinema, "10:00", capacity=1)
    first, made = hold(line("RIDE")), hold(line("RIDE"))
    assert [made["items"][0]["places"][0]["startsAt"][11:16] for made in (first, made)] == [
        "10:00",
        "14:00",
    ]
    api.request("DELETE", path_of(first))
    api.create(line("RIDE", **of(made)))
    assert counters() == {"cinema 14:00": "0+1"}
    early.refresh_from_db()
    assert early.places_left == 1


class TestSeats:
    """The seats that were held are the order's."""

    @pytest.fixture(autouse=True)
    def evening(self, theatre: Attraction, hall: SeatPlan, play: Package) -> Session:
        """The play at 19:30, on A1 to A4 and B1 to B6."""
        return seated(theatre, hall)

    def play(self, *seats: str, quantity: int = 0, **members: Any) -> Any:
        named = {"seats": list(seats)} if seats else {}
        amount = quantity or len(seats) or 1
        return line("PLAY", quantity=amount, visitTime="19:30", **named, **members)

    @pytest.mark.parametrize(
        ("ordered", "seats"),
        [
            (["B3", "B4"], ["B3", "B4"]),
            (["B4"], ["B4"]),
            (["A1", "B3"], ["A1", "B3"]),
            (2, ["B3", "B4"]),
            (1, ["B3"]),
            (3, ["A1", "B3", "B4"]),
        ],
    )
    def test_they_are_kept_unless_the_order_names_others(
        self, api: ApiClient, hold: Make, ordered: Any, seats: list[str]
    ) -> None:
        made = hold(self.play("B3", "B4"))
        sent = self.play(*ordered) if isinstance(ordered, list) else self.play(quantity=ordered)
        created = api.create({**sent, **of(made)})
        assert seats_of(created["orderId"]) == seats
        assert counters() == {"theatre 19:30": f"0+{len(seats)}"}

    def test_they_are_nobody_elses_meanwhile(
        self, api: ApiClient, rival: ApiClient, hold: Make
    ) -> None:
        made = hold(self.play("A1"))
        assert rival.post(rival.order_body(self.play("A1"))).json()["code"] == "seat_taken"
        taken = [("/items/0/seats/0", "seat_taken")]
        refused(api, self.play("A1"), code="seat_taken", faults=taken)
        api.request("DELETE", path_of(made))
        assert seats_of(rival.create(self.play("A1"))["orderId"]) == ["A1"]

    def test_the_ones_that_were_not_needed_are_free(
        self, api: ApiClient, rival: ApiClient, hold: Make
    ) -> None:
        made = hold(self.play("A1", "A2"))
        api.create(self.play("A2", **of(made)))
        assert seats_of(rival.create(self.play("A1"))["orderId"]) == ["A1"]


class TestReplace:
    """A hold named in a PUT."""

    @pytest.fixture
    def draft(self, api: ApiClient, issue: Issue, matinee: Session) -> str:
        """A draft of two places."""
        assert matinee.capacity == 5
        found = settle(api, issue, show(quantity=2), paymentReference=None)
        return str(found["orderId"])

    def test_its_places_are_added_to_those_that_the_order_has(
        self, api: ApiClient, hold: Make, draft: str
    ) -> None:
        made = hold(show(quantity=3))
        body = api.order_body(show(quantity=5, **of(made)))
        assert api.put(draft, body).status_code == 200
        assert (counters(), status(made)) == ({"cinema 14:00": "0+5"}, "Converted")
        event = OrderEvent.objects.latest("id")
        assert (event.name, event.data) == ("replaced", {"holds": [made["holdId"]]})

    def test_what_is_not_needed_of_either_goes_back(
        self, api: ApiClient, hold: Make, draft: str
    ) -> None:
        made = hold(show(quantity=3))
        assert api.put(draft, api.order_body(show(quantity=1, **of(made)))).status_code == 200
        assert counters() == {"cinema 14:00": "0+1"}

    @pytest.mark.parametrize("case", ["ended", "unknown", "sold out"])
    def test_a_refused_one_leaves_the_order_and_the_hold(
        self, api: ApiClient, rival: ApiClient, hold: Make, draft: str, case: str
    ) -> None:
        made = hold(show(), by=rival if case == "unknown" else api)
        if case == "ended":
            api.request("DELETE", path_of(made))
        before = stored(), counters(), status(made)
        quantity = 6 if case == "sold out" else 2
        response = api.put(draft, api.order_body(show(quantity=quantity, **of(made))))
        code, answered = {
            "ended": ("hold_ended", 409),
            "unknown": ("unknown_hold", 400),
            "sold out": ("sold_out", 409),
        }[case]
        assert (response.json()["code"], response.status_code) == (code, answered)
        assert (stored(), counters(), status(made)) == before


def test_a_hold_whose_session_went_off_sale_cannot_become_an_order(
    api: ApiClient, hold: Make, matinee: Session, clock: Clock
) -> None:
    made = hold(show())
    Session.objects.filter(pk=matinee.pk).update(is_on_sale=False)
    faults = [("/items/0/visitDate", "unknown_session")]
    refused(api, show(**of(made)), code="unknown_session", faults=faults)
    holds.expire_holds(now=clock.forward(minutes=8))
    assert counters() == {}


def test_places_of_a_hold_are_the_orders_or_the_holds_and_never_both(
    api: ApiClient, hold: Make
) -> None:
    made = hold(show(quantity=2))
    api.create(show(quantity=2, **of(made)))
    rows = Allocation.objects.values_list("hold", "line__order__sell_to_order_reference")
    assert list(rows) == [(None, "WEB-1")]
    assert not Allocation.objects.filter(hold=uuid.UUID(made["holdId"])).exists()
    assert events_of(made)[0][0] == "held"
    assert api.post({"items": [show(quantity=4)]}, HOLDS).status_code == 409

"""Holds become orders: their places go over once, and what the order does not need goes back."""

from __future__ import annotations

import datetime
import uuid
from collections.abc import Callable
from typing import Any

import pytest

from catalog.models import Attraction, Package, SeatPlan, Session
from orders import holds
from orders.models import Allocation, Hold, Order, OrderEvent
from partners.models import Venue
from tests.conftest import ApiClient
from tests.factories import sellable_package
from tests.orders.expected import (
    NOBODY,
    Clock,
    assert_problem,
    item,
    line,
    order,
    settle,
    stored,
    wallet,
)
from tests.orders.held import HOLDS, events_of, path_of
from tests.orders.sessions import counted, counters, seated, seats_of, session, show

pytestmark = pytest.mark.usefixtures("clock", "matinee")

Issue = Callable[[str], Order]
Make = Callable[..., Any]


def status(made: Any) -> str:
    return str(Hold.objects.get(pk=made["holdId"]).status)


def of(made: Any) -> dict[str, Any]:
    """Return the member of a line that names a hold."""
    return {"holdId": made["holdId"]}


def refused(
    api: ApiClient, *items: Any, code: str, faults: list[Any] | None = None, **members: Any
) -> Any:
    """Expect that an order is refused; nothing is stored, and every hold keeps its places."""
    before = stored(), counters(), list(Hold.objects.order_by("pk").values())
    response = api.post(api.order_body(*items, sellToOrderReference="REFUSED"))
    expected = 409 if code in ("hold_ended", "sold_out", "seat_taken") else 400
    body = assert_problem(response, expected, code, *(faults or []), **members)
    assert (stored(), counters(), list(Hold.objects.order_by("pk").values())) == before
    return body


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


class TestEnded:
    """A hold that has ended cannot become an order any more."""

    @pytest.mark.parametrize("seen", [False, True])
    def test_one_that_has_expired(
        self, api: ApiClient, hold: Make, clock: Clock, seen: bool
    ) -> None:
        made = hold(show(quantity=2))
        clock.forward(minutes=8)
        if seen:
            holds.expire_holds(now=clock.now)
        sent = show(quantity=2, **of(made))
        self.is_refused(api, sent, "Expired")
        holds.expire_holds(now=clock.now)
        assert counters() == {}
        api.create({**sent, "holdId": None})

    def test_one_that_was_released(self, api: ApiClient, hold: Make) -> None:
        made = hold(show())
        api.request("DELETE", path_of(made))
        self.is_refused(api, show(**of(made)), "Released")

    def test_one_that_has_become_an_order(self, api: ApiClient, hold: Make) -> None:
        made = hold(show())
        api.create(show(**of(made)))
        self.is_refused(api, show(**of(made)), "Converted")
        assert api.request("DELETE", path_of(made)).json()["status"] == "Converted"
        assert holds.expire_holds(now=datetime.datetime.now(datetime.UTC)) == 0
        assert counters() == {"cinema 14:00": "0+1"}

    def test_one_that_has_ended_beside_one_that_has_not(self, api: ApiClient, hold: Make) -> None:
        gone, living = hold(show()), hold(show())
        api.request("DELETE", path_of(gone))
        refused(
            api,
            show(**of(living)),
            show(**of(gone)),
            code="hold_ended",
            holdId=gone["holdId"],
            holdStatus="Released",
        )
        assert status(living) == "Held"

    def is_refused(self, api: ApiClient, sent: Any, ended: str) -> None:
        hold_id = sent["holdId"]
        body = refused(api, sent, code="hold_ended", holdId=hold_id, holdStatus=ended)
        assert body["detail"] == f"The hold {hold_id} is {ended}."


class TestUnknown:
    """A hold that is not the partner's does not exist."""

    UNKNOWN = "unknown_hold"

    def test_it_is_told_where_it_stands(self, api: ApiClient, rival: ApiClient, hold: Make) -> None:
        theirs = hold(show(), by=rival)
        body = refused(
            api,
            show(holdId=NOBODY),
            line(),
            show(**of(theirs)),
            show(holdId=NOBODY),
            code=self.UNKNOWN,
            faults=[(f"/items/{n}/holdId", self.UNKNOWN) for n in (0, 2, 3)],
        )
        assert body["errors"][0]["detail"] == f"You have no hold {NOBODY}."
        assert status(theirs) == "Held"

    @pytest.mark.parametrize("value", ["", "nonsense", 1, True, [], NOBODY.replace("-", "")])
    def test_an_id_of_the_wrong_shape_is_a_fault_of_the_body(
        self, api: ApiClient, value: Any
    ) -> None:
        response = api.post(api.order_body(show(holdId=value)))
        assert response.status_code == 400
        assert [fault["pointer"] for fault in response.json()["errors"]] == ["/items/0/holdId"]
        assert response.json()["code"] == "invalid_request"

    def test_all_other_faults_are_told_along(self, api: ApiClient, rival: ApiClient) -> None:
        numbered = {"externalReferenceNumbers": ["EXT-1"]}
        rival.create(line(wallet=numbered))
        refused(
            api,
            show(holdId=NOBODY),
            line(visit_date="2026-11-19"),
            line(wallet=numbered),
            code="invalid_request",
            faults=[
                ("/items/0/holdId", self.UNKNOWN),
                ("/items/1/visitDate", "visit_in_past"),
                ("/items/2/wallet/externalReferenceNumbers/0", "external_reference_taken"),
            ],
        )


class TestRepeated:
    """A partner repeats its order because it never saw the answer."""

    def test_with_its_key_it_gets_the_first_answer(self, api: ApiClient, hold: Make) -> None:
        body = api.order_body(show(quantity=2, **of(hold(show(quantity=2)))))
        first = api.post(body, idempotency_key="k")
        again = api.post(body, idempotency_key="k")
        assert (again.status_code, again.json()) == (201, first.json())
        assert counters() == {"cinema 14:00": "0+2"}

    @pytest.mark.parametrize("pruned", [False, True])
    def test_without_a_key_it_is_told_of_its_order(
        self, api: ApiClient, hold: Make, pruned: bool
    ) -> None:
        made = hold(show(quantity=2))
        first = api.create(show(quantity=2, **of(made)))
        if pruned:
            Hold.objects.all().delete()
        assert_problem(
            api.post(api.order_body(show(quantity=2, **of(made)))),
            400,
            "duplicate_order",
            orderId=first["orderId"],
            buyFromOrderReference=first["buyFromOrderReference"],
            existingStatus="Submitted",
        )

    def test_the_same_reference_with_a_new_hold_leaves_the_hold(
        self, api: ApiClient, hold: Make
    ) -> None:
        api.create(show())
        made = hold(show())
        again = api.post(api.order_body(show(**of(made))))
        assert again.json()["code"] == "duplicate_order"
        assert (status(made), counters()) == ("Held", {"cinema 14:00": "1+1"})


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

"""Numbered seats of an order that gets new contents, or is replayed: it keeps what it can."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from catalog.models import Attraction, Package, SeatPlan, Session
from orders import lifecycle, recovery
from orders.models import Order
from tests.conftest import ApiClient
from tests.factories import PackageMappingFactory
from tests.orders.expected import Clock, assert_problem, line, settle, stored
from tests.orders.sessions import counters, seated, seats_of

pytestmark = pytest.mark.usefixtures("clock", "play", "evening")

Issue = Callable[[str], Order]


@pytest.fixture
def evening(theatre: Attraction, hall: SeatPlan, play: Package) -> Session:
    """The play at 19:30, on A1 to A4 and B1 to B6."""
    return seated(theatre, hall)


def play(*seats: str, quantity: int = 0, number: str = "PLAY", **members: Any) -> Any:
    named = {"seats": list(seats)} if seats else {}
    amount = quantity or len(seats) or 1
    return line(number, quantity=amount, visitTime="19:30", **named, **members)


@pytest.fixture
def draft(api: ApiClient, issue: Issue) -> Callable[..., str]:
    """Make a Draft of lines and return its id."""

    def make(*items: Any) -> str:
        found = settle(api, issue, *items, paymentReference=None)
        assert found["status"] == "Draft"
        return str(found["orderId"])

    return make


def put(api: ApiClient, order_id: str, *items: Any) -> Any:
    return api.put(order_id, api.order_body(*items, paymentReference=None))


def seats_by_line(order_id: str) -> list[list[str]]:
    order = Order.objects.get(pk=order_id)
    return [
        [seat["label"] for entry in row.plan for seat in entry["seats"]]
        for row in order.lines.order_by("line_no")
    ]


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        ([play("B2", "B3")], [play(quantity=2)], [["B2", "B3"]]),
        ([play("B2", "B3")], [play(quantity=1)], [["B2"]]),
        ([play("B2", "B3")], [play(quantity=3)], [["A1", "B2", "B3"]]),
        ([play("B2", "B3")], [play(), play()], [["B2"], ["B3"]]),
        ([play("B2", "B3")], [play(), play("B2")], [["B3"], ["B2"]]),
        ([play("B2", "B3")], [play("A1", "B3")], [["A1", "B3"]]),
        ([play("B2"), play("A4")], [play(quantity=2)], [["A4", "B2"]]),
        ([play("B2"), play("A4")], [play("A4"), play("B2")], [["A4"], ["B2"]]),
        ([play("B2")], [line()], [[]]),
    ],
)
def test_seats_move_by_the_difference(
    api: ApiClient,
    draft: Callable[..., str],
    before: list[Any],
    after: list[Any],
    expected: list[list[str]],
) -> None:
    order_id = draft(*before)
    assert put(api, order_id, *after).status_code == 200
    assert seats_by_line(order_id) == expected
    assert seats_of(order_id) == sorted(seat for seats in expected for seat in seats)
    counters()


def test_the_seats_of_a_full_hall_may_be_swapped(api: ApiClient, draft: Callable[..., str]) -> None:
    all_seats = [f"A{n}" for n in range(1, 5)] + [f"B{n}" for n in range(1, 7)]
    order_id = draft(play(*all_seats[:5]), play(*all_seats[5:]))
    swapped = play(*all_seats[5:]), play(*reversed(all_seats[:5]))
    assert put(api, order_id, *swapped).status_code == 200
    assert seats_by_line(order_id) == [all_seats[5:], all_seats[4::-1]]
    assert counters() == {"theatre 19:30": "0+10"}


def test_a_seat_of_somebody_else_leaves_the_old_order(
    api: ApiClient, rival: ApiClient, draft: Callable[..., str]
) -> None:
    rival.create(play("A1"))
    order_id = draft(play("B1", "B2"))
    before, found = stored(), api.get(f"/channelManager/{order_id}").json()
    assert_problem(
        put(api, order_id, play("B1", "A1")),
        409,
        "seat_taken",
        ("/items/0/seats/1", "seat_taken"),
    )
    assert (stored(), seats_of(order_id)) == (before, ["B1", "B2"])
    assert api.get(f"/channelManager/{order_id}").json() == found


def test_seats_that_were_given_up_are_free_for_others(
    api: ApiClient, rival: ApiClient, draft: Callable[..., str]
) -> None:
    order_id = draft(play("B1", "B2"))
    put(api, order_id, play("B1"))
    assert seats_of(rival.create(play("B2"))["orderId"]) == ["B2"]


class TestReplay:
    """What an unmapped line named is kept, and looked at again."""

    @pytest.fixture
    def failed(self, api: ApiClient, clock: Clock, issue: Issue, evening: Session) -> Order:
        """An order in Error: two mapped seats, and two that nobody knows yet."""
        unmapped = play("B1", "B2", number="SKU")
        settle(api, issue, play("A1", "A2"), unmapped)
        failed = Order.objects.get()
        assert (failed.status, evening.capacity) == ("Error", 10)
        return failed

    @pytest.fixture(autouse=True)
    def mapping(self, api: ApiClient, failed: Order) -> None:
        """Map the number since."""
        package = Package.objects.get(code="PLAY")
        PackageMappingFactory.create(partner=api.partner, item_number="SKU", package=package)

    def replay(self, failed: Order, clock: Clock) -> None:
        lifecycle.replay_order(
            orders=Order.objects.all(), order_id=failed.pk, actor="staff:1", now=clock.now
        )

    def test_the_seats_that_were_named_are_taken(self, failed: Order, clock: Clock) -> None:
        assert seats_of(str(failed.pk)) == ["A1", "A2"]
        self.replay(failed, clock)
        assert seats_by_line(str(failed.pk)) == [["A1", "A2"], ["B1", "B2"]]

    def test_the_seats_that_were_named_may_be_gone(
        self, rival: ApiClient, failed: Order, clock: Clock
    ) -> None:
        rival.create(play("B2"))
        before = stored()
        with pytest.raises(Exception, match="Seat B2 is taken, or there is no such seat"):
            self.replay(failed, clock)
        assert stored() == before

    def test_seats_that_went_back_are_taken_again(self, failed: Order, clock: Clock) -> None:
        recovery.recover_orders(now=clock.forward(days=7))
        assert counters() == {}
        self.replay(failed, clock)
        assert seats_by_line(str(failed.pk)) == [["A1", "A2"], ["B1", "B2"]]
        assert seats_of(str(failed.pk)) == ["A1", "A2", "B1", "B2"]

    def test_seats_that_went_back_may_be_somebody_elses_by_now(
        self, rival: ApiClient, failed: Order, clock: Clock
    ) -> None:
        recovery.recover_orders(now=clock.forward(days=7))
        clock.forward(days=-7)
        rival.create(play("A2"))
        with pytest.raises(Exception, match="Somebody else has seat A2 by now; move the order"):
            self.replay(failed, clock)
        assert counters() == {"theatre 19:30": "0+1"}

    def test_seats_that_went_back_and_are_named_by_the_waiting_line_are_not_given_twice(
        self, failed: Order, clock: Clock
    ) -> None:
        recovery.recover_orders(now=clock.forward(days=7))
        failed.lines.filter(item_number="SKU").update(seats=[])
        self.replay(failed, clock)
        assert seats_by_line(str(failed.pk))[0] == ["A1", "A2"]
        assert len(seats_of(str(failed.pk))) == 4

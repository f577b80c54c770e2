"""Test orders take no places, and are told of their visits what a live order is told."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.utils import timezone

from catalog.models import Attraction, Package, SeatPlan
from channel_manager.lib.errors import ErrorCode
from orders import holds, recovery
from orders.models import Allocation, Hold, Order
from tests.conftest import ApiClient
from tests.factories import AllotmentFactory
from tests.invariants import violations
from tests.modes.conftest import sql
from tests.orders.expected import Clock, assert_problem, line, settle
from tests.orders.held import HOLDS, held, held_line
from tests.orders.sessions import counters, seated, show

pytestmark = pytest.mark.usefixtures("clock")

Issue = Callable[[str], Order]
AVAILABILITY = "/channelManager/availability?itemNumber=SHOW&from=2026-11-23&to=2026-11-23"


def play_line(quantity: int = 1, **members: Any) -> Any:
    return line("PLAY", quantity=quantity, visitTime="19:30", **members)


def seats_of(answer: dict[str, Any]) -> list[str]:
    return [one["seat"] for w in answer["items"][0]["wallets"] for one in w["assets"]]


@pytest.mark.usefixtures("matinee")
def test_a_test_is_never_sold_out_and_takes_no_place_of_anybody(
    api: ApiClient, tester: ApiClient, show: Package, issue: Issue
) -> None:
    AllotmentFactory.create(partner=api.partner, package=show, places=2)
    seen = api.get(AVAILABILITY).json()
    assert [row["placesLeft"] for row in seen["data"]] == [2]
    for n, wanted in enumerate((1, 5, 400)):
        settle(tester, issue, _show(wanted), sellToOrderReference=f"T-{n}")
    draft = settle(tester, issue, _show(3), sellToOrderReference="T-DRAFT", paymentReference=None)
    assert counters() == {}
    assert api.get(AVAILABILITY).json() == tester.get(AVAILABILITY).json() == seen
    replaced = tester.order_body(_show(9), sellToOrderReference="T-DRAFT")
    assert tester.put(draft["orderId"], replaced).status_code == 200
    issue(draft["orderId"])
    assert violations(_with_no_jobs) == []
    api.create(_show(2))
    assert counters() == {"cinema 14:00": "0+2"}
    assert api.post(api.order_body(_show(1), sellToOrderReference="L-2")).status_code == 409
    settle(tester, issue, _show(5), sellToOrderReference="T-9")
    assert counters() == {"cinema 14:00": "0+2"}


@pytest.mark.usefixtures("matinee")
@pytest.mark.parametrize(
    ("visit", "fault"),
    [
        ({"visitTime": "15:00"}, ("/items/0/visitTime", "unknown_session")),
        ({"visitDate": "2026-11-19"}, ("/items/0/visitDate", "visit_in_past")),
        ({"visitDate": "2026-11-24"}, ("/items/0/visitDate", "unknown_session")),
        ({"visitTime": None}, ("/items/0/visitTime", "visit_time_required")),
        ({"seats": ["A1"]}, ("/items/0/seats", "seats_not_numbered")),
    ],
)
def test_the_visit_of_a_test_is_checked_as_for_a_live_order(
    api: ApiClient, tester: ApiClient, visit: dict[str, Any], fault: tuple[str, str]
) -> None:
    code = fault[1] if fault[1] in set(ErrorCode) else "invalid_request"
    for who in (api, tester):
        refused = who.post(who.order_body({**_show(1), **visit}))
        assert_problem(refused, 400, code, fault)


def test_a_test_may_name_any_seat_there_is_and_gets_the_first_otherwise(
    api: ApiClient,
    tester: ApiClient,
    play: Package,
    theatre: Attraction,
    hall: SeatPlan,
    issue: Issue,
) -> None:
    seated(theatre, hall)
    sold = settle(api, issue, play_line(2))
    assert seats_of(sold) == ["A1", "A2"]
    first = settle(tester, issue, play_line(2))
    assert seats_of(first) == ["A1", "A2"]
    named = settle(tester, issue, play_line(seats=["A1"]), sellToOrderReference="WEB-2")
    assert seats_of(named) == ["A1"]
    nowhere = tester.order_body(play_line(seats=["Z9"]), sellToOrderReference="WEB-3")
    assert_problem(tester.post(nowhere), 409, "seat_taken", ("/items/0/seats/0", "seat_taken"))
    too_many = tester.order_body(play_line(11), sellToOrderReference="WEB-3")
    assert tester.post(too_many).json()["code"] == "sold_out"
    assert counters() == {"theatre 19:30": "0+2"}
    assert violations(_with_no_jobs) == []


@pytest.mark.usefixtures("matinee")
def test_a_test_hold_keeps_no_places_and_becomes_a_test_order(
    tester: ApiClient, clock: Clock, issue: Issue
) -> None:
    made = tester.post({"items": [_show(7)]}, HOLDS).json()
    places = {
        "itemNumber": "SHOW-ENTRY",
        "visitDate": "2026-11-23",
        "visitTime": "14:00:00",
        "startsAt": "2026-11-23T14:00:00+01:00",
        "endsAt": "2026-11-23T15:00:00+01:00",
        "quantity": 7,
        "seats": [],
    }
    assert made == held(held_line(places, quantity=7))
    assert not Allocation.objects.exists()
    settle(tester, issue, _show(7, holdId=made["holdId"]))
    assert tester.get(f"{HOLDS}/{made['holdId']}").json()["status"] == "Converted"
    second = tester.post({"items": [_show(1)]}, HOLDS).json()
    clock.forward(minutes=9)
    assert holds.expire_holds(now=clock.now) == 1
    again = tester.order_body(_show(1, holdId=second["holdId"]), sellToOrderReference="WEB-2")
    assert tester.post(again).json()["code"] == "hold_ended"
    assert violations(_with_no_jobs) == []
    assert set(Hold.objects.values_list("test_mode", flat=True)) == {True}


@pytest.mark.usefixtures("matinee")
def test_the_draft_of_a_test_expires_and_its_failure_keeps_nothing(
    tester: ApiClient, clock: Clock, issue: Issue
) -> None:
    settle(tester, issue, _show(2), paymentReference=None)
    settle(tester, issue, line("TEST-ERROR"), sellToOrderReference="WEB-2")
    clock.forward(days=8)
    recovery.recover_orders(now=timezone.now())
    assert list(Order.objects.values_list("status", flat=True)) == ["Error"]
    assert violations(_with_no_jobs) == []


def _show(quantity: int, **members: Any) -> Any:
    return show(quantity=quantity, **members)


def _with_no_jobs(query: str, *values: Any) -> list[tuple[Any, ...]]:
    """Ask as `violations` does; what the worker would have done is done by the tests."""
    return [] if "procrastinate_jobs" in query else sql(query, *values)

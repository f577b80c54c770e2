"""replaceOrder: places move by the difference, or the old order stands with the ones it has."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from catalog.models import Attraction, Package, Session
from orders import intake, recovery
from orders.models import Allocation, Order
from partners.models import Venue
from tests.conftest import ApiClient
from tests.factories import AttractionFactory, sellable_package
from tests.orders.expected import Clock, assert_problem, line, settle, stored
from tests.orders.sessions import counted, counters, session, show
from wallets.models import Wallet

pytestmark = pytest.mark.usefixtures("clock", "show")

Issue = Callable[[str], Order]


@pytest.fixture(autouse=True)
def full(cinema: Attraction) -> list[Session]:
    """Three shows of five places: nobody has any, the order desk has all but one, and all."""
    shows = [session(cinema, time, capacity=5) for time in ("12:00", "14:00", "16:00")]
    Session.objects.filter(pk=shows[1].pk).update(capacity=1)
    Session.objects.filter(pk=shows[2].pk).update(capacity=0)
    return shows


def draft(api: ApiClient, issue: Issue, *items: Any, **members: Any) -> Any:
    found = settle(api, issue, *items, paymentReference=None, **members)
    assert found["status"] == "Draft"
    return found


def failed(api: ApiClient, issue: Issue, *items: Any) -> Any:
    found = settle(api, issue, *items, line("unknown"))
    assert found["status"] == "Error"
    return found


def put(api: ApiClient, order: Any, *items: Any) -> Any:
    reference = order["sellToOrderReference"]
    body = api.order_body(*items, sellToOrderReference=reference, paymentReference=None)
    return api.put(order["orderId"], body)


@pytest.mark.parametrize("settled", [draft, failed])
@pytest.mark.parametrize(
    ("items", "expected"),
    [
        ([show("12:00", 3)], {"cinema 12:00": "0+3"}),
        ([show("12:00", 1)], {"cinema 12:00": "0+1"}),
        ([show("12:00", 5)], {"cinema 12:00": "0+5"}),
        ([show("12:00", 2), show("12:00", 3)], {"cinema 12:00": "0+5"}),
        ([show("14:00", 1)], {"cinema 14:00": "0+1"}),
        ([show("14:00"), show("12:00", 4)], {"cinema 12:00": "0+4", "cinema 14:00": "0+1"}),
        ([line()], {}),
        ([line("unknown")], {}),
    ],
)
def test_places_move_by_the_difference(
    api: ApiClient, issue: Issue, settled: Any, items: list[Any], expected: dict[str, str]
) -> None:
    before = settled(api, issue, show("12:00", 3))
    assert counters() == {"cinema 12:00": "0+3"}
    response = put(api, before, *items)
    assert (response.status_code, response.json()["status"]) == (200, "Submitted")
    assert counters() == expected
    issue(before["orderId"])
    assert counters() == expected


@pytest.mark.parametrize("settled", [draft, failed])
@pytest.mark.parametrize(
    ("items", "pointer", "left"),
    [
        ([show("16:00", 1)], "/items/0", 0),
        ([show("14:00", 2)], "/items/0", 1),
        ([show("12:00", 6)], "/items/0", 5),
        ([show("12:00", 3), show("12:00", 3)], "/items/1", 5),
        ([show("12:00", 1), line(), show("16:00", 1)], "/items/2", 0),
    ],
)
def test_without_room_the_old_order_stands_with_its_places(
    api: ApiClient, issue: Issue, settled: Any, items: list[Any], pointer: str, left: int
) -> None:
    before = settled(api, issue, show("12:00", 3))
    rows, taken = stored(), list(Allocation.objects.order_by("pk").values())
    answer = put(api, before, *items)
    assert (answer.status_code, answer.json()["code"]) == (409, "sold_out")
    (told,) = answer.json()["shortages"]
    assert (told["pointer"], told["placesLeft"]) == (pointer, left)
    assert (stored(), counters()) == (rows, {"cinema 12:00": "0+3"})
    assert list(Allocation.objects.order_by("pk").values()) == taken
    assert api.get(f"/channelManager/{before['orderId']}").json() == before
    assert not Wallet.objects.filter(status="Destroyed").exists()


def test_an_order_that_fills_its_session_may_be_replaced_by_itself(
    api: ApiClient, issue: Issue
) -> None:
    before = draft(api, issue, show("12:00", 5))
    for items in ([show("12:00", 5)], [show("12:00", 4), show("12:00")], [show("12:00")] * 5):
        assert put(api, before, *items).status_code == 200
        assert counters() == {"cinema 12:00": "0+5"}
        assert issue(before["orderId"]).status == "Draft"


def test_two_lines_may_swap_full_sessions(api: ApiClient, issue: Issue) -> None:
    Session.objects.filter(capacity=0).update(capacity=2)
    Session.objects.filter(capacity=1).update(capacity=2)
    before = draft(api, issue, show("14:00", 2), show("16:00", 2))
    assert put(api, before, show("16:00", 2), show("14:00", 2)).status_code == 200
    assert counters() == {"cinema 14:00": "0+2", "cinema 16:00": "0+2"}


def test_places_that_were_given_up_are_free_for_others(api: ApiClient, issue: Issue) -> None:
    before = draft(api, issue, show("12:00", 5))
    assert put(api, before, show("12:00", 2)).status_code == 200
    api.create(show("12:00", 3), sellToOrderReference="WEB-2")
    assert counters() == {"cinema 12:00": "0+5"}


def test_a_replacement_whose_contents_are_refused_keeps_its_places(
    api: ApiClient, rival: ApiClient, issue: Issue
) -> None:
    numbered = {"externalReferenceNumbers": ["EXT-1"]}
    rival.create(line(wallet=numbered))
    before = draft(api, issue, show("12:00", 3))
    assert_problem(
        put(api, before, show("12:00"), line(wallet=numbered)),
        400,
        "external_reference_taken",
        ("/items/1/wallet/externalReferenceNumbers/0", "external_reference_taken"),
    )
    assert counters() == {"cinema 12:00": "0+3"}


def test_a_dated_line_without_a_time_stays_in_its_session_when_it_is_replaced_by_itself(
    api: ApiClient, issue: Issue, venue: Venue
) -> None:
    ride = AttractionFactory.create(venue=venue, code="ride")
    counted(sellable_package(venue, "RIDE"), ride)
    session(ride, "10:00", capacity=2), session(ride, "12:00", capacity=2)
    other = draft(api, issue, line("RIDE", quantity=2))
    ours = draft(api, issue, line("RIDE"), sellToOrderReference="WEB-2")
    api.delete(other["orderId"])
    assert counters() == {"ride 12:00": "0+1"}
    assert put(api, ours, line("RIDE")).status_code == 200
    assert counters() == {"ride 12:00": "0+1"}
    issue(ours["orderId"])
    assert put(api, ours, line("RIDE", quantity=2), line("RIDE")).status_code == 200
    assert counters() == {"ride 10:00": "0+1", "ride 12:00": "0+2"}


def test_a_session_that_went_off_sale_takes_no_replacement_and_keeps_what_it_sold(
    api: ApiClient, issue: Issue, full: list[Session]
) -> None:
    before = draft(api, issue, show("12:00", 2))
    Session.objects.filter(pk=full[0].pk).update(is_on_sale=False)
    assert_problem(
        put(api, before, show("12:00", 1)),
        400,
        "unknown_session",
        ("/items/0/visitTime", "unknown_session"),
    )
    assert counters() == {"cinema 12:00": "0+2"}
    assert put(api, before, show("14:00", 1)).status_code == 200
    assert counters() == {"cinema 14:00": "0+1"}


def test_an_order_whose_places_went_back_takes_them_anew(
    api: ApiClient, issue: Issue, clock: Clock
) -> None:
    later = {"visitDate": "2026-12-01"}
    session(Session.objects.all()[0].attraction, "12:00", "2026-12-01", capacity=2)
    before = failed(api, issue, {**show("12:00", 2), **later})
    recovery.recover_orders(now=clock.forward(days=7))
    assert counters() == {}
    assert put(api, before, {**show("12:00", 2), **later}).status_code == 200
    assert counters() == {"cinema 2026-12-01 12:00": "0+2"}


def test_places_lost_at_the_last_moment_leave_the_old_order(
    api: ApiClient, issue: Issue, full: list[Session], monkeypatch: pytest.MonkeyPatch
) -> None:
    before = draft(api, issue, show("12:00", 3))
    plan, rows, empty = intake.plan_contents, stored(), full[2]

    def plan_too_early(*args: Any, **options: Any) -> Any:
        monkeypatch.setattr(intake, "plan_contents", plan)
        Session.objects.filter(pk=empty.pk).update(capacity=5)
        planned = plan(*args, **options)
        Session.objects.filter(pk=empty.pk).update(capacity=0)
        return planned

    monkeypatch.setattr(intake, "plan_contents", plan_too_early)
    answer = put(api, before, show("16:00", 2))
    assert (answer.status_code, answer.json()["placesLeft"]) == (409, 0)
    assert (stored(), counters()) == (rows, {"cinema 12:00": "0+3"})
    assert api.get(f"/channelManager/{before['orderId']}").json() == before


def test_the_cheaper_half_of_a_bundle_may_move_alone(
    api: ApiClient, issue: Issue, bundle: Package, cinema: Attraction
) -> None:
    dino = AttractionFactory.create(venue=bundle.venue, code="dino")
    counted(counted(bundle, cinema, "CINEMA"), dino, "DINO")
    session(dino, "12:00", capacity=1), session(dino, "14:00", capacity=1)

    def at(time: str) -> Any:
        schedule = [{"itemNumber": "DINO", "visitTime": time}]
        return line("BUNDLE", visitTime="12:00", wallet={"componentSchedule": schedule})

    before = draft(api, issue, at("12:00"))
    assert counters() == {"cinema 12:00": "0+1", "dino 12:00": "0+1"}
    assert put(api, before, at("14:00")).status_code == 200
    assert counters() == {"cinema 12:00": "0+1", "dino 14:00": "0+1"}

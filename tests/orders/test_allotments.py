"""Allotments: how many places of a session a partner may take with one package, at most."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from catalog.models import Allotment, AllotmentUse, Attraction, Package, Session
from orders import holds, intake
from orders.models import Allocation, Order
from partners.models import Venue
from tests.conftest import ApiClient
from tests.factories import AllotmentFactory, PackageMappingFactory, sellable_package
from tests.orders.expected import Clock, line, settle, stored
from tests.orders.sessions import counted, counters, seats_of, session, show

pytestmark = pytest.mark.usefixtures("clock", "matinee", "allotment")

Issue = Callable[[str], Order]


@pytest.fixture
def matinee(cinema: Attraction) -> Session:
    """The show at 14:00, for twenty."""
    return session(cinema, "14:00", capacity=20)


@pytest.fixture
def allotment(api: ApiClient, show: Package) -> Allotment:
    """Our partner may take four places of each show."""
    return AllotmentFactory.create(partner=api.partner, package=show, places=4)


def left(api: ApiClient, *items: Any) -> list[tuple[str, int]]:
    """Expect that lines are refused; return where places are missing, and how many are left."""
    before = stored(), counters()
    response = api.post(api.order_body(*items, sellToOrderReference="REFUSED"))
    assert (response.status_code, response.json()["code"]) == (409, "sold_out")
    assert (stored(), counters()) == before
    return [(told["pointer"], told["placesLeft"]) for told in response.json()["shortages"]]


def taken(allotment: Allotment) -> int:
    counters()
    return sum(AllotmentUse.objects.filter(allotment=allotment).values_list("taken", flat=True))


def test_a_partner_takes_at_most_its_allotment_of_a_session(
    api: ApiClient, allotment: Allotment
) -> None:
    assert left(api, show(quantity=5)) == [("/items/0", 4)]
    api.create(show(quantity=3))
    assert left(api, show(quantity=2)) == [("/items/0", 1)]
    api.create(show(), sellToOrderReference="WEB-2")
    assert left(api, show()) == [("/items/0", 0)]
    assert (taken(allotment), counters()) == (4, {"cinema 14:00": "0+4"})


def test_what_was_sold_before_counts_from_the_beginning(
    api: ApiClient, rival: ApiClient, issue: Issue, allotment: Allotment, matinee: Session
) -> None:
    Allotment.objects.all().delete()
    evening = session(matinee.attraction, "20:00")
    draft = settle(api, issue, show(quantity=3), show("20:00", 2), paymentReference=None)
    rival.create(show(quantity=7))
    agreed = AllotmentFactory.create(partner=api.partner, package=allotment.package, places=2)
    used = AllotmentUse.objects.filter(allotment=agreed).values_list("session", "taken")
    assert dict(used) == {matinee.pk: 3, evening.pk: 2}
    assert left(api, show()) == [("/items/0", 0)]
    assert counters() == {"cinema 14:00": "0+10", "cinema 20:00": "0+2"}
    api.delete(draft["orderId"])
    assert (taken(agreed), counters()) == (0, {"cinema 14:00": "0+7"})
    api.create(show(quantity=2))
    assert taken(agreed) == 2


def test_another_session_that_is_overdrawn_does_not_matter(
    api: ApiClient, venue: Venue, allotment: Allotment, matinee: Session
) -> None:
    session(matinee.attraction, "20:00")
    vip = counted(sellable_package(venue, "VIP", dating="timed"), matinee.attraction)
    AllotmentFactory.create(partner=api.partner, package=vip, places=9)
    api.create(show("20:00", 4), sellToOrderReference="WEB-0")
    Allotment.objects.filter(pk=allotment.pk).update(places=2)
    api.create(show(), {**line("VIP"), "visitTime": "20:00"})
    assert counters() == {"cinema 14:00": "0+1", "cinema 20:00": "0+5"}


def test_lines_of_one_order_share_it(api: ApiClient, allotment: Allotment) -> None:
    assert left(api, show(quantity=3), show(quantity=2)) == [("/items/1", 4)]
    api.create(show(quantity=3), show())
    assert taken(allotment) == 4


def test_every_session_has_its_own(api: ApiClient, cinema: Attraction) -> None:
    session(cinema, "16:00"), session(cinema, "14:00", "2026-11-24")
    tomorrow = {"visitDate": "2026-11-24"}
    api.create(show(quantity=4), show("16:00", quantity=4), {**show(quantity=4), **tomorrow})
    assert set(counters().values()) == {"0+4"}
    assert left(api, show("16:00")) == [("/items/0", 0)]


def test_another_partner_is_not_limited_and_may_have_a_limit_of_its_own(
    api: ApiClient, rival: ApiClient, show: Package, allotment: Allotment
) -> None:
    sent = {**line("SHOW", quantity=9), "visitTime": "14:00"}
    rival.create(sent)
    assert taken(allotment) == 0
    AllotmentFactory.create(partner=rival.partner, package=show, places=10)
    assert left(rival, {**sent, "quantity": 2}) == [("/items/0", 1)]
    api.create({**sent, "quantity": 4})


def test_another_package_is_not_limited(
    api: ApiClient, show: Package, allotment: Allotment, cinema: Attraction
) -> None:
    counted(sellable_package(show.venue, "VIP", dating="timed"), cinema)
    api.create({**line("VIP", quantity=9), "visitTime": "14:00"})
    assert taken(allotment) == 0


def test_all_item_numbers_of_a_package_share_it(
    api: ApiClient, show: Package, allotment: Allotment
) -> None:
    for number in ("ADULT", "CHILD"):
        PackageMappingFactory.create(partner=api.partner, item_number=number, package=show)
    items = [{**line(n, quantity=2), "visitTime": "14:00"} for n in ("ADULT", "CHILD", "SHOW")]
    assert left(api, *items) == [("/items/2", 4)]
    api.create(*items[:2])
    assert taken(allotment) == 4


def test_where_the_session_has_less_room_than_the_allotment_the_session_counts(
    api: ApiClient, matinee: Session
) -> None:
    Session.objects.filter(pk=matinee.pk).update(capacity=3)
    assert left(api, show(quantity=4)) == [("/items/0", 3)]


def test_the_sessions_that_are_offered_instead_have_room_within_the_allotment(
    api: ApiClient, rival: ApiClient, cinema: Attraction
) -> None:
    session(cinema, "16:00"), session(cinema, "18:00")
    api.create(show(quantity=4), show("16:00", quantity=3))
    response = api.post(api.order_body(show(quantity=2), sellToOrderReference="WEB-2"))
    assert [
        (told["visitTime"], told["placesLeft"]) for told in response.json()["nearestSessions"]
    ] == [("18:00:00", 4)]
    response = rival.post(rival.order_body(show(quantity=21)))
    assert response.json()["placesLeft"] == 16


def test_an_allotment_of_nothing_sells_nothing(api: ApiClient, allotment: Allotment) -> None:
    Allotment.objects.filter(pk=allotment.pk).update(places=0)
    assert left(api, show()) == [("/items/0", 0)]


def test_an_allotment_below_what_was_taken_sells_nothing_more_and_keeps_what_was_sold(
    api: ApiClient, issue: Issue, allotment: Allotment
) -> None:
    draft = settle(api, issue, show(quantity=4), paymentReference=None)
    Allotment.objects.filter(pk=allotment.pk).update(places=2)
    assert left(api, show()) == [("/items/0", 0)]
    for quantity, status in ((3, 409), (2, 200)):
        body = api.order_body(show(quantity=quantity))
        assert api.put(draft["orderId"], body).status_code == status
    assert taken(allotment) == 2


@pytest.mark.parametrize("payment", ["PAY-1", None])
def test_ending_an_order_gives_it_back(
    api: ApiClient, issue: Issue, allotment: Allotment, payment: str | None
) -> None:
    order = settle(api, issue, show(quantity=4), paymentReference=payment)
    api.delete(order["orderId"])
    assert taken(allotment) == 0
    api.create(show(quantity=4), sellToOrderReference="WEB-2")


@pytest.mark.parametrize(
    ("items", "status"),
    [
        ([show(quantity=4)], 200),
        ([show(quantity=2)], 200),
        ([show(quantity=2), show(quantity=2)], 200),
        ([show(quantity=5)], 409),
        ([line()], 200),
    ],
)
def test_a_replacement_stays_within_it(
    api: ApiClient, issue: Issue, allotment: Allotment, items: list[Any], status: int
) -> None:
    draft = settle(api, issue, show(quantity=4), paymentReference=None)
    assert api.put(draft["orderId"], api.order_body(*items)).status_code == status
    rows = Allocation.objects.filter(allotment=allotment)
    assert taken(allotment) == sum(row.quantity for row in rows)


def test_holds_count_and_what_they_become_counts_once(
    api: ApiClient, allotment: Allotment, clock: Clock
) -> None:
    path = f"{api.base}/holds"
    response = api.post({"items": [show(quantity=5)]}, path)
    assert (response.status_code, response.json()["placesLeft"]) == (409, 4)
    hold_id = api.post({"items": [show(quantity=3)]}, path).json()["holdId"]
    assert (taken(allotment), counters()) == (3, {"cinema 14:00": "3+0"})
    assert left(api, show(quantity=2)) == [("/items/0", 1)]
    api.create(show(quantity=4, holdId=hold_id))
    assert (taken(allotment), counters()) == (4, {"cinema 14:00": "0+4"})

    api.delete(str(Order.objects.get().pk))  # in flight: nothing is given back
    assert taken(allotment) == 4
    holds.expire_holds(now=clock.forward(hours=1))
    assert taken(allotment) == 4


@pytest.mark.parametrize("ended", ["released", "expired"])
def test_a_hold_that_ends_gives_it_back(
    api: ApiClient, allotment: Allotment, clock: Clock, ended: str
) -> None:
    hold_id = api.post({"items": [show(quantity=4)]}, f"{api.base}/holds").json()["holdId"]
    if ended == "released":
        assert api.request("DELETE", f"{api.base}/holds/{hold_id}").status_code == 200
    else:
        holds.expire_holds(now=clock.forward(minutes=8))
    assert taken(allotment) == 0
    api.create(show(quantity=4))


def test_ending_the_allotment_itself_leaves_the_places_sold(
    api: ApiClient, allotment: Allotment
) -> None:
    api.create(show(quantity=4))
    allotment.delete()
    assert counters() == {"cinema 14:00": "0+4"}
    assert not AllotmentUse.objects.exists()
    api.create(show(quantity=9), sellToOrderReference="WEB-2")


def test_numbered_seats_count_one_by_one(
    api: ApiClient, play: Package, theatre: Attraction, hall: Any
) -> None:
    session(theatre, "19:30", seat_plan=hall, capacity=10)
    limit = AllotmentFactory.create(partner=api.partner, package=play, places=3)
    sent = {**line("PLAY", quantity=3), "visitTime": "19:30"}
    order = api.create(sent)
    assert (taken(limit), seats_of(order["orderId"])) == (3, ["A1", "A2", "A3"])
    assert left(api, {**sent, "quantity": 1}) == [("/items/0", 0)]


def test_a_bundle_counts_in_each_of_its_sessions(
    api: ApiClient, bundle: Package, cinema: Attraction, theatre: Attraction
) -> None:
    counted(counted(bundle, cinema, "CINEMA"), theatre, "DINO")
    session(theatre, None)
    limit = AllotmentFactory.create(partner=api.partner, package=bundle, places=4)
    api.create(line("BUNDLE", quantity=4, visitTime="14:00"))
    assert counters() == {"cinema 14:00": "0+4", "theatre": "0+4"}
    assert [use.taken for use in AllotmentUse.objects.filter(allotment=limit)] == [4, 4]
    assert left(api, line("BUNDLE", visitTime="14:00")) == [("/items/0", 0), ("/items/0", 0)]


def test_an_allotment_that_somebody_used_up_at_the_last_moment_is_told_like_any_other(
    api: ApiClient, allotment: Allotment, monkeypatch: pytest.MonkeyPatch
) -> None:
    plan = intake.plan_contents

    def plan_too_early(*args: Any, **options: Any) -> Any:
        monkeypatch.setattr(intake, "plan_contents", plan)
        Allotment.objects.filter(pk=allotment.pk).update(places=9)
        planned = plan(*args, **options)
        Allotment.objects.filter(pk=allotment.pk).update(places=4)
        return planned

    monkeypatch.setattr(intake, "plan_contents", plan_too_early)
    assert left(api, show(quantity=5)) == [("/items/0", 4)]

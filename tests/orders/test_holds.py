"""Holds: places kept for a guest who has not paid yet; making, reading, extending, ending them."""

from __future__ import annotations

import datetime
from collections.abc import Callable
from typing import Any

import pytest
from django.conf import settings

from catalog.models import Attraction, Package, SeatPlan, Session
from orders import holds, tasks
from orders.models import Allocation, Hold, Order
from partners.models import Partner
from tests.conftest import ApiClient
from tests.factories import AttractionFactory, sellable_package
from tests.orders.expected import (
    NOON,
    VISIT,
    Clock,
    assert_problem,
    line,
    moment,
    stored,
)
from tests.orders.held import HOLDS, events_of, held, held_line, held_places, path_of
from tests.orders.sessions import counted, counters, seated, session, show

pytestmark = pytest.mark.usefixtures("clock", "matinee")

Make = Callable[..., Any]


def refused(api: ApiClient, body: Any, status: int, code: str, *faults: Any, **members: Any) -> Any:
    before = stored(), counters(), Hold.objects.count()
    found = assert_problem(api.post(body, HOLDS), status, code, *faults, **members)
    assert (stored(), counters(), Hold.objects.count()) == before
    return found


def test_a_hold_keeps_places_and_says_until_when(api: ApiClient) -> None:
    response = api.post({"items": [show(quantity=3)]}, HOLDS)
    made = response.json()
    assert (response.status_code, made) == (
        201,
        held(
            held_line(held_places(quantity=3), quantity=3),
            partnerId=str(api.partner.pk),
        ),
    )
    assert response["Location"] == f"{settings.PUBLIC_URL}{path_of(made)}"
    assert api.get(path_of(made)).json() == made
    assert counters() == {"cinema 14:00": "3+0"}
    assert events_of(made) == [("held", "", "Held", f"partner:{api.partner.pk}")]
    assert Order.objects.count() == 0


def test_a_hold_keeps_the_places_of_every_component_on_its_own_schedule(
    api: ApiClient, hold: Make, bundle: Package, cinema: Attraction
) -> None:
    dino = AttractionFactory.create(venue=bundle.venue, code="dino")
    counted(counted(bundle, cinema, "CINEMA"), dino, "DINO")
    session(dino, None, "2026-11-24")
    schedule = [
        {"itemNumber": "CINEMA", "visitTime": "14:00"},
        {"itemNumber": "DINO", "visitDate": "2026-11-24"},
    ]
    made = hold(line("BUNDLE", quantity=2, wallet={"componentSchedule": schedule}), show())
    day = {"visitDate": "2026-11-24", "visitTime": None}
    hours = {"startsAt": "2026-11-24T08:00:00+01:00", "endsAt": "2026-11-24T20:00:00+01:00"}
    assert made == held(
        held_line(
            held_places(itemNumber="DINO", quantity=2, **day, **hours),
            held_places(itemNumber="CINEMA", quantity=2),
            itemNumber="BUNDLE",
            quantity=2,
            visitTime=None,
        ),
        held_line(held_places()),
    )
    assert counters() == {"cinema 14:00": "3+0", "dino 2026-11-24": "2+0"}
    assert api.get(path_of(made)).json() == made


def test_a_hold_names_its_numbered_seats(
    api: ApiClient, hold: Make, play: Package, theatre: Attraction, hall: SeatPlan
) -> None:
    seated(theatre, hall)
    times = {
        "visitTime": "19:30:00",
        "startsAt": f"{VISIT}T19:30:00+01:00",
        "endsAt": f"{VISIT}T20:30:00+01:00",
    }
    sent = line("PLAY", quantity=2, visitTime="19:30")
    for seats, named in ((["A1", "A2"], {}), (["B3", "B2"], {"seats": ["B3", "B2"]})):
        places = held_places(itemNumber="PLAY-ENTRY", quantity=2, seats=seats, **times)
        assert hold(sent | named) == held(
            held_line(places, itemNumber="PLAY", quantity=2, visitTime="19:30:00")
        )
    assert counters() == {"theatre 19:30": "4+0"}
    refused(
        api,
        {"items": [sent | {"seats": ["A3", "B2"]}]},
        409,
        "seat_taken",
        ("/items/0/seats/1", "seat_taken"),
    )
    assert play.code == "PLAY"


def test_a_hold_of_what_is_not_counted_has_no_places(hold: Make, venue: Any) -> None:
    sellable_package(venue, "OPEN", dating="open")
    undated = {"visitDate": None, "visitTime": None, "itemNumber": "OPEN"}
    day = {"visitTime": None, "itemNumber": "DAY", "quantity": 2}
    made = hold(line(quantity=2), line("OPEN", visit_date=None))
    assert made == held(held_line(**day), held_line(**undated))
    assert (counters(), Allocation.objects.count()) == ({}, 0)


def test_held_places_are_nobody_elses(api: ApiClient, rival: ApiClient, hold: Make) -> None:
    hold(show(quantity=4))
    response = rival.post(rival.order_body(show(quantity=2)))
    assert (response.status_code, response.json()["placesLeft"]) == (409, 1)
    found = refused(
        api,
        {"items": [show(quantity=2)]},
        409,
        "sold_out",
        ("/items/0", "sold_out"),
        placesLeft=1,
        nearestSessions=[],
        shortages=[
            {
                "pointer": "/items/0",
                "itemNumber": "SHOW-ENTRY",
                "visitDate": VISIT,
                "visitTime": "14:00:00",
                "capacity": 5,
                "placesWanted": 2,
                "placesLeft": 1,
                "nearestSessions": [],
            }
        ],
    )
    assert found["detail"].startswith("1 place is left")


@pytest.mark.parametrize(
    ("body", "code", "faults"),
    [
        ({}, None, [("/items", "required")]),
        ({"items": []}, None, [("/items", "min_length")]),
        ({"items": [{}]}, None, [("/items/0/itemNumber", "required")]),
        ({"items": [show(quantity=0)]}, None, [("/items/0/quantity", "min_value")]),
        ({"items": [show(sellToName="x")]}, None, [("/items/0/sellToName", "unknown_member")]),
        ({"items": [show(holdId=None)]}, None, [("/items/0/holdId", "unknown_member")]),
        (
            {"items": [show(wallet={"names": ["x"]})]},
            None,
            [("/items/0/wallet/names", "unknown_member")],
        ),
        ({"items": [line("SKU")]}, "unknown_item", [("/items/0/itemNumber", "unknown_item")]),
        (
            {"items": [show(), line("SKU"), line("EMPTY"), line("FREE")]},
            None,
            [
                ("/items/1/itemNumber", "unknown_item"),
                ("/items/2/itemNumber", "package_not_ready"),
                ("/items/3/itemNumber", "package_not_ready"),
            ],
        ),
        (
            {"items": [show("14:01"), line(visit_date="2026-11-19"), line("OLD")]},
            None,
            [
                ("/items/0/visitTime", "unknown_session"),
                ("/items/1/visitDate", "visit_in_past"),
                ("/items/2/itemNumber", "not_on_sale"),
            ],
        ),
        (
            {"items": [line("SKU"), line(visit_date="2026-11-19")]},
            None,
            [("/items/0/itemNumber", "unknown_item"), ("/items/1/visitDate", "visit_in_past")],
        ),
        (
            {"items": [show("14:01")]},
            "unknown_session",
            [("/items/0/visitTime", "unknown_session")],
        ),
        ({"items": [line(quantity=1000), line()]}, None, [("/items", "too_many_wallets")]),
    ],
)
def test_what_cannot_be_held_is_refused_with_all_its_faults(
    api: ApiClient, venue: Any, body: Any, code: str | None, faults: list[Any]
) -> None:
    sellable_package(venue, "EMPTY").components.all().delete()
    sellable_package(venue, "FREE").prices.all().delete()
    sellable_package(venue, "OLD", status="Withdrawn")
    refused(api, body, 400, code or "invalid_request", *faults)


def test_an_unmapped_item_is_a_fault_even_beside_a_session_that_is_full(api: ApiClient) -> None:
    body = {"items": [show(quantity=6), line("SKU")]}
    refused(api, body, 400, "unknown_item", ("/items/1/itemNumber", "unknown_item"))


def test_the_partner_may_be_named_if_it_is_the_keys_own(api: ApiClient, rival: ApiClient) -> None:
    for own in (str(api.partner.pk), None):
        assert api.post({"partnerId": own, "items": [show()]}, HOLDS).status_code == 201
    theirs = {"partnerId": str(rival.partner.pk), "items": [show()]}
    refused(api, theirs, 400, "unknown_partner", ("/partnerId", "unknown_partner"))


@pytest.mark.parametrize("minutes", [1, 8, 60])
def test_a_hold_lasts_as_long_as_the_agreement_says(
    api: ApiClient, hold: Make, clock: Clock, minutes: int
) -> None:
    Partner.objects.filter(pk=api.partner.pk).update(hold_minutes=minutes)
    made = hold(show())
    assert made["expiresAt"] == moment(NOON + datetime.timedelta(minutes=minutes))
    assert holds.expire_holds(now=clock.forward(minutes=minutes, microseconds=-1)) == 0
    assert counters() == {"cinema 14:00": "1+0"}
    assert holds.expire_holds(now=clock.forward(microseconds=1)) == 1
    assert counters() == {}
    ended = {"status": "Expired", "endedAt": moment(clock.now)}
    assert api.get(path_of(made)).json() == {**made, **ended}
    assert events_of(made)[1:] == [("expired", "Held", "Expired", "worker")]
    assert holds.expire_holds(now=clock.forward(days=1)) == 0


def test_background_tasks_expire_holds_and_forget_them(
    hold: Make, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tasks, "close_old_connections", lambda: None)
    made = hold(show())
    clock.forward(minutes=8)
    tasks.expire_holds.func(timestamp=0)
    assert Hold.objects.get(pk=made["holdId"]).status == "Expired"
    clock.forward(days=8)
    tasks.prune_holds.func(timestamp=0)
    assert Hold.objects.count() == 0


def test_many_holds_expire_at_once(api: ApiClient, clock: Clock, matinee: Session) -> None:
    count = 450
    Session.objects.filter(pk=matinee.pk).update(capacity=count)
    made = Hold.objects.bulk_create(
        Hold(
            partner=api.partner,
            lines=[],
            created_at=NOON,
            expires_at=NOON + datetime.timedelta(minutes=1),
        )
        for _ in range(count)
    )
    Allocation.objects.bulk_create(
        Allocation(session=matinee, hold=hold, quantity=1) for hold in made
    )
    assert counters() == {"cinema 14:00": f"{count}+0"}
    assert holds.expire_holds(now=clock.forward(minutes=1)) == count
    assert counters() == {}


def test_ended_holds_can_be_read_for_a_week(api: ApiClient, hold: Make, clock: Clock) -> None:
    expired, released, living = hold(show()), hold(show()), hold(show())
    api.request("DELETE", path_of(released))
    Hold.objects.filter(pk=living["holdId"]).update(expires_at=NOON + datetime.timedelta(days=30))
    holds.expire_holds(now=clock.forward(minutes=8))
    holds.forget_ended(now=clock.forward(days=7))
    assert api.get(path_of(expired)).status_code == 200
    holds.forget_ended(now=clock.forward(seconds=1))
    assert api.get(path_of(living)).status_code == 200
    for forgotten in (expired, released):
        assert_problem(api.get(path_of(forgotten)), 404, "not_found")


def test_a_repeated_hold_is_the_same_one(api: ApiClient, clock: Clock) -> None:
    body = {"items": [show(quantity=2)]}
    first = api.post(body, HOLDS, idempotency_key="k")
    clock.forward(minutes=2)
    again = api.post(body, HOLDS, idempotency_key="k")
    assert (again.status_code, again.json()) == (201, first.json())
    assert (again["Idempotent-Replayed"], again["Location"]) == ("true", first["Location"])
    assert counters() == {"cinema 14:00": "2+0"}
    assert_problem(
        api.post({"items": [show()]}, HOLDS, idempotency_key="k"), 422, "idempotency_mismatch"
    )
    assert api.post(body, HOLDS).json()["holdId"] != first.json()["holdId"]

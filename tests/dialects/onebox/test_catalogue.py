"""Events, sessions and what is left of them, by the ids that orders are made with."""

from __future__ import annotations

import datetime
from typing import Any

import pytest

from catalog.models import Package, SeatPlan, Session
from partners.models import Partner, Venue
from tests.dialects.onebox.channel import CATALOGUE, NUMBER, Channel, assert_refused
from tests.factories import AllotmentFactory, sellable_package
from tests.orders.expected import Clock
from tests.orders.sessions import counted, seated, session

pytestmark = pytest.mark.django_db


def price(least: float, most: float | None = None) -> dict[str, Any]:
    """Return the prices of a session or an event."""
    free = {"surcharge": {"promoter": 0, "channel": 0}}
    low, high = {"value": least, **free}, {"value": most or least, **free}
    return {
        "min": low,
        "max": high,
        "min_final": low,
        "max_final": high,
        "currency": "EUR",
        "taxes": [{"name": "VAT", "value": 9.0}],
    }


def venue_told(venue: Venue) -> dict[str, Any]:
    """Return the park."""
    return {
        "id": NUMBER,
        "name": "Dune Park",
        "location": {"address": venue.address, "time_zone": "Europe/Amsterdam"},
        "graphic": False,
    }


def sessions(channel: Channel, query: str = "") -> dict[str, Any]:
    """List sessions."""
    response = channel.get(f"{CATALOGUE}/sessions{query}")
    assert response.status_code == 200, response.content
    return dict(response.json())


def bounded(total: int, available: int) -> dict[str, Any]:
    """Return what is left where places are counted."""
    return {"type": "BOUNDED", "total": total, "available": available}


def test_a_session_is_told_whole(channel: Channel, venue: Venue, matinee: Session) -> None:
    told = {
        "id": NUMBER,
        "name": "Cinema",
        "type": "SESSION",
        "event": {"id": NUMBER, "name": "Cinema", "texts": {"title": {"en-GB": "Cinema"}}},
        "venue": venue_told(venue),
        "date": {
            "start": "2026-11-23T13:00:00.000Z",
            "end": "2026-11-23T14:00:00.000Z",
            "sale_start": None,
            "sale_end": "2026-11-23T14:00:00.000Z",
            "booking_start": None,
            "booking_end": None,
            "start_unconfirmed": False,
        },
        "price": price(12),
        "for_sale": True,
        "on_catalog": True,
    }
    listed = sessions(channel)
    assert listed == {"metadata": {"limit": 100, "total": 1, "offset": 0}, "data": [told]}
    session_id = listed["data"][0]["id"]
    assert channel.get(f"{CATALOGUE}/sessions/{session_id}").json() == told
    assert channel.session_id() == session_id


def test_an_event_is_told_whole(channel: Channel, venue: Venue, matinee: Session) -> None:
    session(matinee.attraction, "18:00")
    counted(sellable_package(venue, "CHILD", "7.50", dating="timed"), matinee.attraction)
    told = {
        "id": NUMBER,
        "name": "Cinema",
        "type": "NORMAL",
        "texts": {"title": {"en-GB": "Cinema"}},
        "venues": [venue_told(venue)],
        "date": {
            "start": "2026-11-23T13:00:00.000Z",
            "end": "2026-11-23T18:00:00.000Z",
            "start_unconfirmed": False,
        },
        "price": price(7.5, 12),
        "for_sale": True,
        "on_catalog": True,
    }
    listed = channel.get(f"{CATALOGUE}/events").json()
    assert listed == {"metadata": {"limit": 100, "total": 1, "offset": 0}, "data": [told]}
    event_id = listed["data"][0]["id"]
    assert channel.get(f"{CATALOGUE}/events/{event_id}").json() == told
    assert {row["event"]["id"] for row in sessions(channel)["data"]} == {event_id}


def test_availability_is_told_by_price_type_and_sector(channel: Channel, matinee: Session) -> None:
    channel.pre_confirmed(2)
    price_type = {
        "id": NUMBER,
        "name": "Name of SHOW",
        "code": "SHOW",
        "price": {"final": 12},
        "availability": bounded(5, 3),
    }
    assert channel.availability(channel.session_id()) == {
        "availability": bounded(5, 3),
        "price_types": [price_type],
        "sectors": [
            {
                "id": NUMBER,
                "code": "Cinema",
                "name": "Cinema",
                "type": "NOT_NUMBERED",
                "price_types": [price_type],
            }
        ],
    }


@pytest.mark.derived
def test_numbered_seats_stand_in_their_sector(
    channel: Channel, theatre: Any, play: Package, hall: SeatPlan
) -> None:
    seated(theatre, hall)
    told = channel.availability(channel.session_id())
    (sector,) = told["sectors"]
    assert told["availability"] == bounded(10, 10)
    assert (sector["type"], sector["name"]) == ("NUMBERED", hall.name)
    (price_type,) = told["price_types"]
    assert sector["seats"] == [
        {
            "id": NUMBER,
            "row": label[0],
            "name": label,
            "price_type_id": price_type["id"],
            "status": "AVAILABLE",
        }
        for label in ("A1", "A2", "A3", "A4", "B1", "B2", "B3", "B4", "B5", "B6")
    ]
    assert len({seat["id"] for seat in sector["seats"]}) == 10


def test_an_allotment_is_all_that_its_channel_is_shown_and_sold(
    channel: Channel, other_channel: Channel, partner: Partner, show: Package, matinee: Session
) -> None:
    AllotmentFactory.create(partner=partner, package=show, places=3)
    session_id = channel.session_id()
    channel.done("/seats-auto", channel.basket(), channel.places(session_id, 2))
    told = channel.availability(session_id)
    assert (told["availability"], told["price_types"][0]["availability"]) == (
        bounded(3, 1),
        bounded(3, 1),
    )
    refused = channel.post("/seats-auto", channel.basket(), channel.places(session_id, 2))
    assert_refused(refused, 409, "SOLD_OUT")
    theirs = other_channel.session_id()
    assert other_channel.availability(theirs)["availability"] == bounded(5, 3)
    other_channel.done("/seats-auto", other_channel.basket(), other_channel.places(theirs, 3))
    assert channel.availability(session_id)["availability"] == bounded(3, 0)


def test_two_price_types_share_the_places_of_a_session(
    channel: Channel, partner: Partner, venue: Venue, matinee: Session
) -> None:
    child = counted(sellable_package(venue, "CHILD", "7.50", dating="timed"), matinee.attraction)
    AllotmentFactory.create(partner=partner, package=child, places=2)
    told = channel.availability(channel.session_id())
    left = {one["code"]: one["availability"] for one in told["price_types"]}
    assert (told["availability"], left) == (
        bounded(5, 5),
        {"SHOW": bounded(5, 5), "CHILD": bounded(2, 2)},
    )


def test_a_bundle_has_as_many_places_as_its_fullest_ride(
    channel: Channel, bundle: Package, theatre: Any, cinema: Any
) -> None:
    counted(counted(bundle, theatre, "DINO"), cinema, "CINEMA")
    session(theatre, "10:00", capacity=9)
    session(cinema, "10:00", capacity=4)
    told = channel.availability(channel.session_id())
    assert told["availability"] == bounded(9, 4)
    channel.confirmed(3)
    assert channel.availability(channel.session_id())["availability"] == bounded(9, 1)


def test_sessions_are_paged_by_offset_until_the_total(channel: Channel, show: Package) -> None:
    attraction = show.components.get().item.attraction
    assert attraction is not None
    for hour in range(10, 17):
        session(attraction, f"{hour}:00")
    seen, offset = [], 0
    while True:
        page = sessions(channel, f"?limit=3&offset={offset}")
        assert page["metadata"] == {"limit": 3, "total": 7, "offset": offset}
        seen += page["data"]
        offset += len(page["data"])
        if offset >= page["metadata"]["total"]:
            break
    starts = [row["date"]["start"] for row in seen]
    assert starts == sorted(starts)
    assert len({row["id"] for row in seen}) == 7
    assert sessions(channel, "?offset=7")["data"] == []
    events = channel.get(f"{CATALOGUE}/events?limit=1&offset=1").json()
    assert events == {"metadata": {"limit": 1, "total": 1, "offset": 1}, "data": []}


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("start=gte:2026-11-23T13:00:00Z", ["13", "17"]),
        ("start=gt:2026-11-23T14:00:00%2B01:00", ["17"]),
        ("start=gte:2026-11-23T14:00:00+01:00", ["13", "17"]),
        ("start=lt:2026-11-23T18:00", ["13"]),
        ("start=lte:2026-11-23T18:00:00", ["13", "17"]),
        ("start=gte:2026-11-24", []),
        ("start=gte:2026-11-23&start=lt:2026-11-23T15:00", ["13"]),
        ("start=2026-11-23T17:00:00Z", ["17"]),
        ("for_sale=true&on_catalog=true&other=1", ["13", "17"]),
        ("for_sale=false", []),
        ("on_catalog=false", []),
        ("event_id=1", []),
    ],
)
def test_lists_keep_what_is_asked_for(
    channel: Channel, matinee: Session, query: str, found: list[str]
) -> None:
    session(matinee.attraction, "18:00")
    rows = sessions(channel, f"?{query}")["data"]
    assert [row["date"]["start"][11:13] for row in rows] == found
    events = channel.get(f"{CATALOGUE}/events?{query}").json()
    assert events["metadata"]["total"] == bool(found)


def test_sessions_of_one_event_are_listed(
    channel: Channel, matinee: Session, theatre: Any, play: Package, hall: SeatPlan
) -> None:
    seated(theatre, hall)
    events = {row["name"]: row["id"] for row in channel.get(f"{CATALOGUE}/events").json()["data"]}
    rows = sessions(channel, f"?event_id={events['Theatre']}")["data"]
    assert [row["event"]["name"] for row in rows] == ["Theatre"]


def test_all_that_is_wrong_with_a_list_is_told_at_once(channel: Channel) -> None:
    query = "limit=0&offset=x&for_sale=maybe&start=gte:soon&event_id=-1"
    for path in ("sessions", "events"):
        response = channel.get(f"{CATALOGUE}/{path}?{query}")
        words = ["limit", "'offset'", "'for_sale'", "'gte:soon'", "'event_id'"]
        assert_refused(response, 400, "DIST0005", *words)
    for wrong in ("limit=1001", "offset=3000000000"):
        response = channel.get(f"{CATALOGUE}/sessions?{wrong}")
        assert_refused(response, 400, "DIST0005", wrong.split("=")[0])


@pytest.mark.parametrize("key", ["1", "0", "x", "9" * 19, "-1", "1.5", "%00", "é"])
def test_ids_that_mean_nothing_are_not_found(channel: Channel, key: str) -> None:
    for path in (f"sessions/{key}", f"sessions/{key}/availability", f"events/{key}"):
        assert_refused(channel.get(f"{CATALOGUE}/{path}"), 404, "NOT_FOUND")


def test_what_cannot_be_sold_is_not_listed(
    channel: Channel, clock: Clock, show: Package, matinee: Session
) -> None:
    session_id = channel.session_id()
    show.cut_off_minutes = 30
    show.save()
    clock.now = matinee.starts_at - datetime.timedelta(minutes=30)
    channel.renew()
    assert sessions(channel)["metadata"]["total"] == 0
    assert channel.availability(session_id)["availability"] == bounded(5, 0)
    show.withdraw()
    show.save()
    assert_refused(channel.get(f"{CATALOGUE}/sessions/{session_id}"), 404, "NOT_FOUND")


def test_what_needs_a_day_that_no_session_names_is_not_listed(channel: Channel) -> None:
    # Day tickets without an attraction: nothing here could say for which day.
    assert sessions(channel)["metadata"]["total"] == 0


def test_ids_stay_the_same(channel: Channel, matinee: Session) -> None:
    assert sessions(channel) == sessions(channel)
    assert channel.places(channel.session_id()) == channel.places(channel.session_id())


def test_a_channel_in_test_mode_is_shown_every_seat(
    partner: Partner,
    clock: Clock,
    channel: Channel,
    theatre: Any,
    play: Package,
    hall: SeatPlan,
) -> None:
    seated(theatre, hall)
    channel.done("/seats", channel.basket(), channel.seats(channel.session_id(), "A1"))
    tester = Channel(partner, test_mode=True)
    session_id = tester.session_id()
    assert tester.availability(session_id)["availability"] == bounded(10, 10)
    tester.done("/seats", tester.basket(), tester.seats(session_id, "A1"))
    assert channel.availability(channel.session_id())["availability"] == bounded(10, 9)


def test_a_list_costs_no_more_statements_when_it_is_long(
    channel: Channel, matinee: Session, statements: Any
) -> None:
    sessions(channel)
    with statements() as few:
        sessions(channel)
    for hour in range(15, 20):
        session(matinee.attraction, f"{hour}:00")
    sessions(channel)
    with statements() as many:
        sessions(channel)
    assert len(many) == len(few) <= 12

"""What a client sells: events with sub-events, ticket types, locations, ways to pay."""

from __future__ import annotations

import datetime
from collections.abc import Callable
from typing import Any

import pytest

from catalog.models import Attraction, Package, Session
from orders.models import Hold
from partners.models import OutwardId, Partner, Venue
from tests.dialects.voordemensen.shop import DISCOUNT_ID, Number, Shop
from tests.factories import AllotmentFactory, PriceFactory, sellable_package
from tests.orders.expected import VISIT, Clock
from tests.orders.sessions import counted, session

pytestmark = pytest.mark.usefixtures("clock", "matinee")


def main_event(*subs: Any, **members: Any) -> dict[str, Any]:
    """Return a main event as it is answered: the cinema."""
    return {
        "event_id": Number(),
        "event_name": "Cinema",
        "event_text": "",
        "event_short_text": "",
        "event_image": None,
        "sub_events": list(subs),
        **members,
    }


def sub_event(main_id: Any, **members: Any) -> dict[str, Any]:
    """Return a sub-event as it is answered: the show at 14:00."""
    return {
        "event_id": Number(),
        "event_name": "Cinema",
        "event_text": "",
        "event_short_text": "",
        "event_url": None,
        "event_image": None,
        "event_date": VISIT,
        "event_time": "14:00:00",
        "event_end": "15:00:00",
        "event_view_end": "0000-00-00 00:00:00",
        "event_rep": "sub",
        "event_main_id": main_id,
        "event_free": 20,
        "event_status": "pub",
        "location_id": Number(),
        "location_name": "Dune Park",
        **members,
    }


def ticket_type(price: str = "12.50", **members: Any) -> dict[str, Any]:
    """Return a ticket type as it is answered."""
    return {
        "discount_id": DISCOUNT_ID,
        "discount_name": "Name of SHOW",
        "base_price": price,
        "discount_type": "€",
        "discount_value": "0.00",
        "discounted_price": price,
        **members,
    }


@pytest.mark.usefixtures("play")
def test_events_are_grouped_by_main_event_each_with_what_is_to_come(
    shop: Shop, cinema: Attraction
) -> None:
    session(cinema, "16:00", day="2026-11-24")
    found = shop.ok(shop.get("events"))
    film, theatre = (main["event_id"] for main in found)
    assert found == [
        main_event(
            sub_event(film),
            sub_event(film, event_date="2026-11-24", event_time="16:00:00", event_end="17:00:00"),
        ),
        main_event(
            sub_event(
                theatre,
                event_name="Theatre",
                event_time="19:30:00",
                event_end="20:30:00",
                location_name="Great hall",
            ),
            event_name="Theatre",
        ),
    ]
    ids = [main["event_id"] for main in found]
    ids += [sub["event_id"] for main in found for sub in main["sub_events"]]
    assert len(set(ids)) == 5
    for path in ("events/", "events/upcoming", "events/upcoming/"):
        assert shop.ok(shop.get(path)) == found


def test_what_is_over_is_not_listed(shop: Shop, clock: Clock) -> None:
    clock.now = datetime.datetime(
        2026, 11, 23, 14, 0, tzinfo=datetime.UTC
    )  # its last second is gone
    assert shop.ok(shop.get("events")) == []


def test_an_event_is_found_by_its_own_id_and_by_that_of_a_sub_event(
    shop: Shop, cinema: Attraction
) -> None:
    session(cinema, "16:00")
    (whole,) = shop.ok(shop.get("events"))
    first, second = whole["sub_events"]
    assert shop.ok(shop.get(f"events/{whole['event_id']}")) == [whole]
    assert shop.ok(shop.get(f"events/{whole['event_id']}/")) == [whole]
    alone = [{**whole, "sub_events": [second]}]
    assert shop.ok(shop.get(f"events/{second['event_id']}")) == alone
    assert first["event_id"] != second["event_id"]


@pytest.mark.parametrize("event_id", ["1", "0", "x", "9" * 40, "%00", "-1", "événement"])
def test_an_unknown_event_is_not_found(shop: Shop, event_id: str) -> None:
    missing = shop.get(f"events/{event_id}")
    assert shop.ok(missing, 404) == {"message": "Event not found"}
    missing = shop.get(f"tickettypes/{event_id}")
    assert shop.ok(missing, 404) == {"message": "sub_event not found"}


def test_ticket_types_are_those_of_a_sub_event_at_its_days_price(
    shop: Shop, venue: Venue, cinema: Attraction, show: Package
) -> None:
    counted(sellable_package(venue, "CHILD", "18.375", dating="timed"), cinema)
    PriceFactory.create(
        package=show,
        amount_incl_vat="9.00",
        visit_from=datetime.date(2026, 11, 24),
        visit_until=datetime.date(2026, 11, 24),
    )
    session(cinema, "16:00", day="2026-11-24")
    child = ticket_type("18.38", discount_name="Name of CHILD")
    found = shop.ok(shop.get(f"tickettypes/{shop.sub_event()}"))
    assert found == [child, ticket_type()]
    later = shop.sub_event("16:00:00")
    assert shop.ok(shop.get(f"tickettypes/{later}/")) == [child, ticket_type("9.00")]
    assert shop.ok(shop.get(f"tickettypes/{later}"))[1]["discount_id"] == found[1]["discount_id"]


def test_a_main_event_has_no_ticket_types(shop: Shop) -> None:
    (main,) = shop.ok(shop.get("events"))
    missing = shop.get(f"tickettypes/{main['event_id']}")
    assert shop.ok(missing, 404) == {"message": "sub_event not found"}


def test_ticket_types_of_a_full_sub_event_vanish(shop: Shop) -> None:
    sub = shop.sub_event()
    shop.cart(shop.wish(5))
    assert shop.ok(shop.get(f"tickettypes/{sub}")) == []
    Hold.objects.get()


def test_a_ticket_type_over_the_partners_allotment_vanishes(
    shop: Shop, venue: Venue, cinema: Attraction, partner: Partner, show: Package
) -> None:
    counted(sellable_package(venue, "CHILD", "6.00", dating="timed"), cinema)
    AllotmentFactory.create(partner=partner, package=show, places=2)
    wish = shop.wish(2)
    child = ticket_type("6.00", discount_name="Name of CHILD")
    assert shop.ok(shop.get(f"tickettypes/{wish['event_id']}")) == [child, ticket_type()]
    shop.cart(wish)
    assert shop.ok(shop.get(f"tickettypes/{wish['event_id']}")) == [child]


def test_a_package_of_any_day_is_an_event_without_a_date(shop: Shop, venue: Venue) -> None:
    sellable_package(venue, "ANYDAY", "39.00", dating="open")
    found = shop.ok(shop.get("events"))
    anyday = next(main for main in found if main["event_name"] == "Name of ANYDAY")
    assert anyday["sub_events"] == [
        sub_event(
            anyday["event_id"],
            event_name="Name of ANYDAY",
            event_date="0000-00-00",
            event_time="00:00:00",
            event_end="00:00:00",
        )
    ]
    sub = anyday["sub_events"][0]["event_id"]
    named = ticket_type("39.00", discount_name="Name of ANYDAY")
    assert shop.ok(shop.get(f"tickettypes/{sub}")) == [named]


def test_what_no_sub_event_could_name_the_day_of_is_not_listed(shop: Shop, day: Package) -> None:
    assert day.name not in [main["event_name"] for main in shop.ok(shop.get("events"))]


@pytest.mark.usefixtures("play")
def test_locations_are_the_venue_and_its_halls(shop: Shop) -> None:
    found = shop.ok(shop.get("locations"))
    assert found == [
        {"location_id": Number(), "location_name": "Dune Park"},
        {"location_id": Number(), "location_name": "Great hall"},
    ]
    assert shop.ok(shop.get("locations/")) == found
    (_cinema, theatre) = shop.ok(shop.get("events"))
    assert theatre["sub_events"][0]["location_id"] == found[1]["location_id"]


@pytest.mark.derived
def test_events_have_no_types(shop: Shop) -> None:
    assert shop.ok(shop.get("eventtypes")) == []
    assert shop.ok(shop.get("eventtypes/")) == []
    missing = shop.get("eventtypes/cabaret")
    assert shop.ok(missing, 404) == {"message": "Eventtype not found"}


def test_payment_methods_say_what_they_cost_on_top(shop: Shop) -> None:
    found = shop.ok(shop.get("paymentmethods"))
    assert found == [
        {"payment_id": Number(), "payment_desc": "iDEAL", "payment_cost": "0.00"},
        {"payment_id": Number(), "payment_desc": "Bancontact", "payment_cost": "0.00"},
        {"payment_id": Number(), "payment_desc": "Credit card", "payment_cost": "1.50"},
    ]
    assert shop.ok(shop.get("paymentmethods/")) == found


def test_ids_stay_the_same_and_are_made_once(shop: Shop, matinee: Session) -> None:
    first = shop.ok(shop.get("events"))
    rows = OutwardId.objects.count()
    assert shop.ok(shop.get("events")) == first
    assert OutwardId.objects.count() == rows


def test_the_programme_takes_as_many_statements_for_many_events_as_for_one(
    shop: Shop, cinema: Attraction, statements: Callable[[], Any]
) -> None:
    shop.get("events")
    with statements() as before:
        shop.get("events")
    for hour in range(9, 20):
        session(cinema, f"{hour:02}:30")
    shop.get("events")
    with statements() as after:
        shop.get("events")
    assert len(after) == len(before) <= 10

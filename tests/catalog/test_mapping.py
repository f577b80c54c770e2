"""The catalogue of a request: what its item numbers mean, with the sessions of the days asked for."""

from __future__ import annotations

import datetime
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest

from catalog.mapping import Catalogue, Offer, read_catalogue
from catalog.models import Attraction, Component, Item, Package, Session
from catalog.opening import Hours
from orders.models import Allocation, Hold
from partners.account import Account
from partners.models import Partner, Venue
from tests.conftest import ApiClient
from tests.factories import (
    AllotmentFactory,
    AttractionFactory,
    CalendarDayFactory,
    OpeningHoursFactory,
    PackageMappingFactory,
    PriceFactory,
    SeatPlanFactory,
    SessionFactory,
)

TODAY = datetime.date(2026, 11, 20)
MONDAY, TUESDAY = datetime.date(2026, 11, 23), datetime.date(2026, 11, 24)
NOON = datetime.datetime(2026, 11, 20, 11, tzinfo=datetime.UTC)


@pytest.fixture
def park(venue: Venue, day: Package) -> Attraction:
    """The park itself, which the day ticket is for."""
    park = AttractionFactory.create(venue=venue, code="park")
    Item.objects.filter(components__package=day).update(attraction=park)
    return park


def read(partner: Partner, *asked: Any, on: datetime.date = TODAY) -> Catalogue:
    pairs = [one if isinstance(one, tuple) else (one, MONDAY) for one in asked]
    return read_catalogue(account=Account(partner), asked=pairs, on=on)


def offer(partner: Partner, *asked: Any) -> Offer:
    (found,) = read(partner, *asked).offers.values()
    return found


def session(attraction: Attraction, time: str | None = None, **values: Any) -> Session:
    at = None if time is None else datetime.time.fromisoformat(time)
    return SessionFactory.create(attraction=attraction, time=at, **{"date": MONDAY, **values})


def test_everything_comes_in_one_statement(
    partner: Partner, statements: Callable[[], Any], park: Attraction, day: Package
) -> None:
    session(park), session(park, "10:00"), AllotmentFactory.create(partner=partner, package=day)
    PackageMappingFactory.create(partner=partner, item_number="SKU", package=day)
    with statements() as count:
        catalogue = read(
            partner, "DAY", "GROUP", "BUNDLE", "SKU", ("DAY", TUESDAY), "?", ("?", None)
        )
        offers = catalogue.offers
        assert [str(one.components[0].item) for one in offers.values()]
        assert catalogue.opening_times.on(MONDAY)
    assert len(count) == 1
    assert set(offers) == {"DAY", "GROUP", "BUNDLE", "SKU"}


def test_what_was_read_is_what_is_stored(
    partner: Partner, rival: ApiClient, park: Attraction, day: Package
) -> None:
    theirs = {"partner": rival.partner, "amount_incl_vat": Decimal("1.00")}
    ours = PriceFactory.create(package=day, partner=partner, amount_incl_vat=Decimal("30.125"))
    PriceFactory.create(package=day, **theirs)
    hall = SeatPlanFactory.create(venue=park.venue, rows={"A": 2})
    rows = [session(park, None, capacity=7), session(park, "10:00:30", seat_plan=hall, capacity=2)]
    allotment = AllotmentFactory.create(partner=partner, package=day, places=3)
    AllotmentFactory.create(partner=rival.partner, package=day, places=1)
    found = offer(partner, "DAY")
    assert (found.package, found.mapping_id, found.allotment) == (day, None, allotment)
    assert _fields(found.package) == _fields(day)
    assert {price.pk for price in found.prices} == {ours.pk, day.prices.get(partner=None).pk}
    assert {_fields(one) for one in found.sessions} == {
        _fields(Session.objects.get(pk=row.pk)) for row in rows
    }
    (component,) = found.components
    assert _fields(component) == _fields(day.components.get())
    assert _fields(component.item) == _fields(day.components.get().item)
    assert component.item.attraction_id == park.pk
    assert found.can_be_issued


def _fields(row: Any) -> tuple[Any, ...]:
    return tuple(getattr(row, field.attname) for field in row._meta.concrete_fields)


def test_sessions_are_those_on_sale_on_the_days_asked_for(
    partner: Partner, park: Attraction, venue: Venue
) -> None:
    first, second = session(park, "14:00"), session(park, "09:00")
    session(park, "11:00", is_on_sale=False)
    later = session(park, date=TUESDAY)
    session(AttractionFactory.create(venue=venue), "09:00")
    assert offer(partner, "DAY").sessions == (second, first)
    assert offer(partner, ("DAY", TUESDAY)).sessions == (later,)
    assert offer(partner, "DAY", ("DAY", TUESDAY)).sessions == (second, first, later)
    assert offer(partner, ("DAY", None)).sessions == ()
    assert offer(partner, ("DAY", datetime.date(2030, 1, 1))).sessions == ()


def test_sessions_are_those_of_every_active_component(
    partner: Partner, venue: Venue, bundle: Package
) -> None:
    rides = {}
    for number in ("DINO", "CINEMA", "LUNCH"):
        rides[number] = session(AttractionFactory.create(venue=venue, code=number.lower()))
        Item.objects.filter(number=number).update(attraction=rides[number].attraction)
    Component.objects.filter(item__number="LUNCH").update(is_active=False)
    assert set(offer(partner, "BUNDLE").sessions) == {rides["DINO"], rides["CINEMA"]}


def test_every_number_has_the_sessions_of_its_own_days(
    partner: Partner, park: Attraction, day: Package
) -> None:
    monday, tuesday = session(park), session(park, date=TUESDAY)
    for number in ("ADULT", "CHILD"):
        PackageMappingFactory.create(partner=partner, item_number=number, package=day)
    offers = read(partner, ("ADULT", MONDAY), ("CHILD", TUESDAY)).offers
    assert {number: one.sessions for number, one in offers.items()} == {
        "ADULT": (monday,),
        "CHILD": (tuesday,),
    }
    offers = read(partner, ("ADULT", MONDAY), ("DAY", TUESDAY)).offers
    assert set(offers["DAY"].sessions) >= {tuesday}
    assert set(offers["ADULT"].sessions) >= {monday}


def test_what_is_taken_of_the_allotment_is_told_by_session(
    partner: Partner, park: Attraction, day: Package
) -> None:
    allotment = AllotmentFactory.create(partner=partner, package=day, places=9)
    first, second = session(park, "10:00"), session(park, "12:00")
    hold = Hold.objects.create(partner=partner, lines=[], created_at=NOON, expires_at=NOON)
    for one, places in ((first, 2), (second, 3), (second, 1)):
        Allocation.objects.create(session=one, hold=hold, quantity=places, allotment=allotment)
    Allocation.objects.create(session=first, hold=hold, quantity=5)
    found = offer(partner, "DAY")
    assert found.allotment_taken == {first.pk: 2, second.pk: 4}
    assert [one.places_left for one in found.sessions] == [93, 96]


def test_the_calendar_of_the_days_asked_for_comes_along(
    partner: Partner, venue: Venue, day: Package
) -> None:
    evening = {"opens_at": datetime.time(16), "closes_at": datetime.time(23)}
    OpeningHoursFactory.create(venue=venue, weekdays=[2], **evening)
    CalendarDayFactory.create(venue=venue, date=MONDAY)
    CalendarDayFactory.create(date=TUESDAY)
    times = read(partner, "DAY", ("GROUP", TUESDAY)).opening_times
    assert times.on(MONDAY) is None
    assert times.on(TUESDAY) == Hours(evening["opens_at"], evening["closes_at"])
    assert [one.date for one in times.days] == [MONDAY]
    assert day.code == "DAY"


def test_without_anything_known_the_standing_hours_are_told(partner: Partner, venue: Venue) -> None:
    catalogue = read(partner, "?")
    assert catalogue.offers == {}
    assert catalogue.opening_times.on(MONDAY) == Hours(venue.opens_at, venue.closes_at)
    assert read_catalogue(account=Account(partner), asked=[], on=TODAY).offers == {}


def test_a_group_of_several_components_cannot_be_issued(
    partner: Partner, group: Package, bundle: Package
) -> None:
    assert offer(partner, "GROUP").can_be_issued
    Package.objects.filter(pk=bundle.pk).update(is_group=True)
    assert not offer(partner, "BUNDLE").can_be_issued
    group.components.all().delete()
    assert not offer(partner, "GROUP").can_be_issued


def test_read_again_its_sessions_are_as_they_are_now_and_no_others_are_added(
    partner: Partner, park: Attraction, day: Package
) -> None:
    kept, closed = session(park, "10:00", capacity=5), session(park, "11:00")
    opened = session(park, "12:00", is_on_sale=False)
    before = read(partner, "DAY", "LATER")
    Session.objects.filter(pk=kept.pk).update(capacity=9)
    Session.objects.filter(pk=closed.pk).update(is_on_sale=False)
    Session.objects.filter(pk=opened.pk).update(is_on_sale=True)
    allotment = AllotmentFactory.create(partner=partner, package=day)
    PackageMappingFactory.create(partner=partner, item_number="LATER", package=day)
    (number, found), *others = before.as_of(read(partner, "DAY", "LATER")).offers.items()
    assert (number, others) == ("DAY", [])
    assert [(one.pk, one.capacity) for one in found.sessions] == [(kept.pk, 9)]
    assert found.allotment == allotment


def test_read_again_a_number_means_what_it_meant(
    partner: Partner, park: Attraction, group: Package
) -> None:
    session(park)
    mapping = PackageMappingFactory.create(
        partner=partner, item_number="SKU", package=Package.objects.get(code="DAY")
    )
    before = read(partner, "SKU")
    type(mapping).objects.filter(pk=mapping.pk).update(package=group)
    assert before.as_of(read(partner, "SKU")) == before
    type(mapping).objects.filter(pk=mapping.pk).update(is_active=False)
    assert before.as_of(read(partner, "SKU")) == before

"""Availability and orders agree: what is listed is taken, and what is left out is refused."""

from __future__ import annotations

import datetime
import itertools
from collections.abc import Iterator
from typing import Any

import pytest
from django.utils import timezone

from catalog.models import Attraction, CalendarDay, Dating, Item, Package, Price, Session
from partners.models import UnmappedItems, Venue
from tests.conftest import ApiClient
from tests.factories import AllotmentFactory, AttractionFactory, SessionFactory
from tests.orders.expected import Clock

DAYS = ("2026-11-20", "2026-11-21", "2026-11-22", "2026-11-23", "2026-11-24")
TIMES = (None, "07:00", "08:00", "11:30", "14:00", "19:30", "20:00", "23:45")
count = itertools.count()

Named = tuple[str, str | None]


@pytest.fixture(autouse=True)
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    """Make time stand still at NOON, 12:00 on 2026-11-20 in Amsterdam."""
    standing = Clock()
    monkeypatch.setattr(timezone, "now", standing)
    return standing


@pytest.fixture
def attraction(api: ApiClient, venue: Venue) -> Attraction:
    """Sessions of every kind over some days, of which one is closed and one without a price."""
    attraction = AttractionFactory.create(venue=venue)
    for day, time in itertools.product(DAYS, TIMES):
        whole_day = time is None
        SessionFactory.create(
            attraction=attraction,
            date=datetime.date.fromisoformat(day),
            time=None if whole_day else datetime.time.fromisoformat(time),
            sold=100 if time == "14:00" and day == DAYS[1] else 0,
            is_on_sale=not (time == "11:30" and day == DAYS[2]),
            **({"starts_at": f"{day}T07:01Z", "ends_at": f"{day}T19:00Z"} if whole_day else {}),
        )
    CalendarDay.objects.create(venue=venue, date=DAYS[3], reason="Storm")
    Price.objects.filter(package__venue=venue).update(visit_until=DAYS[3])
    api.partner.unmapped_items = UnmappedItems.REFUSE
    api.partner.save(update_fields=["unmapped_items"])
    return attraction


def listed(api: ApiClient, number: str) -> Iterator[Named]:
    """Yield the date and time of every row that has places left."""
    path = f"/channelManager/availability?itemNumber={number}&from={DAYS[0]}&to={DAYS[-1]}"
    for row in api.get(path).json()["data"]:
        if row["placesLeft"]:
            yield row["visitDate"], row["visitTime"] and row["visitTime"][:5]


def order(api: ApiClient, number: str, visit: Named, **line: Any) -> Any:
    """Send an order for one date and time."""
    date, time = visit
    item = {
        "itemNumber": number,
        "visitDate": date,
        **({"visitTime": time} if time else {}),
        **line,
    }
    return api.post(api.order_body(item, sellToOrderReference=f"WEB-{next(count)}"))


def taken_at(api: ApiClient, attraction: Attraction, visit: Named) -> int:
    """Return how many places of a session are taken."""
    return Session.objects.get(attraction=attraction, date=visit[0], time=visit[1]).sold


@pytest.mark.parametrize("hours", [0, 7.5, 11.9])
@pytest.mark.parametrize("cut_off", [None, 90, 1500])
@pytest.mark.parametrize("dating", [Dating.TIMED, Dating.DATED])
def test_exactly_what_is_listed_can_be_ordered(
    api: ApiClient,
    day: Package,
    attraction: Attraction,
    clock: Clock,
    dating: Dating,
    cut_off: int | None,
    hours: float,
) -> None:
    Package.objects.filter(pk=day.pk).update(dating=dating, cut_off_minutes=cut_off)
    Item.objects.filter(components__package=day).update(attraction=attraction)
    clock.forward(hours=hours)
    visits = set(itertools.product(DAYS, TIMES))
    found = list(listed(api, "DAY"))
    ordered = set()
    for visit in sorted(visits, key=str):
        before = taken_at(api, attraction, visit)
        response = order(api, "DAY", visit)
        assert response.status_code in (201, 400, 409)
        # A dated visit at a time takes places of what runs then: its own places must be gone.
        named = visit[1] is None or taken_at(api, attraction, visit) > before
        if response.status_code == 201 and named:
            ordered.add(visit)
    assert len(found) == len(set(found))
    assert set(found) == ordered
    assert found


def test_components_can_be_ordered_at_the_times_listed_for_them(
    api: ApiClient, venue: Venue, bundle: Package, attraction: Attraction
) -> None:
    other = AttractionFactory.create(venue=venue)
    SessionFactory.create(
        attraction=other, date=datetime.date.fromisoformat(DAYS[1]), time=datetime.time(16)
    )
    Item.objects.filter(number="DINO").update(attraction=attraction)
    Item.objects.filter(number="CINEMA").update(attraction=other)
    AllotmentFactory.create(partner=api.partner, package=bundle, places=1)
    path = f"/channelManager/availability?itemNumber=BUNDLE&to={DAYS[1]}"
    rows = api.get(path).json()["data"]
    assert {row["placesLeft"] for row in rows} == {0, 1}
    chosen = [
        next(row for row in rows if (row["itemNumber"], row["visitTime"]) == named)
        for named in (("DINO", "19:30:00"), ("CINEMA", "16:00:00"))
    ]
    names = ("itemNumber", "visitDate", "visitTime")
    wallet = {"componentSchedule": [{name: row[name] for name in names} for row in chosen]}
    assert order(api, "BUNDLE", (DAYS[1], None), wallet=wallet).status_code == 201
    now_listed = api.get(path).json()["data"]
    assert [row for row in now_listed if row not in rows] == [
        {**row, "placesLeft": 0} for row in chosen
    ]
    again = order(api, "BUNDLE", (DAYS[1], None), wallet=wallet)
    assert (again.status_code, again.json()["code"]) == (409, "sold_out")

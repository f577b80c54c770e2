"""How many statements availability takes (design section 7): counts, never times."""

from __future__ import annotations

import datetime
from collections.abc import Callable
from typing import Any

import pytest

from catalog.models import AllotmentUse, Attraction, Dating, Item, Package, Session
from partners.models import ApiKey, Venue
from tests.conftest import TOMORROW, ApiClient
from tests.factories import AllotmentFactory, AttractionFactory, sellable_package

Statements = Callable[[], Any]

BUDGET, DAYS = 6, 365
PATH = f"/channelManager/availability?from={TOMORROW}&to={TOMORROW + datetime.timedelta(DAYS - 1)}"


def fill_a_year(attraction: Attraction, hours: range) -> None:
    """Make a session at every hour of 365 days."""
    zone = attraction.venue.zone
    sessions = []
    for offset in range(DAYS):
        day = TOMORROW + datetime.timedelta(days=offset)
        for hour in hours:
            time = datetime.time(hour)
            starts_at = datetime.datetime.combine(day, time, zone).astimezone(datetime.UTC)
            sessions.append(
                Session(
                    attraction=attraction,
                    date=day,
                    time=time,
                    starts_at=starts_at,
                    ends_at=starts_at + datetime.timedelta(minutes=45),
                    capacity=100,
                    sold=hour,
                )
            )
    Session.objects.bulk_create(sessions)


@pytest.fixture
def show(api: ApiClient, venue: Venue, bundle: Package) -> Package:
    """A timed package and a bundle at one attraction, both within allotments that are in use."""
    attraction = AttractionFactory.create(venue=venue)
    fill_a_year(attraction, range(8, 20, 2))
    show = sellable_package(venue, "SHOW", dating=Dating.TIMED)
    Item.objects.filter(number__in=("SHOW-ENTRY", "DINO")).update(attraction=attraction)
    for package in (show, bundle):
        allotment = AllotmentFactory.create(partner=api.partner, package=package, places=10)
        AllotmentUse.objects.bulk_create(
            AllotmentUse(allotment=allotment, session=session, taken=3)
            for session in Session.objects.filter(time__hour=10)
        )
    return show


@pytest.mark.parametrize("calendar", ["true", "false"])
@pytest.mark.parametrize("number", ["SHOW", "SHOW-ENTRY", "BUNDLE", "DINO", "DAY", "LUNCH"])
@pytest.mark.usefixtures("show")
def test_a_year_is_within_the_budget(
    api: ApiClient, statements: Statements, number: str, calendar: str
) -> None:
    ApiKey.objects.update(last_used_at=None)
    with statements() as count:
        response = api.get(f"{PATH}&itemNumber={number}&calendar={calendar}")
    assert response.status_code == 200
    rows = len(response.json()["data"])
    assert rows == (DAYS if calendar == "true" or number in ("DAY", "LUNCH") else 6 * DAYS)
    assert len(count) <= BUDGET, "\n".join(count.statements)


@pytest.mark.parametrize("number", ["SHOW", "UNKNOWN"])
def test_a_refusal_is_within_the_budget(
    api: ApiClient, show: Package, statements: Statements, number: str
) -> None:
    ApiKey.objects.update(last_used_at=None)
    Package.objects.filter(pk=show.pk).update(status="Withdrawn")
    with statements() as count:
        assert api.get(f"{PATH}&itemNumber={number}").status_code == 400
    assert len(count) <= BUDGET, "\n".join(count.statements)


def test_the_list_of_packages_is_within_the_budget(
    api: ApiClient, venue: Venue, show: Package, statements: Statements
) -> None:
    for packages in (4, 10):
        sellable_package(venue, f"MORE-{packages}")
        ApiKey.objects.update(last_used_at=None)
        with statements() as count:
            response = api.get("/channelManager/packages")
        assert "SHOW" in {row["itemNumber"] for row in response.json()["data"]}
        assert len(count) <= BUDGET, "\n".join(count.statements)

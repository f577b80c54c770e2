"""A client of ours with a cinema and a theatre, a shop of it, and the rival's shop."""

from __future__ import annotations

import pytest
from django.utils import timezone

from catalog.models import Attraction, Package, SeatPlan, Session
from partners.models import Dialect, Partner, Storefront, Venue
from partners.storefronts import open_storefront
from tests.conftest import ApiClient
from tests.dialects.voordemensen.shop import Shop
from tests.factories import AttractionFactory, SeatPlanFactory, sellable_package
from tests.orders.expected import NOON, Clock
from tests.orders.sessions import counted, seated, session


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    """Make time stand still at NOON."""
    standing = Clock()
    monkeypatch.setattr(timezone, "now", standing)
    return standing


@pytest.fixture
def storefront(partner: Partner) -> Storefront:
    """Our partner, known as `molenpark`."""
    return open_storefront(
        partner=partner, dialect=Dialect.VOORDEMENSEN, public_id="molenpark", now=NOON
    )


@pytest.fixture
def shop(storefront: Storefront) -> Shop:
    """Our partner's shop."""
    return Shop(storefront.public_id)


@pytest.fixture
def rival_shop(rival: ApiClient) -> Shop:
    """The rival's shop, which sells the same."""
    open_storefront(
        partner=rival.partner, dialect=Dialect.VOORDEMENSEN, public_id="rivalpark", now=NOON
    )
    return Shop("rivalpark")


@pytest.fixture
def cinema(venue: Venue) -> Attraction:
    """An attraction; a test makes the sessions it needs."""
    return AttractionFactory.create(venue=venue, code="cinema", name="Cinema")


@pytest.fixture
def show(venue: Venue, cinema: Attraction) -> Package:
    """A timed package of one ticket for the cinema, at 12.50."""
    return counted(sellable_package(venue, "SHOW", "12.50", dating="timed"), cinema)


@pytest.fixture
def matinee(cinema: Attraction, show: Package) -> Session:
    """The show at 14:00, for five."""
    return session(cinema, "14:00", capacity=5)


@pytest.fixture
def hall(venue: Venue) -> SeatPlan:
    """The theatre's seats: A1 to A4 in front of B1 to B6."""
    return SeatPlanFactory.create(venue=venue, name="Great hall", rows={"A": 4, "B": 6})


@pytest.fixture
def play(venue: Venue, hall: SeatPlan) -> Session:
    """A play at 19:30 with numbered seats, at 29.00."""
    theatre = AttractionFactory.create(venue=venue, code="theatre", name="Theatre")
    counted(sellable_package(venue, "PLAY", "29.00", dating="timed"), theatre)
    return seated(theatre, hall)

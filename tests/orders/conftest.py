"""What the tests of the native order API share."""

import pytest
from django.utils import timezone

from catalog.models import Attraction, Package, SeatPlan
from partners.models import Venue
from tests.factories import AttractionFactory, SeatPlanFactory, sellable_package
from tests.orders.expected import Clock
from tests.orders.sessions import counted


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    """Make time stand still at NOON."""
    standing = Clock()
    monkeypatch.setattr(timezone, "now", standing)
    return standing


@pytest.fixture
def cinema(venue: Venue) -> Attraction:
    """An attraction; a test makes the sessions it needs."""
    return AttractionFactory.create(venue=venue, code="cinema", name="Cinema")


@pytest.fixture
def show(venue: Venue, cinema: Attraction) -> Package:
    """A timed package of one ticket for the cinema."""
    return counted(sellable_package(venue, "SHOW", "12.00", dating="timed"), cinema)


@pytest.fixture
def theatre(venue: Venue) -> Attraction:
    """An attraction whose sessions have numbered seats."""
    return AttractionFactory.create(venue=venue, code="theatre", name="Theatre")


@pytest.fixture
def hall(venue: Venue) -> SeatPlan:
    """The theatre's seats: A1 to A4 in front of B1 to B6."""
    return SeatPlanFactory.create(venue=venue, rows={"A": 4, "B": 6})


@pytest.fixture
def play(venue: Venue, theatre: Attraction) -> Package:
    """A timed package of one ticket for the theatre."""
    return counted(sellable_package(venue, "PLAY", "29.00", dating="timed"), theatre)

"""What the tests of the native order API share."""

from collections.abc import Callable
from typing import Any

import pytest
from django.utils import timezone

from catalog.models import Attraction, Package, SeatPlan, Session
from orders.models import Order
from partners.models import Partner, Venue
from tests.conftest import ApiClient
from tests.factories import AttractionFactory, SeatPlanFactory, sellable_package
from tests.orders.expected import Clock
from tests.orders.held import HOLDS
from tests.orders.sessions import counted, session
from tests.orders.working import Worker


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
def matinee(cinema: Attraction, show: Package) -> Session:
    """The show at 14:00, for five."""
    return session(cinema, "14:00", capacity=5)


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


@pytest.fixture
def hold(api: ApiClient) -> Callable[..., Any]:
    """Hold the places of lines, which must be possible, and return the hold."""

    def make(*items: Any, by: ApiClient = api) -> Any:
        response = by.post({"items": list(items)}, HOLDS)
        assert response.status_code == 201, response.content
        return response.json()

    return make


@pytest.fixture
def worker(partner: Partner) -> Worker:
    return Worker()


@pytest.fixture
def waiting(api: ApiClient) -> Callable[[int], list[str]]:
    """Submit some orders of one ticket and return their ids."""

    def submit(count: int) -> list[str]:
        first = Order.objects.count()
        return [
            api.create(sellToOrderReference=f"WEB-{n}")["orderId"]
            for n in range(first, first + count)
        ]

    return submit

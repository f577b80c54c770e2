"""Sessions exist for a rolling horizon of days."""

from __future__ import annotations

import datetime
from collections.abc import Callable
from typing import Any

import pytest

from catalog import scheduling, tasks
from catalog.models import Attraction, Session
from partners.models import Venue
from tests.catalog.calendars import NOW, TODAY, clock, day, shown_times
from tests.factories import (
    AttractionFactory,
    CalendarDayFactory,
    SessionFactory,
    SessionRuleFactory,
    VenueFactory,
)

pytestmark = pytest.mark.django_db
A_DAY = datetime.timedelta(days=1)


@pytest.fixture(autouse=True)
def horizon(settings: Any) -> None:
    settings.SESSION_HORIZON_DAYS = 2


@pytest.fixture
def park(venue: Venue) -> Attraction:
    """The park itself: whole days of 500 places."""
    attraction = AttractionFactory.create(venue=venue, code="park")
    SessionRuleFactory.create(attraction=attraction, capacity=500)
    return attraction


def test_the_horizon_moves_on_with_the_days(park: Attraction) -> None:
    assert scheduling.extend_horizon(now=NOW) == 3
    assert shown_times(park) == ["0 day 500", "1 day 500", "2 day 500"]
    assert scheduling.extend_horizon(now=NOW + A_DAY) == 1
    assert shown_times(park)[-1] == "3 day 500"
    assert scheduling.extend_horizon(now=NOW + 10 * A_DAY) == 3
    assert [row.date for row in Session.objects.order_by("date")] == [
        day(n) for n in (0, 1, 2, 3, 10, 11, 12)
    ]


def test_there_is_one_statement_when_there_is_nothing_to_do(
    park: Attraction, statements: Callable[[], Any]
) -> None:
    AttractionFactory.create(venue=park.venue)
    scheduling.extend_horizon(now=NOW)
    with statements() as count:
        assert scheduling.extend_horizon(now=NOW + datetime.timedelta(hours=1)) == 0
    assert len(count) == 1


def test_the_horizon_only_adds_and_leaves_what_exists_as_it_is(park: Attraction) -> None:
    SessionFactory.create(attraction=park, date=day(1), capacity=3, is_on_sale=False)
    SessionFactory.create(attraction=park, date=day(1), time=clock("11:00"), sold=5)
    assert scheduling.extend_horizon(now=NOW) == 2
    assert shown_times(park) == [
        "0 day 500",
        "1 day 3 off sale",
        "1 11:00 100",
        "2 day 500",
    ]


def test_closed_days_do_not_keep_the_horizon_from_being_reached(
    park: Attraction, statements: Callable[[], Any]
) -> None:
    CalendarDayFactory.create(venue=park.venue, date=day(2))
    assert scheduling.extend_horizon(now=NOW) == 2
    with statements() as count:
        assert scheduling.extend_horizon(now=NOW) == 0
    assert len(count) == 1


def test_each_venue_has_its_own_day(park: Attraction) -> None:
    """At 23:00 in Amsterdam it is tomorrow in Auckland."""
    far = AttractionFactory.create(venue=VenueFactory.create(timezone="Pacific/Auckland"))
    SessionRuleFactory.create(attraction=far)
    scheduling.extend_horizon(now=NOW.replace(hour=22))
    days = Session.objects.filter(attraction=far).order_by("date").values_list("date", flat=True)
    assert list(days) == [day(1), day(2), day(3)]
    # In Amsterdam the park has closed for today.
    assert shown_times(park) == ["1 day 500", "2 day 500"]


def test_a_longer_horizon_is_reached_with_the_next_run(park: Attraction, settings: Any) -> None:
    scheduling.extend_horizon(now=NOW)
    settings.SESSION_HORIZON_DAYS = 400
    assert scheduling.extend_horizon(now=NOW) == 398
    assert Session.objects.latest("date").date == TODAY + 400 * A_DAY
    settings.SESSION_HORIZON_DAYS = 2
    assert scheduling.extend_horizon(now=NOW) == 0
    assert not scheduling.plan_changes(scope=scheduling.scope_of(park.venue), now=NOW)


def test_the_periodic_task_extends_the_horizon(
    park: Attraction, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tasks, "close_old_connections", lambda: None)
    tasks.extend_horizon.func(0)
    assert Session.objects.filter(attraction=park).count() >= 2

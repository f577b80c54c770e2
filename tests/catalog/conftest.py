"""What the tests of the calendar's admin share."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.utils import timezone

from catalog import scheduling
from catalog.models import Attraction, Session, SessionRule
from partners.models import Venue
from tests.catalog.calendars import NOW, clock, day, hold, sell
from tests.factories import AttractionFactory, SessionRuleFactory
from tests.staff import signed_in


@pytest.fixture
def four_days(settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is NOW, and sessions are made for today and three days more."""
    settings.SESSION_HORIZON_DAYS = 3
    monkeypatch.setattr(timezone, "now", lambda: NOW)


@pytest.fixture
def desk(order_desk: User) -> Client:
    """The browser of somebody who keeps catalogue and calendar."""
    return signed_in(order_desk)


@pytest.fixture
def cinema(venue: Venue) -> Attraction:
    """An attraction without any session."""
    return AttractionFactory.create(venue=venue, code="cinema", name="Cinema")


@pytest.fixture
def rule(cinema: Attraction, four_days: None) -> SessionRule:
    """A show at 23:00 every day for 50 guests; its sessions exist."""
    rule = SessionRuleFactory.create(
        attraction=cinema, first_start=clock("23:00"), duration_minutes=30, capacity=50
    )
    scheduling.extend_horizon(now=NOW)
    return rule


@pytest.fixture
def show(cinema: Attraction, four_days: None) -> Session:
    """Tomorrow's show at 14:00 for 500 guests: 412 are sold and 12 held."""
    SessionRuleFactory.create(
        attraction=cinema, first_start=clock("14:00"), duration_minutes=60, capacity=500
    )
    scheduling.extend_horizon(now=NOW)
    show = Session.objects.get(date=day(1))
    sell(show, 412)
    hold(show, 12)
    return Session.objects.get(pk=show.pk)

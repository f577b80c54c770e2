"""The home page's calendar: today's sessions, and how full the next two weeks are."""

from __future__ import annotations

import datetime
import re
from collections.abc import Callable, Sequence
from typing import Any

import pytest
from django.test import Client

from catalog.admin.days_ahead import DayAhead, SessionToday, VenueAhead
from catalog.admin.fill import fill_bar
from catalog.models import Attraction, CalendarDay
from partners.models import Venue
from tests.catalog.calendars import clock, day
from tests.factories import (
    AttractionFactory,
    CalendarDayFactory,
    SessionFactory,
    VenueFactory,
)
from tests.staff import person, signed_in, text_of

HOME = "/admin/"
SESSIONS = "/admin/catalog/session/"
# The tables that coming days are read from, a statement each.
DAYS_READ = [
    '"catalog_calendarday"',
    '"catalog_openinghours"',
    '"catalog_session"',
    '"catalog_session"',
    '"partners_venue"',
    '"partners_venue"',  # the causes of failure ask what day it is there, too
]
pytestmark = pytest.mark.usefixtures("four_days")


def ahead(desk: Client) -> Sequence[VenueAhead]:
    """Return what the home page tells of coming days."""
    found: Sequence[VenueAhead] = desk.get(HOME).context["ahead"]
    return found


def in_short(one: DayAhead) -> tuple[Any, ...]:
    return one.date, one.sessions, one.over, one.off_sale, one.is_closed, one.reason


def test_each_day_tells_its_sessions_and_leads_to_as_many(desk: Client, cinema: Attraction) -> None:
    ride = AttractionFactory.create(venue=cinema.venue, name="Ride")
    for attraction, offset, time, sold in (
        (cinema, 0, "09:30", 10),  # it is 11:00
        (cinema, 0, "14:00", 100),
        (ride, 0, "10:30", 30),
        (cinema, 1, "14:00", 0),
        (ride, 1, "14:00", 40),
        (ride, 14, "14:00", 5),
        (ride, 15, "14:00", 5),  # beyond the two weeks
        (ride, -1, "14:00", 5),
    ):
        SessionFactory.create(attraction=attraction, date=day(offset), time=clock(time), sold=sold)
    SessionFactory.create(attraction=ride, date=day(2), time=clock("15:00"), is_on_sale=False)
    CalendarDayFactory.create(venue=cinema.venue, date=day(2), reason="Storm")
    (venue,) = ahead(desk)
    assert [one.date for one in venue.days] == [day(offset) for offset in range(15)]
    busy = {offset: in_short(one)[1:] for offset, one in enumerate(venue.days) if one.sessions}
    assert busy == {
        0: (3, 1, 0, False, ""),
        1: (2, 0, 0, False, ""),
        2: (1, 0, 1, True, "Storm"),
        14: (1, 0, 0, False, ""),
    }
    assert "140 of 300" in str(venue.days[0].bar)
    for one in venue.days[:4]:
        assert desk.get(one.url).context["cl"].result_count == one.sessions
    page = text_of(desk.get(HOME))
    assert "Sun 22 Nov 2 sessions 40 of 200" in page
    assert "Mon 23 Nov Closed 1 session 1 off sale Storm 0 of 100" in page
    assert "Tue 24 Nov no sessions" in page


def test_sessions_of_today_are_shown_with_their_fill_until_they_are_over(
    desk: Client, cinema: Attraction
) -> None:
    SessionFactory.create(attraction=cinema, date=day(0), time=clock("09:00"))
    begun = SessionFactory.create(
        attraction=cinema, date=day(0), time=clock("10:30"), capacity=50, sold=48
    )
    later = SessionFactory.create(
        attraction=cinema, date=day(0), time=clock("14:00"), is_on_sale=False
    )
    whole = AttractionFactory.create(venue=cinema.venue, name="Park")
    entry = SessionFactory.create(attraction=whole, date=day(0), capacity=800, sold=200)
    (venue,) = ahead(desk)
    shown = [
        SessionToday(
            time=time,
            attraction=session.attraction.name,
            has_begun=has_begun,
            is_on_sale=session.is_on_sale,
            bar=fill_bar(sold=session.sold, held=0, capacity=session.capacity),
            url=f"{SESSIONS}{session.pk}/change/",
        )
        for session, time, has_begun in (
            (entry, "whole day", False),
            (begun, "10:30", True),
            (later, "14:00", False),
        )
    ]
    assert list(venue.today) == shown
    assert venue.more_today == 0
    page = text_of(desk.get(HOME))
    assert "10:30 now Cinema 48 of 50 14:00 Cinema off sale 0 of 100 1 over: all 4 of today" in page


def test_a_long_day_is_cut_and_says_how_much_follows(desk: Client, cinema: Attraction) -> None:
    for minute in range(20):
        SessionFactory.create(attraction=cinema, date=day(0), time=datetime.time(15, minute))
    (venue,) = ahead(desk)
    assert [one.time for one in venue.today] == [f"15:{minute:02d}" for minute in range(16)]
    assert "4 more: all 20 of today" in text_of(desk.get(HOME))


def test_each_venue_has_its_own_today_and_lists(desk: Client, cinema: Attraction) -> None:
    # At 11:00 in Amsterdam it is 23:00 in Auckland, and 00:00 of the next day on Kiritimati.
    far = VenueFactory.create(name="Far park", timezone="Pacific/Kiritimati")
    ride = AttractionFactory.create(venue=far, name="Far ride")
    SessionFactory.create(attraction=ride, date=day(1), time=clock("12:00"))
    SessionFactory.create(attraction=ride, date=day(15), time=clock("12:00"))
    SessionFactory.create(attraction=cinema, date=day(1), time=clock("14:00"))
    ours, theirs = ahead(desk)
    assert (ours.venue, theirs.venue) == (cinema.venue, far)
    assert (ours.days[0].date, theirs.days[0].date) == (day(0), day(1))
    assert [one.attraction for one in theirs.today] == ["Far ride"]
    assert (ours.today, ours.days[1].sessions, theirs.days[14].sessions) == ((), 1, 1)
    for one in (ours.days[1], theirs.days[0], theirs.days[14]):
        assert desk.get(one.url).context["cl"].result_count == 1
    assert "Coming days: Far park" in text_of(desk.get(HOME))


def test_a_day_without_sessions_says_why(desk: Client, cinema: Attraction) -> None:
    SessionFactory.create(attraction=cinema, date=day(1))
    assert "No sessions today." in text_of(desk.get(HOME))
    CalendarDayFactory.create(venue=cinema.venue, date=day(0), reason="Storm")
    assert "Closed today: Storm." in text_of(desk.get(HOME))
    CalendarDay.objects.all().delete()
    SessionFactory.create(attraction=cinema, date=day(0), time=clock("09:00"))
    page = text_of(desk.get(HOME))
    assert "Today’s sessions are over. 1 over: all 1 of today" in page


def test_a_park_without_sessions_is_told_where_they_come_from(desk: Client, venue: Venue) -> None:
    page = desk.get(HOME)
    assert "No sessions today nor in the next 14 days." in text_of(page)
    assert b"/admin/catalog/sessionrule/" in page.content
    seeing = signed_in(person("guide", "catalog.view_session")).get(HOME)
    assert b"/admin/catalog/sessionrule/" not in seeing.content


def test_without_any_venue_the_home_page_says_so(desk: Client) -> None:
    assert "Coming days There is no venue yet." in text_of(desk.get(HOME))


def test_who_may_not_see_sessions_sees_no_days(cinema: Attraction) -> None:
    SessionFactory.create(attraction=cinema, date=day(0), time=clock("14:00"))
    page = signed_in(person("accountant", "orders.view_order")).get(HOME)
    assert page.context["ahead"] is None
    assert "Coming days" not in text_of(page)
    assert "Cinema" not in text_of(page)
    seeing = signed_in(person("guide", "catalog.view_session")).get(HOME)
    assert "14:00 Cinema 0 of 100" in text_of(seeing)
    assert "tiles" not in seeing.context


def test_coming_days_take_five_statements_however_many_sessions_there_are(
    desk: Client, statements: Callable[[], Any]
) -> None:
    taken = []
    for number in range(3):
        ride = AttractionFactory.create(venue=VenueFactory.create())
        for offset in range(15):
            for time in ("12:00", "13:00", "14:00"):
                SessionFactory.create(attraction=ride, date=day(offset), time=clock(time))
        if number in (0, 2):
            with statements() as count:
                desk.get(HOME)
            assert not any('"logo"' in sql for sql in count.statements)
            asked = [re.findall(r' FROM ("\w+")', sql)[:1] for sql in count.statements]
            taken.append([table for tables in asked for table in tables if table in DAYS_READ])
    assert sorted(taken[0]) == sorted(taken[1]) == DAYS_READ

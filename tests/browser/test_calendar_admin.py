"""The calendar in a real browser: a rule is edited on a phone, and how its pages look."""

from __future__ import annotations

import datetime
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.urls import reverse
from django.utils import timezone
from playwright.sync_api import Page, expect
from pytest_django.live_server_helper import LiveServer

from catalog import scheduling
from catalog.models import Attraction, CalendarDay, Session, SessionRule
from partners.models import Venue
from tests.browser.appearance import DESKTOP, PHONE, AdminLooks, overflow, photograph
from tests.catalog.calendars import clock, hold, sell
from tests.conftest import TOMORROW
from tests.factories import (
    AllotmentFactory,
    AttractionFactory,
    CalendarDayFactory,
    ItemFactory,
    OpeningHoursFactory,
    PartnerFactory,
    SeatPlanFactory,
    SessionExceptionFactory,
    SessionRuleFactory,
)

pytestmark = pytest.mark.django_db(transaction=True)

LONG = "Anniversary of the opening, with fireworks and a parade of all the dragons"


@pytest.fixture
def cinema(venue: Venue, settings: Any) -> Attraction:
    """A cinema with shows all day, a hall with seats, a park with whole days, and what is unusual."""
    settings.SESSION_HORIZON_DAYS = 40
    park = AttractionFactory.create(venue=venue, code="park", name="Dune Park entry")
    cinema = AttractionFactory.create(venue=venue, code="cinema", name="4D cinema")
    hall = SeatPlanFactory.create(venue=venue, name="Great hall", rows=dict.fromkeys("ABCDEF", 14))
    ItemFactory.create(venue=venue, number="CINEMA-4D", attraction=cinema)
    SessionRuleFactory.create(attraction=park, capacity=5000)
    SessionRuleFactory.create(
        attraction=cinema,
        first_start=clock("10:00"),
        last_start=clock("17:30"),
        every_minutes=30,
        duration_minutes=25,
        capacity=60,
    )
    SessionRuleFactory.create(
        attraction=cinema,
        weekdays=[5, 6],
        first_start=clock("20:00"),
        duration_minutes=90,
        seat_plan=hall,
    )
    SessionExceptionFactory.create(
        attraction=cinema, date=TOMORROW + datetime.timedelta(days=2), is_closed=True, reason=LONG
    )
    OpeningHoursFactory.create(venue=venue, weekdays=[1, 2], valid_from=TOMORROW)
    CalendarDayFactory.create(
        venue=venue,
        date=TOMORROW + datetime.timedelta(days=5),
        opens_at=clock("10:00"),
        closes_at=clock("23:00"),
        reason=LONG,
    )
    scheduling.extend_horizon(now=timezone.now())
    partner = PartnerFactory.create(venue=venue, name="Sunny Trips")
    AllotmentFactory.create(partner=partner)
    for position, session in enumerate(Session.objects.filter(attraction=park)):
        sell(session, 4100 - 90 * position)
        hold(session, 12 + position, partner)
    for position, session in enumerate(Session.objects.filter(attraction=cinema)[:60]):
        if session.seat_plan_id is None:
            sell(session, position % 61)
    return cinema


def test_a_rule_is_edited_on_a_phone_after_a_look_at_what_changes(
    desk: Page, live_server: LiveServer, cinema: Attraction
) -> None:
    desk.set_viewport_size(PHONE)
    rule = SessionRule.objects.get(attraction=cinema, every_minutes=30)
    before = Session.objects.filter(attraction=cinema).count()
    desk.goto(f"{live_server.url}{reverse('admin:catalog_sessionrule_change', args=[rule.pk])}")
    desk.get_by_label("Last start").fill("16:00")
    desk.get_by_label("Sunday").uncheck()
    desk.get_by_role("button", name="Save", exact=True).click()
    expect(desk.get_by_role("heading", name="What changes when you save")).to_be_visible()
    expect(desk.get_by_role("heading", name="sessions go off sale and keep")).to_be_visible()
    expect(desk.get_by_role("heading", name="sessions are removed")).to_be_visible()
    assert overflow(desk) <= 0
    photograph(desk, "preview-390-light")
    assert Session.objects.filter(attraction=cinema).count() == before
    desk.get_by_role("button", name="Back to the form").click()
    expect(desk.get_by_label("Last start")).to_have_value("16:00")
    expect(desk.get_by_label("Sunday")).not_to_be_checked()
    desk.get_by_role("button", name="Save", exact=True).click()
    desk.get_by_role("button", name="Save and apply").click()
    expect(desk.locator("#main").get_by_text("was changed successfully")).to_be_visible()
    rule.refresh_from_db()
    assert (rule.last_start, rule.weekdays) == (clock("16:00"), [1, 2, 3, 4, 5, 6])
    left = Session.objects.filter(attraction=cinema, time__gt=clock("16:00"), seat_plan=None)
    assert {session.is_on_sale for session in left} == {False}
    assert Session.objects.filter(attraction=cinema).count() < before


def test_too_few_places_are_refused_with_the_numbers_and_the_way_back(
    desk: Page, live_server: LiveServer, cinema: Attraction
) -> None:
    rule = SessionRule.objects.get(attraction=cinema, every_minutes=30)
    desk.goto(f"{live_server.url}{reverse('admin:catalog_sessionrule_change', args=[rule.pk])}")
    desk.locator("input[name=capacity]").fill("20")
    desk.get_by_role("button", name="Save", exact=True).click()
    expect(desk.get_by_role("heading", name="This cannot be saved")).to_be_visible()
    expect(desk.get_by_text("so at least 21")).to_be_visible()
    expect(desk.get_by_role("button", name="Save and apply")).to_have_count(0)
    looks = AdminLooks(desk, live_server.url)
    looks.look("calendar-refused")
    assert looks.wrong == {}
    desk.set_viewport_size(DESKTOP)
    desk.get_by_role("button", name="Back to the form").click()
    expect(desk.locator("input[name=capacity]")).to_have_value("20")


def test_times_are_asked_for_only_where_there_are_some(
    desk: Page, live_server: LiveServer, cinema: Attraction
) -> None:
    desk.goto(f"{live_server.url}{reverse('admin:catalog_sessionexception_add')}")
    expect(desk.get_by_label("First start")).to_be_visible()
    desk.get_by_label("None on that day").check()
    expect(desk.get_by_label("First start")).to_be_hidden()
    expect(desk.locator("input[name=capacity]")).to_be_hidden()
    desk.goto(f"{live_server.url}{reverse('admin:catalog_calendarday_add')}")
    expect(desk.get_by_label("From", exact=True)).to_be_visible()
    desk.get_by_label("Closed", exact=True).check()
    expect(desk.get_by_label("From", exact=True)).to_be_hidden()


def test_a_day_is_closed_from_the_month(
    desk: Page, live_server: LiveServer, cinema: Attraction
) -> None:
    ahead = (TOMORROW + datetime.timedelta(days=days) for days in (7, 8, 9))
    # The park is closed on Mondays and Tuesdays.
    day = next(day for day in ahead if day.isoweekday() > 2)
    address = f"{reverse('admin:catalog_session_month')}?month={day:%Y-%m}"
    desk.goto(f"{live_server.url}{address}")
    desk.locator(f'td:has(time[datetime="{day.isoformat()}"]) a.cm-day-hours').click()
    expect(desk.locator("input[name=date]")).to_have_value(day.isoformat())
    desk.get_by_label("Closed", exact=True).check()
    desk.get_by_label("Reason").fill("Storm")
    desk.get_by_role("button", name="Save", exact=True).click()
    expect(desk.get_by_role("heading", name="goes off sale and keeps")).to_be_visible()
    desk.get_by_role("button", name="Save and apply").click()
    assert CalendarDay.objects.get(date=day).reason == "Storm"
    desk.goto(f"{live_server.url}{address}")
    cell = desk.locator(f'td:has(time[datetime="{day.isoformat()}"])')
    expect(cell).to_contain_text("Closed")
    expect(cell).to_contain_text("Storm")


PAGES = {
    "month": "/admin/catalog/session/month/",
    "month-cinema": "/admin/catalog/session/month/?attraction={cinema}",
    "sessions": "/admin/catalog/session/",
    "session": "/admin/catalog/session/{session}/change/",
    "session-seats": "/admin/catalog/session/{seated}/change/",
    "attractions": "/admin/catalog/attraction/",
    "attraction": "/admin/catalog/attraction/{cinema}/change/",
    "rules": "/admin/catalog/sessionrule/",
    "rule": "/admin/catalog/sessionrule/{rule}/change/",
    "rule-new": "/admin/catalog/sessionrule/add/",
    "rule-delete": "/admin/catalog/sessionrule/{rule}/delete/",
    "exceptions": "/admin/catalog/sessionexception/",
    "exception": "/admin/catalog/sessionexception/add/",
    "hours": "/admin/catalog/openinghours/",
    "hours-new": "/admin/catalog/openinghours/add/",
    "days": "/admin/catalog/calendarday/",
    "day": "/admin/catalog/calendarday/{day}/change/",
    "plans": "/admin/catalog/seatplan/",
    "plan": "/admin/catalog/seatplan/{plan}/change/",
    "plan-new": "/admin/catalog/seatplan/add/",
    "allotments": "/admin/catalog/allotment/",
    "allotment": "/admin/catalog/allotment/{allotment}/change/",
    "item": "/admin/catalog/item/{item}/change/",
    "venue": "/admin/partners/venue/{venue}/change/",
}


def test_every_page_of_the_calendar_fits_its_screen_and_can_be_read(
    desk: Page, live_server: LiveServer, cinema: Attraction
) -> None:
    venue, coming = cinema.venue, cinema.sessions.filter(starts_at__gt=timezone.now())
    session = coming.filter(seat_plan=None).order_by("starts_at")[8]
    scheduling.adjust_session(
        session_id=session.pk,
        capacity=90,
        is_on_sale=False,
        actor=f"staff:{User.objects.get().pk}",
        now=timezone.now(),
    )
    plan = venue.seat_plans.get()
    keys = {
        "cinema": cinema.pk,
        "session": session.pk,
        "seated": coming.filter(seat_plan=plan)[0].pk,
        "rule": cinema.session_rules.get(every_minutes=30).pk,
        "day": venue.calendar_days.get().pk,
        "plan": plan.pk,
        "allotment": AllotmentFactory._meta.model.objects.get().pk,  # type: ignore[union-attr]
        "item": cinema.items.get().pk,
        "venue": venue.pk,
    }
    looks = AdminLooks(desk, live_server.url)
    looks.look_at({f"calendar-{name}": address.format(**keys) for name, address in PAGES.items()})
    assert looks.wrong == {}

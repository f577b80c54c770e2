"""The admin of exceptions, opening hours and special days: they move sessions, so they are shown."""

from __future__ import annotations

import datetime
from typing import Any

import pytest
from django.test import Client

from catalog import scheduling
from catalog.models import (
    Attraction,
    CalendarDay,
    OpeningHours,
    Session,
    SessionException,
    SessionRule,
)
from partners.models import Venue
from tests.catalog.calendar_forms import (
    ADMIN,
    EVERY_DAY,
    TOMORROW,
    agreed,
    errors_of,
    rule_answers,
    titles,
    tomorrows,
)
from tests.catalog.calendars import NOW, clock, sell
from tests.factories import (
    AttractionFactory,
    CalendarDayFactory,
    SessionExceptionFactory,
    SessionRuleFactory,
)
from tests.staff import messages_of, text_of

pytestmark = pytest.mark.usefixtures("four_days")


def test_an_exception_without_sessions_stands_in_for_the_rules(
    desk: Client, cinema: Attraction, rule: SessionRule
) -> None:
    answers = rule_answers(
        attraction=cinema.pk, date=TOMORROW.isoformat(), kind="none", reason="Repair", capacity=""
    )
    agreed(desk, f"{ADMIN}sessionexception/add/", answers)
    exception = SessionException.objects.get()
    assert (exception.is_closed, exception.first_start, exception.reason) == (True, None, "Repair")
    assert not Session.objects.filter(date=TOMORROW).exists()
    clash = desk.post(
        f"{ADMIN}sessionexception/add/",
        rule_answers(attraction=cinema.pk, date=TOMORROW.isoformat(), reason=""),
    )
    assert errors_of(clash) == {
        "kind": [f"Another exception says otherwise: Cinema on {TOMORROW}: no sessions."]
    }


def test_an_exception_that_moves_to_another_day_mends_both_days(
    desk: Client, cinema: Attraction, rule: SessionRule
) -> None:
    later = TOMORROW + datetime.timedelta(days=1)
    exception = SessionExceptionFactory.create(attraction=cinema, date=TOMORROW, is_closed=True)
    Session.objects.filter(date=TOMORROW).delete()
    answers = rule_answers(date=later.isoformat(), kind="none", reason="")
    done = agreed(desk, f"{ADMIN}sessionexception/{exception.pk}/change/", answers)
    assert messages_of(done)[0] == "Sessions: 1 new, 1 removed."
    assert Session.objects.filter(date=TOMORROW).exists()
    assert not Session.objects.filter(date=later).exists()


def test_a_day_is_closed_after_a_look_at_the_guests_it_has(
    desk: Client, cinema: Attraction, rule: SessionRule
) -> None:
    Session.objects.update(capacity=5000)
    SessionRule.objects.update(capacity=5000)
    sell(tomorrows(cinema), 1234)
    address = f"{ADMIN}calendarday/add/"
    answers = {
        "venue": cinema.venue_id,
        "date": TOMORROW.isoformat(),
        "kind": "closed",
        "opens_at": "99:99",
        "reason": "Storm",
    }
    page = desk.post(address, answers)
    assert titles(page) == ["1 session goes off sale and keeps its guests"]
    assert "sold 1,234, held 0" in text_of(page)
    agreed(desk, address, answers)
    stormy = CalendarDay.objects.get()
    assert (stormy.opens_at, stormy.closes_at, stormy.reason) == (None, None, "Storm")
    form = text_of(desk.get(f"{ADMIN}calendarday/{stormy.pk}/change/"))
    assert "On this day 1,234 places are sold and 0 held. Closing it takes" in form
    gone = desk.post(
        f"{ADMIN}calendarday/{stormy.pk}/delete/",
        {
            "_agreed": desk.get(f"{ADMIN}calendarday/{stormy.pk}/delete/")
            .context["change"]
            .fingerprint
        },
        follow=True,
    )
    assert messages_of(gone)[0] == "Sessions: 1 changed."
    assert tomorrows(cinema).is_on_sale


@pytest.mark.parametrize(
    ("answers", "errors"),
    [
        (
            {"opens_at": "", "closes_at": ""},
            {"opens_at": ["When does it open?"], "closes_at": ["When does it close?"]},
        ),
        (
            {"opens_at": "20:00", "closes_at": "08:00"},
            {"closes_at": ["It must close after it opens, on the same day."]},
        ),
        ({"kind": ""}, {"kind": ["This field is required."]}),
    ],
)
def test_hours_that_make_no_sense_are_refused_beside_the_field(
    desk: Client, venue: Venue, answers: dict[str, Any], errors: dict[str, list[str]]
) -> None:
    form = {"venue": venue.pk, "weekdays": EVERY_DAY, "kind": "open", "opens_at": "10:00"}
    page = desk.post(f"{ADMIN}openinghours/add/", {**form, "closes_at": "18:00", **answers})
    assert errors_of(page) == errors
    special = {**form, "date": TOMORROW.isoformat(), "closes_at": "18:00", "reason": "", **answers}
    assert errors_of(desk.post(f"{ADMIN}calendarday/add/", special)) == errors


def test_a_day_is_special_once_per_venue(desk: Client, venue: Venue) -> None:
    CalendarDayFactory.create(venue=venue, date=TOMORROW)
    answers = {"venue": venue.pk, "date": TOMORROW.isoformat(), "kind": "closed", "reason": ""}
    page = desk.post(f"{ADMIN}calendarday/add/", answers)
    assert "Calendar day with this Venue and Date already exists." in text_of(page)


def test_opening_hours_of_a_season_move_whole_days_and_close_others(
    desk: Client, venue: Venue
) -> None:
    park = AttractionFactory.create(venue=venue)
    SessionRuleFactory.create(attraction=park)
    scheduling.extend_horizon(now=NOW)
    last = TOMORROW + datetime.timedelta(days=2)
    sell(Session.objects.get(date=last), 5)
    form = {
        "venue": venue.pk,
        "weekdays": EVERY_DAY,
        "valid_from": TOMORROW.isoformat(),
        "kind": "open",
        "opens_at": "10:00",
        "closes_at": "18:00",
    }
    page = desk.post(f"{ADMIN}openinghours/add/", form)
    assert titles(page) == ["3 sessions change"]
    assert "08:00–20:00 → 10:00–18:00, sold 5, held 0 stay" in text_of(page)
    agreed(desk, f"{ADMIN}openinghours/add/", form)
    hours = OpeningHours.objects.get()
    closing = {**form, "weekdays": [last.isoweekday()], "kind": "closed"}
    del closing["venue"]
    page = desk.post(f"{ADMIN}openinghours/{hours.pk}/change/", closing)
    assert titles(page) == [
        "1 session goes off sale and keeps its guests",
        "2 sessions change",
    ]


def test_other_hours_of_the_venue_itself_are_shown_first_and_its_name_is_not(
    desk: Client, venue: Venue
) -> None:
    SessionRuleFactory.create(attraction=AttractionFactory.create(venue=venue))
    scheduling.extend_horizon(now=NOW)
    address = f"/admin/partners/venue/{venue.pk}/change/"
    form = {
        "name": "Dune Park",
        "code": "dunes",
        "timezone": "Europe/Amsterdam",
        "opens_at": "08:00",
        "closes_at": "20:00",
        "language": "en",
        "brand_color": "#1d4ed8",
    }
    assert desk.post(address, {**form, "name": "Dunes"}).status_code == 302
    later = TOMORROW + datetime.timedelta(days=1)
    changed = {**form, "closes_at": "21:00"}
    page = desk.post(address, changed)
    assert "What changes when you save" in text_of(page)
    assert f"{later:%a %-d %b %Y}, whole day 08:00–20:00 → 08:00–21:00" in text_of(page)
    agreed(desk, address, changed)
    venue.refresh_from_db()
    assert venue.closes_at == clock("21:00")
    lasts = {session.ends_at - session.starts_at for session in Session.objects.filter(date=later)}
    assert lasts == {datetime.timedelta(hours=13)}

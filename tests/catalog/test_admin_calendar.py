"""The admin of the calendar: what would change is shown before anything is saved."""

from __future__ import annotations

import datetime
import re
from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import OperationalError
from django.test import Client
from django.utils import timezone

from catalog import scheduling
from catalog.models import (
    Attraction,
    CalendarDay,
    OpeningHours,
    Session,
    SessionException,
    SessionRule,
)
from channel_manager.history.models import Event
from partners.models import Venue
from tests.catalog.calendars import NOW, clock, day, hold, sell
from tests.factories import (
    AttractionFactory,
    CalendarDayFactory,
    SeatPlanFactory,
    SessionExceptionFactory,
    SessionRuleFactory,
    VenueFactory,
)
from tests.staff import messages_of, person, signed_in, text_of, viewer

ADMIN = "/admin/catalog/"
TOMORROW = day(1)
EVERY_DAY = [1, 2, 3, 4, 5, 6, 7]


@pytest.fixture(autouse=True)
def horizon(settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is NOW, and sessions are made for today and three days more."""
    settings.SESSION_HORIZON_DAYS = 3
    monkeypatch.setattr(timezone, "now", lambda: NOW)


@pytest.fixture
def desk(order_desk: User) -> Client:
    """The browser of somebody who keeps the calendar."""
    return signed_in(order_desk)


@pytest.fixture
def cinema(venue: Venue) -> Attraction:
    return AttractionFactory.create(venue=venue, code="cinema", name="Cinema")


@pytest.fixture
def rule(cinema: Attraction) -> SessionRule:
    """A show at 23:00 every day for 50 guests; its sessions exist."""
    rule = SessionRuleFactory.create(
        attraction=cinema, first_start=clock("23:00"), duration_minutes=30, capacity=50
    )
    scheduling.extend_horizon(now=NOW)
    return rule


def rule_answers(rule: SessionRule | None = None, **answers: Any) -> dict[str, Any]:
    """Return the answers of a rule's form as it is, but for those given."""
    return {
        "weekdays": EVERY_DAY,
        "valid_from": "",
        "valid_until": "",
        "kind": "slots",
        "first_start": "23:00",
        "last_start": "",
        "every_minutes": "",
        "duration_minutes": 30,
        "seat_plan": "",
        "capacity": 50,
        **answers,
    }


def tomorrows(attraction: Attraction) -> Session:
    return Session.objects.get(attraction=attraction, date=TOMORROW)


def agreed(desk: Client, address: str, answers: dict[str, Any]) -> Any:
    """Send a form, and agree to what its preview shows."""
    page = desk.post(address, answers)
    assert page.templates[0].name == "admin/catalog/preview.html", text_of(page)
    shown = page.context["change"].fingerprint
    return desk.post(address, {**answers, "_agreed": shown}, follow=True)


def titles(page: Any) -> list[str]:
    return [outlook.title for outlook in page.context["outlook"]]


def errors_of(page: Any) -> dict[str, list[str]]:
    assert page.status_code == 200
    return dict(page.context["adminform"].form.errors)


def test_a_new_rule_is_shown_and_then_made_with_its_sessions(
    desk: Client, order_desk: User, cinema: Attraction
) -> None:
    address = f"{ADMIN}sessionrule/add/"
    answers = rule_answers(attraction=cinema.pk)
    page = desk.post(address, answers)
    assert titles(page) == ["4 sessions are new"]
    assert f"{TOMORROW:%a %-d %b %Y}, 23:00 23:00–23:30, 50 places" in text_of(page)
    assert not SessionRule.objects.exists()
    assert not Session.objects.exists()
    done = agreed(desk, address, answers)
    assert messages_of(done)[0] == "Sessions: 4 new."
    assert Session.objects.filter(attraction=cinema, capacity=50).count() == 4
    event = Event.objects.get(kind="attraction")
    assert (event.subject_id, event.actor, event.reason, event.data) == (
        cinema.pk,
        f"staff:{order_desk.pk}",
        "Cinema: every day, at 23:00",
        {"created": 4},
    )


def test_what_is_sold_is_named_with_its_numbers_before_it_goes_off_sale(
    desk: Client, cinema: Attraction, rule: SessionRule
) -> None:
    session = tomorrows(cinema)
    sell(session, 41)
    hold(session, 2)
    address = f"{ADMIN}sessionrule/{rule.pk}/change/"
    answers = rule_answers(first_start="22:00")
    page = desk.post(address, answers)
    assert titles(page) == [
        "1 session goes off sale and keeps its guests",
        "3 sessions are removed",
        "4 sessions are new",
    ]
    assert f"{TOMORROW:%a %-d %b %Y}, 23:00 sold 41, held 2" in text_of(page)
    done = agreed(desk, address, answers)
    assert messages_of(done)[0] == "Sessions: 4 new, 3 removed, 1 off sale."
    session.refresh_from_db()
    assert (session.sold, session.held, session.is_on_sale) == (41, 2, False)
    assert SessionRule.objects.get().first_start == clock("22:00")


def test_fewer_places_than_are_taken_are_refused_with_the_numbers_and_no_button(
    desk: Client, cinema: Attraction, rule: SessionRule
) -> None:
    session = tomorrows(cinema)
    sell(session, 41)
    hold(session, 2)
    address = f"{ADMIN}sessionrule/{rule.pk}/change/"
    page = desk.post(address, rule_answers(capacity=42))
    assert titles(page) == ["1 session cannot become so", "3 sessions change"]
    assert "sold 41, held 2, so at least 43" in text_of(page)
    assert b"_agreed" not in page.content
    forced = desk.post(
        address, {**rule_answers(capacity=42), "_agreed": page.context["change"].fingerprint}
    )
    assert titles(forced) == titles(page)
    assert SessionRule.objects.get().capacity == 50
    assert set(Session.objects.values_list("capacity", flat=True)) == {50}
    agreed(desk, address, rule_answers(capacity=43))
    assert set(Session.objects.values_list("capacity", flat=True)) == {43}


def test_a_sale_between_looking_and_agreeing_is_shown_and_nothing_is_saved(
    desk: Client, cinema: Attraction, rule: SessionRule
) -> None:
    address = f"{ADMIN}sessionrule/{rule.pk}/change/"
    answers = rule_answers(first_start="22:00")
    shown = desk.post(address, answers).context["change"].fingerprint
    hold(tomorrows(cinema), 1)
    page = desk.post(address, {**answers, "_agreed": shown})
    assert "since you looked. Nothing has been saved" in text_of(page)
    assert titles(page)[0] == "1 session goes off sale and keeps its guests"
    assert SessionRule.objects.get().first_start == clock("23:00")
    now = page.context["change"].fingerprint
    assert desk.post(address, {**answers, "_agreed": now}).status_code == 302
    assert SessionRule.objects.get().first_start == clock("22:00")


def test_the_way_back_leads_to_the_form_as_it_was_filled_in(
    desk: Client, cinema: Attraction, rule: SessionRule
) -> None:
    address = f"{ADMIN}sessionrule/{rule.pk}/change/"
    answers = rule_answers(first_start="21:15", weekdays=[6, 7], capacity=77)
    page = desk.post(address, answers)
    sent = dict(
        re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)">', page.content.decode())
    )
    assert (sent["first_start"], sent["capacity"]) == ("21:15", "77")
    back = desk.post(address, {**answers, "_back": "1"})
    form = back.context["adminform"].form
    assert (form["first_start"].value(), form["weekdays"].value(), form.errors) == (
        "21:15",
        ["6", "7"],
        {},
    )
    assert SessionRule.objects.get().first_start == clock("23:00")


def test_what_changes_no_session_is_saved_at_once(
    desk: Client, cinema: Attraction, rule: SessionRule
) -> None:
    address = f"{ADMIN}sessionrule/{rule.pk}/change/"
    assert desk.post(address, rule_answers()).status_code == 302
    ended = rule_answers(valid_until="2020-01-01", valid_from="2019-01-01", attraction=cinema.pk)
    assert desk.post(f"{ADMIN}sessionrule/add/", ended).status_code == 302
    assert SessionRule.objects.count() == 2


def test_a_rule_is_deleted_after_a_look_at_its_sessions(
    desk: Client, cinema: Attraction, rule: SessionRule
) -> None:
    sell(tomorrows(cinema), 1)
    address = f"{ADMIN}sessionrule/{rule.pk}/delete/"
    for page in (desk.get(address), desk.post(address, {"post": "yes"})):
        assert titles(page) == [
            "1 session goes off sale and keeps its guests",
            "3 sessions are removed",
        ]
        assert "Delete session rule “Cinema: every day, at 23:00”?" in text_of(page)
    assert SessionRule.objects.exists()
    outdated = desk.post(address, {"post": "yes", "_agreed": "something else"})
    assert "since you looked" in text_of(outdated)
    assert SessionRule.objects.exists()
    shown = page.context["change"].fingerprint
    done = desk.post(address, {"post": "yes", "_agreed": shown}, follow=True)
    assert messages_of(done)[0] == "Sessions: 3 removed, 1 off sale."
    assert not SessionRule.objects.exists()
    assert [session.sold for session in Session.objects.all()] == [1]


@pytest.mark.parametrize(
    ("answers", "errors"),
    [
        ({"first_start": ""}, {"first_start": ["When does the first session begin?"]}),
        ({"duration_minutes": ""}, {"duration_minutes": ["How long does a slot last?"]}),
        (
            {"last_start": "22:00", "every_minutes": 30},
            {"last_start": ["It must not be before the first start."]},
        ),
        (
            {"every_minutes": 30},
            {"last_start": ["Slots at intervals need both, the last start and the minutes."]},
        ),
        ({"first_start": "25:00"}, {"first_start": ["A time such as 09:30."]}),
        ({"first_start": "09:30:15"}, {"first_start": ["A time such as 09:30."]}),
        ({"weekdays": []}, {"weekdays": ["This field is required."]}),
        (
            {"valid_from": "2027-02-01", "valid_until": "2027-01-01"},
            {"valid_until": ["The last day is before the first."]},
        ),
        (
            {"capacity": 1_000_001},
            {"capacity": ["Ensure this value is less than or equal to 1000000."]},
        ),
        ({"capacity": -1}, {"capacity": ["Ensure this value is greater than or equal to 0."]}),
        (
            {"every_minutes": 4, "last_start": "23:30"},
            {"every_minutes": ["Ensure this value is greater than or equal to 5."]},
        ),
    ],
)
def test_a_rule_that_makes_no_sense_is_refused_beside_the_field(
    desk: Client, rule: SessionRule, answers: dict[str, Any], errors: dict[str, list[str]]
) -> None:
    page = desk.post(f"{ADMIN}sessionrule/{rule.pk}/change/", rule_answers(**answers))
    assert errors_of(page) == errors


def test_a_rule_of_whole_days_forgets_times_that_were_hidden(
    desk: Client, cinema: Attraction, rule: SessionRule
) -> None:
    address = f"{ADMIN}sessionrule/{rule.pk}/change/"
    done = agreed(desk, address, rule_answers(kind="day", last_start="99:99"))
    assert messages_of(done)[0] == "Sessions: 4 new, 4 removed."
    rule.refresh_from_db()
    assert (rule.first_start, rule.duration_minutes) == (None, None)
    assert {session.time for session in Session.objects.all()} == {None}


def test_seats_of_another_venue_are_refused(
    desk: Client, cinema: Attraction, rule: SessionRule
) -> None:
    far = SeatPlanFactory.create(venue=VenueFactory.create())
    answers = rule_answers(seat_plan=far.pk)
    page = desk.post(f"{ADMIN}sessionrule/{rule.pk}/change/", answers)
    assert errors_of(page) == {"seat_plan": ["These seats are in another venue."]}


def test_an_exception_without_sessions_stands_in_for_the_rules(
    desk: Client, cinema: Attraction, rule: SessionRule
) -> None:
    answers = rule_answers(
        attraction=cinema.pk, date=TOMORROW.isoformat(), kind="none", reason="Repair"
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
        "opens_at": "12:00",
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


def test_a_database_that_is_busy_leaves_the_answers_in_the_form(
    desk: Client, rule: SessionRule, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(**arguments: Any) -> None:
        raise OperationalError("canceling statement due to lock timeout")

    monkeypatch.setattr(scheduling, "plan_changes", refuse)
    page = desk.post(f"{ADMIN}sessionrule/{rule.pk}/change/", rule_answers(capacity=51))
    assert messages_of(page) == ["This is being worked on right now. Try again in a moment."]
    assert page.context["adminform"].form["capacity"].value() == "51"


@pytest.mark.parametrize(
    "page", ["sessionrule", "sessionexception", "openinghours", "calendarday", "attraction"]
)
def test_somebody_who_may_only_look_sees_all_and_changes_nothing(
    cinema: Attraction, rule: SessionRule, page: str
) -> None:
    rows = {
        "sessionrule": rule,
        "sessionexception": SessionExceptionFactory.create(attraction=cinema),
        "openinghours": OpeningHours.objects.create(venue=cinema.venue),
        "calendarday": CalendarDayFactory.create(venue=cinema.venue),
        "attraction": cinema,
    }
    client = signed_in(viewer())
    address = f"{ADMIN}{page}/{rows[page].pk}/"
    assert client.get(f"{ADMIN}{page}/").status_code == 200
    shown = client.get(f"{address}change/")
    assert shown.status_code == 200
    assert b'name="_save"' not in shown.content
    assert client.post(f"{address}change/", rule_answers(_agreed="x")).status_code == 403
    assert client.get(f"{address}delete/").status_code == 403
    assert client.post(f"{address}delete/", {"_agreed": "x"}).status_code == 403
    assert client.get(f"{ADMIN}{page}/add/").status_code == 403


def test_who_may_change_rules_and_nothing_else_can_do_so(rule: SessionRule) -> None:
    client = signed_in(person("planner", "catalog.view_sessionrule", "catalog.change_sessionrule"))
    address = f"{ADMIN}sessionrule/{rule.pk}/change/"
    assert messages_of(agreed(client, address, rule_answers(capacity=60)))[0] == (
        "Sessions: 4 changed."
    )
    assert client.get(f"{ADMIN}calendarday/").status_code == 403


@pytest.mark.parametrize("page", ["sessionrule", "sessionexception", "calendarday", "attraction"])
def test_lists_take_as_many_statements_for_many_rows_as_for_one(
    desk: Client, venue: Venue, statements: Callable[[], Any], page: str
) -> None:
    taken = []
    for number in range(12):
        attraction = AttractionFactory.create(venue=venue)
        SessionRuleFactory.create(attraction=attraction)
        SessionExceptionFactory.create(attraction=attraction)
        date = TOMORROW + datetime.timedelta(days=number)
        CalendarDayFactory.create(venue=venue, date=date)
        if number in (0, 11):
            with statements() as count:
                assert desk.get(f"{ADMIN}{page}/").status_code == 200
            taken.append(len(count))
    assert taken[0] == taken[1] <= 15

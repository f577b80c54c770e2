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

from catalog import scheduling
from catalog.models import (
    Attraction,
    OpeningHours,
    Session,
    SessionRule,
)
from channel_manager.history.models import Event
from partners.models import Venue
from tests.catalog.calendar_forms import (
    ADMIN,
    TOMORROW,
    agreed,
    errors_of,
    rule_answers,
    titles,
    tomorrows,
)
from tests.catalog.calendars import clock, hold, sell
from tests.factories import (
    AttractionFactory,
    CalendarDayFactory,
    SeatPlanFactory,
    SessionExceptionFactory,
    SessionRuleFactory,
    VenueFactory,
)
from tests.staff import messages_of, person, signed_in, text_of, viewer

pytestmark = pytest.mark.usefixtures("four_days")


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
    assert titles(page) == ["1 session cannot be changed so", "3 sessions change"]
    assert "More places are taken than there would be; 43 places are enough." in text_of(page)
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

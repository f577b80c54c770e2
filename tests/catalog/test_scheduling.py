"""Bringing sessions in line with the calendar: nothing that is sold is dropped."""

from __future__ import annotations

import datetime
from collections.abc import Callable
from typing import Any

import pytest

from catalog import scheduling
from catalog.models import Attraction, Session, SessionException, SessionRule
from catalog.scheduling import ShownOtherwise
from channel_manager.history.models import Event
from orders.models import Allocation, Hold
from partners.models import Venue
from tests.catalog.calendars import (
    ACTOR,
    NOW,
    TODAY,
    apply,
    clock,
    day,
    hold,
    plan,
    sell,
    shown_times,
)
from tests.factories import (
    AllotmentFactory,
    AttractionFactory,
    CalendarDayFactory,
    OpeningHoursFactory,
    SeatPlanFactory,
    SessionExceptionFactory,
    SessionFactory,
    SessionRuleFactory,
)


@pytest.fixture(autouse=True)
def horizon(settings: Any) -> None:
    """Two days more than today."""
    settings.SESSION_HORIZON_DAYS = 2


@pytest.fixture
def cinema(venue: Venue) -> Attraction:
    return AttractionFactory.create(venue=venue, code="cinema", name="Cinema")


@pytest.fixture
def shows(cinema: Attraction) -> SessionRule:
    """Two shows a day, at 14:00 and 16:00, of 50 places; their sessions exist."""
    rule = SessionRuleFactory.create(
        attraction=cinema,
        first_start=clock("14:00"),
        last_start=clock("16:00"),
        every_minutes=120,
        duration_minutes=60,
        capacity=50,
    )
    apply(cinema)
    return rule


def sessions_of(attraction: Attraction) -> dict[tuple[int, str], Session]:
    """Return sessions by day offset and time."""
    return {
        ((session.date - TODAY).days, f"{session.time or 'day'!s:.5}"): session
        for session in Session.objects.filter(attraction=attraction).select_related("attraction")
    }


def test_a_new_rule_makes_its_sessions_up_to_the_horizon(cinema: Attraction) -> None:
    SessionRuleFactory.create(attraction=cinema, capacity=500)
    change = plan(cinema)
    assert [one.wanted.date for one in change.created] == [day(0), day(1), day(2)]
    assert not Session.objects.exists()
    assert apply(cinema, change) == change
    assert shown_times(cinema) == ["0 day 500", "1 day 500", "2 day 500"]
    first = sessions_of(cinema)[0, "day"]
    assert (first.starts_at, first.ends_at) == (
        datetime.datetime(2026, 11, 21, 7, tzinfo=datetime.UTC),
        datetime.datetime(2026, 11, 21, 19, tzinfo=datetime.UTC),
    )
    assert not plan(cinema)


def test_what_was_applied_is_recorded_with_who_and_how_much(cinema: Attraction) -> None:
    SessionRuleFactory.create(attraction=cinema)
    apply(cinema)
    assert Event.objects.values(
        "kind", "subject_id", "name", "actor", "reason", "data", "at"
    ).get() == {
        "kind": "attraction",
        "subject_id": cinema.pk,
        "name": "sessions_changed",
        "actor": ACTOR,
        "reason": "A test",
        "data": {"created": 3},
        "at": NOW,
    }


def test_a_changed_capacity_keeps_the_sessions_and_who_is_in_them(
    cinema: Attraction, shows: SessionRule
) -> None:
    before = sessions_of(cinema)
    sell(before[1, "14:00"], 40)
    SessionRule.objects.update(capacity=40)
    change = apply(cinema)
    assert (len(change.changed), len(change.created), len(change.removed)) == (6, 0, 0)
    assert shown_times(cinema) == [
        f"{n} {time} 40" for n in (0, 1, 2) for time in ("14:00", "16:00")
    ]
    assert {one.pk for one in sessions_of(cinema).values()} == {one.pk for one in before.values()}
    assert Session.objects.get(pk=before[1, "14:00"].pk).sold == 40


def test_what_is_sold_or_held_stays_and_goes_off_sale_when_the_rules_no_longer_want_it(
    cinema: Attraction, shows: SessionRule
) -> None:
    sold, held = (sessions_of(cinema)[n, "16:00"] for n in (1, 2))
    sell(sold, 7)
    hold(held, 3)
    SessionRule.objects.update(last_start=clock("15:00"))
    change = apply(cinema)
    assert [session.pk for session in change.kept] == [sold.pk, held.pk]
    assert [(session.sold, session.held) for session in change.kept] == [(7, 0), (0, 3)]
    assert [(session.date, session.time) for session in change.removed] == [
        (day(0), clock("16:00"))
    ]
    assert shown_times(cinema) == [
        "0 14:00 50",
        "1 14:00 50",
        "1 16:00 50 off sale",
        "2 14:00 50",
        "2 16:00 50 off sale",
    ]
    event = Event.objects.order_by("-id")[0]
    assert event.data == {
        "removed": 1,
        "taken_off_sale": 2,
        "sold_sessions": [str(sold.pk), str(held.pk)],
    }
    assert not plan(cinema)


def test_a_kept_session_comes_back_on_sale_when_the_rules_want_it_again(
    cinema: Attraction, shows: SessionRule
) -> None:
    session = sessions_of(cinema)[1, "16:00"]
    sell(session, 7)
    SessionRule.objects.update(last_start=clock("15:00"))
    apply(cinema)
    SessionRule.objects.update(last_start=clock("16:00"))
    change = apply(cinema)
    assert [one.session.pk for one in change.changed] == [session.pk]
    assert shown_times(cinema) == [
        f"{n} {time} 50" for n in (0, 1, 2) for time in ("14:00", "16:00")
    ]


def test_a_kept_session_that_nobody_is_in_any_more_is_removed_with_the_next_change(
    cinema: Attraction, shows: SessionRule
) -> None:
    taken = hold(sessions_of(cinema)[1, "16:00"], 3)
    SessionRule.objects.update(last_start=clock("15:00"))
    apply(cinema)
    Allocation.objects.filter(hold=taken).delete()
    change = apply(cinema)
    assert [(one.date, one.time) for one in change.removed] == [(day(1), clock("16:00"))]


def test_a_capacity_below_what_is_taken_is_refused_with_the_numbers_and_nothing_is_done(
    cinema: Attraction, shows: SessionRule
) -> None:
    session = sessions_of(cinema)[1, "14:00"]
    sell(session, 42)
    hold(session, 3)
    SessionRule.objects.update(capacity=44)
    change = plan(cinema)
    assert [(one.session.pk, one.refusal) for one in change.refused] == [
        (session.pk, "sold 42, held 3, so at least 45")
    ]
    assert len(change.changed) == 5
    with pytest.raises(ShownOtherwise):
        apply(cinema, change)
    assert {one.capacity for one in Session.objects.all()} == {50}
    SessionRule.objects.update(capacity=45)
    assert not apply(cinema).refused


def test_numbered_seats_cannot_become_others_once_one_is_taken(
    cinema: Attraction, shows: SessionRule
) -> None:
    hall = SeatPlanFactory.create(venue=cinema.venue, rows={"A": 30, "B": 30})
    hold(sessions_of(cinema)[0, "14:00"], 1)
    SessionRule.objects.update(seat_plan=hall)
    (refused,) = plan(cinema).refused
    assert refused.refusal == "sold 0, held 1: its seats cannot become others"
    Allocation.objects.all().delete()
    apply(cinema)
    assert set(Session.objects.values_list("capacity", "seat_plan")) == {(60, hall.pk)}


def test_a_whole_day_moves_with_the_opening_hours_and_keeps_who_is_in_it(
    cinema: Attraction,
) -> None:
    SessionRuleFactory.create(attraction=cinema)
    apply(cinema)
    tomorrow = sessions_of(cinema)[1, "day"]
    sell(tomorrow, 60)
    OpeningHoursFactory.create(
        venue=cinema.venue, opens_at=clock("10:00"), closes_at=clock("18:00")
    )
    change = apply(cinema)
    assert [one.session.date for one in change.changed] == [day(0), day(1), day(2)]
    moved = Session.objects.get(pk=tomorrow.pk)
    assert (moved.starts_at.hour, moved.ends_at.hour, moved.sold) == (9, 17, 60)
    assert Session.objects.count() == 3


def test_a_closed_day_takes_what_is_sold_off_sale_and_removes_the_rest(
    cinema: Attraction, shows: SessionRule
) -> None:
    sell(sessions_of(cinema)[1, "14:00"], 1)
    CalendarDayFactory.create(venue=cinema.venue, date=day(1))
    apply(cinema, first=day(1), last=day(1))
    assert shown_times(cinema) == [
        "0 14:00 50",
        "0 16:00 50",
        "1 14:00 50 off sale",
        "2 14:00 50",
        "2 16:00 50",
    ]


def test_only_the_days_asked_for_are_brought_in_line(
    cinema: Attraction, shows: SessionRule
) -> None:
    SessionRule.objects.update(capacity=60)
    change = apply(cinema, first=day(1), last=day(1))
    assert [one.session.date for one in change.changed] == [day(1), day(1)]
    assert [one.session.date for one in plan(cinema).changed] == [day(0), day(0), day(2), day(2)]


def test_sessions_move_when_the_venue_changes_its_clock(cinema: Attraction) -> None:
    """Each slot moves to the moment at which the next one was."""
    SessionRuleFactory.create(
        attraction=cinema,
        first_start=clock("12:00"),
        last_start=clock("18:00"),
        every_minutes=60,
        duration_minutes=60,
    )
    apply(cinema)
    Venue.objects.update(timezone="Europe/London")
    change = apply(cinema)
    assert (len(change.changed), len(change.created), len(change.removed)) == (21, 0, 0)
    first = Session.objects.order_by("starts_at")[0]
    assert (first.time, first.starts_at.hour) == (clock("12:00"), 12)


def test_sessions_changed_by_hand_stay_as_they_are(cinema: Attraction, shows: SessionRule) -> None:
    session = sessions_of(cinema)[1, "14:00"]
    scheduling.adjust_session(
        session_id=session.pk, capacity=55, is_on_sale=False, actor=ACTOR, now=NOW
    )
    SessionRule.objects.update(capacity=60)
    change = apply(cinema)
    assert [one.pk for one in change.adjusted] == [session.pk]
    SessionRule.objects.all().delete()
    change = apply(cinema)
    assert [one.pk for one in change.adjusted] == [session.pk]
    assert shown_times(cinema) == ["1 14:00 55 off sale"]


def test_sessions_that_are_over_are_left_alone(cinema: Attraction) -> None:
    SessionFactory.create(attraction=cinema, date=day(-1))
    over = SessionFactory.create(attraction=cinema, date=day(0), time=clock("09:00"))
    running = SessionFactory.create(attraction=cinema, date=day(0), time=clock("10:30"))
    SessionRuleFactory.create(attraction=cinema, first_start=clock("09:30"), duration_minutes=60)
    change = apply(cinema)
    assert [one.pk for one in change.removed] == [running.pk]
    assert over.ends_at == NOW - datetime.timedelta(hours=1)
    assert shown_times(cinema) == ["-1 day 100", "0 09:00 100", "1 09:30 100", "2 09:30 100"]


def test_a_slot_of_last_night_that_still_runs_is_still_the_calendars(cinema: Attraction) -> None:
    early = NOW.replace(hour=0)  # 01:00 in Amsterdam
    running = SessionFactory.create(attraction=cinema, date=day(-1), time=clock("23:30"))
    Session.objects.update(ends_at=early + datetime.timedelta(minutes=30))
    scope = scheduling.scope_of(cinema.venue)
    change = scheduling.plan_changes(scope=scope, now=early)
    assert [one.pk for one in change.removed] == [running.pk]


def test_an_exception_changes_its_day_only(cinema: Attraction, shows: SessionRule) -> None:
    SessionExceptionFactory.create(
        attraction=cinema,
        date=day(1),
        first_start=clock("20:00"),
        duration_minutes=60,
        capacity=10,
    )
    apply(cinema, first=day(1), last=day(1))
    assert shown_times(cinema) == [
        "0 14:00 50",
        "0 16:00 50",
        "1 20:00 10",
        "2 14:00 50",
        "2 16:00 50",
    ]
    SessionException.objects.all().delete()
    apply(cinema, first=day(1), last=day(1))
    assert shown_times(cinema) == [
        f"{n} {time} 50" for n in (0, 1, 2) for time in ("14:00", "16:00")
    ]


def test_a_sale_after_the_change_was_shown_is_noticed(
    cinema: Attraction, shows: SessionRule
) -> None:
    SessionRule.objects.all().delete()
    shown = plan(cinema)
    assert len(shown.removed) == 6
    session = sessions_of(cinema)[2, "16:00"]
    hold(session, 1)
    with pytest.raises(ShownOtherwise) as now:
        apply(cinema, shown)
    assert [one.pk for one in now.value.change.kept] == [session.pk]
    assert len(now.value.change.removed) == 5
    assert Session.objects.count() == 6
    assert apply(cinema, now.value.change).kept


def test_more_sales_of_what_is_kept_anyway_change_nothing(
    cinema: Attraction, shows: SessionRule
) -> None:
    session = sessions_of(cinema)[1, "14:00"]
    sell(session, 4)
    SessionRule.objects.all().delete()
    shown = plan(cinema)
    sell(session, 5)
    assert [one.sold for one in apply(cinema, shown).kept] == [5]


def test_what_somebody_has_used_an_allotment_of_is_removed_with_its_count(
    cinema: Attraction, shows: SessionRule
) -> None:
    allotment = AllotmentFactory.create()
    taken = Hold.objects.create(partner=allotment.partner, lines=[], created_at=NOW, expires_at=NOW)
    session = sessions_of(cinema)[1, "14:00"]
    Allocation.objects.create(session=session, hold=taken, quantity=2, allotment=allotment)
    Allocation.objects.all().delete()
    SessionRule.objects.all().delete()
    assert len(apply(cinema).removed) == 6
    assert not Session.objects.exists()
    assert not allotment.uses.exists()


def test_a_change_takes_as_many_statements_for_many_attractions_and_days_as_for_few(
    cinema: Attraction, shows: SessionRule, settings: Any, statements: Callable[[], Any]
) -> None:
    taken = []
    for horizon in (3, 30):
        settings.SESSION_HORIZON_DAYS = horizon
        with statements() as count:
            change = plan(cinema)
        assert len(change.created) == 2 * (horizon - 2)
        taken.append(len(count))
    assert taken == [8, 8]
    change = plan(cinema)
    with statements() as count:
        apply(cinema, change)
    assert len(count) <= 13

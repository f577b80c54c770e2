"""The sessions that a calendar asks for, clock changes included. No database."""

from __future__ import annotations

import datetime
import uuid
import zoneinfo
from collections import Counter
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from catalog.calendar import WantedSession, local_moment, wanted_sessions
from catalog.models import CalendarDay, OpeningHours, SessionException, SessionRule
from catalog.opening import OpeningTimes
from partners.models import Venue

EVERY_DAY = [1, 2, 3, 4, 5, 6, 7]
ZONES = (
    "Europe/Amsterdam",
    "America/New_York",
    "Australia/Lord_Howe",
    "Asia/Kathmandu",
    "Pacific/Apia",
    "America/Sao_Paulo",
)
MONDAY = datetime.date(2027, 5, 3)


def at(text: str) -> datetime.datetime:
    return datetime.datetime.fromisoformat(text)


def clock(text: str) -> datetime.time:
    return datetime.time.fromisoformat(text)


def a_rule(first: str | None = None, *, pk: int = 1, **options: Any) -> SessionRule:
    """Make a rule of slots of an hour with 100 places, or of the whole day."""
    fields: dict[str, Any] = {"weekdays": EVERY_DAY, "capacity": 100}
    if first is not None:
        fields |= {"first_start": clock(first), "duration_minutes": 60}
    return SessionRule(pk=pk, **{**fields, **options})


def an_exception(day: datetime.date, first: str | None = None, **options: Any) -> SessionException:
    fields: dict[str, Any] = {"date": day, "capacity": 100}
    if first is not None:
        fields |= {"first_start": clock(first), "duration_minutes": 60}
    return SessionException(pk=options.pop("pk", 1), **{**fields, **options})


def sessions(
    *rules: SessionRule,
    first: datetime.date = MONDAY,
    last: datetime.date | None = None,
    zone: str = "Europe/Amsterdam",
    exceptions: tuple[SessionException, ...] = (),
    seats: dict[uuid.UUID, int] | None = None,
    hours: tuple[str, str] = ("08:00", "20:00"),
    **opening: Any,
) -> list[WantedSession]:
    venue = Venue(timezone=zone, opens_at=clock(hours[0]), closes_at=clock(hours[1]))
    return wanted_sessions(
        opening_times=OpeningTimes(venue, **opening),
        rules=rules,
        exceptions=exceptions,
        seats=seats or {},
        first=first,
        last=last or first,
    )


def times(found: list[WantedSession]) -> list[str]:
    return [f"{one.time:%H:%M}" if one.time else "whole day" for one in found]


def test_a_whole_day_lasts_from_opening_until_closing() -> None:
    assert sessions(a_rule(capacity=500)) == [
        WantedSession(MONDAY, None, at("2027-05-03T06:00Z"), at("2027-05-03T18:00Z"), 500)
    ]


def test_slots_begin_at_intervals_up_to_the_last_start_included() -> None:
    rule = a_rule("10:00", last_start=clock("11:00"), every_minutes=30, duration_minutes=20)
    assert sessions(rule) == [
        WantedSession(
            MONDAY, clock(start), at(f"2027-05-03T{begins}Z"), at(f"2027-05-03T{ends}Z"), 100
        )
        for start, begins, ends in (
            ("10:00", "08:00", "08:20"),
            ("10:30", "08:30", "08:50"),
            ("11:00", "09:00", "09:20"),
        )
    ]


def test_a_last_start_between_two_slots_ends_them_before() -> None:
    rule = a_rule("10:00", last_start=clock("10:50"), every_minutes=25)
    assert times(sessions(rule)) == ["10:00", "10:25", "10:50"]
    rule = a_rule("10:00", last_start=clock("10:49"), every_minutes=25)
    assert times(sessions(rule)) == ["10:00", "10:25"]


def test_a_rule_without_an_interval_makes_one_slot() -> None:
    assert times(sessions(a_rule("14:00"))) == ["14:00"]


def test_a_slot_may_run_past_closing_and_past_midnight() -> None:
    (show,) = sessions(a_rule("23:30", duration_minutes=90))
    assert (show.date, show.starts_at, show.ends_at) == (
        MONDAY,
        at("2027-05-03T21:30Z"),
        at("2027-05-03T23:00Z"),
    )


def test_weekdays_and_dates_say_on_which_days_a_rule_holds() -> None:
    rule = a_rule(
        weekdays=[1, 6],
        valid_from=datetime.date(2027, 5, 8),
        valid_until=datetime.date(2027, 5, 17),
    )
    found = sessions(rule, last=datetime.date(2027, 5, 31))
    assert [f"{one.date:%a %d}" for one in found] == ["Sat 08", "Mon 10", "Sat 15", "Mon 17"]


def test_a_closed_day_has_no_sessions() -> None:
    closed = CalendarDay(date=MONDAY)
    winter = OpeningHours(pk=1, weekdays=[2])
    rules = (a_rule(), a_rule("14:00", pk=2))
    found = sessions(*rules, last=datetime.date(2027, 5, 5), days=(closed,), seasons=(winter,))
    assert {one.date for one in found} == {datetime.date(2027, 5, 5)}


def test_a_day_with_hours_of_its_own_has_a_whole_day_of_that_length() -> None:
    late = CalendarDay(date=MONDAY, opens_at=clock("12:00"), closes_at=clock("23:00"))
    (whole_day,) = sessions(a_rule(), days=(late,))
    assert (whole_day.starts_at, whole_day.ends_at) == (
        at("2027-05-03T10:00Z"),
        at("2027-05-03T21:00Z"),
    )


def test_exceptions_of_a_day_stand_in_for_the_rules_and_add_up() -> None:
    tuesday = MONDAY + datetime.timedelta(days=1)
    exceptions = (an_exception(tuesday, "18:00", pk=1), an_exception(tuesday, "12:00", pk=2))
    found = sessions(a_rule("14:00"), last=tuesday, exceptions=exceptions)
    assert [(one.date, f"{one.time:%H:%M}") for one in found] == [
        (MONDAY, "14:00"),
        (tuesday, "12:00"),
        (tuesday, "18:00"),
    ]


def test_an_exception_can_be_that_there_are_none() -> None:
    assert sessions(a_rule("14:00"), exceptions=(an_exception(MONDAY, is_closed=True),)) == []


def test_an_exception_does_not_open_a_closed_day() -> None:
    closed = CalendarDay(date=MONDAY)
    assert sessions(exceptions=(an_exception(MONDAY, "14:00"),), days=(closed,)) == []


def test_of_two_rules_with_the_same_start_the_later_season_counts_then_the_later_rule() -> None:
    spring = a_rule("14:00", pk=1, valid_from=datetime.date(2027, 3, 1), capacity=10)
    always = a_rule("14:00", pk=9, capacity=20)
    assert [one.capacity for one in sessions(spring, always)] == [10]
    newer = a_rule("14:00", pk=10, capacity=30)
    assert [one.capacity for one in sessions(newer, always)] == [30]
    assert [one.capacity for one in sessions(a_rule(pk=1), a_rule("08:00", pk=2))] == [100]


def test_the_capacity_of_numbered_seats_is_their_number() -> None:
    hall = uuid.uuid4()
    (show,) = sessions(a_rule("14:00", seat_plan_id=hall), seats={hall: 60})
    assert (show.capacity, show.seat_plan_id) == (60, hall)
    (empty,) = sessions(a_rule("14:00", seat_plan_id=hall))
    assert empty.capacity == 0


NIGHT = {"last_start": clock("04:00"), "every_minutes": 30, "duration_minutes": 30}


@pytest.mark.parametrize(
    ("zone", "day", "skipped"),
    [
        ("Europe/Amsterdam", "2027-03-28", ["02:00", "02:30"]),
        ("America/New_York", "2027-03-14", ["02:00", "02:30"]),
        ("Australia/Lord_Howe", "2026-10-04", ["02:00"]),
        ("Europe/Amsterdam", "2026-10-25", []),
        ("America/New_York", "2026-11-01", []),
        ("Australia/Lord_Howe", "2027-04-04", []),
        ("America/Sao_Paulo", "2018-11-04", ["00:00", "00:30"]),
        ("Pacific/Apia", "2011-12-30", "all"),
    ],
)
def test_a_time_that_the_clock_skips_has_no_slot_and_every_other_has_one(
    zone: str, day: str, skipped: list[str] | str
) -> None:
    found = times(
        sessions(a_rule("00:00", **NIGHT), first=datetime.date.fromisoformat(day), zone=zone)
    )
    every = [f"{minute // 60:02}:{minute % 60:02}" for minute in range(0, 241, 30)]
    assert found == [time for time in every if skipped != "all" and time not in skipped]


@pytest.mark.parametrize(
    ("zone", "day", "time", "begins"),
    [
        # 02:30 comes twice, and 01:45 on Lord Howe: the first time counts.
        ("Europe/Amsterdam", "2026-10-25", "02:30", "2026-10-25T00:30Z"),
        ("America/New_York", "2026-11-01", "01:30", "2026-11-01T05:30Z"),
        ("Australia/Lord_Howe", "2027-04-04", "01:45", "2027-04-03T14:45Z"),
        ("Europe/Amsterdam", "2027-03-28", "01:30", "2027-03-28T00:30Z"),
        ("Europe/Amsterdam", "2027-03-28", "03:30", "2027-03-28T01:30Z"),
    ],
)
def test_a_time_shown_twice_has_one_slot_that_lasts_its_real_time(
    zone: str, day: str, time: str, begins: str
) -> None:
    rule = a_rule(time, duration_minutes=90)
    (slot,) = sessions(rule, first=datetime.date.fromisoformat(day), zone=zone)
    assert slot.starts_at == at(begins)
    assert slot.ends_at - slot.starts_at == datetime.timedelta(minutes=90)


def test_a_whole_day_on_the_night_of_the_change_is_an_hour_shorter_or_longer() -> None:
    def hours(day: str) -> float:
        (one,) = sessions(
            a_rule(), first=datetime.date.fromisoformat(day), hours=("00:00", "23:00")
        )
        return (one.ends_at - one.starts_at) / datetime.timedelta(hours=1)

    days = ("2027-03-27", "2027-03-28", "2026-10-25")
    assert [hours(day) for day in days] == [23, 22, 24]


def test_opening_hours_that_the_clock_skips_make_no_session() -> None:
    spring = datetime.date(2027, 3, 28)
    assert sessions(a_rule(), first=spring, hours=("02:15", "03:05")) == []


RULES = st.builds(
    lambda first, length, every, duration, capacity, weekdays, pk: SessionRule(
        pk=pk,
        weekdays=sorted(weekdays),
        capacity=capacity,
        first_start=first,
        last_start=first if length is None else max(first, length),
        every_minutes=every,
        duration_minutes=duration,
    ),
    st.times().map(lambda time: time.replace(second=0, microsecond=0)),
    st.none() | st.times().map(lambda time: time.replace(second=0, microsecond=0)),
    st.integers(5, 24 * 60),
    st.integers(1, 24 * 60),
    st.integers(0, 1000),
    st.sets(st.sampled_from(EVERY_DAY), min_size=1),
    st.integers(1, 100),
)


@settings(deadline=None)
@given(
    rules=st.lists(RULES, min_size=1, max_size=3),
    zone=st.sampled_from(ZONES),
    first=st.dates(datetime.date(2010, 1, 1), datetime.date(2035, 1, 1)),
    length=st.integers(0, 10),
)
def test_slots_are_on_their_day_and_weekday_once_each_and_as_many_as_the_clock_shows(
    rules: list[SessionRule], zone: str, first: datetime.date, length: int
) -> None:
    last = first + datetime.timedelta(days=length)
    found = sessions(*rules, first=first, last=last, zone=zone)
    place = zoneinfo.ZoneInfo(zone)
    for one in found:
        shown = one.starts_at.astimezone(place)
        assert (shown.date(), shown.time()) == (one.date, one.time)
        assert first <= one.date <= last
        assert any(one.date.isoweekday() in rule.weekdays for rule in rules)
        assert one.ends_at - one.starts_at in {
            datetime.timedelta(minutes=rule.duration_minutes or 0) for rule in rules
        }
    moments = [one.starts_at for one in found]
    assert moments == sorted(set(moments))
    assert len({(one.date, one.time) for one in found}) == len(found)
    per_day = Counter(one.date for one in found)
    for offset in range(length + 1):
        day = first + datetime.timedelta(days=offset)
        expected = {
            start
            for rule in rules
            if rule.covers(day)
            for start in starts_of(rule)
            if local_moment(place, day, start) is not None
        }
        assert per_day[day] == len(expected)


def starts_of(rule: SessionRule) -> list[datetime.time]:
    """Count the starts of a rule anew, minute by minute."""
    assert rule.first_start is not None
    assert rule.last_start is not None
    begin = rule.first_start.hour * 60 + rule.first_start.minute
    end = rule.last_start.hour * 60 + rule.last_start.minute
    return [
        datetime.time(*divmod(minute, 60))
        for minute in range(begin, end + 1)
        if (minute - begin) % (rule.every_minutes or 1) == 0
    ]


@settings(deadline=None)
@given(
    zone=st.sampled_from(ZONES),
    day=st.dates(datetime.date(2010, 1, 2), datetime.date(2035, 1, 1)),
    time=st.times().map(lambda time: time.replace(second=0, microsecond=0)),
)
def test_the_moment_of_a_time_is_the_first_at_which_the_clock_shows_it(
    zone: str, day: datetime.date, time: datetime.time
) -> None:
    place = zoneinfo.ZoneInfo(zone)
    moment = local_moment(place, day, time)
    noon = datetime.datetime.combine(day, datetime.time(12), datetime.UTC)
    # Every minute at which the clock could show it, found without arithmetic on offsets.
    candidates = [
        noon + datetime.timedelta(minutes=minutes)
        for minutes in range(-36 * 60, 36 * 60)
        if (noon + datetime.timedelta(minutes=minutes)).minute % 15 == time.minute % 15
    ]
    showing = [
        one
        for one in candidates
        if one.astimezone(place).replace(tzinfo=None) == datetime.datetime.combine(day, time)
    ]
    assert moment == (min(showing) if showing else None)

"""When a venue is open: days of their own, then seasons, then the standing hours. No database."""

from __future__ import annotations

import datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalog.models import CalendarDay, OpeningHours
from catalog.opening import Hours, OpeningTimes, read_opening_times
from partners.models import Venue
from tests.factories import CalendarDayFactory, OpeningHoursFactory, VenueFactory

MONDAY = datetime.date(2026, 11, 23)
VENUE = Venue(opens_at=datetime.time(8), closes_at=datetime.time(20))


def hours(text: str | None) -> dict[str, Any]:
    """Return opening and closing time of `10-17`; both empty for none."""
    if text is None:
        return {"opens_at": None, "closes_at": None}
    opens, closes = text.split("-")
    return {"opens_at": datetime.time(int(opens)), "closes_at": datetime.time(int(closes))}


def season(
    text: str | None, first: str | None = None, last: str | None = None, **values: Any
) -> OpeningHours:
    return OpeningHours(
        **hours(text),
        valid_from=first and datetime.date.fromisoformat(f"2026-{first}"),
        valid_until=last and datetime.date.fromisoformat(f"2026-{last}"),
        **values,
    )


def on_monday(*seasons: OpeningHours, days: tuple[CalendarDay, ...] = ()) -> str | None:
    found = OpeningTimes(VENUE, seasons, days).on(MONDAY)
    return found and f"{found.opens_at.hour}-{found.closes_at.hour}"


def test_without_anything_else_the_standing_hours_count() -> None:
    assert on_monday() == "8-20"


@pytest.mark.parametrize(
    ("first", "last", "expected"),
    [
        (None, None, "10-17"),
        ("11-23", "11-23", "10-17"),
        ("11-24", None, "8-20"),
        (None, "11-22", "8-20"),
        ("01-01", "11-23", "10-17"),
    ],
)
def test_a_season_counts_from_its_first_to_its_last_day(
    first: str | None, last: str | None, expected: str
) -> None:
    assert on_monday(season("10-17", first, last)) == expected


@pytest.mark.parametrize(("weekdays", "expected"), [([1], "10-17"), ([2, 3, 4, 5, 6, 7], "8-20")])
def test_a_season_counts_on_its_weekdays(weekdays: list[int], expected: str) -> None:
    assert on_monday(season("10-17", weekdays=weekdays)) == expected


def test_of_several_seasons_the_one_that_begins_last_counts() -> None:
    year, winter, week = season("9-18"), season("10-17", "11-01"), season("11-16", "11-20")
    for seasons in ((year, winter, week), (week, winter, year), (winter, week, year)):
        assert on_monday(*seasons) == "11-16"
    assert on_monday(year, winter) == "10-17"


def test_of_two_that_begin_together_the_newer_counts() -> None:
    assert on_monday(season("9-18", id=1), season("10-17", id=2)) == "10-17"
    assert on_monday(season("9-18", id=2), season("10-17", id=1)) == "9-18"


def test_a_season_may_be_closed() -> None:
    assert on_monday(season(None, "11-01")) is None
    assert on_monday(season(None), season("10-17", "11-01")) == "10-17"


@pytest.mark.parametrize("text", ["6-22", None])
def test_a_day_of_its_own_counts_before_every_season(text: str | None) -> None:
    day = CalendarDay(date=MONDAY, **hours(text))
    assert on_monday(season("10-17"), days=(day,)) == text
    other = CalendarDay(date=MONDAY + datetime.timedelta(days=1), **hours(text))
    assert on_monday(season("10-17"), days=(other,)) == "10-17"


@given(st.dates(datetime.date(2020, 1, 1), datetime.date(2030, 12, 31)), st.data())
def test_every_day_has_the_hours_of_one_source(day: datetime.date, data: st.DataObject) -> None:
    date = st.dates(datetime.date(2020, 1, 1), datetime.date(2030, 12, 31))
    seasons = [
        OpeningHours(
            id=number, valid_from=first, valid_until=last, weekdays=weekdays, **hours(text)
        )
        for number, (first, last, weekdays, text) in enumerate(
            data.draw(
                st.lists(
                    st.tuples(
                        st.none() | date,
                        st.none() | date,
                        st.lists(st.integers(1, 7), min_size=1, unique=True),
                        st.sampled_from([None, "9-17", "10-18"]),
                    ),
                    max_size=4,
                )
            ),
            start=1,
        )
    ]
    found = OpeningTimes(VENUE, tuple(seasons)).on(day)
    covering = [one for one in seasons if one.covers(day)]
    if not covering:
        assert found == Hours(VENUE.opens_at, VENUE.closes_at)
        return
    last = max(one.valid_from or datetime.date.min for one in covering)
    candidates = [one for one in covering if (one.valid_from or datetime.date.min) == last]
    newest = max(candidates, key=lambda one: one.pk)
    expected = newest.opens_at and newest.closes_at and Hours(newest.opens_at, newest.closes_at)
    assert found == expected


def test_what_decides_is_read_in_two_statements(db: None, statements: Any) -> None:
    venue, other = VenueFactory.create(), VenueFactory.create()
    for offset in range(-1, 3):
        CalendarDayFactory.create(venue=venue, date=MONDAY + datetime.timedelta(days=offset))
    CalendarDayFactory.create(venue=other, date=MONDAY)
    ours = OpeningHoursFactory.create(venue=venue)
    OpeningHoursFactory.create(venue=other)
    with statements() as count:
        found = read_opening_times(
            venue=venue, first=MONDAY, last=MONDAY + datetime.timedelta(days=1)
        )
    assert (len(count), found.venue, found.seasons) == (2, venue, (ours,))
    assert [day.date.day for day in found.days] == [23, 24]

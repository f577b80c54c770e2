"""When a guest may come. No database."""

import datetime
from typing import Any

import pytest

from catalog.models import Dating, Package
from catalog.opening import OpeningTimes
from catalog.visits import UnfitVisit, Visit, plan_visit
from channel_manager.lib.errors import Fault
from partners.models import Venue

AMSTERDAM = Venue(timezone="Europe/Amsterdam")
# 3 May 2027, 09:30 in Amsterdam.
NOW = datetime.datetime(2027, 5, 3, 7, 30, tzinfo=datetime.UTC)


def at(text: str) -> datetime.datetime:
    return datetime.datetime.fromisoformat(text)


def plan(
    dating: Dating,
    date: str | None = None,
    time: str | None = None,
    *,
    venue: Venue = AMSTERDAM,
    now: datetime.datetime = NOW,
    **package: Any,
) -> Visit:
    return plan_visit(
        package=Package(code="P", dating=dating, **package),
        opening_times=OpeningTimes(venue),
        date=None if date is None else datetime.date.fromisoformat(date),
        time=None if time is None else datetime.time.fromisoformat(time),
        now=now,
        pointer="/items/0",
    )


def faults_of(*args: Any, **options: Any) -> list[tuple[str, str]]:
    with pytest.raises(UnfitVisit) as refusal:
        plan(*args, **options)
    return [(fault.pointer, fault.code) for fault in refusal.value.faults]


def test_a_dated_visit_without_a_time_lasts_from_opening_to_closing() -> None:
    assert plan(Dating.DATED, "2027-05-04") == Visit(
        datetime.date(2027, 5, 4), None, at("2027-05-04T06:00Z"), at("2027-05-04T18:00Z")
    )


def test_a_visit_with_a_time_is_valid_from_then_on() -> None:
    visit = plan(Dating.DATED, "2027-05-04", "14:00")
    assert visit.valid_from == at("2027-05-04T12:00Z")
    assert visit.valid_until == at("2027-05-04T18:00Z")


def test_an_open_dated_visit_lasts_from_the_sale_for_the_packages_validity() -> None:
    visit = plan(Dating.OPEN, validity_days=30)
    assert visit == Visit(None, None, NOW, at("2027-06-02T18:00Z"))


@pytest.mark.parametrize(
    ("dating", "date", "time", "expected"),
    [
        (Dating.DATED, None, None, [("/items/0/visitDate", "visit_date_required")]),
        (Dating.DATED, None, "10:00", [("/items/0/visitDate", "visit_date_required")]),
        (Dating.TIMED, "2027-05-04", None, [("/items/0/visitTime", "visit_time_required")]),
        (
            Dating.TIMED,
            None,
            None,
            [
                ("/items/0/visitDate", "visit_date_required"),
                ("/items/0/visitTime", "visit_time_required"),
            ],
        ),
        (
            Dating.OPEN,
            "2027-05-04",
            "10:00",
            [
                ("/items/0/visitDate", "visit_not_allowed"),
                ("/items/0/visitTime", "visit_not_allowed"),
            ],
        ),
        (Dating.DATED, "2027-05-02", None, [("/items/0/visitDate", "visit_in_past")]),
        (Dating.DATED, "0001-01-01", None, [("/items/0/visitDate", "visit_in_past")]),
        (Dating.DATED, "9999-12-31", None, [("/items/0/visitDate", "visit_too_far")]),
        (Dating.DATED, "2030-05-03", None, [("/items/0/visitDate", "visit_too_far")]),
        (Dating.DATED, "2027-05-04", "07:59", [("/items/0/visitTime", "outside_opening_hours")]),
        (Dating.DATED, "2027-05-04", "20:00", [("/items/0/visitTime", "outside_opening_hours")]),
    ],
)
def test_a_visit_that_does_not_fit_says_where_and_why(
    dating: Dating, date: str | None, time: str | None, expected: list[tuple[str, str]]
) -> None:
    assert faults_of(dating, date, time) == expected


def test_today_is_sold_until_closing_time() -> None:
    assert plan(Dating.DATED, "2027-05-03", now=at("2027-05-03T17:59:59Z"))
    late = faults_of(Dating.DATED, "2027-05-03", now=at("2027-05-03T18:00Z"))
    assert late == [("/items/0/visitDate", "visit_in_past")]


def test_a_cut_off_ends_the_sale_before_the_visit_starts() -> None:
    options: dict[str, Any] = {"cut_off_minutes": 60}
    in_time, late = at("2027-05-04T10:59Z"), at("2027-05-04T11:00Z")
    assert plan(Dating.TIMED, "2027-05-04", "14:00", now=in_time, **options)
    assert faults_of(Dating.TIMED, "2027-05-04", "14:00", now=late, **options) == [
        ("/items/0/visitDate", "visit_in_past")
    ]


def test_the_day_is_the_one_on_the_venues_clock() -> None:
    auckland = Venue(timezone="Pacific/Auckland")
    # 22:00 on the 3rd in London is 10:00 on the 4th in Auckland.
    now = at("2027-05-03T22:00Z")
    assert faults_of(Dating.DATED, "2027-05-03", venue=auckland, now=now)
    assert plan(Dating.DATED, "2027-05-04", venue=auckland, now=now)


@pytest.mark.parametrize(
    ("date", "opens", "closes"),
    [
        ("2027-03-28", "2027-03-28T06:00Z", "2027-03-28T18:00Z"),
        ("2027-03-27", "2027-03-27T07:00Z", "2027-03-27T19:00Z"),
        ("2027-10-31", "2027-10-31T07:00Z", "2027-10-31T19:00Z"),
    ],
)
def test_opening_hours_follow_the_change_to_and_from_summer_time(
    date: str, opens: str, closes: str
) -> None:
    visit = plan(Dating.DATED, date, now=at("2027-03-01T00:00Z"))
    assert (visit.valid_from, visit.valid_until) == (at(opens), at(closes))


def test_the_refusal_names_the_opening_hours() -> None:
    with pytest.raises(UnfitVisit) as refusal:
        plan(Dating.DATED, "2027-05-04", "23:00")
    assert refusal.value.faults == (
        Fault(
            "/items/0/visitTime",
            "outside_opening_hours",
            "23:00 is outside the opening hours, 08:00 to 20:00 venue time.",
        ),
    )

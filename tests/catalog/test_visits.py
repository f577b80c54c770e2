"""When a guest may come. No database."""

import datetime
from typing import Any

import pytest

from catalog.models import CalendarDay, Dating, Package, Session
from catalog.opening import OpeningTimes
from catalog.visits import UnfitVisit, Visit, place_visit, plan_visit, sold_until
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
    days: tuple[CalendarDay, ...] = (),
    **package: Any,
) -> Visit:
    return plan_visit(
        package=Package(code="P", dating=dating, **package),
        opening_times=OpeningTimes(venue, days=days),
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


def test_a_timed_visit_without_sessions_lasts_until_closing_or_else_until_midnight() -> None:
    assert plan(Dating.TIMED, "2027-05-04", "14:00") == Visit(
        datetime.date(2027, 5, 4),
        datetime.time(14),
        at("2027-05-04T12:00Z"),
        at("2027-05-04T18:00Z"),
    )
    late = plan(Dating.TIMED, "2027-05-04", "22:00")
    assert (late.valid_from, late.valid_until) == (at("2027-05-04T20:00Z"), at("2027-05-04T22:00Z"))


def test_a_timed_visit_may_have_begun_yesterday_and_not_before() -> None:
    assert plan(Dating.TIMED, "2027-05-02", "23:30")
    assert faults_of(Dating.TIMED, "2027-05-01", "23:30") == [
        ("/items/0/visitDate", "visit_in_past")
    ]


@pytest.mark.parametrize(
    ("hours", "time", "expected"),
    [
        (None, None, [("/items/0/visitDate", "venue_closed")]),
        (None, "10:00", [("/items/0/visitDate", "venue_closed")]),
        (("12:00", "14:00"), "11:59", [("/items/0/visitTime", "outside_opening_hours")]),
        (("12:00", "14:00"), "14:00", [("/items/0/visitTime", "outside_opening_hours")]),
    ],
)
def test_a_day_of_its_own_decides_when_a_dated_visit_may_be(
    hours: tuple[str, str] | None, time: str | None, expected: list[tuple[str, str]]
) -> None:
    opens, closes = map(datetime.time.fromisoformat, hours) if hours else (None, None)
    day = CalendarDay(date=datetime.date(2027, 5, 4), opens_at=opens, closes_at=closes)
    assert faults_of(Dating.DATED, "2027-05-04", time, days=(day,)) == expected
    assert plan(Dating.DATED, "2027-05-05", time, days=(day,))
    if hours is None:
        # A show may be sold though the park is closed: its sessions decide.
        assert plan(Dating.TIMED, "2027-05-04", "10:00", days=(day,)).valid_until == at(
            "2027-05-04T22:00Z"
        )


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


class TestPlacing:
    """A visit within the session it falls in."""

    DAY = datetime.date(2027, 5, 4)

    def session(self, starts: str, minutes: int = 60, **values: Any) -> Session:
        begins = at(f"2027-05-04T{starts}+02:00")
        return Session(
            date=self.DAY,
            time=begins.time(),
            starts_at=begins,
            ends_at=begins + datetime.timedelta(minutes=minutes),
            **values,
        )

    def place(
        self,
        dating: Dating,
        time: str | None,
        *starts: str,
        full: tuple[str, ...] = (),
        now: datetime.datetime = NOW,
        **package: Any,
    ) -> Visit:
        return place_visit(
            visit=plan(dating, "2027-05-04", time, now=now),
            package=Package(code="P", dating=dating, **package),
            venue=AMSTERDAM,
            sessions=[self.session(start) for start in starts],
            has_room=lambda session: f"{session.time:%H:%M}" not in full,
            now=now,
            pointer="/items/0",
        )

    def begins(self, *args: Any, **options: Any) -> str:
        session = self.place(*args, **options).session
        assert session
        return f"{session.time:%H:%M}"

    @pytest.mark.parametrize(
        ("dating", "time", "full", "expected"),
        [
            (Dating.TIMED, "12:00", (), "12:00"),
            (Dating.TIMED, "12:00", ("12:00",), "12:00"),
            (Dating.DATED, None, (), "10:00"),
            (Dating.DATED, None, ("10:00",), "12:00"),
            (Dating.DATED, None, ("10:00", "12:00"), "12:30"),
            (Dating.DATED, None, ("10:00", "12:00", "12:30"), "10:00"),
            (Dating.DATED, "09:00", (), "10:00"),
            (Dating.DATED, "10:59", ("10:00",), "10:00"),
            (Dating.DATED, "11:00", (), "12:00"),
            (Dating.DATED, "12:45", (), "12:30"),
        ],
    )
    def test_it_takes_the_session_that_fits(
        self, dating: Dating, time: str | None, full: tuple[str, ...], expected: str
    ) -> None:
        assert self.begins(dating, time, "10:00", "12:00", "12:30", full=full) == expected

    @pytest.mark.parametrize(
        ("dating", "time", "name"),
        [(Dating.TIMED, "10:01", "visitTime"), (Dating.DATED, "13:30", "visitTime")],
    )
    def test_where_nothing_fits_it_says_so(self, dating: Dating, time: str, name: str) -> None:
        with pytest.raises(UnfitVisit) as refusal:
            self.place(dating, time, "12:30", "10:00")
        (fault,) = refusal.value.faults
        assert (fault.pointer, fault.code) == (f"/items/0/{name}", "unknown_session")
        assert fault.detail == (
            f"P has no session on 2027-05-04 at {time}. Sessions that day begin at 10:00, 12:30."
        )

    def test_its_window_is_the_sessions_from_its_own_time_on(self) -> None:
        for time, starts in (("09:00", "08:00"), ("10:30", "08:30")):
            visit = self.place(Dating.DATED, time, "10:00")
            assert (visit.date, f"{visit.time:%H:%M}") == (self.DAY, time)
            assert visit.valid_from == at(f"2027-05-04T{starts}Z")
            assert visit.valid_until == at("2027-05-04T09:00Z")

    @pytest.mark.parametrize(
        ("dating", "time", "cut_off", "until"),
        [
            (Dating.TIMED, "12:00", None, "11:00"),
            (Dating.TIMED, "12:00", 0, "10:00"),
            (Dating.TIMED, "12:00", 60, "09:00"),
            (Dating.DATED, "12:30", 60, "09:30"),
            (Dating.DATED, "12:30", None, "11:00"),
        ],
    )
    def test_it_is_sold_until_its_end_or_its_cut_off(
        self, dating: Dating, time: str, cut_off: int | None, until: str
    ) -> None:
        end = at(f"2027-05-04T{until}Z")
        options: dict[str, Any] = {"cut_off_minutes": cut_off}
        assert self.place(dating, time, "12:00", now=end - datetime.timedelta(seconds=1), **options)
        with pytest.raises(UnfitVisit) as refusal:
            self.place(dating, time, "12:00", now=end, **options)
        (fault,) = refusal.value.faults
        assert (fault.pointer, fault.code) == ("/items/0/visitDate", "visit_in_past")

    def test_a_session_alone_is_sold_until_its_cut_off_too(self) -> None:
        noon = self.session("12:00")
        assert sold_until(Package(), noon) == noon.ends_at
        early = sold_until(Package(cut_off_minutes=90), noon)
        assert early == noon.starts_at - datetime.timedelta(minutes=90)

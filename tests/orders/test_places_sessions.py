"""Which session a line takes places of, until when it is sold, and how long its ticket is valid."""

from __future__ import annotations

import datetime
from collections.abc import Callable
from typing import Any

import pytest

from catalog.models import Attraction, Package
from orders.models import Order
from partners.models import Venue
from tests.conftest import ApiClient
from tests.factories import (
    CalendarDayFactory,
    OpeningHoursFactory,
    SessionFactory,
    sellable_package,
)
from tests.orders.expected import VISIT, Clock, assert_problem, line, settle, stored
from tests.orders.sessions import counted, counters, session, show

pytestmark = pytest.mark.usefixtures("clock", "show")

Issue = Callable[[str], Order]


@pytest.fixture
def ride(venue: Venue, cinema: Attraction) -> Package:
    """A dated package of one ticket for the cinema."""
    return counted(sellable_package(venue, "RIDE"), cinema)


def utc(text: str) -> datetime.datetime:
    return datetime.datetime.fromisoformat(text).replace(tzinfo=datetime.UTC)


def taken(api: ApiClient, sent: Any) -> dict[str, str]:
    """Order a line and return what is counted of all sessions since."""
    api.create(sent, sellToOrderReference=f"WEB-{Order.objects.count()}")
    return counters()


def refused(api: ApiClient, sent: Any, code: str, member: str = "visitTime") -> str:
    """Expect that a line is refused for one reason; return the sentence that says why."""
    before = stored(), counters()
    page = code if code in ("unknown_session", "visit_in_past") else "invalid_request"
    body = assert_problem(
        api.post(api.order_body(sent, sellToOrderReference="REFUSED")),
        400,
        page,
        (f"/items/0/{member}", code),
    )
    assert (stored(), counters()) == before
    return str(body["errors"][0]["detail"])


def validity(api: ApiClient, issue: Issue, sent: Any) -> tuple[str, str]:
    ticket = settle(api, issue, sent)["items"][0]["wallets"][0]["assets"][0]
    return ticket["validFrom"], ticket["validUntil"]


def test_a_timed_line_names_its_session_exactly(api: ApiClient, cinema: Attraction) -> None:
    for time in ("14:00", "14:30", "15:00"):
        session(cinema, time)
    assert taken(api, show("14:30")) == {"cinema 14:30": "0+1"}
    assert taken(api, show("14:30:00")) == {"cinema 14:30": "0+2"}


@pytest.mark.parametrize("time", ["13:59", "14:00:01", "14:15", "15:00", "02:00"])
def test_a_time_at_which_nothing_begins_is_an_unknown_session(
    api: ApiClient, cinema: Attraction, time: str
) -> None:
    session(cinema, "14:00"), session(cinema, "14:30"), session(cinema, "14:45", "2026-11-24")
    assert refused(api, show(time), "unknown_session") == (
        f"SHOW has no session on 2026-11-23 at {time}. Sessions that day begin at 14:00, 14:30."
    )


def test_of_many_sessions_the_refusal_names_the_first_dozen(
    api: ApiClient, cinema: Attraction
) -> None:
    for hour in range(8, 20):
        session(cinema, f"{hour:02}:00"), session(cinema, f"{hour:02}:30")
    told = refused(api, show("10:15"), "unknown_session")
    assert told.endswith("begin at " + ", ".join(f"{h:02}:{m}" for h in range(8, 14) for m in ("00", "30")) + " and 12 more.")  # fmt: skip


def test_a_day_without_sessions_is_told_by_its_date(api: ApiClient, cinema: Attraction) -> None:
    session(cinema, "14:00", "2026-11-24")
    assert refused(api, show(), "unknown_session", "visitDate") == (
        "SHOW has no session on 2026-11-23 at 14:00."
    )


def test_a_timed_package_is_not_sold_for_a_whole_day(api: ApiClient, cinema: Attraction) -> None:
    session(cinema, None)
    refused(api, show("08:00"), "unknown_session", "visitDate")


@pytest.mark.usefixtures("cinema")
def test_a_timed_package_without_any_attraction_has_no_sessions(
    api: ApiClient, venue: Venue
) -> None:
    sellable_package(venue, "NOWHERE", dating="timed")
    sent = line("NOWHERE", visitTime="14:00")
    assert refused(api, sent, "unknown_session") == "NOWHERE has no sessions."


def test_a_session_off_sale_is_as_if_it_were_not_there(api: ApiClient, cinema: Attraction) -> None:
    session(cinema, "14:00", is_on_sale=False), session(cinema, "16:00")
    assert "begin at 16:00." in refused(api, show("14:00"), "unknown_session")
    assert taken(api, show("16:00")) == {"cinema 16:00": "0+1"}


def test_another_attractions_sessions_do_not_count(
    api: ApiClient, cinema: Attraction, theatre: Attraction
) -> None:
    session(theatre, "14:00"), session(cinema, "16:00")
    refused(api, show("14:00"), "unknown_session")


@pytest.mark.usefixtures("ride")
def test_a_dated_line_takes_the_whole_day(api: ApiClient, cinema: Attraction) -> None:
    session(cinema, None, capacity=2), session(cinema, None, "2026-11-24")
    assert taken(api, line("RIDE")) == {"cinema": "0+1"}
    assert taken(api, line("RIDE", visitTime="13:37")) == {"cinema": "0+2"}


@pytest.mark.usefixtures("ride")
def test_a_dated_line_without_a_time_takes_the_first_session_with_room_for_all(
    api: ApiClient, cinema: Attraction
) -> None:
    for time, capacity in (("10:00", 1), ("12:00", 3), ("14:00", 9)):
        session(cinema, time, capacity=capacity)
    for quantity, expected in (
        (2, {"cinema 12:00": "0+2"}),
        (1, {"cinema 10:00": "0+1", "cinema 12:00": "0+2"}),
        (3, {"cinema 10:00": "0+1", "cinema 12:00": "0+2", "cinema 14:00": "0+3"}),
        (1, {"cinema 10:00": "0+1", "cinema 12:00": "0+3", "cinema 14:00": "0+3"}),
    ):
        assert taken(api, line("RIDE", quantity=quantity)) == expected


@pytest.mark.usefixtures("ride")
def test_a_dated_line_today_takes_no_session_that_is_over(
    api: ApiClient, cinema: Attraction, clock: Clock
) -> None:
    for time in ("10:00", "11:30", "15:00"):
        session(cinema, time, "2026-11-20")  # it is 12:00: the first is over, the second runs
    assert taken(api, line("RIDE", "2026-11-20")) == {"cinema 2026-11-20 11:30": "0+1"}
    clock.now = utc("2026-11-20T11:30:00")
    taken(api, line("RIDE", "2026-11-20"))
    assert counters()["cinema 2026-11-20 15:00"] == "0+1"


@pytest.mark.usefixtures("ride")
@pytest.mark.parametrize(
    ("time", "begins"),
    [
        ("08:00", "10:00"),
        ("09:59", "10:00"),
        ("10:00", "10:00"),
        ("10:59:59", "10:00"),
        ("11:00", "14:00"),
        ("14:30", "14:30"),  # two run: the one that began last
        ("14:45", "14:30"),
        ("15:29", "14:30"),
    ],
)
def test_a_dated_line_with_a_time_takes_the_session_that_runs_then_or_else_the_next(
    api: ApiClient, cinema: Attraction, time: str, begins: str
) -> None:
    for start in ("10:00", "14:00", "14:30"):
        session(cinema, start)
    assert taken(api, line("RIDE", visitTime=time)) == {f"cinema {begins}": "0+1"}


@pytest.mark.usefixtures("ride")
def test_a_dated_line_with_a_time_after_the_last_session_is_refused(
    api: ApiClient, cinema: Attraction
) -> None:
    session(cinema, "10:00"), session(cinema, "14:00")
    assert refused(api, line("RIDE", visitTime="15:00"), "unknown_session") == (
        "RIDE has no session on 2026-11-23 at 15:00. Sessions that day begin at 10:00, 14:00."
    )


@pytest.mark.usefixtures("ride")
def test_a_dated_line_with_a_time_does_not_slip_into_another_session(
    api: ApiClient, cinema: Attraction
) -> None:
    session(cinema, "10:00", capacity=1), session(cinema, "14:00")
    response = api.post(api.order_body(line("RIDE", visitTime="10:30", quantity=2)))
    assert (response.status_code, response.json()["code"]) == (409, "sold_out")
    assert counters() == {}


def test_the_ticket_is_valid_while_the_session_lasts(
    api: ApiClient, issue: Issue, cinema: Attraction
) -> None:
    session(cinema, "14:00")
    assert validity(api, issue, show()) == (f"{VISIT}T13:00:00.000Z", f"{VISIT}T14:00:00.000Z")


@pytest.mark.usefixtures("ride")
@pytest.mark.parametrize(
    ("starts", "time", "expected"),
    [
        (None, None, ("07:00", "19:00")),
        (None, "13:00", ("12:00", "19:00")),
        ("10:00", None, ("09:00", "10:00")),
        ("10:00", "10:30", ("09:30", "10:00")),
        ("10:00", "09:00", ("09:00", "10:00")),
    ],
)
def test_a_dated_ticket_is_valid_within_its_session_from_the_time_on(
    api: ApiClient,
    issue: Issue,
    cinema: Attraction,
    starts: str | None,
    time: str | None,
    expected: tuple[str, str],
) -> None:
    session(cinema, starts)
    found = validity(api, issue, line("RIDE", visitTime=time))
    assert found == tuple(f"{VISIT}T{at}:00.000Z" for at in expected)


def test_a_session_past_closing_and_past_midnight_is_sold_by_the_day_it_begins(
    api: ApiClient, issue: Issue, cinema: Attraction, clock: Clock
) -> None:
    starts = utc("2026-11-23T22:30:00")  # 23:30 in Amsterdam, which closes at 20:00
    SessionFactory.create(
        attraction=cinema,
        date=datetime.date(2026, 11, 23),
        time=datetime.time(23, 30),
        starts_at=starts,
        ends_at=starts + datetime.timedelta(hours=2),
    )
    refused(api, show("23:30", visitDate="2026-11-24"), "unknown_session", "visitDate")
    clock.now = utc("2026-11-23T23:59:59")  # 00:59:59 on the 24th: it still runs
    assert validity(api, issue, show("23:30")) == (
        "2026-11-23T22:30:00.000Z",
        "2026-11-24T00:30:00.000Z",
    )
    clock.now = utc("2026-11-24T00:30:00")
    refused(api, show("23:30"), "visit_in_past", "visitDate")


@pytest.mark.parametrize(
    ("day", "time", "starts"),
    [
        ("2027-03-28", "01:30", "2027-03-28T00:30:00.000Z"),
        ("2027-03-28", "03:00", "2027-03-28T01:00:00.000Z"),
        ("2027-03-28", "14:00", "2027-03-28T12:00:00.000Z"),
        ("2027-10-31", "02:30", "2027-10-31T00:30:00.000Z"),  # shown twice: the first time
        ("2027-10-31", "03:00", "2027-10-31T02:00:00.000Z"),
    ],
)
def test_sessions_follow_the_venues_clock_through_the_changes_of_time(
    api: ApiClient, issue: Issue, cinema: Attraction, day: str, time: str, starts: str
) -> None:
    session(cinema, time, day)
    found = validity(api, issue, show(time, visitDate=day))
    assert found[0] == starts
    assert utc(found[1][:-1]) - utc(starts[:-1]) == datetime.timedelta(hours=1)


def test_a_time_that_the_clock_leaves_out_names_no_session(
    api: ApiClient, cinema: Attraction
) -> None:
    session(cinema, "03:30", "2027-03-28")  # the same moment as 02:30 would be
    told = refused(api, show("02:30", visitDate="2027-03-28"), "unknown_session")
    assert told.endswith("begin at 03:30.")


def test_a_session_is_sold_until_it_ends(api: ApiClient, cinema: Attraction, clock: Clock) -> None:
    session(cinema, "14:00")
    clock.now = utc(f"{VISIT}T13:59:59")
    assert taken(api, show()) == {"cinema 14:00": "0+1"}
    clock.now = utc(f"{VISIT}T14:00:00")
    assert refused(api, show(), "visit_in_past", "visitDate") == (
        "A visit on 2026-11-23 can no longer be sold (venue time, Europe/Amsterdam)."
    )


def test_a_session_is_sold_until_its_cut_off(
    api: ApiClient, cinema: Attraction, clock: Clock
) -> None:
    Package.objects.filter(code="SHOW").update(cut_off_minutes=90)
    session(cinema, "14:00")
    clock.now = utc(f"{VISIT}T11:29:59")
    assert taken(api, show()) == {"cinema 14:00": "0+1"}
    clock.now = utc(f"{VISIT}T11:30:00")
    refused(api, show(), "visit_in_past", "visitDate")


def test_a_dated_line_is_cut_off_before_its_session_and_may_take_a_later_one(
    api: ApiClient, ride: Package, cinema: Attraction, clock: Clock
) -> None:
    Package.objects.filter(pk=ride.pk).update(cut_off_minutes=60)
    session(cinema, "10:00"), session(cinema, "14:00")
    clock.now = utc("2026-11-23T05:59:59")  # a second before 07:00, an hour before opening
    assert taken(api, line("RIDE")) == {"cinema 10:00": "0+1"}
    clock.now = utc("2026-11-23T06:00:00")
    refused(api, line("RIDE"), "visit_in_past", "visitDate")
    assert taken(api, line("RIDE", visitTime="14:30"))["cinema 14:00"] == "0+1"
    clock.now = utc("2026-11-23T08:00:00")
    refused(api, line("RIDE", visitTime="09:30"), "visit_in_past", "visitDate")


@pytest.mark.usefixtures("ride")
def test_a_closed_day_is_told_as_such(api: ApiClient, venue: Venue, cinema: Attraction) -> None:
    session(cinema, None), session(cinema, None, "2026-11-24")
    CalendarDayFactory.create(venue=venue, date=datetime.date(2026, 11, 23))
    closed = "Dune Park is closed on 2026-11-23."
    for number in ("RIDE", "DAY"):
        assert refused(api, line(number), "venue_closed", "visitDate") == closed
        told = refused(api, line(number, visitTime="10:00"), "venue_closed", "visitDate")
        assert told == closed
    assert taken(api, line("RIDE", "2026-11-24")) == {"cinema 2026-11-24": "0+1"}


def test_a_day_of_its_own_counts_before_the_season_and_the_season_before_the_standing_hours(
    api: ApiClient, venue: Venue, issue: Issue
) -> None:
    OpeningHoursFactory.create(venue=venue, weekdays=[1], opens_at=None, closes_at=None)
    refused(api, line(), "venue_closed", "visitDate")  # a Monday
    OpeningHoursFactory.create(
        venue=venue,
        weekdays=[1],
        valid_from=datetime.date(2026, 11, 1),
        valid_until=datetime.date(2026, 11, 23),
        opens_at=datetime.time(10),
        closes_at=datetime.time(17),
    )
    told = refused(api, line(visitTime="09:00"), "outside_opening_hours")
    assert told == "09:00 is outside the opening hours, 10:00 to 17:00 venue time."
    refused(api, line(visit_date="2026-11-30"), "venue_closed", "visitDate")
    CalendarDayFactory.create(
        venue=venue,
        date=datetime.date(2026, 11, 23),
        opens_at=datetime.time(9),
        closes_at=datetime.time(22, 30),
    )
    refused(api, line(visitTime="08:59"), "outside_opening_hours")
    assert validity(api, issue, line(visitTime="09:00")) == (
        "2026-11-23T08:00:00.000Z",
        "2026-11-23T21:30:00.000Z",
    )


def test_another_venues_calendar_does_not_count(api: ApiClient, cinema: Attraction) -> None:
    CalendarDayFactory.create(date=datetime.date(2026, 11, 23))
    OpeningHoursFactory.create()
    session(cinema, "14:00")
    assert taken(api, line()) == {}
    assert taken(api, show()) == {"cinema 14:00": "0+1"}

"""createOrder: visit dates and times against the package's dating and the venue's clock."""

from __future__ import annotations

import datetime
from collections.abc import Callable
from typing import Any

import pytest

from catalog.models import Attraction, Package
from orders.models import Order
from partners.models import Venue
from tests.conftest import ApiClient
from tests.factories import sellable_package
from tests.orders.expected import VISIT, Clock, assert_problem, line, settle, stored
from tests.orders.sessions import counted, session

pytestmark = pytest.mark.usefixtures("clock")

PAST = "visit_in_past"
CLOSED = "outside_opening_hours"


@pytest.fixture
def timed(venue: Venue, cinema: Attraction) -> Package:
    """A package that needs a date and a time: there is one session, at ten."""
    session(cinema, "10:00")
    return counted(sellable_package(venue, "TIMED", dating="timed"), cinema)


@pytest.fixture
def open_dated(venue: Venue) -> Package:
    """A package that takes neither."""
    return sellable_package(venue, "OPEN", dating="open", validity_days=30)


def utc(text: str) -> datetime.datetime:
    return datetime.datetime.fromisoformat(text).replace(tzinfo=datetime.UTC)


def validity(answer: dict[str, Any]) -> tuple[str, str]:
    ticket = answer["items"][0]["wallets"][0]["assets"][0]
    return ticket["validFrom"], ticket["validUntil"]


def refused(api: ApiClient, sent: dict[str, Any], *faults: tuple[str, str]) -> None:
    before = stored()
    codes = {code for _, code in faults}
    assert_problem(
        api.post(api.order_body(sent, sellToOrderReference="REFUSED")),
        400,
        PAST if codes == {PAST} else "invalid_request",
        *((f"/items/0/{member}", code) for member, code in faults),
    )
    assert stored() == before


def accepted(api: ApiClient, sent: dict[str, Any]) -> None:
    api.create(sent, sellToOrderReference=f"WEB-{Order.objects.count()}")


def test_a_dated_package_needs_a_date(api: ApiClient) -> None:
    refused(api, line(visit_date=None), ("visitDate", "visit_date_required"))
    refused(api, line(visit_date=None, visitTime="10:00"), ("visitDate", "visit_date_required"))
    refused(api, {"itemNumber": "DAY", "visitDate": None}, ("visitDate", "visit_date_required"))


def test_a_dated_package_without_a_time_is_valid_from_opening(
    api: ApiClient, issue: Callable[[str], Order]
) -> None:
    found = settle(api, issue, line())
    assert validity(found) == (f"{VISIT}T07:00:00.000Z", f"{VISIT}T19:00:00.000Z")


@pytest.mark.parametrize("time", ["08:00", "08:00:00", "13:37:59", "19:59:59"])
def test_a_dated_package_takes_any_time_within_opening_hours(api: ApiClient, time: str) -> None:
    accepted(api, line(visitTime=time))


@pytest.mark.parametrize("time", ["07:59:59", "20:00:01", "00:00", "23:59:59"])
def test_a_time_outside_opening_hours_is_refused(api: ApiClient, time: str) -> None:
    refused(api, line(visitTime=time), ("visitTime", CLOSED))


@pytest.mark.usefixtures("timed")
def test_a_timed_package_needs_both(api: ApiClient) -> None:
    needs_date, needs_time = (
        ("visitDate", "visit_date_required"),
        ("visitTime", "visit_time_required"),
    )
    refused(api, line("TIMED"), needs_time)
    refused(api, line("TIMED", visit_date=None, visitTime="10:00"), needs_date)
    refused(api, line("TIMED", visit_date=None), needs_date, needs_time)
    accepted(api, line("TIMED", visitTime="10:00"))


@pytest.mark.usefixtures("open_dated")
def test_an_open_dated_package_takes_neither(api: ApiClient, issue: Callable[[str], Order]) -> None:
    no_date, no_time = ("visitDate", "visit_not_allowed"), ("visitTime", "visit_not_allowed")
    refused(api, line("OPEN"), no_date)
    refused(api, line("OPEN", visit_date=None, visitTime="10:00"), no_time)
    refused(api, line("OPEN", visitTime="10:00"), no_date, no_time)
    found = settle(api, issue, line("OPEN", visit_date=None, visitTime=None))
    assert (found["items"][0]["visitDate"], found["items"][0]["visitTime"]) == (None, None)
    assert validity(found) == ("2026-11-20T11:00:00.000Z", "2026-12-20T19:00:00.000Z")


def test_a_visit_is_refused_once_the_day_is_past(api: ApiClient) -> None:
    refused(api, line(visit_date="2026-11-19"), ("visitDate", PAST))
    accepted(api, line(visit_date="2026-11-20"))


def test_todays_visit_is_sold_until_closing(api: ApiClient, clock: Clock) -> None:
    clock.now = utc("2026-11-20T18:59:59")  # a second before 20:00 in Amsterdam
    accepted(api, line(visit_date="2026-11-20"))
    clock.now = utc("2026-11-20T19:00:00")
    refused(api, line(visit_date="2026-11-20"), ("visitDate", PAST))


def test_the_day_is_the_venues_and_not_the_servers(api: ApiClient, clock: Clock) -> None:
    clock.now = utc("2026-11-20T23:30:00")  # half past midnight of the 21st in Amsterdam
    refused(api, line(visit_date="2026-11-20"), ("visitDate", PAST))
    accepted(api, line(visit_date="2026-11-21"))


def test_a_venue_behind_the_server_still_sells_its_today(
    api: ApiClient, venue: Venue, clock: Clock
) -> None:
    Venue.objects.filter(pk=venue.pk).update(timezone="America/Los_Angeles")
    clock.now = utc("2026-11-21T03:59:59")  # 19:59:59 of the 20th there
    accepted(api, line(visit_date="2026-11-20"))


def test_a_venue_ahead_of_the_server_has_left_its_today(
    api: ApiClient, venue: Venue, clock: Clock
) -> None:
    Venue.objects.filter(pk=venue.pk).update(timezone="Pacific/Kiritimati")  # UTC+14
    clock.now = utc("2026-11-20T10:00:00")  # midnight there: the 21st begins
    refused(api, line(visit_date="2026-11-20"), ("visitDate", PAST))
    accepted(api, line(visit_date="2026-11-21", visitTime="08:00"))


@pytest.mark.usefixtures("timed")
def test_a_timed_visit_is_sold_until_its_cut_off(api: ApiClient, clock: Clock) -> None:
    Package.objects.filter(code="TIMED").update(cut_off_minutes=90)
    sent = line("TIMED", visitTime="10:00")
    clock.now = utc(f"{VISIT}T07:29:59")  # 08:29:59, and 10:00 less 90 minutes is 08:30
    accepted(api, sent)
    clock.now = utc(f"{VISIT}T07:30:00")
    refused(api, sent, ("visitDate", PAST))


def test_a_dated_visit_without_a_time_is_cut_off_before_opening(
    api: ApiClient, day: Package, clock: Clock
) -> None:
    Package.objects.filter(pk=day.pk).update(cut_off_minutes=24 * 60)
    clock.now = utc("2026-11-22T06:59:59")
    accepted(api, line())
    clock.now = utc("2026-11-22T07:00:00")
    refused(api, line(), ("visitDate", PAST))


def test_all_that_is_wrong_with_a_visit_is_said_at_once(api: ApiClient) -> None:
    refused(
        api,
        line(visit_date="2026-11-19", visitTime="07:00"),
        ("visitDate", PAST),
        ("visitTime", CLOSED),
    )
    refused(
        api,
        line(visit_date=None, visitTime="07:00"),
        ("visitDate", "visit_date_required"),
        ("visitTime", CLOSED),
    )


@pytest.mark.parametrize("date", ["2026-11-19", "2025-11-23", "0001-01-01", "1969-12-31"])
def test_dates_long_past_are_refused_as_past(api: ApiClient, date: str) -> None:
    refused(api, line(visit_date=date), ("visitDate", PAST))


@pytest.mark.parametrize("date", ["9999-12-31", "2226-11-23"])
def test_dates_absurdly_far_ahead_are_refused(api: ApiClient, date: str) -> None:
    refused(api, line(visit_date=date), ("visitDate", "visit_too_far"))


@pytest.mark.parametrize(
    ("date", "opens", "closes"),
    [
        ("2027-03-27", "07:00", "19:00"),  # the day before summer time
        ("2027-03-28", "06:00", "18:00"),  # the day of 23 hours
        ("2027-10-30", "06:00", "18:00"),
        ("2027-10-31", "07:00", "19:00"),  # the day of 25 hours
    ],
)
def test_validity_follows_the_venues_clock_through_the_changes_of_time(
    api: ApiClient, issue: Callable[[str], Order], date: str, opens: str, closes: str
) -> None:
    found = settle(api, issue, line(visit_date=date))
    assert validity(found) == (f"{date}T{opens}:00.000Z", f"{date}T{closes}:00.000Z")


@pytest.mark.parametrize(
    ("date", "time", "starts"),
    [
        ("2027-03-28", "01:59", "2027-03-28T00:59:00.000Z"),
        ("2027-03-28", "02:30", "2027-03-28T01:30:00.000Z"),  # a time the clock leaves out
        ("2027-03-28", "03:00", "2027-03-28T01:00:00.000Z"),
        ("2027-10-31", "02:30", "2027-10-31T00:30:00.000Z"),  # a time it shows twice: the first
        ("2027-10-31", "03:00", "2027-10-31T02:00:00.000Z"),
    ],
)
def test_a_venue_open_at_night_sells_the_hours_of_the_changes_of_time(
    api: ApiClient,
    venue: Venue,
    issue: Callable[[str], Order],
    date: str,
    time: str,
    starts: str,
) -> None:
    Venue.objects.filter(pk=venue.pk).update(
        opens_at=datetime.time(0), closes_at=datetime.time(23, 59)
    )
    found = settle(api, issue, line(visit_date=date, visitTime=time))
    assert validity(found)[0] == starts


def test_an_order_of_several_days_is_checked_line_by_line(api: ApiClient) -> None:
    assert_problem(
        api.post(api.order_body(line(), line(visit_date="2026-11-01"), line("GROUP"))),
        400,
        PAST,
        ("/items/1/visitDate", PAST),
    )

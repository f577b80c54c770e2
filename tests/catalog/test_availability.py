"""Availability: what is left of a package's sessions, as our partner may sell them."""

from __future__ import annotations

import datetime
from typing import Any
from urllib.parse import urlencode

import pytest
from django.utils import timezone

from catalog.models import (
    AllotmentUse,
    Attraction,
    CalendarDay,
    Component,
    Dating,
    Item,
    Package,
    Price,
    Session,
)
from partners.models import Partner, Venue
from tests.conftest import ApiClient
from tests.factories import (
    AllotmentFactory,
    AttractionFactory,
    ComponentFactory,
    ItemFactory,
    PackageMappingFactory,
    SessionFactory,
    VenueFactory,
    sellable_package,
)
from tests.orders.expected import NOON, Clock, assert_problem

TOMORROW = datetime.date(2026, 11, 21)


@pytest.fixture(autouse=True)
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    """Make time stand still at NOON, 12:00 on 2026-11-20 in Amsterdam."""
    standing = Clock()
    monkeypatch.setattr(timezone, "now", standing)
    return standing


@pytest.fixture
def cinema(venue: Venue) -> Attraction:
    """An attraction with sessions, of which there are none yet."""
    return AttractionFactory.create(venue=venue, code="cinema")


@pytest.fixture
def dino(venue: Venue) -> Attraction:
    """Another attraction."""
    return AttractionFactory.create(venue=venue, code="dino")


@pytest.fixture
def show(venue: Venue, cinema: Attraction) -> Package:
    """A timed package of one ticket for the cinema."""
    return counted(sellable_package(venue, "SHOW", dating=Dating.TIMED), cinema)


def counted(package: Package, attraction: Attraction | None) -> Package:
    """Let the package's items take places of the attraction."""
    Item.objects.filter(components__package=package).update(attraction=attraction)
    return package


def session(attraction: Attraction, at: str, **values: Any) -> Session:
    """Make a session: `2026-11-21 10:00`, or a whole day without a time."""
    day, _, time = at.partition(" ")
    return SessionFactory.create(
        attraction=attraction,
        date=datetime.date.fromisoformat(day),
        time=datetime.time.fromisoformat(time) if time else None,
        **values,
    )


def row(number: str, starts: str, ends: str, places: Any, **members: Any) -> dict[str, Any]:
    """Return a row of an answer: its date and time are those of its start, of 100 places."""
    return {
        "itemNumber": number,
        "visitDate": starts[:10],
        "visitTime": starts[11:19],
        "startsAt": starts,
        "endsAt": ends,
        "capacity": 100,
        "placesLeft": places,
        **members,
    }


def ask(api: ApiClient, number: str | None, **query: Any) -> Any:
    """Ask for a number; `first` and `last` stand for from and to."""
    named = {"itemNumber": number, "from": query.pop("first", None), "to": query.pop("last", None)}
    sent = {name: value for name, value in {**named, **query}.items() if value is not None}
    return api.get(f"/channelManager/availability?{urlencode(sent)}")


def available(api: ApiClient, number: str, **query: Any) -> list[dict[str, Any]]:
    response = ask(api, number, **query)
    assert response.status_code == 200, response.content
    assert set(response.json()) == {"data"}
    return list(response.json()["data"])


def starts(api: ApiClient, number: str, **query: Any) -> list[str]:
    """Return when the rows start, in short."""
    return [f"{row['startsAt'][:16]}" for row in available(api, number, **query)]


def left(api: ApiClient, number: str, **query: Any) -> list[int]:
    return [row["placesLeft"] for row in available(api, number, **query)]


def test_sessions_are_listed_by_their_start_with_the_places_left(
    api: ApiClient, show: Package, cinema: Attraction
) -> None:
    session(cinema, "2026-11-21 14:00", held=10, sold=30)
    session(cinema, "2026-11-21 10:00", sold=100)
    session(cinema, "2026-11-20 16:30", capacity=8)
    assert available(api, "SHOW") == [
        row("SHOW", "2026-11-20T16:30:00+01:00", "2026-11-20T17:30:00+01:00", 8, capacity=8),
        row("SHOW", "2026-11-21T10:00:00+01:00", "2026-11-21T11:00:00+01:00", 0),
        row("SHOW", "2026-11-21T14:00:00+01:00", "2026-11-21T15:00:00+01:00", 60),
    ]


def test_answers_are_not_cached(api: ApiClient, show: Package) -> None:
    assert ask(api, "SHOW")["Cache-Control"] == "no-store"


def test_a_head_request_is_answered(api: ApiClient, show: Package) -> None:
    response = api.request("HEAD", "/channelManager/availability?itemNumber=SHOW")
    assert (response.status_code, response.content) == (200, b"")


def test_a_whole_day_has_no_time(api: ApiClient, day: Package, dino: Attraction) -> None:
    counted(day, dino)
    session(dino, "2026-11-21")
    assert available(api, "DAY") == [
        row(
            "DAY",
            "2026-11-21T08:00:00+01:00",
            "2026-11-21T20:00:00+01:00",
            100,
            visitTime=None,
        )
    ]


@pytest.mark.parametrize(
    ("day", "offsets"),
    [
        ("2027-03-27", ("+01:00", "+01:00")),
        ("2027-03-28", ("+02:00", "+02:00")),
        ("2027-10-30", ("+02:00", "+02:00")),
        ("2027-10-31", ("+01:00", "+01:00")),
    ],
)
def test_the_offset_is_the_venues_on_that_day(
    api: ApiClient, show: Package, cinema: Attraction, day: str, offsets: tuple[str, str]
) -> None:
    session(cinema, f"{day} 10:00")
    assert available(api, "SHOW", first=day) == [
        row("SHOW", f"{day}T10:00:00{offsets[0]}", f"{day}T11:00:00{offsets[1]}", 100)
    ]


def test_a_session_of_the_night_in_which_the_clock_is_set_back_has_two_offsets(
    api: ApiClient, show: Package, cinema: Attraction
) -> None:
    session(cinema, "2027-10-31 02:30")
    (night,) = available(api, "SHOW", first="2027-10-31")
    assert night == row("SHOW", "2027-10-31T02:30:00+02:00", "2027-10-31T02:30:00+01:00", 100)


def test_a_day_is_the_venues_and_not_greenwichs(
    api: ApiClient, venue: Venue, show: Package, cinema: Attraction, clock: Clock
) -> None:
    Venue.objects.filter(pk=venue.pk).update(timezone="Pacific/Auckland")
    clock.now = datetime.datetime(2026, 11, 20, 12, 0, tzinfo=datetime.UTC)  # 01:00 on the 21st
    cinema.venue.refresh_from_db()
    session(cinema, "2026-11-20 23:30")
    session(cinema, "2026-11-21 00:30")
    session(cinema, "2026-11-21 09:00")
    assert starts(api, "SHOW") == ["2026-11-21T00:30", "2026-11-21T09:00"]


class TestRange:
    """From and to."""

    @pytest.fixture(autouse=True)
    def sessions(self, show: Package, cinema: Attraction) -> None:
        for day in (-1, 0, 1, 30, 31, 60):
            date = NOON.date() + datetime.timedelta(days=day)
            session(cinema, f"{date} 15:00")

    def test_without_a_range_the_next_30_days_are_listed(self, api: ApiClient) -> None:
        assert starts(api, "SHOW") == ["2026-11-20T15:00", "2026-11-21T15:00", "2026-12-20T15:00"]

    def test_from_alone_lists_30_days_more(self, api: ApiClient) -> None:
        assert starts(api, "SHOW", first="2026-11-21") == [
            "2026-11-21T15:00",
            "2026-12-20T15:00",
            "2026-12-21T15:00",
        ]

    def test_both_ends_are_included(self, api: ApiClient) -> None:
        days = ["2026-11-21", "2026-12-20"]
        found = starts(api, "SHOW", first=days[0], last=days[1])
        assert found == [f"{day}T15:00" for day in days]
        assert starts(api, "SHOW", first=days[0], last=days[0]) == [f"{days[0]}T15:00"]

    def test_to_alone_begins_today(self, api: ApiClient) -> None:
        assert starts(api, "SHOW", last="2026-11-20") == ["2026-11-20T15:00"]

    def test_a_past_from_is_no_error(self, api: ApiClient) -> None:
        assert starts(api, "SHOW", first="2026-11-01", last="2026-11-20") == ["2026-11-20T15:00"]
        assert starts(api, "SHOW", first="2026-11-01", last="2026-11-02") == []
        assert starts(api, "SHOW", first="0001-01-01") == []

    def test_400_days_are_taken_and_no_more(self, api: ApiClient) -> None:
        assert len(starts(api, "SHOW", first="2026-11-20", last="2027-12-24")) == 5
        assert len(starts(api, "SHOW", first="2024-01-01", last="2027-12-24")) == 5
        refused = ask(api, "SHOW", first="2026-11-20", last="2027-12-25")
        assert_problem(refused, 400, "invalid_request", ("?to", "too_many_days"))

    @pytest.mark.parametrize("first", ["2029-11-20", "9999-12-01", "9999-12-31"])
    def test_what_is_too_far_ahead_to_be_sold_is_not_listed(
        self, api: ApiClient, cinema: Attraction, first: str
    ) -> None:
        session(cinema, "2029-11-20 15:00")
        assert starts(api, "SHOW", first=first) == []


def test_what_is_past_cannot_be_sold(
    api: ApiClient, show: Package, cinema: Attraction, clock: Clock
) -> None:
    for time in ("11:00", "11:30", "12:30"):
        session(cinema, f"2026-11-20 {time}")
    assert starts(api, "SHOW") == ["2026-11-20T11:30", "2026-11-20T12:30"]
    clock.forward(minutes=30)
    assert starts(api, "SHOW") == ["2026-11-20T12:30"]


def test_a_session_that_runs_past_midnight_is_sold_until_its_end(
    api: ApiClient, show: Package, cinema: Attraction, clock: Clock
) -> None:
    session(cinema, "2026-11-20 23:30")
    clock.now = datetime.datetime(2026, 11, 20, 23, 15, tzinfo=datetime.UTC)  # 00:15 on the 21st
    assert starts(api, "SHOW", first="2026-11-20") == ["2026-11-20T23:30"]
    assert starts(api, "SHOW") == []


def test_a_cut_off_ends_the_sale_before_the_session_starts(
    api: ApiClient, show: Package, cinema: Attraction, clock: Clock
) -> None:
    Package.objects.filter(pk=show.pk).update(cut_off_minutes=60)
    session(cinema, "2026-11-20 13:00")
    session(cinema, "2026-11-20 13:30")
    assert starts(api, "SHOW") == ["2026-11-20T13:30"]
    clock.forward(minutes=29)
    assert starts(api, "SHOW") == ["2026-11-20T13:30"]
    clock.forward(minutes=1)
    assert starts(api, "SHOW") == []


def test_what_is_not_on_sale_is_left_out(
    api: ApiClient, show: Package, cinema: Attraction, dino: Attraction
) -> None:
    session(cinema, "2026-11-21 10:00", is_on_sale=False)
    session(cinema, "2026-11-21 11:00")
    session(dino, "2026-11-21 12:00")
    assert starts(api, "SHOW") == ["2026-11-21T11:00"]


def test_days_without_a_price_are_left_out(
    api: ApiClient, rival: ApiClient, show: Package, cinema: Attraction
) -> None:
    for day in (21, 22, 23):
        session(cinema, f"2026-11-{day} 10:00")
    Price.objects.filter(package=show).update(visit_from=datetime.date(2026, 11, 22))
    Price.objects.create(
        package=show, partner=rival.partner, visit_until="2026-11-21", amount_incl_vat=1
    )
    assert starts(api, "SHOW") == ["2026-11-22T10:00", "2026-11-23T10:00"]
    assert len(starts(rival, "SHOW")) == 3


def test_whole_days_cannot_be_named_in_a_timed_order(
    api: ApiClient, show: Package, cinema: Attraction
) -> None:
    session(cinema, "2026-11-21")
    assert available(api, "SHOW") == []


class TestDated:
    """A dated package with places: it is bound to the venue's opening hours."""

    @pytest.fixture(autouse=True)
    def ride(self, day: Package, dino: Attraction) -> Package:
        return counted(day, dino)

    def test_closed_days_and_times_outside_opening_hours_are_left_out(
        self, api: ApiClient, venue: Venue, dino: Attraction
    ) -> None:
        for day in (21, 22, 23):
            for time in ("08:00", "17:30", "20:00"):
                session(dino, f"2026-11-{day} {time}")
        CalendarDay.objects.create(venue=venue, date="2026-11-21")
        CalendarDay.objects.create(
            venue=venue, date="2026-11-22", opens_at="10:00", closes_at="18:00"
        )
        assert starts(api, "DAY") == ["2026-11-22T17:30", "2026-11-23T08:00", "2026-11-23T17:30"]

    def test_today_is_sold_until_closing_time(
        self, api: ApiClient, dino: Attraction, clock: Clock
    ) -> None:
        session(dino, "2026-11-20 19:30")
        session(dino, "2026-11-20")
        clock.forward(hours=7, minutes=59)
        assert starts(api, "DAY") == ["2026-11-20T08:00", "2026-11-20T19:30"]
        clock.forward(minutes=1)
        assert starts(api, "DAY") == []

    def test_the_cut_off_of_a_whole_day_counts_from_opening(
        self, api: ApiClient, day: Package, dino: Attraction, clock: Clock
    ) -> None:
        Package.objects.filter(pk=day.pk).update(cut_off_minutes=60)
        session(dino, "2026-11-21")
        clock.now = datetime.datetime(2026, 11, 21, 5, 59, tzinfo=datetime.UTC)
        assert starts(api, "DAY") == ["2026-11-21T08:00"]
        clock.forward(minutes=1)
        assert starts(api, "DAY") == []

    def test_times_and_whole_days_stand_side_by_side(
        self, api: ApiClient, dino: Attraction
    ) -> None:
        session(dino, "2026-11-21 10:00")
        session(dino, "2026-11-21")
        assert [row["visitTime"] for row in available(api, "DAY")] == [None, "10:00:00"]


class TestBundle:
    """A package of several components: two with places, a coupon without."""

    @pytest.fixture(autouse=True)
    def rides(self, bundle: Package, dino: Attraction, cinema: Attraction) -> None:
        Item.objects.filter(number="DINO").update(attraction=dino)
        Item.objects.filter(number="CINEMA").update(attraction=cinema)

    def test_every_component_has_rows_under_its_own_number(
        self, api: ApiClient, dino: Attraction, cinema: Attraction
    ) -> None:
        session(cinema, "2026-11-21 10:00", sold=1)
        session(dino, "2026-11-21 10:00", sold=2)
        session(dino, "2026-11-21 09:00", sold=3)
        assert available(api, "BUNDLE") == [
            row("DINO", "2026-11-21T09:00:00+01:00", "2026-11-21T10:00:00+01:00", 97),
            row("DINO", "2026-11-21T10:00:00+01:00", "2026-11-21T11:00:00+01:00", 98),
            row("CINEMA", "2026-11-21T10:00:00+01:00", "2026-11-21T11:00:00+01:00", 99),
        ]

    def test_what_is_sold_no_more_with_it_is_left_out(
        self, api: ApiClient, dino: Attraction, cinema: Attraction
    ) -> None:
        session(cinema, "2026-11-21 10:00")
        session(dino, "2026-11-21 10:00")
        Component.objects.filter(item__number="CINEMA").update(is_active=False)
        assert [row["itemNumber"] for row in available(api, "BUNDLE")] == ["DINO"]
        assert_problem(ask(api, "CINEMA"), 400, "unknown_item", ("?itemNumber", "unknown_item"))

    def test_components_of_one_attraction_share_its_places(
        self, api: ApiClient, dino: Attraction
    ) -> None:
        Item.objects.filter(number="CINEMA").update(attraction=dino)
        session(dino, "2026-11-21 10:00", sold=40)
        rows = [(row["itemNumber"], row["placesLeft"]) for row in available(api, "BUNDLE")]
        assert rows == [("DINO", 60), ("CINEMA", 60)]

    def test_a_component_may_be_asked_for_by_itself(
        self, api: ApiClient, dino: Attraction, cinema: Attraction
    ) -> None:
        session(dino, "2026-11-21 10:00")
        session(cinema, "2026-11-21 11:00")
        assert available(api, "CINEMA") == [
            row("CINEMA", "2026-11-21T11:00:00+01:00", "2026-11-21T12:00:00+01:00", 100)
        ]

    def test_a_component_without_places_by_itself_has_a_row_for_each_open_day(
        self, api: ApiClient
    ) -> None:
        assert available(api, "LUNCH", last="2026-11-20") == [
            row(
                "LUNCH",
                "2026-11-20T08:00:00+01:00",
                "2026-11-20T20:00:00+01:00",
                None,
                visitTime=None,
                capacity=None,
            )
        ]

    def test_a_component_is_sold_by_whichever_package_sells_it(
        self, api: ApiClient, venue: Venue, bundle: Package, dino: Attraction
    ) -> None:
        session(dino, "2026-11-20 12:20", sold=90)
        session(dino, "2026-11-21 10:00")
        ride = sellable_package(venue, "RIDE", dating=Dating.TIMED, cut_off_minutes=30)
        ride.components.update(item=Item.objects.get(number="DINO"))
        AllotmentFactory.create(partner=api.partner, package=bundle, places=20)
        assert left(api, "BUNDLE") == [10, 20]
        assert left(api, "RIDE") == [100]
        assert left(api, "DINO") == [10, 100]
        AllotmentFactory.create(partner=api.partner, package=ride, places=30)
        assert left(api, "DINO") == [10, 30]
        Package.objects.filter(pk=ride.pk).update(status="Withdrawn")
        assert left(api, "DINO") == [10, 20]
        Package.objects.filter(pk=bundle.pk).update(status="Withdrawn")
        assert_problem(ask(api, "DINO"), 400, "not_on_sale", ("?itemNumber", "not_on_sale"))

    def test_a_component_is_known_by_the_packages_that_the_partner_may_sell(
        self, api: ApiClient, bundle: Package, dino: Attraction
    ) -> None:
        session(dino, "2026-11-21 10:00")
        Partner.objects.filter(pk=api.partner.pk).update(sell_by_package_code=False)
        assert_problem(ask(api, "DINO"), 400, "unknown_item", ("?itemNumber", "unknown_item"))
        PackageMappingFactory.create(partner=api.partner, item_number="SKU", package=bundle)
        assert len(available(api, "DINO")) == 1


class TestAllotment:
    """A partner's own limit for each session of one package."""

    @pytest.fixture(autouse=True)
    def allotment(self, api: ApiClient, show: Package, cinema: Attraction) -> None:
        allotment = AllotmentFactory.create(partner=api.partner, package=show, places=10)
        for hour, sold in ((10, 50), (11, 95), (12, 100), (13, 10)):
            session(cinema, f"2026-11-21 {hour}:00", sold=sold)
        for hour, taken in ((11, 3), (12, 5), (13, 10)):
            AllotmentUse.objects.create(
                allotment=allotment, session=Session.objects.get(time__hour=hour), taken=taken
            )

    def test_places_are_left_within_the_allotment(self, api: ApiClient) -> None:
        assert left(api, "SHOW") == [10, 5, 0, 0]
        assert {row["capacity"] for row in available(api, "SHOW")} == {100}

    def test_an_allotment_that_was_made_smaller_leaves_nothing_below_zero(
        self, api: ApiClient
    ) -> None:
        api.partner.allotments.update(places=4)
        assert left(api, "SHOW") == [4, 1, 0, 0]

    def test_it_limits_nobody_else_and_no_other_package(
        self, api: ApiClient, rival: ApiClient, venue: Venue, cinema: Attraction
    ) -> None:
        counted(sellable_package(venue, "OTHER", dating=Dating.TIMED), cinema)
        assert left(rival, "SHOW") == left(api, "OTHER") == [50, 5, 0, 90]

    def test_it_counts_for_each_session_of_a_day(self, api: ApiClient) -> None:
        (day,) = available(api, "SHOW", calendar="true")
        assert (day["capacity"], day["placesLeft"]) == (400, 15)


class TestCalendar:
    """A row for each day."""

    def test_the_sessions_of_a_day_are_added_up(
        self, api: ApiClient, show: Package, cinema: Attraction
    ) -> None:
        session(cinema, "2026-11-21 14:00", sold=30)
        session(cinema, "2026-11-21 10:00", held=100)
        session(cinema, "2026-11-23 10:00", sold=100)
        assert available(api, "SHOW", calendar="true") == [
            row(
                "SHOW",
                "2026-11-21T10:00:00+01:00",
                "2026-11-21T15:00:00+01:00",
                70,
                visitTime=None,
                capacity=200,
            ),
            row(
                "SHOW",
                "2026-11-23T10:00:00+01:00",
                "2026-11-23T11:00:00+01:00",
                0,
                visitTime=None,
            ),
        ]
        assert len(available(api, "SHOW", calendar="false")) == 3

    def test_the_scarcest_component_decides(
        self, api: ApiClient, bundle: Package, dino: Attraction, cinema: Attraction
    ) -> None:
        Item.objects.filter(number="DINO").update(attraction=dino)
        Item.objects.filter(number="CINEMA").update(attraction=cinema)
        session(dino, "2026-11-21 10:00")
        session(dino, "2026-11-21 14:00")
        session(cinema, "2026-11-21 11:00", capacity=80, sold=10)
        session(dino, "2026-11-22 10:00")  # no cinema: the bundle cannot be sold
        assert available(api, "BUNDLE", calendar="true") == [
            row(
                "BUNDLE",
                "2026-11-21T10:00:00+01:00",
                "2026-11-21T15:00:00+01:00",
                70,
                visitTime=None,
                capacity=80,
            )
        ]

    def test_where_places_are_not_counted_the_rows_are_the_same(self, api: ApiClient) -> None:
        assert available(api, "DAY", calendar="true") == available(api, "DAY")


class TestUncounted:
    """What has no places to count."""

    def test_a_dated_package_has_a_row_for_each_open_day(
        self, api: ApiClient, venue: Venue
    ) -> None:
        CalendarDay.objects.create(venue=venue, date="2027-03-28")
        CalendarDay.objects.create(
            venue=venue, date="2027-03-29", opens_at="10:00", closes_at="16:00"
        )
        uncounted = {"visitTime": None, "capacity": None}
        assert available(api, "GROUP", first="2027-03-27", last="2027-03-29") == [
            row(
                "GROUP",
                "2027-03-27T08:00:00+01:00",
                "2027-03-27T20:00:00+01:00",
                None,
                **uncounted,
            ),
            row(
                "GROUP",
                "2027-03-29T10:00:00+02:00",
                "2027-03-29T16:00:00+02:00",
                None,
                **uncounted,
            ),
        ]

    def test_a_package_of_several_has_one_row_under_the_number_asked_for(
        self, api: ApiClient
    ) -> None:
        (row,) = available(api, "BUNDLE", last="2026-11-20")
        assert row["itemNumber"] == "BUNDLE"

    def test_today_is_listed_until_the_venue_closes(self, api: ApiClient, clock: Clock) -> None:
        clock.forward(hours=7, minutes=59)
        assert starts(api, "DAY")[0] == "2026-11-20T08:00"
        clock.forward(minutes=1)
        assert starts(api, "DAY")[0] == "2026-11-21T08:00"

    def test_days_past_the_cut_off_or_without_a_price_are_left_out(
        self, api: ApiClient, day: Package
    ) -> None:
        Package.objects.filter(pk=day.pk).update(cut_off_minutes=24 * 60)
        Price.objects.filter(package=day).update(visit_until="2026-11-24")
        assert starts(api, "DAY") == [f"2026-11-{n}T08:00" for n in (22, 23, 24)]

    @pytest.mark.parametrize("dating", [Dating.OPEN, Dating.TIMED])
    def test_what_is_not_bound_to_days_or_has_no_sessions_has_no_rows(
        self, api: ApiClient, venue: Venue, dating: Dating
    ) -> None:
        sellable_package(venue, "FREE", dating=dating)
        for number in ("FREE", "FREE-ENTRY"):
            for calendar in ("true", "false"):
                assert available(api, number, calendar=calendar) == []

    def test_an_open_dated_package_takes_no_places(
        self, api: ApiClient, venue: Venue, cinema: Attraction
    ) -> None:
        counted(sellable_package(venue, "FREE", dating=Dating.OPEN), cinema)
        session(cinema, "2026-11-21 10:00")
        assert available(api, "FREE") == []

    def test_a_package_that_cannot_be_issued_has_no_rows(
        self, api: ApiClient, day: Package, group: Package
    ) -> None:
        day.components.update(is_active=False)
        second = ItemFactory.create(venue=group.venue)
        ComponentFactory.create(package=group, item=second)
        assert available(api, "DAY") == available(api, "GROUP") == []
        assert available(api, second.number) == []


def unknown(api: ApiClient, number: str) -> None:
    assert_problem(ask(api, number), 400, "unknown_item", ("?itemNumber", "unknown_item"))


class TestNumbers:
    """What an item number means to whom."""

    def test_a_partners_own_number_counts_before_a_package_code(
        self, api: ApiClient, rival: ApiClient, day: Package, show: Package, cinema: Attraction
    ) -> None:
        session(cinema, "2026-11-21 10:00")
        PackageMappingFactory.create(partner=api.partner, item_number="DAY", package=show)
        (own,) = available(api, "DAY")
        assert (own["itemNumber"], own["visitTime"]) == ("DAY", "10:00:00")
        assert available(rival, "DAY")[0]["visitTime"] is None

    def test_a_rivals_number_is_unknown(
        self, api: ApiClient, rival: ApiClient, show: Package
    ) -> None:
        PackageMappingFactory.create(partner=rival.partner, item_number="THEIRS", package=show)
        assert available(rival, "THEIRS") == []
        unknown(api, "THEIRS")
        theirs, nothing = (ask(api, number).json() for number in ("THEIRS", "NOTHING"))
        for body in (theirs, nothing):
            body.pop("requestId")
        assert str(theirs).replace("THEIRS", "NOTHING") == str(nothing)

    def test_another_venues_packages_and_items_are_unknown(self, api: ApiClient) -> None:
        sellable_package(VenueFactory.create(), "ELSEWHERE")
        for number in ("ELSEWHERE", "ELSEWHERE-ENTRY"):
            unknown(api, number)

    def test_a_code_is_unknown_to_who_may_not_sell_by_it(
        self, api: ApiClient, show: Package
    ) -> None:
        Partner.objects.filter(pk=api.partner.pk).update(sell_by_package_code=False)
        unknown(api, "SHOW")

    def test_a_mapping_counts_while_it_is_valid(self, api: ApiClient, show: Package) -> None:
        today = NOON.date()
        for number, values in {
            "NOW": {"valid_from": today, "valid_until": today},
            "OVER": {"valid_until": today - datetime.timedelta(days=1)},
            "SOON": {"valid_from": today + datetime.timedelta(days=1)},
            "OFF": {"is_active": False},
        }.items():
            PackageMappingFactory.create(
                partner=api.partner, item_number=number, package=show, **values
            )
        assert available(api, "NOW") == []
        for number in ("OVER", "SOON", "OFF"):
            unknown(api, number)

    @pytest.mark.parametrize("status", ["Draft", "Withdrawn"])
    def test_what_is_not_on_sale_is_refused_by_that_name(
        self, api: ApiClient, show: Package, status: str
    ) -> None:
        Package.objects.filter(pk=show.pk).update(status=status)
        for number in ("SHOW", "SHOW-ENTRY"):
            refused = ask(api, number)
            assert_problem(refused, 400, "not_on_sale", ("?itemNumber", "not_on_sale"))


class TestBadInput:
    """What is refused, all faults at once."""

    @pytest.mark.parametrize(
        ("query", "faults"),
        [
            ("", [("?itemNumber", "required")]),
            ("itemNumber=", [("?itemNumber", "blank")]),
            ("itemNumber=%20", [("?itemNumber", "blank")]),
            ("itemNumber=%00", [("?itemNumber", "control_character")]),
            (f"itemNumber={'x' * 65}", [("?itemNumber", "max_length")]),
            ("itemNumber=DAY&itemNumber=DAY", [("?itemNumber", "repeated_parameter")]),
            ("itemNumber=DAY&until=2026-12-01", [("?until", "unknown_member")]),
            ("itemNumber=DAY&from=", [("?from", "invalid")]),
            ("itemNumber=DAY&from=tomorrow", [("?from", "invalid")]),
            ("itemNumber=DAY&from=2026-11-21T00:00", [("?from", "invalid")]),
            (
                "itemNumber=DAY&from=2026-1-1&to=2026-02-30",
                [("?from", "invalid"), ("?to", "invalid")],
            ),
            ("itemNumber=DAY&to=2026-11-19", [("?to", "dates_reversed")]),
            ("itemNumber=DAY&from=2026-12-02&to=2026-12-01", [("?to", "dates_reversed")]),
            ("itemNumber=DAY&from=0001-01-01&to=9999-12-31", [("?to", "too_many_days")]),
            ("itemNumber=DAY&calendar=", [("?calendar", "invalid")]),
            ("itemNumber=DAY&calendar=True", [("?calendar", "invalid")]),
            ("itemNumber=DAY&calendar=1", [("?calendar", "invalid")]),
        ],
    )
    def test_a_fault_is_named_with_its_parameter(
        self, api: ApiClient, query: str, faults: list[tuple[str, str]]
    ) -> None:
        response = api.get(f"/channelManager/availability?{query}")
        assert_problem(response, 400, "invalid_request", *faults)

    def test_all_faults_are_named_at_once(self, api: ApiClient) -> None:
        response = api.get(
            "/channelManager/availability?from=x&calendar=yes&to=2026-13-01&x=1&x=2&itemNumber="
        )
        assert_problem(
            response,
            400,
            "invalid_request",
            ("?itemNumber", "blank"),
            ("?from", "invalid"),
            ("?to", "invalid"),
            ("?calendar", "invalid"),
            ("?x", "unknown_member"),
            ("?x", "repeated_parameter"),
        )

    def test_a_range_in_the_wrong_order_is_named_with_the_rest(self, api: ApiClient) -> None:
        response = ask(api, None, first="2026-12-02", last="2026-12-01")
        faults = [("?itemNumber", "required"), ("?to", "dates_reversed")]
        assert_problem(response, 400, "invalid_request", *faults)

    def test_only_get_is_served(self, api: ApiClient) -> None:
        response = api.post({}, "/channelManager/availability")
        assert_problem(response, 405, "method_not_allowed")

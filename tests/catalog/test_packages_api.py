"""The packages page: what this partner may sell, each with an order ready to be sent."""

from __future__ import annotations

import datetime
from typing import Any

import pytest
from django.utils import timezone

from catalog.models import (
    AllotmentUse,
    Attraction,
    CalendarDay,
    Item,
    Package,
    PackageMapping,
    Price,
    Session,
)
from partners.models import Partner, Venue
from tests.conftest import ApiClient
from tests.factories import (
    AllotmentFactory,
    AttractionFactory,
    PackageFactory,
    PackageMappingFactory,
    SessionFactory,
    VenueFactory,
    sellable_package,
)
from tests.orders.expected import NOON, Clock, Like, assert_problem


@pytest.fixture(autouse=True)
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    """Make time stand still at NOON."""
    standing = Clock()
    monkeypatch.setattr(timezone, "now", standing)
    return standing


def listed(api: ApiClient) -> list[Any]:
    response = api.get("/channelManager/packages")
    assert response.status_code == 200, response.content
    assert set(response.json()) == {"data"}
    return list(response.json()["data"])


def numbers(api: ApiClient) -> list[str]:
    return [row["itemNumber"] for row in listed(api)]


def set_partner(api: ApiClient, **settings: Any) -> None:
    Partner.objects.filter(pk=api.partner.pk).update(**settings)


def mapped(api: ApiClient, number: str, package: Package, **options: Any) -> PackageMapping:
    return PackageMappingFactory.create(
        partner=api.partner, item_number=number, package=package, **options
    )


def counted(package: Package, attraction: Attraction) -> Package:
    """Let the package's items take places of the attraction."""
    Item.objects.filter(components__package=package).update(attraction=attraction)
    return package


def session(attraction: Attraction, at: str, **values: Any) -> Session:
    """Make a session of 100 places: `2026-11-21 10:00`, or a whole day without a time."""
    day, _, time = at.partition(" ")
    return SessionFactory.create(
        attraction=attraction,
        date=datetime.date.fromisoformat(day),
        time=datetime.time.fromisoformat(time) if time else None,
        **values,
    )


def sampled(api: ApiClient, number: str) -> dict[str, Any]:
    """Return the line of an article's sample order."""
    (row,) = (row for row in listed(api) if row["itemNumber"] == number)
    return dict(row["sampleOrder"]["items"][0])


@pytest.fixture
def cinema(venue: Venue) -> Attraction:
    """An attraction with sessions, of which there are none yet."""
    return AttractionFactory.create(venue=venue)


@pytest.fixture
def dino(venue: Venue) -> Attraction:
    """Another attraction."""
    return AttractionFactory.create(venue=venue)


@pytest.fixture
def show(venue: Venue, cinema: Attraction) -> Package:
    """A timed package of one ticket for the cinema."""
    return counted(sellable_package(venue, "TIMED", dating="timed"), cinema)


@pytest.fixture
def rides(bundle: Package, dino: Attraction, cinema: Attraction) -> Package:
    """The bundle, with places for its two rides."""
    Item.objects.filter(number="DINO").update(attraction=dino)
    Item.objects.filter(number="CINEMA").update(attraction=cinema)
    return bundle


@pytest.fixture
def many(
    api: ApiClient, venue: Venue, day: Package, group: Package, show: Package, cinema: Attraction
) -> None:
    """Our partner with a package of every kind to sell."""
    sellable_package(venue, "OPEN", dating="open")
    sellable_package(venue, "LAST-MINUTE", cut_off_minutes=10)
    mapped(api, "SKU", day)
    mapped(api, "DAY", group)  # a number of the partner's that is also a package code


def test_every_package_on_sale_is_listed_whole(api: ApiClient) -> None:
    bundle, day, group = listed(api)
    visit = "2026-11-21"

    def sample(number: str) -> dict[str, Any]:
        return {
            "partnerId": str(api.partner.pk),
            "sellToOrderReference": Like(r"SAMPLE-[0-9a-f]{8}"),
            "paymentReference": "PAY-SAMPLE",
            "items": [{"itemNumber": number, "quantity": 1, "visitDate": visit}],
        }

    assert day == {
        "itemNumber": "DAY",
        "packageCode": "DAY",
        "name": "Name of DAY",
        "description": "",
        "dating": "dated",
        "isPackage": False,
        "isGroup": False,
        "components": [
            {
                "itemNumber": "DAY-ENTRY",
                "description": "DAY entry",
                "type": "ticket",
                "quantity": 1,
            }
        ],
        "unitPriceInclVat": "34.50",
        "unitPriceExclVat": "31.65",
        "currencyCode": "EUR",
        "sampleOrder": sample("DAY"),
    }
    assert (group["itemNumber"], group["isGroup"], group["isPackage"]) == ("GROUP", True, False)
    assert (bundle["isGroup"], bundle["isPackage"]) == (False, True)
    assert [(row["itemNumber"], row["type"]) for row in bundle["components"]] == [
        ("DINO", "ticket"),
        ("CINEMA", "ticket"),
        ("LUNCH", "coupon"),
    ]
    assert (bundle["unitPriceInclVat"], bundle["unitPriceExclVat"]) == ("49.50", "44.96")


def every_sample_is_accepted(api: ApiClient) -> list[Any]:
    """Send the sample order of every package as it is, and return what was listed."""
    rows = listed(api)
    for row in rows:
        response = api.post(row["sampleOrder"])
        assert response.status_code == 201, (row["itemNumber"], response.content)
        (line,) = response.json()["items"]
        assert (line["itemNumber"], line["packageCode"]) == (row["itemNumber"], row["packageCode"])
        (wallet,) = line["wallets"]
        for name in ("unitPriceInclVat", "unitPriceExclVat", "currencyCode"):
            assert wallet[name] == row[name]
    return rows


@pytest.mark.usefixtures("many")
@pytest.mark.parametrize("setting", ["accept", "refuse"])
def test_every_sample_order_is_accepted_as_it_is(
    api: ApiClient, cinema: Attraction, setting: str
) -> None:
    set_partner(api, unmapped_items=setting)
    session(cinema, "2026-11-20 12:30")
    rows = every_sample_is_accepted(api)
    assert {row["itemNumber"]: row["packageCode"] for row in rows} == {
        "BUNDLE": "BUNDLE",
        "DAY": "GROUP",
        "GROUP": "GROUP",
        "LAST-MINUTE": "LAST-MINUTE",
        "OPEN": "OPEN",
        "SKU": "DAY",
        "TIMED": "TIMED",
    }
    assert {row["dating"] for row in rows} == {"dated", "timed", "open"}


@pytest.mark.usefixtures("many")
@pytest.mark.parametrize(
    ("zone", "moment"),
    [
        ("Europe/Amsterdam", "2026-11-20T22:59:59"),
        ("Europe/Amsterdam", "2026-11-20T23:00:00"),
        ("Pacific/Kiritimati", "2026-11-20T09:59:59"),
        ("America/Los_Angeles", "2026-11-21T07:59:59"),
        ("Europe/Amsterdam", "2027-03-27T12:00:00"),
        ("Europe/Amsterdam", "2026-12-31T22:30:00"),
        ("Europe/Amsterdam", "2028-02-28T12:00:00"),
    ],
)
def test_samples_are_accepted_at_any_moment(
    api: ApiClient, venue: Venue, cinema: Attraction, clock: Clock, zone: str, moment: str
) -> None:
    Venue.objects.filter(pk=venue.pk).update(timezone=zone)
    clock.now = datetime.datetime.fromisoformat(moment).replace(tzinfo=datetime.UTC)
    cinema.venue.refresh_from_db()
    tomorrow = clock.now.astimezone(cinema.venue.zone).date() + datetime.timedelta(days=1)
    session(cinema, f"{tomorrow} 10:00")
    assert len(every_sample_is_accepted(api)) == 7


def test_a_sample_respects_the_cut_off(api: ApiClient, day: Package) -> None:
    Package.objects.filter(pk=day.pk).update(cut_off_minutes=5 * 24 * 60)
    assert "DAY" in numbers(api)
    every_sample_is_accepted(api)


def test_what_would_be_refused_as_it_is_set_up_is_not_listed(api: ApiClient, venue: Venue) -> None:
    set_partner(api, unmapped_items="refuse")
    PackageFactory.create(venue=venue, code="EMPTY")
    sellable_package(venue, "PRICELESS").prices.all().delete()
    assert numbers(api) == ["BUNDLE", "DAY", "GROUP"]
    every_sample_is_accepted(api)


def test_a_sample_is_for_a_day_that_has_a_price(api: ApiClient, day: Package) -> None:
    set_partner(api, unmapped_items="refuse")
    Price.objects.filter(package=day).update(visit_from=datetime.date(2026, 12, 24))
    assert "DAY" in numbers(api)
    every_sample_is_accepted(api)


def test_a_number_that_is_mapped_to_a_withdrawn_package_is_not_listed(
    api: ApiClient, venue: Venue
) -> None:
    # For an order the mapping wins over the package code, so that DAY means OLD now.
    mapped(api, "DAY", sellable_package(venue, "OLD", status="Withdrawn"))
    assert "DAY" not in numbers(api)
    every_sample_is_accepted(api)


@pytest.mark.parametrize("status", ["Draft", "Withdrawn"])
def test_what_is_not_on_sale_is_not_listed(api: ApiClient, day: Package, status: str) -> None:
    Package.objects.filter(pk=day.pk).update(status=status)
    mapped(api, "SKU", day)
    assert numbers(api) == ["BUNDLE", "GROUP"]


def test_package_codes_are_listed_only_where_the_partner_may_sell_by_them(
    api: ApiClient, day: Package
) -> None:
    set_partner(api, sell_by_package_code=False)
    assert listed(api) == []
    mapped(api, "SKU", day)
    assert numbers(api) == ["SKU"]
    every_sample_is_accepted(api)


def test_mappings_are_listed_while_they_are_valid(api: ApiClient, day: Package) -> None:
    set_partner(api, sell_by_package_code=False)
    today = NOON.date()
    yesterday, tomorrow = (today + datetime.timedelta(days=n) for n in (-1, 1))
    mapped(api, "NOW", day, valid_from=today, valid_until=today)
    mapped(api, "OVER", day, valid_until=yesterday)
    mapped(api, "SOON", day, valid_from=tomorrow)
    mapped(api, "OFF", day, is_active=False)
    assert numbers(api) == ["NOW"]


def test_prices_are_the_partners_own(api: ApiClient, rival: ApiClient, day: Package) -> None:
    Price.objects.create(package=day, partner=rival.partner, amount_incl_vat=1)
    price = {row["itemNumber"]: row["unitPriceInclVat"] for row in listed(api)}["DAY"]
    rivals = {row["itemNumber"]: row["unitPriceInclVat"] for row in listed(rival)}["DAY"]
    assert (price, rivals) == ("34.50", "1.00")


class TestSessions:
    """The sample names a session, or a day, that has room."""

    def test_a_timed_package_samples_the_next_session_with_room(
        self, api: ApiClient, show: Package, cinema: Attraction
    ) -> None:
        session(cinema, "2026-11-20 11:45")  # it runs already
        session(cinema, "2026-11-20 13:00", sold=60, held=40)
        session(cinema, "2026-11-20 14:00", is_on_sale=False)
        session(cinema, "2026-11-20 16:00", sold=99)
        session(cinema, "2026-11-21 10:00")
        assert sampled(api, "TIMED") == {
            "itemNumber": "TIMED",
            "quantity": 1,
            "visitDate": "2026-11-20",
            "visitTime": "16:00:00",
        }
        every_sample_is_accepted(api)
        assert sampled(api, "TIMED")["visitDate"] == "2026-11-21"

    def test_a_timed_package_without_a_session_to_come_is_left_out(
        self, api: ApiClient, venue: Venue, show: Package, cinema: Attraction
    ) -> None:
        sellable_package(venue, "UNCOUNTED", dating="timed")
        session(cinema, "2026-11-19 10:00")
        session(cinema, "2026-11-21")
        session(cinema, "2026-11-21 10:00", sold=100)
        session(cinema, "2029-11-20 10:00")
        assert numbers(api) == ["BUNDLE", "DAY", "GROUP"]

    def test_the_cut_off_the_price_and_the_allotment_are_respected(
        self, api: ApiClient, show: Package, cinema: Attraction
    ) -> None:
        Package.objects.filter(pk=show.pk).update(cut_off_minutes=120)
        Price.objects.filter(package=show).update(visit_from="2026-11-22")
        allotment = AllotmentFactory.create(partner=api.partner, package=show, places=2)
        for day in (20, 21, 22, 23):
            session(cinema, f"2026-11-{day} 13:30")
        used = Session.objects.get(date="2026-11-22")
        AllotmentUse.objects.create(allotment=allotment, session=used, taken=2)
        assert sampled(api, "TIMED")["visitDate"] == "2026-11-23"
        every_sample_is_accepted(api)

    def test_a_dated_package_samples_a_day_with_room_on_which_the_venue_is_open(
        self, api: ApiClient, venue: Venue, day: Package, dino: Attraction
    ) -> None:
        counted(day, dino)
        assert "DAY" not in numbers(api)
        for date, sold in ((20, 0), (21, 100), (22, 0), (23, 0)):
            session(dino, f"2026-11-{date}", sold=sold)
        CalendarDay.objects.create(venue=venue, date="2026-11-22")
        assert sampled(api, "DAY") == {
            "itemNumber": "DAY",
            "quantity": 1,
            "visitDate": "2026-11-23",
        }
        every_sample_is_accepted(api)

    def test_uncounted_packages_sample_a_day_on_which_the_venue_is_open(
        self, api: ApiClient, venue: Venue
    ) -> None:
        CalendarDay.objects.create(venue=venue, date="2026-11-21")
        assert {sampled(api, number)["visitDate"] for number in numbers(api)} == {"2026-11-22"}
        every_sample_is_accepted(api)

    def test_every_component_needs_room_on_the_day(
        self, api: ApiClient, rides: Package, dino: Attraction, cinema: Attraction
    ) -> None:
        rides.components.filter(item__number="DINO").update(quantity=3)
        session(dino, "2026-11-21 10:00")
        session(dino, "2026-11-22 10:00", sold=98)
        session(cinema, "2026-11-22 10:00")
        assert "BUNDLE" not in numbers(api)
        session(dino, "2026-11-23 10:00", sold=97)
        session(cinema, "2026-11-23 11:00", sold=99)
        assert sampled(api, "BUNDLE")["visitDate"] == "2026-11-23"
        every_sample_is_accepted(api)

    def test_components_of_one_attraction_need_room_together(
        self, api: ApiClient, rides: Package, dino: Attraction
    ) -> None:
        Item.objects.filter(number="CINEMA").update(attraction=dino)
        session(dino, "2026-11-21 10:00", sold=99)
        assert "BUNDLE" not in numbers(api)
        session(dino, "2026-11-22 10:00", sold=98)
        assert sampled(api, "BUNDLE")["visitDate"] == "2026-11-22"
        every_sample_is_accepted(api)

    def test_a_timed_package_of_several_schedules_what_begins_at_another_time(
        self, api: ApiClient, rides: Package, dino: Attraction, cinema: Attraction
    ) -> None:
        Package.objects.filter(pk=rides.pk).update(dating="timed")
        session(dino, "2026-11-21 10:00")
        session(cinema, "2026-11-21 09:30", sold=100)
        session(cinema, "2026-11-21 11:15")
        assert sampled(api, "BUNDLE") == {
            "itemNumber": "BUNDLE",
            "quantity": 1,
            "visitDate": "2026-11-21",
            "visitTime": "10:00:00",
            "wallet": {"componentSchedule": [{"itemNumber": "CINEMA", "visitTime": "11:15:00"}]},
        }
        every_sample_is_accepted(api)
        session(cinema, "2026-11-21 10:00")
        assert "wallet" not in sampled(api, "BUNDLE")


def test_other_venues_and_partners_are_not_listed(
    api: ApiClient, rival: ApiClient, day: Package
) -> None:
    sellable_package(VenueFactory.create(), "ELSEWHERE")
    PackageMappingFactory.create(partner=rival.partner, item_number="THEIRS", package=day)
    assert numbers(api) == ["BUNDLE", "DAY", "GROUP"]


def test_only_get_is_served(api: ApiClient) -> None:
    assert_problem(api.post({}, "/channelManager/packages"), 405, "method_not_allowed")

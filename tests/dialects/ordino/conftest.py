"""The cast of Ordino's tests: a park that sells a ride pass and a voucher, and its rival."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.utils import timezone

from catalog.models import Attraction, Dating, Item, Package
from orders.models import GuestOrder, Order, VirtualQueue
from orders.virtual_queues import Settings, open_queue
from partners.models import Partner, Venue
from tests.dialects.ordino.speaking import SEED, Park
from tests.factories import (
    AttractionFactory,
    PackageMappingFactory,
    PartnerFactory,
    sellable_package,
)
from tests.orders.expected import NOON, Clock


@pytest.fixture(autouse=True)
def nobody_waits_for_a_worker(settings: Any) -> None:
    """Answer at once: no worker runs beside these tests."""
    settings.DIALECT_WAIT_SECONDS = 0


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    """Make time stand still at NOON, until a test moves on."""
    standing = Clock()
    monkeypatch.setattr(timezone, "now", standing)
    return standing


@pytest.fixture
def dino(venue: Venue) -> Attraction:
    """The ride that a ride pass is for."""
    return AttractionFactory.create(venue=venue, code="dino", name="Dino ride")


@pytest.fixture
def ride_pass(venue: Venue, dino: Attraction) -> Package:
    """An open-dated ticket for the ride, valid for a week."""
    package = sellable_package(venue, "RIDE", dating=Dating.OPEN, validity_days=7)
    Item.objects.filter(components__package=package).update(attraction=dino)
    return package


@pytest.fixture
def voucher(venue: Venue) -> Package:
    """An open-dated coupon that is for no ride."""
    package = sellable_package(venue, "VOUCHER", "5.00", dating=Dating.OPEN)
    Item.objects.filter(components__package=package).update(type="coupon")
    return package


@pytest.fixture
def seller(venue: Venue, ride_pass: Package, voucher: Package) -> Partner:
    """A web shop that calls them as the seed does."""
    partner = PartnerFactory.create(venue=venue, name="Web store", sell_by_package_code=False)
    sells(partner, ride_pass, voucher)
    return partner


def sells(partner: Partner, ride_pass: Package, voucher: Package) -> None:
    """Map what the seed sells."""
    for number, package in (("pkg_ride_pass", ride_pass), ("pkg_voucher", voucher)):
        PackageMappingFactory.create(partner=partner, item_number=number, package=package)


@pytest.fixture
def park(clock: Clock, seller: Partner) -> Park:
    """The web shop's storefront."""
    return Park(seller)


@pytest.fixture
def rival_park(clock: Clock, venue: Venue, ride_pass: Package, voucher: Package) -> Park:
    """The rival's storefront, at the same venue."""
    partner = PartnerFactory.create(venue=venue, name="Rival shop", sell_by_package_code=False)
    sells(partner, ride_pass, voucher)
    return Park(partner)


@pytest.fixture
def sold(issue: Callable[[str], Order]) -> Callable[..., Order]:
    """Sell the seed's order, changed in these members, and issue it."""

    def sell(park: Park, **members: object) -> Order:
        response = park.order({**SEED, **members})
        assert response.status_code == 200, response.content
        made = GuestOrder.objects.filter(storefront=park.storefront).order_by("pk").last()
        assert made is not None
        return issue(str(made.order_id))

    return sell


@pytest.fixture
def queue(clock: Clock, dino: Attraction) -> VirtualQueue:
    """The ride's queue: a guest a minute, ten minutes to come."""
    settings = Settings(guests_per_hour=60, ready_minutes=10)
    return open_queue(attraction=dino, settings=settings, now=NOON)

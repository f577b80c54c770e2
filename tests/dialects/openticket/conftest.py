"""The cast: a shop of ours that speaks OpenTicket, the rival's shop, the show at 14:00."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.utils import timezone

from catalog.models import Attraction, Package, Session
from orders import checkouts
from orders.models import Checkout
from partners.keys import create_key, create_test_key
from partners.models import Dialect, Partner, Venue
from partners.storefronts import open_storefront
from tests.dialects.openticket.shop import Shop, checkout_of
from tests.factories import AttractionFactory, PartnerFactory, sellable_package
from tests.orders.expected import Clock
from tests.orders.sessions import counted, session


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    """Make time stand still at NOON."""
    standing = Clock()
    monkeypatch.setattr(timezone, "now", standing)
    return standing


@pytest.fixture
def cinema(venue: Venue) -> Attraction:
    """What is visited."""
    return AttractionFactory.create(venue=venue, code="cinema", name="Cinema")


@pytest.fixture
def show(venue: Venue, cinema: Attraction) -> Package:
    """A ticket for the cinema, at 24.50."""
    package = sellable_package(venue, "SHOW", "24.50", dating="timed", name="Show")
    return counted(package, cinema)


@pytest.fixture
def free(venue: Venue, cinema: Attraction) -> Package:
    """A ticket for the cinema that costs nothing."""
    package = sellable_package(venue, "TODDLER", "0.00", dating="timed", name="Toddler")
    return counted(package, cinema)


@pytest.fixture
def matinee(cinema: Attraction, show: Package) -> Session:
    """The show at 14:00, for five."""
    return session(cinema, "14:00", capacity=5)


@pytest.fixture
def seller(venue: Venue) -> Partner:
    """Our partner behind the shop."""
    return PartnerFactory.create(venue=venue, name="Web Tickets")


def opened(partner: Partner, *, test_mode: bool = False) -> Shop:
    storefront = open_storefront(
        partner=partner, dialect=Dialect.OPENTICKET, test_mode=test_mode, now=timezone.now()
    )
    make = create_test_key if test_mode else create_key
    return Shop(storefront, make(partner=partner, dialect=Dialect.OPENTICKET)[1])


@pytest.fixture
def shop(seller: Partner, matinee: Session) -> Shop:
    """Our partner's shop; it sells the show."""
    return opened(seller)


@pytest.fixture
def rival_shop(venue: Venue, matinee: Session) -> Shop:
    """The rival's shop at the same venue."""
    return opened(PartnerFactory.create(venue=venue, name="Rival Web"))


@pytest.fixture
def test_shop(seller: Partner, matinee: Session) -> Shop:
    """Our partner's shop in test mode."""
    return opened(seller, test_mode=True)


@pytest.fixture
def pay() -> Callable[[Any], Checkout]:
    """Pay what an order's answer asks for, as the provider tells us, and return the checkout."""

    def paid(answer: Any) -> Checkout:
        checkout = checkout_of(answer)
        return checkouts.complete(
            checkout_id=checkout.pk,
            payment_reference="PAID-1",
            paid=checkout.amount_due,
            now=timezone.now(),
        )

    return paid

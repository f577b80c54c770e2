"""What the tests of checkouts and payments share."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from catalog.models import Package, Session
from orders.models import Checkout, Payment
from partners.models import Dialect, Partner, Storefront
from partners.storefronts import open_storefront
from tests.orders.conftest import cinema, clock, hall, matinee, play, show, theatre
from tests.orders.expected import NOON, Clock
from tests.payments.buying import ask_payment, begun, reserve, start

__all__ = ["cinema", "clock", "hall", "matinee", "play", "show", "theatre"]


@pytest.fixture
def storefront(partner: Partner) -> Storefront:
    """Our partner's shop, which speaks VoordeMensen."""
    return open_storefront(partner=partner, dialect=Dialect.VOORDEMENSEN, now=NOON)


@pytest.fixture
def checkout(storefront: Storefront, show: Package, matinee: Session, clock: Clock) -> Checkout:
    """Two places of the matinee at 12.00, for which eight minutes are left to pay."""
    return ask_payment(reserve(storefront, show, matinee, NOON), NOON)


@pytest.fixture
def payment(checkout: Checkout) -> Payment:
    """Its payment, which the guest has not begun."""
    return start(checkout, NOON)


@pytest.fixture
def under_way(payment: Payment) -> Payment:
    """Its payment, begun at the sandbox."""
    return begun(payment, NOON)


@pytest.fixture
def state() -> Callable[[Checkout], str]:
    """How a checkout stands now."""
    return lambda checkout: str(Checkout.objects.get(pk=checkout.pk).status)

"""The fixed cast: our park with its partner, a rival partner, and a clock that stands still.

Every test of a kind shares these names; what else it needs it makes itself.
"""

from __future__ import annotations

import datetime
import gc
import json
import uuid
import zoneinfo
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from decimal import Decimal
from typing import Any

import pytest
from django.contrib.auth.models import Group, User
from django.db import connection
from django.test import Client, TransactionTestCase, override_settings
from django.utils import timezone
from xdist.scheduler import LoadScopeScheduling

from catalog.models import ItemType, Package
from orders import issuance
from orders.models import Order
from partners.keys import create_key, create_test_key
from partners.models import Partner, Venue
from tests import migrated
from tests.emptying import empty_tables
from tests.factories import (
    ItemFactory,
    Offer,
    PartnerFactory,
    VenueFactory,
    offer,
    sell,
)

TOMORROW = datetime.datetime.now(zoneinfo.ZoneInfo("Europe/Amsterdam")).date() + datetime.timedelta(
    days=1
)


class ApiClient:
    """A partner's developer: JSON in, JSON out, always with the key."""

    base = "/channelManager"

    def __init__(self, key: str, partner: Partner) -> None:
        self.key = key
        self.partner = partner
        self._client = Client(raise_request_exception=False)

    def request(
        self, method: str, path: str, body: Any = None, *, raw: bytes | None = None, **headers: str
    ) -> Any:
        """Send a request; headers as keyword arguments, such as idempotency_key."""
        sent = {"x-api-key": self.key, **{n.replace("_", "-"): v for n, v in headers.items()}}
        data = raw if raw is not None else b"" if body is None else json.dumps(body).encode()
        return self._client.generic(
            method,
            path,
            data,
            content_type=sent.pop("content-type", "application/json"),
            headers={name: value for name, value in sent.items() if value},
        )

    def post(self, body: Any, path: str = base, **headers: str) -> Any:
        return self.request("POST", path, body, **headers)

    def get(self, path: str, **headers: str) -> Any:
        return self.request("GET", path, **headers)

    def put(self, order_id: str, body: Any, **headers: str) -> Any:
        return self.request("PUT", f"{self.base}/{order_id}", body, **headers)

    def delete(self, order_id: str, **headers: str) -> Any:
        return self.request("DELETE", f"{self.base}/{order_id}", **headers)

    def confirm(self, order_id: str, reference: str = "PAY-1", **headers: str) -> Any:
        path = f"{self.base}/{order_id}/confirm"
        return self.request("POST", path, {"paymentReference": reference}, **headers)

    def order_body(self, *items: dict[str, Any], **members: Any) -> dict[str, Any]:
        """Return the body of an order; without items, one day ticket for tomorrow."""
        return {
            "partnerId": str(self.partner.pk),
            "sellToOrderReference": "WEB-1",
            "paymentReference": "PAY-1",
            "items": list(items) or [{"itemNumber": "DAY", "visitDate": TOMORROW.isoformat()}],
            **members,
        }

    def create(self, *items: dict[str, Any], **members: Any) -> dict[str, Any]:
        """Create an order that must be accepted and return it."""
        response = self.post(self.order_body(*items, **members))
        assert response.status_code == 201, response.content
        return dict(response.json())


@pytest.fixture(scope="session")
def django_db_modify_db_settings(django_db_modify_db_settings_parallel_suffix: None) -> None:
    """Copy the test database from the one that `tests.run` has migrated, where it has."""
    if (template := migrated.wait_for_template()) is not None:
        connection.settings_dict["TEST"]["TEMPLATE"] = template


@pytest.fixture(scope="session", autouse=True)
def passwords_are_hashed_quickly() -> Iterator[None]:
    """Spare hundreds of log-ins the third of a second that a hash is meant to take."""
    with override_settings(PASSWORD_HASHERS=["django.contrib.auth.hashers.MD5PasswordHasher"]):
        yield


@pytest.fixture(scope="session", autouse=True)
def tables_are_emptied_quickly() -> Iterator[None]:
    """Spare every test whose changes are committed the truncation of all tables."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(TransactionTestCase, "_fixture_teardown", empty_tables)
        yield


@pytest.fixture
def venue(db: None) -> Venue:
    """Our park, in Amsterdam, open 08:00 to 20:00."""
    return VenueFactory.create(code="dunes", name="Dune Park", reference_prefix="CM")


@pytest.fixture
def on_sale(request: pytest.FixtureRequest, venue: Venue) -> Callable[[str], Package]:
    """Our packages by their fixtures' names; those that a test asks for are made together."""
    makers: dict[str, Callable[[], Offer]] = {
        "day": lambda: offer(venue, "DAY"),
        "group": lambda: offer(venue, "GROUP", "27.00", is_group=True),
        "bundle": lambda: rides_and_lunch(venue),
    }
    made: dict[str, Package] = {}

    def make(names: Collection[str]) -> None:
        offers = [makers[name]() for name in names]
        sell(offers)
        made.update(zip(names, (each.package for each in offers), strict=True))

    def package(name: str) -> Package:
        if name not in made:  # asked for in the middle of the test, by getfixturevalue
            make([name])
        return made[name]

    make([name for name in makers if name in request.fixturenames])
    return package


@pytest.fixture
def day(on_sale: Callable[[str], Package]) -> Package:
    """A day ticket: dated, one ticket, 34.50."""
    return on_sale("day")


@pytest.fixture
def group(on_sale: Callable[[str], Package]) -> Package:
    """A group ticket: dated, one wallet for all, 27.00 a head."""
    return on_sale("group")


@pytest.fixture
def bundle(on_sale: Callable[[str], Package]) -> Package:
    """Two rides and a lunch coupon at 49.50, the coupon at another VAT rate."""
    return on_sale("bundle")


def rides_and_lunch(venue: Venue) -> Offer:
    rows = (
        ("DINO", ItemType.TICKET, "9.00", "24.50"),
        ("CINEMA", ItemType.TICKET, "9.00", "20.00"),
        ("LUNCH", ItemType.COUPON, "21.00", "5.00"),
    )
    parts = [
        (
            ItemFactory.build(venue=venue, number=number, type=kind, vat_rate=Decimal(vat_rate)),
            share,
        )
        for number, kind, vat_rate, share in rows
    ]
    return offer(venue, "BUNDLE", "49.50", parts, name="Rides and lunch")


@pytest.fixture
def partner(venue: Venue, day: Package, group: Package, bundle: Package) -> Partner:
    """Our partner: active, sells by package code."""
    return PartnerFactory.create(venue=venue, name="Sunny Trips")


@pytest.fixture
def api(partner: Partner) -> ApiClient:
    """Our partner's developer."""
    return ApiClient(create_key(partner=partner)[1], partner)


@pytest.fixture
def tester(partner: Partner) -> ApiClient:
    """Our partner's developer with a test key."""
    return ApiClient(create_test_key(partner=partner)[1], partner)


@pytest.fixture
def rival(venue: Venue) -> ApiClient:
    """The rival partner's developer, at the same venue."""
    partner = PartnerFactory.create(venue=venue, name="Rival Tours")
    return ApiClient(create_key(partner=partner)[1], partner)


@pytest.fixture
def order_desk(db: None) -> User:
    """Somebody at the order desk."""
    return User.objects.create_superuser("desk", "desk@example.com", "desk-password")


@pytest.fixture
def accountant(db: None) -> User:
    """Somebody in the finance role."""
    user = User.objects.create_user("accountant", is_staff=True)
    user.groups.add(Group.objects.get(name="finance"))
    return user


@pytest.fixture
def issue() -> Callable[[str], Order]:
    """Do what the worker does for an order, and return it."""

    def issue_now(order_id: str) -> Order:
        issuance.issue_order(order_id=uuid.UUID(order_id), clock=timezone.now)
        return Order.objects.get(pk=order_id)

    return issue_now


class StatementCount:
    """The client SQL statements of a block, as the budgets count them (design section 7)."""

    _FREE = ("SAVEPOINT", "RELEASE SAVEPOINT", "ROLLBACK TO SAVEPOINT", "BEGIN", "COMMIT")
    _NOT_OURS = ("procrastinate", "partners_tokenbucket")

    def __init__(self) -> None:
        self.statements: list[str] = []

    def __call__(self, execute: Any, sql: Any, params: Any, many: Any, context: Any) -> Any:
        text = str(sql).strip()
        if not text.startswith(self._FREE) and not any(name in text for name in self._NOT_OURS):
            self.statements.append(text)
        return execute(sql, params, many, context)

    def __len__(self) -> int:
        return len(self.statements)


@pytest.fixture
def statements() -> Callable[[], Any]:
    """Count statements: `with statements() as count: ...`."""

    @contextmanager
    def counting() -> Iterator[StatementCount]:
        count = StatementCount()
        with connection.execute_wrapper(count):
            yield count

    return counting


def pytest_collection_finish() -> None:
    """Have the garbage collector pass over what stays to the end: modules, models and tests.

    It would walk through these hundreds of thousands of objects again and again.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 100)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> LoadScopeScheduling:
    """Keep the tests that share a stack of processes on one worker; spread the others singly.

    The mark `xdist_group` would say so, but pytest 9.2 does not let xdist 3.8 act on it.
    """

    class OneStack(LoadScopeScheduling):
        def _split_scope(self, nodeid: str) -> str:
            scopes = ("tests/concurrency/", "tests/contracts/test_second_instance.py")
            return next((scope for scope in scopes if nodeid.startswith(scope)), nodeid)

    return OneStack(config, log)

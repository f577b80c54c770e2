"""The check of places that every torture ends with finds what it is there for."""

from __future__ import annotations

import datetime
from collections.abc import Callable

import pytest
from django.utils import timezone

from catalog.models import Dating
from orders import holds
from orders.api.serializers import HoldRequestSerializer
from orders.models import Order
from partners.account import Account
from tests.concurrency.test_invariants import sql
from tests.conftest import TOMORROW, ApiClient
from tests.factories import (
    AllotmentFactory,
    AttractionFactory,
    ComponentFactory,
    ItemFactory,
    PackageFactory,
    PriceFactory,
    SeatPlanFactory,
    SessionFactory,
)
from tests.invariants import PLACE_RULES, violations
from tests.traffic import visits

Issue = Callable[[str], Order]

ONE_SOLD = "(SELECT id FROM orders_allocation WHERE line_id IS NOT NULL ORDER BY id LIMIT 1)"
# Each breaks an Issued order of two seats and a hold of one, in one session under an allotment.
BREAKS: dict[str, str] = {
    "a session's counts are not the sums of what is allocated": (
        "UPDATE catalog_session SET held = held - 1, sold = sold + 1"
    ),
    "more places of a session are allocated than it has": """
        ALTER TABLE catalog_session DROP CONSTRAINT session_not_oversold;
        UPDATE catalog_session SET capacity = 2
    """,
    "an allotment's use is not the sum of what is allocated": "DELETE FROM catalog_allotmentuse",
    "places are allocated to nobody, or to two": """
        ALTER TABLE orders_allocation DROP CONSTRAINT allocation_is_of_a_hold_or_a_line;
        UPDATE orders_allocation SET line_id = NULL
    """,
    "a numbered seat of a session belongs to two": """
        DROP INDEX seat_taken_once;
        UPDATE orders_allocation SET seat_id = (SELECT min(id) FROM catalog_seat)
    """,
    "places of a hall are allocated without a seat, or seats where there is no hall": (
        "UPDATE orders_allocation SET seat_id = NULL"
    ),
    "a hold that has ended has places": (
        "UPDATE orders_hold SET status = 'Expired', ended_at = now()"
    ),
    "a hold still holds long after its time": (
        "UPDATE orders_hold SET expires_at = now() - interval '1 minute'"
    ),
    "a hold has not the places that it says": (
        "DELETE FROM orders_allocation WHERE hold_id IS NOT NULL"
    ),
    "a cancelled order has places": "UPDATE orders_order SET status = 'Cancelled'",
    "a line has not the places that it was sold with": (
        f"DELETE FROM orders_allocation WHERE id = {ONE_SOLD}"
    ),
    "an order in Error has some of its places": f"""
        UPDATE orders_order
        SET status = 'Error', failure_code = 'internal', failure_fingerprint = 'internal';
        DELETE FROM orders_allocation WHERE id = {ONE_SOLD}
    """,
    "a line has other seats than its plan says": f"""
        UPDATE orders_allocation SET seat_id = (SELECT max(id) FROM catalog_seat)
        WHERE id = {ONE_SOLD}
    """,
}


@pytest.fixture
def _places(api: ApiClient, issue: Issue) -> None:
    """An Issued order of two seats, a hold of a third, an order in Error; triggers are off."""
    hall = AttractionFactory.create(venue=api.partner.venue)
    SessionFactory.create(
        attraction=hall,
        time=datetime.time(10),
        capacity=4,
        seat_plan=SeatPlanFactory.create(venue=api.partner.venue, rows={"A": 4}),
    )
    package = PackageFactory.create(venue=api.partner.venue, code="HALL", dating=Dating.TIMED)
    item = ItemFactory.create(venue=api.partner.venue, attraction=hall)
    ComponentFactory.create(package=package, item=item)
    PriceFactory.create(package=package)
    AllotmentFactory.create(partner=api.partner, package=package, places=4)
    line = visits("HALL", TOMORROW.isoformat(), "10:00")
    issue(api.create({**line, "quantity": 2})["orderId"])
    wanted = HoldRequestSerializer(data={"items": [line]}, context={"partner": api.partner})
    wanted.is_valid(raise_exception=True)
    holds.create_hold(account=Account(api.partner), lines=wanted.to_lines(), now=timezone.now())
    sql("SET CONSTRAINTS ALL IMMEDIATE")
    sql("SET LOCAL session_replication_role = 'replica'")
    sql("DELETE FROM procrastinate_jobs")


@pytest.mark.usefixtures("_places")
def test_places_that_are_whole_violate_nothing() -> None:
    assert violations(sql) == []


@pytest.mark.usefixtures("_places")
@pytest.mark.parametrize("rule", PLACE_RULES)
def test_a_broken_rule_about_places_is_named(rule: str) -> None:
    for statement in BREAKS[rule].split(";"):
        sql(statement)
    assert any(found.startswith(f"{rule}: ") for found in violations(sql))

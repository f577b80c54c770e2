"""The check of orders at outside systems that every torture ends with finds what it is there for."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.db import transaction

from catalog.models import Package
from orders.models import Order
from tests.concurrency.test_invariants import sql
from tests.conftest import ApiClient
from tests.invariants import violations
from tests.orders.expected import Clock
from tests.outside.playhouse import Playhouse
from tests.outside.reading import read, tell
from tests.outside_invariants import OUTSIDE_RULES

pytestmark = pytest.mark.django_db(transaction=True)

Work = Callable[[Any], Order]
SHOW = {"itemNumber": "SHOW", "visitDate": "2026-11-23"}
# Each breaks an order of two tickets, one of them used there, beside a draft.
BREAKS: dict[str, str] = {
    "a call was answered that nobody meant to make": "DELETE FROM wallets_connectorcall",
    "an order is Made there by no call that may have made it, and by nobody's word": (
        "UPDATE wallets_connectoroutcome SET effect = 'none'"
    ),
    "two orders at one connection stand for one of ours": """
        DROP INDEX outside_order_once_per_connection;
        INSERT INTO wallets_outsideorder SELECT (jsonb_populate_record(x, jsonb_build_object(
            'id', gen_random_uuid(), 'reference', 'again'))).* FROM wallets_outsideorder x
    """,
    "an issued ticket that others issue has none behind it": "DELETE FROM wallets_outsideticket",
    "a destroyed ticket admits at the other system still": (
        "UPDATE wallets_asset SET status = 'Destroyed'"
    ),
    "a draft that others issue has something issued": (
        "UPDATE wallets_wallet SET status = 'Minted' WHERE status = 'Reserved'"
    ),
    "a scan at another system admitted twice": """
        INSERT INTO wallets_scan SELECT (jsonb_populate_record(s, jsonb_build_object(
            'id', gen_random_uuid(), 'request_id', split_part(s.request_id, ':', 1) || ':2'))).*
        FROM wallets_scan s
    """,
    "an admission stands of a ticket that is not used at its system": (
        "UPDATE wallets_outsideticket SET status = 'Valid'"
    ),
    "a gate of an outside system can be used": "UPDATE wallets_gatedevice SET last_used_at = now()",
}


@pytest.fixture
def sold(api: ApiClient, work: Work, show: Package, playhouse: Playhouse, clock: Clock) -> None:
    """Two tickets that the playhouse has made, one of them used, and a draft of another."""
    work(api.create({**SHOW, "quantity": 2}))
    work(api.create(SHOW, sellToOrderReference="WEB-2", paymentReference=None))
    tell(playhouse, "used", "HALL-0001")
    read(clock)
    sql("DELETE FROM procrastinate_jobs")


@pytest.mark.usefixtures("sold")
def test_orders_elsewhere_that_are_whole_violate_nothing() -> None:
    assert violations(sql) == []


@pytest.mark.usefixtures("sold")
def test_a_broken_rule_is_named() -> None:
    missed = [rule for rule in OUTSIDE_RULES if not _is_found(rule)]
    assert missed == []
    assert violations(sql) == []


def _is_found(rule: str) -> bool:
    """Break a rule, with triggers and keys to other tables off, and mend it again."""
    with transaction.atomic():
        sql("SET LOCAL session_replication_role = 'replica'")
        for statement in BREAKS[rule].split(";"):
            sql(statement)
        found = violations(sql)
        transaction.set_rollback(True)
    return any(one.startswith(f"{rule}: ") for one in found)

"""What stands in the database lives through the migrations, backwards and forwards.

One test for all: a way back and forth takes longer than hundreds of tests.
"""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.core.management import call_command
from django.db import connection

from catalog.models import Session
from orders.models import Allocation, Hold, Order
from tests.conftest import ApiClient
from tests.orders.expected import NOON, line
from tests.orders.sessions import counters
from tests.orders.test_database_promises import refused
from wallets.models import Asset, Wallet

TRIGGERS = "SELECT count(*) FROM pg_trigger WHERE tgname LIKE 'orders_places_%'"

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("clock")]


def number(sql: str) -> int:
    with connection.cursor() as cursor:
        cursor.execute(sql)
        return int(cursor.fetchone()[0])


def test_places_are_counted_again_and_what_was_used_before_the_gate_counts_as_admitted(
    api: ApiClient, issue: Callable[[str], Order], matinee: Session
) -> None:
    hold = Hold.objects.create(partner=api.partner, lines=[], created_at=NOON, expires_at=NOON)
    Allocation.objects.create(session=matinee, quantity=2, hold=hold)
    order = issue(api.create(line(quantity=2))["orderId"])
    used, valid = Asset.objects.filter(wallet__order=order).order_by("pk")
    assert number(TRIGGERS) == 3
    try:
        call_command("migrate", "orders", "0003", verbosity=0)
        assert number(TRIGGERS) == 0
        call_command("migrate", "wallets", "0001", verbosity=0)
        with connection.cursor() as cursor:
            cursor.execute("UPDATE wallets_asset SET status = 'Used' WHERE id = %s", [used.pk])
    finally:
        call_command("migrate", verbosity=0)
    Allocation.objects.create(session=matinee, quantity=1, hold=hold)
    assert counters() == {"cinema 14:00": "3+0"}
    with refused("session_not_oversold"):
        Allocation.objects.create(session=matinee, quantity=3, hold=hold)
    counts = Asset.objects.order_by("pk").values_list("pk", "status", "admitted", "seat")
    assert list(counts) == [(used.pk, "Used", 1, ""), (valid.pk, "Valid", 0, "")]
    assert Wallet.objects.count() == 2

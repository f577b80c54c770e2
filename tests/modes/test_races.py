"""The first test orders of a venue, and one reference in both modes, at the same moment."""

from __future__ import annotations

import threading
from typing import Any

import pytest
from django.db import connection, transaction

from catalog.models import Package
from catalog.trial_ticket import store_ticket
from orders.models import Order
from tests.conftest import ApiClient
from tests.orders.expected import line

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("clock")]
_WAITING = """
    SELECT count(*) FROM pg_stat_activity
    WHERE datname = current_database() AND wait_event_type = 'Lock'
"""


def is_somebody_waiting() -> bool:
    with connection.cursor() as cursor:
        # Within a transaction the first look would be repeated.
        cursor.execute("SELECT pg_stat_clear_snapshot()")
        cursor.execute(_WAITING)
        return cursor.fetchone() != (0,)


def test_two_first_test_orders_make_one_test_ticket(tester: ApiClient) -> None:
    venue, stored, answers = tester.partner.venue, threading.Event(), list[Any]()

    def order() -> None:
        assert stored.wait(10)
        answers.append(tester.post(tester.order_body({"itemNumber": "TEST-OK"})))
        connection.close()

    other = threading.Thread(target=order)
    other.start()
    with transaction.atomic():
        store_ticket(venue)
        stored.set()
        while not is_somebody_waiting():
            assert other.is_alive()
    other.join(10)
    assert [answer.status_code for answer in answers] == [201]
    assert Package._base_manager.filter(is_test=True).count() == 1


def test_both_modes_take_one_reference_at_once(api: ApiClient, tester: ApiClient) -> None:
    start, answers = threading.Barrier(2), list[Any]()

    def order(who: ApiClient) -> None:
        start.wait(10)
        lines = line(wallet={"externalReferenceNumbers": ["GUEST-1"]})
        answers.append(who.post(who.order_body(lines), idempotency_key="K"))
        connection.close()

    threads = [threading.Thread(target=order, args=[who]) for who in (api, tester)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(10)
    assert [answer.status_code for answer in answers] == [201, 201]
    assert sorted(Order.objects.values_list("test_mode", flat=True)) == [False, True]

"""Statements that are written and prepared once find and store what the ORM would."""

from __future__ import annotations

import datetime
import json
import uuid
from collections.abc import Iterator
from contextlib import closing, contextmanager
from decimal import Decimal
from types import SimpleNamespace
from typing import Any

import pytest
from django.db import connection, connections
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models import QuerySet
from django.forms.models import model_to_dict
from django.utils import timezone

from channel_manager.lib import prepared
from channel_manager.lib.inserting import insert_together
from channel_manager.lib.postgresql import base
from channel_manager.lib.written import Written
from orders.models import Order, OrderLine
from partners.models import Partner
from tests.conftest import ApiClient
from tests.factories import PackageFactory

NAME = 'Zoë "100 %" O\'Hara \\ 😀'


@pytest.fixture
def order(api: ApiClient) -> Order:
    return Order.objects.get(pk=api.create(sellToName=NAME)["orderId"])


def test_rows_are_stored_as_the_orm_stores_them(order: Order) -> None:
    now = timezone.now()
    values = {
        "order": order,
        "item_number": "A % B",
        "package": PackageFactory.create(venue=order.venue),
        "description": NAME,
        "quantity": 3,
        "visit_date": datetime.date(2026, 12, 24),
        "visit_time": datetime.time(23, 59, 1),
        "names": [NAME, "", "{x}"],
        "seats": ["A,1", 'B"2'],
        "component_schedule": [{"itemNumber": NAME, "visitDate": None}],
        "redeemable_from": now,
        "plan": [{"units": 1, "admissions": 2}],
        "unit_price_incl_vat": Decimal("34.505"),
        "unit_price_excl_vat": Decimal("0.001"),
        "vat_parts": [{"rate": "9.00", "inclVat": "34.50"}],
        "cancelled": [1, 3],
    }
    by_orm, by_us = OrderLine(line_no=700, **values), OrderLine(line_no=701, **values)
    by_orm.save()
    insert_together([by_us], [], [OrderLine(line_no=702, **values)])

    stored, ours = (OrderLine.objects.get(order=order, line_no=no) for no in (700, 701))
    own = {"id", "line_no"}
    assert {k: v for k, v in model_to_dict(ours).items() if k not in own} == {
        k: v for k, v in model_to_dict(stored).items() if k not in own
    }
    assert OrderLine.objects.filter(line_no=702).exists()
    assert not by_us._state.adding


def test_what_the_database_fills_in_is_known_afterwards(order: Order) -> None:
    twin = Order.objects.get(pk=order.pk)
    new = Order(
        **{
            field.attname: getattr(twin, field.attname)
            for field in Order._meta.concrete_fields
            if field.name not in ("id", "token", "status", "failure_fingerprint")
        }
    )
    new.sell_to_order_reference, new.buy_from_order_reference = "WEB-TWIN", "CM26-TWIN"
    insert_together([new])
    assert new.failure_fingerprint == Order.objects.get(pk=new.pk).failure_fingerprint == ""


def test_what_is_written_once_finds_what_the_orm_finds(order: Order) -> None:
    by_order = Written(
        lambda order_id: (
            OrderLine.objects.filter(order=order_id)
            .exclude(item_number="100 %")
            .select_related("package", "mapping")
            .order_by("-line_no")
        )
    )
    (expected,) = OrderLine.objects.filter(order=order).select_related("package", "mapping")
    (found,) = by_order.rows(order.pk)
    assert model_to_dict(found) == model_to_dict(expected)
    assert (found.package, found.mapping) == (expected.package, expected.mapping)
    assert by_order.rows(uuid.uuid4()) == []


def test_two_keys_are_told_apart(order: Order) -> None:
    of_partner = Written(
        lambda order_id, partner_id: Order.objects.filter(partner=partner_id, pk=order_id), keys=2
    )
    assert of_partner.rows(order.pk, order.partner_id) == [order]
    assert of_partner.rows(order.partner_id, order.pk) == []


def test_threads_that_write_a_statement_at_the_same_time_write_the_same(order: Order) -> None:
    """Since Python 3.12 no lock keeps two of them from computing a cached property at once."""
    asked: list[uuid.UUID] = []

    def make(order_id: uuid.UUID) -> QuerySet[OrderLine]:
        asked.append(order_id)
        return OrderLine.objects.filter(order=order_id)

    of_order = Written(make)
    for _ in range(2):
        assert Written._statement.func(of_order).order == [0]
        for name in [name for name, value in vars(Written).items() if hasattr(value, "func")]:
            vars(of_order).pop(name, None)
    assert len(set(asked)) == 1


def test_values_travel_beside_the_statement(order: Order) -> None:
    assert prepared.rows_of("SELECT %s::text, %s::int", [NAME, 7]) == [(NAME, 7)]
    assert prepared.rows_of("SELECT %(a)s::json ->> 'b'", {"a": json.dumps({"b": NAME})}) == [
        (NAME,)
    ]


def test_what_is_not_prepared_is_not_kept(order: Order) -> None:
    prepared.rows_of("SELECT %s::text", [NAME])
    assert Order.objects.filter(sell_to_name=NAME).exists()
    kept = connection.connection._prepared
    assert not kept._counts
    assert b"SELECT %s::text" in {key[0].replace(b"$1", b"%s") for key in kept._names}


@contextmanager
def somebody_else() -> Iterator[Any]:
    """Give a cursor of another connection."""
    with (
        closing(connections.create_connection("default")) as other,
        other.cursor() as cursor,
    ):
        yield cursor


@pytest.fixture
def table(transactional_db: None) -> Iterator[str]:
    with connection.cursor() as cursor:
        cursor.execute("CREATE TABLE prepared_trial (name varchar(3))")
        cursor.execute("INSERT INTO prepared_trial VALUES ('abc')")
    yield "prepared_trial"
    with connection.cursor() as cursor:
        cursor.execute("DROP TABLE prepared_trial")


def test_a_column_may_change_its_type_meanwhile(table: str) -> None:
    statement = "SELECT name FROM prepared_trial WHERE name = %s"
    assert prepared.rows_of(statement, ["abc"]) == [("abc",)]
    with somebody_else() as cursor:
        cursor.execute("ALTER TABLE prepared_trial ALTER name TYPE varchar(30)")
    assert prepared.rows_of(statement, ["abc"]) == [("abc",)]


@pytest.mark.usefixtures("transactional_db")
@pytest.mark.parametrize(("idle", "asked"), [(1, 0), (31, 1)])
def test_only_a_connection_that_was_idle_is_asked(
    monkeypatch: pytest.MonkeyPatch, idle: int, asked: int
) -> None:
    own = connection.copy()  # what other tests did to theirs is not asked here
    own.settings_dict.update(CONN_MAX_AGE=None, CONN_HEALTH_CHECKS=True)
    try:
        for _ in range(2):  # it is new, then it is known
            _begin_and_ask(own)
        questions: list[None] = []
        is_usable = own.is_usable
        monkeypatch.setattr(own, "is_usable", lambda: questions.append(None) or is_usable())
        later = base.time.monotonic() + idle
        monkeypatch.setattr(base, "time", SimpleNamespace(monotonic=lambda: later))
        for _ in range(2):
            _begin_and_ask(own)
    finally:
        own.close()
    assert len(questions) == asked


def _begin_and_ask(own: BaseDatabaseWrapper) -> None:
    """Use a connection as a request does that has just begun."""
    own.close_if_unusable_or_obsolete()
    with own.cursor() as cursor:
        cursor.execute("SELECT 1")


@pytest.mark.usefixtures("transactional_db")
def test_a_connection_that_was_ended_is_replaced_before_it_is_used() -> None:
    connection.ensure_connection()
    ended = connection.connection.info.backend_pid
    with somebody_else() as cursor:
        cursor.execute("SELECT pg_terminate_backend(%s, 5000)", [ended])
        assert cursor.fetchone() == (True,)
    connection.close_if_unusable_or_obsolete()  # as when a request begins

    assert Partner.objects.count() == 0
    assert connection.connection.info.backend_pid != ended

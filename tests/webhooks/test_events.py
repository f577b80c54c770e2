"""What a partner is told, whatever happens to its order."""

from __future__ import annotations

import datetime
import uuid
from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import IntegrityError, connection, transaction
from django.utils import timezone

from channel_manager.lib.errors import NotFound
from orders import cancellation, moving, recovery
from orders.models import Order
from partners.models import WebhookEvent
from partners.webhooks.payload import render_event
from tests.conftest import TOMORROW, ApiClient

Issue = Callable[[str], Order]


def told(order_id: str) -> list[dict[str, Any]]:
    """Return what the partner of an order is told, without what differs from run to run."""
    events = [render_event(event) for event in WebhookEvent.objects.filter(order_id=order_id)]
    for event in events:
        assert uuid.UUID(event.pop("eventId").removeprefix("evt_")).version == 7
        assert datetime.datetime.fromisoformat(event.pop("timestamp"))
    return events


def expected(order: dict[str, Any], kind: str, status: str, **more: Any) -> dict[str, Any]:
    return {
        "type": kind,
        "testMode": False,
        "orderId": order["orderId"],
        "partnerId": order["partnerId"],
        "buyFromOrderReference": order["buyFromOrderReference"],
        "sellToOrderReference": order["sellToOrderReference"],
        "status": status,
        "statusMessage": None,
        **more,
    }


def test_an_order_that_is_issued_and_cancelled(api: ApiClient, issue: Issue) -> None:
    order = api.create()
    assert told(order["orderId"]) == []
    issue(order["orderId"])
    assert api.delete(order["orderId"]).status_code == 200
    assert told(order["orderId"]) == [
        expected(order, "ota_cm_order_processed", "Issued"),
        expected(order, "ota_cm_order_cancelled", "Cancelled"),
    ]


def test_a_draft_that_is_confirmed(api: ApiClient, issue: Issue) -> None:
    order = api.create(paymentReference=None)
    issue(order["orderId"])
    assert api.confirm(order["orderId"]).status_code == 200
    assert api.confirm(order["orderId"]).status_code == 200
    assert told(order["orderId"]) == [
        expected(order, "ota_cm_order_processed", "Draft"),
        expected(order, "ota_cm_order_confirmed", "Issued"),
    ]


def test_an_order_that_cannot_be_issued(api: ApiClient, issue: Issue) -> None:
    order = api.create({"itemNumber": "NOBODY-KNOWS"})
    issue(order["orderId"])
    assert api.delete(order["orderId"]).status_code == 200
    message = "Line 100000: item number NOBODY-KNOWS is not mapped to a package of the venue."
    assert told(order["orderId"]) == [
        expected(order, "ota_cm_order_processed", "Error", statusMessage=message),
        expected(order, "ota_cm_order_cancelled", "Cancelled"),
    ]


def test_a_draft_whose_lifetime_has_passed(api: ApiClient, issue: Issue) -> None:
    order = api.create(paymentReference=None)
    issue(order["orderId"])
    recovery.recover_orders(now=timezone.now() + datetime.timedelta(days=8))
    assert not Order.objects.filter(pk=order["orderId"]).exists()
    assert told(order["orderId"])[1:] == [expected(order, "ota_cm_order_cancelled", "Cancelled")]


def test_an_order_that_stalls(api: ApiClient) -> None:
    order = api.create()
    long_ago = timezone.now() - datetime.timedelta(hours=2)
    Order.objects.filter(pk=order["orderId"]).update(status="Processing", status_since=long_ago)
    recovery.recover_orders(now=timezone.now())
    message = "Issuing made no progress for too long."
    assert told(order["orderId"]) == [
        expected(order, "ota_cm_order_processed", "Error", statusMessage=message)
    ]


def test_an_order_that_staff_move(api: ApiClient, issue: Issue, order_desk: User) -> None:
    order = api.create()
    issue(order["orderId"])
    moving.move_order(
        orders=Order.objects.all(),
        order_id=uuid.UUID(order["orderId"]),
        to_date=TOMORROW + datetime.timedelta(days=1),
        from_date=TOMORROW,
        actor=f"staff:{order_desk.pk}",
        now=timezone.now(),
    )
    assert told(order["orderId"])[1:] == [expected(order, "ota_cm_order_changed", "Issued")]


def test_a_refused_request_tells_nothing(api: ApiClient, issue: Issue) -> None:
    order = api.create(paymentReference=None)
    issue(order["orderId"])
    with pytest.raises(NotFound):
        cancellation.cancel_order(
            orders=Order.objects.none(),
            order_id=uuid.UUID(order["orderId"]),
            actor="worker",
            now=timezone.now(),
        )
    assert len(told(order["orderId"])) == 1


def test_an_event_never_changes(api: ApiClient, issue: Issue) -> None:
    issue(api.create()["orderId"])
    with connection.cursor() as cursor:
        for change in ("data = '{}'", "position = 1, type = 'ota_cm_order_cancelled'"):
            with pytest.raises(IntegrityError, match="never changes"), transaction.atomic():
                cursor.execute(f"UPDATE partners_webhookevent SET {change}")
        cursor.execute("UPDATE partners_webhookevent SET position = 1")
        with pytest.raises(IntegrityError, match="never changes"), transaction.atomic():
            cursor.execute("UPDATE partners_webhookevent SET position = 2")

"""What partners sent is kept beside what came of it, and nothing else."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from orders.models import Order, ReceivedRequest
from tests.conftest import TOMORROW, ApiClient

Issue = Callable[[str], Order]


def kept() -> list[tuple[str, Any, str, str]]:
    """Return kind, body, Idempotency-Key and request id of all requests, in order."""
    return [
        (row.kind, json.loads(row.body) if row.body else None, row.idempotency_key, row.request_id)
        for row in ReceivedRequest.objects.order_by("received_at", "id")
    ]


def test_each_request_that_changed_an_order_is_kept_as_it_was_sent(
    api: ApiClient, issue: Issue
) -> None:
    line = {"itemNumber": "DAY", "visitDate": TOMORROW.isoformat(), "wallet": {"names": ["Zoë"]}}
    first = api.order_body(line, paymentReference=None, sellToName="Anna de Vries")
    made = api.post(first, idempotency_key="key-1", X_Request_Id="req-1").json()["orderId"]
    issue(made)
    second = api.order_body(sellToName="Bo Yang", paymentReference=None)
    assert api.put(made, second, X_Request_Id="req-2").status_code == 200
    issue(made)
    assert api.confirm(made, "PAY-1", X_Request_Id="req-3").status_code == 200
    assert api.delete(made, X_Request_Id="req-4").status_code == 200
    assert kept() == [
        ("createOrder", first, "key-1", "req-1"),
        ("replaceOrder", second, "", "req-2"),
        ("confirmOrder", {"paymentReference": "PAY-1"}, "", "req-3"),
        ("deleteOrder", None, "", "req-4"),
    ]
    assert list(ReceivedRequest.objects.first().body)[:1] == ["{"]  # type: ignore[union-attr]
    assert list(json.loads(ReceivedRequest.objects.earliest("received_at").body)) == list(first)
    assert {row.api_key for row in ReceivedRequest.objects.all()} == {api.partner.api_keys.get()}


def test_nothing_is_kept_of_what_changed_nothing(api: ApiClient, issue: Issue) -> None:
    body = api.order_body()
    made = api.post(body, idempotency_key="key-1").json()["orderId"]
    assert api.post(body, idempotency_key="key-1").headers["Idempotent-Replayed"] == "true"
    assert api.post(body).status_code == 400
    assert api.delete(made).status_code == 409
    issue(made)
    assert api.put(made, body).status_code == 409
    assert api.confirm(made, "PAY-1").status_code == 200
    assert api.request("POST", f"{api.base}/{made}/confirm", {"odd": 1}).status_code == 200
    assert [kind for kind, *_ in kept()] == ["createOrder"]
    assert api.confirm(made, "PAY-2").status_code == 200
    assert [kind for kind, *_ in kept()] == ["createOrder", "confirmOrder"]


def test_the_requests_of_an_order_that_is_removed_go_with_it(api: ApiClient, issue: Issue) -> None:
    order = issue(api.create(paymentReference=None)["orderId"])
    assert api.delete(str(order.pk)).status_code == 200
    assert kept() == []


def test_what_looks_like_a_key_is_not_kept(api: ApiClient) -> None:
    api.create(paymentReference=f"by {api.key}")
    ((_, body, _, _),) = kept()
    assert body["paymentReference"] == f"by {api.key[:12]}[redacted]"

"""Idempotency-Key: the first answer again, or a refusal (contract section 1)."""

from __future__ import annotations

import importlib
import json
import uuid
from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection

from orders.models import Order
from partners import idempotency
from partners.models import IdempotencyRecord, Partner
from tests.conftest import ApiClient
from tests.orders.expected import NOBODY, Clock, assert_problem, line, settle, stored

pytestmark = pytest.mark.usefixtures("clock")

Issue = Callable[[str], Order]
KEY = {"idempotency_key": "key-1"}


def replayed(response: Any, first: Any) -> None:
    """Assert that an answer is the first one again."""
    assert response.status_code == first.status_code
    assert response.json() == first.json()
    assert response["Idempotent-Replayed"] == "true"
    assert response.get("Location") == first.get("Location")
    assert response["Content-Type"] == first["Content-Type"]
    assert response["X-Request-Id"] != first["X-Request-Id"]


def mismatch(response: Any) -> None:
    assert_problem(response, 422, "idempotency_mismatch")


def test_a_create_sent_twice_is_answered_the_same_and_done_once(
    api: ApiClient, issue: Issue
) -> None:
    body = api.order_body(line(quantity=2), line("BUNDLE"))
    first = api.post(body, **KEY)
    assert first.status_code == 201
    assert "Idempotent-Replayed" not in first
    rows = stored()
    replayed(api.post(body, **KEY), first)
    assert stored() == rows
    # It stays the first answer, whatever became of the order.
    issue(first.json()["orderId"])
    replayed(api.post(body, **KEY), first)
    assert api.delete(first.json()["orderId"]).status_code == 200
    replayed(api.post(body, **KEY), first)


def test_without_the_header_a_second_create_is_a_duplicate(api: ApiClient) -> None:
    body = api.order_body(line())
    assert api.post(body, **KEY).status_code == 201
    assert api.post(body).json()["code"] == "duplicate_order"
    assert api.post(body, idempotency_key="key-2").json()["code"] == "duplicate_order"


def test_put_confirm_and_delete_are_replayed_too(api: ApiClient, issue: Issue) -> None:
    order_id = settle(api, issue, paymentReference=None)["orderId"]
    replacement = api.order_body(line(quantity=3), paymentReference=None)
    put = api.put(order_id, replacement, idempotency_key="put")
    assert put.status_code == 200
    replayed(api.put(order_id, replacement, idempotency_key="put"), put)
    issue(order_id)
    # Without the stored answer this would be a new replacement: the order is a Draft again.
    replayed(api.put(order_id, replacement, idempotency_key="put"), put)
    confirm = api.confirm(order_id, idempotency_key="confirm")
    assert confirm.json()["status"] == "Issued"
    replayed(api.confirm(order_id, idempotency_key="confirm"), confirm)
    delete = api.delete(order_id, idempotency_key="delete")
    assert delete.json()["status"] == "Cancelled"
    replayed(api.delete(order_id, idempotency_key="delete"), delete)
    replayed(api.confirm(order_id, idempotency_key="confirm"), confirm)
    assert Order.objects.get().status == "Cancelled"


@pytest.mark.parametrize("number", ["DAY", "unknown"])
def test_a_delete_is_replayed_although_the_order_is_gone(
    api: ApiClient, issue: Issue, number: str
) -> None:
    order_id = settle(api, issue, line(number), paymentReference=None)["orderId"]
    first = api.delete(order_id, **KEY)
    assert first.status_code == 200
    assert not Order.objects.exists()
    replayed(api.delete(order_id, **KEY), first)
    assert_problem(api.delete(order_id), 404, "not_found")


def test_the_same_key_with_another_request_is_a_mismatch(api: ApiClient, issue: Issue) -> None:
    body = api.order_body(line())
    first = api.post(body, **KEY).json()
    issue(first["orderId"])
    rows = stored()
    for other in (
        {**body, "sellToName": "x"},
        {**body, "sellToName": None},
        {**body, "paymentReference": "PAY-2"},
        {**body, "items": [line(quantity=1)]},
        {**body, "items": [line(), line()]},
        {},
        [body],
    ):
        mismatch(api.post(other, **KEY))
    order_id = first["orderId"]
    mismatch(api.put(order_id, body, **KEY))
    mismatch(api.delete(order_id, **KEY))
    mismatch(api.confirm(order_id, **KEY))
    mismatch(api.delete(NOBODY, **KEY))
    assert stored() == rows


def test_the_path_belongs_to_the_request(api: ApiClient, issue: Issue) -> None:
    ids = [
        settle(api, issue, sellToOrderReference=name, paymentReference=None)["orderId"]
        for name in "AB"
    ]
    assert api.delete(ids[0], **KEY).status_code == 200
    mismatch(api.delete(ids[1], **KEY))
    assert Order.objects.count() == 1


def test_the_order_and_spacing_of_members_do_not_matter(api: ApiClient) -> None:
    body = api.order_body(line(quantity=2, wallet={"names": ["Renée", "B"]}))
    first = api.post(body, **KEY)
    turned = dict(reversed(body.items()))
    turned["items"] = [dict(reversed(body["items"][0].items()))]
    for raw in (
        json.dumps(turned, indent=4).encode(),
        json.dumps(turned, ensure_ascii=False).encode(),
    ):
        replayed(api.request("POST", "/channelManager", raw=raw, **KEY), first)
    body["items"][0]["wallet"]["names"].reverse()
    mismatch(api.post(body, **KEY))


def test_only_answers_of_success_are_stored(api: ApiClient, issue: Issue) -> None:
    wrong = api.order_body(line(visit_date="2026-11-01"))
    assert api.post(wrong, **KEY).status_code == 400
    assert api.post({}, **KEY).status_code == 400
    assert api.request("POST", "/channelManager", raw=b"{", **KEY).status_code == 400
    assert api.delete(NOBODY, **KEY).status_code == 404
    assert not IdempotencyRecord.objects.exists()
    first = api.post(api.order_body(line()), **KEY)
    assert first.status_code == 201
    assert IdempotencyRecord.objects.count() == 1
    order_id = first.json()["orderId"]
    conflict = {"idempotency_key": "key-2"}
    assert api.delete(order_id, **conflict).status_code == 409
    issue(order_id)
    assert api.delete(order_id, **conflict).status_code == 200


@pytest.mark.parametrize(
    "key",
    [
        "k",
        "a key with blanks",
        "ü" * 3,
        "x" * 255,
        "{}'\";--",
        "019aa0d0-0000-7000-8000-000000000001",
    ],
)
def test_a_key_is_any_text_of_255_characters_at_most(api: ApiClient, key: str) -> None:
    body = api.order_body(line())
    first = api.post(body, idempotency_key=key)
    assert first.status_code == 201
    replayed(api.post(body, idempotency_key=key), first)


@pytest.mark.parametrize("key", ["x" * 256, "x" * 5000, " ", "a\x01b", "a\tb"])
def test_a_key_out_of_bounds_is_refused(api: ApiClient, key: str) -> None:
    before = stored()
    response = api.post(api.order_body(line()), idempotency_key=key)
    assert_problem(
        response, 400, "invalid_request", ("#Idempotency-Key", "invalid_idempotency_key")
    )
    assert stored() == before


def test_keys_are_compared_exactly(api: ApiClient) -> None:
    for key in ("key", "KEY", "key."):
        assert api.post(api.order_body(line(), sellToOrderReference=key), idempotency_key=key)
    assert Order.objects.count() == 3


def test_another_partners_key_is_its_own(api: ApiClient, rival: ApiClient) -> None:
    ours = api.post(api.order_body(line()), **KEY)
    theirs = rival.post(rival.order_body(line()), **KEY)
    assert (ours.status_code, theirs.status_code) == (201, 201)
    assert ours.json()["orderId"] != theirs.json()["orderId"]
    mismatch(rival.post(api.order_body(line()), **KEY))


def test_the_answer_is_stored_with_the_work_or_not_at_all(
    api: ApiClient, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    before = stored()

    def broken(*args: Any) -> None:
        raise RuntimeError("no room")

    monkeypatch.setattr(idempotency, "_store", broken)
    with caplog.at_level("CRITICAL"):
        response = api.post(api.order_body(line()), **KEY)
    assert_problem(response, 500, "internal_error", retryable=True)
    assert stored() == before
    monkeypatch.undo()


def test_answers_are_kept_for_a_day_at_least_and_then_forgotten(
    api: ApiClient, clock: Clock
) -> None:
    body = api.order_body(line(visit_date="2026-12-24"))
    first = api.post(body, **KEY)
    idempotency.prune(now=clock.forward(hours=24))
    replayed(api.post(body, **KEY), first)
    idempotency.prune(now=clock.forward(days=7))
    assert api.post(body, **KEY).json()["code"] == "duplicate_order"


def test_a_read_takes_no_notice_of_the_header(api: ApiClient) -> None:
    created = api.create(line())
    path = f"/channelManager/{created['orderId']}"
    for _ in range(2):
        response = api.get(path, idempotency_key="x" * 300)
        assert (response.status_code, response.json()) == (200, created)
        assert "Idempotent-Replayed" not in response


def test_a_replay_still_needs_a_key_that_may(api: ApiClient, rival: ApiClient) -> None:
    first = api.post(api.order_body(line()), **KEY)
    thief = ApiClient(rival.key, api.partner)
    assert_problem(
        thief.post(api.order_body(line()), **KEY),
        400,
        "unknown_partner",
        ("/partnerId", "unknown_partner"),
    )
    Partner.objects.filter(pk=api.partner.pk).update(status="Paused")
    assert first.status_code == 201


@pytest.mark.parametrize("headers", [{}, KEY])
@pytest.mark.parametrize(
    ("method", "path"),
    [("PUT", NOBODY), ("DELETE", NOBODY), ("POST", f"{NOBODY}/confirm"), ("PUT", "x")],
)
def test_the_id_in_the_path_is_looked_at_before_the_body(
    api: ApiClient, headers: dict[str, str], method: str, path: str
) -> None:
    for raw in (b"{", b"\xff", b"[" * 50, b"[]", b"{}"):
        response = api.request(method, f"/channelManager/{path}", raw=raw, **headers)
        assert_problem(response, 404, "not_found")


def test_answers_stored_before_they_named_their_order_are_given_it(api: ApiClient) -> None:
    order_id = api.post(api.order_body(line()), **KEY).json()["orderId"]
    made = api.post(
        {"url": "https://shop.example.com"}, "/channelManager/webhooks", idempotency_key="hook"
    )
    assert made.status_code == 201
    IdempotencyRecord.objects.update(order_id=None)
    migration = importlib.import_module("partners.migrations.0009_kept_answers_name_their_order")
    for _ in range(2):
        migration.fill(None, connection.schema_editor())
    named = IdempotencyRecord.objects.order_by("id").values_list("order_id", flat=True)
    assert list(named) == [uuid.UUID(order_id), None]

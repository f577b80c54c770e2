"""API keys: who a request speaks for and what it may do (contract section 1)."""

from __future__ import annotations

import datetime
import hashlib
from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection

from orders.models import Order
from partners.keys import create_key, revoke_key
from partners.models import ApiKey, Partner, Scope
from tests.conftest import ApiClient
from tests.orders.expected import NOBODY, NOON, Clock, assert_problem, line, settle, stored

pytestmark = pytest.mark.usefixtures("clock")

Issue = Callable[[str], Order]
Send = Callable[[ApiClient], Any]


def list_of(api: ApiClient, **headers: str) -> Any:
    return api.get(f"/channelManager/orders/{api.partner.pk}", **headers)


def without_key(api: ApiClient, **headers: str) -> Any:
    """Ask for the list with other headers than the key's."""
    return list_of(api, **{"x_api_key": "", **headers})


OPERATIONS: dict[str, Send] = {
    "createOrder": lambda api: api.post(api.order_body(line())),
    "getOrder": lambda api: api.get(f"/channelManager/{NOBODY}"),
    "listOrdersByPartner": list_of,
    "confirmOrder": lambda api: api.confirm(NOBODY),
    "replaceOrder": lambda api: api.put(NOBODY, api.order_body(line())),
    "deleteOrder": lambda api: api.delete(NOBODY),
    "listPackages": lambda api: api.get("/channelManager/packages"),
    "listAvailability": lambda api: api.get("/channelManager/availability?itemNumber=DAY"),
}
SCOPES = {
    "createOrder": "orders:write",
    "getOrder": "orders:read",
    "listOrdersByPartner": "orders:read",
    "confirmOrder": "orders:write",
    "replaceOrder": "orders:write",
    "deleteOrder": "orders:write",
    "listPackages": "catalog:read",
    "listAvailability": "catalog:read",
}


def test_the_key_is_taken_from_x_api_key(api: ApiClient) -> None:
    assert list_of(api).status_code == 200


@pytest.mark.parametrize("scheme", ["Bearer", "bearer", "BEARER"])
def test_the_key_is_taken_from_authorization(api: ApiClient, scheme: str) -> None:
    assert without_key(api, authorization=f"{scheme} {api.key}").status_code == 200


def test_both_may_carry_the_same_key(api: ApiClient) -> None:
    assert list_of(api, authorization=f"Bearer {api.key}").status_code == 200


def unauthenticated(response: Any) -> None:
    assert_problem(response, 401, "unauthenticated")
    assert response["WWW-Authenticate"].startswith("Bearer")


def test_both_with_different_keys_are_refused(api: ApiClient, rival: ApiClient) -> None:
    _, second = create_key(partner=api.partner)
    for other in (rival.key, second, "nonsense"):
        unauthenticated(list_of(api, authorization=f"Bearer {other}"))


@pytest.mark.parametrize("operation", OPERATIONS)
def test_every_operation_needs_a_key(api: ApiClient, operation: str) -> None:
    before = stored()
    nobody = ApiClient("", api.partner)
    unauthenticated(OPERATIONS[operation](nobody))
    unauthenticated(OPERATIONS[operation](ApiClient("cm_live_unknown", api.partner)))
    assert stored() == before


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"x_api_key": " "},
        {"x_api_key": "\u00e9\u00ff"},
        {"x_api_key": "x" * 5000},
        {"authorization": "Bearer"},
        {"authorization": "Bearer "},
        {"authorization": "Basic dXNlcjpwYXNz"},
        {"authorization": "Bearer a b"},
        {"authorization": "x" * 5000},
        {"cookie": "sessionid=1"},
    ],
)
def test_nothing_else_is_a_key(api: ApiClient, headers: dict[str, str]) -> None:
    unauthenticated(without_key(api, **headers))


@pytest.mark.parametrize("form", ["{}x", "x{}", "{},{}"])
def test_a_key_is_compared_whole(api: ApiClient, form: str) -> None:
    unauthenticated(without_key(api, x_api_key=form.format(api.key, api.key)))
    unauthenticated(without_key(api, x_api_key=api.key[:-1]))
    unauthenticated(without_key(api, x_api_key=api.key.upper()))
    unauthenticated(without_key(api, x_api_key=ApiKey.objects.get().key_hash))
    unauthenticated(without_key(api, x_api_key=ApiKey.objects.get().prefix))


def test_a_key_works_until_it_expires(partner: Partner, clock: Clock) -> None:
    _, key = create_key(partner=partner, expires_at=NOON + datetime.timedelta(days=1))
    api = ApiClient(key, partner)
    clock.forward(hours=24, microseconds=-1)
    assert list_of(api).status_code == 200
    clock.forward(microseconds=1)
    unauthenticated(list_of(api))


def test_a_revoked_key_is_refused_at_once_and_the_others_go_on(
    api: ApiClient, clock: Clock
) -> None:
    row, key = create_key(partner=api.partner)
    revoke_key(key=row, now=clock.now)
    unauthenticated(list_of(ApiClient(key, api.partner)))
    assert list_of(api).status_code == 200


def test_a_key_is_shown_once_and_only_its_hash_is_stored(partner: Partner) -> None:
    row, key = create_key(partner=partner)
    stored_row = ApiKey.objects.get(pk=row.pk)
    assert stored_row.key_hash == hashlib.sha256(key.encode()).hexdigest()
    assert key.startswith(stored_row.prefix)
    assert len(key) - len(stored_row.prefix) >= 32
    with connection.cursor() as cursor:
        cursor.execute("SELECT to_jsonb(k)::text FROM partners_apikey k")
        assert [key in text for (text,) in cursor.fetchall()] == [False]
    assert create_key(partner=partner)[1] != key


def test_the_last_use_is_noted_to_the_minute(api: ApiClient, clock: Clock) -> None:
    def last_used() -> datetime.datetime | None:
        return ApiKey.objects.get().last_used_at

    assert last_used() is None
    list_of(api)
    assert last_used() == NOON
    clock.forward(seconds=59)
    list_of(api)
    assert last_used() == NOON
    clock.forward(seconds=2)
    list_of(api)
    assert last_used() == clock.now


@pytest.mark.parametrize("operation", OPERATIONS)
def test_every_operation_needs_its_scope(partner: Partner, operation: str) -> None:
    needed = SCOPES[operation]
    others = [scope for scope in Scope.values if scope != needed]
    _, key = create_key(partner=partner, scopes=others)
    before = stored()
    assert_problem(
        OPERATIONS[operation](ApiClient(key, partner)), 403, "missing_scope", requiredScope=needed
    )
    assert stored() == before
    _, key = create_key(partner=partner, scopes=[needed])
    assert OPERATIONS[operation](ApiClient(key, partner)).status_code in (200, 201, 404)


def test_head_needs_the_scope_of_get(partner: Partner) -> None:
    _, key = create_key(partner=partner, scopes=["orders:write"])
    api = ApiClient(key, partner)
    created = api.create(line())
    response = api.request("HEAD", f"/channelManager/{created['orderId']}")
    assert response.status_code == 403


def refused_as_not_active(response: Any) -> None:
    assert_problem(response, 403, "partner_not_active")


@pytest.mark.parametrize("status", ["Onboarding", "Paused", "Closed"])
def test_a_partner_that_is_not_active_cannot_sell_but_read_and_cancel(
    api: ApiClient, issue: Issue, status: str
) -> None:
    issued = settle(api, issue, line(), sellToOrderReference="I")
    failed = settle(api, issue, line("unknown"), sellToOrderReference="E")
    draft = settle(api, issue, line(), sellToOrderReference="D", paymentReference=None)
    Partner.objects.filter(pk=api.partner.pk).update(status=status)
    before = stored()
    refused_as_not_active(api.post(api.order_body(line(), sellToOrderReference="N")))
    refused_as_not_active(api.post(api.order_body(line("unknown"), typo=1)))
    body = api.order_body(line(), sellToOrderReference="E")
    refused_as_not_active(api.put(failed["orderId"], body))
    refused_as_not_active(api.confirm(draft["orderId"]))
    assert stored() == before

    assert api.get(f"/channelManager/{issued['orderId']}").json() == issued
    assert len(list_of(api).json()["data"]) == 3
    assert api.get("/channelManager/packages").status_code == 200
    for order in (issued, failed, draft):
        assert api.delete(order["orderId"]).json()["status"] == "Cancelled"


def test_a_partner_sells_again_once_it_is_active_again(api: ApiClient) -> None:
    partners = Partner.objects.filter(pk=api.partner.pk)
    partners.update(status="Paused")
    refused_as_not_active(api.post(api.order_body(line())))
    partners.update(status="Active")
    api.create(line())


def test_an_order_that_was_taken_in_is_issued_although_the_partner_was_paused_since(
    api: ApiClient, issue: Issue
) -> None:
    created = api.create(line())
    Partner.objects.filter(pk=api.partner.pk).update(status="Paused")
    assert issue(created["orderId"]).status == "Issued"


def test_the_key_is_looked_at_before_anything_else(api: ApiClient) -> None:
    nobody = ApiClient("", api.partner)
    unauthenticated(nobody.request("POST", "/channelManager", raw=b"{"))
    unauthenticated(nobody.request("PUT", "/channelManager/x", raw=b"\xff", content_type="x"))
    unauthenticated(nobody.request("PATCH", "/channelManager"))
    unauthenticated(nobody.get(f"/channelManager/orders/{NOBODY}?status=x"))
    unauthenticated(nobody.post({}, idempotency_key="x" * 300))

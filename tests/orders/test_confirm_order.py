"""confirmOrder: a Draft is released, an Issued order returned unchanged (contract section 5)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from orders.models import Order, OrderEvent
from tests.conftest import ApiClient
from tests.orders.expected import (
    NOBODY,
    ORDER_MANIFEST,
    WALLET_MANIFEST,
    Clock,
    assert_problem,
    line,
    moment,
    settle,
    stored,
)

pytestmark = pytest.mark.usefixtures("clock")


def draft(api: ApiClient, issue: Callable[[str], Order]) -> Any:
    found = settle(
        api, issue, line(quantity=2), line("BUNDLE"), line("GROUP"), paymentReference=None
    )
    assert found["status"] == "Draft"
    return found


def confirm(api: ApiClient, order_id: str, body: Any) -> Any:
    return api.post(body, f"/channelManager/{order_id}/confirm")


def test_the_same_assets_become_valid_and_the_manifests_appear(
    api: ApiClient, clock: Clock, issue: Callable[[str], Order]
) -> None:
    before = draft(api, issue)
    confirmed_at = clock.forward(hours=1)
    response = api.confirm(before["orderId"], "PAY-9")
    assert response.status_code == 200
    expected = {
        **before,
        "status": "Issued",
        "paymentReference": "PAY-9",
        "updatedAt": moment(confirmed_at),
        "manifestUrl": ORDER_MANIFEST,
        "items": [
            {
                **row,
                "wallets": [
                    {
                        **wallet,
                        "status": "Active",
                        "issuedAt": moment(confirmed_at),
                        "manifestUrl": WALLET_MANIFEST,
                        "assets": [{**asset, "status": "Valid"} for asset in wallet["assets"]],
                    }
                    for wallet in row["wallets"]
                ],
            }
            for row in before["items"]
        ],
    }
    assert response.json() == expected
    assert api.get(f"/channelManager/{before['orderId']}").json() == expected
    event = OrderEvent.objects.latest("id")
    assert (event.name, event.from_state, event.to_state) == ("confirmed", "Draft", "Issued")
    assert (event.actor, event.at) == (f"partner:{api.partner.pk}", confirmed_at)
    assert Order.objects.get().ledger_entries.filter(kind="sale").count() == 3


ANY_BODIES = (
    *(b'{"paymentReference": "PAY-1"}', b"{}", b"", b"null", b"[]", b"7", b"\xff\xfe", b"[" * 100),
    *(b'{"paymentReference": null, "typo": 1}', b'{"paymentReference": '),
)


@pytest.mark.parametrize("payment", ["PAY-1", None])
def test_an_issued_order_is_returned_unchanged_whatever_the_body(
    api: ApiClient, clock: Clock, issue: Callable[[str], Order], payment: str | None
) -> None:
    found = settle(api, issue, paymentReference=payment)
    if payment is None:
        found = api.confirm(found["orderId"]).json()
    clock.forward(hours=1)
    before = stored()
    path = f"/channelManager/{found['orderId']}/confirm"
    for raw in ANY_BODIES:
        response = api.request("POST", path, raw=raw)
        assert (response.status_code, response.json()) == (200, found), raw
    response = api.request("POST", path, raw=b"paid=1", content_type="text/plain")
    assert (response.status_code, response.json()) == (200, found)
    assert api.get(f"/channelManager/{found['orderId']}").json() == found
    assert stored() == before


def test_a_payment_that_differs_is_recorded_for_staff(
    api: ApiClient, clock: Clock, issue: Callable[[str], Order]
) -> None:
    found = settle(api, issue)
    assert api.confirm(found["orderId"], "PAY-2").json() == found
    event = OrderEvent.objects.latest("id")
    assert (event.name, event.data) == ("payment_differs", {"given": "PAY-2", "kept": "PAY-1"})
    assert (event.from_state, event.to_state) == ("Issued", "Issued")
    assert Order.objects.get().payment_reference == "PAY-1"


WRONG_PAYMENTS: list[tuple[Any, str, str]] = [
    ({}, "/paymentReference", "required"),
    ({"paymentReference": None}, "/paymentReference", "null"),
    ({"paymentReference": 7}, "/paymentReference", "invalid_type"),
    ({"paymentReference": ""}, "/paymentReference", "blank"),
    ({"paymentReference": "  "}, "/paymentReference", "blank"),
    ({"paymentReference": "a\n"}, "/paymentReference", "control_character"),
    ({"paymentReference": "x" * 129}, "/paymentReference", "max_length"),
    ({"paymentReference": "P", "typo": 1}, "/typo", "unknown_member"),
    ([], "", "invalid_type"),
    (None, "/paymentReference", "required"),
]


def test_a_draft_needs_its_payment_reference(api: ApiClient, issue: Callable[[str], Order]) -> None:
    found = draft(api, issue)
    before = stored()
    for body, pointer, code in WRONG_PAYMENTS:
        response = confirm(api, found["orderId"], body)
        assert_problem(response, 400, "invalid_request", (pointer, code))
    assert api.get(f"/channelManager/{found['orderId']}").json() == found
    assert stored() == before


def test_the_longest_payment_reference_is_kept_as_sent(
    api: ApiClient, issue: Callable[[str], Order]
) -> None:
    reference = " ü🎢" + "x" * 125
    found = api.confirm(draft(api, issue)["orderId"], reference).json()
    assert found["paymentReference"] == reference


def test_the_id_is_looked_at_before_the_body(api: ApiClient) -> None:
    for body in ({"paymentReference": "P"}, {}, {"typo": 1}, []):
        assert_problem(confirm(api, NOBODY, body), 404, "not_found")


def test_the_body_is_looked_at_before_the_state(api: ApiClient) -> None:
    created = api.create(line())
    assert_problem(
        confirm(api, created["orderId"], {}),
        400,
        "invalid_request",
        ("/paymentReference", "required"),
    )
    assert_problem(
        confirm(api, created["orderId"], {"paymentReference": "P"}),
        409,
        "order_state_conflict",
        currentStatus="Submitted",
        allowedActions=[],
        retryable=True,
    )

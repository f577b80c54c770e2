"""deleteOrder: cancelled, removed or refused, by the order's state (contract section 5)."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest

from catalog.models import Package
from orders.models import LedgerEntry, Order, OrderEvent, OrderLine
from partners.models import Partner
from tests.conftest import ApiClient
from tests.factories import sellable_package
from tests.orders.expected import (
    VISIT,
    Clock,
    assert_problem,
    line,
    moment,
    settle,
    stored,
)
from wallets.models import Asset, Wallet

pytestmark = pytest.mark.usefixtures("clock")

Issue = Callable[[str], Order]


def ended(answer: Any, at: str) -> Any:
    """Return an order as it is answered once it has ended: its wallets are destroyed."""
    return {
        **answer,
        "status": "Cancelled",
        "statusMessage": None,
        "updatedAt": at,
        "manifestUrl": None,
        "items": [
            {
                **row,
                "wallets": [
                    {
                        **wallet,
                        "status": "Destroyed",
                        "manifestUrl": None,
                        "assets": [{**a, "status": "Destroyed"} for a in wallet["assets"]],
                    }
                    for wallet in row["wallets"]
                ],
            }
            for row in answer["items"]
        ],
    }


def test_an_issued_order_is_cancelled_and_its_row_kept(
    api: ApiClient, clock: Clock, issue: Issue
) -> None:
    before = settle(api, issue, line(quantity=2), line("BUNDLE"))
    cancelled_at = clock.forward(hours=1)
    response = api.delete(before["orderId"])
    assert response.status_code == 200
    assert response.json() == ended(before, moment(cancelled_at))
    assert api.get(f"/channelManager/{before['orderId']}").json() == response.json()
    for wallet in Wallet.objects.all():
        assert (wallet.destroyed_at, wallet.line_id is None) == (cancelled_at, False)
        assert wallet.destroyed_by == f"partner:{api.partner.pk}"
        assert wallet.destroyed_why
    event = OrderEvent.objects.latest("id")
    assert (event.name, event.from_state, event.to_state) == ("cancelled", "Issued", "Cancelled")
    assert (event.actor, event.at) == (f"partner:{api.partner.pk}", cancelled_at)


def test_cancelling_takes_the_sale_back_line_by_line(
    api: ApiClient, clock: Clock, issue: Issue
) -> None:
    before = settle(api, issue, line(quantity=2), line("BUNDLE", quantity=3))
    clock.forward(hours=1)
    api.delete(before["orderId"])
    sales = LedgerEntry.objects.filter(kind="sale").order_by("line__line_no")
    reversals = LedgerEntry.objects.filter(kind="reversal").order_by("line__line_no")
    assert LedgerEntry.objects.count() == 4
    for sale, reversal in zip(sales, reversals, strict=True):
        assert reversal.reverses == sale
        for name in ("quantity", "gross", "vat", "excl_vat"):
            assert getattr(reversal, name) == -getattr(sale, name)
        for name in ("line", "order", "partner", "venue", "currency", "buy_from_order_reference"):
            assert getattr(reversal, name) == getattr(sale, name)
        assert reversal.posted_at == clock.now
        assert [Decimal(part["inclVat"]) for part in reversal.vat_parts] == [
            -Decimal(part["inclVat"]) for part in sale.vat_parts
        ]


def test_the_reference_of_a_cancelled_order_stays_taken(api: ApiClient, issue: Issue) -> None:
    before = settle(api, issue)
    api.delete(before["orderId"])
    assert_problem(
        api.post(api.order_body(line())),
        400,
        "duplicate_order",
        orderId=before["orderId"],
        buyFromOrderReference=before["buyFromOrderReference"],
        existingStatus="Cancelled",
    )


def test_a_cancelled_order_is_left_as_it_is(api: ApiClient, clock: Clock, issue: Issue) -> None:
    first = api.delete(settle(api, issue)["orderId"])
    rows = stored()
    clock.forward(hours=1)
    again = api.delete(first.json()["orderId"])
    assert (again.status_code, again.json()) == (200, first.json())
    assert stored() == rows


def numbered(count: int, prefix: str) -> dict[str, Any]:
    return {"externalReferenceNumbers": [f"{prefix}-{n}" for n in range(count)]}


@pytest.mark.parametrize("status", ["Draft", "Error"])
def test_a_draft_or_error_order_is_removed_entirely_and_answered_once(
    api: ApiClient, clock: Clock, issue: Issue, status: str
) -> None:
    lines = [line(quantity=2, wallet=numbered(2, "D")), line("BUNDLE")]
    if status == "Error":
        lines.append(line("unknown", quantity=2, wallet=numbered(2, "U")))
    before = settle(api, issue, *lines, paymentReference=None)
    assert before["status"] == status
    deleted_at = clock.forward(hours=1)
    response = api.delete(before["orderId"])
    assert response.status_code == 200
    assert response.json() == ended(before, moment(deleted_at))
    for model in (Order, OrderLine, Wallet, Asset, LedgerEntry):
        assert not model._default_manager.exists()
    assert_problem(api.get(f"/channelManager/{before['orderId']}"), 404, "not_found")
    assert_problem(api.delete(before["orderId"]), 404, "not_found")
    assert_problem(api.confirm(before["orderId"]), 404, "not_found")
    assert_problem(api.put(before["orderId"], api.order_body(line())), 404, "not_found")
    assert api.get(f"/channelManager/orders/{api.partner.pk}").json()["data"] == []


def _numbers(answer: Any) -> dict[str, set[str]]:
    wallets = [wallet for row in answer["items"] for wallet in row["wallets"]]
    return {
        "walletReferenceNumbers": {row["walletReferenceNumber"] for row in wallets},
        "externalReferenceNumbers": {
            row["externalReferenceNumber"] for row in wallets if row["externalReferenceNumber"]
        },
        "assetReferenceNumbers": {
            asset["referenceNumber"] for row in wallets for asset in row["assets"]
        },
    }


def test_a_tombstone_event_lists_every_number(api: ApiClient, clock: Clock, issue: Issue) -> None:
    before = settle(
        api, issue, line(quantity=2, wallet=numbered(2, "D")), line("BUNDLE"), paymentReference=None
    )
    clock.forward(hours=1)
    api.delete(before["orderId"])
    tombstone = OrderEvent.objects.latest("id")
    assert (tombstone.name, tombstone.from_state, tombstone.to_state) == (
        "deleted",
        "Draft",
        "Cancelled",
    )
    assert (str(tombstone.subject_id), tombstone.at) == (before["orderId"], clock.now)
    assert tombstone.actor == f"partner:{api.partner.pk}"
    data = tombstone.data
    assert data["buyFromOrderReference"] == before["buyFromOrderReference"]
    assert data["sellToOrderReference"] == "WEB-1"
    assert data["partnerId"] == before["partnerId"]
    for name, expected in _numbers(before).items():
        assert len(expected) > 1
        assert sorted(data[name]) == sorted(expected)


def test_the_tombstone_lists_the_numbers_of_replaced_wallets_too(
    api: ApiClient, issue: Issue
) -> None:
    body = api.order_body(line(wallet=numbered(1, "A")), paymentReference=None)
    first = api.post(body).json()
    issue(first["orderId"])
    first = api.get(f"/channelManager/{first['orderId']}").json()
    body["items"] = [line(wallet=numbered(1, "B"))]
    api.put(first["orderId"], body)
    issue(first["orderId"])
    second = api.get(f"/channelManager/{first['orderId']}").json()
    api.delete(first["orderId"])
    data = OrderEvent.objects.latest("id").data
    for name, expected in _numbers(second).items():
        assert set(data[name]) == expected | _numbers(first)[name]


def test_the_tombstone_lists_the_numbers_of_an_unmapped_line_too(
    api: ApiClient, issue: Issue
) -> None:
    before = settle(api, issue, line("unknown", wallet=numbered(1, "U")))
    api.delete(before["orderId"])
    assert OrderEvent.objects.latest("id").data["externalReferenceNumbers"] == ["U-0"]


@pytest.mark.parametrize("number", ["DAY", "unknown"])
def test_references_are_free_again_after_a_delete_and_ours_are_not_given_out_again(
    api: ApiClient, issue: Issue, number: str
) -> None:
    lines = [line(wallet=numbered(1, "D")), line(number)]
    before = settle(api, issue, *lines, paymentReference=None)
    api.delete(before["orderId"])
    again = api.create(*lines)
    assert again["sellToOrderReference"] == before["sellToOrderReference"]
    assert again["buyFromOrderReference"] > before["buyFromOrderReference"]
    assert again["orderId"] != before["orderId"]
    assert again["items"][0]["wallets"][0]["externalReferenceNumber"] == "D-0"


def test_an_order_with_a_used_ticket_is_not_cancelled(api: ApiClient, issue: Issue) -> None:
    before = settle(api, issue, line(quantity=2))
    Asset.objects.filter(pk=Asset.objects.order_by("pk")[0].pk).update(status="Used", admitted=1)
    rows = stored()
    number = Asset.objects.get(status="Used").reference_number
    assert_problem(api.delete(before["orderId"]), 409, "asset_used", usedAssets=[number])
    assert stored() == rows
    assert Order.objects.get().status == "Issued"
    assert not Wallet.objects.filter(status="Destroyed").exists()


def test_an_order_is_cancelled_once_the_admission_was_undone(api: ApiClient, issue: Issue) -> None:
    before = settle(api, issue)
    Asset.objects.update(status="Used", admitted=1)
    assert api.delete(before["orderId"]).status_code == 409
    Asset.objects.update(status="Valid", admitted=0)
    assert api.delete(before["orderId"]).json()["status"] == "Cancelled"


def set_deadline(partner: Partner, hours: int) -> None:
    Partner.objects.filter(pk=partner.pk).update(cancel_deadline_hours=hours)


def test_a_cancellation_after_the_deadline_is_refused(
    api: ApiClient, clock: Clock, issue: Issue
) -> None:
    set_deadline(api.partner, 24)
    before = settle(api, issue)
    rows = stored()
    # The visit starts at opening, 08:00 in Amsterdam; 24 hours before is the last moment.
    clock.now = clock.now.replace(day=22, hour=7, microsecond=1)
    assert_problem(api.delete(before["orderId"]), 409, "cancel_deadline_passed")
    assert stored() == rows
    clock.now = clock.now.replace(microsecond=0)
    assert api.delete(before["orderId"]).json()["status"] == "Cancelled"


def test_the_earliest_visit_of_the_order_decides(
    api: ApiClient, clock: Clock, issue: Issue
) -> None:
    set_deadline(api.partner, 1)
    schedule = [{"itemNumber": "DINO", "visitDate": "2026-11-21", "visitTime": "10:00"}]
    before = settle(api, issue, line(), line("BUNDLE", wallet={"componentSchedule": schedule}))
    clock.now = clock.now.replace(day=21, hour=8, minute=1)
    assert_problem(api.delete(before["orderId"]), 409, "cancel_deadline_passed")


def test_without_a_visit_or_a_deadline_cancelling_is_never_too_late(
    api: ApiClient, day: Package, clock: Clock, issue: Issue
) -> None:
    dated = settle(api, issue, line(visit_date=VISIT))
    clock.forward(days=3)
    assert api.delete(dated["orderId"]).status_code == 200
    set_deadline(api.partner, 24)
    sellable_package(day.venue, "OPEN", dating="open")
    undated = settle(api, issue, line("OPEN", visit_date=None), sellToOrderReference="WEB-2")
    clock.forward(days=3)
    assert api.delete(undated["orderId"]).status_code == 200


def test_a_draft_may_be_deleted_after_the_deadline(
    api: ApiClient, clock: Clock, issue: Issue
) -> None:
    set_deadline(api.partner, 1000)
    before = settle(api, issue, paymentReference=None)
    assert api.delete(before["orderId"]).json()["status"] == "Cancelled"


def test_a_body_is_of_no_concern(api: ApiClient, issue: Issue) -> None:
    for number, raw in enumerate((b"{}", b"{", b"\xff", b"[1]", b"x" * 1000)):
        found = settle(api, issue, sellToOrderReference=f"WEB-{number}")
        path = f"/channelManager/{found['orderId']}"
        assert api.request("DELETE", path, raw=raw).status_code == 200
        assert api.request("DELETE", path, raw=raw, idempotency_key=f"K{number}").status_code == 200

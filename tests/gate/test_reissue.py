"""Reissued tickets: the old number is refused as replaced, what was admitted stays admitted."""

from __future__ import annotations

import datetime
import uuid
from typing import Any

import pytest
from django.db import connection
from django.utils import timezone

from orders import moving, reissuing
from orders.actions import OrderStateConflict
from orders.cancellation import AssetUsed
from orders.models import Order, OrderEvent
from orders.reissuing import AssetNotReissuable
from partners.models import WebhookEvent
from tests.conftest import ApiClient
from tests.gate.conftest import Gate, Issued, asset_of
from tests.gate_invariants import GATE_RULES
from tests.orders.expected import ASSET_NUMBER, Clock, line
from wallets.models import Asset, Wallet

FAR = datetime.date(2026, 12, 5)


def reissue(asset: Asset, **arguments: Any) -> Asset:
    """Reissue a ticket as somebody at the order desk would."""
    return reissuing.reissue_asset(
        orders=Order.objects.all(),
        order_id=asset.wallet.order_id,
        asset_id=asset.pk,
        **{"actor": "staff:1", "now": timezone.now(), "reason": "Lost", **arguments},
    )


def assert_counts_hold() -> None:
    with connection.cursor() as cursor:
        for rule, query in GATE_RULES.items():
            cursor.execute(query)
            assert cursor.fetchall() == [], rule


def test_the_new_number_admits_and_the_old_one_is_refused_as_replaced(
    gate: Gate, issued: Issued, api: ApiClient
) -> None:
    order = issued(line(quantity=2, wallet={"externalReferenceNumbers": ["EXT-1", "EXT-2"]}))
    before = api.get(f"/channelManager/{order.pk}").json()
    old = Asset.objects.select_related("wallet").get(wallet__order=order, wallet__seq_no=1)
    new = reissue(old)
    refused = gate.scan(old.reference_number)
    assert (refused["admitted"], refused["code"], refused["reason"]) == (
        *(False, "replaced", "Replaced by a new ticket. Scan the new one."),
    )
    ticket = before["items"][0]["wallets"][0]["assets"][0]
    ticket |= {"assetId": str(new.pk), "referenceNumber": ASSET_NUMBER}
    before["updatedAt"] = api.get(f"/channelManager/{order.pk}").json()["updatedAt"]
    assert api.get(f"/channelManager/{order.pk}").json() == before
    assert ASSET_NUMBER.met == new.reference_number
    admitted = gate.scan("EXT-1")
    assert (admitted["admitted"], admitted["referenceNumber"]) == (True, new.reference_number)
    assert gate.scan(old.reference_number)["code"] == "replaced"
    event = OrderEvent.objects.get(name="reissued")
    assert (event.actor, event.reason, event.data) == (
        "staff:1",
        "Lost",
        {
            "assetReferenceNumber": old.reference_number,
            "newAssetReferenceNumber": new.reference_number,
            "walletReferenceNumber": old.wallet.reference_number,
        },
    )
    assert WebhookEvent.objects.filter(type="ota_cm_order_changed").count() == 1


def test_a_partly_used_group_keeps_what_is_left_and_an_undo_counts_for_the_new_ticket(
    gate: Gate, issued: Issued, api: ApiClient
) -> None:
    order = issued(line("GROUP", quantity=5))
    old = asset_of(order)
    three = gate.scan(old.reference_number, quantity=3)
    new = reissue(old)
    assert gate.scan(new.reference_number, quantity=3)["reason"] == (
        "Only 2 left of the group of 5."
    )
    assert api.delete(str(order.pk)).json()["code"] == "asset_used"
    assert gate.scan(new.reference_number, quantity=2)["admitted"]
    assert "All 5 already used, last today at 10:00" in gate.scan(new.reference_number)["reason"]
    with pytest.raises(AssetUsed):
        reissue(Asset.objects.select_related("wallet").get(pk=new.pk))
    assert gate.undo(three["admissionId"]).status_code == 200
    assert Asset.objects.get(pk=new.pk).admissions_left == 3
    assert_counts_hold()


def test_a_cancelled_or_overdue_ticket_is_not_reissued(
    gate: Gate, issued: Issued, api: ApiClient, clock: Clock
) -> None:
    order = issued()
    old = asset_of(order)
    new = reissue(old)
    new.wallet = old.wallet
    for asset, now in ((old, clock.now), (new, clock.forward(days=1))):
        with pytest.raises(AssetNotReissuable):
            reissue(asset, now=now)
    api.delete(str(order.pk))
    with pytest.raises(OrderStateConflict):
        reissue(new)
    assert [gate.scan(one.reference_number)["code"] for one in (old, new)] == ["cancelled"] * 2
    assert set(Wallet.objects.values_list("status", flat=True)) == {"Destroyed"}


def test_the_gate_says_where_a_moved_ticket_went(gate: Gate, issued: Issued) -> None:
    order = issued()
    old = asset_of(order)
    moving.move_order(
        orders=Order.objects.all(),
        order_id=uuid.UUID(str(order.pk)),
        from_date=old.visit_date or FAR,
        to_date=FAR,
        actor="staff:1",
        now=timezone.now(),
    )
    told = gate.scan(old.reference_number)
    assert (told["code"], told["reason"]) == (
        "replaced",
        "Replaced by a new ticket. The visit was moved to Saturday 5 December. Scan the new one.",
    )
    assert gate.scan(old.wallet.reference_number)["code"] == "wrong_day"

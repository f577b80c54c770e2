"""Cancelling a wallet while a colleague does the same and the gate scans its ticket: one wins."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection
from django.utils import timezone

from orders import wallet_cancellation
from orders.cancellation import AssetUsed
from orders.gate import admission
from orders.models import LedgerEntry, Order, OrderEvent
from orders.wallet_cancellation import WalletNotThere
from partners.models import Venue
from tests.conftest import ApiClient
from tests.factories import sellable_package
from tests.invariants import RULES
from tests.orders.expected import line, settle
from tests.orders.racing import at_once
from wallets.devices import create_device
from wallets.models import Asset, Wallet

pytestmark = pytest.mark.django_db(transaction=True)
_OF_JOBS = "a job is left of an order that has settled"


def test_of_two_who_cancel_and_a_gate_that_scans_one_wins(
    api: ApiClient, issue: Callable[[str], Order], venue: Venue
) -> None:
    sellable_package(venue, "ANYDAY", dating="open", validity_days=7)
    device, _key = create_device(venue=venue, name="North", items=(), admits_every_item=True)
    for number in range(6):
        issued = settle(
            api, issue, line("ANYDAY", None, quantity=2), sellToOrderReference=f"RACE-{number}"
        )
        wallet = Wallet.objects.get(pk=issued["items"][0]["wallets"][0]["walletId"])
        ticket = Asset.objects.get(wallet=wallet)
        done: list[Any] = []

        def cancel(wallet: Wallet = wallet, done: list[Any] = done) -> None:
            try:
                wallet_cancellation.cancel_wallets(
                    orders=Order.objects.all(),
                    order_id=wallet.order_id,
                    wallet_ids=[wallet.pk],
                    actor="staff:1",
                    now=timezone.now(),
                    reason="One is ill",
                )
                done.append("cancelled")
            except (AssetUsed, WalletNotThere):
                pass

        def scan(number: int = number, ticket: Asset = ticket, done: list[Any] = done) -> None:
            answer = admission.admit(
                device=device,
                reference_number=ticket.reference_number,
                request_id=f"scan-{number}",
                now=timezone.now(),
            )
            assert answer.code in {"admitted", "cancelled"}
            if answer.admitted:
                done.append("admitted")

        at_once(cancel, scan, cancel)
        assert len(done) == 1
        events = OrderEvent.objects.of(wallet.order_id).filter(name="wallets_cancelled")
        assert events.count() == done.count("cancelled")
        assert LedgerEntry.objects.filter(wallet=wallet).count() == done.count("cancelled")
    with connection.cursor() as cursor:
        for rule, query in RULES.items():
            cursor.execute(query)
            assert rule == _OF_JOBS or cursor.fetchall() == [], rule

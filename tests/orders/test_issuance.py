"""Issuing in the background: states, events, assets, all or nothing (contract sections 5 and 6)."""

from __future__ import annotations

import datetime
import logging
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

import pytest
from django.db import OperationalError

from catalog.expansion import PlannedComponent
from catalog.models import Component, Package
from orders import filling, issuance, recovery
from orders.models import LedgerEntry, Order, OrderEvent
from partners.models import Partner
from tests.conftest import ApiClient
from tests.orders.expected import (
    NOON,
    SENTENCE,
    WALLET_MANIFEST,
    Clock,
    assert_problem,
    asset,
    item,
    line,
    moment,
    settle,
    stored,
    wallet,
)
from wallets.connectors.base import AssetKey
from wallets.models import Asset, Wallet

pytestmark = pytest.mark.usefixtures("clock")

Issue = Callable[[str], Order]


def steps(order_id: str) -> list[tuple[str, str, str]]:
    return [
        (event.name, event.from_state, event.to_state)
        for event in OrderEvent.objects.filter(subject_id=order_id).order_by("id")
    ]


TAKEN_UP = [
    ("submitted", "", "Submitted"),
    ("scheduled", "Submitted", "Scheduled"),
    ("started", "Scheduled", "Processing"),
]


def test_a_paid_order_goes_through_every_state_to_issued(api: ApiClient, issue: Issue) -> None:
    created = api.create(line())
    assert issue(created["orderId"]).status == "Issued"
    assert steps(created["orderId"]) == [*TAKEN_UP, ("issued", "Processing", "Issued")]


def test_an_order_without_a_payment_reference_rests_as_a_draft(
    api: ApiClient, issue: Issue
) -> None:
    found = settle(api, issue, line(), paymentReference=None)
    assert steps(found["orderId"]) == [*TAKEN_UP, ("drafted", "Processing", "Draft")]
    assert (found["status"], found["manifestUrl"], found["paymentReference"]) == (
        "Draft",
        None,
        None,
    )
    assert found["items"] == [
        item(wallet(asset(status="Minted"), status="Minted", manifestUrl=None, issuedAt=None))
    ]
    assert not LedgerEntry.objects.exists()


def test_an_order_that_cannot_be_issued_ends_in_error_and_says_why(
    api: ApiClient, issue: Issue
) -> None:
    found = settle(api, issue, line(), line("unknown"))
    assert steps(found["orderId"]) == [*TAKEN_UP, ("failed", "Processing", "Error")]
    assert found["statusMessage"] == SENTENCE
    assert "unknown" in found["statusMessage"]
    failed = OrderEvent.objects.latest("id")
    assert (failed.reason, failed.data["cause"]) == (found["statusMessage"], "unmapped_item")
    assert not Asset.objects.exists()
    assert not LedgerEntry.objects.exists()
    assert [row["status"] for row in found["items"][0]["wallets"]] == ["Reserved"]


def test_every_step_is_dated_with_the_moment_it_happened(api: ApiClient, clock: Clock) -> None:
    created = api.create(line())
    ticking = iter(NOON + datetime.timedelta(seconds=n) for n in range(1, 10))
    key = Order.objects.get().pk
    issuance.issue_order(order_id=key, clock=lambda: next(ticking))
    moments = [event.at for event in OrderEvent.objects.filter(subject_id=key).order_by("id")]
    assert moments == sorted(set(moments))
    found = api.get(f"/channelManager/{created['orderId']}").json()
    assert found["updatedAt"] == moment(moments[-1])
    assert found["receivedAt"] == moment(NOON)


def test_a_package_becomes_one_wallet_with_one_asset_per_component_unit(
    api: ApiClient, bundle: Package, issue: Issue
) -> None:
    Component.objects.filter(package=bundle, item__number="DINO").update(quantity=2)
    schedule = [{"itemNumber": "CINEMA", "visitDate": "2026-11-24", "visitTime": "14:00"}]
    found = settle(api, issue, line("BUNDLE", quantity=2, wallet={"componentSchedule": schedule}))
    dino = asset(itemNumber="DINO", description="Description of DINO")
    cinema = asset(
        itemNumber="CINEMA",
        description="Description of CINEMA",
        validFrom="2026-11-24T13:00:00.000Z",
        validUntil="2026-11-24T19:00:00.000Z",
    )
    lunch = asset(itemNumber="LUNCH", description="Description of LUNCH", type="coupon")
    issued = {
        "status": "Active",
        "issuedAt": moment(NOON),
        "manifestUrl": WALLET_MANIFEST,
        "unitPriceInclVat": "49.50",
        "unitPriceExclVat": "44.96",
    }
    assert found["items"][0]["wallets"] == [
        wallet(dino, dino, cinema, lunch, seqNo=1, **issued),
        wallet(dino, dino, cinema, lunch, seqNo=2, **issued),
    ]
    numbers = list(Asset.objects.values_list("reference_number", flat=True))
    assert len(set(numbers)) == len(numbers) == 8
    # What the gate scans must be a QR code's compact kind, and nobody may guess it.
    assert all(number.isalnum() and number.isupper() and len(number) >= 16 for number in numbers)


def test_a_group_becomes_one_ticket_worth_its_quantity(api: ApiClient, issue: Issue) -> None:
    found = settle(api, issue, line("GROUP", quantity=37))
    (ticket,) = found["items"][0]["wallets"][0]["assets"]
    assert ticket["type"] == "ticket"
    assert Asset.objects.get().admissions == 37


def test_wallets_keep_their_numbers_and_the_partners_are_stamped_on_them(
    api: ApiClient, issue: Issue
) -> None:
    sent = {"names": ["Ann", "Bob"], "externalReferenceNumbers": ["EXT-1", "EXT-2"]}
    created = api.create(line(quantity=2, wallet=sent))
    issue(created["orderId"])
    found = api.get(f"/channelManager/{created['orderId']}").json()

    def kept(answer: Any) -> list[Any]:
        members = ("walletId", "walletReferenceNumber", "externalReferenceNumber", "name", "seqNo")
        return [[row[name] for name in members] for row in answer["items"][0]["wallets"]]

    assert kept(found) == kept(created)
    assert [row[2] for row in kept(found)] == ["EXT-1", "EXT-2"]
    assert set(Wallet.objects.values_list("external_reference_number", flat=True)) == {
        "EXT-1",
        "EXT-2",
    }


def test_the_same_assets_that_were_minted_become_valid(api: ApiClient, issue: Issue) -> None:
    found = settle(api, issue, line(quantity=2), line("BUNDLE"), paymentReference=None)
    minted = {(a.pk, a.reference_number) for a in Asset.objects.filter(status="Minted")}
    assert len(minted) == 5
    api.confirm(found["orderId"])
    assert {(a.pk, a.reference_number) for a in Asset.objects.filter(status="Valid")} == minted
    assert Asset.objects.count() == 5


def _breaks_at(
    monkeypatch: pytest.MonkeyPatch, last_line: int, fault: Exception
) -> Callable[[], None]:
    """Make minting fail in the middle of a line; return how to mend it."""
    mint = filling.mint_assets
    calls = []

    def broken(
        *,
        wallets: Iterable[Wallet],
        components: Sequence[PlannedComponent],
        numbers: Mapping[AssetKey, str],
    ) -> Iterator[Asset]:
        calls.append(wallets)
        minted = mint(wallets=wallets, components=components, numbers=numbers)
        for index, made in enumerate(minted):
            if len(calls) >= last_line and index >= 1:
                raise fault
            yield made

    monkeypatch.setattr(filling, "mint_assets", broken)
    return lambda: monkeypatch.setattr(filling, "mint_assets", mint)


@pytest.mark.parametrize("payment", ["PAY-1", None])
def test_a_failure_in_the_last_line_leaves_no_asset_behind_for_any_line(
    api: ApiClient,
    issue: Issue,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    payment: str | None,
) -> None:
    created = api.create(
        line(quantity=3), line("GROUP"), line("BUNDLE", quantity=2), paymentReference=payment
    )
    mend = _breaks_at(monkeypatch, 3, RuntimeError("the printer is on fire"))
    with caplog.at_level(logging.CRITICAL):
        assert issue(created["orderId"]).status == "Error"
    assert not Asset.objects.exists()
    assert not LedgerEntry.objects.exists()
    assert set(Wallet.objects.values_list("status", flat=True)) == {"Reserved"}
    found = api.get(f"/channelManager/{created['orderId']}").json()
    assert {**created, "status": "Error"} == {
        **found,
        "statusMessage": None,
        "updatedAt": created["updatedAt"],
    }
    assert found["statusMessage"] == SENTENCE
    assert "fire" not in found["statusMessage"]
    assert steps(created["orderId"]) == [*TAKEN_UP, ("failed", "Processing", "Error")]

    mend()
    body = api.order_body(line(quantity=3), paymentReference=payment)
    assert api.put(created["orderId"], body).status_code == 200
    assert issue(created["orderId"]).status == ("Issued" if payment else "Draft")
    assert Asset.objects.count() == 3


def test_a_database_that_is_away_leaves_the_order_where_it_was_for_the_job_to_try_again(
    api: ApiClient, issue: Issue, monkeypatch: pytest.MonkeyPatch
) -> None:
    created = api.create(line(quantity=3))
    mend = _breaks_at(monkeypatch, 1, OperationalError("gone"))
    with pytest.raises(OperationalError):
        issue(created["orderId"])
    assert Order.objects.get().status == "Processing"
    assert not Asset.objects.exists()
    mend()
    assert issue(created["orderId"]).status == "Issued"
    assert Asset.objects.count() == 3
    # It was resumed without a transition.
    assert steps(created["orderId"]) == [*TAKEN_UP, ("issued", "Processing", "Issued")]


@pytest.mark.parametrize("payment", ["PAY-1", None])
def test_issuing_again_changes_nothing(api: ApiClient, issue: Issue, payment: str | None) -> None:
    found = settle(api, issue, line(quantity=2), paymentReference=payment)
    rows = stored()
    issue(found["orderId"])
    assert stored() == rows
    assert api.get(f"/channelManager/{found['orderId']}").json() == found


def test_an_order_that_is_gone_is_left_alone(api: ApiClient, issue: Issue) -> None:
    found = settle(api, issue, line(), paymentReference=None)
    key = Order.objects.get().pk
    api.delete(found["orderId"])
    rows = stored()
    issuance.issue_order(order_id=key, clock=lambda: NOON)
    assert stored() == rows


def test_what_stands_scheduled_for_five_minutes_is_submitted_again(
    api: ApiClient, clock: Clock, issue: Issue
) -> None:
    created = api.create(line())
    order = Order.objects.get()
    _move(order, "schedule")
    clock.forward(minutes=5)
    recovery.recover_orders(now=clock.now)
    assert Order.objects.get().status == "Scheduled"
    clock.forward(seconds=1)
    recovery.recover_orders(now=clock.now)
    recovered = Order.objects.get()
    assert (recovered.status, recovered.job_id != order.job_id) == ("Submitted", True)
    assert steps(created["orderId"])[-1] == ("recovered", "Scheduled", "Submitted")
    assert issue(created["orderId"]).status == "Issued"


def test_what_makes_no_progress_for_an_hour_ends_in_error(
    api: ApiClient, clock: Clock, issue: Issue
) -> None:
    created = api.create(line())
    _move(Order.objects.get(), "schedule")
    _move(Order.objects.get(), "start")
    clock.forward(hours=1)
    recovery.recover_orders(now=clock.now)
    assert Order.objects.get().status == "Processing"
    clock.forward(seconds=1)
    recovery.recover_orders(now=clock.now)
    found = api.get(f"/channelManager/{created['orderId']}").json()
    assert (found["status"], found["statusMessage"]) == ("Error", SENTENCE)
    assert Order.objects.get().failure_code == "stalled"
    # The worker that comes back finds the order settled.
    assert issue(created["orderId"]).status == "Error"
    assert not Asset.objects.exists()


@pytest.mark.parametrize("days", [7, 2])
def test_a_draft_is_removed_when_its_lifetime_has_passed(
    api: ApiClient, clock: Clock, issue: Issue, days: int
) -> None:
    if days != 7:
        Partner.objects.filter(pk=api.partner.pk).update(draft_lifetime_days=days)
    found = settle(api, issue, line(visit_date="2027-05-04"), paymentReference=None)
    clock.forward(days=days, milliseconds=-1)
    recovery.recover_orders(now=clock.now)
    assert Order.objects.get().status == "Draft"
    clock.forward(milliseconds=1)
    recovery.recover_orders(now=clock.now)
    assert not Order.objects.exists()
    assert not Wallet.objects.exists()
    tombstone = OrderEvent.objects.latest("id")
    assert (tombstone.name, tombstone.from_state, tombstone.to_state) == (
        "deleted",
        "Draft",
        "Cancelled",
    )
    numbers = [found["items"][0]["wallets"][0]["walletReferenceNumber"]]
    assert tombstone.data["walletReferenceNumbers"] == numbers
    assert_problem(api.get(f"/channelManager/{found['orderId']}"), 404, "not_found")
    again = api.create(line(visit_date="2027-05-04"))
    assert again["sellToOrderReference"] == found["sellToOrderReference"]


def test_an_order_in_error_stays_when_a_drafts_lifetime_has_passed(
    api: ApiClient, clock: Clock, issue: Issue
) -> None:
    settle(api, issue, line("unknown"))
    clock.forward(days=30)
    recovery.recover_orders(now=clock.now)
    assert Order.objects.get().status == "Error"


def test_a_submitted_order_without_a_live_job_gets_one_within_a_minute(
    api: ApiClient, clock: Clock
) -> None:
    api.create(line())
    Order.objects.update(job_id=0)
    clock.forward(seconds=59)
    recovery.recover_orders(now=clock.now)
    assert Order.objects.get().job_id
    assert Order.objects.get().status == "Submitted"
    again = Order.objects.get().job_id
    clock.forward(seconds=59)
    recovery.recover_orders(now=clock.now)
    assert Order.objects.get().job_id == again


def _move(order: Order, name: str) -> None:
    """Do one step of the worker's, and then nothing more."""
    getattr(order, name)(now=NOON)
    order.save()

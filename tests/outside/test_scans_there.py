"""Guests who were scanned at another system were admitted here, once, and may be taken back."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from functools import partial
from typing import Any

import pytest

from catalog.models import Connection, Package
from orders import cancellation
from orders.cancellation import AssetUsed
from orders.gate import admission
from orders.models import Order
from orders.outside import reading_back
from partners.actors import name_actors
from partners.models import Venue, WebhookEvent
from tests.conftest import ApiClient
from tests.orders.expected import Clock
from tests.orders.racing import at_once
from tests.outside.conftest import issued_by
from tests.outside.playhouse import Playhouse
from tests.outside.reading import events_of, only_row, read, states, taken, tell, wrong
from tests.staff import signed_in, viewer
from wallets.connectors.base import TryLater
from wallets.devices import create_device
from wallets.models import Asset, GateDevice, OutsideTicket, Scan, Wallet

pytestmark = pytest.mark.django_db(transaction=True)

Work = Callable[[Any], Order]
VISIT = "2026-11-23"
SHOW = {"itemNumber": "SHOW", "visitDate": VISIT}


@pytest.fixture
def order(api: ApiClient, work: Work, show: Package) -> Order:
    """Two tickets that the playhouse has made."""
    return work(api.create({**SHOW, "quantity": 2}))


def test_a_ticket_that_was_scanned_there_is_admitted_here(
    order: Order, playhouse: Playhouse, connection: Connection, clock: Clock
) -> None:
    tell(playhouse, "used", "HALL-0001")
    read(clock)
    assert states() == [("HALL-0001", "Used", "Used"), ("HALL-0002", "Valid", "Valid")]
    device = GateDevice.objects.get()
    assert (device.name, device.connection, device.venue, device.revoked_at) == (
        "Onebox: Playhouse",
        connection,
        order.venue,
        clock.now,
    )
    scan = Scan.objects.get()
    ticket = OutsideTicket.objects.get(number="HALL-0001")
    assert (scan.device, scan.reference_number, scan.quantity, scan.code, scan.at) == (
        device,
        "HALL-0001",
        1,
        "admitted",
        clock.now,
    )
    assert (scan.request_id, scan.asset) == (f"{ticket.pk}:1", ticket.asset)
    wallet = Asset.objects.select_related("wallet").get(pk=scan.asset_id).wallet
    told = {"assetReferenceNumber": "HALL-0001", "walletReferenceNumber": wallet.reference_number}
    assert events_of(order, "admitted") == [
        (
            "admitted",
            f"gate:{device.pk}",
            {**told, "device": device.name, "quantity": 1, "scanId": str(scan.pk)},
        )
    ]
    announced = WebhookEvent.objects.filter(type="ota_cm_asset_admitted")
    assert [row.data["assetReferenceNumber"] for row in announced] == ["HALL-0001"]
    assert wrong() == []


@pytest.mark.usefixtures("order")
def test_what_is_told_again_has_no_further_effect(playhouse: Playhouse, clock: Clock) -> None:
    tell(playhouse, "used")
    for _ in range(3):
        read(clock)
    assert Scan.objects.count() == 2
    assert playhouse.operations().count("read") == 3
    assert wrong() == []


@pytest.mark.usefixtures("order")
def test_two_workers_that_read_at_once_admit_once(playhouse: Playhouse, clock: Clock) -> None:
    tell(playhouse, "used")
    clock.forward(hours=1)
    row = only_row()

    def read_it() -> None:
        with contextlib.suppress(TryLater):
            reading_back.read_one(outside_order_id=row.pk, clock=clock)

    at_once(read_it, read_it, lambda: reading_back.read_due(clock=clock))
    assert Scan.objects.count() == 2
    assert wrong() == []


def test_whoever_is_first_of_a_scan_there_and_a_cancellation_here_is_the_only_one(
    order: Order, playhouse: Playhouse, clock: Clock
) -> None:
    tell(playhouse, "used", "HALL-0001")
    clock.forward(hours=1)
    refused: list[AssetUsed] = []

    def cancel() -> None:
        try:
            cancellation.cancel_order(
                orders=Order.objects.all(), order_id=order.pk, actor="staff:1", now=clock()
            )
        except AssetUsed as refusal:
            refused.append(refusal)

    at_once(cancel, lambda: reading_back.read_due(clock=clock))
    status = Order.objects.get(pk=order.pk).status
    assert (status, Scan.objects.count()) == (("Issued", 1) if refused else ("Cancelled", 0))
    assert wrong() == []


def test_a_ticket_that_two_gates_scan_at_once_is_admitted_once(
    order: Order, playhouse: Playhouse, venue: Venue, clock: Clock
) -> None:
    gate, _key = create_device(venue=venue, name="North", admits_every_item=True)
    clock.forward(days=2, hours=21)
    tell(playhouse, "used")
    wallets = [one.reference_number for one in Wallet.objects.filter(order=order)]

    def scan(number: str) -> None:
        admission.admit(device=gate, reference_number=number, request_id=number, now=clock())

    at_once(
        lambda: reading_back.read_due(clock=clock), *[partial(scan, number) for number in wallets]
    )
    assert Scan.objects.standing().count() == 2
    assert [one[1:] for one in states()] == [("Used", "Used"), ("Used", "Used")]
    assert wrong() == []


def test_a_scan_that_was_taken_back_there_is_undone_and_may_be_made_again(
    order: Order, playhouse: Playhouse, connection: Connection, clock: Clock
) -> None:
    tell(playhouse, "used", "HALL-0001")
    read(clock)
    tell(playhouse, "valid", "HALL-0001")
    read(clock)
    scan = Scan.objects.get()
    assert (scan.undone_at, scan.undone_by, scan.undo_reason) == (
        clock.now,
        f"gate:{scan.device_id}",
        "Taken back at Onebox: Playhouse.",
    )
    assert states() == [("HALL-0001", "Valid", "Valid"), ("HALL-0002", "Valid", "Valid")]
    tell(playhouse, "used", "HALL-0001")
    read(clock)
    assert states()[0] == ("HALL-0001", "Used", "Used")
    ids = [one.rpartition(":")[2] for one in Scan.objects.values_list("request_id", flat=True)]
    assert sorted(ids) == ["1", "2"]
    assert [name for name, _, _ in events_of(order, "admitted", "admission_undone")] == [
        "admitted",
        "admission_undone",
        "admitted",
    ]
    assert wrong() == []


def test_a_ticket_whose_state_is_not_told_any_more_stays_as_it_was(
    order: Order, playhouse: Playhouse, clock: Clock
) -> None:
    tell(playhouse, "used", "HALL-0001")
    read(clock)
    tell(playhouse, "")
    read(clock)
    assert Scan.objects.standing().count() == 1
    assert states() == [("HALL-0001", "Used", "Used"), ("HALL-0002", "Valid", "Valid")]
    assert wrong() == []


def test_who_was_admitted_at_our_gate_is_not_admitted_again(
    order: Order, playhouse: Playhouse, venue: Venue, clock: Clock
) -> None:
    gate, _key = create_device(venue=venue, name="North", admits_every_item=True)
    clock.forward(days=2, hours=21)
    asset = Asset.objects.order_by("reference_number")[0]
    scan = admission.admit(
        device=gate, reference_number=asset.wallet.reference_number, request_id="1", now=clock.now
    )
    assert scan.admitted, scan.reason
    tell(playhouse, "used")
    read(clock)
    tell(playhouse, "valid")
    read(clock)
    rows = Scan.objects.order_by("at").values_list("device__name", "undone_at")
    assert next(iter(rows)) == ("North", None)
    noted = events_of(order, "used_there")
    assert [(name, actor, data["status"]) for name, actor, data in noted] == [
        ("used_there", "connector:onebox", "Used")
    ]
    assert [one[2] for one in states()] == ["Used", "Valid"]
    assert wrong() == []


def test_a_group_is_admitted_ticket_by_ticket(
    api: ApiClient,
    work: Work,
    group: Package,
    playhouse: Playhouse,
    connection: Connection,
    clock: Clock,
) -> None:
    issued_by(connection, group, "stalls")
    work(api.create({"itemNumber": "GROUP", "visitDate": VISIT, "quantity": 4}))
    tell(playhouse, "used", "HALL-0001", "HALL-0002")
    read(clock)
    assert [row[1:] for row in taken()] == [(4, 2, "Valid")]
    tell(playhouse, "valid", "HALL-0002")
    read(clock)
    assert [row[1:] for row in taken()] == [(4, 1, "Valid")]
    tell(playhouse, "used")
    read(clock)
    assert [row[1:] for row in taken()] == [(4, 4, "Used")]
    assert wrong() == []


def test_a_guest_of_a_group_who_was_scanned_here_takes_no_second_admission(
    api: ApiClient,
    work: Work,
    group: Package,
    playhouse: Playhouse,
    connection: Connection,
    venue: Venue,
    clock: Clock,
) -> None:
    issued_by(connection, group, "stalls")
    work(api.create({"itemNumber": "GROUP", "visitDate": VISIT, "quantity": 4}))
    gate, _key = create_device(venue=venue, name="North", admits_every_item=True)
    clock.forward(days=2, hours=21)

    def scan(number: str, request_id: str) -> str:
        return admission.admit(
            device=gate, reference_number=number, request_id=request_id, now=clock()
        ).code

    assert scan("HALL-0001", "1") == "admitted"
    tell(playhouse, "used", "HALL-0001", "HALL-0002")
    read(clock)
    assert [row[1:] for row in taken()] == [(4, 2, "Valid")]
    used = OutsideTicket.objects.filter(status="Used").order_by("number")
    assert [one.number for one in used] == ["HALL-0001", "HALL-0002"]
    devices = Scan.objects.standing().order_by("at", "id").values_list("device__name", flat=True)
    assert list(devices) == ["North", "Onebox: Playhouse"]
    assert [scan("HALL-0001", "2"), scan("HALL-0002", "3")] == ["already_used"] * 2
    assert scan("HALL-0003", "4") == "admitted"
    assert wrong() == []


@pytest.mark.usefixtures("order")
def test_staff_see_the_scan_at_its_system_and_no_device_that_could_be_used(
    playhouse: Playhouse, connection: Connection, clock: Clock
) -> None:
    tell(playhouse, "used", "HALL-0001")
    read(clock)
    desk = signed_in(viewer())
    scans = desk.get("/admin/wallets/scan/").content.decode()
    assert f"/admin/catalog/connection/{connection.pk}/change/" in scans
    assert "Onebox: Playhouse" in scans
    device = GateDevice.objects.get()
    assert str(device.pk) not in desk.get("/admin/wallets/gatedevice/").content.decode()
    for page in ("change/", "key/", "revoke/"):
        path = f"/admin/wallets/gatedevice/{device.pk}/{page}"
        assert desk.get(path).status_code in (302, 403, 404)
    assert name_actors([device.actor, "connector:onebox"]) == {
        device.actor: "Onebox: Playhouse (outside system)",
        "connector:onebox": "Onebox (outside system)",
    }

"""What the database refuses of admissions whatever the code does."""

from __future__ import annotations

from partners.models import Venue
from tests.factories import VenueFactory
from tests.gate.conftest import Gate, Issued, asset_of
from tests.orders.expected import NOON, line
from tests.orders.test_database_promises import refused
from wallets.devices import create_device
from wallets.models import Asset, GateDevice, Scan


def test_an_asset_is_admitted_at_most_as_often_as_it_is_worth(issued: Issued) -> None:
    asset = Asset.objects.filter(pk=asset_of(issued(line("GROUP", quantity=3))).pk)
    with refused("asset_not_over_admitted"):
        asset.update(admitted=4)
    with refused("asset_used_when_all_taken"):
        asset.update(admitted=3)
    with refused("asset_used_when_all_taken"):
        asset.update(status="Used", admitted=2)
    with refused("asset_used_when_all_taken"):
        asset.update(status="Expired", admitted=3)
    for status, admitted in (("Valid", 2), ("Used", 3), ("Expired", 1), ("Destroyed", 3)):
        assert asset.update(status=status, admitted=admitted) == 1


def test_an_asset_that_is_not_valid_yet_admits_nobody(issued: Issued) -> None:
    order = issued(line("GROUP", quantity=3), paymentReference=None)
    with refused("asset_not_valid_yet_admits_nobody"):
        Asset.objects.filter(wallet__order=order).update(admitted=1)


def test_a_request_of_a_device_is_answered_once(gate: Gate) -> None:
    gate.scan("nothing", requestId="R-1")
    scan = Scan.objects.get()
    scan.pk = None
    with refused("scan_request_once_per_device"):
        scan.save(force_insert=True)


def test_a_scan_says_what_became_of_it(gate: Gate, issued: Issued) -> None:
    gate.scan(asset_of(issued()).reference_number)
    gate.scan("nothing")
    admitted, refusal = (Scan.objects.filter(admitted=yes) for yes in (True, False))
    with refused("scan_code_known"):
        refusal.update(code="nonsense")
    with refused("scan_code_says_whether_admitted"):
        refusal.update(code="admitted")
    with refused("scan_code_says_whether_admitted"):
        admitted.update(code="unknown")
    with refused("scan_admitted_has_an_asset"):
        admitted.update(asset=None)
    with refused("scan_is_of_somebody"):
        refusal.update(quantity=0)
    undone = {"undone_at": NOON, "undone_by": "gate:x", "undo_reason": "Wrong guest"}
    for missing in undone:
        empty = None if missing == "undone_at" else ""
        with refused("scan_undone_says_by_whom_and_why"):
            admitted.update(**{**undone, missing: empty})
    with refused("scan_undone_says_by_whom_and_why"):
        refusal.update(**undone)


def test_an_asset_that_was_admitted_is_not_removed(gate: Gate, issued: Issued) -> None:
    asset = asset_of(issued())
    gate.scan(asset.reference_number)
    with refused("scan_admitted_has_an_asset"):
        asset.delete()


def test_a_device_has_a_name_and_a_key_of_its_own(venue: Venue, gate: Gate) -> None:
    with refused("gate_device_name_once_per_venue"):
        create_device(venue=venue, name=gate.device.name)
    assert create_device(venue=VenueFactory.create(), name=gate.device.name)
    with refused("gate_device_key_hash_is_sha256"):
        GateDevice.objects.filter(pk=gate.device.pk).update(key_hash="plain")

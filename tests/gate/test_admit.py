"""Admitting: by any number a guest may show, once, and written down."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.conf import settings

from catalog.models import Package
from orders.models import OrderEvent
from tests.conftest import ApiClient
from tests.gate.conftest import Gate, Issued, asset_of, wallet_of
from tests.gate.expected import admission
from tests.orders.expected import VISIT, Clock, line
from wallets.models import Asset, Scan

NUMBERED = {"wallet": {"externalReferenceNumbers": ["SUN-0001"]}}


def test_a_ticket_is_admitted_with_all_that_is_known_of_it(gate: Gate, issued: Issued) -> None:
    asset = asset_of(issued())
    assert gate.scan(asset.reference_number, requestId="R-1") == admission(
        requestId="R-1",
        scannedNumber=asset.reference_number,
        referenceNumber=asset.reference_number,
        walletReferenceNumber=asset.wallet.reference_number,
    )
    asset = Asset.objects.get()
    assert (asset.status, asset.admitted) == ("Used", 1)


def test_an_admission_is_written_into_the_orders_history(gate: Gate, issued: Issued) -> None:
    order = issued()
    asset = asset_of(order)
    answer = gate.scan(asset.reference_number)
    event = OrderEvent.objects.of(order.pk).latest("id")
    assert (event.name, event.from_state, event.to_state) == ("admitted", "Issued", "Issued")
    assert (event.actor, event.reason) == (f"gate:{gate.device.pk}", "")
    assert event.data == {
        "assetReferenceNumber": asset.reference_number,
        "walletReferenceNumber": asset.wallet.reference_number,
        "device": "North entrance",
        "quantity": 1,
        "scanId": answer["scanId"],
    }


def test_every_scan_is_kept(gate: Gate, issued: Issued, clock: Clock) -> None:
    asset = asset_of(issued())
    answer = gate.scan(asset.reference_number, requestId="R-1")
    gate.scan("nothing", requestId="R-2")
    first, second = Scan.objects.order_by("at", "id")
    assert str(first.pk) == answer["scanId"] == answer["admissionId"]
    assert (first.device, first.request_id, first.asset) == (gate.device, "R-1", asset)
    assert (first.admitted, first.code, first.at) == (True, "admitted", clock.now)
    assert (second.request_id, second.reference_number) == ("R-2", "nothing")
    assert (second.admitted, second.code, second.asset) == (False, "unknown", None)


@pytest.mark.parametrize(
    "typed",
    ["{}", " {} ", "{}\u00a0", "dashes", "lower", "misread"],
)
def test_our_number_is_read_as_people_type_it(gate: Gate, issued: Issued, typed: str) -> None:
    number = asset_of(issued()).reference_number
    shown = {
        "dashes": "-".join((number[:5], number[5:9], number[9:])),
        "lower": number.lower(),
        "misread": number[0] + number[1:].replace("1", "I").replace("0", "o"),
    }
    assert gate.scan(shown.get(typed, typed.format(number)))["admitted"]


def test_a_wallets_number_admits_its_ticket(gate: Gate, issued: Issued) -> None:
    order = issued()
    number = wallet_of(order).reference_number
    assert gate.scan(number) == admission(
        scannedNumber=number, referenceNumber=asset_of(order).reference_number
    )


@pytest.mark.parametrize("shown", ["SUN-0001", "  SUN-0001", "SUN-0001 "])
def test_the_partners_number_admits_its_wallets_ticket(
    gate: Gate, issued: Issued, shown: str
) -> None:
    issued(line(**NUMBERED))
    assert gate.scan(shown) == admission(scannedNumber=shown)


def test_the_partners_number_counts_as_sent_before_it_is_trimmed(
    gate: Gate, issued: Issued
) -> None:
    order = issued(line(wallet={"externalReferenceNumbers": [" SUN-1"]}))
    other = issued(line(wallet={"externalReferenceNumbers": ["SUN-1"]}))
    for shown, meant in ((" SUN-1", order), ("SUN-1", other)):
        assert gate.scan(shown)["referenceNumber"] == asset_of(meant).reference_number


@pytest.mark.parametrize("shown", ["sun-0001", "SUN-000", "SUN-00011", "SUN0001"])
def test_the_partners_number_counts_exactly(gate: Gate, issued: Issued, shown: str) -> None:
    issued(line(**NUMBERED))
    assert gate.scan(shown)["code"] == "unknown"


def test_a_partners_number_that_looks_like_ours_is_found(gate: Gate, issued: Issued) -> None:
    for number in ("T0000000000000000", "W0000000000000000"):
        order = issued(line(wallet={"externalReferenceNumbers": [number]}))
        assert gate.scan(number)["referenceNumber"] == asset_of(order).reference_number


@pytest.mark.parametrize(
    "address",
    [
        "{base}/w/{wallet}",
        "{base}/w/{wallet}.pdf",
        "{base}/w/{wallet}?lang=nl#ticket",
        "{base}/m/{order}",
        "https://tickets.example.com/park/w/{wallet}",
    ],
)
def test_the_address_of_a_manifest_admits_its_only_wallets_ticket(
    gate: Gate, issued: Issued, address: str
) -> None:
    order = issued()
    tokens = {"wallet": wallet_of(order).token, "order": order.token}
    assert gate.scan(address.format(base=settings.PUBLIC_URL, **tokens))["admitted"]


def test_a_group_is_admitted_at_once_or_in_parts_up_to_its_number(
    gate: Gate, issued: Issued
) -> None:
    number = asset_of(issued(line("GROUP", quantity=12))).reference_number
    group = {"itemNumber": "GROUP-ENTRY", "description": "GROUP entry"}
    said = ["Admitted 5. 7 of 12 left.", "Admitted 1. 6 of 12 left.", "Admitted 6. 0 of 12 left."]
    for quantity, left, reason in zip((5, 1, 6), (7, 6, 0), said, strict=True):
        assert gate.scan(number, quantity=quantity) == admission(
            reason=reason, quantity=quantity, admissionsLeft=left, **group
        )
        asset = Asset.objects.get()
        assert (asset.admitted, asset.status) == (12 - left, "Valid" if left else "Used")
    assert [event.data["quantity"] for event in OrderEvent.objects.filter(name="admitted")] == [
        *(5, 1, 6)
    ]


def test_a_coupon_is_redeemed_by_its_own_number(gate: Gate, issued: Issued) -> None:
    coupon = asset_of(issued(line("BUNDLE")), "LUNCH")
    assert gate.scan(coupon.reference_number) == admission(
        reason="Redeemed.", type="coupon", itemNumber="LUNCH", description="Description of LUNCH"
    )
    assert gate.scan(coupon.reference_number)["code"] == "already_used"


@pytest.mark.usefixtures("anyday")
def test_an_open_dated_ticket_is_admitted_on_any_day_of_its_validity(
    gate: Gate, issued: Issued, clock: Clock
) -> None:
    # Sold on the 20th, it is valid until the park closes on the 27th.
    for day in (20, 24, 27):
        number = asset_of(issued(line("ANYDAY", None))).reference_number
        clock.now = clock.now.replace(day=day, hour=18, minute=59)
        answer = gate.scan(number)
        assert (answer["admitted"], answer["visitDate"]) == (True, None)


def test_a_wallets_number_admits_the_ticket_that_the_gate_is_set_to(
    make_gate: Callable[..., Gate], issued: Issued
) -> None:
    number = wallet_of(issued(line("BUNDLE"))).reference_number
    cinema, dino = make_gate("Cinema", "CINEMA"), make_gate("Dinos", "DINO", "LUNCH")
    assert cinema.scan(number)["itemNumber"] == "CINEMA"
    assert dino.scan(number)["itemNumber"] == "DINO"
    assert cinema.scan(number)["code"] == "already_used"


def test_a_wallets_number_admits_the_ticket_that_is_valid_now(
    gate: Gate, issued: Issued, clock: Clock, bundle: Package
) -> None:
    days = [
        {"itemNumber": "CINEMA", "visitDate": VISIT, "visitTime": "14:00"},
        {"itemNumber": "DINO", "visitDate": "2026-11-24"},
    ]
    number = wallet_of(issued(line("BUNDLE", wallet={"componentSchedule": days}))).reference_number
    assert bundle.components.count() == 3
    assert gate.scan(number)["code"] == "not_valid_yet"
    clock.forward(hours=5)
    assert gate.scan(number)["itemNumber"] == "CINEMA"
    clock.forward(days=1)
    assert gate.scan(number)["itemNumber"] == "DINO"


def test_a_wallets_number_admits_one_ticket_after_the_other(
    gate: Gate, issued: Issued, day: Package
) -> None:
    day.components.update(quantity=3)
    number = wallet_of(issued()).reference_number
    used = {gate.scan(number)["referenceNumber"] for _ in range(3)}
    assert len(used) == 3
    assert gate.scan(number)["code"] == "already_used"


def test_the_same_request_has_the_same_answer(gate: Gate, issued: Issued, clock: Clock) -> None:
    number = asset_of(issued()).reference_number
    first = gate.scan(number, requestId="R-1")
    clock.forward(minutes=3)
    assert gate.scan(number, requestId="R-1") == first
    refused = gate.scan(number, requestId="R-2")
    clock.forward(days=1)
    assert gate.scan(number, requestId="R-2") == refused
    assert refused["code"] == "already_used"
    assert Scan.objects.count() == 2
    assert Asset.objects.get().admitted == 1


def test_the_same_request_id_of_another_device_is_another_request(
    gate: Gate, make_gate: Callable[..., Gate], issued: Issued
) -> None:
    number = asset_of(issued(line("GROUP", quantity=2))).reference_number
    assert gate.scan(number, requestId="R-1")["admitted"]
    assert make_gate("South").scan(number, requestId="R-1")["admitted"]
    assert Asset.objects.get().admitted == 2


def test_a_seat_is_told(gate: Gate, issued: Issued) -> None:
    number = asset_of(issued()).reference_number
    Asset.objects.update(seat="Row 4, seat 12")
    assert gate.scan(number) == admission(seat="Row 4, seat 12")


def test_no_guest_is_named_in_what_is_stored(gate: Gate, issued: Issued, api: ApiClient) -> None:
    order = issued(line(wallet={"names": ["Renée"]}, sellToName="Jürgen"), sellToName="Jürgen")
    gate.scan(asset_of(order).reference_number)
    kept = [str(Scan.objects.get().answer), str(OrderEvent.objects.latest("id").data)]
    assert not [text for text in kept if "Ren" in text or "rgen" in text]

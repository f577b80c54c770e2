"""Undoing an admission: in time, with a reason, by the device that made it, once."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from orders.models import OrderEvent
from tests.conftest import ApiClient
from tests.gate.conftest import Gate, Issued, asset_of
from tests.gate.expected import admission
from tests.orders.expected import NOBODY, VISIT, Clock, assert_problem, line
from wallets.models import Asset, Scan


def test_an_undone_admission_can_be_made_again(gate: Gate, issued: Issued, clock: Clock) -> None:
    order = issued()
    number = asset_of(order).reference_number
    first = gate.scan(number)
    clock.forward(minutes=1)
    undone = gate.undo(first["admissionId"], "Wrong guest")
    assert undone.status_code == 200
    assert undone.json() == admission(
        undoneAt=f"{VISIT}T10:01:00.000+01:00", undoReason="Wrong guest"
    )
    asset = Asset.objects.get()
    assert (asset.status, asset.admitted) == ("Valid", 0)
    assert gate.scan(number)["admitted"]
    assert [event.name for event in OrderEvent.objects.of(order.pk)][-3:] == [
        *("admitted", "admission_undone", "admitted")
    ]


def test_an_undo_is_written_into_the_orders_history(gate: Gate, issued: Issued) -> None:
    order = issued()
    asset = asset_of(order)
    answer = gate.scan(asset.reference_number)
    gate.undo(answer["admissionId"], "Wrong guest")
    event = OrderEvent.objects.of(order.pk).latest("id")
    assert (event.name, event.from_state, event.to_state) == (
        *("admission_undone", "Issued", "Issued"),
    )
    assert (event.actor, event.reason) == (f"gate:{gate.device.pk}", "Wrong guest")
    assert event.data == {
        "assetReferenceNumber": asset.reference_number,
        "walletReferenceNumber": asset.wallet.reference_number,
        "device": "North entrance",
        "quantity": 1,
        "scanId": answer["scanId"],
    }
    scan = Scan.objects.get()
    assert (scan.undone_at, scan.undone_by, scan.undo_reason) == (
        *(event.at, event.actor, event.reason),
    )


def test_undoing_twice_is_answered_alike(gate: Gate, issued: Issued, clock: Clock) -> None:
    answer = gate.scan(asset_of(issued()).reference_number)
    first = gate.undo(answer["admissionId"], "Wrong guest").json()
    clock.forward(hours=1)
    assert gate.undo(answer["admissionId"], "Again").json() == first
    assert Asset.objects.get().admitted == 0
    assert OrderEvent.objects.filter(name="admission_undone").count() == 1


def test_the_scan_that_was_undone_says_so_when_it_is_repeated(gate: Gate, issued: Issued) -> None:
    number = asset_of(issued()).reference_number
    answer = gate.scan(number, requestId="R-1")
    undone = gate.undo(answer["admissionId"]).json()
    assert gate.scan(number, requestId="R-1") == undone
    assert undone["undoneAt"] is not None
    assert Asset.objects.get().admitted == 0


def test_a_part_of_a_group_is_undone(gate: Gate, issued: Issued) -> None:
    number = asset_of(issued(line("GROUP", quantity=5))).reference_number
    first = gate.scan(number, quantity=2)
    second = gate.scan(number, quantity=3)
    gate.undo(first["admissionId"])
    assert Asset.objects.values_list("admitted", "status").get() == (3, "Valid")
    gate.undo(second["admissionId"])
    assert Asset.objects.values_list("admitted", "status").get() == (0, "Valid")


def test_an_undo_comes_too_late_after_the_limit(
    gate: Gate, issued: Issued, clock: Clock, settings: Any
) -> None:
    settings.GATE_UNDO_SECONDS = 60
    answer = gate.scan(asset_of(issued()).reference_number)
    clock.forward(seconds=60, microseconds=1)
    problem = assert_problem(
        gate.undo(answer["admissionId"]),
        409,
        "undo_too_late",
        undoUntil=f"{VISIT}T10:01:00.000+01:00",
    )
    assert problem["detail"] == "This admission could be undone until 10:01:00."
    assert Asset.objects.get().status == "Used"
    clock.forward(microseconds=-1)
    assert gate.undo(answer["admissionId"]).status_code == 200


def test_another_device_undoes_nothing(
    gate: Gate, make_gate: Callable[..., Gate], issued: Issued
) -> None:
    answer = gate.scan(asset_of(issued()).reference_number)
    assert_problem(make_gate("South").undo(answer["admissionId"]), 404, "not_found")
    assert Asset.objects.get().admitted == 1


def test_a_refused_scan_is_no_admission(gate: Gate) -> None:
    refused = gate.scan("nothing")
    assert_problem(gate.undo(refused["scanId"]), 404, "not_found")


@pytest.mark.parametrize("name", [NOBODY, "nobody", "0", "x" * 300])
def test_an_unknown_admission(gate: Gate, name: str) -> None:
    assert_problem(gate.undo(name), 404, "not_found")


@pytest.mark.parametrize(
    ("body", "fault"),
    [
        (None, "required"),
        ({}, "required"),
        ({"reason": ""}, "blank"),
        ({"reason": "  "}, "blank"),
        ({"reason": None}, "null"),
        ({"reason": 1}, "invalid_type"),
        ({"reason": "a\nb"}, "control_character"),
        ({"reason": "x" * 201}, "max_length"),
    ],
)
def test_an_undo_needs_a_reason(gate: Gate, issued: Issued, body: Any, fault: str) -> None:
    answer = gate.scan(asset_of(issued()).reference_number)
    path = f"/gate/admissions/{answer['admissionId']}"
    assert_problem(gate.request("DELETE", path, body), 400, "invalid_request", ("/reason", fault))
    assert Asset.objects.get().admitted == 1


def test_an_undo_takes_no_other_member(gate: Gate, issued: Issued) -> None:
    answer = gate.scan(asset_of(issued()).reference_number)
    path = f"/gate/admissions/{answer['admissionId']}"
    response = gate.request("DELETE", path, {"reason": "Typo", "why": "x"})
    assert_problem(response, 400, "invalid_request", ("/why", "unknown_member"))


def test_the_reason_may_stand_in_the_query(gate: Gate, issued: Issued) -> None:
    answer = gate.scan(asset_of(issued()).reference_number)
    path = f"/gate/admissions/{answer['admissionId']}?reason=Wrong%20guest"
    assert gate.request("DELETE", path).json()["undoReason"] == "Wrong guest"


def test_an_admission_of_a_ticket_that_was_cancelled_since_is_undone_and_it_stays_cancelled(
    gate: Gate, issued: Issued, api: ApiClient
) -> None:
    order = issued(line("GROUP", quantity=2))
    answer = gate.scan(asset_of(order).reference_number)
    Asset.objects.update(status="Destroyed")
    assert gate.undo(answer["admissionId"]).status_code == 200
    assert Asset.objects.values_list("admitted", "status").get() == (0, "Destroyed")
    assert api.partner.name

"""What a device may send: everything else is refused, with all its faults, and nothing is kept."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from tests.conftest import ApiClient
from tests.gate.conftest import Gate, Issued, asset_of
from tests.orders.expected import Clock, assert_problem, line
from wallets.devices import replace_key, revoke_device
from wallets.models import Asset, GateDevice, Scan

BODY = {"referenceNumber": "SUN-1", "requestId": "R-1"}
REQUESTS = [
    ("POST", "/gate/admissions"),
    ("GET", "/gate/admissions"),
    ("DELETE", "/gate/admissions/019aa0d0-0000-7000-8000-00000000dead"),
    ("GET", "/gate/device"),
]


@pytest.mark.parametrize(
    ("changes", "faults"),
    [
        ({"referenceNumber": None}, [("/referenceNumber", "null")]),
        ({"referenceNumber": ""}, [("/referenceNumber", "blank")]),
        ({"referenceNumber": " "}, [("/referenceNumber", "blank")]),
        ({"referenceNumber": 1}, [("/referenceNumber", "invalid_type")]),
        ({"referenceNumber": "x" * 513}, [("/referenceNumber", "max_length")]),
        ({"referenceNumber": "SUN\r1"}, [("/referenceNumber", "control_character")]),
        ({"requestId": None}, [("/requestId", "null")]),
        ({"requestId": ""}, [("/requestId", "blank")]),
        ({"requestId": "x" * 65}, [("/requestId", "max_length")]),
        ({"requestId": "a\x00"}, [("/requestId", "control_character")]),
        ({"quantity": None}, [("/quantity", "null")]),
        ({"quantity": 0}, [("/quantity", "min_value")]),
        ({"quantity": 1001}, [("/quantity", "max_value")]),
        ({"quantity": "1"}, [("/quantity", "invalid_type")]),
        ({"quantity": 1.0}, [("/quantity", "invalid_type")]),
        ({"quantity": True}, [("/quantity", "invalid_type")]),
        ({"number": "SUN-1"}, [("/number", "unknown_member")]),
        (
            {"referenceNumber": "", "requestId": 7, "quantity": -1, "device": "x"},
            [
                ("/referenceNumber", "blank"),
                ("/requestId", "invalid_type"),
                ("/quantity", "min_value"),
                ("/device", "unknown_member"),
            ],
        ),
    ],
)
def test_a_body_with_faults_is_refused_with_all_of_them(
    gate: Gate, changes: dict[str, Any], faults: list[tuple[str, str]]
) -> None:
    response = gate.request("POST", "/gate/admissions", {**BODY, **changes})
    assert_problem(response, 400, "invalid_request", *faults)
    assert not Scan.objects.exists()


@pytest.mark.parametrize("missing", BODY)
def test_both_numbers_are_needed(gate: Gate, missing: str) -> None:
    body = {name: value for name, value in BODY.items() if name != missing}
    response = gate.request("POST", "/gate/admissions", body)
    assert_problem(response, 400, "invalid_request", (f"/{missing}", "required"))


@pytest.mark.parametrize("raw", [b"", b"{", b"\xff", b'{"requestId": "a", "requestId": "b"}'])
def test_a_body_that_is_no_json_is_refused(gate: Gate, raw: bytes) -> None:
    response = gate.request("POST", "/gate/admissions", raw=raw)
    assert response.status_code == 400
    assert response.json()["code"] in ("malformed_json", "invalid_request")


def test_other_content_types_are_refused(gate: Gate) -> None:
    raw = json.dumps(BODY).encode()
    response = gate.request("POST", "/gate/admissions", raw=raw, content_type="text/plain")
    assert_problem(response, 415, "unsupported_media_type")


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("PUT", "/gate/admissions", "GET, POST"),
        ("GET", "/gate/admissions/019aa0d0-0000-7000-8000-00000000dead", "DELETE"),
        ("POST", "/gate/device", "GET"),
    ],
)
def test_other_methods_are_refused(gate: Gate, method: str, path: str, allowed: str) -> None:
    response = gate.request(method, path)
    assert_problem(response, 405, "method_not_allowed")
    assert set(allowed.split(", ")) <= set(response["Allow"].split(", "))


@pytest.mark.parametrize(("method", "path"), REQUESTS)
@pytest.mark.parametrize("key", ["", "wrong", "gate_wrong", "partner", "revoked", "replaced"])
def test_without_a_devices_key_nothing_is_answered(
    gate: Gate, api: ApiClient, method: str, path: str, key: str
) -> None:
    match key:
        case "partner":
            sent = api.key
        case "revoked":
            sent = gate.key
            revoke_device(device=gate.device, now=timezone.now())
        case "replaced":
            sent = gate.key
            assert replace_key(device=gate.device) != sent
        case _:
            sent = key
    response = gate.request(method, path, BODY if method == "POST" else None, x_api_key=sent)
    assert_problem(response, 401, "unauthenticated")
    assert response["WWW-Authenticate"]
    assert not Scan.objects.exists()


@pytest.mark.parametrize("path", ["/channelManager/packages", "/channelManager"])
def test_a_devices_key_opens_nothing_of_the_partners(gate: Gate, path: str) -> None:
    assert_problem(gate.request("GET", path), 401, "unauthenticated")
    assert_problem(gate.request("POST", path, {}), 401, "unauthenticated")


def test_the_key_may_come_as_a_bearer_token(gate: Gate) -> None:
    headers = {"Authorization": f"Bearer {gate.key}"}
    assert Client().get("/gate/device", headers=headers).status_code == 200
    response = Client().get("/gate/device", headers={**headers, "x-api-key": "other"})
    assert_problem(response, 401, "unauthenticated")


@pytest.mark.parametrize(
    "changes", [{"referenceNumber": "SUN-2"}, {"referenceNumber": "SUN-1 "}, {"quantity": 2}]
)
def test_a_request_id_stands_for_one_scan(
    gate: Gate, issued: Issued, changes: dict[str, Any]
) -> None:
    issued(line("GROUP", quantity=5, wallet={"externalReferenceNumbers": ["SUN-1"]}))
    assert gate.scan("SUN-1", requestId="R-1")["admitted"]
    response = gate.request("POST", "/gate/admissions", {**BODY, **changes})
    assert_problem(response, 422, "idempotency_mismatch")
    assert Asset.objects.get().admitted == 1


def test_a_quantity_that_is_left_out_is_one(gate: Gate, issued: Issued) -> None:
    number = asset_of(issued()).reference_number
    first = gate.scan(number, requestId="R-1")
    assert gate.scan(number, requestId="R-1", quantity=1) == first


def test_the_use_of_a_key_is_noted_once_a_minute(gate: Gate, clock: Clock) -> None:
    used = []
    for seconds in (0, 59, 2):
        clock.forward(seconds=seconds)
        gate.scan("nothing")
        used.append(GateDevice.objects.get().last_used_at)
    assert used == [used[0], used[0], clock.now]


def test_a_device_is_told_what_it_is(
    make_gate: Callable[..., Gate], issued: Issued, settings: Any
) -> None:
    issued()
    settings.GATE_UNDO_SECONDS = 77
    rides = make_gate("Rides", "DINO", "LUNCH")
    device = {
        "deviceId": str(rides.device.pk),
        "name": "Rides",
        "venue": {"name": "Dune Park", "timezone": "Europe/Amsterdam"},
        "admitsEveryItem": False,
        "items": [
            {"itemNumber": "DINO", "description": "Description of DINO", "type": "ticket"},
            {"itemNumber": "LUNCH", "description": "Description of LUNCH", "type": "coupon"},
        ],
        "undoSeconds": 77,
    }
    assert rides.request("GET", "/gate/device").json() == device
    everywhere = make_gate("Everywhere").request("GET", "/gate/device").json()
    assert (everywhere["admitsEveryItem"], everywhere["items"]) == (True, [])


def test_the_last_scans_of_a_device_come_newest_first(
    gate: Gate, make_gate: Callable[..., Gate], issued: Issued, clock: Clock
) -> None:
    number = asset_of(issued()).reference_number
    answers = []
    for scanned in (number, number, "nothing"):
        answers.insert(0, gate.scan(scanned))
        clock.forward(seconds=1)
    make_gate("South").scan(number)
    undone = gate.undo(answers[2]["admissionId"]).json()
    assert gate.last() == [answers[0], answers[1], undone]
    assert gate.last(limit=1) == [answers[0]]


@pytest.mark.parametrize(
    ("query", "fault"),
    [
        ("limit=1&limit=2", ("?limit", "repeated_parameter")),
        ("last=5", ("?last", "unknown_member")),
    ],
)
def test_a_list_takes_no_other_parameters(gate: Gate, query: str, fault: tuple[str, str]) -> None:
    response = gate.request("GET", f"/gate/admissions?{query}")
    assert_problem(response, 400, "invalid_request", fault)


@pytest.mark.parametrize("end", ["\r", "\n", "\r\n", "\t"])
def test_what_a_scanner_types_after_a_number_is_left_out(gate: Gate, end: str) -> None:
    scanned = gate.scan(f"SUN-1{end}")
    assert (scanned["code"], scanned["scannedNumber"]) == ("unknown", "SUN-1")


@pytest.mark.parametrize("limit", ["0", "101", "-1", "x", "", "1.0", "١"])
def test_a_limit_is_a_number_from_1_to_100(gate: Gate, limit: str) -> None:
    response = gate.request("GET", f"/gate/admissions?limit={limit}")
    assert_problem(response, 400, "invalid_request", ("?limit", "invalid_limit"))

"""Sample answers of the gate's API; a test holds their shape against real ones."""

from __future__ import annotations

from typing import Any

SCAN_REQUEST: dict[str, Any] = {
    "referenceNumber": "TGR14XE8YXRY1DFRR",
    "requestId": "turnstile-4-000817",
}
ADMISSION: dict[str, Any] = {
    "admitted": True,
    "code": "admitted",
    "reason": "Admitted.",
    "scanId": "01a1fb9c-21d7-7a3e-9c52-6f0d6f6b1f10",
    "admissionId": "01a1fb9c-21d7-7a3e-9c52-6f0d6f6b1f10",
    "requestId": "turnstile-4-000817",
    "scannedNumber": "TGR14XE8YXRY1DFRR",
    "referenceNumber": "TGR14XE8YXRY1DFRR",
    "walletReferenceNumber": "W7K2M9QX4TBN0V5HC",
    "itemNumber": "PARK-ENTRY",
    "description": "Park entry",
    "type": "ticket",
    "seat": None,
    "quantity": 1,
    "admissionsLeft": 0,
    "visitDate": "2027-05-04",
    "visitTime": None,
    "validFrom": "2027-05-04T09:00:00.000+02:00",
    "validUntil": "2027-05-04T18:00:00.000+02:00",
    "scannedAt": "2027-05-04T10:03:00.412+02:00",
    "undoUntil": "2027-05-04T10:08:00.412+02:00",
    "outsideSystem": None,
    "outsideNumber": None,
    "undoneAt": None,
    "undoReason": None,
}
REFUSAL: dict[str, Any] = {
    **ADMISSION,
    "admitted": False,
    "code": "already_used",
    "reason": "Already used today at 10:03 at North entrance.",
    "scanId": "01a1fb9d-6e01-7b44-8f31-2d1c9d0a7e22",
    "admissionId": None,
    "requestId": "turnstile-4-000818",
    "scannedAt": "2027-05-04T10:04:25.118+02:00",
    "undoUntil": None,
}
UNDONE: dict[str, Any] = {
    **ADMISSION,
    "undoneAt": "2027-05-04T10:04:02.530+02:00",
    "undoReason": "Wrong guest",
}
DEVICE: dict[str, Any] = {
    "deviceId": "01a1fb90-11c2-7d0a-b7a4-90f31b8a4c01",
    "name": "North entrance",
    "venue": {"name": "Dune Park", "timezone": "Europe/Amsterdam"},
    "admitsEveryItem": False,
    "items": [{"itemNumber": "PARK-ENTRY", "description": "Park entry", "type": "ticket"}],
    "undoSeconds": 300,
}
GATE_ANSWERS: dict[str, dict[str, Any]] = {
    "admit": ADMISSION,
    "listAdmissions": {"data": [REFUSAL, ADMISSION]},
    "undoAdmission": UNDONE,
    "getGateDevice": DEVICE,
}

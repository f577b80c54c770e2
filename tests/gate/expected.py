"""What the gate's answers look like: whole payloads."""

from __future__ import annotations

from typing import Any

from tests.orders.expected import ASSET_NUMBER, UUID, VISIT, WALLET_NUMBER, Like

SENT = Like(r".{1,64}")


def admission(**members: Any) -> dict[str, Any]:
    """Return the answer to a day ticket that is admitted at 10:00 on the day of the visit."""
    return {
        "admitted": True,
        "code": "admitted",
        "reason": "Admitted.",
        "scanId": UUID,
        "admissionId": UUID,
        "requestId": SENT,
        "scannedNumber": Like(r".{1,512}"),
        "referenceNumber": ASSET_NUMBER,
        "walletReferenceNumber": WALLET_NUMBER,
        "itemNumber": "DAY-ENTRY",
        "description": "DAY entry",
        "type": "ticket",
        "seat": None,
        "quantity": 1,
        "admissionsLeft": 0,
        "visitDate": VISIT,
        "visitTime": None,
        "validFrom": f"{VISIT}T08:00:00.000+01:00",
        "validUntil": f"{VISIT}T20:00:00.000+01:00",
        "scannedAt": f"{VISIT}T10:00:00.000+01:00",
        "undoUntil": f"{VISIT}T10:05:00.000+01:00",
        "outsideSystem": None,
        "outsideNumber": None,
        "undoneAt": None,
        "undoReason": None,
        **members,
    }


def refusal(code: str, reason: str, **members: Any) -> dict[str, Any]:
    """Return the answer to a day ticket that is refused at 10:00 on the day of the visit."""
    refused = {
        "admitted": False,
        "code": code,
        "reason": reason,
        "admissionId": None,
        "admissionsLeft": 1,
        "undoUntil": None,
    }
    return admission(**{**refused, **members})


def unrecognised(code: str, reason: str, **members: Any) -> dict[str, Any]:
    """Return the answer to a scan that stands for no ticket."""
    unknown = (
        *("referenceNumber", "walletReferenceNumber", "itemNumber", "description", "type"),
        *("admissionsLeft", "visitDate", "visitTime", "validFrom", "validUntil"),
    )
    return refusal(code, reason, **{**dict.fromkeys(unknown), **members})

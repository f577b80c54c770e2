"""The answer to a scan as JSON: every member always there, null when not known. Pure."""

from __future__ import annotations

import datetime
import uuid
from typing import Any, TypedDict

from django.conf import settings

from orders.gate.verdict import Candidate, Question
from wallets.models import Scan, ScanCode, Wallet
from wallets.outside_tickets import outside_of


class Answer(TypedDict):
    """What is stored with a scan and answered again when the request is repeated."""

    admitted: bool
    code: str
    reason: str
    scanId: str
    admissionId: str | None
    requestId: str
    scannedNumber: str
    referenceNumber: str | None
    walletReferenceNumber: str | None
    itemNumber: str | None
    description: str | None
    type: str | None
    seat: str | None
    quantity: int
    admissionsLeft: int | None
    visitDate: str | None
    visitTime: str | None
    validFrom: str | None
    validUntil: str | None
    scannedAt: str
    undoUntil: str | None
    outsideSystem: str | None
    outsideNumber: str | None


def compose(
    *,
    scan_id: uuid.UUID,
    request_id: str,
    scanned: str,
    code: ScanCode,
    reason: str,
    question: Question,
    candidate: Candidate | None,
    wallet: Wallet | None,
) -> Answer:
    """Return the answer to a scan. No person is named in it."""
    is_admitted = code == ScanCode.ADMITTED
    asset = candidate.asset if candidate else None
    outside = outside_of(asset) if asset else None
    return Answer(
        admitted=is_admitted,
        code=code.value,
        reason=reason,
        scanId=str(scan_id),
        admissionId=str(scan_id) if is_admitted else None,
        requestId=request_id,
        scannedNumber=scanned,
        referenceNumber=asset.reference_number if asset else None,
        walletReferenceNumber=wallet.reference_number if wallet else None,
        itemNumber=asset.item.number if asset else None,
        description=asset.description if asset else None,
        type=asset.type if asset else None,
        seat=(asset.seat or None) if asset else None,
        quantity=question.quantity,
        admissionsLeft=asset.admissions_left if asset else None,
        visitDate=asset.visit_date.isoformat() if asset and asset.visit_date else None,
        visitTime=asset.visit_time.isoformat() if asset and asset.visit_time else None,
        validFrom=_local(asset.valid_from, question) if asset else None,
        validUntil=_local(asset.valid_until, question) if asset else None,
        scannedAt=_local(question.now, question),
        undoUntil=_local(undo_until(question.now), question) if is_admitted else None,
        outsideSystem=outside.system if outside else None,
        outsideNumber=(outside.number_like(scanned) or None) if outside else None,
    )


def render(scan: Scan) -> dict[str, Any]:
    """Return what is answered of a stored scan: the same each time, but for an undo since."""
    zone = scan.device.venue.zone
    undone_at = scan.undone_at.astimezone(zone) if scan.undone_at else None
    return {
        # Always in the same order, and with what answers of today have beside those of then.
        **{member: scan.answer.get(member) for member in Answer.__annotations__},
        "undoneAt": undone_at.isoformat(timespec="milliseconds") if undone_at else None,
        "undoReason": scan.undo_reason or None,
    }


def undo_until(at: datetime.datetime) -> datetime.datetime:
    """Return until when an admission of this moment may be undone."""
    return at + datetime.timedelta(seconds=settings.GATE_UNDO_SECONDS)


def _local(moment: datetime.datetime, question: Question) -> str:
    return question.local(moment).isoformat(timespec="milliseconds")

"""The page for whoever connects a scanner or turnstile: the gate's API, and its codes."""

from __future__ import annotations

import json
from collections.abc import Mapping

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from channel_manager.docs.gate_samples import ADMISSION, REFUSAL, SCAN_REQUEST
from channel_manager.docs.pages import PATHS
from channel_manager.docs.views import page
from orders.gate.serializers import AdmissionSerializer
from wallets.models import ScanCode

# When each code is answered, and what is said then, as an example.
CODES: Mapping[ScanCode, tuple[str, str]] = {
    ScanCode.ADMITTED: ("The guest may enter, or the coupon is redeemed.", "Admitted."),
    ScanCode.NOT_VALID_YET: (
        "It is the right day, but too early; or an open-dated ticket is not valid yet.",
        "Not valid yet. Valid from today, 14:00.",
    ),
    ScanCode.WRONG_DAY: (
        "The ticket is for another day.",
        "Wrong day. This ticket is for Saturday 8 May.",
    ),
    ScanCode.WRONG_TIME: (
        "The ticket's time today is over.",
        "Too late. Its time ended at 12:00.",
    ),
    ScanCode.EXPIRED: (
        "An open-dated ticket is no longer valid.",
        "Expired. It was valid until Friday 30 April, 18:00.",
    ),
    ScanCode.ALREADY_USED: (
        "Every admission of the ticket has been taken.",
        "Already used today at 10:03 at North entrance.",
    ),
    ScanCode.TOO_FEW_LEFT: (
        "More are to enter than the ticket has admissions left. Nobody is admitted; "
        "`admissionsLeft` says how many may.",
        "Only 3 left of the group of 12.",
    ),
    ScanCode.CANCELLED: (
        "The ticket, its wallet or its order was cancelled.",
        "Cancelled. It is no longer valid.",
    ),
    ScanCode.REPLACED: (
        "A new ticket took its place: it was reissued, or its visit moved to another day.",
        "Replaced by a new ticket. Scan the new one.",
    ),
    ScanCode.DRAFT: ("The order is not paid yet.", "Not paid yet. The order is not confirmed."),
    ScanCode.NOT_ISSUED: (
        "The number is known, but it has no tickets: they are not made yet, or could not be made.",
        "Not issued yet. The order is still being worked on.",
    ),
    ScanCode.WRONG_GATE: (
        "The device is not set to the ticket's item.",
        "Not for this gate. This ticket is for Dino ride. This gate admits Park entry.",
    ),
    ScanCode.COUPON_BY_OWN_NUMBER: (
        "The number is a wallet's, and all it has for this device is a coupon.",
        "Scan the coupon itself: Lunch is redeemed by its own number.",
    ),
    ScanCode.TEST_MODE: ("The ticket was made by a test order.", "Test ticket. It admits nobody."),
    ScanCode.UNKNOWN: (
        "No ticket at this venue has the number; that of a whole order admits nobody.",
        "Unknown number. Nothing here has it.",
    ),
}
_MEMBERS = {
    "admitted": "Whether the gate may open.",
    "code": "Why; never changes its meaning.",
    "scanId": "Names this scan.",
    "requestId": "As you sent it.",
    "walletReferenceNumber": "The wallet the ticket is in.",
    "itemNumber": "What the ticket is for, as the venue numbers it.",
    "description": "What the ticket is for, in words.",
    "type": "`ticket` or `coupon`.",
    "seat": "The numbered seat, or the seats of a group.",
    "quantity": "How many were to enter.",
    "visitDate": "The day of the visit; null when it is open-dated.",
    "visitTime": "The time of the visit, when it has one of its own.",
    "validFrom": "From when the ticket is valid.",
    "validUntil": "Until when, this moment not included.",
    "scannedAt": "When it was scanned.",
    "undoUntil": "Until when the admission may be undone.",
    "undoReason": "Why it was undone.",
}


def members() -> list[tuple[str, str]]:
    """Return every member of an answer with what it says."""
    fields = AdmissionSerializer().fields
    return [(name, _MEMBERS.get(name) or str(field.help_text)) for name, field in fields.items()]


@page
def gate(request: HttpRequest) -> HttpResponse:
    """Show the page."""
    context = {
        "active": PATHS["Gate"],
        "base_url": settings.PUBLIC_URL,
        "request_body": json.dumps(SCAN_REQUEST, indent=2),
        "admission": json.dumps(ADMISSION, indent=2),
        "refusal": json.dumps(REFUSAL, indent=2),
        "codes": [(code.value, *texts) for code, texts in CODES.items()],
        "members": members(),
        "undo_minutes": settings.GATE_UNDO_SECONDS // 60,
    }
    return render(request, "docs/gate.html", context)

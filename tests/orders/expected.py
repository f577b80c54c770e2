"""What the contract says an answer looks like: whole payloads, with matchers for what is drawn.

The clock of these tests stands at NOON; what is ordered is for VISIT unless a test says otherwise.
"""

from __future__ import annotations

import datetime
import re
from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.db import connection
from procrastinate.contrib.django.models import ProcrastinateJob

from channel_manager.history.models import Event
from channel_manager.lib.errors import ErrorCode
from orders.models import LedgerEntry, Order, OrderLine
from partners.models import IdempotencyRecord
from wallets.models import Asset, Wallet

NOON = datetime.datetime(2026, 11, 20, 11, 0, tzinfo=datetime.UTC)  # 12:00 in Amsterdam
VISIT = "2026-11-23"
NOBODY = "019aa0d0-0000-7000-8000-00000000dead"


class Clock:
    """A clock that stands still until it is told to move."""

    def __init__(self) -> None:
        self.now = NOON

    def __call__(self) -> datetime.datetime:
        return self.now

    def forward(self, **delta: float) -> datetime.datetime:
        """Move on by a timedelta's arguments and return the moment."""
        self.now += datetime.timedelta(**delta)
        return self.now


class Like:
    """Equals every string of a form, and remembers the one it met last."""

    def __init__(self, pattern: str) -> None:
        self.pattern = pattern
        self.met: str | None = None

    def __eq__(self, other: object) -> bool:
        self.met = other if isinstance(other, str) else None
        return self.met is not None and re.fullmatch(self.pattern, self.met) is not None

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        return f"Like({self.pattern!r})"


UUID = Like(r"[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}")
DOCUMENT_NUMBER = Like(r"CM26-\d{7}")
WALLET_NUMBER = Like(r"W[0-9A-HJKMNP-TV-Z]{16}")
ASSET_NUMBER = Like(r"[TC][0-9A-HJKMNP-TV-Z]{16}")
ORDER_MANIFEST = Like(re.escape(settings.PUBLIC_URL) + r"/m/[A-Za-z0-9_-]{32}")
WALLET_MANIFEST = Like(re.escape(settings.PUBLIC_URL) + r"/w/[A-Za-z0-9_-]{32}")
SENTENCE = Like(r"(?s)\S.*[.!?]")


def moment(at: datetime.datetime) -> str:
    """Write a moment as the API does."""
    return at.astimezone(datetime.UTC).strftime("%Y-%m-%dT%H:%M:%S.") + (
        f"{at.microsecond // 1000:03}Z"
    )


def line(item_number: str = "DAY", visit_date: str | None = VISIT, **members: Any) -> Any:
    """Return a line of an OrderRequest."""
    dated = {} if visit_date is None else {"visitDate": visit_date}
    return {"itemNumber": item_number, **dated, **members}


def full_body(api: Any) -> dict[str, Any]:
    """Return a valid body that uses every member."""
    guest = {"sellToEmail": "a@example.com", "sellToName": "Ann", "sellToLanguage": "nl"}
    wallet = {
        "names": ["Ann"],
        "externalReferenceNumbers": ["EXT-1"],
        "componentSchedule": [
            {
                "itemNumber": "DINO",
                "visitDate": "2026-11-24",
                "visitTime": "10:00",
                "seats": None,
            }
        ],
    }
    return api.order_body(
        line(
            "BUNDLE",
            quantity=1,
            visitTime="11:00",
            seats=None,
            holdId=None,
            wallet=wallet,
            **guest,
        ),
        **guest,
    )


def order(*items: dict[str, Any], **members: Any) -> dict[str, Any]:
    """Return a whole Order as it is answered, of our partner's and just Submitted."""
    return {
        "orderId": UUID,
        "status": "Submitted",
        "statusMessage": None,
        "partnerId": UUID,
        "sellToOrderReference": "WEB-1",
        "buyFromOrderReference": DOCUMENT_NUMBER,
        "sellToEmail": None,
        "sellToName": None,
        "sellToLanguage": None,
        "paymentReference": "PAY-1",
        "receivedAt": moment(NOON),
        "updatedAt": moment(NOON),
        "testMode": False,
        "currencyCode": "EUR",
        "totalInclVat": "34.50",
        "totalExclVat": "31.65",
        "manifestUrl": None,
        "items": list(items),
        **members,
    }


def item(*wallets: dict[str, Any], **members: Any) -> dict[str, Any]:
    """Return a line of an Order as it is answered: one day ticket."""
    return {
        "lineNo": 100_000,
        "itemNumber": "DAY",
        "packageCode": "DAY",
        "description": "Name of DAY",
        "isPackage": False,
        "isGroup": False,
        "quantity": 1,
        "visitDate": VISIT,
        "visitTime": None,
        "sellToEmail": None,
        "sellToName": None,
        "sellToLanguage": None,
        "componentSchedule": [],
        "wallets": list(wallets),
        **members,
    }


def wallet(*assets: dict[str, Any], **members: Any) -> dict[str, Any]:
    """Return a wallet as it is answered: a shell for a day ticket."""
    return {
        "seqNo": 1,
        "walletId": UUID,
        "walletReferenceNumber": WALLET_NUMBER,
        "externalReferenceNumber": None,
        "name": None,
        "status": "Reserved",
        "issuedAt": None,
        "unitPriceInclVat": "34.50",
        "unitPriceExclVat": "31.65",
        "currencyCode": "EUR",
        "manifestUrl": None,
        "assets": list(assets),
        **members,
    }


def asset(**members: Any) -> dict[str, Any]:
    """Return an asset as it is answered: a valid day ticket for VISIT."""
    return {
        "assetId": UUID,
        "type": "ticket",
        "referenceNumber": ASSET_NUMBER,
        "itemNumber": "DAY-ENTRY",
        "description": "DAY entry",
        "status": "Valid",
        "validFrom": f"{VISIT}T07:00:00.000Z",
        "validUntil": f"{VISIT}T19:00:00.000Z",
        **members,
    }


def assert_problem(
    response: Any, status: int, code: str, *faults: tuple[str, str], **members: Any
) -> dict[str, Any]:
    """Assert that an answer is the contract's problem body, whole; return it.

    faults: pointer and code of every entry in `errors`, in any order.
    """
    assert response.status_code == status, response.content
    assert response["Content-Type"] == "application/problem+json"
    body: dict[str, Any] = response.json()
    for fault in body["errors"]:
        assert set(fault) == {"pointer", "code", "detail"}
        assert fault["detail"] == SENTENCE
    listed = sorted((fault["pointer"], fault["code"]) for fault in body["errors"])
    assert {**body, "errors": listed} == {
        "type": f"{settings.PUBLIC_URL}/docs/errors/{code}",
        "title": Like(r"\S.*"),
        "status": status,
        "detail": SENTENCE,
        "code": code,
        "errors": sorted(faults),
        "requestId": response["X-Request-Id"],
        "retryable": False,
        **members,
    }
    return body


def stored() -> dict[str, int]:
    """Count the rows of everything that an order leaves behind, in one statement."""
    kept = (
        Order,
        OrderLine,
        Wallet,
        Asset,
        LedgerEntry,
        Event,
        ProcrastinateJob,
        IdempotencyRecord,
    )
    counts = (f'(SELECT count(*) FROM "{model._meta.db_table}")' for model in kept)
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {', '.join(counts)}")
        return dict(zip((model.__name__ for model in kept), cursor.fetchone(), strict=True))


def settle(api: Any, issue: Callable[[str], Order], *items: Any, **members: Any) -> dict[str, Any]:
    """Create an order, issue it as the worker does, and return it as it is answered then."""
    created = api.create(*(items or (line(),)), **members)
    issue(created["orderId"])
    return dict(api.get(f"/channelManager/{created['orderId']}").json())


def assert_refused(response: Any, before: dict[str, int]) -> dict[str, Any]:
    """Assert that any answer is a 4xx problem body, whole, and that nothing was stored."""
    assert 400 <= response.status_code < 500, response.content[:2000]
    assert response["Content-Type"] == "application/problem+json"
    body: dict[str, Any] = response.json()
    code = ErrorCode(body["code"])
    assert response.status_code == code.text.status
    pointers = [(fault["pointer"], fault["code"]) for fault in body["errors"]]
    usual = {"type", "title", "status", "detail", "code", "errors", "requestId"}
    members = {name: value for name, value in body.items() if name not in usual}
    assert_problem(response, response.status_code, code, *pointers, **members)
    assert stored() == before
    return body

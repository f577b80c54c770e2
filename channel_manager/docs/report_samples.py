"""Sample answers of the reports, for the OpenAPI file."""

from __future__ import annotations

from typing import Any

_MONEY = {"gross": "49.50", "vat": "4.54", "commission": "9.90", "net": "39.60"}
_NUMBERS = {"buyFromOrderReference": "CM26-0000042", "sellToOrderReference": "WEB-10042"}


def _page(row: dict[str, Any]) -> dict[str, Any]:
    return {"data": [row], "morePages": False, "nextPageKey": None, "nextPageURL": None}


REPORT_ANSWERS: dict[str, dict[str, Any]] = {
    "reportRegister": _page(
        {
            **_NUMBERS,
            "status": "Issued",
            "receivedAt": "2026-11-20T09:15:04.070Z",
            "issuedAt": "2026-11-20T09:15:04.102Z",
            "visitDate": "2027-05-04",
            "countsFrom": "2026-11-20",
            "countsUntil": "2026-11-20",
            "packages": "FAMILY-DAY",
            "ordered": 1,
            "left": 1,
            "currencyCode": "EUR",
            **_MONEY,
            "paymentReference": "PAY-77",
            "admitted": "no",
        }
    ),
    "reportSales": _page(
        {
            "month": "2026-11-01",
            "terms": "20 % of gross (version 1)",
            "currencyCode": "EUR",
            "orders": 1,
            "units": 1,
            "sales": "49.50",
            "reversals": "0.00",
            "adjustments": "0.00",
            **_MONEY,
        }
    ),
    "reportOpenItems": _page(
        {
            **_NUMBERS,
            "status": "Issued",
            "countsFrom": "2026-11-20",
            "days": 41,
            "age": "31-60 days",
            "currencyCode": "EUR",
            "gross": "49.50",
            "commission": "9.90",
            "net": "39.60",
            "period": "November 2026",
            "why": "November 2026 is not closed.",
        }
    ),
    "reportNotAdmitted": _page(
        {
            **_NUMBERS,
            "visitDate": "2027-05-04",
            "admitted": "no",
            "admissions": 2,
            "taken": 0,
            "currencyCode": "EUR",
            **_MONEY,
            "waitsForAdmission": False,
        }
    ),
}

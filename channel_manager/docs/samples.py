"""Sample requests and answers that the guide and the OpenAPI file show.

Tests hold them against the schema and against what the API really answers.
"""

from __future__ import annotations

from typing import Any

from channel_manager.docs.gate_samples import GATE_ANSWERS
from channel_manager.docs.report_samples import REPORT_ANSWERS
from channel_manager.docs.webhook_samples import WEBHOOK_ANSWERS

_BASE = "https://tickets.example.com"
_PARTNER_ID = "01a1fb73-4824-7c2a-bad7-dca9f72c4126"
_ORDER_ID = "01a1fb7b-5fb2-7166-9bcf-83268a68999a"
_VALID_FROM, _VALID_UNTIL = "2027-05-04T06:00:00.000Z", "2027-05-04T18:00:00.000Z"

ORDER_REQUEST: dict[str, Any] = {
    "partnerId": _PARTNER_ID,
    "sellToOrderReference": "WEB-10042",
    "sellToEmail": "guest@example.com",
    "sellToName": "Renée de Vries",
    "sellToLanguage": "nl",
    "paymentReference": "PAY-77",
    "items": [
        {
            "itemNumber": "FAMILY-DAY",
            "quantity": 1,
            "visitDate": "2027-05-04",
            "wallet": {
                "names": ["Renée"],
                "externalReferenceNumbers": ["SUNNY-000123"],
                "componentSchedule": [{"itemNumber": "CINEMA-4D", "visitTime": "14:00"}],
            },
        }
    ],
}

_HEADER: dict[str, Any] = {
    "orderId": _ORDER_ID,
    "status": "Submitted",
    "statusMessage": None,
    "partnerId": _PARTNER_ID,
    "sellToOrderReference": "WEB-10042",
    "buyFromOrderReference": "CM26-0000042",
    "sellToEmail": "guest@example.com",
    "sellToName": "Renée de Vries",
    "sellToLanguage": "nl",
    "paymentReference": "PAY-77",
    "receivedAt": "2026-11-20T09:15:04.070Z",
    "updatedAt": "2026-11-20T09:15:04.070Z",
    "testMode": False,
    "currencyCode": "EUR",
    "totalInclVat": "49.50",
    "totalExclVat": "44.96",
    "manifestUrl": None,
}
_LINE: dict[str, Any] = {
    "lineNo": 100000,
    "itemNumber": "FAMILY-DAY",
    "packageCode": "FAMILY-DAY",
    "description": "Dino and cinema day with lunch coupon",
    "isPackage": True,
    "isGroup": False,
    "quantity": 1,
    "visitDate": "2027-05-04",
    "visitTime": None,
    "sellToEmail": "guest@example.com",
    "sellToName": "Renée de Vries",
    "sellToLanguage": "nl",
    "componentSchedule": [
        {"itemNumber": "DINO-RIDE", "visitDate": "2027-05-04", "visitTime": None},
        {"itemNumber": "CINEMA-4D", "visitDate": "2027-05-04", "visitTime": "14:00:00"},
        {"itemNumber": "LUNCH-COUPON", "visitDate": "2027-05-04", "visitTime": None},
    ],
}
_WALLET: dict[str, Any] = {
    "seqNo": 1,
    "walletId": "01a1fb7b-5fb2-7831-8a7b-be331d27eaef",
    "walletReferenceNumber": "W8DXC920DD8CHCD7Q",
    "externalReferenceNumber": "SUNNY-000123",
    "name": "Renée",
    "status": "Reserved",
    "issuedAt": None,
    "unitPriceInclVat": "49.50",
    "unitPriceExclVat": "44.96",
    "currencyCode": "EUR",
    "manifestUrl": None,
    "assets": [],
}
_ISSUED_WALLET: dict[str, Any] = {
    **_WALLET,
    "status": "Active",
    "issuedAt": "2026-11-20T09:15:04.102Z",
    "manifestUrl": f"{_BASE}/w/oc3LE985Cn7XhkOGl3cNPTesQIGkWRIO",
    "assets": [
        {
            "assetId": "01a1fb7b-5fd3-7822-92d9-866c6aed8175",
            "type": "ticket",
            "referenceNumber": "TGR14XE8YXRY1DFRR",
            "itemNumber": "DINO-RIDE",
            "description": "Dino ride",
            "status": "Valid",
            "validFrom": _VALID_FROM,
            "validUntil": _VALID_UNTIL,
        },
        {
            "assetId": "01a1fb7b-5fd3-7952-a31f-7eadd5988ea1",
            "type": "ticket",
            "referenceNumber": "T6S8RATQS8A5GRQHX",
            "itemNumber": "CINEMA-4D",
            "description": "4D cinema",
            "status": "Valid",
            "validFrom": "2027-05-04T12:00:00.000Z",
            "validUntil": _VALID_UNTIL,
        },
        {
            "assetId": "01a1fb7b-5fd3-7d19-b332-822f1d9db668",
            "type": "coupon",
            "referenceNumber": "CRPA3Z6HXAWMH4XW2",
            "itemNumber": "LUNCH-COUPON",
            "description": "5 euros off lunch",
            "status": "Valid",
            "validFrom": _VALID_FROM,
            "validUntil": _VALID_UNTIL,
        },
    ],
}

SUBMITTED_ORDER: dict[str, Any] = {**_HEADER, "items": [{**_LINE, "wallets": [_WALLET]}]}
_ISSUED_HEADER: dict[str, Any] = {
    **_HEADER,
    "status": "Issued",
    "updatedAt": "2026-11-20T09:15:04.102Z",
    "manifestUrl": f"{_BASE}/m/luDhRCYGuyqPtsDpJ-mTAIa5KKTbB3ai",
}
ISSUED_ORDER: dict[str, Any] = {**_ISSUED_HEADER, "items": [{**_LINE, "wallets": [_ISSUED_WALLET]}]}
CANCELLED_ORDER: dict[str, Any] = {
    **ISSUED_ORDER,
    "status": "Cancelled",
    "updatedAt": "2026-11-21T10:02:31.514Z",
    "manifestUrl": None,
    "items": [
        {
            **_LINE,
            "wallets": [
                {
                    **_ISSUED_WALLET,
                    "status": "Destroyed",
                    "manifestUrl": None,
                    "assets": [
                        {**asset, "status": "Destroyed"} for asset in _ISSUED_WALLET["assets"]
                    ],
                }
            ],
        }
    ],
}
ORDER_PAGE: dict[str, Any] = {
    "data": [_ISSUED_HEADER],
    "morePages": False,
    "nextPageKey": None,
    "nextPageURL": None,
}
PACKAGES: dict[str, Any] = {
    "data": [
        {
            "itemNumber": "DAY",
            "packageCode": "DAY",
            "name": "Day ticket",
            "description": "",
            "dating": "dated",
            "isPackage": False,
            "isGroup": False,
            "components": [
                {
                    "itemNumber": "PARK-ENTRY",
                    "description": "Park entry",
                    "type": "ticket",
                    "quantity": 1,
                }
            ],
            "unitPriceInclVat": "34.50",
            "unitPriceExclVat": "31.65",
            "currencyCode": "EUR",
            "sampleOrder": {
                "partnerId": _PARTNER_ID,
                "sellToOrderReference": "SAMPLE-5990eb1a",
                "paymentReference": "PAY-SAMPLE",
                "items": [{"itemNumber": "DAY", "quantity": 1, "visitDate": "2026-11-21"}],
            },
        }
    ]
}
AVAILABILITY: dict[str, Any] = {
    "data": [
        {
            "itemNumber": "CINEMA",
            "visitDate": "2027-05-04",
            "visitTime": time,
            "startsAt": f"2027-05-04T{time}+02:00",
            "endsAt": f"2027-05-04T{ends}+02:00",
            "capacity": 120,
            "placesLeft": left,
        }
        for time, ends, left in (
            ("10:00:00", "10:45:00", 0),
            ("14:00:00", "14:45:00", 87),
        )
    ]
}

HOLD_REQUEST: dict[str, Any] = {
    "items": [
        {"itemNumber": "CINEMA", "quantity": 2, "visitDate": "2027-05-04", "visitTime": "14:00"}
    ]
}
HOLD: dict[str, Any] = {
    "holdId": "01a1fc20-7dab-7fcf-b631-94eceea95a6f",
    "status": "Held",
    "partnerId": _PARTNER_ID,
    "createdAt": "2026-11-20T09:15:04.070Z",
    "expiresAt": "2026-11-20T09:23:04.070Z",
    "endedAt": None,
    "items": [
        {
            "itemNumber": "CINEMA",
            "quantity": 2,
            "visitDate": "2027-05-04",
            "visitTime": "14:00:00",
            "places": [
                {
                    "itemNumber": "CINEMA-SHOW",
                    "visitDate": "2027-05-04",
                    "visitTime": "14:00:00",
                    "startsAt": "2027-05-04T14:00:00+02:00",
                    "endsAt": "2027-05-04T14:45:00+02:00",
                    "quantity": 2,
                    "seats": [],
                }
            ],
        }
    ],
}
_ENDED_AT = "2026-11-20T09:17:40.112Z"

# What each operation answers when all goes well, by operation id.
ANSWERS: dict[str, dict[str, Any]] = {
    "createOrder": SUBMITTED_ORDER,
    "getOrder": ISSUED_ORDER,
    "replaceOrder": SUBMITTED_ORDER,
    "confirmOrder": ISSUED_ORDER,
    "deleteOrder": CANCELLED_ORDER,
    "listOrdersByPartner": ORDER_PAGE,
    "createHold": HOLD,
    "getHold": HOLD,
    "extendHold": {**HOLD, "expiresAt": "2026-11-20T09:25:31.902Z"},
    "releaseHold": {**HOLD, "status": "Released", "endedAt": _ENDED_AT},
    "listPackages": PACKAGES,
    "listAvailability": AVAILABILITY,
    **GATE_ANSWERS,
    **REPORT_ANSWERS,
    **WEBHOOK_ANSWERS,
}

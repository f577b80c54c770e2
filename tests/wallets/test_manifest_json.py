"""The manifest as JSON: the same content for programs, and problem bodies where there is none."""

from __future__ import annotations

import base64
import datetime
from collections.abc import Callable
from typing import Any

import pytest

from orders.models import Order
from partners.models import Venue
from tests.conftest import TOMORROW, ApiClient
from tests.wallets.conftest import TOMORROW_IN_WORDS, Guest, picture
from wallets.models import Asset, Wallet

JSON = "application/json"
BASE = "http://127.0.0.1:8000"


def local(venue: Venue, hour: int) -> str:
    """Return tomorrow's hour on the venue's clock, with its offset."""
    return datetime.datetime.combine(TOMORROW, datetime.time(hour), venue.zone).isoformat()


def test_json_has_the_same_content_as_the_page(
    issued: Callable[..., Order], guest: Guest, park: Venue, day_for_emma: dict[str, Any]
) -> None:
    order = issued(day_for_emma, sellToLanguage="en-GB")
    wallet, asset = Wallet.objects.get(order=order), Asset.objects.get(wallet__order=order)
    wallet_url = f"{BASE}/w/{wallet.token}"
    contents = {
        "language": "en",
        "title": "Your ticket",
        "testMode": False,
        "venue": {
            "name": "Dune Park",
            "address": "Strandweg 1, 1970 AA Duinstad",
            "contactEmail": "guests@example.com",
            "contactPhone": "+31 20 555 0100",
            "timezone": "Europe/Amsterdam",
            "brandColor": "#0f766e",
            "logo": f"data:image/png;base64,{base64.b64encode(picture('PNG')).decode()}",
        },
        "seller": "Sunny Trips",
        "sellToOrderReference": "WEB-1",
        "buyFromOrderReference": order.buy_from_order_reference,
        "ticketCount": 1,
        "couponCount": 0,
        "wallets": [
            {
                "manifestUrl": wallet_url,
                "pdfUrl": f"{wallet_url}.pdf",
                "walletReferenceNumber": wallet.reference_number,
                "externalReferenceNumber": "SUN-1",
                "name": "Emma de Vries",
                "description": "Name of DAY",
                "status": "Active",
                "assets": [
                    {
                        "type": "ticket",
                        "label": "Ticket",
                        "description": "DAY entry",
                        "referenceNumber": asset.reference_number,
                        "qrContent": asset.reference_number,
                        "status": "Valid",
                        "statusText": "Valid",
                        "admissions": 1,
                        "visitDate": TOMORROW.isoformat(),
                        "visitTime": None,
                        "validFrom": local(park, 8),
                        "validUntil": local(park, 20),
                        "validity": f"{TOMORROW_IN_WORDS}, 08:00 – 20:00",
                        "seat": None,
                        "outside": None,
                    }
                ],
            }
        ],
    }
    for path in (f"/m/{order.token}", f"/w/{wallet.token}"):
        response = guest.open(path, JSON)
        assert response.json() == {
            "manifestUrl": f"{BASE}{path}",
            "pdfUrl": f"{BASE}{path}.pdf",
            **contents,
        }
        assert response["Content-Type"] == JSON


def test_what_is_not_known_is_null(issued: Callable[..., Order], guest: Guest, park: Venue) -> None:
    Venue.objects.update(address="", contact_email="", contact_phone="", logo=b"")
    order = issued()
    answer = guest.open(f"/m/{order.token}", JSON).json()
    names = ("address", "contactEmail", "contactPhone", "logo")
    assert {name: answer["venue"][name] for name in names} == dict.fromkeys(names)
    wallet = answer["wallets"][0]
    assert (wallet["name"], wallet["externalReferenceNumber"]) == (None, None)


def test_texts_are_in_the_orders_language(issued: Callable[..., Order], guest: Guest) -> None:
    order = issued(
        {"itemNumber": "BUNDLE", "visitDate": TOMORROW.isoformat()}, sellToLanguage="de-AT"
    )
    Asset.objects.filter(wallet__order=order, position=0).update(status="Used", admitted=1)
    answer = guest.open(f"/m/{order.token}", JSON).json()
    assert (answer["language"], answer["title"]) == ("de", "Ihre Tickets")
    assert (answer["ticketCount"], answer["couponCount"]) == (2, 1)
    assert [(a["label"], a["statusText"]) for a in answer["wallets"][0]["assets"]] == [
        ("Ticket", "Benutzt"),
        ("Ticket", "Gültig"),
        ("Gutschein", "Gültig"),
    ]


@pytest.mark.parametrize("accept", [JSON, "application/problem+json", "application/pdf", "*/*"])
@pytest.mark.parametrize("suffix", ["", ".pdf"])
def test_a_program_gets_a_problem_body_after_a_cancel(
    issued: Callable[..., Order], guest: Guest, api: ApiClient, accept: str, suffix: str
) -> None:
    order = issued()
    wallet = Wallet.objects.get(order=order)
    assert api.delete(str(order.pk)).status_code == 200
    for path in (f"/m/{order.token}{suffix}", f"/w/{wallet.token}{suffix}"):
        response = guest.open(path, accept, **{"X-Request-Id": "asked-1"})
        assert (response.status_code, response["Content-Type"]) == (410, "application/problem+json")
        answer = response.json()
        assert answer.pop("title")
        assert answer == {
            "type": f"{BASE}/docs/errors/gone",
            "status": 410,
            "detail": "The order or wallet of this manifest was cancelled.",
            "code": "gone",
            "errors": [],
            "requestId": "asked-1",
            "retryable": False,
        }


@pytest.mark.django_db
@pytest.mark.parametrize("path", ["/m/unknown", "/w/unknown", "/m/unknown.pdf", "/w/unknown.pdf"])
def test_a_program_gets_a_problem_body_for_an_unknown_address(guest: Guest, path: str) -> None:
    response = guest.open(path, JSON, **{"X-Request-Id": "asked-1"})
    assert (response.status_code, response["Content-Type"]) == (404, "application/problem+json")
    answer = response.json()
    assert answer.pop("title")
    assert answer == {
        "type": f"{BASE}/docs/errors/not_found",
        "status": 404,
        "detail": "No manifest has this address, or its order is not issued yet.",
        "code": "not_found",
        "errors": [],
        "requestId": "asked-1",
        "retryable": False,
    }

"""A sales channel that speaks Onebox, and its orders as they are answered."""

from __future__ import annotations

import datetime
import json
from typing import Any
from urllib.parse import urlencode

import pytest
from django.test import Client
from django.utils import timezone

from orders.models import Checkout, Order
from partners.keys import create_key, create_test_key
from partners.models import Dialect, Partner
from partners.storefronts import open_storefront
from tests.conftest import ApiClient
from tests.orders.expected import NOON, Like, moment

ORDERS = "/onebox/distribution-api/v1/orders"
CATALOGUE = "/onebox/catalog-api/v1"
MANAGEMENT = "/onebox/orders-mgmt-api/v1/orders"
ORDER_ID = Like("[0-9a-f]{32}")
CODE = Like("[0-9A-Z]{12}")
SENTENCE = Like(r"(?s)\S.*")
EMAIL = "email@email.com"
MINUTE = datetime.timedelta(minutes=1)


class Number:
    """Equals every positive whole number of 31 bits."""

    def __eq__(self, other: object) -> bool:
        return isinstance(other, int) and not isinstance(other, bool) and 0 < other < 2**31

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        return "Number()"


NUMBER = Number()


class Channel:
    """A web shop written against Onebox: it knows its credentials and what it is answered."""

    def __init__(self, partner: Partner, *, test_mode: bool = False) -> None:
        self.partner = partner
        self.storefront = open_storefront(
            partner=partner, dialect=Dialect.ONEBOX, test_mode=test_mode, now=timezone.now()
        )
        make = create_test_key if test_mode else create_key
        self.key, self.secret = make(partner=partner, dialect=Dialect.ONEBOX)
        self._client = Client(raise_request_exception=False)
        self._token = ""

    def form(self, **changes: str | None) -> dict[str, str]:
        """Return the members of a token request; None leaves one out."""
        form = {
            "grant_type": "client_credentials",
            "channel_id": self.storefront.public_id,
            "client_id": "seller-channel-client",
            "client_secret": self.secret,
            **changes,
        }
        return {name: value for name, value in form.items() if value is not None}

    def ask_token(self, body: str | None = None, **changes: str | None) -> Any:
        """Ask for a token; the members of the form may be changed."""
        return self._client.generic(
            "POST",
            "/onebox/oauth/token",
            urlencode(self.form(**changes)) if body is None else body,
            content_type="application/x-www-form-urlencoded",
        )

    @property
    def token(self) -> str:
        """Return an access token, asked for once."""
        if not self._token:
            self._token = self.ask_token().json()["access_token"]
        return self._token

    def renew(self) -> None:
        """Forget the token."""
        self._token = ""

    def request(
        self, method: str, path: str, body: Any = None, *, raw: bytes | None = None, **headers: str
    ) -> Any:
        """Send a request with the token; an empty header is left out."""
        data = raw if raw is not None else b"" if body is None else json.dumps(body).encode()
        sent = {
            "accept": "application/json",
            "authorization": f"Bearer {headers.pop('bearer', None) or self.token}",
            **{name.replace("_", "-"): value for name, value in headers.items()},
        }
        kind = sent.pop("content-type", "application/json" if data else "")
        return self._client.generic(
            method,
            path,
            data,
            content_type=kind,
            headers={name: value for name, value in sent.items() if value},
        )

    def get(self, path: str) -> Any:
        return self.request("GET", path)

    def post(self, path: str, order_id: str = "", body: Any = None, **headers: str) -> Any:
        """Send a call of the distribution API."""
        return self.request("POST", f"{ORDERS}{path}", body, ob_order_id=order_id, **headers)

    def done(self, path: str, order_id: str = "", body: Any = None) -> dict[str, Any]:
        """Send a call that must be answered with the order."""
        response = self.post(path, order_id, body)
        assert response.status_code == 200, response.content
        return dict(response.json())

    def basket(self) -> str:
        """Begin an order and return its id."""
        return str(self.done("")["id"])

    def session_id(self, start: str = "") -> int:
        """Return the id of the first session, or of the first that begins then (UTC)."""
        rows = self.get(f"{CATALOGUE}/sessions").json()["data"]
        return int(next(r["id"] for r in rows if (r["date"]["start"] or "").startswith(start)))

    def availability(self, session_id: int) -> dict[str, Any]:
        """Return what is left of a session."""
        response = self.get(f"{CATALOGUE}/sessions/{session_id}/availability")
        assert response.status_code == 200, response.content
        return dict(response.json())

    def places(self, session_id: int, quantity: int = 1) -> dict[str, Any]:
        """Return the body that asks for places of a session, of its first price type."""
        price_type = self.availability(session_id)["price_types"][0]["id"]
        return {"price_type_id": price_type, "session_id": session_id, "quantity": quantity}

    def seats(self, session_id: int, *labels: str) -> dict[str, Any]:
        """Return the body that names seats of a session."""
        (sector,) = self.availability(session_id)["sectors"]
        ids = {seat["name"]: seat["id"] for seat in sector["seats"]}
        return {"seats": [{"id": ids[label], "session_id": session_id} for label in labels]}

    def pre_confirmed(self, quantity: int = 1, start: str = "") -> dict[str, Any]:
        """Buy places up to PRE_CONFIRM and return the order."""
        order_id = self.basket()
        self.done("/seats-auto", order_id, self.places(self.session_id(start), quantity))
        self.done("/buyer-data", order_id, {"email": EMAIL})
        return self.done("/pre-confirm", order_id, {})

    def confirmed(self, quantity: int = 1, start: str = "") -> dict[str, Any]:
        """Buy places and return the confirmed order."""
        return self.done("/confirm", self.pre_confirmed(quantity, start)["id"], {})


@pytest.fixture
def channel(partner: Partner, clock: Any) -> Channel:
    """Our partner's web shop."""
    return Channel(partner)


@pytest.fixture
def other_channel(rival: ApiClient, clock: Any) -> Channel:
    """The rival's web shop, at the same venue."""
    return Channel(rival.partner)


def item(**members: Any) -> dict[str, Any]:
    """Return an item of an order as it is answered: a place of the show."""
    return {
        "id": NUMBER,
        "session_id": NUMBER,
        "price_type_id": NUMBER,
        "seat_id": None,
        "price": {"final": 12},
        "state": "RESERVED",
        **members,
    }


def order(*items: dict[str, Any], **members: Any) -> dict[str, Any]:
    """Return an order as it is answered: an empty BASKET, begun at NOON."""
    return {
        "id": ORDER_ID,
        "code": None,
        "status": "BASKET",
        "items": list(items),
        "buyer_data": {},
        "price": {"final": sum(one["price"]["final"] for one in items)},
        "expires_at": moment(NOON + 10 * MINUTE),
        **members,
    }


def order_of(answer: dict[str, Any]) -> Order:
    """Return our order of an answered one that is confirmed."""
    found = Checkout.objects.get(public_id=answer["id"]).order
    assert found is not None
    return found


def assert_refused(response: Any, status: int, code: str, *words: str) -> None:
    """Assert that an answer is Onebox's refusal, whole, and that its message has some words."""
    assert response.status_code == status, response.content
    assert response["Content-Type"] == "application/json"
    body = response.json()
    assert body == {"code": code, "message": SENTENCE}
    assert [word for word in words if word not in body["message"]] == [], body

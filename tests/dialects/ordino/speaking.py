"""A seller, a guest and a ride that speak Ordino, and what they are told: whole payloads."""

from __future__ import annotations

import datetime
import json
from typing import Any

import jwt
from django.test import Client

from channel_manager.lib.sealing import seal
from orders.models import GuestIssuer
from partners.keys import create_key, create_test_key
from partners.models import Dialect, Partner, Storefront
from partners.storefronts import open_storefront
from tests.orders.expected import NOON, Like

ORDERS = "/ordino/api/orders"
ENTITLEMENTS = "/ordino/api/entitlements"
RESERVE = "/ordino/api/sessions/actions/reserve"
RESERVATIONS = "/ordino/api/reservations"
COMPLETE = "/ordino/api/reservations/complete"
QUEUES = "/ordino/api/queues"
JWKS = "/ordino/.well-known/jwks.json"
ISSUER = "https://login.dunes.example"
SECRET = "a secret that the issuer shares with the park"
GUEST = "guest@example.com"
TYPES = "https://commonpark-platform.dev.ordino.global/errors/"
# The seed's own request, changed in nothing.
SEED = {
    "guest_email": "guest@example.com",
    "packages": [
        {"package_id": "pkg_ride_pass", "quantity": 1},
        {"package_id": "pkg_voucher", "quantity": 2},
    ],
    "metadata": {
        "order_id": "ord_shop_abc123",
        "reference": "WEB-12345",
        "source": "web_store",
        "total_amount": 49.99,
    },
}
RECEIVED = {
    "success": True,
    "status": 200,
    "title": None,
    "detail": None,
    "trace_id": Like(r"00-[A-Za-z0-9._:-]{1,64}-00"),
}
_UNPROCESSABLE = "The request was unable to be completed due to a problem with the request."


class Park:
    """A storefront that speaks Ordino, with all who use it."""

    def __init__(self, partner: Partner, *, test_mode: bool = False) -> None:
        self.storefront: Storefront = open_storefront(
            partner=partner, dialect=Dialect.ORDINO, test_mode=test_mode, now=NOON
        )
        create = create_test_key if test_mode else create_key
        self.row, self.key = create(partner=partner, dialect=Dialect.ORDINO)
        self.issuer = GuestIssuer.objects.create(
            storefront=self.storefront,
            issuer=f"{ISSUER}/{self.storefront.public_id}",
            sealed_secret=seal(SECRET),
        )
        self._client = Client(raise_request_exception=False)

    def request(
        self, method: str, path: str, body: Any = None, *, raw: bytes | None = None, **headers: str
    ) -> Any:
        """Send a request with these headers and no others."""
        data = raw if raw is not None else b"" if body is None else json.dumps(body).encode()
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return self._client.generic(
            method,
            path,
            data,
            content_type=named.pop("content-type", "application/json"),
            headers=named,
        )

    def order(self, body: Any, **headers: str) -> Any:
        """Send an order as the seller's backend."""
        return self.request("POST", ORDERS, body, x_api_key=self.key, **headers)

    def complete(self, **body: Any) -> Any:
        """Say at the ride what was scanned."""
        response = self.request("POST", COMPLETE, body, x_api_key=self.key)
        assert response.status_code == 200, response.content
        return response.json()

    def guest(self, identity: str = GUEST, **claims: Any) -> GuestApp:
        """Return the app of a guest who has signed in."""
        return GuestApp(self, token_of(self.issuer.issuer, identity, **claims))


class GuestApp:
    """A guest's app: sends its token with every request."""

    def __init__(self, park: Park, token: str) -> None:
        self.park = park
        self.token = token

    def request(self, method: str, path: str, body: Any = None) -> Any:
        """Send a request."""
        return self.park.request(method, path, body, authorization=f"Bearer {self.token}")

    def get(self, path: str) -> Any:
        """Return an answer that must be a good one."""
        response = self.request("GET", path)
        assert response.status_code == 200, response.content
        return response.json()

    def entitlements(self, query: str = "") -> list[dict[str, Any]]:
        """Return the guest's entitlements."""
        return list(self.get(ENTITLEMENTS + query)["items"])

    def reserve(self, queue: str, *keys: str, **members: Any) -> Any:
        """Join a queue."""
        return self.request(
            "POST", RESERVE, {"queue_id": queue, "session_keys": list(keys), **members}
        )

    def reserved(self, queue: str, *keys: str, **members: Any) -> dict[str, Any]:
        """Join a queue and return the reservation that this must make."""
        response = self.reserve(queue, *keys, **members)
        assert response.status_code == 201, response.content
        return dict(response.json()["data"])


def token_of(
    issuer: str, identity: Any = GUEST, *, secret: str = SECRET, claim: str = "email", **claims: Any
) -> str:
    """Return the token of a guest, valid for an hour from NOON."""
    said = {
        "iss": issuer,
        claim: identity,
        "exp": int((NOON + datetime.timedelta(hours=1)).timestamp()),
        **claims,
    }
    return jwt.encode({name: value for name, value in said.items() if value is not None}, secret)


def problem(name: str, title: str, detail: Any, *, status: int = 400, **members: Any) -> Any:
    """Return what a refusal looks like."""
    return {
        "success": False,
        "status": status,
        "error_code": name,
        "type": f"{TYPES}{name}",
        "title": title,
        "detail": detail,
        **members,
    }


def invalid(**errors: Any) -> Any:
    """Return what the refusal of fields looks like, by their keys."""
    return problem(
        "validation_error",
        "One or more validation errors occurred",
        _UNPROCESSABLE,
        errors={name: [told] if isinstance(told, str) else told for name, told in errors.items()},
    )


def missing(kind: str, *ids: str) -> Any:
    """Return what the refusal of unknown ids in a body looks like."""
    plural = "resource" if len(ids) == 1 else "resources"
    return problem(
        "resource_not_found",
        "One or more required resources could not be found",
        f"Could not find the following {plural} of type `{kind}`: {', '.join(ids)}.",
        resource_type=kind,
        missing_resources=list(ids),
    )


def answer(response: Any) -> tuple[int, Any, str]:
    """Return what matters of an answer: status, body and content type."""
    return response.status_code, response.json(), response["Content-Type"]


def refused(body: Any) -> tuple[int, Any, str]:
    """Return the answer that a refusal is, to compare with one."""
    return body["status"], body, "application/problem+json"

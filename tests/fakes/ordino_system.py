"""A park's Ordino platform as a seller's backend meets it: orders in, entitlements made."""

from __future__ import annotations

import datetime
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from tests.fakes.faults import FaultySystem

ORDER = "order"
ORDERS = "/api/orders"
KEY = "k_test_2f90"
TRACE = "00-9be1c7d0-01"
_TYPES = "https://commonpark-platform.dev.ordino.global/errors/"
_TITLES = {
    "validation_error": "One or more validation errors occurred",
    "resource_not_found": "One or more required resources could not be found",
}
_LENGTH = "The field must have between 1 and 256 characters."
_QUANTITY = "The field must be between 1 and 1000."


@dataclass(frozen=True)
class Entitlement:
    """What a guest has of one unit of a package."""

    guest: str
    package_id: str
    order_id: str | None


class OrdinoSystem(FaultySystem):
    """Takes orders for its packages and keeps what it made of them.

    deduplicates: whether an order whose `metadata.order_id` came before makes nothing new, which
    nothing public promises. nests: as older revisions, it tells extra members of its errors under
    `extensions`.
    """

    def __init__(self, *packages: str, deduplicates: bool = False, nests: bool = False) -> None:
        super().__init__()
        self.packages = set(packages or ("pkg_fastlane_day", "pkg_photo"))
        self.deduplicates = deduplicates
        self.nests = nests
        self.key = KEY
        self.orders: list[dict[str, Any]] = []
        self.entitlements: list[Entitlement] = []

    def operation_of(self, method: str, path: str) -> str:
        return ORDER if (method, path) == ("POST", ORDERS) else f"{method} {path}"

    def handle(
        self,
        method: str,
        path: str,
        query: Mapping[str, str],
        headers: Mapping[str, str],
        body: bytes,
    ) -> tuple[int, Any]:
        if (method, path) != ("POST", ORDERS):
            return self._problem(404, "not_found", path=path)
        return self._refused_credentials(headers) or self._take(body)

    def not_success(self, operation: str) -> tuple[int, Any]:
        return 200, self._problem(200, "operation_failed", detail="Nothing was created.")[1]

    def token_expired(self, operation: str) -> tuple[int, Any]:
        return self._problem(401, "invalid_credentials", authentication_scheme="ApiKey")

    def content_type(self, status: int, document: Any) -> str:
        return "application/json" if status == 200 else "application/problem+json"

    def _refused_credentials(self, headers: Mapping[str, str]) -> tuple[int, Any] | None:
        if "x-api-key" in headers and "authorization" in headers:
            return self._problem(401, "multiple_authentication_schemes")
        if "x-api-key" not in headers:
            return self._problem(401, "unauthorized")
        if headers["x-api-key"] != self.key:
            detail = f"The API key {headers['x-api-key']} is not valid."
            return self._problem(
                401, "invalid_credentials", detail=detail, authentication_scheme="ApiKey"
            )
        return None

    def _take(self, body: bytes) -> tuple[int, Any]:
        try:
            order = json.loads(body, parse_float=Decimal)
        except ValueError:
            order = None
        if not isinstance(order, dict):
            return self._problem(400, "validation_error", errors={"": ["Malformed JSON."]})
        if errors := _errors_of(order):
            return self._problem(400, "validation_error", errors=errors)
        wanted = [line["package_id"] for line in order["packages"]]
        if missing := [package for package in wanted if package not in self.packages]:
            return self._problem(
                400,
                "resource_not_found",
                detail=f"Could not find the following resource of type `package`: {missing}.",
                resource_type="package",
                missing_resources=list(dict.fromkeys(missing)),
            )
        return self._make(order)

    def _make(self, order: dict[str, Any]) -> tuple[int, Any]:
        done = {"success": True, "status": 200, "title": None, "detail": None, "trace_id": TRACE}
        order_id = (order.get("metadata") or {}).get("order_id")
        for made in self.orders:
            if self.deduplicates and order_id and made["metadata"]["order_id"] == order_id:
                if made == order:
                    return 200, done
                errors = {"Metadata.Order_id": ["Another order has this id."]}
                return self._problem(400, "validation_error", errors=errors)
        self.orders.append(order)
        self.entitlements += [
            Entitlement(order["guest_email"], line["package_id"], order_id)
            for line in order["packages"]
            for _ in range(line.get("quantity", 1))
        ]
        return 200, done

    def _problem(
        self, status: int, code: str, *, detail: str | None = None, **extra: Any
    ) -> tuple[int, Any]:
        return status, {
            "success": False,
            "status": status,
            "error_code": code,
            "type": f"{_TYPES}{code}",
            "title": _TITLES.get(code, code),
            "detail": detail,
            "trace_id": TRACE,
            **({"extensions": extra} if self.nests else extra),
        }


def _errors_of(order: dict[str, Any]) -> dict[str, list[str]]:
    """Return the faults of an order's fields, by their names as .NET writes them."""
    checks: list[tuple[str, Any, Callable[[Any], bool], str]] = [
        ("Guest_email", order.get("guest_email"), _is_text, _LENGTH),
        ("Packages", order.get("packages"), _are_packages, "At least one package is required."),
    ]
    optional: list[tuple[str, Callable[[Any], bool], str]] = [
        ("redeemable_from", _is_moment, "The field must be a date-time with an offset."),
        ("redeemable_until", _is_moment, "The field must be a date-time with an offset."),
        ("max_redemptions", _is_up_to_1000, _QUANTITY),
        ("metadata", _is_metadata, "The field must be an object of texts and an amount."),
    ]
    checks += [
        (name.capitalize(), order[name], holds, fault)
        for name, holds, fault in optional
        if order.get(name) is not None
    ]
    return {name: [fault] for name, value, holds, fault in checks if not holds(value)}


def _is_text(value: Any) -> bool:
    return isinstance(value, str) and 1 <= len(value) <= 256


def _is_up_to_1000(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 1 <= value <= 1000


def _are_packages(value: Any) -> bool:
    return (
        isinstance(value, list)
        and bool(value)
        and all(
            isinstance(line, dict)
            and _is_text(line.get("package_id"))
            and _is_up_to_1000(line.get("quantity", 1))
            for line in value
        )
    )


def _is_moment(value: Any) -> bool:
    try:
        return datetime.datetime.fromisoformat(value).tzinfo is not None
    except (TypeError, ValueError):
        return False


def _is_metadata(value: Any) -> bool:
    if not isinstance(value, dict):
        return False
    texts = (value.get(name) for name in ("order_id", "reference", "source"))
    amount = value.get("total_amount")
    is_number = amount is None or isinstance(amount, int | Decimal)
    return is_number and all(text is None or isinstance(text, str) for text in texts)

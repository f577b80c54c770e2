"""Questions to VoordeMensen: where they go, and with which key."""

from __future__ import annotations

import datetime
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote as in_url
from urllib.parse import urlencode

from django.conf import settings

from catalog.models import Connection
from wallets.connectors.credentials import header_secret_of
from wallets.connectors.exchange import Refused, Reply, Request, ask, join, json_body
from wallets.connectors.voordemensen_reading import id_of, is_id, list_of

PEPPERED_KEY = "peppered_key"


def return_url_of(connection: Connection) -> str:
    """Return where a guest who was sent to pay there comes back to (C2)."""
    return f"{settings.PUBLIC_URL}/outside/{connection.pk}/return"


def order_key_of_return(query: Mapping[str, str]) -> str:
    """Return the order key that a browser comes back with, by either of its names; "" without one.

    It names an order of ours to ask about; it says nothing of how that stands (C5).
    """
    for name in ("return", "response"):
        if is_id(key := query.get(name, "")):
            return key
    return ""


def address_of(connection: Connection, path: str) -> str:
    return join(connection.base_url, f"{in_url(connection.account, safe='')}/{path}")


def key_of(connection: Connection) -> str:
    """Return the Peppered key, "" where there is none; raises ConnectorError, misconfigured."""
    return header_secret_of(connection, PEPPERED_KEY, "Peppered key")


def key_headers(connection: Connection) -> dict[str, str]:
    """Return the Peppered key as it is sent: raw, without Bearer (C11)."""
    key = key_of(connection)
    return {"Authorization": key} if key else {}


def ask_for(
    connection: Connection, path: str, *, headers: Mapping[str, str] | None = None
) -> Reply:
    request = Request(method="GET", url=address_of(connection, path), headers=headers or {})
    return ask(connection, request)


def post_to(
    connection: Connection, path: str, body: object, headers: Mapping[str, str] | None = None
) -> Request:
    return Request(
        method="POST",
        url=address_of(connection, path),
        headers={"Content-Type": "application/json", **(headers or {})},
        body=json_body(body),
    )


def method_of(connection: Connection) -> Mapping[str, Any] | None:
    """Return the payment method of a connection as it is listed; None where it is not (any more)."""
    try:
        reply = ask_for(connection, "paymentmethods", headers=key_headers(connection))
    except Refused as refused:
        if refused.status_code == 404:
            return None
        raise
    methods = list_of(reply.document, "list of payment methods")
    return next((one for one in methods if _is_method(one, connection.payment_method)), None)


def _is_method(told: Mapping[str, Any], payment_id: str) -> bool:
    return id_of(told, "payment_id") == str(int(payment_id))


def ask_back_office(
    connection: Connection, since: datetime.datetime
) -> list[Mapping[str, Any]] | None:
    """Return the orders that the back office has changed since; None where there is none."""
    query = urlencode({"changedSince": since.isoformat(timespec="seconds")})
    try:
        reply = ask_for(connection, f"peppered/order?{query}", headers=key_headers(connection))
    except Refused as refused:
        if refused.status_code == 404:
            return None
        raise
    return list_of(reply.document, "list of orders")

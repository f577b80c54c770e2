"""Mollie: payments by its API v2, whose notifications carry an id only and are answered by asking.

docs.mollie.com/reference/create-payment, get-payment, cancel-payment; docs.mollie.com/reference/webhooks
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from decimal import Decimal
from typing import Any
from urllib.parse import quote

from django.conf import settings
from django.http import HttpRequest

from channel_manager.lib.errors import Fault, InvalidRequest
from channel_manager.lib.money import rounded
from channel_manager.lib.payment_settings import MOLLIE
from orders.models import Payment
from orders.payment.providers import exchange
from orders.payment.providers.base import (
    Begun,
    HostedProvider,
    Notification,
    ProviderAway,
    Report,
    Standing,
)

_API = "https://api.mollie.com"
_STANDINGS: Mapping[str, Standing] = {
    "open": Standing.OPEN,
    "pending": Standing.PENDING,
    "authorized": Standing.PENDING,
    "paid": Standing.PAID,
    "failed": Standing.FAILED,
    "canceled": Standing.CANCELLED,
    "expired": Standing.CANCELLED,
}
_LOCALES: Mapping[str, str] = {"en": "en_GB", "nl": "nl_NL", "de": "de_DE"}


class MollieProvider(HostedProvider):
    """Begins, asks and cancels over Mollie's API, with the key that the environment gives."""

    def __init__(self, api_key: str, base: str = _API, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self._key = api_key
        self._base = base

    def begin(self, payment: Payment) -> Begun:
        """Create the payment; its token keeps a second request from making a second one."""
        value = str(rounded(payment.total - payment.captured_amount, payment.currency))
        language = payment.checkout.language
        asked = {
            "amount": {"currency": payment.currency, "value": value},
            "description": payment.description,
            "redirectUrl": payment.get_success_url(),
            "webhookUrl": f"{settings.PUBLIC_URL}/pay/notify/{MOLLIE}",
            "locale": _LOCALES[language],
            "metadata": {"token": payment.token},
        }
        if payment.checkout.payment_method:
            asked["method"] = payment.checkout.payment_method
        said = self._send("POST", "/v2/payments", asked, key=payment.token)
        try:
            return Begun(
                transaction_id=str(said["id"]), url=str(said["_links"]["checkout"]["href"])
            )
        except (KeyError, TypeError):
            raise ProviderAway("Mollie named no payment page.") from None

    def ask(self, payment: Payment) -> Report:
        """Fetch the payment."""
        said = self._send("GET", self._path_of(payment))
        try:
            standing = _STANDINGS[said["status"]]
            amount = said["amount"]
            paid = Decimal(amount["value"]) if standing == Standing.PAID else Decimal(0)
            return Report(standing=standing, paid=paid, currency=str(amount["currency"]))
        except (KeyError, TypeError, ArithmeticError):
            raise ProviderAway("Mollie's answer cannot be read.") from None

    def give_up(self, payment: Payment) -> None:
        """Cancel the payment, where Mollie still can (422 where it cannot)."""
        self._send("DELETE", self._path_of(payment), may_refuse=True)

    def read_notification(self, request: HttpRequest) -> Notification:
        """Return the id that was posted: anybody may post one, so Mollie is asked about it."""
        reference = request.POST.get("id", "")
        if not reference or len(reference) > 64 or "\0" in reference:
            fault = Fault("/id", "invalid_request", "A payment's id is missing.")
            raise InvalidRequest([fault])
        return Notification(transaction_id=reference)

    def _path_of(self, payment: Payment) -> str:
        return f"/v2/payments/{quote(payment.transaction_id, safe='')}"

    def _send(
        self,
        method: str,
        path: str,
        body: Mapping[str, Any] | None = None,
        *,
        key: str = "",
        may_refuse: bool = False,
    ) -> Any:
        headers = {"Authorization": f"Bearer {self._key}"}
        if body is not None:
            headers["Content-Type"] = "application/json"
        if key:
            headers["Idempotency-Key"] = key
        sent = b"" if body is None else json.dumps(body).encode()
        url = f"{self._base}{path}"
        return exchange.ask(method, url, headers=headers, body=sent, may_refuse=may_refuse)

"""Stripe: its hosted Checkout, whose notifications are signed.

docs.stripe.com/api/checkout/sessions; docs.stripe.com/webhooks. Not django-payments' own provider for
it: that takes every payment for the whole amount, keeps the buyer's data, and sends by itself instead
of by the one seam to the outside.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from decimal import Decimal
from typing import Any
from urllib.parse import quote, urlencode

from django.http import HttpRequest
from stripe import SignatureVerificationError, WebhookSignature

from channel_manager.lib.errors import Fault, InvalidRequest
from channel_manager.lib.money import smallest_unit
from orders.models import Payment
from orders.payment.providers import exchange
from orders.payment.providers.base import (
    Begun,
    ForgedNotification,
    HostedProvider,
    Notification,
    ProviderAway,
    Report,
    Standing,
)

_API = "https://api.stripe.com"
_VERSION = "2025-03-31.basil"
# A signature counts for so many seconds.
_TOLERANCE = 300
_METHODS: Mapping[str, str] = {"ideal": "ideal", "bancontact": "bancontact", "creditcard": "card"}
# Where Stripe counts otherwise than ISO 4217 (docs.stripe.com/currencies).
_TWO_DECIMALS = frozenset({"ISK", "UGX"})
_FAILED = "checkout.session.async_payment_failed"
_EVENTS = frozenset(
    {
        _FAILED,
        "checkout.session.async_payment_succeeded",
        "checkout.session.completed",
        "checkout.session.expired",
    }
)


class StripeProvider(HostedProvider):
    """Begins, asks and expires Checkout sessions, with the key that the environment gives."""

    def __init__(self, api_key: str, endpoint_secret: str, base: str = _API, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self._key = api_key
        self._secret = endpoint_secret
        self._base = base

    def begin(self, payment: Payment) -> Begun:
        """Create the session; its token keeps a second request from making a second one."""
        amount = (payment.total - payment.captured_amount) / _unit(payment.currency)
        asked = {
            "mode": "payment",
            "client_reference_id": payment.token,
            "success_url": payment.get_success_url(),
            "cancel_url": payment.get_failure_url(),
            "locale": payment.checkout.language,
            "line_items[0][quantity]": "1",
            "line_items[0][price_data][currency]": payment.currency.lower(),
            "line_items[0][price_data][unit_amount]": str(int(amount)),
            "line_items[0][price_data][product_data][name]": payment.description,
        }
        if method := _METHODS.get(payment.checkout.payment_method):
            asked["payment_method_types[0]"] = method
        said = self._send("POST", "/v1/checkout/sessions", asked, key=payment.token)
        try:
            return Begun(transaction_id=str(said["id"]), url=str(said["url"]))
        except (KeyError, TypeError):
            raise ProviderAway("Stripe named no payment page.") from None

    def ask(self, payment: Payment) -> Report:
        """Fetch the session, with what became of its payment."""
        said = self._send("GET", f"{self._path_of(payment)}?expand[]=payment_intent")
        try:
            intent = said.get("payment_intent")
            gone = isinstance(intent, dict) and intent["status"] == "requires_payment_method"
            return _report(said, failed=said["status"] == "complete" and gone)
        except (KeyError, TypeError, ValueError, AttributeError):
            raise ProviderAway("Stripe's answer cannot be read.") from None

    def give_up(self, payment: Payment) -> None:
        """Expire the session, where Stripe still can."""
        self._send("POST", f"{self._path_of(payment)}/expire", {}, may_refuse=True)

    def read_notification(self, request: HttpRequest) -> Notification | None:
        """Check the signature and return what the event says of a session."""
        try:
            body = request.body.decode()
            signature = request.headers.get("Stripe-Signature", "")
            if not signature.isascii():
                # It is compared as text, which other letters break.
                raise ValueError("no signature of Stripe's has such letters")
            WebhookSignature.verify_header(body, signature, self._secret, _TOLERANCE)
        except (SignatureVerificationError, ValueError):
            raise ForgedNotification("The notification is not signed by Stripe.") from None
        try:
            event = json.loads(body)
            if event["type"] not in _EVENTS:
                return None
            session = event["data"]["object"]
            return Notification(
                transaction_id=str(session["id"]),
                token=str(session.get("client_reference_id") or ""),
                report=_report(session, failed=event["type"] == _FAILED),
            )
        except (KeyError, TypeError, ValueError, AttributeError):
            fault = Fault("", "invalid_request", "The event cannot be read.")
            raise InvalidRequest([fault]) from None

    def _path_of(self, payment: Payment) -> str:
        return f"/v1/checkout/sessions/{quote(payment.transaction_id, safe='')}"

    def _send(
        self,
        method: str,
        path: str,
        form: Mapping[str, str] | None = None,
        *,
        key: str = "",
        may_refuse: bool = False,
    ) -> Any:
        headers = {"Authorization": f"Bearer {self._key}", "Stripe-Version": _VERSION}
        if form is not None:
            headers["Content-Type"] = "application/x-www-form-urlencoded"
        if key:
            headers["Idempotency-Key"] = key
        sent = b"" if form is None else urlencode(form).encode()
        url = f"{self._base}{path}"
        return exchange.ask(method, url, headers=headers, body=sent, may_refuse=may_refuse)


def _report(session: Any, *, failed: bool) -> Report:
    """Read a session; raises KeyError, TypeError or ValueError for what is none."""
    currency = str(session["currency"]).upper()
    if session["payment_status"] == "paid":
        paid = int(session["amount_total"]) * _unit(currency)
        return Report(standing=Standing.PAID, paid=paid, currency=currency)
    standing = Standing.OPEN
    if failed:
        standing = Standing.FAILED
    elif session["status"] == "expired":
        standing = Standing.CANCELLED
    elif session["status"] == "complete":
        standing = Standing.PENDING
    return Report(standing=standing, paid=Decimal(0), currency=currency)


def _unit(currency: str) -> Decimal:
    """Return the amount that Stripe counts in."""
    return Decimal("0.01") if currency in _TWO_DECIMALS else smallest_unit(currency)

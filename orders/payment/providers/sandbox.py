"""The sandbox: a provider of our own that takes no money, with a page, a record and notifications."""

from __future__ import annotations

import base64
import datetime
import hashlib
import json
import secrets
import uuid
from decimal import Decimal

from django.conf import settings
from django.db import transaction
from django.http import HttpRequest
from django.utils import timezone
from standardwebhooks import Webhook, WebhookVerificationError

from channel_manager.lib import http, jobs
from channel_manager.lib.errors import Fault, InvalidRequest
from channel_manager.lib.payment_settings import SANDBOX
from orders.models import Payment, SandboxPayment, SandboxStatus
from orders.payment.providers.base import (
    Begun,
    ForgedNotification,
    HostedProvider,
    Notification,
    ProviderAway,
    Report,
    Standing,
)
from orders.queueing import NOTIFY_TASK

_SECONDS = 15
_KEPT_BYTES = 2000


class NotificationRefused(Exception):
    """Our own host did not take the sandbox's notification: it is sent again."""


class SandboxProvider(HostedProvider):
    """Begins, tells and asks by the sandbox's own record."""

    form_action = "'self'"

    def begin(self, payment: Payment) -> Begun:
        """Open a payment at the sandbox, once for each of ours."""
        found, _ = SandboxPayment.objects.get_or_create(
            shop_reference=payment.token,
            defaults={
                "reference": f"sb_{secrets.token_hex(12)}",
                "amount": payment.total,
                "currency": payment.currency,
                "method": payment.checkout.payment_method,
                "language": payment.checkout.language,
                "return_url": payment.get_success_url(),
                "opened_at": timezone.now(),
            },
        )
        return Begun(
            transaction_id=found.reference,
            url=f"{settings.PUBLIC_URL}/pay/sandbox/{found.reference}",
        )

    def ask(self, payment: Payment) -> Report:
        """Return what the record says."""
        found = SandboxPayment.objects.filter(reference=payment.transaction_id).first()
        if found is None:
            raise ProviderAway("The sandbox does not know the payment.")
        return Report(standing=Standing(found.status), paid=found.paid, currency=found.currency)

    def give_up(self, payment: Payment) -> None:
        """Cancel what was not paid."""
        SandboxPayment.objects.filter(
            reference=payment.transaction_id,
            paid=0,
            status__in=(SandboxStatus.OPEN, SandboxStatus.PENDING),
        ).update(status=SandboxStatus.CANCELLED)

    def read_notification(self, request: HttpRequest) -> Notification:
        """Read what `notify` sends."""
        try:
            headers = {name.lower(): value for name, value in request.headers.items()}
            said = _signer().verify(request.body, headers)
        except (WebhookVerificationError, ValueError):
            raise ForgedNotification("The notification is not signed by the sandbox.") from None
        try:
            return Notification(
                transaction_id=said["id"],
                report=Report(
                    standing=Standing(said["status"]),
                    paid=_amount(said["paid"]),
                    currency=str(said["currency"]),
                ),
            )
        except (KeyError, TypeError, ValueError, ArithmeticError):
            fault = Fault("", "invalid_request", "The notification cannot be read.")
            raise InvalidRequest([fault]) from None


def choose(
    *,
    reference: str,
    status: SandboxStatus,
    paid: Decimal = Decimal(0),
    tells: bool = True,
) -> SandboxPayment:
    """Do what the guest chose at the sandbox, where it is still open; tell the shop unless silent.

    paid: what the guest pays now, added to what was paid before. Raises SandboxPayment.DoesNotExist.
    """
    with transaction.atomic():
        found = SandboxPayment.objects.select_for_update(no_key=True).get(reference=reference)
        if found.status not in (SandboxStatus.OPEN, SandboxStatus.PENDING):
            return found
        found.paid += paid
        found.status = status if found.paid < found.amount else SandboxStatus.PAID
        found.save(update_fields=["status", "paid"])
        if tells:
            jobs.defer(NOTIFY_TASK, queue="closing", body=_told(found))
        return found


def notify(*, body: str, now: datetime.datetime) -> None:
    """Post a notification to our own address, as a provider in the world would.

    Raises NotificationRefused when it was not taken.
    """
    message_id = f"msg_{uuid.uuid4().hex}"
    headers = {
        "Content-Type": "application/json",
        "webhook-id": message_id,
        "webhook-timestamp": str(int(now.timestamp())),
        "webhook-signature": _signer().sign(message_id, now, body),
    }
    try:
        answer = http.post(
            f"{settings.PUBLIC_URL}/pay/notify/{SANDBOX}",
            body=body.encode(),
            headers=headers,
            seconds=_SECONDS,
            keep_bytes=_KEPT_BYTES,
        )
    except http.NotAnswered as error:
        raise NotificationRefused(str(error)) from error
    if answer.status_code != 200:
        raise NotificationRefused(f"It was answered with {answer.status_code}.")


def _told(found: SandboxPayment) -> str:
    return json.dumps(
        {
            "id": found.reference,
            "status": found.status,
            "paid": str(found.paid),
            "currency": found.currency,
        }
    )


def _amount(text: object) -> Decimal:
    amount = Decimal(str(text))
    if not amount.is_finite() or not 0 <= amount < 10**9:
        raise ValueError("not an amount")
    return amount


def _signer() -> Webhook:
    """Return what signs and verifies: the sandbox's secret follows from the installation's."""
    key = hashlib.sha256(b"payment sandbox " + settings.SECRET_KEY.encode()).digest()
    return Webhook(base64.b64encode(key).decode())

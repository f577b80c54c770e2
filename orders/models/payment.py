"""Payments of checkouts, as a provider tells of them; and the sandbox provider's own record."""

from __future__ import annotations

import datetime
import uuid
from decimal import Decimal
from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models import Q
from django_fsm import FSMField, FSMModelMixin, transition
from payments.models import BasePayment

from channel_manager.lib.identity import time_ordered_uuid, url_token
from orders.models.checkout import Checkout

PAYMENT_KIND = "payment"


class PaymentState(models.TextChoices):
    """The states of a payment, by the names that django-payments has for them."""

    WAITING = "waiting"
    CONFIRMED = "confirmed"
    REJECTED = "rejected"
    CANCELLED = "cancelled"
    REFUNDED = "refunded"


# A checkout has one payment at a time that money may still come by, or has come by.
LIVING = (PaymentState.WAITING, PaymentState.CONFIRMED)


class PaymentQuerySet(models.QuerySet["Payment"]):
    """Filters that read as adjectives."""

    def living(self) -> PaymentQuerySet:
        """Keep what money may come by, or has come by."""
        return self.filter(status__in=LIVING)

    def due_for_a_check(self, now: datetime.datetime) -> PaymentQuerySet:
        """Keep what the provider is to be asked about now."""
        return self.filter(next_check_at__lte=now)

    def not_checked_since(self, moment: datetime.datetime) -> PaymentQuerySet:
        """Keep what the provider was not asked about after a moment."""
        return self.filter(Q(checked_at__isnull=True) | Q(checked_at__lte=moment))


class Payment(FSMModelMixin, BasePayment):  # type: ignore[misc]  # the library is not typed
    """One payment of a checkout at a provider (`variant`); amounts in its currency, VAT included.

    token: what the guest's page is found by, and what the provider is told as our reference.
    transaction_id: what the provider calls it, once it has been asked. Who pays is not kept here.
    """

    LIFECYCLE_FIELDS: ClassVar[tuple[str, ...]] = (
        "status",
        "status_since",
        "message",
        "captured_amount",
        "next_check_at",
    )

    id = models.UUIDField(primary_key=True, default=time_ordered_uuid, editable=False)
    checkout = models.ForeignKey(Checkout, models.CASCADE, related_name="payments")
    status = FSMField(default=PaymentState.WAITING, choices=PaymentState.choices, protected=True)
    status_since = models.DateTimeField()
    token = models.CharField(max_length=36, unique=True, default=url_token, editable=False)
    currency = models.CharField(max_length=3)
    total = models.DecimalField(max_digits=12, decimal_places=3)
    captured_amount = models.DecimalField(max_digits=12, decimal_places=3, default=Decimal(0))
    url = models.TextField(blank=True, help_text="The provider's page.")
    created = models.DateTimeField()
    asked_at = models.DateTimeField(
        null=True, blank=True, help_text="When the provider was asked to begin it."
    )
    checked_at = models.DateTimeField(null=True, blank=True)
    next_check_at = models.DateTimeField(null=True, blank=True)

    # What the library would keep of who pays, and we do not.
    billing_first_name = billing_last_name = billing_email = billing_phone = None
    billing_address_1 = billing_address_2 = billing_city = billing_postcode = None
    billing_country_code = billing_country_area = customer_ip_address = None
    fraud_status = fraud_message = delivery = tax = modified = None

    objects = PaymentQuerySet.as_manager()

    class Meta:
        ordering = ("-id",)
        constraints = [
            models.CheckConstraint(
                condition=Q(status__in=PaymentState.values), name="payment_status_known"
            ),
            models.UniqueConstraint(
                fields=("checkout",), condition=Q(status__in=LIVING), name="payment_living_once"
            ),
            models.UniqueConstraint(
                fields=("variant", "transaction_id"),
                condition=~Q(transaction_id=""),
                name="payment_transaction_once",
            ),
            models.CheckConstraint(
                condition=Q(total__gte=0, captured_amount__gte=0),
                name="payment_amounts_not_negative",
            ),
        ]
        indexes = [
            models.Index(
                fields=("next_check_at",),
                condition=Q(next_check_at__isnull=False),
                name="payment_by_next_check",
            ),
        ]

    def __str__(self) -> str:
        return self.transaction_id or self.token

    def get_success_url(self) -> str:
        """Return where the provider sends the guest's browser back to."""
        return f"{settings.PUBLIC_URL}/pay/{self.token}/return"

    def get_failure_url(self) -> str:
        """Return the same: how the payment stands is asked, never read from an address."""
        return self.get_success_url()

    def _moved(self, now: datetime.datetime, message: str) -> None:
        self.status_since, self.message = now, message

    @transition("status", source=PaymentState.WAITING, target=PaymentState.WAITING)
    def take_part(self, *, now: datetime.datetime, paid: Decimal) -> None:
        """Note that less than the total has been paid so far."""
        self._moved(now, "A part was paid.")
        self.captured_amount = paid

    @transition("status", source="*", target=PaymentState.CONFIRMED)
    def confirm(self, *, now: datetime.datetime, paid: Decimal, message: str = "") -> None:
        """Note what has been paid in all; money that comes after a refusal counts, too."""
        self._moved(now, message)
        self.captured_amount, self.next_check_at = paid, None

    @transition("status", source=PaymentState.WAITING, target=PaymentState.REJECTED)
    def reject(self, *, now: datetime.datetime) -> None:
        """Note that it failed."""
        self._moved(now, "The provider says that the payment failed.")
        self.next_check_at = None

    @transition("status", source=PaymentState.WAITING, target=PaymentState.CANCELLED)
    def cancel_it(self, *, now: datetime.datetime) -> None:
        """Note that it was given up."""
        self._moved(now, "The payment was given up.")
        self.next_check_at = None

    @transition(
        "status",
        source=[PaymentState.WAITING, PaymentState.CONFIRMED],
        target=PaymentState.REFUNDED,
    )
    def note_refund(self, *, now: datetime.datetime) -> None:
        """Note that staff say the money went back."""
        self._moved(now, "The money went back.")
        self.next_check_at = None


class SandboxStatus(models.TextChoices):
    """How a payment stands at the sandbox."""

    OPEN = "open"
    PENDING = "pending"
    PAID = "paid"
    FAILED = "failed"
    CANCELLED = "cancelled"


class SandboxPayment(models.Model):
    """What the sandbox provider knows of a payment: as another company's database would.

    It names ours by its token only, as a provider in the world would.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    reference = models.CharField(max_length=40, unique=True)
    shop_reference = models.CharField(max_length=36, unique=True)
    status = models.CharField(
        max_length=10, choices=SandboxStatus.choices, default=SandboxStatus.OPEN
    )
    amount = models.DecimalField(max_digits=12, decimal_places=3)
    paid = models.DecimalField(max_digits=12, decimal_places=3, default=Decimal(0))
    currency = models.CharField(max_length=3)
    method = models.CharField(max_length=64, blank=True)
    language = models.CharField(max_length=35, blank=True)
    return_url = models.CharField(max_length=2000)
    opened_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(status__in=SandboxStatus.values), name="sandbox_status_known"
            ),
            models.CheckConstraint(
                condition=~Q(status=SandboxStatus.PAID) | Q(paid__gt=0),
                name="sandbox_paid_has_money",
            ),
        ]

    def __str__(self) -> str:
        return self.reference

"""Checkouts: purchases through a dialect that are not paid yet, and what they became."""

from __future__ import annotations

import datetime
import uuid
from decimal import Decimal
from typing import ClassVar

from django.db import models
from django.db.models import Exists, F, OuterRef, Q
from django.db.models.functions import Upper
from django_fsm import FSMField, FSMModelMixin, transition

from catalog.models import Package, Session
from channel_manager.lib.identity import time_ordered_uuid
from orders.models.hold import Hold
from orders.models.order import Order
from partners.models import Storefront
from wallets.manifest_texts import choose_language

CHECKOUT_KIND = "checkout"


class CheckoutStatus(models.TextChoices):
    """The states of a checkout."""

    OPEN = "Open"
    AWAITING_PAYMENT = "AwaitingPayment", "Awaiting payment"
    PARTLY_PAID = "PartlyPaid", "Partly paid"
    ORDERED = "Ordered"
    CANCELLED = "Cancelled"
    EXPIRED = "Expired"
    PAID_LATE = "PaidLate", "Paid late"
    SETTLED = "Settled"


UNPAID = (CheckoutStatus.OPEN, CheckoutStatus.AWAITING_PAYMENT)
_UNDER_WAY = (*UNPAID, CheckoutStatus.PARTLY_PAID)
_ENDED_UNPAID = (CheckoutStatus.CANCELLED, CheckoutStatus.EXPIRED)
# What became of it is no matter of anybody's work any more.
SETTLED_CHECKOUT = (*_ENDED_UNPAID, CheckoutStatus.ORDERED, CheckoutStatus.SETTLED)


class CheckoutQuerySet(models.QuerySet["Checkout"]):
    """Filters that read as adjectives."""

    def overdue(self, now: datetime.datetime) -> CheckoutQuerySet:
        """Keep the checkouts under way whose time is over."""
        return self.filter(status__in=_UNDER_WAY, expires_at__lte=now)

    def with_something_in_it(self) -> CheckoutQuerySet:
        """Leave out carts that nobody has put anything into."""
        items = CheckoutItem.objects.filter(checkout=OuterRef("pk"))
        untouched = Q(status__in=(CheckoutStatus.OPEN, CheckoutStatus.EXPIRED), amount=0)
        return self.filter(~untouched | Exists(items))

    def unpaid_since(self, moment: datetime.datetime) -> CheckoutQuerySet:
        """Keep those that ended before a moment without an order and without money."""
        paid = Q(paid_amount__gt=0) | Q(payments__captured_amount__gt=0)
        return self.filter(status__in=_ENDED_UNPAID, status_since__lt=moment).exclude(paid)

    def with_a_buyer_to_erase(self) -> CheckoutQuerySet:
        """Keep those that have ended and still name somebody, though no order is there that does."""
        return self.filter(status__in=SETTLED_CHECKOUT, order__isnull=True, erased_at__isnull=True)


class Checkout(FSMModelMixin, models.Model):
    """What a guest is about to buy through a dialect: held places, and a payment that is due.

    Paying makes one order of it (`order`). Money that comes when its places are gone makes it
    PaidLate, for staff to settle. Amounts include VAT, in the venue's currency.
    """

    LIFECYCLE_FIELDS: ClassVar[tuple[str, ...]] = (
        "status",
        "status_since",
        "status_message",
        "expires_at",
        "paid_amount",
        "payment_began_at",
        "order_id",
    )

    id = models.UUIDField(primary_key=True, default=time_ordered_uuid, editable=False)
    storefront = models.ForeignKey(Storefront, models.PROTECT, related_name="checkouts")
    status = FSMField(default=CheckoutStatus.OPEN, choices=CheckoutStatus.choices, protected=True)
    status_since = models.DateTimeField()
    status_message = models.TextField(blank=True)
    public_id = models.CharField(max_length=64, help_text="What the shop calls it while it lasts.")
    code = models.CharField(
        max_length=64, blank=True, help_text="What it is called once it is due."
    )
    currency = models.CharField(max_length=3)
    amount = models.DecimalField(max_digits=12, decimal_places=3, default=Decimal(0))
    paid_amount = models.DecimalField(max_digits=12, decimal_places=3, default=Decimal(0))
    payment_method = models.CharField(max_length=64, blank=True)
    payment_cost = models.DecimalField(
        max_digits=12, decimal_places=3, default=Decimal(0), help_text="Added by the payment page."
    )
    payment_began_at = models.DateTimeField(null=True, blank=True)
    return_url = models.CharField(max_length=2000, blank=True)
    buyer_email = models.CharField(max_length=254, blank=True)
    buyer_name = models.CharField(max_length=100, blank=True)
    buyer_language = models.CharField(max_length=35, blank=True)
    buyer_data = models.JSONField(default=dict, blank=True, help_text="Whatever else was sent.")
    request_hash = models.CharField(
        max_length=64, blank=True, help_text="Tells a repeated request from another one."
    )
    opened_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    erased_at = models.DateTimeField(null=True, blank=True)
    order = models.OneToOneField(
        Order, models.SET_NULL, null=True, blank=True, related_name="checkout"
    )

    objects = CheckoutQuerySet.as_manager()

    class Meta:
        ordering = ("-id",)
        permissions = [("settle_checkout", "Can settle checkouts that were paid late")]
        constraints = [
            models.CheckConstraint(
                condition=Q(status__in=CheckoutStatus.values), name="checkout_status_known"
            ),
            models.UniqueConstraint(
                fields=("storefront", "public_id"), name="checkout_public_id_once"
            ),
            models.UniqueConstraint(
                fields=("storefront", "code"), condition=~Q(code=""), name="checkout_code_once"
            ),
            models.CheckConstraint(
                condition=Q(amount__gte=0, paid_amount__gte=0, payment_cost__gte=0),
                name="checkout_amounts_not_negative",
            ),
            models.CheckConstraint(
                condition=~Q(status=CheckoutStatus.PAID_LATE) | ~Q(status_message=""),
                name="checkout_paid_late_says_why",
            ),
        ]
        indexes = [
            models.Index(
                fields=("expires_at",),
                condition=Q(status__in=_UNDER_WAY),
                name="checkout_by_expiry",
            ),
            models.Index(Upper("buyer_email"), name="checkout_by_buyer"),
            models.Index(
                fields=("status_since",),
                condition=Q(status__in=_ENDED_UNPAID),
                name="checkout_ended_unpaid",
            ),
            models.Index(
                fields=("status_since",),
                condition=Q(status=CheckoutStatus.PAID_LATE),
                name="checkout_paid_late",
            ),
        ]

    def __str__(self) -> str:
        return self.code or self.public_id

    @property
    def language(self) -> str:
        """Return the language of its guest, else the venue's: one that our pages speak."""
        return choose_language(self.buyer_language, self.storefront.partner.venue.language)

    @property
    def amount_due(self) -> Decimal:
        """Return what the guest has to pay in all, the cost of paying included."""
        return self.amount + self.payment_cost

    @property
    def is_kept_for_staff(self) -> bool:
        """Tell whether money has come that no order was made for."""
        return bool(self.status == CheckoutStatus.PAID_LATE)

    @property
    def is_short(self) -> bool:
        """Tell whether some money has come, and less than is due."""
        return 0 < self.paid_amount < self.amount_due

    def _moved(self, now: datetime.datetime, message: str = "") -> None:
        self.status_since, self.status_message = now, message

    @transition("status", source=CheckoutStatus.OPEN, target=CheckoutStatus.OPEN)
    def keep(self, *, until: datetime.datetime) -> None:
        """Let it last longer."""
        self.expires_at = until

    @transition("status", source=CheckoutStatus.OPEN, target=CheckoutStatus.AWAITING_PAYMENT)
    def ask_payment(self, *, now: datetime.datetime, until: datetime.datetime) -> None:
        """Fix what is bought, and wait for the money."""
        self._moved(now)
        self.expires_at = until

    @transition(
        "status",
        source=CheckoutStatus.AWAITING_PAYMENT,
        target=CheckoutStatus.AWAITING_PAYMENT,
    )
    def begin_payment(self, *, now: datetime.datetime) -> None:
        """Note that the guest has begun to pay."""
        self.payment_began_at = self.payment_began_at or now

    @transition(
        "status",
        source=[CheckoutStatus.AWAITING_PAYMENT, CheckoutStatus.PARTLY_PAID],
        target=CheckoutStatus.PARTLY_PAID,
    )
    def pay_in_part(self, *, now: datetime.datetime, paid: Decimal) -> None:
        """Note a payment of less than is due."""
        self._moved(now)
        self.paid_amount = paid
        self.payment_began_at = self.payment_began_at or now

    @transition(
        "status",
        source=[
            CheckoutStatus.AWAITING_PAYMENT,
            CheckoutStatus.PARTLY_PAID,
            CheckoutStatus.PAID_LATE,
        ],
        target=CheckoutStatus.ORDERED,
    )
    def become_order(self, *, now: datetime.datetime, order_id: uuid.UUID, paid: Decimal) -> None:
        """Hand its places and its payment over to an order."""
        self._moved(now)
        self.order_id, self.paid_amount = order_id, paid

    @transition("status", source=list(UNPAID), target=CheckoutStatus.CANCELLED)
    def cancel(self, *, now: datetime.datetime, message: str = "") -> None:
        """Give it up."""
        self._moved(now, message)

    @transition("status", source=list(UNPAID), target=CheckoutStatus.EXPIRED)
    def expire(self, *, now: datetime.datetime) -> None:
        """Give it up because its time is over."""
        self._moved(now)

    @transition(
        "status",
        source=[
            *_UNDER_WAY,
            CheckoutStatus.CANCELLED,
            CheckoutStatus.EXPIRED,
            CheckoutStatus.PAID_LATE,
            CheckoutStatus.SETTLED,
        ],
        target=CheckoutStatus.PAID_LATE,
    )
    def pay_late(self, *, now: datetime.datetime, paid: Decimal, message: str) -> None:
        """Keep money that no order could be made for, until staff settle it; also when more comes."""
        self._moved(now, message)
        self.paid_amount = paid

    @transition("status", source=CheckoutStatus.ORDERED, target=CheckoutStatus.ORDERED)
    def pay_more(self, *, paid: Decimal) -> None:
        """Note that more has been paid since it became an order."""
        self.paid_amount = paid

    @transition("status", source=CheckoutStatus.PAID_LATE, target=CheckoutStatus.SETTLED)
    def settle(self, *, now: datetime.datetime, message: str) -> None:
        """End it: the guest has the money back, or what staff say."""
        self._moved(now, message)


class CheckoutItem(models.Model):
    """One unit that is held: of a checkout, or reserved on its way into one.

    Items of one hold become one line of the order; `line_no` and `seq_no` say which of its wallets.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    storefront = models.ForeignKey(
        Storefront, models.PROTECT, related_name="checkout_items", db_index=False
    )
    checkout = models.ForeignKey(
        Checkout, models.CASCADE, null=True, blank=True, related_name="items"
    )
    hold = models.ForeignKey(
        Hold, models.SET_NULL, null=True, blank=True, related_name="checkout_items"
    )
    number = models.BigIntegerField(help_text="The number that the shop knows it by.")
    position = models.PositiveIntegerField(help_text="Its place among those of its hold, from 0.")
    item_number = models.CharField(max_length=64)
    package = models.ForeignKey(Package, models.PROTECT, related_name="checkout_items")
    session = models.ForeignKey(
        Session, models.SET_NULL, null=True, blank=True, related_name="checkout_items"
    )
    visit_date = models.DateField(null=True, blank=True)
    visit_time = models.TimeField(null=True, blank=True)
    seat = models.CharField(max_length=10, blank=True, help_text="The label of its numbered seat.")
    unit_price = models.DecimalField(max_digits=12, decimal_places=3, help_text="VAT included.")
    reserved_at = models.DateTimeField()
    reserved_until = models.DateTimeField(help_text="Until when it was reserved at first.")
    line_no = models.PositiveIntegerField(null=True, blank=True)
    seq_no = models.PositiveIntegerField(null=True, blank=True)

    class Meta:
        ordering = ("reserved_at", "hold", "position")
        constraints = [
            models.UniqueConstraint(
                fields=("storefront", "number"), name="checkout_item_number_once"
            ),
            models.CheckConstraint(
                condition=Q(number__gte=1), name="checkout_item_number_positive"
            ),
            models.CheckConstraint(
                condition=Q(reserved_until__gt=F("reserved_at")),
                name="checkout_item_reserved_for_a_while",
            ),
        ]

    def __str__(self) -> str:
        return str(self.number)

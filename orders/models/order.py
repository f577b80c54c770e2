"""The order: one purchase at a partner, and its life cycle (contract section 5)."""

from __future__ import annotations

import datetime
from decimal import Decimal
from typing import ClassVar

from django.conf import settings
from django.contrib.postgres.indexes import GinIndex, OpClass
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Upper
from django_fsm import FSMField, FSMModelMixin, transition

from channel_manager.lib.document_numbers import running_number
from channel_manager.lib.identity import time_ordered_uuid, url_token
from orders.models.searched import SEARCH_BACKLOG_KB, order_text
from partners.account import Account
from partners.models import Partner, Venue

ORDER_KIND = "order"


class OrderStatus(models.TextChoices):
    """The states of an order, as the API shows them."""

    SUBMITTED = "Submitted"
    SCHEDULED = "Scheduled"
    PROCESSING = "Processing"
    DRAFT = "Draft"
    ISSUED = "Issued"
    CANCELLED = "Cancelled"
    ERROR = "Error"


IN_FLIGHT = (OrderStatus.SUBMITTED, OrderStatus.SCHEDULED, OrderStatus.PROCESSING)
SETTLED = (OrderStatus.DRAFT, OrderStatus.ISSUED, OrderStatus.CANCELLED, OrderStatus.ERROR)
# Each step of issuing takes seconds, and the attempts of a job that fails are over in two minutes:
# an order that stands in one of them for longer waits for something that somebody should know of.
LATE = datetime.timedelta(minutes=2)


class FailureCode(models.TextChoices):
    """Why an order is in Error; lines that cannot be issued carry the first three themselves.

    From OUTCOME_UNKNOWN on they are what outside systems say no with (wallets/connectors/base.py).
    """

    UNMAPPED_ITEM = "unmapped_item", "Item number not mapped"
    NO_ACTIVE_COMPONENT = "no_active_component", "Package has no active component"
    NO_PRICE = "no_price", "Package has no price for the date"
    STALLED = "stalled", "Issuance made no progress for too long"
    INTERNAL = "internal", "Unexpected fault while issuing"
    OUTCOME_UNKNOWN = "outcome_unknown", "Whether it was issued elsewhere is not known"
    TIMED_OUT_THERE = "timed_out_there", "Outside system did not answer in time"
    SYSTEM_AWAY = "system_away", "Outside system is away or failed"
    SYSTEM_BUSY = "system_busy", "Outside system asks to be left alone"
    SYSTEM_UNREACHABLE = "system_unreachable", "Outside system cannot be reached at its address"
    CERTIFICATE_ERROR = "certificate_error", "Outside system's certificate is not valid"
    ANSWER_REDIRECTS = "answer_redirects", "Outside system redirects elsewhere"
    ANSWER_TOO_LARGE = "answer_too_large", "Outside system's answer is too large"
    ANSWER_UNREADABLE = "answer_unreadable", "Outside system's answer cannot be read"
    CREDENTIALS_REFUSED = "credentials_refused", "Outside system refuses our credentials"
    NOT_KNOWN_THERE = "not_known_there", "Outside system does not know an outside id"
    NO_OUTSIDE_ID = "no_outside_id", "Component has no outside id"
    REFUSED_THERE = "refused_there", "Outside system refused the order"
    SOLD_OUT_THERE = "sold_out_there", "Sold out at the outside system"
    WRONG_CURRENCY_THERE = "wrong_currency_there", "Outside system uses another currency"
    GUEST_PAYMENT_NEEDED = "guest_payment_needed", "A guest would have to pay elsewhere"
    NOT_PAID_THERE = "not_paid_there", "Not paid at the outside system"
    TWO_ORDERS_THERE = "two_orders_there", "Outside system made it twice"
    CONNECTION_OFF = "connection_off", "Connection is switched off"
    CONNECTION_INCOMPLETE = "connection_incomplete", "Connection is not set up completely"


# What outside systems say no with; the message may quote them.
ISSUED_ELSEWHERE = tuple(FailureCode)[list(FailureCode).index(FailureCode.OUTCOME_UNKNOWN) :]


class OrderQuerySet(models.QuerySet["Order"]):
    """Filters that read as adjectives."""

    def of(self, account: Account) -> OrderQuerySet:
        """Keep the orders of a partner in one mode; those of the other mode do not exist for it."""
        return self.filter(partner=account.partner, test_mode=account.test_mode)

    def live(self) -> OrderQuerySet:
        """Keep the orders that are no tests."""
        return self.filter(test_mode=False)

    def in_flight(self) -> OrderQuerySet:
        """Keep the orders that are still being worked on."""
        return self.filter(status__in=IN_FLIGHT)

    def settled(self) -> OrderQuerySet:
        """Keep the orders that nobody works on."""
        return self.filter(status__in=SETTLED)

    def standing_since(self, moment: datetime.datetime) -> OrderQuerySet:
        """Keep the orders whose status has not changed since the moment."""
        return self.filter(status_since__lt=moment)

    def stalled(self, status: OrderStatus, now: datetime.datetime) -> OrderQuerySet:
        """Keep the Scheduled or Processing orders that made no progress for too long."""
        seconds = {
            OrderStatus.SCHEDULED: settings.SCHEDULED_STALL_SECONDS,
            OrderStatus.PROCESSING: settings.PROCESSING_STALL_SECONDS,
        }[status]
        since = now - datetime.timedelta(seconds=seconds)
        return self.filter(status=status).standing_since(since)

    def expired(self, now: datetime.datetime) -> OrderQuerySet:
        """Keep the drafts whose lifetime has passed."""
        return self.filter(status=OrderStatus.DRAFT, draft_expires_at__lte=now)


def _is_paid(order: models.Model) -> bool:
    return isinstance(order, Order) and order.payment_reference is not None


class Order(FSMModelMixin, models.Model):
    """One purchase at one partner. `buy_from_order_reference` is our document number."""

    LIFECYCLE_FIELDS: ClassVar[tuple[str, ...]] = (
        "status",
        "status_message",
        "failure_code",
        "failure_fingerprint",
        "status_since",
        "updated_at",
        "payment_reference",
        "draft_expires_at",
        "job_id",
    )

    id = models.UUIDField(primary_key=True, default=time_ordered_uuid, editable=False)
    venue = models.ForeignKey(Venue, models.PROTECT, related_name="orders", db_index=False)
    partner = models.ForeignKey(Partner, models.PROTECT, related_name="orders", db_index=False)
    status = FSMField(default=OrderStatus.SUBMITTED, choices=OrderStatus.choices, protected=True)
    status_message = models.TextField(blank=True)
    failure_code = models.CharField(max_length=30, blank=True, choices=FailureCode.choices)
    failure_fingerprint = models.CharField(
        max_length=160,
        blank=True,
        db_default="",
        help_text="What has to be mended: the same for every order that failed for it.",
    )
    status_since = models.DateTimeField()
    sell_to_order_reference = models.CharField(max_length=128)
    buy_from_order_reference = models.CharField(max_length=20, unique=True)
    sell_to_email = models.CharField(max_length=254, null=True, blank=True)
    sell_to_name = models.CharField(max_length=100, null=True, blank=True)
    sell_to_language = models.CharField(max_length=35, null=True, blank=True)
    payment_reference = models.CharField(max_length=128, null=True, blank=True)
    received_at = models.DateTimeField()
    updated_at = models.DateTimeField()
    visit_date = models.DateField(
        null=True, blank=True, help_text="The first visit date of its lines."
    )
    erased_at = models.DateTimeField(
        null=True,
        blank=True,
        help_text="Names and addresses of its guests were erased, and nothing came since.",
    )
    test_mode = models.BooleanField(default=False)
    loses_webhooks = models.BooleanField(
        default=False,
        db_default=False,
        help_text="A test order that asked for it: nothing is sent to its partner's endpoints.",
    )
    currency = models.CharField(max_length=3)
    total_incl_vat = models.DecimalField(max_digits=20, decimal_places=3, null=True, blank=True)
    total_excl_vat = models.DecimalField(max_digits=20, decimal_places=3, null=True, blank=True)
    token = models.CharField(max_length=32, default=url_token, unique=True)
    draft_expires_at = models.DateTimeField(null=True, blank=True)
    job_id = models.BigIntegerField(
        null=True, blank=True, help_text="The background job that issues it."
    )

    objects = OrderQuerySet.as_manager()

    class Meta:
        ordering = ("-received_at", "-id")
        permissions = [
            ("confirm_order", "Can confirm an order"),
            ("cancel_order", "Can cancel an order"),
            ("cancel_used_order", "Can cancel an order with used tickets"),
            ("replay_order", "Can replay an order"),
            ("move_order", "Can move an order to another day"),
            ("overbook_order", "Can replay an order over the capacity"),
            ("view_personal_data", "Can see names and e-mail addresses of guests"),
            ("erase_personal_data", "Can erase personal data"),
        ]
        constraints = [
            models.CheckConstraint(
                condition=Q(status__in=OrderStatus.values), name="order_status_known"
            ),
            models.UniqueConstraint(
                fields=("partner", "sell_to_order_reference", "test_mode"),
                name="order_reference_once_per_partner",
            ),
            models.CheckConstraint(
                condition=Q(failure_code="") ^ Q(status=OrderStatus.ERROR),
                name="order_in_error_says_why",
            ),
            # A trigger sees to it for those who do not know the column (migration 0012).
            models.CheckConstraint(
                condition=Q(failure_fingerprint="") ^ ~Q(failure_code=""),
                name="failure_has_fingerprint",
            ),
            models.CheckConstraint(
                condition=Q(draft_expires_at__isnull=False) ^ ~Q(status=OrderStatus.DRAFT),
                name="draft_order_expires",
            ),
            models.CheckConstraint(
                condition=~Q(status=OrderStatus.ISSUED)
                | Q(payment_reference__isnull=False, payment_reference__gt=""),
                name="issued_order_is_paid",
            ),
            models.CheckConstraint(
                condition=Q(loses_webhooks=False) | Q(test_mode=True),
                name="only_test_order_loses_webhooks",
            ),
            models.CheckConstraint(
                condition=Q(erased_at=None) | Q(sell_to_name=None, sell_to_email=None),
                name="erased_order_names_nobody",
            ),
        ]
        indexes = [
            models.Index(
                fields=("partner", "test_mode", "received_at", "id"), name="order_by_partner"
            ),
            models.Index(fields=("received_at", "id"), name="order_by_receipt"),
            # The register of a venue: by the number within our number.
            models.Index(
                F("venue"),
                running_number(F("buy_from_order_reference")),
                F("id"),
                condition=Q(test_mode=False),
                name="order_by_number",
            ),
            models.Index(
                fields=("received_at", "id"),
                condition=Q(erased_at=None),
                name="order_not_erased",
            ),
            models.Index(
                fields=("received_at", "id"),
                condition=Q(test_mode=True),
                name="order_of_a_test",
            ),
            models.Index(
                fields=("status", "status_since"),
                condition=Q(status__in=IN_FLIGHT),
                name="order_in_flight",
            ),
            models.Index(
                fields=("failure_code", "received_at"),
                condition=Q(status=OrderStatus.ERROR),
                name="order_in_error",
            ),
            models.Index(
                fields=("failure_fingerprint", "received_at"),
                condition=Q(status=OrderStatus.ERROR),
                name="order_in_error_by_cause",
            ),
            models.Index(
                fields=("draft_expires_at",),
                condition=Q(status=OrderStatus.DRAFT),
                name="order_draft_expiry",
            ),
            # An order in flight changes its status at every step, and each change would write to
            # the index anew.
            GinIndex(
                OpClass(Upper(order_text()), name="gin_trgm_ops"),
                condition=Q(status__in=SETTLED),
                gin_pending_list_limit=SEARCH_BACKLOG_KB,
                name="order_searched",
            ),
        ]

    # Whether its row is gone: whom it names is in no row that could still be erased then.
    is_removed = False

    def __str__(self) -> str:
        return self.buy_from_order_reference

    @property
    def account(self) -> Account:
        """Return the partner in the order's mode."""
        return Account(self.partner, self.test_mode)

    @property
    def is_in_flight(self) -> bool:
        """Tell whether the order is still being worked on."""
        return self.status in IN_FLIGHT

    @property
    def left_incl_vat(self) -> Decimal | None:
        """Return what is left of its total with VAT: nothing once it is cancelled."""
        return Decimal(0) if self.status == OrderStatus.CANCELLED else self.total_incl_vat

    @property
    def left_excl_vat(self) -> Decimal | None:
        """Return what is left of its total without VAT, likewise."""
        return Decimal(0) if self.status == OrderStatus.CANCELLED else self.total_excl_vat

    def _moved(self, now: datetime.datetime, *, message: str = "") -> None:
        """Set what every transition sets."""
        self.status_since = self.updated_at = now
        self.status_message = message
        self.failure_code = self.failure_fingerprint = ""
        self.draft_expires_at = None

    @transition("status", source=OrderStatus.SUBMITTED, target=OrderStatus.SCHEDULED)
    def schedule(self, *, now: datetime.datetime) -> None:
        """Pick the order up for processing."""
        self._moved(now)

    @transition("status", source=OrderStatus.SCHEDULED, target=OrderStatus.PROCESSING)
    def start(self, *, now: datetime.datetime) -> None:
        """Begin issuing."""
        self._moved(now)

    @transition("status", source=OrderStatus.SCHEDULED, target=OrderStatus.SUBMITTED)
    def recover(self, *, now: datetime.datetime, job_id: int) -> None:
        """Give a stalled order to another worker."""
        self._moved(now)
        self.job_id = job_id

    @transition("status", source=OrderStatus.PROCESSING, target=OrderStatus.DRAFT)
    def settle_as_draft(self, *, now: datetime.datetime, expires_at: datetime.datetime) -> None:
        """Finish issuing an order that is not paid yet."""
        self._moved(now)
        self.draft_expires_at = expires_at

    @transition(
        "status",
        source=OrderStatus.PROCESSING,
        target=OrderStatus.ISSUED,
        conditions=[_is_paid],
    )
    def settle_as_issued(self, *, now: datetime.datetime) -> None:
        """Finish issuing a paid order."""
        self._moved(now)

    @transition("status", source=OrderStatus.PROCESSING, target=OrderStatus.ERROR)
    def fail(
        self, *, now: datetime.datetime, failure_code: str, fingerprint: str, message: str
    ) -> None:
        """Give up issuing and say why; the fingerprint is that of every order of the cause."""
        self._moved(now, message=message)
        self.failure_code = failure_code
        self.failure_fingerprint = fingerprint

    @transition("status", source=OrderStatus.DRAFT, target=OrderStatus.ISSUED)
    def confirm(self, *, now: datetime.datetime, payment_reference: str) -> None:
        """Release a draft that has been paid."""
        self._moved(now)
        self.payment_reference = payment_reference

    @transition("status", source=OrderStatus.DRAFT, target=OrderStatus.SUBMITTED)
    def confirm_to_issue(
        self, *, now: datetime.datetime, payment_reference: str, job_id: int
    ) -> None:
        """Have a draft that has been paid issued by outside systems: none is asked before."""
        self._moved(now)
        self.payment_reference = payment_reference
        self.job_id = job_id

    @transition(
        "status", source=[OrderStatus.DRAFT, OrderStatus.ERROR], target=OrderStatus.SUBMITTED
    )
    def replace(self, *, now: datetime.datetime, job_id: int) -> None:
        """Take new contents and start again."""
        self._moved(now)
        self.job_id = job_id

    @transition("status", source=OrderStatus.ERROR, target=OrderStatus.SUBMITTED)
    def replay(self, *, now: datetime.datetime, job_id: int) -> None:
        """Try again after the cause was mended."""
        self._moved(now)
        self.job_id = job_id

    @transition("status", source=OrderStatus.ISSUED, target=OrderStatus.CANCELLED)
    def cancel(self, *, now: datetime.datetime) -> None:
        """End an issued order; its row stays for audit."""
        self._moved(now)

    @transition(
        "status", source=[OrderStatus.DRAFT, OrderStatus.ERROR], target=OrderStatus.CANCELLED
    )
    def remove(self, *, now: datetime.datetime) -> None:
        """End an order that was never issued; its row is removed in the same transaction."""
        self._moved(now)
        self.is_removed = True

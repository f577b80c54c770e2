"""The ledger: money posted when an order is issued and taken back when it is cancelled."""

from __future__ import annotations

from decimal import Decimal

from django.db import models
from django.db.models import F, Q

from orders.models.line import OrderLine
from orders.models.order import Order
from orders.models.period import Period
from partners.models import Contract, Partner, Venue
from wallets.models import Wallet


class LedgerKind(models.TextChoices):
    """Why an entry was posted."""

    SALE = "sale"
    REVERSAL = "reversal"
    ADJUSTMENT = "adjustment"


class LedgerEntryQuerySet(models.QuerySet["LedgerEntry"]):
    """Filters that read as adjectives."""

    def of_orders(self) -> LedgerEntryQuerySet:
        """Keep what follows from orders: sales and reversals."""
        return self.exclude(kind=LedgerKind.ADJUSTMENT)

    def with_late_terms(self) -> LedgerEntryQuerySet:
        """Keep the commission of sales that got their terms after they were posted."""
        return self.filter(kind=LedgerKind.ADJUSTMENT, line__isnull=False, contract__isnull=False)

    def counting_in(self, period: Period) -> LedgerEntryQuerySet:
        """Keep what counts in a period."""
        return self.filter(
            partner=period.partner_id,
            accounting_date__gte=period.first_day,
            accounting_date__lte=period.last_day,
        )


class LedgerEntry(models.Model):
    """One posting for one line of an order, or an adjustment; append-only (trigger).

    Sales are positive, reversals negative and point at the sale they take back: one wallet's share
    of it, or all that is left. Amounts are in `currency`: vat = gross - excl_vat, and
    net = gross - commission is what goes over between partner and venue.

    accounting_date: the day on which it counts, by the contract's basis. It is empty for a contract
    by admission until the line's first guest is admitted, the one thing that is ever filled in. A
    trigger moves a day out of a closed period, to the next one that is open; `corrects` is then the
    closed one.
    """

    venue = models.ForeignKey(Venue, models.PROTECT, related_name="ledger_entries", db_index=False)
    partner = models.ForeignKey(
        Partner, models.PROTECT, related_name="ledger_entries", db_index=False
    )
    order = models.ForeignKey(
        Order, models.PROTECT, null=True, blank=True, related_name="ledger_entries"
    )
    line = models.ForeignKey(
        OrderLine, models.PROTECT, null=True, blank=True, related_name="ledger_entries"
    )
    kind = models.CharField(max_length=10, choices=LedgerKind.choices)
    reverses = models.ForeignKey(
        "self", models.PROTECT, null=True, blank=True, related_name="reversals"
    )
    # Wallets of issued orders are never removed; asking when others are would cost a statement.
    wallet = models.ForeignKey(
        Wallet,
        models.DO_NOTHING,
        null=True,
        blank=True,
        related_name="ledger_entries",
        db_index=False,
        help_text="The one wallet that is taken back, while the order stays.",
    )
    buy_from_order_reference = models.CharField(max_length=20, blank=True)
    contract = models.ForeignKey(
        Contract,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="ledger_entries",
        db_index=False,
        help_text="The version of the terms that its commission was worked out by.",
    )
    quantity = models.IntegerField()
    gross = models.DecimalField(max_digits=20, decimal_places=3, help_text="Including VAT.")
    vat = models.DecimalField("VAT", max_digits=20, decimal_places=3)
    excl_vat = models.DecimalField("excl. VAT", max_digits=20, decimal_places=3)
    commission = models.DecimalField(
        max_digits=20, decimal_places=3, default=Decimal(0), db_default=Decimal(0)
    )
    currency = models.CharField(max_length=3)
    vat_parts = models.JSONField(default=list, help_text="Per VAT rate: rate, inclVat, exclVat.")
    reason = models.TextField(blank=True)
    posted_at = models.DateTimeField()
    accounting_date = models.DateField(
        null=True, blank=True, help_text="The day on which it counts, on the venue's clock."
    )
    corrects = models.ForeignKey(
        Period,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="later_entries",
        db_index=False,
        help_text="The closed period that it would have been of.",
    )

    objects = LedgerEntryQuerySet.as_manager()

    class Meta:
        ordering = ("id",)
        verbose_name_plural = "ledger entries"
        constraints = [
            models.CheckConstraint(
                condition=Q(kind__in=LedgerKind.values), name="ledger_kind_known"
            ),
            models.CheckConstraint(
                condition=Q(gross=F("excl_vat") + F("vat")), name="ledger_gross_adds_up"
            ),
            models.CheckConstraint(
                condition=Q(kind=LedgerKind.REVERSAL) ^ Q(reverses__isnull=True),
                name="ledger_reversal_names_its_sale",
            ),
            models.CheckConstraint(
                condition=Q(kind=LedgerKind.ADJUSTMENT)
                | Q(order__isnull=False, line__isnull=False),
                name="ledger_sale_is_of_a_line",
            ),
            models.CheckConstraint(
                condition=~Q(kind=LedgerKind.ADJUSTMENT)
                | (~Q(reason="") & Q(accounting_date__isnull=False)),
                name="ledger_adjustment_says_why_and_when",
            ),
            models.UniqueConstraint(
                fields=("line",), condition=Q(kind=LedgerKind.SALE), name="ledger_line_sold_once"
            ),
            # That nothing is taken back beyond its sale is held by a trigger (migration 0018).
            models.UniqueConstraint(
                fields=("reverses",),
                condition=Q(wallet__isnull=True),
                name="ledger_sale_reversed_once",
            ),
            models.UniqueConstraint(
                fields=("wallet",),
                condition=Q(wallet__isnull=False),
                name="ledger_wallet_reversed_once",
            ),
            models.CheckConstraint(
                condition=Q(wallet__isnull=True) | Q(kind=LedgerKind.REVERSAL),
                name="ledger_wallet_is_taken_back",
            ),
        ]
        indexes = [
            models.Index(fields=("venue", "posted_at", "id"), name="ledger_by_venue"),
            models.Index(fields=("partner", "posted_at", "id"), name="ledger_by_partner"),
            models.Index(fields=("buy_from_order_reference",), name="ledger_by_document_number"),
            models.Index(fields=("partner", "accounting_date", "id"), name="ledger_by_day"),
            models.Index(
                fields=("partner", "line"),
                condition=Q(accounting_date__isnull=True),
                name="ledger_not_counting_yet",
            ),
        ]

    @property
    def net(self) -> Decimal:
        """Return what goes over between partner and venue: gross - commission."""
        return self.gross - self.commission

    def __str__(self) -> str:
        return f"{self.kind} {self.buy_from_order_reference} {self.gross} {self.currency}"

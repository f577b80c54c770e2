"""The ledger: money posted when an order is issued and taken back when it is cancelled."""

from django.db import models
from django.db.models import Q

from orders.models.line import OrderLine
from orders.models.order import Order
from partners.models import Partner, Venue
from wallets.models import Wallet


class LedgerKind(models.TextChoices):
    """Why an entry was posted."""

    SALE = "sale"
    REVERSAL = "reversal"
    ADJUSTMENT = "adjustment"


class LedgerEntry(models.Model):
    """One posting for one line of an order, append-only (trigger).

    Sales are positive, reversals negative and point at the sale they take back: one wallet's share
    of it, or all that is left. Amounts are in `currency`; vat = gross - net.
    """

    venue = models.ForeignKey(Venue, models.PROTECT, related_name="ledger_entries", db_index=False)
    partner = models.ForeignKey(
        Partner, models.PROTECT, related_name="ledger_entries", db_index=False
    )
    order = models.ForeignKey(Order, models.PROTECT, related_name="ledger_entries")
    line = models.ForeignKey(OrderLine, models.PROTECT, related_name="ledger_entries")
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
    buy_from_order_reference = models.CharField(max_length=20)
    quantity = models.IntegerField()
    gross = models.DecimalField(max_digits=20, decimal_places=3, help_text="Including VAT.")
    vat = models.DecimalField("VAT", max_digits=20, decimal_places=3)
    net = models.DecimalField(max_digits=20, decimal_places=3, help_text="Without VAT.")
    currency = models.CharField(max_length=3)
    vat_parts = models.JSONField(default=list, help_text="Per VAT rate: rate, inclVat, exclVat.")
    reason = models.TextField(blank=True)
    posted_at = models.DateTimeField()

    class Meta:
        ordering = ("id",)
        verbose_name_plural = "ledger entries"
        constraints = [
            models.CheckConstraint(
                condition=Q(kind__in=LedgerKind.values), name="ledger_kind_known"
            ),
            models.CheckConstraint(
                condition=Q(gross=models.F("net") + models.F("vat")), name="ledger_gross_adds_up"
            ),
            models.CheckConstraint(
                condition=Q(kind=LedgerKind.REVERSAL) ^ Q(reverses__isnull=True),
                name="ledger_reversal_names_its_sale",
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
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.buy_from_order_reference} {self.gross} {self.currency}"

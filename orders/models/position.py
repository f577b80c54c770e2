"""The position: one of our orders, or an adjustment, as a period has it."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from orders.finance.states import MatchState
from orders.models.ledger import LedgerEntry
from orders.models.order import Order
from orders.models.period import Period


class Position(models.Model):
    """What an order comes to in a period by the ledger, and what matching found of it.

    Made anew whenever the period is matched, until it is closed. entry: the adjustment it is, when
    it is one. Amounts are in `currency`: net = gross - commission.
    """

    period = models.ForeignKey(Period, models.CASCADE, related_name="positions", db_index=False)
    order = models.ForeignKey(
        Order, models.PROTECT, null=True, blank=True, related_name="positions"
    )
    entry = models.ForeignKey(
        LedgerEntry, models.PROTECT, null=True, blank=True, related_name="+", db_index=False
    )
    buy_from_order_reference = models.CharField(max_length=20, blank=True)
    sell_to_order_reference = models.CharField(max_length=128, blank=True)
    quantity = models.IntegerField()
    gross = models.DecimalField(max_digits=20, decimal_places=3)
    vat = models.DecimalField("VAT", max_digits=20, decimal_places=3)
    commission = models.DecimalField(max_digits=20, decimal_places=3)
    net = models.DecimalField(max_digits=20, decimal_places=3)
    currency = models.CharField(max_length=3)
    state = models.CharField(max_length=20, choices=MatchState.choices)
    counts_in = models.CharField(
        max_length=20,
        choices=MatchState.choices,
        help_text="The state that its net stands beside in the bridge: of duplicates, the line kept.",
    )
    cause = models.CharField(max_length=500, blank=True)

    class Meta:
        ordering = ("period", "buy_from_order_reference", "id")
        constraints = [
            models.UniqueConstraint(
                fields=("period", "order"),
                condition=Q(entry__isnull=True),
                name="position_order_once",
            ),
            models.UniqueConstraint(
                fields=("period", "entry"),
                condition=Q(entry__isnull=False),
                name="position_entry_once",
            ),
            models.CheckConstraint(
                condition=Q(state__in=MatchState.values, counts_in__in=MatchState.values),
                name="position_state_known",
            ),
            models.CheckConstraint(
                condition=Q(gross=models.F("net") + models.F("commission")),
                name="position_net_adds_up",
            ),
            models.CheckConstraint(
                condition=Q(order__isnull=False) | Q(entry__isnull=False),
                name="position_is_of_something",
            ),
        ]
        indexes = [
            models.Index(
                fields=("period", "state", "buy_from_order_reference", "id"),
                name="position_by_state",
            ),
        ]

    def __str__(self) -> str:
        return self.buy_from_order_reference or "Adjustment"

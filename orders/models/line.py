"""A line of an order: one item number, its quantity and visit, and what it was planned to become."""

from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex, OpClass
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Upper

from catalog.models import Package, PackageMapping
from channel_manager.lib.identity import time_ordered_uuid
from orders.models.order import FailureCode, Order
from orders.models.searched import SEARCH_BACKLOG_KB, line_text

UNRESOLVED_CAUSES = (
    FailureCode.UNMAPPED_ITEM,
    FailureCode.NO_ACTIVE_COMPONENT,
    FailureCode.NO_PRICE,
)


class OrderLine(models.Model):
    """What was ordered, as sent, with price and expansion fixed at submit.

    A line that could not be resolved to a package that can be sold has an `unresolved_cause`, no
    price and no wallets; a replay resolves it.
    """

    id = models.UUIDField(primary_key=True, default=time_ordered_uuid, editable=False)
    order = models.ForeignKey(Order, models.CASCADE, related_name="lines", db_index=False)
    line_no = models.PositiveIntegerField()
    item_number = models.CharField(max_length=64, help_text="As the partner sent it.")
    package = models.ForeignKey(
        Package, models.PROTECT, null=True, blank=True, related_name="order_lines"
    )
    # The database's key names number and package, too: what was sold under stays as it was
    # (migration 0021).
    mapping = models.ForeignKey(
        PackageMapping,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="order_lines",
        db_constraint=False,
        db_index=False,
    )
    description = models.CharField(max_length=100, blank=True)
    is_package = models.BooleanField(default=False)
    is_group = models.BooleanField(default=False)
    quantity = models.PositiveIntegerField()
    visit_date = models.DateField(null=True, blank=True)
    visit_time = models.TimeField(null=True, blank=True)
    sell_to_email = models.CharField(max_length=254, null=True, blank=True)
    sell_to_name = models.CharField(max_length=100, null=True, blank=True)
    sell_to_language = models.CharField(max_length=35, null=True, blank=True)
    names = ArrayField(models.CharField(max_length=100), default=list, blank=True)
    external_reference_numbers = ArrayField(
        models.CharField(max_length=64), default=list, blank=True
    )
    seats = ArrayField(
        models.CharField(max_length=10), default=list, blank=True, help_text="As sent."
    )
    component_schedule = models.JSONField(
        default=list, blank=True, help_text="As sent: itemNumber, visitDate, visitTime, seats."
    )
    redeemable_from = models.DateTimeField(null=True, blank=True)
    redeemable_until = models.DateTimeField(null=True, blank=True)
    max_redemptions = models.PositiveIntegerField(
        null=True, blank=True, help_text="How often each ticket admits. Empty: once."
    )
    plan = models.JSONField(
        default=list, blank=True, help_text="What each wallet gets, one entry per component."
    )
    unit_price_incl_vat = models.DecimalField(
        max_digits=12, decimal_places=3, null=True, blank=True
    )
    unit_price_excl_vat = models.DecimalField(
        max_digits=12, decimal_places=3, null=True, blank=True
    )
    vat_parts = models.JSONField(
        default=list, blank=True, help_text="Per unit and VAT rate: rate, inclVat, exclVat."
    )
    cancelled = ArrayField(
        models.PositiveSmallIntegerField(),
        default=list,
        db_default=[],
        blank=True,
        help_text="The numbers of the wallets that were cancelled while the others stayed.",
    )
    unresolved_cause = models.CharField(
        max_length=30,
        blank=True,
        choices=[(cause.value, cause.label) for cause in UNRESOLVED_CAUSES],
    )

    class Meta:
        ordering = ("order", "line_no")
        permissions = [
            ("cancel_wallet", "Can cancel single wallets of an order"),
            ("reissue_asset", "Can reissue a ticket or coupon"),
        ]
        constraints = [
            models.UniqueConstraint(fields=("order", "line_no"), name="line_no_once_per_order"),
            models.CheckConstraint(
                condition=Q(quantity__gte=1, quantity__lte=1000), name="line_quantity_1_to_1000"
            ),
            models.CheckConstraint(
                condition=Q(max_redemptions__gte=1, max_redemptions__lte=1000),
                name="line_max_redemptions_1_to_1000",
            ),
            models.CheckConstraint(
                condition=Q(redeemable_from__lte=F("redeemable_until")),
                name="line_redeem_window_in_order",
            ),
            models.CheckConstraint(
                condition=~Q(unresolved_cause="")
                | Q(
                    package__isnull=False,
                    unit_price_incl_vat__isnull=False,
                    unit_price_excl_vat__isnull=False,
                    plan__0__isnull=False,
                ),
                name="resolved_line_has_package_price_and_plan",
            ),
            models.CheckConstraint(
                condition=Q(mapping__isnull=True) | Q(package__isnull=False),
                name="mapped_line_has_package",
            ),
            models.CheckConstraint(
                condition=Q(cancelled__len__lte=F("quantity"))
                & (Q(is_group=False) | Q(cancelled__len__lte=1)),
                name="line_cancelled_within_its_wallets",
            ),
        ]
        indexes = [
            models.Index(
                fields=("item_number",),
                condition=~Q(unresolved_cause=""),
                name="line_unresolved",
            ),
            # What was sold under a version of a mapping, counted by order.
            models.Index(
                fields=("mapping", "order"),
                condition=Q(mapping__isnull=False),
                name="line_by_mapping",
            ),
            # What a closed day touches: by the line's day, and by a component's own.
            models.Index(
                fields=("visit_date",),
                condition=Q(visit_date__isnull=False),
                name="line_by_visit_date",
            ),
            GinIndex(
                fields=("component_schedule",),
                opclasses=("jsonb_path_ops",),
                condition=~Q(component_schedule=[]),
                name="line_component_visits",
            ),
            GinIndex(
                OpClass(Upper(line_text()), name="gin_trgm_ops"),
                gin_pending_list_limit=SEARCH_BACKLOG_KB,
                name="line_searched",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.quantity} x {self.item_number}"

    @property
    def wallets_left(self) -> list[int]:
        """Return the numbers of its wallets that were not cancelled; they count from 1."""
        gone = set(self.cancelled)
        count = 1 if self.is_group else self.quantity
        return [number for number in range(1, count + 1) if number not in gone]

    @property
    def units_left(self) -> int:
        """Return how much of its quantity was not cancelled."""
        return self.units_of(len(self.wallets_left))

    def units_of(self, wallets: int) -> int:
        """Return how much of its quantity so many of its wallets stand for."""
        return wallets * self.quantity if self.is_group else wallets

"""Allocations: who has which places of a session."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from catalog.models import Allotment, Seat, Session
from orders.models.hold import Hold
from orders.models.line import OrderLine


class Allocation(models.Model):
    """Places of one session that a hold or an order's line has; a numbered seat is one of its own.

    Inserting rows takes the places and deleting them gives them back: triggers keep the session's
    `held` and `sold` (and the use of an allotment) equal to the sums, lock the sessions in the
    order of their keys, and refuse sessions that are not on sale.
    """

    session = models.ForeignKey(Session, models.PROTECT, related_name="allocations")
    hold = models.ForeignKey(
        Hold, models.CASCADE, null=True, blank=True, related_name="allocations"
    )
    line = models.ForeignKey(
        OrderLine, models.CASCADE, null=True, blank=True, related_name="allocations"
    )
    allotment = models.ForeignKey(
        Allotment, models.SET_NULL, null=True, blank=True, related_name="allocations"
    )
    seat = models.ForeignKey(
        Seat, models.PROTECT, null=True, blank=True, related_name="allocations", db_index=False
    )
    quantity = models.PositiveIntegerField()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(hold__isnull=True) ^ Q(line__isnull=True),
                name="allocation_is_of_a_hold_or_a_line",
            ),
            models.CheckConstraint(
                condition=Q(quantity__gte=1) & (Q(seat=None) | Q(quantity=1)),
                name="allocation_quantity_fits",
            ),
            models.UniqueConstraint(
                fields=("session", "seat"),
                condition=Q(seat__isnull=False),
                name="seat_taken_once",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.quantity} of {self.session_id}"

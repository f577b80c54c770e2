"""Forgetting what leads to guests at outside systems: addresses of their tickets, and what was said.

The rows outlive their order, for what was made there does not go away with it.
"""

from __future__ import annotations

import datetime
import uuid

from django.db import transaction
from django.db.models import F, Q, QuerySet

from channel_manager.history import runner
from wallets.models import OutsideOrder, OutsideTicket


def forget_links(*, order_id: uuid.UUID) -> None:
    """Forget the addresses of an order's tickets elsewhere, in the open transaction."""
    rows = runner.lock(OutsideOrder.objects.filter(order_key=order_id))
    linked = [row.pk for row in rows if row.tickets_url]
    OutsideOrder.objects.filter(pk__in=linked).update(tickets_url="")
    tickets = runner.lock(_linked().filter(outside_order__in=rows))
    OutsideTicket.objects.filter(pk__in=[ticket.pk for ticket in tickets]).update(url="")


def forget_words(*, order_id: uuid.UUID) -> None:
    """Forget what outside systems said of an order, which may quote a guest; the causes stay."""
    rows = runner.lock(OutsideOrder.objects.filter(order_key=order_id))
    OutsideOrder.objects.filter(pk__in=[row.pk for row in rows if row.message]).update(message="")
    said = OutsideTicket.objects.exclude(message="").filter(outside_order__in=rows)
    tickets = runner.lock(said)
    OutsideTicket.objects.filter(pk__in=[ticket.pk for ticket in tickets]).update(message="")


def forget_late_links(*, since: datetime.datetime) -> None:
    """Forget addresses that were told after their order was removed or erased.

    What was issued after the erasing keeps them, as an erased order goes on as any other.
    """
    late = Q(order=None) | Q(status_since__lte=F("order__erased_at"))
    heard = Q(status_since__gte=since) | Q(read_at__gte=since)
    linked = ~Q(tickets_url="") | Q(pk__in=_linked().values("outside_order"))
    rows = OutsideOrder.objects.filter(late, heard).filter(linked)
    for order_id in set(rows.order_by().values_list("order_key", flat=True)):
        with transaction.atomic():
            forget_links(order_id=order_id)


def _linked() -> QuerySet[OutsideTicket]:
    return OutsideTicket.objects.exclude(url="")

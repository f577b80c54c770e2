"""The failed orders that wait for one thing to be mended, and what a replay would make of each."""

from __future__ import annotations

import dataclasses
import datetime
from collections.abc import Sequence
from urllib.parse import urlencode

from django.db.models import F, Prefetch
from django.urls import reverse

from catalog.models import PackageMapping
from orders.admin.wording import counted
from orders.models import Order, OrderLine
from orders.replay_preview import ReplayPreview, preview_replays
from orders.replaying import failed_for
from wallets.models import OutsideOrderStatus

# Shown and tried: those with the earliest visits, as long as they are for so many in all.
_TRIED = 20
_MOST_UNITS = 2_000


@dataclasses.dataclass(frozen=True, kw_only=True)
class Waiting:
    """Orders that wait, those with the earliest visits tried. count: of all; url: their list."""

    rows: Sequence[ReplayPreview]
    count: int
    url: str

    @property
    def more(self) -> int:
        """Return how many were not tried."""
        return self.count - len(self.rows)

    @property
    def refused(self) -> int:
        """Return how many of the tried ones would not be issued."""
        return sum(bool(row.obstacles) for row in self.rows)

    @property
    def unsettled(self) -> int:
        """Return for how many of the tried ones somebody has to say first what was made there."""
        return sum(row.is_unsettled for row in self.rows)

    @property
    def in_words(self) -> str:
        """Say how many would be issued as things stand, and how many would not."""
        tried, refused = len(self.rows), self.refused
        if tried == 1:
            one = "The one with the earliest visit" if self.more else "It"
            return f"{one} would {'not be issued as things stand' if refused else 'be issued'}."
        of_them = f" of the {tried:,} with the earliest visits" if self.more else ""
        if not refused:
            return f"All{of_them or f' {tried:,}'} would be issued."
        if refused == tried:
            return f"None{of_them} would be issued as things stand."
        issued = counted(tried - refused, "order", "orders")
        return f"{issued}{of_them} would be issued, {refused:,} would not as things stand."


def read_waiting(
    fingerprint: str, *, now: datetime.datetime, meaning: PackageMapping | None = None
) -> Waiting:
    """Return the orders that wait for a cause, and try the first.

    meaning: a mapping that counts as stored as it stands. Three statements, and those of the
    preview.
    """
    failed = failed_for(fingerprint)
    earliest = failed.order_by(F("visit_date").asc(nulls_last=True), "received_at", "id")
    lines = OrderLine.objects.select_related("package").order_by("line_no")
    found = list(
        earliest.select_related("venue", "partner__venue")
        .defer("venue__logo", "partner__venue__logo")
        .prefetch_related(Prefetch("lines", lines))[:_TRIED]
    )
    orders = _within_units(found)
    # A replay takes them by their receipt.
    in_turn = sorted(orders, key=lambda order: (order.received_at, order.pk))
    tried = {row.order.pk: row for row in preview_replays(orders=in_turn, now=now, meaning=meaning)}
    return Waiting(
        rows=[tried[order.pk] for order in orders],
        count=len(found) if len(orders) == len(found) < _TRIED else failed.count(),
        url=list_url(fingerprint),
    )


def _within_units(orders: Sequence[Order]) -> list[Order]:
    """Keep the first orders, one at least: issuing thousands of tickets to look at takes seconds."""
    units, kept = 0, list[Order]()
    for order in orders:
        units += sum(line.quantity for line in order.lines.all())
        if kept and units > _MOST_UNITS:
            break
        kept.append(order)
    return kept


def unsettled_in_words(number: int, of: int) -> str:
    """Say how many orders wait to be settled before a replay can issue them."""
    if of == 1:
        return "It waits to be settled first."
    wait = "waits" if number == 1 else "wait"
    return f"{number:,} of {of:,} {wait} to be settled first."


def unsettled_url() -> str:
    """Return the list of the outside orders whose outcome nobody knows."""
    query = urlencode({"status__exact": OutsideOrderStatus.UNKNOWN.value})
    return f"{reverse('admin:wallets_outsideorder_changelist')}?{query}"


def list_url(fingerprint: str) -> str:
    """Return the list of the orders that failed for a cause."""
    query = urlencode({"cause_group": fingerprint})
    return f"{reverse('admin:orders_order_changelist')}?{query}"

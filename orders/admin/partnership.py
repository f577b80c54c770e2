"""What partners' pages tell of their orders, holds and mappings."""

from __future__ import annotations

import datetime
from collections.abc import Mapping, Sequence
from typing import Any

from django.db.models import CharField, Count, Max, Min, Q, QuerySet, Value
from django.urls import reverse
from django.utils.http import urlencode

from catalog.magic import MAGIC
from catalog.models import PackageMapping
from channel_manager.lib.admin.columns import moment
from orders.admin.filters import IN_FLIGHT, LAST_DAY, LAST_WEEK, RECENT, WEEK
from orders.models import FailureCode, Hold, HoldStatus, Order, OrderStatus
from partners.admin.selling import Figure, Lack, Proof, ProofName, Underway
from partners.models import Partner

_SEEN = "orders.view_order"
# What was issued once; a draft or error that is deleted leaves no row.
_ISSUED = (OrderStatus.ISSUED, OrderStatus.CANCELLED)


class OrdersOfPartners:
    """Tells of a partner's orders (partners/admin/selling.py)."""

    def read_proofs(self, partner: Partner) -> Mapping[ProofName, Proof | Lack]:
        """Return what its orders and mappings show of its way to going live.

        Three statements, and one while no order of a mode was issued.
        """
        found = _of_orders(partner)
        proofs: dict[ProofName, Proof | Lack] = {**_of_sent(partner, found), **found}
        proofs["mapping"] = _of_mappings(partner)
        return proofs

    def read_figures(self, partner: Partner, *, now: datetime.datetime) -> Sequence[Figure]:
        """Return its live orders of a day and a week, and its last one: two statements."""
        mine = Order.objects.live().filter(partner=partner)
        failed, today = Q(status=OrderStatus.ERROR), Q(received_at__gt=now - RECENT)
        counts = mine.filter(received_at__gt=now - WEEK).aggregate(
            week=Count("pk"),
            week_failed=Count("pk", failed),
            day=Count("pk", today),
            day_failed=Count("pk", failed & today),
        )
        last = mine.order_by("-received_at", "-id").only("received_at").first()
        return [
            *_span(partner, "Last 24 hours", LAST_DAY, counts["day"], counts["day_failed"]),
            *_span(partner, "Last 7 days", LAST_WEEK, counts["week"], counts["week_failed"]),
            Figure(
                label="Error rate, 7 days",
                text=error_rate(counts["week"], counts["week_failed"]),
                colour="danger" if counts["week_failed"] else "",
            ),
            Figure(
                label="Last live order",
                text=moment(last.received_at, partner.venue.zone) if last else "never",
                url=reverse("admin:orders_order_change", args=[last.pk]) if last else "",
            ),
        ]

    def read_underway(self, partner: Partner) -> Underway:
        """Return its live orders in flight, drafts and holds: three statements."""
        mine = Order.objects.live().filter(partner=partner)
        drafts = mine.filter(status=OrderStatus.DRAFT).aggregate(
            count=Count("pk"), first=Min("draft_expires_at")
        )
        holds = Hold.objects.filter(partner=partner, test_mode=False, status=HoldStatus.HELD)
        held = {"partner__id__exact": str(partner.pk), "status__exact": HoldStatus.HELD}
        return Underway(
            in_flight=mine.in_flight().count(),
            in_flight_url=_list_url(partner, status=IN_FLIGHT),
            drafts=drafts["count"],
            drafts_url=_list_url(partner, status=OrderStatus.DRAFT),
            first_draft_ends=drafts["first"],
            holds=holds.count(),
            holds_url=f"{reverse('admin:orders_hold_changelist')}?{urlencode(held)}",
        )


def error_rate(received: int, failed: int) -> str:
    """Return the share of orders that failed, such as 2.5 %."""
    return f"{100 * failed / received:.1f} %" if received else "–"


def _span(partner: Partner, label: str, span: str, received: int, failed: int) -> list[Figure]:
    return [
        Figure(label=f"{label}: orders", text=f"{received:,}", url=_list_url(partner, recent=span)),
        Figure(
            label=f"{label}: failed",
            text=f"{failed:,}",
            url=_list_url(partner, recent=span, status=OrderStatus.ERROR),
            colour="danger" if failed else "",
        ),
    ]


def _of_orders(partner: Partner) -> dict[ProofName, Proof]:
    """Return the first order of each kind, each by its index: one statement."""
    mine = Order.objects.filter(partner=partner)
    texts: Mapping[ProofName, str] = {
        "test_order": "Order {}",
        "live_order": "Order {}",
        "trouble": "Order {} ended in Error: its item is not mapped",
    }
    firsts = (
        _first("test_order", mine.filter(test_mode=True, status__in=_ISSUED)),
        _first("live_order", mine.filter(test_mode=False, status__in=_ISSUED)),
        _first(
            "trouble",
            mine.filter(status=OrderStatus.ERROR, failure_code=FailureCode.UNMAPPED_ITEM),
        ),
    )
    rows = firsts[0].union(*firsts[1:], all=True)
    return {
        name: Proof(
            text=texts[name].format(number),
            at=at,
            url=reverse("admin:orders_order_change", args=[key]),
            permission=_SEEN,
        )
        for name, key, number, at in rows
    }


def _of_sent(partner: Partner, found: Mapping[ProofName, Proof]) -> dict[ProofName, Lack]:
    """Return the last order of each mode that has none issued; nothing where none was sent."""
    modes: Mapping[ProofName, bool] = {"test_order": True, "live_order": False}
    missing = {test_mode: name for name, test_mode in modes.items() if name not in found}
    if not missing:
        return {}
    rows = (
        Order.objects.filter(partner=partner, test_mode__in=missing)
        .exclude(status__in=_ISSUED)
        .order_by("test_mode", "-received_at", "-id")
        .distinct("test_mode")
        .values_list("test_mode", "pk", "buy_from_order_reference", "status")
    )
    return {
        missing[test_mode]: Lack(
            text=f"Order {number} was sent and is {status}.",
            url=reverse("admin:orders_order_change", args=[key]),
            permission=_SEEN,
        )
        for test_mode, key, number, status in rows
    }


def _first(name: ProofName, orders: QuerySet[Order]) -> QuerySet[Order, Any]:
    named = orders.annotate(proof=Value(name, output_field=CharField()))
    columns = ("proof", "pk", "buy_from_order_reference", "received_at")
    return named.order_by("received_at", "id").values_list(*columns)[:1]


def _of_mappings(partner: Partner) -> Proof | Lack:
    """Tell whether every item number that its orders name means something: two statements.

    The magic number that is never mapped is none of them.
    """
    magic = [number for number, one in MAGIC.items() if not one.is_known]
    waiting = Order.objects.filter(
        partner=partner, status=OrderStatus.ERROR, failure_code=FailureCode.UNMAPPED_ITEM
    ).exclude(
        failure_fingerprint__in=[
            f"{FailureCode.UNMAPPED_ITEM}:{partner.pk}:{number}" for number in magic
        ]
    )
    unmapped = waiting.aggregate(count=Count("failure_fingerprint", distinct=True))["count"]
    if unmapped:
        url = _list_url(partner, cause=FailureCode.UNMAPPED_ITEM, test_mode="with")
        numbers = "1 item number" if unmapped == 1 else f"{unmapped:,} item numbers"
        verb = "means" if unmapped == 1 else "mean"
        return Lack(
            text=f"{numbers} of its failed orders {verb} nothing yet.", url=url, permission=_SEEN
        )
    mappings = PackageMapping.objects.filter(partner=partner, is_active=True).aggregate(
        count=Count("pk"), last=Max("created_at")
    )
    query = urlencode({"partner__id__exact": str(partner.pk), "is_active__exact": "1"})
    listed = f"{reverse('admin:catalog_packagemapping_changelist')}?{query}"
    if mappings["count"]:
        plural = "" if mappings["count"] == 1 else "s"
        return Proof(
            text=f"{mappings['count']:,} mapping{plural}, the last one made",
            at=mappings["last"],
            url=listed,
            permission="catalog.view_packagemapping",
        )
    if partner.sell_by_package_code:
        return Proof(text="It sells by the venue's package codes")
    return Lack(
        text="There is no mapping yet.", url=listed, permission="catalog.view_packagemapping"
    )


def _list_url(partner: Partner, **filters: str) -> str:
    query = urlencode({**filters, "partner__id__exact": str(partner.pk)})
    return f"{reverse('admin:orders_order_changelist')}?{query}"

"""The admin's first page: what needs somebody, counted on partial indexes; tests need nobody."""

from __future__ import annotations

import dataclasses
import datetime
from collections.abc import Sequence
from typing import Any

from django.db.models import Count, Q
from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone
from django.utils.http import urlencode

from catalog.admin.days_ahead import read_days_ahead
from channel_manager.lib.admin.columns import moment, money
from orders.admin.badges import ORDER_COLOURS
from orders.admin.causes import Cause, read_causes
from orders.admin.filters import EXPIRING, IN_FLIGHT, LATE, SOON, is_late
from orders.admin.health import read_partnerships
from orders.admin.traffic import read_traffic
from orders.admin.unmapped import of_unmapped
from orders.models import Checkout, CheckoutStatus, FailureCode, Order, OrderStatus
from orders.models.order import LATE as LATE_AFTER
from partners.admin.webhooks.overview import read_alarms
from wallets.models import OutsideOrder

_SHOWN = 8
_CAUSES = 5


@dataclasses.dataclass(frozen=True, kw_only=True)
class Tile:
    """A number that leads to the rows it counts."""

    title: str
    number: int
    meaning: str
    icon: str
    url: str
    colour: str = ""
    # Some of them are worse than the others: how many, in words, and where these are listed.
    worse: str = ""
    worse_url: str = ""


def show_home(request: HttpRequest, context: dict[str, Any]) -> dict[str, Any]:
    """Add what those who may see orders need: tiles, causes, partners, latest: 13 statements.

    For those who may see webhook endpoints also the partners that are not told: one more; for
    those who may see sessions the next days: five more.
    """
    now = timezone.now()
    context["webhook_alarms"] = read_alarms(request, now=now)
    context["ahead"] = read_days_ahead(request, now=now)
    if request.user.has_perm("orders.view_order"):
        causes = read_causes(request)
        context["tiles"] = [*_unsettled(request), *_tiles(now, of_unmapped(causes))]
        context["traffic"] = read_traffic(now=now)
        context["partnerships"] = read_partnerships(
            request, alarms=context["webhook_alarms"], now=now
        )
        context["causes"] = causes[:_CAUSES]
        context["more_causes"] = max(0, len(causes) - _CAUSES)
        context["latest"] = _rows(Order.objects.live())
        context["orders_url"] = _list_url()
    return context


def _tiles(now: datetime.datetime, unmapped: Sequence[Cause]) -> list[Tile]:
    in_error = (
        Order.objects.live()
        .filter(status=OrderStatus.ERROR)
        .aggregate(
            failed=Count("pk"), unmapped=Count("pk", Q(failure_code=FailureCode.UNMAPPED_ITEM))
        )
    )
    in_flight = (
        Order.objects.live().in_flight().aggregate(all=Count("pk"), late=Count("pk", is_late(now)))
    )
    drafts = Order.objects.live().filter(status=OrderStatus.DRAFT)
    expiring = drafts.filter(draft_expires_at__lt=now + SOON).count()
    return [
        *_paid_late(),
        Tile(
            title="Failed",
            number=in_error["failed"],
            meaning="Orders in Error, waiting for somebody",
            icon="error",
            url=_list_url(status=OrderStatus.ERROR),
            colour="danger" if in_error["failed"] else "",
        ),
        Tile(
            title="Unmapped",
            number=in_error["unmapped"],
            meaning="Failed for want of a mapping: map it, then replay them",
            icon="link_off",
            url=_list_url(cause=FailureCode.UNMAPPED_ITEM),
            colour="danger" if in_error["unmapped"] else "",
            worse=_inbox(unmapped),
            worse_url=reverse("admin:orders_batch_unmapped"),
        ),
        Tile(
            title="In flight",
            number=in_flight["all"],
            meaning="Submitted, scheduled or being issued",
            icon="bolt",
            url=_list_url(status=IN_FLIGHT),
            colour="danger" if in_flight["late"] else "",
            worse=_late(in_flight["late"]),
            worse_url=_list_url(status=LATE),
        ),
        Tile(
            title="Drafts expiring",
            number=expiring,
            meaning="Deleted within 24 hours unless confirmed",
            icon="timer",
            url=_list_url(status=EXPIRING),
            colour="warning" if expiring else "",
        ),
    ]


def _paid_late() -> list[Tile]:
    """Return the tile of money that nothing was given for, where there is any: it goes first."""
    late = Checkout.objects.filter(status=CheckoutStatus.PAID_LATE)
    number = late.filter(storefront__test_mode=False).count()
    if not number:
        return []
    return [
        Tile(
            title="Paid late",
            number=number,
            meaning="Money came when the places were gone: order after all, or send it back",
            icon="paid",
            url=f"{reverse('admin:orders_checkout_changelist')}?status__exact=PaidLate",
            colour="danger",
        )
    ]


def _unsettled(request: HttpRequest) -> list[Tile]:
    """Return the tile of orders at other systems that wait for a person, where there are any."""
    if not request.user.has_perm("wallets.view_outsideorder"):
        return []
    number = OutsideOrder.objects.unsettled().count()
    if not number:
        return []
    return [
        Tile(
            title="Outside orders",
            number=number,
            meaning="Orders at other systems that somebody has to look up there",
            icon="hub",
            url=f"{reverse('admin:wallets_outsideorder_changelist')}?waits=yes",
            colour="danger",
        )
    ]


def _inbox(unmapped: Sequence[Cause]) -> str:
    """Say how many numbers there are, and which visit is at risk first."""
    if not unmapped:
        return ""
    told = "1 number" if len(unmapped) == 1 else f"{len(unmapped):,} numbers"
    visits = [cause.group.next_visit for cause in unmapped if cause.group.next_visit]
    return f"{told}, next visit {min(visits):%a %-d %b}" if visits else told


def _late(count: int) -> str:
    minutes = int(LATE_AFTER.total_seconds() // 60)
    return f"{count:,} for more than {minutes} min" if count else ""


def _rows(orders: Any) -> list[dict[str, Any]]:
    """Return the newest orders of a set as the home page lists them."""
    newest = orders.select_related("partner", "venue").defer("venue__logo")
    return [
        {
            "url": reverse("admin:orders_order_change", args=[order.pk]),
            "number": order.buy_from_order_reference,
            "partner": order.partner.name,
            "status": order.status,
            "colour": ORDER_COLOURS[order.status],
            "total": money(order.left_incl_vat, order.currency),
            "received": moment(order.received_at, order.venue.zone),
        }
        for order in newest.order_by("-received_at", "-id")[:_SHOWN]
    ]


def _list_url(**filters: str) -> str:
    query = f"?{urlencode(filters)}" if filters else ""
    return reverse("admin:orders_order_changelist") + query

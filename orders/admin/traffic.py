"""The home page's last 24 hours: live orders per hour, and what became of each partner's."""

from __future__ import annotations

import dataclasses
import datetime
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from django.db.models import Count, FloatField, Q, Value
from django.db.models.functions import Extract, Floor
from django.urls import reverse
from django.utils.http import urlencode

from orders.admin.filters import LAST_DAY, RECENT
from orders.models import Order, OrderStatus

_HOURS = int(RECENT.total_seconds() // 3600)
# Partners that are named, those with the most orders first.
_NAMED = 12
# The picture's own units: it is stretched to its place.
_STEP, _WIDTH, _HEIGHT = 10, 8, 100


@dataclasses.dataclass(frozen=True, kw_only=True)
class HourBar:
    """An hour's orders as a column of the picture; what failed stands at its foot."""

    when: str
    count: int
    failed: int
    x: int
    y: str
    height: str
    failed_y: str
    failed_height: str


@dataclasses.dataclass(frozen=True, kw_only=True)
class PartnerTraffic:
    """A partner's orders of the span, and where they are listed: all, issued, failed."""

    name: str
    received: int
    issued: int
    failed: int
    received_url: str
    issued_url: str
    failed_url: str


@dataclasses.dataclass(frozen=True, kw_only=True)
class Traffic:
    """What came in during the last 24 hours; no bars when nothing did."""

    received: int
    received_url: str
    most: int
    bars: Sequence[HourBar]
    partners: Sequence[PartnerTraffic]
    more_partners: int
    width: int = _STEP * _HOURS
    bar_width: int = _WIDTH
    height: int = _HEIGHT


def read_traffic(*, now: datetime.datetime) -> Traffic:
    """Count the orders of the last 24 hours by partner and hour: one statement."""
    since = now - RECENT
    hours_in = (
        Extract("received_at", "epoch", output_field=FloatField()) - Value(since.timestamp())
    ) / Value(3600.0)
    rows = (
        Order.objects.live()
        .filter(received_at__gt=since)
        .annotate(hour=Floor(hours_in, output_field=FloatField()))
        .values("partner", "partner__name", "hour")
        .annotate(
            received=Count("pk"),
            issued=Count("pk", Q(status=OrderStatus.ISSUED)),
            failed=Count("pk", Q(status=OrderStatus.ERROR)),
        )
        .order_by()
    )
    return _traffic(list(rows))


def _traffic(rows: Sequence[Mapping[str, Any]]) -> Traffic:
    received, failed = Counter[int](), Counter[int]()
    for row in rows:
        # An order of this very moment belongs to the hour that ends.
        hour = min(int(row["hour"]), _HOURS - 1)
        received[hour] += row["received"]
        failed[hour] += row["failed"]
    most = max(received.values(), default=0)
    partners = _partners(rows)
    return Traffic(
        received=received.total(),
        received_url=_list_url(),
        most=most,
        bars=[_bar(hour, received[hour], failed[hour], most) for hour in range(_HOURS) if most],
        partners=partners[:_NAMED],
        more_partners=max(0, len(partners) - _NAMED),
    )


def _bar(hour: int, count: int, failed: int, most: int) -> HourBar:
    height, failed_height = (_HEIGHT * number / most for number in (count, failed))
    ago = _HOURS - hour
    return HourBar(
        when=f"{ago} to {ago - 1} hours ago" if ago > 1 else "the last hour",
        count=count,
        failed=failed,
        x=_STEP * hour,
        y=f"{_HEIGHT - height:.1f}",
        height=f"{height:.1f}",
        failed_y=f"{_HEIGHT - failed_height:.1f}",
        failed_height=f"{failed_height:.1f}",
    )


def _partners(rows: Iterable[Mapping[str, Any]]) -> list[PartnerTraffic]:
    names: dict[Any, str] = {}
    received, issued, failed = Counter[Any](), Counter[Any](), Counter[Any]()
    for row in rows:
        names[row["partner"]] = row["partner__name"]
        received[row["partner"]] += row["received"]
        issued[row["partner"]] += row["issued"]
        failed[row["partner"]] += row["failed"]
    return [
        PartnerTraffic(
            name=names[key],
            received=received[key],
            issued=issued[key],
            failed=failed[key],
            received_url=_list_url(partner__id__exact=key),
            issued_url=_list_url(partner__id__exact=key, status=OrderStatus.ISSUED),
            failed_url=_list_url(partner__id__exact=key, status=OrderStatus.ERROR),
        )
        for key in sorted(names, key=lambda key: (-received[key], names[key], key))
    ]


def _list_url(**filters: Any) -> str:
    listed = reverse("admin:orders_order_changelist")
    return f"{listed}?{urlencode({'recent': LAST_DAY, **filters})}"

"""The home page's partners: what each sold in a week, what of it failed, and what it needs."""

from __future__ import annotations

import dataclasses
import datetime
import uuid
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from django.db.models import Count, Max, OuterRef, Q, QuerySet, Subquery
from django.http import HttpRequest
from django.urls import reverse
from django.utils.http import urlencode

from channel_manager.lib.admin.columns import moment
from orders.admin.filters import LAST_WEEK, WEEK
from orders.admin.partnership import error_rate
from orders.models import Order, OrderStatus
from partners.admin.health import LATELY
from partners.admin.standing import STANDING
from partners.admin.webhooks.overview import Alarm
from partners.models import ApiKey, Partner, PartnerStatus, TokenBucket

# Partners that are named: those that need somebody first, then those that sell most.
_NAMED = 12


class Trouble(NamedTuple):
    """What a partner needs somebody for, and where that is seen to."""

    text: str
    url: str


@dataclasses.dataclass(frozen=True, kw_only=True)
class PartnerHealth:
    """A partner's live orders of seven days, and what it needs; no address where one may not go."""

    name: str
    url: str
    status: str
    colour: str
    received: int
    failed: int
    rate: str
    received_url: str
    failed_url: str
    last: str
    last_url: str
    troubles: Sequence[Trouble]


@dataclasses.dataclass(frozen=True)
class Partnerships:
    """The partners that the home page names, and how many more there are."""

    partners: Sequence[PartnerHealth]
    more: int


def read_partnerships(
    request: HttpRequest, *, alarms: Sequence[Alarm], now: datetime.datetime
) -> Partnerships:
    """Return how the partners do that are not closed: two statements, whatever they sold.

    alarms: those of their webhooks, which the page has read already.
    """
    sold = _sold(now)
    may_see = request.user.has_perm("partners.view_partner")
    deaf = {alarm.partner.pk: alarm.url for alarm in alarms}
    rows = [
        _health(partner, sold.get(partner.pk, (0, 0)), deaf.get(partner.pk, ""), may_see=may_see)
        for partner in _partners(now)
    ]
    rows.sort(key=lambda row: (not row.troubles, not row.failed, -row.received, row.name))
    return Partnerships(rows[:_NAMED], max(0, len(rows) - _NAMED))


def _sold(now: datetime.datetime) -> Mapping[uuid.UUID, tuple[int, int]]:
    """Return how many live orders each partner sent in seven days, and how many failed."""
    rows = (
        Order.objects.live()
        .filter(received_at__gt=now - WEEK)
        .order_by()
        .values_list("partner")
        .annotate(received=Count("pk"), failed=Count("pk", Q(status=OrderStatus.ERROR)))
    )
    return {partner: (received, failed) for partner, received, failed in rows}


def _partners(now: datetime.datetime) -> QuerySet[Partner]:
    """Return the partners that are not closed, each with what its indexes tell at once."""
    mine = Order.objects.live().filter(partner=OuterRef("pk")).order_by("-received_at", "-id")
    limited = TokenBucket.objects.filter(key__partner=OuterRef("pk"), refused_at__gt=now - LATELY)
    ending = ApiKey.objects.ending_in_use(now).filter(partner=OuterRef("pk"))
    return (
        Partner.objects.exclude(status=PartnerStatus.CLOSED)
        .select_related("venue")
        .defer("venue__logo")
        .annotate(
            last_at=Subquery(mine.values("received_at")[:1]),
            last_id=Subquery(mine.values("pk")[:1]),
            limited_at=Subquery(
                limited.order_by()
                .values("key__partner")
                .annotate(last=Max("refused_at"))
                .values("last")
            ),
            key_ends_at=Subquery(ending.order_by("expires_at").values("expires_at")[:1]),
        )
    )


def _health(partner: Any, sold: tuple[int, int], deaf_url: str, *, may_see: bool) -> PartnerHealth:
    received, failed = sold
    url = reverse("admin:partners_partner_change", args=[partner.pk]) if may_see else ""
    return PartnerHealth(
        name=partner.name,
        url=url,
        status=partner.status,
        colour=STANDING.colours[partner.status],
        received=received,
        failed=failed,
        rate=error_rate(received, failed),
        received_url=_list_url(partner),
        failed_url=_list_url(partner, status=OrderStatus.ERROR),
        last=moment(partner.last_at, partner.venue.zone) if partner.last_at else "never",
        last_url=reverse("admin:orders_order_change", args=[partner.last_id])
        if partner.last_id
        else "",
        troubles=_troubles(partner, deaf_url, url),
    )


def _troubles(partner: Any, deaf_url: str, url: str) -> list[Trouble]:
    zone = partner.venue.zone
    troubles = [Trouble("Webhooks fail", deaf_url)] if deaf_url else []
    if url and partner.key_ends_at:
        troubles.append(Trouble(f"Key expires {moment(partner.key_ends_at, zone)}", f"{url}#keys"))
    if url and partner.limited_at:
        troubles.append(Trouble(f"Over its limit {moment(partner.limited_at, zone)}", url))
    return troubles


def _list_url(partner: Partner, **filters: str) -> str:
    query = urlencode({"recent": LAST_WEEK, "partner__id__exact": str(partner.pk), **filters})
    return f"{reverse('admin:orders_order_changelist')}?{query}"

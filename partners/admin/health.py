"""How a partner does: its orders, its webhooks, its limit, and its keys that will expire."""

from __future__ import annotations

import datetime
from collections.abc import Sequence

from django.db.models import Max
from django.http import HttpRequest
from django.urls import reverse
from django.utils.http import urlencode

from channel_manager.lib.admin.columns import moment
from partners.admin.selling import Figure, selling
from partners.admin.webhooks.filters import FAILING
from partners.admin.webhooks.overview import EndpointRow
from partners.models import EndpointStatus, Partner, TokenBucket

# A limit that was met longer ago than this is no news.
LATELY = datetime.timedelta(hours=24)


def read_health(
    request: HttpRequest,
    partner: Partner,
    *,
    endpoints: Sequence[EndpointRow] | None,
    now: datetime.datetime,
) -> list[Figure]:
    """Return the figures that the signed-in person may see: three statements at most.

    endpoints: None for somebody who may not see them.
    """
    figures: list[Figure] = []
    if request.user.has_perm("orders.view_order"):
        figures += selling().read_figures(partner, now=now)
    if endpoints is not None:
        figures.append(_webhooks(partner, endpoints))
    figures.append(_limit(partner, now))
    return figures


def _webhooks(partner: Partner, rows: Sequence[EndpointRow]) -> Figure:
    failing = sum(
        row.endpoint.status == EndpointStatus.ACTIVE and row.endpoint.failing_since is not None
        for row in rows
    )
    query = {"status": FAILING, "partner__id__exact": str(partner.pk)}
    listed = reverse("admin:partners_webhookendpoint_changelist")
    return Figure(
        label="Webhooks failing now",
        text=f"{failing} of {len(rows)}",
        url=f"{listed}?{urlencode(query)}" if failing else "",
        colour="danger" if failing else "",
    )


def _limit(partner: Partner, now: datetime.datetime) -> Figure:
    """Tell when a key last had no token; what a process refuses by itself follows from that."""
    buckets = TokenBucket.objects.filter(key__partner=partner, refused_at__gt=now - LATELY)
    last = buckets.aggregate(last=Max("refused_at"))["last"]
    return Figure(
        label="Over its rate limit",
        text=moment(last, partner.venue.zone) if last else "not in the last 24 hours",
        colour="danger" if last else "",
    )

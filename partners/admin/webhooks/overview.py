"""What the home page and a partner's page tell of endpoints."""

from __future__ import annotations

import dataclasses
import datetime
from collections.abc import Sequence
from itertools import groupby

from django.http import HttpRequest
from django.urls import reverse
from django.utils.http import urlencode

from channel_manager.lib.admin.columns import moment
from partners.admin.webhooks.filters import NEEDS_SOMEBODY
from partners.admin.webhooks.words import mode_of, state_of
from partners.models import EndpointStatus, Partner, WebhookEndpoint
from partners.webhooks.watching import Backlog, count_backlogs, needing_somebody

_NAMED = 3


@dataclasses.dataclass(frozen=True, kw_only=True)
class Alarm:
    """A partner whose endpoints need somebody: which, why, and where they are listed."""

    partner: Partner
    troubles: Sequence[str]
    more: int
    url: str


@dataclasses.dataclass(frozen=True, kw_only=True)
class EndpointRow:
    """An endpoint as its partner's page lists it."""

    endpoint: WebhookEndpoint
    state: str
    colour: str
    mode: tuple[str, str]
    backlog: Backlog
    url: str


def read_alarms(request: HttpRequest, *, now: datetime.datetime) -> list[Alarm]:
    """Return the partners that are not told what they should be: one statement.

    None for somebody who may not see endpoints.
    """
    if not request.user.has_perm("partners.view_webhookendpoint"):
        return []
    rows = needing_somebody(WebhookEndpoint.objects.all(), now=now)
    rows = rows.select_related("partner__venue").defer("partner__venue__logo")
    listed = reverse("admin:partners_webhookendpoint_changelist")
    alarms = []
    ordered = rows.order_by("partner__name", "partner", "test_mode", "created_at", "id")
    for partner, group in groupby(ordered, key=lambda row: row.partner):
        endpoints = list(group)
        query = {"status": NEEDS_SOMEBODY, "partner__id__exact": partner.pk}
        alarms.append(
            Alarm(
                partner=partner,
                troubles=[_trouble(endpoint) for endpoint in endpoints[:_NAMED]],
                more=max(0, len(endpoints) - _NAMED),
                url=f"{listed}?{urlencode(query)}",
            )
        )
    return alarms


def list_endpoints(partner: Partner) -> list[EndpointRow]:
    """Return a partner's endpoints, live ones first, with what waits for them: two statements."""
    rows = list(partner.webhook_endpoints.order_by("test_mode", "created_at", "id"))
    backlogs = count_backlogs([row.pk for row in rows])
    return [
        EndpointRow(
            endpoint=row,
            state=state_of(row)[0],
            colour=state_of(row)[1],
            mode=mode_of(row),
            backlog=backlogs[row.pk],
            url=reverse("admin:partners_webhookendpoint_change", args=[row.pk]),
        )
        for row in rows
    ]


def _trouble(endpoint: WebhookEndpoint) -> str:
    zone = endpoint.partner.venue.zone
    what = f"{endpoint} (test)" if endpoint.test_mode else str(endpoint)
    if endpoint.status == EndpointStatus.ACTIVE:
        return f"{what} takes nothing since {moment(endpoint.failing_since, zone)}."
    since = moment(endpoint.status_since, zone)
    return f"{what} is {endpoint.status} since {since}: {endpoint.status_reason}"

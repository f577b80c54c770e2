"""What an order's partner was told of it: its events, and how each went to each endpoint."""

from __future__ import annotations

import dataclasses
from collections import defaultdict
from collections.abc import Sequence

from django.http import HttpRequest

from channel_manager.lib.admin import people
from orders.models import Order
from partners.admin.webhooks.page import DeliveryView, view_deliveries
from partners.models import EndpointStatus, WebhookDelivery, WebhookEvent

# An order of a large group has an event for each admission.
_MOST = 20


@dataclasses.dataclass(frozen=True)
class Told:
    """One event and its deliveries; none where no endpoint of the partner wanted it."""

    event: WebhookEvent
    deliveries: Sequence[DeliveryView]


@dataclasses.dataclass(frozen=True)
class Webhooks:
    """The latest events of an order, the newest first, and whether there are older ones."""

    events: Sequence[Told]
    has_more: bool


def read_webhooks(request: HttpRequest, order: Order) -> Webhooks | None:
    """Read an order's events with their deliveries and attempts: three statements.

    None for somebody who may not see endpoints.
    """
    if not request.user.has_perm("partners.view_webhookendpoint"):
        return None
    may_replay = request.user.has_perm("partners.replay_webhook")
    events = list(WebhookEvent.objects.filter(order_id=order.pk).order_by("-id")[: _MOST + 1])
    rows = WebhookDelivery.objects.filter(event__in=events[:_MOST])
    by_event: dict[int, list[DeliveryView]] = defaultdict(list)
    found = list(rows.select_related("event", "endpoint").order_by("endpoint__created_at", "id"))
    may_see = people.may_see(request)
    for view in view_deliveries(found, may_replay=may_replay, may_see_people=may_see):
        is_off = view.delivery.endpoint.status == EndpointStatus.OFF
        shown = dataclasses.replace(view, replay_url="") if is_off else view
        by_event[view.event.pk].append(shown)
    told = [Told(event, by_event[event.pk]) for event in events[:_MOST]]
    return Webhooks(told, len(events) > _MOST)

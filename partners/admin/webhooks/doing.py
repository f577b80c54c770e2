"""What the buttons of an endpoint do: one call of the domain each, and what staff are told of it."""

from __future__ import annotations

import dataclasses
import datetime
import uuid
from collections.abc import Mapping
from typing import Any, TypedDict

from django.db import transaction
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.views.decorators.debug import sensitive_variables

from channel_manager.lib.admin.confirmation import actor_of
from channel_manager.lib.admin.typed import ModelAdmin
from partners.admin.webhooks import settings
from partners.admin.webhooks.forms import since_text
from partners.models import EndpointStatus, WebhookEndpoint
from partners.webhooks import endpoints, replaying

_DAY = datetime.timedelta(days=1)


@dataclasses.dataclass(frozen=True)
class Deed:
    """Who does something to which endpoint, and what was answered when asked."""

    model_admin: ModelAdmin[WebhookEndpoint]
    request: HttpRequest
    endpoint: WebhookEndpoint
    answers: Mapping[str, Any]


class _Target(TypedDict):
    """The endpoint and the moment, as the domain's functions take them."""

    endpoints: QuerySet[WebhookEndpoint]
    endpoint_id: uuid.UUID
    now: datetime.datetime


def find(endpoint_id: uuid.UUID) -> WebhookEndpoint | None:
    """Return the endpoint with its partner and venue, None when there is none."""
    rows = WebhookEndpoint.objects.select_related("partner__venue").defer("partner__venue__logo")
    return rows.filter(pk=endpoint_id).first()


def pause(deed: Deed) -> str:
    """Let events wait."""
    endpoints.pause_endpoint(
        **_target(deed.endpoint), actor=actor_of(deed.request), reason=deed.answers["reason"]
    )
    return f"{deed.endpoint} is paused; events wait."


def resume(deed: Deed) -> str:
    """Send again."""
    endpoints.resume_endpoint(
        **_target(deed.endpoint), actor=actor_of(deed.request), reason=deed.answers["reason"]
    )
    return f"{deed.endpoint} is resumed."


def switch_off(deed: Deed) -> str:
    """Send nothing any more."""
    endpoints.switch_off_endpoint(
        **_target(deed.endpoint), actor=actor_of(deed.request), reason=deed.answers["reason"]
    )
    return f"{deed.endpoint} is switched off."


def send_test_event(deed: Deed) -> str:
    """Send a test event."""
    with transaction.atomic():
        event = endpoints.send_test(**_target(deed.endpoint))
        deed.model_admin.log_change(deed.request, deed.endpoint, f"Sent test event {event}")
    return f"Test event {event} is on its way. Load this page again to see what is answered."


@sensitive_variables("secret")
def rotate(deed: Deed) -> HttpResponse:
    """Make a new secret and show it; the edits of the endpoint keep why."""
    told = f"New secret: {deed.answers['reason']}" if deed.answers["reason"] else "New secret"
    with transaction.atomic():
        changed, secret = endpoints.rotate_secret(
            **_target(deed.endpoint), actor=actor_of(deed.request)
        )
        deed.model_admin.log_change(deed.request, changed, told)
    return settings.show_secret(deed.model_admin, deed.request, changed, secret)


def delete(deed: Deed) -> str:
    """Remove the endpoint; the partner's log of edits keeps why."""
    told = f"Deleted webhook endpoint {deed.endpoint.url}: {deed.answers['reason']}"
    with transaction.atomic():
        endpoints.delete_endpoint(**_target(deed.endpoint), actor=actor_of(deed.request))
        deed.model_admin.log_change(deed.request, deed.endpoint.partner, told)  # type: ignore[arg-type]
    return f"{deed.endpoint} is deleted."


def replay_all_failed(deed: Deed) -> str:
    """Send all that failed again."""
    sent = replaying.replay_failed(**_target(deed.endpoint), actor=actor_of(deed.request))
    return sent_in_words(sent, deed.endpoint)


def replay_a_period(deed: Deed) -> str:
    """Send the events of a period again."""
    sent = replaying.replay_range(
        **_target(deed.endpoint),
        since=deed.answers["since"],
        until=deed.answers["until"],
        actor=actor_of(deed.request),
    )
    return sent_in_words(sent, deed.endpoint)


def replay_one(request: HttpRequest, endpoint: WebhookEndpoint, event_id: uuid.UUID) -> str:
    """Send one event again."""
    sent = replaying.replay_event(**_target(endpoint), event_id=event_id, actor=actor_of(request))
    return sent_in_words(sent, endpoint)


def sent_in_words(count: int, endpoint: WebhookEndpoint) -> str:
    """Return what is told after so many events were sent again."""
    if not count:
        return "There was nothing to send again; what is on its way already is not sent twice."
    events = "One event is" if count == 1 else f"{count:,} events are"
    if endpoint.status == EndpointStatus.PAUSED:
        return f"{events} kept for {endpoint} and sent when it is resumed."
    return f"{events} sent to {endpoint} again."


def asked_period(endpoint: WebhookEndpoint) -> dict[str, Any]:
    """Offer the last day, or the period since when it fails."""
    now, zone = timezone.now(), endpoint.partner.venue.zone
    since = endpoint.failing_since or now - _DAY
    return {
        "zone": zone,
        "initial": {"since": since_text(since, zone), "until": since_text(now, zone)},
    }


def _target(endpoint: WebhookEndpoint) -> _Target:
    return {
        "endpoints": WebhookEndpoint.objects.all(),
        "endpoint_id": endpoint.pk,
        "now": timezone.now(),
    }

"""The native partner API of webhook endpoints: parse, one domain call, answer."""

from __future__ import annotations

from typing import Any, ClassVar
from urllib.parse import urlencode

from django.conf import settings
from django.db.models import F, Prefetch, QuerySet
from django.utils import timezone
from rest_framework.request import Request
from rest_framework.response import Response

from channel_manager.lib.strict_fields import StrictSerializer, uuid_in_path
from partners.api import documentation as docs
from partners.api.asking import read_delivery_query, read_replay
from partners.api.rendering import render_delivery, render_endpoint
from partners.api.serializers import (
    EndpointRequestSerializer,
    PauseRequestSerializer,
    ReplayRequestSerializer,
)
from partners.api.views import PartnerView
from partners.idempotency import SecretResponse, idempotent
from partners.models import Scope, WebhookAttempt, WebhookDelivery, WebhookEndpoint
from partners.webhooks import endpoints, replaying


class WebhookView(PartnerView):
    """A view of the partner's endpoints of the key's mode."""

    @property
    def endpoints(self) -> QuerySet[WebhookEndpoint]:
        """Return the endpoints the key may see: others do not exist here."""
        return WebhookEndpoint.objects.filter(
            partner=self.partner, test_mode=self.account.test_mode
        )

    def find(self, webhook_id: str) -> WebhookEndpoint:
        """Return the endpoint in the path; raises NotFound."""
        endpoint = self.endpoints.filter(
            pk=uuid_in_path(webhook_id, endpoints.no_such_endpoint)
        ).first()
        if endpoint is None:
            raise endpoints.no_such_endpoint()
        return endpoint

    def read(self, serializer: type[Any]) -> dict[str, Any]:
        """Return the validated body; raises ValidationError with all its faults.

        A StrictSerializer itself takes nothing: an empty object, or no body at all.
        """
        body = serializer(data=self.request.data)
        body.is_valid(raise_exception=True)
        return dict(body.validated_data)

    @property
    def who(self) -> dict[str, Any]:
        """Return what every change is done with: whose endpoints, by whom, when."""
        return {
            "endpoints": self.endpoints,
            "actor": self.partner.actor,
            "now": timezone.now(),
        }


class WebhookCollectionView(WebhookView):
    """`/channelManager/webhooks`."""

    scopes: ClassVar[dict[str, str]] = {"GET": Scope.WEBHOOKS, "POST": Scope.WEBHOOKS}

    @docs.list_webhooks
    def get(self, request: Request) -> Response:
        """Answer all endpoints; there are 20 at most."""
        return Response({"data": [render_endpoint(one) for one in self.endpoints]})

    @docs.create_webhook
    @idempotent
    def post(self, request: Request) -> Response:
        """Make an endpoint."""
        body = self.read(EndpointRequestSerializer)
        endpoint, secret = endpoints.create_endpoint(
            account=self.account,
            url=body["url"],
            description=body["description"],
            event_types=body["eventTypes"],
            actor=self.partner.actor,
            now=timezone.now(),
        )
        location = f"{settings.PUBLIC_URL}/channelManager/webhooks/{endpoint.pk}"
        return SecretResponse(
            {**render_endpoint(endpoint), "secret": secret},
            status=201,
            headers={"Location": location},
        )


class WebhookOneView(WebhookView):
    """`/channelManager/webhooks/{webhookId}`."""

    scopes: ClassVar[dict[str, str]] = dict.fromkeys(("GET", "PUT", "DELETE"), Scope.WEBHOOKS)

    @docs.get_webhook
    def get(self, request: Request, webhook_id: str) -> Response:
        """Answer an endpoint."""
        return Response(render_endpoint(self.find(webhook_id)))

    @docs.replace_webhook
    @idempotent
    def put(self, request: Request, webhook_id: str) -> Response:
        """Change where it is and what it wants."""
        endpoint_id = self.find(webhook_id).pk
        body = self.read(EndpointRequestSerializer)
        endpoint = endpoints.update_endpoint(
            **self.who,
            endpoint_id=endpoint_id,
            url=body["url"],
            description=body["description"],
            event_types=body["eventTypes"],
        )
        return Response(render_endpoint(endpoint))

    @docs.delete_webhook
    @idempotent
    def delete(self, request: Request, webhook_id: str) -> Response:
        """Remove it."""
        endpoint = self.find(webhook_id)
        endpoints.delete_endpoint(**self.who, endpoint_id=endpoint.pk)
        return Response(render_endpoint(endpoint))


class _ActionView(WebhookView):
    scopes: ClassVar[dict[str, str]] = {"POST": Scope.WEBHOOKS}


class TestWebhookView(_ActionView):
    """`/channelManager/webhooks/{webhookId}/test`."""

    @docs.test_webhook
    @idempotent
    def post(self, request: Request, webhook_id: str) -> Response:
        """Send it a test event."""
        endpoint = self.find(webhook_id)
        self.read(StrictSerializer)
        event = endpoints.send_test(
            endpoints=self.endpoints, endpoint_id=endpoint.pk, now=timezone.now()
        )
        return Response({"eventId": event.public_id}, status=202)


class RotateWebhookView(_ActionView):
    """`/channelManager/webhooks/{webhookId}/rotate`."""

    @docs.rotate_webhook
    @idempotent
    def post(self, request: Request, webhook_id: str) -> Response:
        """Give it a new secret."""
        endpoint_id = self.find(webhook_id).pk
        self.read(StrictSerializer)
        endpoint, secret = endpoints.rotate_secret(**self.who, endpoint_id=endpoint_id)
        return SecretResponse({**render_endpoint(endpoint), "secret": secret})


class PauseWebhookView(_ActionView):
    """`/channelManager/webhooks/{webhookId}/pause`."""

    @docs.pause_webhook
    @idempotent
    def post(self, request: Request, webhook_id: str) -> Response:
        """Let its events wait."""
        endpoint_id = self.find(webhook_id).pk
        reason = self.read(PauseRequestSerializer)["reason"]
        endpoint = endpoints.pause_endpoint(**self.who, endpoint_id=endpoint_id, reason=reason)
        return Response(render_endpoint(endpoint))


class ResumeWebhookView(_ActionView):
    """`/channelManager/webhooks/{webhookId}/resume`."""

    @docs.resume_webhook
    @idempotent
    def post(self, request: Request, webhook_id: str) -> Response:
        """Send again, what has waited first."""
        endpoint_id = self.find(webhook_id).pk
        self.read(StrictSerializer)
        endpoint = endpoints.resume_endpoint(**self.who, endpoint_id=endpoint_id)
        return Response(render_endpoint(endpoint))


class ReplayWebhookView(_ActionView):
    """`/channelManager/webhooks/{webhookId}/replay`."""

    @docs.replay_webhook
    @idempotent
    def post(self, request: Request, webhook_id: str) -> Response:
        """Send events again."""
        endpoint_id = self.find(webhook_id).pk
        wish = read_replay(self.read(ReplayRequestSerializer))
        target = {**self.who, "endpoint_id": endpoint_id}
        if wish.event_id is not None:
            sent = replaying.replay_event(**target, event_id=wish.event_id)
        elif wish.since is not None and wish.until is not None:
            sent = replaying.replay_range(**target, since=wish.since, until=wish.until)
        else:
            sent = replaying.replay_failed(**target)
        return Response({"events": sent}, status=202)


class DeliveryListView(WebhookView):
    """`/channelManager/webhooks/{webhookId}/deliveries`."""

    scopes: ClassVar[dict[str, str]] = {"GET": Scope.WEBHOOKS}

    @docs.list_deliveries
    def get(self, request: Request, webhook_id: str) -> Response:
        """Answer a page of what was sent to it, the newest first."""
        endpoint = self.find(webhook_id)
        query = read_delivery_query(request.query_params, endpoint.pk)
        rows = WebhookDelivery.objects.filter(endpoint=endpoint).order_by("-event_id")
        if query.status is not None:
            rows = rows.filter(status=query.status)
        if query.before is not None:
            rows = rows.filter(event_id__lt=query.before)
        last = WebhookAttempt.objects.filter(number=F("delivery__attempts"))
        rows = rows.select_related("event").prefetch_related(Prefetch("tries", last))
        found = list(rows[: query.page_size + 1])
        page = found[: query.page_size]
        next_key = query.key_behind(page[-1].event_id) if len(found) > len(page) else None
        return Response(
            {
                "data": [render_delivery(delivery, endpoint) for delivery in page],
                "morePages": next_key is not None,
                "nextPageKey": next_key,
                "nextPageURL": next_key
                and self._url(endpoint, query.status, query.page_size, next_key),
            }
        )

    def _url(self, endpoint: WebhookEndpoint, status: str | None, size: int, key: str) -> str:
        asked = {"status": status} if status is not None else {}
        query = urlencode({**asked, "pageSize": str(size), "pageKey": key})
        return f"{settings.PUBLIC_URL}/channelManager/webhooks/{endpoint.pk}/deliveries?{query}"

"""The native partner API of holds: parse, one domain call, answer."""

from __future__ import annotations

from typing import ClassVar

from django.conf import settings
from django.db.models import QuerySet
from django.utils import timezone
from rest_framework.request import Request
from rest_framework.response import Response

from channel_manager.lib.strict_fields import StrictSerializer, uuid_in_path
from orders import holds
from orders.api import documentation as docs
from orders.api.rendering import render_hold
from orders.api.serializers import HoldRequestSerializer
from orders.models import Hold
from partners.api.views import PartnerView
from partners.idempotency import idempotent
from partners.models import Scope
from partners.permissions import require_active


class HoldCollectionView(PartnerView):
    """`/channelManager/holds`."""

    scopes: ClassVar[dict[str, str]] = {"POST": Scope.ORDERS_WRITE}

    @docs.create_hold
    @idempotent
    def post(self, request: Request) -> Response:
        """Keep places."""
        require_active(self.account)
        body = HoldRequestSerializer(data=request.data, context={"partner": self.partner})
        body.is_valid(raise_exception=True)
        hold = holds.create_hold(account=self.account, lines=body.to_lines(), now=timezone.now())
        location = f"{settings.PUBLIC_URL}/channelManager/holds/{hold.pk}"
        return Response(render_hold(hold), status=201, headers={"Location": location})


class _OneHoldView(PartnerView):
    """A view of one of the partner's holds."""

    @property
    def held(self) -> QuerySet[Hold]:
        """Return the account's holds: an id of another partner or mode does not exist here."""
        return Hold.objects.of(self.account)


class HoldView(_OneHoldView):
    """`/channelManager/holds/{holdId}`."""

    scopes: ClassVar[dict[str, str]] = {"GET": Scope.ORDERS_READ, "DELETE": Scope.ORDERS_WRITE}

    @docs.get_hold
    def get(self, request: Request, hold_id: str) -> Response:
        """Answer a hold as it is now."""
        hold = holds.find_hold(held=self.held, hold_id=uuid_in_path(hold_id, holds.no_such_hold))
        return Response(render_hold(hold))

    @docs.release_hold
    @idempotent
    def delete(self, request: Request, hold_id: str) -> Response:
        """Give the places back."""
        hold = holds.release_hold(
            held=self.held,
            hold_id=uuid_in_path(hold_id, holds.no_such_hold),
            actor=self.partner.actor,
            now=timezone.now(),
        )
        return Response(render_hold(hold))


class ExtendHoldView(_OneHoldView):
    """`/channelManager/holds/{holdId}/extend`."""

    scopes: ClassVar[dict[str, str]] = {"POST": Scope.ORDERS_WRITE}

    @docs.extend_hold
    @idempotent
    def post(self, request: Request, hold_id: str) -> Response:
        """Keep the places for longer."""
        require_active(self.account)
        found = holds.find_hold(held=self.held, hold_id=uuid_in_path(hold_id, holds.no_such_hold))
        # How long is the partner's setting; a wish for something else must not go unheard.
        StrictSerializer(data=request.data or {}).is_valid(raise_exception=True)
        hold = holds.extend_hold(held=self.held, hold_id=found.pk, now=timezone.now())
        return Response(render_hold(hold))

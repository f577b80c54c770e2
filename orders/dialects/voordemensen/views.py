"""What a client's shop asks for first: its programme, its ticket types, how to pay."""

from __future__ import annotations

import re
from typing import Any

from django.conf import settings
from django.http import HttpRequest
from django.utils import timezone
from rest_framework.request import Request
from rest_framework.response import Response

from channel_manager.lib.addresses import address_of
from channel_manager.lib.errors import NotFound
from orders.dialects.views import DialectView
from orders.dialects.voordemensen import program, purchases
from orders.dialects.voordemensen.carts import SubEventNotFound
from orders.dialects.voordemensen.errors import (
    FOR_SCRIPTS,
    ClientNotFound,
    EventNotFound,
)
from orders.dialects.voordemensen.program import MainEvent
from orders.dialects.voordemensen.rendering import (
    render_choice,
    render_event,
    render_location,
    render_methods,
)
from partners import limits
from partners.models import Dialect, Storefront
from partners.storefronts import find_storefront, has_secret

_ID = re.compile("[0-9]{1,10}")


class EventTypeNotFound(NotFound):
    """Events have no types here, so that no name is one."""

    def __init__(self) -> None:
        super().__init__("Eventtype not found")


class ClientView(DialectView):
    """A view of one client's things; whoever knows its name may ask, so many times a second."""

    def enter(self, request: Request, **path: str) -> Storefront:
        """Return the client of the address, and charge the visitor."""
        storefront = find_storefront(Dialect.VOORDEMENSEN, path["client_name"])
        if storefront is None:
            raise ClientNotFound
        asking = request._request
        limits.charge_visitor(asking, storefront, address_of(asking))
        return storefront

    def finalize_response(
        self, request: Request, response: Any, *args: Any, **kwargs: Any
    ) -> Response:
        """Let the scripts of any page read the answer."""
        answer = super().finalize_response(request, response, *args, **kwargs)
        for name, value in FOR_SCRIPTS.items():
            answer[name] = value
        return answer

    def options(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Response:
        """Tell a browser what scripts may send."""
        headers = {
            "Access-Control-Allow-Methods": ", ".join(self.allowed_methods),
            "Access-Control-Allow-Headers": "Content-Type",
            "Access-Control-Max-Age": "86400",
        }
        return Response(status=204, headers=headers)

    def is_known(self, request: Request) -> bool:
        """Tell whether a request carries a secret of the client's, as the vendor's back office
        takes its key: as it is, in Authorization.
        """
        secret = request.META.get("HTTP_AUTHORIZATION", "").strip()
        return bool(secret) and has_secret(self.storefront, secret, timezone.now())

    @property
    def currency(self) -> str:
        """Return what all amounts are in."""
        return self.account.venue.currency


class EventsView(ClientView):
    """`events` and `events/upcoming`, which are the same: what is over is not listed."""

    def get(self, request: Request, client_name: str) -> Response:
        """Answer the whole programme."""
        mains = program.list_program(storefront=self.storefront, now=timezone.now())
        return self.answer(mains)

    def answer(self, mains: list[MainEvent]) -> Response:
        """Answer main events."""
        most, zone = settings.VOORDEMENSEN_TICKETS_PER_ORDER, self.account.venue.zone
        return Response([render_event(main, most=most, zone=zone) for main in mains])


class EventView(EventsView):
    """`events/:event_id`: of a main event or a sub-event."""

    def get(self, request: Request, client_name: str, event_id: str = "") -> Response:
        """Answer the main event of an id, in an array of one."""
        if not _ID.fullmatch(event_id):
            raise EventNotFound
        now = timezone.now()
        return self.answer(
            program.find_in_program(storefront=self.storefront, event_id=event_id, now=now)
        )


class TicketTypesView(ClientView):
    """`tickettypes/:event_id`."""

    def get(self, request: Request, client_name: str, event_id: str) -> Response:
        """Answer what can be bought for a sub-event."""
        choices = None
        if _ID.fullmatch(event_id):
            choices = program.list_choices(
                storefront=self.storefront, sub_event_id=event_id, now=timezone.now()
            )
        if choices is None:
            raise SubEventNotFound
        return Response(
            [render_choice(choice, self.currency) for choice in program.in_stock(choices)]
        )


class LocationsView(ClientView):
    """`locations`."""

    def get(self, request: Request, client_name: str) -> Response:
        """Answer where things take place."""
        found = program.list_locations(storefront=self.storefront)
        return Response([render_location(location) for location in found])


class EventTypesView(ClientView):
    """`eventtypes`: there are none."""

    def get(self, request: Request, client_name: str) -> Response:
        """Answer an empty list."""
        return Response([])


class EventTypeView(ClientView):
    """`eventtypes/:name`."""

    def get(self, request: Request, client_name: str, name: str) -> Response:
        """Refuse any name."""
        raise EventTypeNotFound


class PaymentMethodsView(ClientView):
    """`paymentmethods`."""

    def get(self, request: Request, client_name: str) -> Response:
        """Answer how guests may pay."""
        methods, ids = purchases.list_methods(self.storefront, is_known=self.is_known(request))
        return Response(render_methods(methods, ids, self.currency))

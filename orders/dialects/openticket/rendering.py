"""What a shop is answered: its data, a reservation, an order, the ways to pay, sold tickets."""

from __future__ import annotations

import datetime
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from catalog.models import Dating
from orders import offerings
from orders.dialects.openticket import guids, return_page
from orders.dialects.openticket.errors import envelope
from orders.dialects.openticket.methods import Method
from orders.dialects.openticket.money import to_minor
from orders.dialects.openticket.ordering import MOST_OF_A_TICKET
from orders.models import Checkout, CheckoutItem
from orders.offerings import Event, Showing, TicketType
from partners.models import Storefront
from partners.storefronts import account_of

# What bounds a cart, of every ticket (contract section 4).
_ORDERABLE = {
    "min_orderable_amount_per_order": 1,
    "max_orderable_amount_per_order": MOST_OF_A_TICKET,
    "increment": 1,
    "availability_margin": 0,
}
# The example of the vendor's page; we take it to mean the usual eight minutes (contract section 3).
_USUAL_RESERVATION_TIME = 0


def render_shop(storefront: Storefront, *, now: datetime.datetime) -> dict[str, Any]:
    """Return all that a shop may sell: its events, and its tickets by their GUID."""
    account = account_of(storefront)
    venue = storefront.partner.venue
    events = offerings.list_events(account=account, now=now)
    showings = offerings.list_showings(account=account, events=events, now=now)
    offered = [
        (event, showing, one)
        for event in events
        for showing in showings[event.key]
        for one in event.ticket_types
        if showing.session or one.package.dating == Dating.OPEN
    ]
    known = _Guids(storefront, events, offered)
    return {
        "guid": storefront.public_id,
        "name": venue.name,
        "currency": venue.currency,
        "timezone": venue.timezone,
        "reservation_time": _USUAL_RESERVATION_TIME,
        "events": [
            {
                "guid": known.events[event.key],
                "name": event.name,
                "dates": list(_dates(event, showings[event.key], known)),
            }
            for event in events
        ],
        "tickets": {
            ticket["guid"]: ticket
            for event, showing, one in offered
            for ticket in _tickets(event, showing, one, known)
        },
    }


def render_reservation(storefront: Storefront, item: CheckoutItem) -> dict[str, Any]:
    """Return a reservation as the line that an order takes it by, and until when it lasts."""
    ticket_key = guids.ticket_key(item.package_id, item.session_id)
    date_key = guids.event_date_key(item.package_id, item.session_id)
    ticket = guids.guids_of(storefront, guids.TICKET, [ticket_key])[ticket_key]
    event_date = guids.guids_of(storefront, guids.EVENT_DATE, [date_key])[date_key]
    ticket_child, date_child = guids.children_of(item.pk)
    return {
        "guid": ticket,
        "reservation": str(item.pk),
        "products": [
            {"guid": ticket, "reservation": ticket_child},
            {"guid": event_date, "reservation": date_child},
        ],
        "expires_at": item.reserved_until.astimezone(datetime.UTC).isoformat(timespec="seconds"),
    }


def render_order(checkout: Checkout) -> dict[str, Any]:
    """Return the answer to an order: the amount is all that is to be paid."""
    return envelope(
        redirect_url=return_page.url_of(checkout),
        amount=to_minor(checkout.amount_due, checkout.currency),
        order_id=checkout.code,
    )


def render_methods(storefront: Storefront, methods: Sequence[Method]) -> list[dict[str, Any]]:
    """Return the payment methods of a shop."""
    return [
        {
            "guid": method.guid,
            "name": method.name,
            "pivot": {"shop_id": storefront.public_id, "payment_method_id": method.guid},
        }
        for method in methods
    ]


class _Guids:
    """The GUIDs of everything that a shop is shown, in three statements."""

    def __init__(
        self,
        storefront: Storefront,
        events: Sequence[Event],
        offered: Sequence[tuple[Event, Showing, TicketType]],
    ) -> None:
        keys = [(one.package.pk, _session_of(showing)) for _event, showing, one in offered]
        self.events = guids.guids_of(storefront, guids.EVENT, [event.key for event in events])
        self.dates = guids.guids_of(
            storefront, guids.EVENT_DATE, [guids.event_date_key(*key) for key in keys]
        )
        self.tickets = guids.guids_of(
            storefront, guids.TICKET, [guids.ticket_key(*key) for key in keys]
        )


def _dates(event: Event, showings: Sequence[Showing], known: _Guids) -> Iterator[Mapping[str, Any]]:
    """Return when an event can be visited; one without sessions has one date, which is none."""
    for showing in showings:
        package_id = event.ticket_types[0].package.pk
        session = showing.session
        guid = known.dates.get(guids.event_date_key(package_id, _session_of(showing)))
        if guid is None:
            continue
        yield {
            "guid": guid,
            "start": _moment(session.starts_at) if session else None,
            "end": _moment(session.ends_at) if session else None,
        }


def _tickets(
    event: Event, showing: Showing, one: TicketType, known: _Guids
) -> Iterator[Mapping[str, Any]]:
    """Return the ticket of a package for a showing, if it has a price."""
    price = one.price_on(showing.visit_date)
    if price is None:
        return
    key = (one.package.pk, _session_of(showing))
    minor = to_minor(price, one.account.venue.currency)
    yield {
        "guid": known.tickets[guids.ticket_key(*key)],
        "name": one.package.name,
        "description": one.package.description,
        "status": "sold_out" if showing.left == 0 else "available",
        "min_price": minor,
        "max_price": minor,
        "event_id": known.events[event.key],
        "event_date_id": known.dates[guids.event_date_key(*key)],
        **_ORDERABLE,
    }


def _session_of(showing: Showing) -> Any:
    return showing.session.pk if showing.session else None


def _moment(at: datetime.datetime) -> str:
    return at.astimezone(datetime.UTC).isoformat(timespec="seconds")

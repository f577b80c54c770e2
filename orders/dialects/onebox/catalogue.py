"""What a channel is shown: events with the sessions that it can sell, and what its ids mean."""

from __future__ import annotations

import dataclasses
import datetime
import functools
import uuid
from collections.abc import Sequence
from decimal import Decimal

from catalog.models import Dating, Seat, Session
from catalog.opening import OpeningTimes, read_opening_times
from catalog.sale import Sale
from channel_manager.lib.strict_fields import is_uuid
from orders.offerings import (
    DAYS_AHEAD,
    Event,
    Showing,
    TicketType,
    find_showing,
    list_events,
    list_showings,
)
from partners import outward
from partners.models import Storefront
from partners.storefronts import account_of

# Kinds of ids that channels know our things by.
EVENT, SESSION, PRICE_TYPE = "event", "session", "price_type"
SEAT, SECTOR, VENUE = "seat", "sector", "venue"


@dataclasses.dataclass(frozen=True)
class OnSale:
    """A session as a channel sells it: an event's showing, with the ticket types it can be had as."""

    event: Event
    showing: Showing
    ticket_types: tuple[TicketType, ...]

    @property
    def key(self) -> str:
        """Return what the session's outward id is kept under."""
        return session_key(self.event, self.showing)

    @property
    def starts_at(self) -> datetime.datetime | None:
        """Return when it begins; None for what guests come to when they like."""
        return self.showing.session.starts_at if self.showing.session else None

    @property
    def prices(self) -> list[Decimal]:
        """Return what a unit costs, VAT included, by ticket type."""
        prices = (one.price_on(self.showing.visit_date) for one in self.ticket_types)
        return [price for price in prices if price is not None]


def session_key(event: Event, showing: Showing) -> str:
    """Return what the outward id of a session is kept under."""
    return str(showing.session.pk) if showing.session else event.key


class Shelf:
    """A channel's catalogue as of now."""

    def __init__(self, storefront: Storefront, now: datetime.datetime) -> None:
        self.storefront = storefront
        self.account = account_of(storefront)
        self.now = now

    @functools.cached_property
    def events(self) -> list[Event]:
        """Return what is sold, by name; without what needs a day that no session names."""
        return [
            event
            for event in list_events(account=self.account, now=self.now)
            if _can_be_named(event)
        ]

    def sessions(self) -> list[OnSale]:
        """Return every session that can be sold, sold out or not, by its start; then the others."""
        showings = list_showings(account=self.account, events=self.events, now=self.now)
        rows = [
            found
            for event in self.events
            for showing in showings[event.key]
            if (found := self._on_sale(event, showing)) is not None
        ]
        return sorted(rows, key=_by_start)

    def find(self, session_id: int) -> OnSale | None:
        """Return the session that an id means to the channel; None where it means nothing."""
        key = outward.key_of(self.storefront, SESSION, str(session_id))
        if key is None:
            return None
        events = {event.key: event for event in self.events}
        if key in events:
            anytime = Showing(session=None, left=None)
            return OnSale(events[key], anytime, _priced(events[key], anytime))
        if not is_uuid(key):
            return None
        showing = find_showing(account=self.account, session_id=uuid.UUID(key), now=self.now)
        session = showing.session if showing else None
        event = events.get(f"attraction:{session.attraction_id}") if session else None
        if showing is None or event is None:
            return None
        return OnSale(event, showing, _priced(event, showing))

    def find_type(self, session: OnSale, price_type_id: int) -> TicketType | None:
        """Return the ticket type of a session that an id means; None where it means nothing."""
        key = outward.key_of(self.storefront, PRICE_TYPE, str(price_type_id))
        return next((one for one in session.event.ticket_types if str(one.package.pk) == key), None)

    def knows_type(self, price_type_id: int) -> bool:
        """Tell whether an id means a ticket type of any session."""
        return outward.key_of(self.storefront, PRICE_TYPE, str(price_type_id)) is not None

    def find_seats(self, session: Session, seat_ids: Sequence[int]) -> dict[int, Seat]:
        """Return the seats of a session's hall that ids mean; those that mean nothing are left out."""
        keys = outward.keys_of(self.storefront, SEAT, [str(seat_id) for seat_id in seat_ids])
        seats = Seat.objects.filter(plan=session.seat_plan_id).in_bulk(
            [int(k) for k in keys.values()]
        )
        return {int(value): seats[int(key)] for value, key in keys.items() if int(key) in seats}

    def _on_sale(self, event: Event, showing: Showing) -> OnSale | None:
        """Return a showing with the types that it can be had as; None where there are none."""
        session = showing.session
        types = tuple(
            one
            for one in _priced(event, showing)
            if session is None
            or self._sale(one).takes(session.date, session.time, session.starts_at, session.ends_at)
        )
        return OnSale(event, showing, types) if types else None

    def _sale(self, one: TicketType) -> Sale:
        if one.package.pk not in self._sales:
            self._sales[one.package.pk] = Sale(
                one.offer,
                partner_id=self.account.partner.pk,
                opening_times=self._opening_times,
                now=self.now,
            )
        return self._sales[one.package.pk]

    @functools.cached_property
    def _sales(self) -> dict[uuid.UUID, Sale]:
        return {}

    @functools.cached_property
    def _opening_times(self) -> OpeningTimes:
        today = self.now.astimezone(self.account.venue.zone).date()
        # A session that began before midnight may still run.
        return read_opening_times(
            venue=self.account.venue,
            first=today - datetime.timedelta(days=1),
            last=today + datetime.timedelta(days=DAYS_AHEAD),
        )


def seat_type(types: Sequence[TicketType], visit_date: datetime.date | None) -> TicketType | None:
    """Return what a seat that is named is sold as: the type of the full price.

    [D] Onebox gives each seat a price type; ours are sold in any that has one seat for each unit.
    """
    priced = [
        (price, one)
        for one in types
        if (price := one.price_on(visit_date)) is not None and _takes_one_seat(one)
    ]
    return max(priced, key=lambda pair: (pair[0], pair[1].item_number), default=(None, None))[1]


def _priced(event: Event, showing: Showing) -> tuple[TicketType, ...]:
    """Return the ticket types that have a price on the day of a showing."""
    return tuple(one for one in event.ticket_types if one.price_on(showing.visit_date) is not None)


def _takes_one_seat(one: TicketType) -> bool:
    counted = [c for c in one.offer.components if c.item.attraction_id]
    return len(counted) == 1 and counted[0].quantity == 1


def _can_be_named(event: Event) -> bool:
    """Tell whether a session is all that has to be named to buy it: no day besides."""
    return event.attraction is not None or all(
        one.package.dating == Dating.OPEN for one in event.ticket_types
    )


def _by_start(row: OnSale) -> tuple[bool, datetime.datetime, str]:
    starts_at = row.starts_at
    return (
        starts_at is None,
        starts_at or datetime.datetime.max.replace(tzinfo=datetime.UTC),
        row.key,
    )

"""The programme of a client: main events with their sub-events and ticket types, by their ids."""

from __future__ import annotations

import dataclasses
import datetime
import uuid
from collections.abc import Sequence

from catalog.models import AllotmentUse, Dating, SeatPlan
from orders.dialects.voordemensen.errors import EventNotFound
from orders.offerings import Event, Showing, TicketType, find_showing, list_events, list_showings
from partners import outward, storefronts
from partners.account import Account
from partners.models import Storefront
from partners.storefronts import account_of

EVENT, SUB_EVENT, TICKET_TYPE = "event", "sub_event", "ticket_type"
LOCATION, PAYMENT_METHOD = "location", storefronts.PAYMENT_METHOD
# A package that is valid on any day is an event with one sub-event, which has no date.
_ANY_DAY = "any_day:"


@dataclasses.dataclass(frozen=True, kw_only=True)
class Location:
    """Where something takes place: the hall of its numbered seats, else the venue."""

    location_id: int
    name: str


@dataclasses.dataclass(frozen=True, kw_only=True)
class SubEvent:
    """One time of a main event."""

    event_id: int
    showing: Showing
    location: Location


@dataclasses.dataclass(frozen=True, kw_only=True)
class MainEvent:
    """A main event with its sub-events to come."""

    event_id: int
    event: Event
    sub_events: tuple[SubEvent, ...]


@dataclasses.dataclass(frozen=True, kw_only=True)
class Choice:
    """A ticket type of one sub-event, as it can be bought now."""

    discount_id: str
    ticket_type: TicketType
    event: Event
    showing: Showing


def list_program(*, storefront: Storefront, now: datetime.datetime) -> list[MainEvent]:
    """Return the main events of a client that have something to come, by name."""
    account = account_of(storefront)
    events = _list_events(account, now)
    showings = list_showings(account=account, events=events, now=now)
    return _described(storefront, [event for event in events if showings[event.key]], showings)


def find_in_program(
    *, storefront: Storefront, event_id: str, now: datetime.datetime
) -> list[MainEvent]:
    """Return the main event of an id, or that of a sub-event's id with this one alone.

    Raises EventNotFound.
    """
    found = [
        dataclasses.replace(
            main,
            sub_events=main.sub_events
            if str(main.event_id) == event_id
            else tuple(one for one in main.sub_events if str(one.event_id) == event_id),
        )
        for main in list_program(storefront=storefront, now=now)
    ]
    found = [main for main in found if main.sub_events]
    if not found:
        raise EventNotFound
    return found


def list_choices(
    *, storefront: Storefront, sub_event_id: str, now: datetime.datetime
) -> list[Choice] | None:
    """Return what can be bought for a sub-event; None where the id means nothing (any more).

    What is sold out, or over the partner's allotment, is left out.
    """
    key = outward.key_of(storefront, SUB_EVENT, sub_event_id)
    account = account_of(storefront)
    showing = None
    if key is not None and key.startswith(_ANY_DAY):
        showing = Showing(session=None, left=None)
    elif key is not None:
        showing = find_showing(account=account, session_id=uuid.UUID(key), now=now)
    events = _list_events(account, now) if showing else []
    event = next((event for event in events if _is_of(event, showing, key)), None)
    if event is None or showing is None:
        return None
    types = [one for one in event.ticket_types if one.price_on(showing.visit_date) is not None]
    ids = outward.values_of(
        storefront, TICKET_TYPE, [str(one.package.pk) for one in types], shape=hash_of_ten
    )
    return [
        Choice(discount_id=ids[str(one.package.pk)], ticket_type=one, event=event, showing=showing)
        for one in types
    ]


def in_stock(choices: Sequence[Choice]) -> list[Choice]:
    """Keep the choices that somebody can still buy one of; one statement at most."""
    open_ones = [choice for choice in choices if choice.showing.left != 0]
    allotted = {
        allotment.pk: allotment.places
        for choice in open_ones
        if (allotment := choice.ticket_type.offer.allotment) is not None
    }
    session = open_ones[0].showing.session if open_ones else None
    if session is None or not allotted:
        return open_ones
    uses = AllotmentUse.objects.filter(session=session, allotment__in=allotted)
    full = {use.allotment_id for use in uses if use.taken >= allotted[use.allotment_id]}
    full |= {key for key, places in allotted.items() if places == 0}
    return [
        choice
        for choice in open_ones
        if (allotment := choice.ticket_type.offer.allotment) is None or allotment.pk not in full
    ]


def list_locations(*, storefront: Storefront) -> list[Location]:
    """Return the places of a client: its venue, then its halls by name."""
    plans = SeatPlan.objects.filter(venue=storefront.partner.venue_id)
    return list(_locations(storefront, list(plans.order_by("name", "pk"))).values())


def _list_events(account: Account, now: datetime.datetime) -> list[Event]:
    """Return the events that can be bought by naming one of their sub-events.

    A dated package whose items have no sessions cannot: nothing would name its day.
    """
    return [
        event
        for event in list_events(account=account, now=now)
        if event.attraction or event.ticket_types[0].package.dating == Dating.OPEN
    ]


def _described(
    storefront: Storefront, events: Sequence[Event], showings: dict[str, list[Showing]]
) -> list[MainEvent]:
    """Give events and showings their ids; five statements, whatever their number."""
    keys = {
        (event.key, position): _key_of(event, showing)
        for event in events
        for position, showing in enumerate(showings[event.key])
    }
    main_ids = outward.values_of(
        storefront, EVENT, [event.key for event in events], shape=outward.number
    )
    sub_ids = outward.values_of(storefront, SUB_EVENT, list(keys.values()), shape=outward.number)
    plans = SeatPlan.objects.filter(venue=storefront.partner.venue_id)
    locations = _locations(storefront, list(plans))
    return [
        MainEvent(
            event_id=int(main_ids[event.key]),
            event=event,
            sub_events=tuple(
                SubEvent(
                    event_id=int(sub_ids[keys[event.key, position]]),
                    showing=showing,
                    location=locations[showing.session.seat_plan_id if showing.session else None],
                )
                for position, showing in enumerate(showings[event.key])
            ),
        )
        for event in events
    ]


def _locations(
    storefront: Storefront, plans: Sequence[SeatPlan]
) -> dict[uuid.UUID | None, Location]:
    """Return the location of each seat plan, and of None what has no numbered seats."""
    venue = storefront.partner.venue
    keys: dict[uuid.UUID | None, str] = {None: f"venue:{venue.pk}"}
    keys |= {plan.pk: f"seat_plan:{plan.pk}" for plan in plans}
    names: dict[uuid.UUID | None, str] = {None: venue.name}
    names |= {plan.pk: plan.name for plan in plans}
    ids = outward.values_of(storefront, LOCATION, list(keys.values()), shape=outward.number)
    return {
        key: Location(location_id=int(ids[value]), name=names[key]) for key, value in keys.items()
    }


def sub_event_key(session_id: uuid.UUID | None, package_id: uuid.UUID) -> str:
    """Return what the id of a sub-event is kept under: a session, or a package of any day."""
    return str(session_id) if session_id else f"{_ANY_DAY}package:{package_id}"


def _key_of(event: Event, showing: Showing) -> str:
    return str(showing.session.pk) if showing.session else f"{_ANY_DAY}{event.key}"


def _is_of(event: Event, showing: Showing | None, key: str | None) -> bool:
    """Tell whether a showing, found by its key, is one of an event."""
    if showing is None or showing.session is None:
        return key == f"{_ANY_DAY}{event.key}"
    return event.attraction is not None and event.attraction.pk == showing.session.attraction_id


def hash_of_ten() -> str:
    """Return what an id of a ticket type looks like."""
    return outward.letters(10)

"""What a storefront sells, as shops of other systems see it: events, their sessions, ticket types."""

from __future__ import annotations

import dataclasses
import datetime
import uuid
from collections.abc import Iterator, Sequence
from decimal import Decimal

from catalog.assortment import list_offers
from catalog.mapping import Offer
from catalog.models import Attraction, Dating, Package, Session
from catalog.outside_places import PlacesElsewhere, read_places
from catalog.pricing import choose_price
from channel_manager.lib.money import rounded
from partners.account import Account

# How far ahead shops are shown sessions.
DAYS_AHEAD = 90


@dataclasses.dataclass(frozen=True, kw_only=True)
class TicketType:
    """A package that can be bought for an event, under the item number that orders name it by."""

    item_number: str
    offer: Offer
    account: Account

    @property
    def package(self) -> Package:
        """Return the package behind it."""
        return self.offer.package

    def price_on(self, visit_date: datetime.date | None) -> Decimal | None:
        """Return what a unit costs on a day, VAT included; None where it cannot be bought."""
        price = choose_price(
            self.offer.prices, partner_id=self.account.partner.pk, visit_date=visit_date
        )
        if price is None:
            return None
        return rounded(price.amount_incl_vat, self.account.venue.currency)


@dataclasses.dataclass(frozen=True, kw_only=True)
class Showing:
    """One time at which an event can be visited; without a session whenever the guest likes.

    left: how many places nobody has, as this account may sell them; None where none are counted.
    """

    session: Session | None
    left: int | None

    @property
    def visit_date(self) -> datetime.date | None:
        """Return its day on the venue's calendar."""
        return self.session.date if self.session else None

    @property
    def visit_time(self) -> datetime.time | None:
        """Return its time on the venue's clock; None for the whole day."""
        return self.session.time if self.session else None


@dataclasses.dataclass(frozen=True, kw_only=True)
class Event:
    """An attraction with all that is sold for its sessions; or an open-dated package by itself.

    key: what its outward id is kept under.
    """

    key: str
    name: str
    attraction: Attraction | None
    ticket_types: tuple[TicketType, ...]


def list_events(*, account: Account, now: datetime.datetime) -> list[Event]:
    """Return what an account may sell, by name, sold out or not.

    The first attraction of a package is its event. Magic item numbers are for the partner API.
    """
    types: dict[str, list[TicketType]] = {}
    attractions: dict[str, Attraction | None] = {}
    names: dict[str, str] = {}
    offers = list_offers(account=account, now=now)
    known = Attraction.objects.in_bulk(
        {key for offer in offers.values() if (key := _attraction_of(offer)) is not None}
    )
    for number, offer in offers.items():
        main = _attraction_of(offer)
        attraction = known.get(main) if main else None
        package = offer.package
        if attraction is None and package.dating == Dating.TIMED:
            continue
        own_key = f"attraction:{attraction.pk}" if attraction else f"package:{package.pk}"
        attractions[own_key] = attraction
        names[own_key] = attraction.name if attraction else package.name
        types.setdefault(own_key, []).append(
            TicketType(item_number=number, offer=offer, account=account)
        )
    return sorted(
        (
            Event(
                key=key,
                name=names[key],
                attraction=attractions[key],
                ticket_types=tuple(_once_each(found)),
            )
            for key, found in types.items()
        ),
        key=lambda event: event.name,
    )


def list_showings(
    *,
    account: Account,
    events: Sequence[Event],
    now: datetime.datetime,
    days: int = DAYS_AHEAD,
) -> dict[str, list[Showing]]:
    """Return the sessions on sale of events from now on, by the event's key and their start.

    An event without sessions has one showing without a date. One statement, three where an outside
    system issues some of it.
    """
    first = now.astimezone(account.venue.zone).date()
    keys = [event.attraction.pk for event in events if event.attraction]
    sessions = Session.objects.filter(
        attraction__in=keys,
        is_on_sale=True,
        ends_at__gt=now,
        date__lte=first + datetime.timedelta(days=days),
    )
    by_attraction: dict[uuid.UUID, list[Showing]] = {}
    offers = [one.offer for event in events for one in event.ticket_types]
    last = first + datetime.timedelta(days=days)
    there = _places_there(account, offers, first, last, now)
    for session in sessions.order_by("starts_at", "pk"):
        left = None if account.test_mode else _left_of_all(session, offers, there)
        by_attraction.setdefault(session.attraction_id, []).append(
            Showing(session=session, left=left)
        )
    return {
        event.key: by_attraction.get(event.attraction.pk, [])
        if event.attraction
        else [Showing(session=None, left=None)]
        for event in events
    }


def find_ticket_type(
    *, account: Account, package_id: uuid.UUID, now: datetime.datetime
) -> TicketType | None:
    """Return the ticket type that a package is to an account now; None where it may not sell it."""
    found = [
        TicketType(item_number=number, offer=offer, account=account)
        for number, offer in list_offers(account=account, now=now).items()
        if offer.package.pk == package_id
    ]
    return next(_once_each(found), None)


def find_showing(
    *, account: Account, session_id: uuid.UUID, now: datetime.datetime
) -> Showing | None:
    """Return a session of the account's venue that is still on sale; None where there is none.

    Its places are ours alone: what is left elsewhere is read with its stock (`orders/stock.py`).
    """
    session = (
        Session.objects.filter(
            pk=session_id, attraction__venue=account.venue, is_on_sale=True, ends_at__gt=now
        )
        .select_related("attraction")
        .first()
    )
    if session is None:
        return None
    return Showing(session=session, left=None if account.test_mode else session.places_left)


def _places_there(
    account: Account,
    offers: Sequence[Offer],
    first: datetime.date,
    last: datetime.date,
    now: datetime.datetime,
) -> PlacesElsewhere:
    components = [component for offer in offers for component in offer.components]
    if account.test_mode:
        components = []
    return read_places(components=components, first=first, last=last, now=now)


def _left_of_all(session: Session, offers: Sequence[Offer], there: PlacesElsewhere) -> int:
    """Return what is left of a session whichever ticket type is bought: ours, or less elsewhere."""
    known = []
    for offer in offers:
        if any(c.item.attraction_id == session.attraction_id for c in offer.components):
            outside = offer.issued_elsewhere(session.attraction_id)
            known.append(there.left(outside, session.pk) if outside else None)
    told = [left for left in known if left is not None]
    if not told or len(told) < len(known):
        return session.places_left
    return min(session.places_left, sum(told))


def _attraction_of(offer: Offer) -> uuid.UUID | None:
    """Return the attraction of the first component that has one."""
    if offer.package.dating == Dating.OPEN:
        return None
    found = (c.item.attraction_id for c in offer.components if c.item.attraction_id)
    return next(found, None)


def _once_each(types: Sequence[TicketType]) -> Iterator[TicketType]:
    """Keep one of the numbers that mean the same package: the partner's own before a code."""
    best: dict[uuid.UUID, TicketType] = {}
    for one in types:
        before = best.get(one.package.pk)
        if before is None or (before.offer.mapping_id is None and one.offer.mapping_id):
            best[one.package.pk] = one
    yield from best.values()

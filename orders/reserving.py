"""Reserving units for a checkout: held places, one item for each, and giving them back."""

from __future__ import annotations

import dataclasses
import datetime
import secrets
import uuid
from collections.abc import Sequence
from decimal import Decimal

from django.db import IntegrityError, transaction

from catalog.models import Package
from channel_manager.lib.database import broken_constraint
from orders import holds
from orders.models import Checkout, CheckoutItem, Hold
from orders.requests import LineRequest
from partners.models import Storefront
from partners.storefronts import account_of

# Random numbers of 31 bits, since a shop may keep them in a column of 32.
_LARGEST_NUMBER = 2**31 - 1
_TRIES = 5


@dataclasses.dataclass(frozen=True, kw_only=True)
class Wanted:
    """Units of one package for one visit, at the price that the guest was told (VAT included).

    session_id: the session that the shop knows the visit by; None for an open-dated package.
    """

    item_number: str
    package: Package
    unit_price: Decimal
    quantity: int = 1
    visit_date: datetime.date | None = None
    visit_time: datetime.time | None = None
    session_id: uuid.UUID | None = None
    seats: tuple[str, ...] = ()

    def to_line(self) -> LineRequest:
        """Return it as a line of an order."""
        return LineRequest(
            item_number=self.item_number,
            quantity=self.quantity,
            visit_date=self.visit_date,
            visit_time=self.visit_time,
            seats=self.seats or None,
        )


def reserve(
    *,
    storefront: Storefront,
    wanted: Sequence[Wanted],
    now: datetime.datetime,
    lasts: datetime.timedelta,
    checkout: Checkout | None = None,
) -> list[CheckoutItem]:
    """Hold units for so long, all or none, one hold for each `wanted`; return an item per unit.

    `checkout` is locked by the caller, who counts its amount. Raises InvalidRequest, SoldOut,
    SeatTaken.
    """
    with transaction.atomic():
        if len(wanted) > 1:
            # At once and in one order: another one may want the same sessions the other way round.
            lines = [one.to_line() for one in wanted]
            holds.lock_candidates(account_of(storefront), lines, now)
        return [
            item
            for position, one in enumerate(wanted)
            for item in _reserve(
                storefront, one, now + datetime.timedelta(microseconds=position), lasts, checkout
            )
        ]


def give_back(*, items: Sequence[CheckoutItem], actor: str, now: datetime.datetime) -> None:
    """Give back some items of a checkout; the others of the same hold keep their places and seats.

    The caller has locked the checkout. In one transaction: nobody else gets in between. A hold that
    ended otherwise, by its time or by staff, stays ended for the others too.
    """
    gone = {item.pk for item in items}
    for hold in {item.hold_id: item.hold for item in items if item.hold}.values():
        kept = [item for item in hold.checkout_items.order_by("position") if item.pk not in gone]
        mine = Hold.objects.filter(pk=hold.pk)
        here = [item for item in items if item.hold_id == hold.pk]
        seats = {item.seat for item in here if item.seat}
        if kept and holds.lessen_holds(
            holds=mine, by=len(here), labels=seats, actor=actor, now=now
        ):
            for position, item in enumerate(kept):
                item.position = position
            CheckoutItem.objects.bulk_update(kept, ["position"])
            continue
        released = holds.release_holds(holds=mine, actor=actor, now=now)
        if kept and released:
            first = kept[0]
            line = LineRequest(
                item_number=first.item_number,
                quantity=len(kept),
                visit_date=first.visit_date,
                visit_time=first.visit_time,
                seats=tuple(item.seat for item in kept if item.seat) or None,
            )
            smaller = holds.create_hold(
                account=account_of(first.storefront),
                lines=[line],
                now=now,
                lasts=hold.expires_at - now,
            )
            for position, item in enumerate(kept):
                item.hold, item.position = smaller, position
            CheckoutItem.objects.bulk_update(kept, ["hold", "position"])
    CheckoutItem.objects.filter(pk__in=gone).delete()


def _reserve(
    storefront: Storefront,
    wanted: Wanted,
    now: datetime.datetime,
    lasts: datetime.timedelta,
    checkout: Checkout | None,
) -> list[CheckoutItem]:
    hold = holds.create_hold(
        account=account_of(storefront), lines=[wanted.to_line()], now=now, lasts=lasts
    )
    seats = _seats_of(hold, wanted.quantity)
    items = [
        CheckoutItem(
            storefront=storefront,
            checkout=checkout,
            hold=hold,
            position=position,
            item_number=wanted.item_number,
            package=wanted.package,
            session_id=wanted.session_id,
            visit_date=wanted.visit_date,
            visit_time=wanted.visit_time,
            seat=seats[position] if position < len(seats) else "",
            unit_price=wanted.unit_price,
            reserved_at=now,
            reserved_until=hold.expires_at,
        )
        for position in range(wanted.quantity)
    ]
    _insert(items)
    return items


def _seats_of(hold: Hold, quantity: int) -> list[str]:
    """Return the labels of a hold's numbered seats, where each unit has just one of them.

    Of packages with more seats or several components nobody can say which seat is a unit's: their
    order finds the seats of the hold by itself.
    """
    places = [place for line in hold.lines for place in line["places"]]
    seats = list(places[0]["seats"]) if len(places) == 1 else []
    return seats if len(seats) == quantity else []


def _insert(items: Sequence[CheckoutItem]) -> None:
    """Insert items under random numbers that are free."""
    for tries_left in reversed(range(_TRIES)):
        for item in items:
            item.number = secrets.randbelow(_LARGEST_NUMBER) + 1
        try:
            with transaction.atomic():
                CheckoutItem.objects.bulk_create(items)
                return
        except IntegrityError as clash:
            if broken_constraint(clash) != "checkout_item_number_once" or not tries_left:
                raise

"""Carts: open checkouts whose seats are held for a while, counted from the last one put in.

An order has at most so many tickets of one sub-event, so that nobody holds a whole park.
"""

from __future__ import annotations

import dataclasses
import datetime
import hashlib
import re
import string
import uuid
from collections.abc import Iterable, Sequence

from django.conf import settings
from django.db import transaction
from django.db.models import Q

from catalog.models import Seat
from channel_manager.lib.errors import NotFound
from orders import checkouts, reserving
from orders.dialects.voordemensen.errors import (
    CartConverted,
    CartNotFound,
    LimitReached,
)
from orders.dialects.voordemensen.program import (
    SUB_EVENT,
    TICKET_TYPE,
    hash_of_ten,
    list_choices,
    sub_event_key,
)
from orders.models import Checkout, CheckoutItem, CheckoutStatus
from orders.reserving import Wanted
from partners import outward
from partners.models import MAX_HOLD_MINUTES, Storefront

# An order may have five times as many lines; each ticket may be put in by itself.
MOST_IN_A_CART = 100
_CART_ID_LENGTH = 32
_CART_ID = re.compile(f"[A-Za-z0-9]{{{_CART_ID_LENGTH}}}")
_DIGITS = string.digits + string.ascii_letters
_SEAT_ID_LENGTH = 10


class SubEventNotFound(NotFound):
    """The id names no sub-event of this client that is still on sale."""

    def __init__(self) -> None:
        super().__init__("sub_event not found")


class TicketTypeNotFound(NotFound):
    """The id names no ticket type of this sub-event."""

    def __init__(self) -> None:
        super().__init__("discount not found")


class SeatNotFound(NotFound):
    """The id names no seat of this cart."""

    def __init__(self) -> None:
        super().__init__("Seat not found")


@dataclasses.dataclass(frozen=True, kw_only=True)
class CartLine:
    """One seat in a cart, with what the shop knows it and its event by.

    time: when it begins, on the venue's clock; row and seat are empty where none is numbered.
    """

    item: CheckoutItem
    seat_id: str
    event_id: int
    event_name: str
    location_name: str
    time: datetime.time | None
    row: str
    seat: str
    discount_id: str


def open_cart(*, storefront: Storefront, now: datetime.datetime) -> Checkout:
    """Begin a cart under an id that nobody can guess."""
    return checkouts.open_checkout(
        storefront=storefront,
        public_id=outward.letters(_CART_ID_LENGTH),
        now=now,
        lasts=_lifetime(),
    )


def read_cart(*, storefront: Storefront, cart_id: str, now: datetime.datetime) -> list[CartLine]:
    """Return what is in a cart: nothing, once its time is over or it has become an order.

    Raises CartNotFound.
    """
    cart = Checkout.objects.filter(storefront=storefront, public_id=_checked(cart_id)).first()
    if cart is None:
        raise CartNotFound
    return _lines_of(storefront, cart) if is_open(cart, now) else []


def add_to_cart(
    *,
    storefront: Storefront,
    cart_id: str,
    sub_event_id: int,
    discount_id: str,
    quantity: int,
    now: datetime.datetime,
) -> list[CartLine]:
    """Hold seats and put them in a cart, which lasts anew from now on; return all that is in it.

    Raises CartNotFound, CartConverted, SubEventNotFound, TicketTypeNotFound, LimitReached, SoldOut,
    InvalidRequest.
    """
    choices = list_choices(storefront=storefront, sub_event_id=str(sub_event_id), now=now)
    if choices is None:
        raise SubEventNotFound
    choice = next((one for one in choices if one.discount_id == discount_id), None)
    price = choice.ticket_type.price_on(choice.showing.visit_date) if choice else None
    if choice is None or price is None:
        raise TicketTypeNotFound
    showing, package = choice.showing, choice.ticket_type.package
    with transaction.atomic():
        cart = _lock(storefront, cart_id, now)
        session_id = showing.session.pk if showing.session else None
        alike = Q(session=session_id) if session_id else Q(session=None, package=package)
        _require_room(cart, alike, quantity)
        until = min(
            now + _lifetime(), cart.opened_at + datetime.timedelta(minutes=MAX_HOLD_MINUTES)
        )
        checkouts.keep_open(checkout=cart, until=until, now=now)
        wanted = Wanted(
            item_number=choice.ticket_type.item_number,
            package=package,
            unit_price=price,
            quantity=quantity,
            visit_date=showing.visit_date,
            visit_time=showing.visit_time,
            session_id=session_id,
        )
        reserving.reserve(
            storefront=storefront,
            wanted=[wanted],
            now=now,
            lasts=cart.expires_at - now,
            checkout=cart,
        )
        checkouts.count_amount(cart)
        return _lines_of(storefront, cart)


def remove_from_cart(
    *, storefront: Storefront, cart_id: str, seat_id: str, now: datetime.datetime
) -> list[CartLine]:
    """Give a seat back; return what is left in the cart.

    Raises CartNotFound, CartConverted, SeatNotFound.
    """
    with transaction.atomic():
        cart = _lock(storefront, cart_id, now)
        items = cart.items.select_related("hold", "storefront__partner__venue")
        gone = [item for item in items if seat_id_of(item) == seat_id]
        if not gone:
            raise SeatNotFound
        reserving.give_back(items=gone, actor=storefront.partner.actor, now=now)
        checkouts.count_amount(cart)
        return _lines_of(storefront, cart)


def lock_cart(*, storefront: Storefront, cart_id: str) -> Checkout:
    """Lock a cart, whatever has become of it; raises CartNotFound."""
    wanted = Checkout.objects.filter(storefront=storefront, public_id=_checked(cart_id))
    try:
        return checkouts.lock_checkout(wanted)
    except NotFound:
        raise CartNotFound from None


def is_open(cart: Checkout, now: datetime.datetime) -> bool:
    """Tell whether a cart's time is not over yet, and nothing has become of it."""
    return cart.status == CheckoutStatus.OPEN and cart.expires_at > now


def seat_id_of(item: CheckoutItem) -> str:
    """Return what a cart calls a seat: ten letters and digits, not the order's number of it."""
    value = int.from_bytes(hashlib.sha256(item.pk.bytes).digest())
    letters = []
    for _ in range(_SEAT_ID_LENGTH):
        value, digit = divmod(value, len(_DIGITS))
        letters.append(_DIGITS[digit])
    return "".join(letters)


def _lifetime() -> datetime.timedelta:
    return datetime.timedelta(minutes=settings.VOORDEMENSEN_CART_MINUTES)


def _checked(cart_id: str) -> str:
    if not _CART_ID.fullmatch(cart_id):
        raise CartNotFound
    return cart_id


def _lock(storefront: Storefront, cart_id: str, now: datetime.datetime) -> Checkout:
    """Lock a cart that seats may be put into or taken out of."""
    cart = lock_cart(storefront=storefront, cart_id=cart_id)
    if cart.code:
        raise CartConverted
    if not is_open(cart, now):
        raise CartNotFound
    return cart


def _require_room(cart: Checkout, alike: Q, quantity: int) -> None:
    """Raise LimitReached if a cart had too many tickets with some more of a sub-event."""
    most = settings.VOORDEMENSEN_TICKETS_PER_ORDER
    if cart.items.filter(alike).count() + quantity > most:
        raise LimitReached(f"An order may have at most {most} tickets of this event.")
    if cart.items.count() + quantity > MOST_IN_A_CART:
        raise LimitReached(f"An order may have at most {MOST_IN_A_CART} tickets.")


def _lines_of(storefront: Storefront, cart: Checkout) -> list[CartLine]:
    """Return what is in a cart in the order of putting in; four statements."""
    items = list(cart.items.select_related("package", "session__attraction", "session__seat_plan"))
    keys = {item.pk: sub_event_key(item.session_id, item.package_id) for item in items}
    events = outward.values_of(storefront, SUB_EVENT, list(keys.values()), shape=outward.number)
    types = outward.values_of(
        storefront, TICKET_TYPE, [str(item.package_id) for item in items], shape=hash_of_ten
    )
    rows = _rows_of(items)
    return [
        CartLine(
            item=item,
            seat_id=seat_id_of(item),
            event_id=int(events[keys[item.pk]]),
            event_name=event_name_of(item),
            location_name=_location_of(item, storefront),
            time=_time_of(item, storefront),
            row=(row := rows.get((_plan_of(item), item.seat), "")),
            seat=item.seat.removeprefix(row) or item.seat,
            discount_id=types[str(item.package_id)],
        )
        for item in items
    ]


def event_name_of(item: CheckoutItem) -> str:
    """Return the name of the event that a seat is for."""
    return item.session.attraction.name if item.session else item.package.name


def _location_of(item: CheckoutItem, storefront: Storefront) -> str:
    plan = item.session.seat_plan if item.session else None
    return plan.name if plan else storefront.partner.venue.name


def _time_of(item: CheckoutItem, storefront: Storefront) -> datetime.time | None:
    if item.session is None:
        return item.visit_time
    return item.session.starts_at.astimezone(storefront.partner.venue.zone).time()


def _plan_of(item: CheckoutItem) -> uuid.UUID | None:
    return item.session.seat_plan_id if item.session else None


def _rows_of(items: Sequence[CheckoutItem]) -> dict[tuple[uuid.UUID | None, str], str]:
    """Return the row of each numbered seat by its plan and label; no statement where there is none."""
    seated: Iterable[CheckoutItem] = [item for item in items if item.seat]
    if not seated:
        return {}
    found = Seat.objects.filter(
        plan__in={_plan_of(item) for item in seated}, label__in={item.seat for item in seated}
    )
    return {(seat.plan_id, seat.label): seat.row for seat in found}

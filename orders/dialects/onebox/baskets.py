"""Onebox orders on our checkouts: BASKET, PRE_CONFIRM, CONFIRM (contract sections 5 and 6)."""

from __future__ import annotations

import datetime
import re
import secrets
import string
from collections.abc import Sequence
from typing import Any

from django.conf import settings
from django.db import transaction

from channel_manager.lib.errors import ErrorCode, Fault, InvalidRequest, NotFound
from orders import checkouts, reserving
from orders.checkouts import Buyer
from orders.dialects.onebox.catalogue import OnSale, Shelf, seat_type
from orders.dialects.onebox.errors import (
    REQUIRED,
    Conflict,
    NothingChosen,
    OrderNotFound,
    PlacesGone,
)
from orders.dialects.onebox.requests import BuyerData, Faults, PlacesWanted, SeatWanted
from orders.models import Checkout, CheckoutStatus, HoldStatus
from orders.offerings import TicketType
from orders.planning import MAX_LINES
from orders.reserving import Wanted
from partners.models import Storefront

_CODE_LETTERS = string.ascii_uppercase + string.digits
# [D] What an order may have in all, over several calls.
MAX_ITEMS = MAX_LINES
_BUYING = (CheckoutStatus.OPEN, CheckoutStatus.AWAITING_PAYMENT)
_GONE = (CheckoutStatus.EXPIRED, CheckoutStatus.CANCELLED)
_LANGUAGE = re.compile(r"[A-Za-z]{2,3}([-_][A-Za-z0-9]{2,8})*")
_STATUSES = {
    CheckoutStatus.OPEN: "BASKET",
    CheckoutStatus.AWAITING_PAYMENT: "PRE_CONFIRM",
    CheckoutStatus.ORDERED: "CONFIRM",
}


def status_of(checkout: Checkout) -> str:
    """Return what Onebox calls the status of a checkout that is not gone."""
    return _STATUSES[CheckoutStatus(checkout.status)]


def open_basket(*, storefront: Storefront, now: datetime.datetime) -> Checkout:
    """Begin an order under a new id of 32 hex digits."""
    return checkouts.open_checkout(
        storefront=storefront, public_id=secrets.token_hex(16), now=now, lasts=basket_lasts()
    )


def add_seats(
    *, storefront: Storefront, order_id: str, seats: Sequence[SeatWanted], now: datetime.datetime
) -> Checkout:
    """Add numbered seats to a BASKET, all or none.

    Raises OrderNotFound, Conflict, InvalidRequest, SeatTaken, SoldOut.
    """
    with transaction.atomic():
        checkout = _lock_basket(storefront, order_id, now)
        wanted = _seats_wanted(Shelf(storefront, now), seats)
        return _add(checkout, wanted, now)


def add_places(
    *, storefront: Storefront, order_id: str, places: PlacesWanted, now: datetime.datetime
) -> Checkout:
    """Add places of a session to a BASKET; where seats are numbered, the best that are free.

    Raises OrderNotFound, Conflict, InvalidRequest, SoldOut.
    """
    with transaction.atomic():
        checkout = _lock_basket(storefront, order_id, now)
        return _add(checkout, [_places_wanted(Shelf(storefront, now), places)], now)


def set_buyer(
    *, storefront: Storefront, order_id: str, buyer: BuyerData, now: datetime.datetime
) -> Checkout:
    """Write who buys on a BASKET; what was written before and is not sent again stays.

    Raises OrderNotFound, Conflict.
    """
    with transaction.atomic():
        checkout = _lock_basket(storefront, order_id, now)
        data = {**checkout.buyer_data, **buyer.fields}
        email = checkout.buyer_email if buyer.email is None else buyer.email
        checkouts.set_buyer(checkout=checkout, buyer=_as_buyer(email, data))
        _keep(checkout, now)
        return checkout


def pre_confirm(*, storefront: Storefront, order_id: str, now: datetime.datetime) -> Checkout:
    """Fix what a BASKET buys and give it a code; one that has a code is returned as it is.

    What could not be ordered is refused here, before the channel is paid. Raises OrderNotFound,
    Conflict, InvalidRequest, SoldOut, SeatTaken.
    """
    with transaction.atomic():
        checkout = _lock(storefront, order_id, now)
        if checkout.status == CheckoutStatus.AWAITING_PAYMENT:
            return checkout
        _require_basket(checkout)
        _refuse_unfinished(checkout)
        code = "".join(secrets.choice(_CODE_LETTERS) for _ in range(12))
        until = now + pre_confirm_lasts()
        checkouts.ask_payment(checkout=checkout, code=code, until=until, now=now)
        return checkout


def confirm(*, storefront: Storefront, order_id: str, now: datetime.datetime) -> Checkout:
    """Make the one order of a PRE_CONFIRM, which the channel has been paid; CONFIRM is final.

    One that is confirmed is returned as it is. Raises OrderNotFound, Conflict; PlacesGone when its
    places were lost in that moment: staff see it, and the channel gives the money back.
    """
    with transaction.atomic():
        checkout = _lock(storefront, order_id, now)
        if checkout.status == CheckoutStatus.OPEN:
            raise Conflict("The order is BASKET; pre-confirm it first.")
        checkout = checkouts.complete(
            checkout_id=checkout.pk,
            payment_reference=f"ONEBOX-{checkout.code}",
            paid=checkout.amount,
            now=now,
            actor=storefront.partner.actor,
        )
    if checkout.status != CheckoutStatus.ORDERED:
        raise PlacesGone(
            "The order could not be confirmed: its places are gone. "
            f"{checkout.status_message} Give the guest the money back."
        )
    return checkout


def basket_lasts() -> datetime.timedelta:
    """Return for how long every successful call keeps a BASKET ([D] 10 minutes)."""
    return datetime.timedelta(seconds=settings.ONEBOX_BASKET_SECONDS)


def pre_confirm_lasts() -> datetime.timedelta:
    """Return for how long a PRE_CONFIRM is kept ([D] 10 minutes, fixed)."""
    return datetime.timedelta(seconds=settings.ONEBOX_PRE_CONFIRM_SECONDS)


def _lock(storefront: Storefront, order_id: str, now: datetime.datetime) -> Checkout:
    """Lock an order that is not gone; raises OrderNotFound."""
    rows = Checkout.objects.filter(storefront=storefront, public_id=order_id)
    try:
        checkout = checkouts.lock_checkout(rows)
    except NotFound:
        raise OrderNotFound from None
    is_over = checkout.status in _BUYING and checkout.expires_at <= now
    if is_over or checkout.status in _GONE:
        raise OrderNotFound
    return checkout


def _lock_basket(storefront: Storefront, order_id: str, now: datetime.datetime) -> Checkout:
    checkout = _lock(storefront, order_id, now)
    _require_basket(checkout)
    return checkout


def _require_basket(checkout: Checkout) -> None:
    if checkout.status != CheckoutStatus.OPEN:
        name = _STATUSES.get(CheckoutStatus(checkout.status), "not confirmed: its places are gone")
        raise Conflict(f"The order is {name}; this is for a BASKET.")


def _refuse_unfinished(checkout: Checkout) -> None:
    """Refuse an order that nothing was chosen for, or nobody buys, or whose places went."""
    email = "" if checkout.buyer_email else "Required parameter(s): email, by buyer-data."
    items = checkout.items.all()
    if not items.exists():
        raise NothingChosen(f"The order has no items. {email}".strip())
    if email:
        faults = Faults()
        faults.add("email", REQUIRED, email)
        raise faults.refusal()
    if items.exclude(hold__status=HoldStatus.HELD).exists():
        raise PlacesGone("The places of the order were given to others. Begin another order.")


def _add(checkout: Checkout, wanted: Sequence[Wanted], now: datetime.datetime) -> Checkout:
    asked = sum(one.quantity for one in wanted)
    if checkout.items.count() + asked > MAX_ITEMS:
        faults = Faults()
        faults.invalid("quantity", f"makes more than {MAX_ITEMS} items of the order")
        raise faults.refusal()
    reserving.reserve(
        storefront=checkout.storefront,
        wanted=wanted,
        now=now,
        lasts=basket_lasts(),
        checkout=checkout,
    )
    checkouts.count_amount(checkout)
    _keep(checkout, now)
    return checkout


def _keep(checkout: Checkout, now: datetime.datetime) -> None:
    checkouts.keep_open(checkout=checkout, until=now + basket_lasts(), now=now)


def _places_wanted(shelf: Shelf, places: PlacesWanted) -> Wanted:
    faults = Faults()
    session = shelf.find(places.session_id)
    kind = shelf.find_type(session, places.price_type_id) if session else None
    if session is None:
        _unknown_session(faults, "session_id", places.session_id)
        if not shelf.knows_type(places.price_type_id):
            text = f"{places.price_type_id} is no price type of this channel"
            faults.invalid("price_type_id", text)
        raise faults.refusal()
    if kind is None:
        text = f"{places.price_type_id} is no price type of session {places.session_id}"
        faults.invalid("price_type_id", text)
        raise faults.refusal()
    return _wanted(session, kind, quantity=places.quantity)


def _seats_wanted(shelf: Shelf, seats: Sequence[SeatWanted]) -> list[Wanted]:
    """Return the named seats, those of one session together, or refuse all that mean nothing."""
    faults, wanted = Faults(), []
    for session_id in dict.fromkeys(seat.session_id for seat in seats):
        asked = {n: seat for n, seat in enumerate(seats) if seat.session_id == session_id}
        session = shelf.find(session_id)
        if session is None:
            for n in asked:
                _unknown_session(faults, f"seats[{n}].session_id", session_id)
            continue
        row = session.showing.session
        known = shelf.find_seats(row, [seat.seat_id for seat in asked.values()]) if row else {}
        for n, seat in asked.items():
            if seat.seat_id not in known:
                text = f"{seat.seat_id} is no seat of session {session_id}"
                faults.invalid(f"seats[{n}].id", text)
        labels = tuple(known[one.seat_id].label for one in asked.values() if one.seat_id in known)
        if len(labels) == len(asked):
            kind = seat_type(session.event.ticket_types, session.showing.visit_date)
            wanted.append((session, kind, labels))
    faults.refuse()
    return [
        _wanted(session, kind, quantity=len(labels), seats=labels)
        for session, kind, labels in wanted
    ]


def _wanted(
    session: OnSale, kind: TicketType | None, *, quantity: int, seats: tuple[str, ...] = ()
) -> Wanted:
    """Return units of a ticket type for a session; raises InvalidRequest where it is not sold."""
    showing = session.showing
    price = kind.price_on(showing.visit_date) if kind else None
    if kind is None or price is None:
        detail = "The session is not for sale in this way."
        raise InvalidRequest([Fault("session_id", ErrorCode.NOT_ON_SALE, detail)])
    return Wanted(
        item_number=kind.item_number,
        package=kind.package,
        unit_price=price,
        quantity=quantity,
        visit_date=showing.visit_date,
        visit_time=showing.visit_time,
        session_id=showing.session.pk if showing.session else None,
        seats=seats,
    )


def _unknown_session(faults: Faults, name: str, session_id: int) -> None:
    faults.invalid(name, f"{session_id} is no session of this channel")


def _as_buyer(email: str, data: dict[str, Any]) -> Buyer:
    """Return a buyer with what our orders have a place for.

    [D] Which attributes a channel sends is its own matter; these names are usual.
    """
    names = [
        " ".join(str(data[part]) for part in parts if isinstance(data.get(part), str))
        for parts in (("name", "surname"), ("first_name", "last_name"), ("firstname", "lastname"))
    ]
    language = next(
        (
            value.replace("_", "-")
            for name in ("language", "locale")
            if isinstance(value := data.get(name), str) and _LANGUAGE.fullmatch(value)
        ),
        "",
    )
    return Buyer(
        email=email,
        name=" ".join(next(filter(str.strip, names), "").split())[:100],
        language=language[:35],
        data=data,
    )

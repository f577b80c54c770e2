"""Orders: what a cart becomes, where the guest pays for it, and how that stands."""

from __future__ import annotations

import dataclasses
import datetime
import re
from decimal import Decimal
from urllib.parse import urlencode, urlsplit, urlunsplit

from django.conf import settings
from django.db import transaction

from channel_manager.lib.errors import InvalidRequest, NotFound
from orders import checkouts, paying
from orders.checkouts import Buyer, PlacesGone
from orders.dialects.voordemensen.carts import event_name_of, is_open, lock_cart
from orders.dialects.voordemensen.errors import CartNotFound, NotOrderable
from orders.dialects.voordemensen.program import PAYMENT_METHOD
from orders.holds import HoldEnded
from orders.models import (
    Checkout,
    CheckoutItem,
    CheckoutStatus,
    HoldStatus,
    Order,
    OrderLine,
    OrderStatus,
)
from orders.paying import PaymentMethod
from orders.shortages import SeatTaken, SoldOut
from partners import outward
from partners.models import Storefront

_KEY_GROUPS, _KEY_GROUP_LENGTH = 4, 5
_ORDER_KEY = re.compile("[A-Za-z0-9]{5}(-[A-Za-z0-9]{5}){3}")
_PAYABLE = (CheckoutStatus.AWAITING_PAYMENT, CheckoutStatus.PARTLY_PAID)


class OrderNotFound(NotFound):
    """The key names no order of this client."""

    def __init__(self) -> None:
        super().__init__("Order not found")


@dataclasses.dataclass(frozen=True, kw_only=True)
class OrderWish:
    """What `order/create` asks for, parsed."""

    cart_id: str
    method: PaymentMethod
    redirect_url: str
    buyer: Buyer


@dataclasses.dataclass(frozen=True, kw_only=True)
class Purchase:
    """An order and where its guest goes to pay."""

    url: str
    order_key: str


@dataclasses.dataclass(frozen=True, kw_only=True)
class Ticket:
    """One ticket of a paid order."""

    seat_id: int
    event_name: str


@dataclasses.dataclass(frozen=True, kw_only=True)
class Standing:
    """How an order stands; it has tickets and documents once it is paid, and not cancelled since."""

    payment_status: str
    order_key: str
    has_documents: bool
    tickets: tuple[Ticket, ...]


def create_order(*, storefront: Storefront, wish: OrderWish, now: datetime.datetime) -> Purchase:
    """Make an order of a cart, once: whoever asks again is told the same key and address.

    Its seats are kept for PAYMENT_MINUTES. One that costs nothing, or is bought on account, is
    complete at once, and its guest goes straight back to the shop. Raises CartNotFound, NotOrderable.
    """
    with transaction.atomic():
        cart = lock_cart(storefront=storefront, cart_id=wish.cart_id)
        if not cart.code:
            _convert(cart, wish, now)
        return Purchase(url=_payment_url(cart, now), order_key=cart.code)


def find_standing(*, storefront: Storefront, order_key: str, now: datetime.datetime) -> Standing:
    """Return how an order stands; the provider is asked at most once in ten seconds.

    Raises OrderNotFound.
    """
    order = find_order(storefront=storefront, order_key=order_key)
    if order.status in _PAYABLE:
        paying.recheck(checkout_id=order.pk, now=now)
        order = find_order(storefront=storefront, order_key=order_key)
    status = paying.payment_status(order)
    sold = order.order
    is_ours = status == "paid" and sold is not None and sold.status != OrderStatus.CANCELLED
    items = _living_items(order, sold) if is_ours and sold else []
    return Standing(
        payment_status=status,
        order_key=order.code,
        has_documents=is_ours,
        tickets=tuple(
            Ticket(seat_id=item.number, event_name=event_name_of(item)) for item in items
        ),
    )


def _living_items(checkout: Checkout, order: Order) -> list[CheckoutItem]:
    """Return the items of an order whose wallets were not cancelled; a group has one for all."""
    items = checkout.items.select_related("package", "session__attraction")
    cancelled: dict[int | None, OrderLine] = {
        line.line_no: line for line in order.lines.all() if line.cancelled
    }
    return [
        item
        for item in items.order_by("line_no", "seq_no")
        if (line := cancelled.get(item.line_no)) is None
        or not (line.is_group or item.seq_no in line.cancelled)
    ]


def find_order(*, storefront: Storefront, order_key: str) -> Checkout:
    """Return the checkout that a cart has become an order in; raises OrderNotFound."""
    found = None
    if _ORDER_KEY.fullmatch(order_key):
        orders = Checkout.objects.select_related("order__venue", "order__partner")
        found = orders.filter(storefront=storefront, code=order_key).first()
    if found is None:
        raise OrderNotFound
    return found


def list_methods(
    storefront: Storefront, *, is_known: bool = False
) -> tuple[list[PaymentMethod], dict[str, str]]:
    """Return the payment methods of a client, and the id of each by its code.

    A client's name stands in the addresses that its guests see. So buying on account is only for
    who `is_known`: whoever sends a secret of the client's.
    """
    methods = [
        one
        for one in paying.list_methods(storefront)
        if is_known or one.code != checkouts.ON_ACCOUNT
    ]
    codes = [method.code for method in methods]
    return methods, outward.values_of(storefront, PAYMENT_METHOD, codes, shape=outward.number)


def find_method(storefront: Storefront, payment_id: int, *, is_known: bool) -> PaymentMethod | None:
    """Return the payment method of an id; as `list_methods`."""
    methods, ids = list_methods(storefront, is_known=is_known)
    return next((one for one in methods if ids[one.code] == str(payment_id)), None)


def way_back(redirect_url: str, order_key: str) -> str:
    """Return where the guest goes in the end: the shop's address, its query kept, with the key."""
    parts = urlsplit(redirect_url)
    query = "&".join(filter(None, [parts.query, urlencode({"return": order_key})]))
    return urlunsplit(parts._replace(query=query))


def _convert(cart: Checkout, wish: OrderWish, now: datetime.datetime) -> None:
    """Make an order of a locked cart, and wait for its money if it costs any.

    Raises CartNotFound, NotOrderable.
    """
    if not is_open(cart, now) or not _still_holds(cart, now):
        raise CartNotFound
    key = _new_order_key()
    checkouts.set_buyer(checkout=cart, buyer=wish.buyer)
    checkouts.count_amount(cart)
    cart.payment_method = wish.method.code
    cart.payment_cost = wish.method.cost if cart.amount else Decimal(0)
    cart.return_url = way_back(wish.redirect_url, key)
    cart.save(update_fields=["payment_method", "payment_cost", "return_url"])
    until = now + datetime.timedelta(minutes=settings.PAYMENT_MINUTES)
    try:
        checkouts.ask_payment(checkout=cart, code=key, until=until, now=now)
        if checkouts.needs_no_payment(cart):
            checkouts.complete_at_once(checkout=cart, now=now)
    except HoldEnded:
        raise CartNotFound from None
    except (InvalidRequest, PlacesGone, SoldOut, SeatTaken) as refusal:
        raise NotOrderable(refusal) from refusal


def _still_holds(cart: Checkout, now: datetime.datetime) -> bool:
    """Tell whether there is something in a cart, and every place of it is still held."""
    items = cart.items.all()
    held = items.filter(hold__status=HoldStatus.HELD, hold__expires_at__gt=now)
    return 0 < items.count() == held.count()


def _payment_url(cart: Checkout, now: datetime.datetime) -> str:
    """Return where the guest of a locked order goes now; also when it is paid or over by now."""
    if checkouts.needs_no_payment(cart):
        return cart.return_url
    if cart.status in _PAYABLE:
        return paying.start(checkout=cart, return_url=cart.return_url, now=now)
    return paying.page_of(cart)


def _new_order_key() -> str:
    return "-".join(outward.letters(_KEY_GROUP_LENGTH) for _ in range(_KEY_GROUPS))

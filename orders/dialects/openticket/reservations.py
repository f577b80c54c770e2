"""Reserving one ticket for eight minutes (contract section 3)."""

from __future__ import annotations

import datetime

from channel_manager.lib.errors import ErrorCode, NotFound, Refusal
from orders import offerings, reserving
from orders.dialects.openticket import guids
from orders.models import CheckoutItem
from orders.offerings import Showing
from orders.reserving import Wanted
from partners.models import Storefront
from partners.storefronts import account_of

RESERVED_FOR = datetime.timedelta(minutes=8)


class NotOnSale(Refusal):
    """The ticket cannot be bought any more, or has no price."""

    code = ErrorCode.NOT_ON_SALE


def require_ticket(*, storefront: Storefront, guid: str) -> str:
    """Return what a ticket's GUID stands for at a shop; raises NotFound."""
    key = guids.key_of(storefront, guids.TICKET, guid)
    if key is None:
        raise NotFound("This shop has no ticket with this GUID.")
    return key


def reserve_ticket(*, storefront: Storefront, guid: str, now: datetime.datetime) -> CheckoutItem:
    """Take one place of a ticket for eight minutes.

    Raises NotFound, NotOnSale, SoldOut, InvalidRequest.
    """
    package_id, session_id = guids.ticket_of(require_ticket(storefront=storefront, guid=guid))
    account = account_of(storefront)
    ticket_type = offerings.find_ticket_type(account=account, package_id=package_id, now=now)
    showing: Showing | None = Showing(session=None, left=None)
    if session_id is not None:
        showing = offerings.find_showing(account=account, session_id=session_id, now=now)
    if ticket_type is None or showing is None:
        raise NotOnSale("This ticket is not on sale any more.")
    price = ticket_type.price_on(showing.visit_date)
    if price is None:
        raise NotOnSale("This ticket has no price.")
    wanted = Wanted(
        item_number=ticket_type.item_number,
        package=ticket_type.package,
        unit_price=price,
        visit_date=showing.visit_date,
        visit_time=showing.visit_time,
        session_id=session_id,
    )
    (item,) = reserving.reserve(storefront=storefront, wanted=[wanted], now=now, lasts=RESERVED_FOR)
    return item

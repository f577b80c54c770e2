"""From an order that was read to a checkout: everything is checked, and told at once."""

from __future__ import annotations

import dataclasses
import datetime
import uuid
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence

from django.conf import settings

from channel_manager.lib.canonical import fingerprint
from channel_manager.lib.errors import Fault, InvalidRequest, Refusal
from orders import reserved
from orders.checkouts import Buyer, PlacesGone
from orders.dialects.openticket import guids, return_page
from orders.dialects.openticket.errors import OrderRefused
from orders.dialects.openticket.methods import Method, find_method
from orders.dialects.openticket.requests import OrderSent, TicketLine
from orders.holds import HoldEnded
from orders.models import Checkout, CheckoutItem, HoldStatus
from orders.reserved import Purchase, ReservationEnded, ReservationUsed
from orders.shortages import SeatTaken, SoldOut
from partners.models import Storefront

# How many of one ticket an order may have (contract section 4).
MOST_OF_A_TICKET = 20
# What a name may have in our orders; the rest of a longer one stands in the checkout only.
_LONGEST_NAME = 100

_Items = Mapping[uuid.UUID, CheckoutItem]


def place_order(*, storefront: Storefront, sent: OrderSent, now: datetime.datetime) -> Checkout:
    """Make the checkout of reserved tickets, or return the one that the same order made before.

    Raises OrderRefused with every fault.
    """
    items = _items_of(storefront, sent)
    method = find_method(storefront, sent.payment_provider)
    purchase = _purchase(sent, method)
    if (before := _ordered_before(storefront, sent, items, purchase)) is not None:
        return before
    faults = [
        *sent.faults,
        *_header_faults(storefront, sent, method),
        *_ticket_faults(storefront, sent.tickets, items, now),
    ]
    if faults or purchase is None:
        raise OrderRefused(faults)
    try:
        checkout = reserved.buy_reserved(
            storefront=storefront,
            item_ids=items.keys(),
            purchase=purchase,
            now=now,
            lasts=datetime.timedelta(minutes=settings.PAYMENT_MINUTES),
        )
    except (ReservationEnded, ReservationUsed, PlacesGone) as refusal:
        raise OrderRefused([Fault("/tickets", refusal.error_code, refusal.detail)]) from refusal
    except (InvalidRequest, HoldEnded, SoldOut, SeatTaken) as refusal:
        raise OrderRefused(_domain_faults(refusal)) from refusal
    return_page.open_payment(checkout=checkout, now=now)
    return checkout


def _domain_faults(refusal: Refusal) -> list[Fault]:
    """Return what the domain says of lines, each thing once: the shop knows tickets only."""
    told = refusal.faults or [Fault("", refusal.error_code, refusal.detail)]
    alike = dict.fromkeys((fault.code, fault.detail) for fault in told)
    return [Fault("/tickets", code, detail) for code, detail in alike]


def _items_of(storefront: Storefront, sent: OrderSent) -> dict[uuid.UUID, CheckoutItem]:
    wanted = {line.reservation for line in sent.tickets}
    items = CheckoutItem.objects.filter(storefront=storefront, pk__in=wanted)
    return {item.pk: item for item in items.select_related("hold")}


def _purchase(sent: OrderSent, method: Method | None) -> Purchase | None:
    """Return what is to be bought; None while the order has faults in its shape."""
    receiver = sent.receiver
    if sent.faults or receiver is None or method is None:
        return None
    name = f"{receiver.firstname} {receiver.lastname}"
    return Purchase(
        buyer=Buyer(
            email=receiver.email,
            name=name[:_LONGEST_NAME].strip(),
            language=receiver.locale.replace("_", "-"),
            data=dict(dataclasses.asdict(receiver)),
        ),
        payment_method=method.code,
        payment_cost=method.cost,
        request_hash=fingerprint(_comparable(sent)),
    )


def _comparable(sent: OrderSent) -> list[object]:
    """Return all that an order says, so that two that say the same are written alike."""
    return [
        dataclasses.asdict(sent.receiver) if sent.receiver else None,
        str(sent.payment_provider),
        sent.currency,
        [
            [
                str(line.guid),
                str(line.reservation),
                sorted([str(guid), str(child)] for guid, child in line.children),
            ]
            for line in sent.tickets
        ],
    ]


def _ordered_before(
    storefront: Storefront, sent: OrderSent, items: _Items, purchase: Purchase | None
) -> Checkout | None:
    """Return what the same order made; None for a new one, and for one that differs."""
    used = [item for item in items.values() if item.checkout_id]
    if purchase is None or not used or len(items) < len(sent.tickets):
        return None
    try:
        return reserved.bought_before(
            storefront=storefront, items=list(items.values()), purchase=purchase
        )
    except ReservationUsed:
        return None


def _header_faults(
    storefront: Storefront, sent: OrderSent, method: Method | None
) -> Iterator[Fault]:
    if sent.payment_provider is not None and method is None:
        yield Fault(
            "/paymentProvider",
            "unknown_payment_method",
            f"This shop has no payment method {sent.payment_provider}.",
        )
    currency = storefront.partner.venue.currency
    if sent.currency is not None and sent.currency != currency:
        yield Fault("/currency", "currency_differs", f"This shop sells in {currency}.")


def _ticket_faults(
    storefront: Storefront,
    tickets: Sequence[TicketLine],
    items: _Items,
    now: datetime.datetime,
) -> Iterator[Fault]:
    known = _guids_of(storefront, items)
    seen: set[uuid.UUID] = set()
    for line in tickets:
        item = items.get(line.reservation)
        if line.reservation in seen:
            yield Fault(
                f"{line.at}/reservation",
                "reservation_twice",
                f"The reservation {line.reservation} stands twice in the order.",
            )
            continue
        seen.add(line.reservation)
        if item is None:
            yield Fault(
                f"{line.at}/reservation",
                "unknown_reservation",
                f"This shop has no reservation {line.reservation}.",
            )
            continue
        yield from _line_faults(line, item, *known[item.pk], now=now)
    for guid, count in Counter(line.guid for line in tickets).items():
        if count > MOST_OF_A_TICKET:
            yield Fault(
                "/tickets",
                "too_many_of_a_ticket",
                f"An order may have {MOST_OF_A_TICKET} of the ticket {guid}, not {count}.",
            )


def _line_faults(
    line: TicketLine, item: CheckoutItem, ticket: str, event_date: str, *, now: datetime.datetime
) -> Iterator[Fault]:
    if str(line.guid) != ticket:
        yield Fault(
            f"{line.at}/guid",
            "ticket_differs",
            f"The reservation {item.pk} is for the ticket {ticket}.",
        )
    ticket_child, date_child = guids.children_of(item.pk)
    children = sorted((str(guid), str(child)) for guid, child in line.children)
    if children != sorted([(ticket, ticket_child), (event_date, date_child)]):
        yield Fault(
            f"{line.at}/products",
            "products_differ",
            "Must be the two products that the reservation was answered with: the ticket and the "
            "event date, each with its own reservation.",
        )
    if item.checkout_id is not None:
        yield Fault(
            f"{line.at}/reservation",
            "reservation_used",
            f"The reservation {item.pk} belongs to another order already.",
        )
    elif item.hold is None or item.hold.status != HoldStatus.HELD or item.hold.expires_at <= now:
        yield Fault(
            f"{line.at}/reservation",
            "reservation_ended",
            f"The time of the reservation {item.pk} is over: reserve the ticket again.",
        )


def _guids_of(storefront: Storefront, items: _Items) -> dict[uuid.UUID, tuple[str, str]]:
    """Return the GUIDs of each item's ticket and event date."""
    tickets = {
        key: guids.ticket_key(item.package_id, item.session_id) for key, item in items.items()
    }
    dates = {
        key: guids.event_date_key(item.package_id, item.session_id) for key, item in items.items()
    }
    ticket_guids = guids.guids_of(storefront, guids.TICKET, list(tickets.values()))
    date_guids = guids.guids_of(storefront, guids.EVENT_DATE, list(dates.values()))
    return {key: (ticket_guids[tickets[key]], date_guids[dates[key]]) for key in items}

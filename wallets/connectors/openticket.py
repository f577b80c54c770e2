"""OpenTicket (Weeztix): a reservation per ticket, an order paid by a prepaid method, its tickets.

The shop's host takes orders from anybody; the API's host, which asks for an access token, tells
whether an order is paid and which tickets it has.
"""

from __future__ import annotations

import datetime
import hashlib
import hmac
import json
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import NoReturn
from urllib.parse import quote as in_path

from django.utils import timezone

from catalog.models import Connection
from channel_manager.lib.strict_fields import is_uuid
from wallets.connectors.base import (
    BadSignature,
    Capabilities,
    Catalogue,
    CatalogueEntry,
    Cause,
    ConnectorError,
    NothingThere,
    OutsideTicketData,
    PlacesThere,
    PushedNotice,
    Standing,
    TryLater,
    UnsupportedByPartner,
    Wish,
)
from wallets.connectors.credentials import secret_of
from wallets.connectors.desk import Desk
from wallets.connectors.exchange import Request, fault_of_url, text_of
from wallets.connectors.openticket_answers import (
    OVER,
    ShopData,
    SoldOrder,
    read_methods,
    read_shop,
    read_sold,
)
from wallets.connectors.openticket_order import (
    order,
    require_sound,
    reserve,
    shop_url,
    wanted_tickets,
)
from wallets.connectors.openticket_tickets import (
    costs,
    gone,
    incomplete,
    is_complete,
    tickets_of,
)
from wallets.connectors.openticket_tokens import can_renew, given_token, read, read_api
from wallets.models import CallEffect, OutsideOrder, OutsideOrderStatus

# How often an order that is to be paid is looked at.
_SECONDS_BETWEEN_LOOKS = 10
_LONGEST_KEY = 120
_LONGEST_EVENT = 60
_LONGEST_HEADER = 10_000


class OpenTicketConnector:
    """Speaks to OpenTicket. There is no public way to cancel, to refund or to release anything."""

    capabilities = Capabilities(
        hold=True,
        availability=True,
        cancel=False,
        refund=False,
        read_back=True,
        push=True,
        catalogue=True,
    )
    credentials: Sequence[str] = ()
    optional_credentials: Sequence[str] = (
        "access_token",
        "refresh_token",
        "client_id",
        "client_secret",
        "webhook_identifier",
    )

    def faults_of(self, connection: Connection) -> Mapping[str, str]:
        """Return what is wrong with a connection's settings, by field."""
        faults = {
            name: fault
            for name in ("base_url", "second_url")
            if (fault := fault_of_url(getattr(connection, name)))
        }
        if not is_uuid(connection.account):
            faults["account"] = "The shop's GUID is needed."
        if connection.payment_method and not is_uuid(connection.payment_method):
            faults["payment_method"] = "The GUID of a payment method is needed."
        if fault := _fault_of_secrets(connection):
            faults["credentials"] = fault
        return faults

    def check(self, connection: Connection) -> str:
        """Read the shop's data and payment methods, and say what was found."""
        self._require_complete(connection)
        shop = self._read_shop(connection)
        try:
            methods = self._read_methods(connection, timezone.now())
        except TryLater as later:
            raise ConnectorError(Cause.BUSY, str(later), permanent=False) from later
        name = methods[_method_of(connection, methods)]
        chosen = f"orders are paid by {name}"
        if not connection.payment_method:
            chosen = "only what costs nothing there can be issued"
        shop_name = shop.name or connection.account
        return f"The shop {shop_name} has {len(shop.tickets)} tickets; {chosen}."

    def prepare(self, desk: Desk, wish: Wish) -> None:
        """Reserve every ticket, once limits, currency and the payment method are known to fit."""
        if "order_id" in desk.progress:
            return
        self._require_complete(desk.connection)
        if "payment_method" not in desk.progress:
            self._require_sellable(desk.connection, wish)
            methods = self._read_methods(desk.connection, desk.clock())
            desk.keep({"payment_method": _method_of(desk.connection, methods)})
        for number, unit in enumerate(wanted_tickets(wish), start=1):
            reserve(desk, number, unit)

    def commit(self, desk: Desk, wish: Wish) -> Standing:
        """Order what is reserved; once it is paid there, return its tickets.

        Raises TryLater until then, for as long as the connection waits for a payment (C9).
        """
        if "order_id" not in desk.progress:
            order(desk, wish)
        require_sound(desk.progress)
        if costs(desk) and not desk.connection.payment_method:
            raise NothingThere(
                Cause.PAYMENT_NEEDED,
                f"The order {desk.progress['order_id']} costs {desk.progress['amount']} there, and "
                "the connection has no prepaid payment method. Unpaid, it lapses.",
            )
        return self._wait(desk)

    def read_back(self, desk: Desk) -> Standing:
        """Tell how an order stands whose id is known; of another one nothing can be told.

        One that is not what was asked for stays a fault until a person has settled it.
        """
        order_id = desk.progress.get("order_id", "")
        if not order_id:
            return Standing(exists=None)
        if desk.outside_order.status != OutsideOrderStatus.MADE:
            require_sound(desk.progress)
        sold = self._read_sold(desk.connection, order_id, desk.clock())
        is_over = sold.status in OVER
        exists: bool | None = None
        if "tickets" in desk.progress or is_complete(desk, sold):
            exists = True
        elif is_over:
            exists = False  # it ended before it had tickets
        return Standing(
            exists=exists,
            outside_reference=order_id,
            tickets=[*tickets_of(desk, sold), *gone(desk, sold)],
            is_cancelled=is_over,
        )

    def can_change(self, outside_order: OutsideOrder) -> bool:
        """Tell whether there may be something to learn of an order: always."""
        return self.capabilities.read_back

    def cancel(self, desk: Desk, tickets: Sequence[OutsideTicketData]) -> NoReturn:
        """Refuse: no way to cancel or to refund is public."""
        raise UnsupportedByPartner(desk.connection, "cancel orders or refund tickets")

    def list_catalogue(self, connection: Connection) -> Catalogue:
        """Return the shop's tickets, each at its event date."""
        return Catalogue(
            CatalogueEntry(
                outside_session=ticket.at,
                outside_item=ticket.guid,
                label=ticket.label,
                starts_at=ticket.starts_at,
                price=ticket.price,
            )
            for ticket in self._read_shop(connection).tickets
        )

    def ask_places(self, connection: Connection, outside_session: str) -> Sequence[PlacesThere]:
        """Return whether each ticket of an event date or event is to be had; nothing is counted.

        Each under the ids that it was asked by: GUIDs are the same in capitals.
        """
        asked = connection.places.filter(outside_session=outside_session)
        spellings: dict[str, list[str]] = {}
        for item in sorted(asked.values_list("outside_item", flat=True)):
            spellings.setdefault(item.lower(), []).append(item)
        return [
            PlacesThere(
                outside_session=outside_session,
                outside_item=item,
                left=None if ticket.is_available else 0,
            )
            for ticket in self._read_shop(connection).tickets
            if outside_session.lower() in ("", ticket.at.lower(), ticket.event.lower())
            for item in spellings.get(ticket.guid, [ticket.guid])
        ]

    def read_push(
        self, connection: Connection, headers: Mapping[str, str], body: bytes
    ) -> PushedNotice:
        """Return what a webhook tells; raises BadSignature unless it knows the hook's nonce (C10)."""
        try:
            nonce = secret_of(connection, "webhook_identifier")
        except ConnectorError as error:
            raise BadSignature(error.detail) from error
        told = headers.get("openticket-identifier", "")
        if not nonce or not hmac.compare_digest(nonce.encode(), told.encode(errors="replace")):
            raise BadSignature(
                "The OpenTicket-Identifier is not that of this connection's webhook."
            )
        event = text_of(headers, "openticket-trigger", longest=_LONGEST_HEADER)
        key = headers.get("openticket-dedupe-key", "")
        if not (0 < len(key) <= _LONGEST_KEY and key.isprintable()):
            said = f"{key}\n{event}\n".encode(errors="replace")
            key = hashlib.sha256(said + body).hexdigest()
        return PushedNotice(
            dedupe_key=key, event=event[:_LONGEST_EVENT], outside_reference=_order_in(body)
        )

    def _require_complete(self, connection: Connection) -> None:
        if faults := self.faults_of(connection):
            raise ConnectorError(Cause.MISCONFIGURED, " ".join(faults.values()), permanent=True)

    def _read_shop(self, connection: Connection) -> ShopData:
        url = shop_url(connection, "data")
        reply = read(connection, Request(method="GET", url=url))
        return read_shop(reply.document, connection.venue.currency)

    def _read_methods(self, connection: Connection, now: datetime.datetime) -> Mapping[str, str]:
        path = f"shop/{in_path(connection.account, safe='')}/payment_methods"
        reply = read_api(connection, path, now=now)
        return read_methods(reply.document, connection.account)

    def _read_sold(
        self, connection: Connection, order_id: str, now: datetime.datetime
    ) -> SoldOrder:
        path = f"ticketswap/order/{in_path(order_id, safe='')}"
        return read_sold(read_api(connection, path, now=now).document, order_id)

    def _require_sellable(self, connection: Connection, wish: Wish) -> None:
        """Raise ConnectorError where the shop's data says that the order cannot be made."""
        try:
            shop = self._read_shop(connection)
        except ConnectorError as error:
            if error.cause == Cause.TOO_LARGE:
                return  # a shop of ten thousand tickets; it checks the same when it is ordered
            raise
        if shop.currency not in ("", wish.currency):
            raise ConnectorError(
                Cause.CURRENCY,
                f"The shop sells in {shop.currency}, not in {wish.currency}.",
                permanent=True,
            )
        counts = Counter(unit.outside_item.lower() for unit in wanted_tickets(wish))
        for ticket in shop.tickets:
            count = counts[ticket.guid]
            if not count:
                continue
            if ticket.price and not connection.payment_method:
                raise ConnectorError(
                    Cause.PAYMENT_NEEDED,
                    f"{ticket.label} costs {ticket.price} there, and the connection has no prepaid "
                    "payment method.",
                    permanent=True,
                )
            most = ticket.most or count
            if not ticket.least <= count <= most or count % ticket.step:
                raise ConnectorError(
                    Cause.REFUSED,
                    f"An order may have {ticket.least} to {most} of {ticket.label}, in steps of "
                    f"{ticket.step}; {count} are wanted.",
                    permanent=True,
                )

    def _wait(self, desk: Desk) -> Standing:
        """Return an order that was made once it is complete; raises TryLater, then ConnectorError."""
        progress = desk.progress
        waited = desk.clock() - datetime.datetime.fromisoformat(progress["ordered_at"])
        is_over = waited >= datetime.timedelta(minutes=desk.connection.payment_minutes)
        try:
            sold = self._read_sold(desk.connection, progress["order_id"], desk.clock())
        except ConnectorError as error:
            # The order is made: whatever keeps us from reading it does not unmake it.
            error.effect = CallEffect.UNKNOWN
            error.permanent = is_over or (error.permanent and error.status_code != 404)
            if error.permanent:
                raise
            raise TryLater(error.wait or _SECONDS_BETWEEN_LOOKS, error.detail) from error
        if sold.status in OVER:
            raise NothingThere(
                Cause.NOT_PAID, f"The order {progress['order_id']} is {sold.status} there."
            )
        if is_complete(desk, sold):
            tickets = tickets_of(desk, sold)
            what = {one.number: [one.outside_session, one.outside_item] for one in tickets}
            desk.keep({"tickets": what})
            return Standing(exists=True, outside_reference=progress["order_id"], tickets=tickets)
        fault = incomplete(desk, sold)
        if fault.permanent or is_over:
            fault.permanent = True
            raise fault
        raise TryLater(_SECONDS_BETWEEN_LOOKS, fault.detail)


def _fault_of_secrets(connection: Connection) -> str | None:
    try:
        is_let_in = given_token(connection) or can_renew(connection)
    except ConnectorError as error:
        return error.detail
    return (
        None
        if is_let_in
        else "An access token is needed, or a refresh token with the client's id and secret. "
        "Without one an order that costs something there cannot be confirmed as paid, and no "
        "ticket numbers can be read."
    )


def _method_of(connection: Connection, methods: Mapping[str, str]) -> str:
    """Return the payment method to order by: the configured one; for what is free, any."""
    chosen = connection.payment_method.lower() or next(iter(methods), "")
    if chosen not in methods:
        raise ConnectorError(
            Cause.MISCONFIGURED,
            f"The shop has {len(methods)} payment methods, and not the prepaid one that is set.",
            permanent=True,
        )
    return chosen


def _order_in(body: bytes) -> str:
    """Return the order that a webhook's body is about; its shape is not public, so it is derived."""
    try:
        document = json.loads(body)
    except (ValueError, RecursionError):
        return ""
    if not isinstance(document, dict):
        return ""
    inner = document.get("order")
    candidates = (
        text_of(document, "order_id"),
        text_of(inner, "guid") if isinstance(inner, dict) else text_of(document, "order"),
        text_of(document, "guid"),
    )
    return next(filter(None, candidates), "")

"""VoordeMensen: a cart is filled, becomes an order by a prepaid method, and is asked about until paid.

Its public calls need no key. A Peppered key, where there is one, is sent raw: with what is bought on
account, and to its back office, which tells of cancelled orders.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from django.utils import timezone

from catalog.models import Connection
from wallets.connectors.base import (
    Capabilities,
    Catalogue,
    ConnectorError,
    OutsideTicketData,
    PlacesThere,
    PushedNotice,
    Standing,
    UnsupportedByPartner,
    Wish,
)
from wallets.connectors.desk import Desk
from wallets.connectors.exchange import fault_of_url, quote
from wallets.connectors.voordemensen_calls import (
    PEPPERED_KEY,
    ask_back_office,
    ask_for,
    key_of,
    method_of,
    return_url_of,
)
from wallets.connectors.voordemensen_cart import LARGEST_ID, check_cart, fill_cart
from wallets.connectors.voordemensen_catalogue import list_entries, list_places
from wallets.connectors.voordemensen_order import POLL_WAITS, can_change, complete, read_back
from wallets.connectors.voordemensen_reading import is_id, list_of
from wallets.models import OutsideOrder


class VoordeMensenConnector:
    """VoordeMensen (contract: voordemensen.md)."""

    capabilities = Capabilities(
        hold=True,
        availability=True,
        cancel=False,
        refund=False,
        read_back=True,
        push=False,
        catalogue=True,
        poll_seconds=POLL_WAITS[0],
    )
    credentials: Sequence[str] = ()
    optional_credentials: Sequence[str] = (PEPPERED_KEY,)

    def faults_of(self, connection: Connection) -> Mapping[str, str]:
        """Return what is wrong with a connection's settings, by field."""
        faults = {}
        if fault := fault_of_url(connection.base_url):
            faults["base_url"] = fault
        elif fault := fault_of_url(return_url_of(connection)):
            faults["base_url"] = f"Guests would be sent back to our PUBLIC_URL: {fault}"
        if not is_id(connection.account):
            faults["account"] = "Give the client name: letters, digits, hyphens and dots."
        method = connection.payment_method
        if method and not (method.isascii() and method.isdigit() and int(method) <= LARGEST_ID):
            faults["payment_method"] = "Give the payment_id, a whole number."
        try:
            key_of(connection)
        except ConnectorError as error:
            faults["credentials"] = error.detail
        return faults

    def check(self, connection: Connection) -> str:
        """Read the programme, the payment methods and, with a key, the back office."""
        events = list_of(ask_for(connection, "events/upcoming").document, "programme")
        said = [f"It lists {len(events)} events."]
        if connection.payment_method:
            method = method_of(connection)
            said.append(
                f"The payment method is {quote(method['payment_desc'])}."
                if method and method.get("payment_desc")
                else "It does not list the payment method."
            )
        if key_of(connection):
            is_there = ask_back_office(connection, timezone.now()) is not None
            said.append("The key is accepted." if is_there else "There is no back office.")
        return " ".join(said)

    def prepare(self, desk: Desk, wish: Wish) -> None:
        """Make a cart and put in what is wanted, each ticket type of an event once."""
        fill_cart(desk, wish)

    def commit(self, desk: Desk, wish: Wish) -> Standing:
        """Make an order of the cart, and wait until it is paid. Raises TryLater."""
        if not desk.may_exist:
            check_cart(desk, wish)
        return complete(desk, wish)

    def read_back(self, desk: Desk) -> Standing:
        """Tell how an order stands; what was told within ten seconds is not asked again."""
        return read_back(desk)

    def can_change(self, outside_order: OutsideOrder) -> bool:
        """Tell whether an order is to be asked about: a paid one of an account with a key only."""
        return can_change(outside_order)

    def cancel(self, desk: Desk, tickets: Sequence[OutsideTicketData]) -> None:
        """Refuse: only a person can, in its back office."""
        raise UnsupportedByPartner(desk.connection, "cancel an order")

    def list_catalogue(self, connection: Connection) -> Catalogue:
        """Return the ticket types of the coming sub-events."""
        return list_entries(lambda path: ask_for(connection, path).document)

    def ask_places(self, connection: Connection, outside_session: str) -> Sequence[PlacesThere]:
        """Return which ticket types of a sub-event are on sale: it counts no places (C8)."""
        sources = connection.sources.filter(outside_session=outside_session)
        known = sources.order_by("outside_item").values_list("outside_item", flat=True).distinct()
        return list_places(
            lambda path: ask_for(connection, path).document,
            outside_session=outside_session,
            known=list(known),
        )

    def read_push(
        self, connection: Connection, headers: Mapping[str, str], body: bytes
    ) -> PushedNotice:
        """Refuse: the form of its pushes is not public."""
        raise UnsupportedByPartner(connection, "tell us of changes")

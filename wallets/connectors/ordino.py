"""Ordino Common Park Platform: one order, sent once it is paid, and never heard of again.

It has no order-read, no cancel and no catalogue for sellers (contract section 1), and answers an
order without any id of it: what stands behind our tickets there are its guest's entitlements.
"""

from __future__ import annotations

import datetime
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NoReturn

from catalog.models import Connection
from wallets.connectors.base import (
    Capabilities,
    Catalogue,
    Cause,
    ConnectorError,
    OutsideTicketData,
    PlacesThere,
    PushedNotice,
    Standing,
    UnsupportedByPartner,
    Wish,
)
from wallets.connectors.credentials import header_secret_of, misconfigured
from wallets.connectors.desk import Desk, Operation, WhenUnsure
from wallets.connectors.exchange import (
    Refused,
    Reply,
    Request,
    ask,
    fault_of_url,
    join,
    json_body,
    members,
    quote,
    text_of,
    unreadable,
)
from wallets.models import OutsideOrder

MOST_UNITS_OF_A_LINE = 1000
_PATH = "api/orders"
_API_KEY = "api_key"
_SOURCE = "channel_manager"
_MOST_NAMED = 10
# What a key in doubt stands under in the answers of those that compare bodies (section 8, derived).
_ORDER_ID_FIELD = "metadata.order_id"


class OrdinoConnector:
    """Speaks to one park's platform with the key of our account there."""

    capabilities = Capabilities(
        hold=False,
        availability=False,
        cancel=False,
        refund=False,
        read_back=False,
        push=False,
        catalogue=False,
    )
    credentials: Sequence[str] = (_API_KEY,)
    optional_credentials: Sequence[str] = ()

    def faults_of(self, connection: Connection) -> Mapping[str, str]:
        """Return what is wrong with a connection's settings, by field; asks nobody."""
        faults = {}
        if fault := fault_of_url(connection.base_url):
            faults["base_url"] = fault
        elif connection.base_url.rstrip("/").endswith("/api"):
            faults["base_url"] = "Leave /api away: it is added to the address of the park."
        try:
            _key_of(connection)
        except ConnectorError as error:
            faults["credentials"] = error.detail
        return faults

    def check(self, connection: Connection) -> str:
        """Try address and key with an order of nothing; say what was found. Raises ConnectorError.

        Nothing is created: an order without guest and packages is answered 400 `validation_error`,
        and that only to whose key is good (contract section 5). No call that reads is there.
        """
        try:
            ask(connection, _request(connection, {}))
        except Refused as refused:
            if refused.status_code == 400 and _code_of(refused) == "validation_error":
                return "It answers, and accepts the API key."
            raise _explained(refused) from refused
        raise ConnectorError(
            Cause.REFUSED,
            "It took an order without anything in it: is this the address of a park at Ordino?",
            permanent=True,
        )

    def prepare(self, desk: Desk, wish: Wish) -> None:
        """Find out what stops it here (C3): there is nothing that could be held there."""
        _packages(wish)

    def commit(self, desk: Desk, wish: Wish) -> Standing:
        """Send the order, once; its entitlements are the guest's, and are not told (C2, C5).

        Raises ConnectorError, TryLater, OutcomeUnknown.
        """
        desk.call(
            _operation(desk.connection),
            _request(desk.connection, order_of(wish)),
            accept=_accepted,
            explain=_explained,
        )
        return Standing(exists=True, outside_reference=wish.reference)

    def read_back(self, desk: Desk) -> Standing:
        """Raise UnsupportedByPartner: no call reads an order (C10)."""
        _deny(desk.connection, "tell how an order stands")

    def can_change(self, outside_order: OutsideOrder) -> bool:
        """Tell whether there may be something to learn of an order: always."""
        return self.capabilities.read_back

    def cancel(self, desk: Desk, tickets: Sequence[OutsideTicketData]) -> None:
        """Raise UnsupportedByPartner: no call cancels an order or refunds a part of it (C10)."""
        _deny(desk.connection, "cancel or refund what it issued")

    def list_catalogue(self, connection: Connection) -> Catalogue:
        """Raise UnsupportedByPartner: package ids are handed over by Ordino's people."""
        _deny(connection, "list what it sells")

    def ask_places(self, connection: Connection, outside_session: str) -> Sequence[PlacesThere]:
        """Raise UnsupportedByPartner: it counts no places."""
        _deny(connection, "tell what places are left")

    def read_push(
        self, connection: Connection, headers: Mapping[str, str], body: bytes
    ) -> PushedNotice:
        """Raise UnsupportedByPartner: it pushes nothing to sellers."""
        _deny(connection, "tell us of changes")


def order_of(wish: Wish) -> dict[str, Any]:
    """Return the body of an order (contract section 4), the same for the same wish.

    The amount is in major units, VAT included, in the park's currency; it has no member for one.
    `guest_email` is whom the entitlements belong to, and need not be an address. The window is told
    where all units have the same one: it is the whole order's.
    """
    order: dict[str, Any] = {"guest_email": wish.buyer.email, "packages": _packages(wish)}
    windows = {(unit.valid_from, unit.valid_until) for unit in wish.units}
    if len(windows) == 1:
        valid_from, valid_until = windows.pop()
        order["redeemable_from"] = _moment(valid_from)
        order["redeemable_until"] = _moment(valid_until)
    if wish.redemptions is not None:
        order["max_redemptions"] = wish.redemptions
    metadata: dict[str, Any] = {
        "order_id": wish.reference,
        "reference": wish.reference,
        "source": _SOURCE,
    }
    if wish.amount is not None:
        # Without the zeros that our column adds: 49.99 and 49.990 are the same bytes.
        metadata["total_amount"] = wish.amount.normalize()
    return {**order, "metadata": metadata}


def _packages(wish: Wish) -> list[dict[str, Any]]:
    """Return the lines of an order; raises ConnectorError for a unit without a package id (C3)."""
    counts: dict[str, int] = {}
    for unit in wish.units:
        counts[unit.outside_item] = counts.get(unit.outside_item, 0) + unit.count
    if "" in counts:
        raise ConnectorError(
            Cause.NO_OUTSIDE_ID, "A component has no package id of Ordino.", permanent=True
        )
    return [
        {"package_id": package, "quantity": quantity}
        for package in sorted(counts)
        for quantity in _split(counts[package])
    ]


def _split(count: int) -> Iterator[int]:
    """Yield the quantities of as few lines as a count needs (C7).

    That lines of one package add up is derived (section 4).
    """
    while count > 0:
        yield min(count, MOST_UNITS_OF_A_LINE)
        count -= MOST_UNITS_OF_A_LINE


def _moment(moment: datetime.datetime) -> str:
    """Return a moment with its offset: UTC, the same bytes whatever zone a venue is moved to."""
    return moment.astimezone(datetime.UTC).isoformat(timespec="seconds")


def _operation(connection: Connection) -> Operation:
    """Return how the order is sent: in doubt, it is repeated only where that is known to be safe.

    That a repeated `metadata.order_id` makes nothing new is proven for no park (section 8), and
    nothing reads an order back: it is the park's operator who confirms it. What surely was not
    sent, and what was asked to come later, is tried again in any case.
    """
    when_unsure = WhenUnsure.REPEAT if connection.repeats_safely else WhenUnsure.STOP
    return Operation(name="order", when_unsure=when_unsure, commits=True)


def _request(connection: Connection, document: object) -> Request:
    """Return a request with our key and no other credentials: both at once are refused (C1)."""
    return Request(
        method="POST",
        url=join(connection.base_url, _PATH),
        headers={"x-api-key": _key_of(connection), "Content-Type": "application/json"},
        body=json_body(document),
    )


def _key_of(connection: Connection) -> str:
    """Return the API key; raises ConnectorError when there is none that a header takes."""
    key = header_secret_of(connection, _API_KEY, "API key")
    if not key:
        raise misconfigured("The API key is missing.")
    return key


def _accepted(reply: Reply) -> Mapping[str, Any]:
    """Require that an answer with 200 says that it was done (C6)."""
    answer = members(reply.document)
    if answer.get("success") is True:
        return {}
    if answer.get("success") is not False:
        raise unreadable(
            "The answer does not say whether it was done.", status_code=reply.status_code
        )
    raise _refusal(answer, Cause.REFUSED, f"It answered {reply.status_code} and no success.")


def _explained(refused: Refused) -> ConnectorError:
    """Return what a refusal means, by the error code of its problem document (section 5)."""
    detail = refused.detail
    if not refused.permanent:
        return refused
    if refused.status_code == 404:
        detail = f"{detail} Is the base URL the park's?"
    problem = refused.document if isinstance(refused.document, dict) else {}
    return _refusal(problem, refused.cause, detail, status_code=refused.status_code)


def _refusal(
    problem: Mapping[str, Any], cause: Cause, detail: str, *, status_code: int | None = None
) -> ConnectorError:
    """Return the fault that a problem document tells of; asking again does not mend it."""
    code = _error_code(problem)
    fields = _fields_of(problem)
    if code == "resource_not_found":
        cause, detail = Cause.NOT_KNOWN, _naming_the_missing(problem)
    elif code == "validation_error" and _ORDER_ID_FIELD in (field.lower() for field in fields):
        cause, detail = Cause.TWO_ORDERS, "It has another order under our reference already."
    elif code == "validation_error" and fields:
        detail = f"{detail} It does not accept {', '.join(map(quote, fields))}."
    elif code:
        # What it says of credentials might repeat them.
        said = "" if cause == Cause.CREDENTIALS else quote(problem.get("detail") or "")
        detail = f"{detail} It says {quote(code)}{f': {said}' if said else '.'}"
    return ConnectorError(cause, detail, permanent=True, status_code=status_code)


def _naming_the_missing(problem: Mapping[str, Any]) -> str:
    """Say which ids it does not know (C4): at the top or, in older revisions, in `extensions`."""
    extensions = problem.get("extensions")
    places = [problem, extensions if isinstance(extensions, dict) else {}]
    kind = next((said for place in places if (said := text_of(place, "resource_type"))), "resource")
    # Told in both places, they are the same ids.
    missing = dict.fromkeys(
        quote(one)
        for place in places
        for one in _list_of(place, "missing_resources")
        if isinstance(one, str | int)
    )
    if not missing:
        return f"It does not know a {quote(kind)} that we named, and does not say which."
    return f"It does not know the {quote(kind)} {', '.join(list(missing)[:_MOST_NAMED])}."


def _list_of(document: Mapping[str, Any], name: str) -> Sequence[Any]:
    value = document.get(name)
    return value if isinstance(value, list) else ()


def _fields_of(problem: Mapping[str, Any]) -> list[str]:
    errors = problem.get("errors")
    return list(errors)[:_MOST_NAMED] if isinstance(errors, dict) else []


def _code_of(refused: Refused) -> str:
    return _error_code(refused.document) if isinstance(refused.document, dict) else ""


def _error_code(problem: Mapping[str, Any]) -> str:
    """Return the code of an error: its own member, else the end of `type`, whose hosts differ."""
    return (
        text_of(problem, "error_code")
        or (text_of(problem, "type", longest=500).rstrip("/").rpartition("/")[2][:100])
    )


def _deny(connection: Connection, capability: str) -> NoReturn:
    raise UnsupportedByPartner(connection, capability)

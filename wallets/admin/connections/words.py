"""What the fields of a connection and of an outside id mean at each system, and causes in words."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Callable, Mapping

from catalog.models import System
from wallets.connectors.base import Cause
from wallets.connectors.onebox_catalogue import is_id as is_onebox_id
from wallets.connectors.voordemensen_reading import is_id as is_voordemensen_id


@dataclasses.dataclass(frozen=True)
class FieldWords:
    """A field's label and help; of an outside id, what it looks like there, where that is fixed.

    form: tells whether a text can be one. fault: what is said of a text that cannot.
    """

    label: str
    help: str
    form: Callable[[str], bool] | None = None
    fault: str = ""


@dataclasses.dataclass(frozen=True, kw_only=True)
class SystemWords:
    """What one system calls things; None: it has no such thing, and is not asked for it.

    session and item: the two outside ids of a component. repeats: somebody may say that an order that
    is sent twice is made once.
    """

    base_url: str
    account: FieldWords | None = None
    second_url: FieldWords | None = None
    payment: FieldWords | None = None
    session: FieldWords | None = None
    item: FieldWords
    repeats: bool = False


def _is_guid(text: str) -> bool:
    return bool(re.fullmatch("[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}", text))


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdigit()


_ONEBOX_FAULT = "Onebox's ids are whole numbers, such as 90210."
_GUID_FAULT = "Give a GUID, such as 1b4e28ba-2fa1-11d2-883f-0016d3cca427."


_PREPAID = (
    "Of a method that asks no guest for money, such as on account. Without it only what costs "
    "nothing there can be issued."
)

WORDS: Mapping[str, SystemWords] = {
    System.ORDINO: SystemWords(
        base_url="Of its API, with https:// and without /api.",
        item=FieldWords(
            "Package id", "Ordino hands it over for each package; the API knows it as package_id."
        ),
        repeats=True,
    ),
    System.ONEBOX: SystemWords(
        base_url="https://api.oneboxtds.com, or .net for its test environment.",
        account=FieldWords(
            "Channel id", "The number of the channel that Onebox made for the park."
        ),
        second_url=FieldWords(
            "OAuth URL",
            "Whole, with /oauth/token, and only where its OAuth server is another host than its "
            "API. Both are .com, or both .net.",
        ),
        session=FieldWords(
            "Session id",
            "A number; Onebox lists it under the event's sessions.",
            is_onebox_id,
            _ONEBOX_FAULT,
        ),
        item=FieldWords(
            "Price type id",
            "A number; one of the session's price types.",
            is_onebox_id,
            _ONEBOX_FAULT,
        ),
    ),
    System.OPENTICKET: SystemWords(
        base_url="Of the shop API: https://shop.api.openticket.tech.",
        account=FieldWords("Shop GUID", "In the OpenTicket dashboard, at the shop."),
        second_url=FieldWords(
            "API URL", "Of the API beside the shop: https://api.openticket.tech."
        ),
        payment=FieldWords("Prepaid payment method", f"Its GUID. {_PREPAID}"),
        session=FieldWords(
            "Event date GUID",
            "Of its event where it has one date; else empty.",
            _is_guid,
            _GUID_FAULT,
        ),
        item=FieldWords(
            "Ticket GUID",
            "In the OpenTicket dashboard, at the ticket of the event.",
            _is_guid,
            _GUID_FAULT,
        ),
    ),
    System.VOORDEMENSEN: SystemWords(
        base_url="https://api.voordemensen.nl/v1, without the client's name.",
        account=FieldWords("Client name", "It stands in every address of the API."),
        payment=FieldWords("Prepaid payment method", f"Its payment_id, a number. {_PREPAID}"),
        session=FieldWords(
            "Event id",
            "A number, of the sub-event: one event on one day.",
            _is_number,
            "VoordeMensen's event ids are whole numbers, such as 4711.",
        ),
        item=FieldWords(
            "Discount id",
            "A text such as q9LmX2, of one of the event's ticket types; the normal price has its "
            "own, too.",
            is_voordemensen_id,
            "It has letters, digits, hyphens and dots only.",
        ),
    ),
}

SECRETS: Mapping[str, str] = {
    "api_key": "API key",
    "client_id": "Client id",
    "client_secret": "Client secret",
    "access_token": "Access token",
    "refresh_token": "Refresh token",
    "webhook_hook_id": "Id of its webhook",
    "webhook_key": "Key of its webhook",
    "webhook_identifier": "Identifier of its webhook",
    "peppered_key": "Back-office (Peppered) key, or the secret of a storefront of this product",
}


def name_secret(name: str) -> str:
    """Return what staff read for the name of a secret."""
    return SECRETS.get(name) or name.replace("_", " ").capitalize()


CAUSES: Mapping[str, str] = {
    Cause.TIMED_OUT: "It did not answer in time",
    Cause.AWAY: "It is away",
    Cause.BUSY: "It is busy and asks us to wait",
    Cause.UNREACHABLE: "Its address cannot be reached",
    Cause.CERTIFICATE: "Its certificate is not valid",
    Cause.REDIRECTED: "It answers by leading elsewhere",
    Cause.TOO_LARGE: "Its answer is too large",
    Cause.UNREADABLE: "Its answer cannot be read",
    Cause.CREDENTIALS: "It refuses our credentials",
    Cause.NOT_KNOWN: "It does not know what was asked for",
    Cause.NO_OUTSIDE_ID: "A component has no outside id",
    Cause.REFUSED: "It refused",
    Cause.SOLD_OUT: "It is sold out there",
    Cause.CURRENCY: "It sells in another currency or at another price",
    Cause.PAYMENT_NEEDED: "A guest would have to pay there",
    Cause.NOT_PAID: "It was not paid there",
    Cause.TWO_ORDERS: "It has two orders for one of ours",
    Cause.OUTCOME_UNKNOWN: "Whether it was done there is not known",
    Cause.SWITCHED_OFF: "The connection is switched off",
    Cause.MISCONFIGURED: "The connection is not set up",
    # What the engine says of its own.
    "unsupported": "It has no way for us to cancel this",
}


def name_cause(cause: str) -> str:
    """Return a cause in words; one that nobody has described keeps its name."""
    return CAUSES.get(cause) or cause.replace("_", " ").capitalize()


def tell(cause: str, detail: str) -> str:
    """Return a fault for people: its cause, and what came."""
    return f"{name_cause(cause)}. {detail}".strip()

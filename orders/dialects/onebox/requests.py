"""What channels send, checked: unknown members are ignored, all faults are told at once (contract 3)."""

from __future__ import annotations

import dataclasses
import datetime
import re
from collections.abc import Iterator, Mapping
from typing import Any

from django.core.exceptions import ValidationError
from django.core.validators import EmailValidator
from rest_framework.request import Request

from channel_manager.lib.errors import Fault, InvalidRequest
from channel_manager.lib.strict_fields import json_type
from orders.dialects.onebox.errors import BAD_BODY, BAD_FORMAT, INVALID, REQUIRED

# [D] How many seats a call may name, and how many places it may ask for.
MAX_SEATS = 100
MAX_QUANTITY = 100
MAX_REFUNDED = 500
_MAX_ID = 2**63 - 1
_MAX_FIELDS = 100
_MAX_TEXT = 1000
_MAX_SHOWN = 40
_ORDER_ID = re.compile(r"[0-9a-fA-F]{32}")
_CODE = re.compile(r"[0-9A-Z]{12}")
# What neither a database nor a ticket can carry.
_FORBIDDEN = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff]")
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_.-]{0,63}")


@dataclasses.dataclass(frozen=True)
class SeatWanted:
    """A numbered seat of a session, by the ids that the channel knows."""

    seat_id: int
    session_id: int


@dataclasses.dataclass(frozen=True)
class PlacesWanted:
    """So many places of a session, wherever they are."""

    price_type_id: int
    session_id: int
    quantity: int


@dataclasses.dataclass(frozen=True)
class BuyerData:
    """What was sent of a buyer; an e-mail address of None was not."""

    email: str | None
    fields: Mapping[str, Any]


class Faults:
    """Collects what is wrong with a request."""

    def __init__(self) -> None:
        self._found: list[Fault] = []

    def add(self, name: str, code: str, detail: str) -> None:
        """Add what is wrong with a member, parameter or header."""
        self._found.append(Fault(name, code, detail))

    def missing(self, name: str) -> None:
        """Add that a member is missing."""
        self.add(name, REQUIRED, f"Required parameter(s): {name}.")

    def misformed(self, name: str, value: object) -> None:
        """Add that a value is of another form."""
        shown = value if isinstance(value, str) else json_type(value)
        self.add(name, BAD_FORMAT, f"Invalid '{name}' format: '{_shown(str(shown))}'.")

    def invalid(self, name: str, detail: str) -> None:
        """Add that a value cannot be."""
        self.add(name, INVALID, f"Invalid parameter(s): {name} {detail}.")

    def refuse(self) -> None:
        """Raise InvalidRequest if anything is wrong."""
        if self._found:
            raise self.refusal()

    def refusal(self) -> InvalidRequest:
        """Return the refusal that tells all of it."""
        return InvalidRequest(self._found)


def read_body(request: Request) -> dict[str, Any]:
    """Return the object that a request carries, empty when there is no body.

    Raises MalformedJson, UnsupportedMediaType, InvalidRequest.
    """
    if not request._request.body:
        return {}
    body = request.data
    if not isinstance(body, dict):
        detail = f"The body must be a JSON object, not {json_type(body)}."
        raise InvalidRequest([Fault("", BAD_BODY, detail)])
    return body


def read_order_id(request: Request, faults: Faults) -> str:
    """Return the order id that the header names."""
    sent = request.headers.get("ob-order-id", "").strip()
    if not sent:
        faults.missing("ob-order-id")
    elif not _ORDER_ID.fullmatch(sent):
        faults.misformed("ob-order-id", sent)
    return sent.lower()


def is_code(text: str) -> bool:
    """Tell whether a text may be the code of an order."""
    return _CODE.fullmatch(text) is not None


def read_seats(body: Mapping[str, Any], faults: Faults) -> list[SeatWanted]:
    """Return the seats that a body names."""
    wanted: dict[SeatWanted, None] = {}
    for at, entry in _entries(body, "seats", MAX_SEATS, faults):
        seat_id = _number(entry, "id", at, faults)
        session_id = _number(entry, "session_id", at, faults)
        if seat_id is None or session_id is None:
            continue
        seat = SeatWanted(seat_id, session_id)
        if seat in wanted:
            faults.invalid(at, f"names seat {seat_id} of session {session_id} a second time")
        wanted[seat] = None
    return list(wanted)


def read_places(body: Mapping[str, Any], faults: Faults) -> PlacesWanted:
    """Return the places that a body asks for."""
    price_type_id = _number(body, "price_type_id", "", faults)
    session_id = _number(body, "session_id", "", faults)
    quantity = _number(body, "quantity", "", faults, most=MAX_QUANTITY)
    return PlacesWanted(price_type_id or 0, session_id or 0, quantity or 0)


def read_buyer(body: Mapping[str, Any], faults: Faults) -> BuyerData:
    """Return the buyer's attributes: any scalar is kept."""
    if not body:
        faults.missing("email")
    if len(body) > _MAX_FIELDS:
        faults.invalid("buyer-data", f"has more than {_MAX_FIELDS} attributes")
        return BuyerData(None, {})
    fields = {}
    for name, value in body.items():
        if not _NAME.fullmatch(name):
            faults.add(name[:64], BAD_FORMAT, f"Invalid 'attribute' format: '{_shown(name)}'.")
        elif name == "email":
            _check_email(value, faults)
        elif isinstance(value, dict | list):
            faults.invalid(name, f"must be a text, a number or a boolean, not {json_type(value)}")
        elif isinstance(value, str) and len(value) > _MAX_TEXT:
            faults.invalid(name, f"has more than {_MAX_TEXT} characters")
        elif isinstance(value, str) and _FORBIDDEN.search(value):
            faults.invalid(name, "has characters that cannot be kept")
        else:
            fields[name] = value
    email = body.get("email")
    return BuyerData(email if isinstance(email, str) else None, fields)


def read_refund(body: Mapping[str, Any], faults: Faults) -> list[int]:
    """Return the ids of the items that are to be refunded."""
    items: dict[int, None] = {}
    for at, entry in _entries(body, "items", MAX_REFUNDED, faults):
        item_id = _number(entry, "id", at, faults)
        if item_id in items:
            faults.invalid(at, f"names item {item_id} a second time")
        if item_id is not None:
            items[item_id] = None
    kind = body.get("type")
    if kind is not None and kind != "MANUAL":
        faults.misformed("type", kind)
    for name in ("include_surcharges", "include_delivery"):
        if not isinstance(body.get(name, False), bool):
            faults.misformed(name, body[name])
    return list(items)


def read_moment(text: str, zone: datetime.tzinfo) -> datetime.datetime | None:
    """Return the moment that an ISO text names, a day's beginning without a time; None for another."""
    try:
        # A + that was not escaped in an address arrives as a space.
        moment = datetime.datetime.fromisoformat(text.strip().replace(" ", "+"))
    except ValueError:
        return None
    if not 1970 <= moment.year <= 9000:
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=zone)


def _entries(
    body: Mapping[str, Any], name: str, most: int, faults: Faults
) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Yield the objects of a member that is a list of them, each with its place."""
    entries = body.get(name)
    if entries is None:
        faults.missing(name)
    elif not isinstance(entries, list):
        faults.misformed(name, entries)
    elif not 1 <= len(entries) <= most:
        faults.invalid(name, f"must have 1 to {most} entries")
    else:
        for position, entry in enumerate(entries):
            at = f"{name}[{position}]"
            if isinstance(entry, dict):
                yield at, entry
            else:
                faults.misformed(at, entry)


def _number(
    body: Mapping[str, Any], name: str, within: str, faults: Faults, most: int = _MAX_ID
) -> int | None:
    value, at = body.get(name), f"{within}.{name}" if within else name
    if value is None:
        faults.missing(at)
    elif isinstance(value, bool) or not isinstance(value, int):
        faults.misformed(at, value)
    elif not 1 <= value <= most:
        faults.invalid(at, "must be greater than 0" if value < 1 else f"must be {most} or less")
    else:
        return value
    return None


def _check_email(value: object, faults: Faults) -> None:
    if value is None:
        faults.missing("email")
        return
    try:
        if not isinstance(value, str) or len(value) > 254 or _FORBIDDEN.search(value):
            raise ValidationError("")
        EmailValidator()(value)
    except ValidationError:
        faults.misformed("email", value)


def _shown(text: str) -> str:
    """Return the beginning of what was sent, as an answer can carry it."""
    return text[:_MAX_SHOWN].encode("utf-8", "backslashreplace").decode()

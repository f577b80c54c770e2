"""An order as it is sent: read as far as it can be, with every fault of its shape."""

from __future__ import annotations

import dataclasses
import re
import uuid
from collections.abc import Mapping
from typing import Any, cast

from rest_framework import serializers

from channel_manager.lib.errors import Fault
from channel_manager.lib.strict_fields import (
    EmailAddressField,
    IdentifierField,
    TextField,
    json_type,
)

# More than any cart has; a ticket may be in one 20 times (contract section 4).
MOST_TICKETS = 200
_LONGEST_NAME = 255
_LOCALE = re.compile(r"[a-z]{2,3}_[A-Z]{2}")
_CURRENCY = re.compile(r"[A-Z]{3}")


class _LocaleField(TextField):
    def to_internal_value(self, data: Any) -> str:
        text = super().to_internal_value(data)
        if not _LOCALE.fullmatch(text):
            raise serializers.ValidationError(
                "Must be a language and a country, such as nl_NL.", code="invalid_locale"
            )
        return text


class _CurrencyField(TextField):
    def to_internal_value(self, data: Any) -> str:
        text = super().to_internal_value(data)
        if not _CURRENCY.fullmatch(text):
            raise serializers.ValidationError(
                "Must be an ISO 4217 code, such as EUR.", code="invalid_currency"
            )
        return text


_RECEIVER: Mapping[str, serializers.Field[Any, Any, Any, Any]] = {
    "locale": _LocaleField(),
    "email": EmailAddressField(),
    "firstname": TextField(max_length=_LONGEST_NAME),
    "lastname": TextField(max_length=_LONGEST_NAME),
}
_GUID = IdentifierField()


@dataclasses.dataclass(frozen=True, kw_only=True)
class Receiver:
    """Who gets the tickets; locale: such as nl_NL."""

    locale: str
    email: str
    firstname: str
    lastname: str


@dataclasses.dataclass(frozen=True, kw_only=True)
class TicketLine:
    """One reserved ticket of an order; children: its products, as GUID and reservation each.

    at: its JSON pointer.
    """

    at: str
    guid: uuid.UUID
    reservation: uuid.UUID
    children: tuple[tuple[uuid.UUID, uuid.UUID], ...]


@dataclasses.dataclass(frozen=True, kw_only=True)
class OrderSent:
    """What could be read of an order: what is missing or None has a fault in `faults`."""

    receiver: Receiver | None
    payment_provider: uuid.UUID | None
    currency: str | None
    tickets: tuple[TicketLine, ...]
    faults: tuple[Fault, ...]


def read_order(data: Any) -> OrderSent:
    """Read the body of an order; members that nobody knows are left alone."""
    reader = _Reader()
    whole = reader.as_object(data, "")
    receiver = {
        name: reader.read(reader.child(whole, "receiver", "/receiver"), name, "/receiver", field)
        for name, field in _RECEIVER.items()
    }
    provider = reader.read(whole, "paymentProvider", "", _GUID)
    currency = reader.read(whole, "currency", "", _CurrencyField())
    tickets = [
        reader.ticket(entry, f"/tickets/{index}")
        for index, entry in enumerate(reader.entries(whole, "tickets", "", MOST_TICKETS))
    ]
    return OrderSent(
        receiver=None
        if None in receiver.values()
        else Receiver(**cast("dict[str, str]", receiver)),
        payment_provider=provider,
        currency=currency,
        tickets=tuple(ticket for ticket in tickets if ticket is not None),
        faults=tuple(reader.faults),
    )


class _Reader:
    """Takes an object apart; what is wrong with it is kept, each fault once."""

    def __init__(self) -> None:
        self.faults: list[Fault] = []
        self._told: set[str] = set()

    def ticket(self, data: Any, at: str) -> TicketLine | None:
        entry = self.as_object(data, at)
        guid = self.read(entry, "guid", at, _GUID)
        reservation = self.read(entry, "reservation", at, _GUID)
        children = []
        for index, product in enumerate(self.entries(entry, "products", at, MOST_TICKETS)):
            inner = self.as_object(product, f"{at}/products/{index}")
            pair = [
                self.read(inner, name, f"{at}/products/{index}", _GUID)
                for name in ("guid", "reservation")
            ]
            children.append((pair[0], pair[1]))
        if any(fault.pointer.startswith(f"{at}/") or fault.pointer == at for fault in self.faults):
            return None
        return TicketLine(at=at, guid=guid, reservation=reservation, children=tuple(children))

    def as_object(self, data: Any, at: str) -> Mapping[str, Any] | None:
        if isinstance(data, Mapping):
            return data
        self._add(at, "invalid_type", f"Must be a JSON object, not {json_type(data)}.")
        return None

    def child(
        self, holder: Mapping[str, Any] | None, name: str, at: str
    ) -> Mapping[str, Any] | None:
        if holder is None:
            return None
        if name not in holder:
            self._add(at, "required", "This member is required.")
            return None
        return self.as_object(holder[name], at)

    def entries(self, holder: Mapping[str, Any] | None, name: str, at: str, most: int) -> list[Any]:
        if holder is None:
            return []
        data, here = holder.get(name), f"{at}/{name}"
        if name not in holder:
            self._add(here, "required", "This member is required.")
        elif not isinstance(data, list):
            self._add(here, "invalid_type", f"Must be an array, not {json_type(data)}.")
        elif not data:
            self._add(here, "min_length", "Must have 1 or more entries.")
        elif len(data) > most:
            self._add(here, "max_length", f"Must have {most} or fewer entries.")
        else:
            return data
        return []

    def read(
        self,
        holder: Mapping[str, Any] | None,
        name: str,
        at: str,
        field: serializers.Field[Any, Any, Any, Any],
    ) -> Any:
        if holder is None:
            return None
        if name not in holder:
            self._add(f"{at}/{name}", "required", "This member is required.")
            return None
        try:
            return field.run_validation(holder[name])
        except serializers.ValidationError as error:
            for detail in cast("list[Any]", error.detail):
                self._add(f"{at}/{name}", getattr(detail, "code", "invalid"), str(detail))
            return None

    def _add(self, pointer: str, code: str, detail: str) -> None:
        if pointer not in self._told:
            self._told.add(pointer)
            self.faults.append(Fault(pointer, code, f"{pointer or 'The body'}: {detail}"))

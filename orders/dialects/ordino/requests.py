"""Reading what is sent: known members are checked, all faults at once; unknown ones are ignored.

Contract section 4. Faults stand under the members' names with a capital first letter.
"""

from __future__ import annotations

import datetime
import re
from collections import defaultdict
from collections.abc import Mapping
from typing import Any

from catalog.expansion import Redemption
from channel_manager.lib.strict_fields import MAX_FAULTS
from orders.dialects.ordino.errors import InvalidFields
from orders.guest_orders import GuestOrderRequest
from orders.planning import MAX_LINES
from orders.requests import LineRequest

_MOST = 1000
_LONGEST = 256
MAX_KEYS = 100
_FORBIDDEN = re.compile("[\x00-\x1f\x7f-\x9f\ud800-\udfff]")
# ISO 8601, with the offset that makes it a moment.
_MOMENT = re.compile(
    r"\d{4}-\d{2}-\d{2}[Tt]\d{2}:\d{2}(:\d{2}([.,]\d{1,9})?)?([Zz]|[+-]\d{2}:?\d{2})", re.ASCII
)
_TYPES = ("parallel", "premium", "time_bank", "reverse")


class Body:
    """An object that was sent, and where it stands; reads members and collects what is wrong."""

    def __init__(self, value: Any, faults: dict[str, list[str]], at: str = "") -> None:
        self.faults = faults
        self._at = at
        self._members: Mapping[str, Any] = value if isinstance(value, dict) else {}
        if not isinstance(value, dict):
            self.faults[at.rstrip(".") or "$"].append("A JSON object is expected.")

    def refuse(self, name: str, message: str) -> None:
        """Note what is wrong with a member."""
        if len(self.faults) < MAX_FAULTS:
            self.faults[f"{self._at}{_capital(name)}"].append(message)

    def text(
        self, name: str, *, longest: int | None = _LONGEST, needed: bool = False
    ) -> str | None:
        """Return a string of 1 to so many characters, None where it was not sent."""
        value, field = self._members.get(name), _capital(name)
        if needed and (value is None or (isinstance(value, str) and not value.strip())):
            self.refuse(name, f"The {field} field is required.")
        elif value is None:
            return None
        elif not isinstance(value, str):
            self.refuse(name, f"The field {field} must be a string.")
        elif longest is not None and not 1 <= len(value) <= longest:
            self.refuse(
                name,
                f"The field {field} must be a string with a minimum length of 1 and a maximum "
                f"length of {longest}.",
            )
        elif _FORBIDDEN.search(value):
            self.refuse(name, f"The field {field} must not contain control characters.")
        else:
            return value
        return None

    def count(self, name: str) -> int | None:
        """Return a whole number from 1 to 1000, None where it was not sent."""
        value, field = self._members.get(name), _capital(name)
        if value is None:
            return None
        if isinstance(value, bool) or not isinstance(value, int):
            self.refuse(name, f"The field {field} must be an integer.")
        elif not 1 <= value <= _MOST:
            self.refuse(name, f"The field {field} must be between 1 and {_MOST}.")
        else:
            return value
        return None

    def number(self, name: str) -> float | None:
        """Return a number, None where it was not sent."""
        value = self._members.get(name)
        if value is None:
            return None
        if isinstance(value, bool) or not isinstance(value, int | float):
            self.refuse(name, f"The field {_capital(name)} must be a number.")
            return None
        return float(value)

    def moment(self, name: str) -> datetime.datetime | None:
        """Return a date-time with its offset, None where it was not sent."""
        value = self._members.get(name)
        if value is None:
            return None
        if isinstance(value, str) and _MOMENT.fullmatch(value):
            try:
                read = datetime.datetime.fromisoformat(value.upper().replace(",", "."))
                return read.astimezone(datetime.UTC)
            except (ValueError, OverflowError):
                pass
        field = _capital(name)
        self.refuse(name, f"The field {field} must be an ISO 8601 date-time with an offset.")
        return None

    def entries(self, name: str, *, at_least: str, most: int) -> list[Any]:
        """Return the entries of an array that must have one; at_least: what is said without."""
        value = self._members.get(name)
        if value is None or value == []:
            self.refuse(name, at_least)
        elif not isinstance(value, list):
            self.refuse(name, f"The field {_capital(name)} must be an array.")
        elif len(value) > most:
            self.refuse(name, f"At most {most} are taken at once.")
        else:
            return value
        return []

    def inner(self, name: str) -> Body:
        """Return the object of a member; an empty one where it was not sent."""
        value = self._members.get(name)
        return Body({} if value is None else value, self.faults, f"{self._at}{_capital(name)}.")

    def has(self, name: str) -> bool:
        """Tell whether a member was sent."""
        return self._members.get(name) is not None


def read_order(data: Any) -> GuestOrderRequest:
    """Return the order in a body; raises InvalidFields with all its faults."""
    faults: dict[str, list[str]] = defaultdict(list)
    body = Body(data, faults)
    if "$" in faults:
        raise InvalidFields(faults)
    guest = body.text("guest_email", needed=True)
    redemption = _read_redemption(body)
    packages = body.entries(
        "packages", at_least="At least one package is required.", most=MAX_LINES
    )
    lines = []
    for position, entry in enumerate(packages):
        line = Body(entry, faults, f"Packages[{position}].")
        if not isinstance(entry, dict):
            continue
        number, quantity = (
            line.text("package_id", needed=True, longest=None),
            line.count("quantity"),
        )
        if number is not None:
            lines.append(
                LineRequest(item_number=number, quantity=quantity or 1, redemption=redemption)
            )
    metadata = body.inner("metadata")
    order_id, reference = metadata.text("order_id"), metadata.text("reference", longest=None)
    told = {
        "order_id": order_id,
        "reference": reference,
        "source": metadata.text("source", longest=None),
        "total_amount": metadata.number("total_amount"),
    }
    if faults or guest is None:
        raise InvalidFields(faults)
    return GuestOrderRequest(
        guest=guest,
        lines=tuple(lines),
        canonical=[
            guest,
            [[line.item_number, line.quantity] for line in lines],
            redemption.since and redemption.since.isoformat(),
            redemption.until and redemption.until.isoformat(),
            redemption.times,
            told,
        ],
        external_id=order_id,
        payment_reference=(reference or "").strip() or None,
    )


def _read_redemption(body: Body) -> Redemption:
    since, until = body.moment("redeemable_from"), body.moment("redeemable_until")
    if since is not None and until is not None and since > until:
        body.refuse(
            "redeemable_until", "The field Redeemable_until must not be before Redeemable_from."
        )
    return Redemption(since=since, until=until, times=body.count("max_redemptions"))


class ReserveRequest:
    """What a guest wants to reserve: a queue, with keys of sessions or entitlements."""

    def __init__(self, data: Any) -> None:
        """Read a body; raises InvalidFields with all its faults."""
        faults: dict[str, list[str]] = defaultdict(list)
        body = Body(data, faults)
        if "$" in faults:
            raise InvalidFields(faults)
        self.queue = body.text("queue_id", needed=True) or ""
        name = "session_keys"
        if not body.has(name) and body.has("entitlement_ids"):
            name = "entitlement_ids"
        at_least = f"The {_capital(name)} field is required."
        self.keys: list[str] = []
        for position, key in enumerate(body.entries(name, at_least=at_least, most=MAX_KEYS)):
            if isinstance(key, str) and key.strip() and not _FORBIDDEN.search(key):
                self.keys.append(key)
            else:
                body.refuse(f"{name}[{position}]", "A key is expected: a string.")
        self.type = body.text("reservation_type") or _TYPES[0]
        if self.type not in _TYPES:
            body.refuse("reservation_type", f"It must be one of {', '.join(_TYPES)}.")
        if faults:
            raise InvalidFields(faults)


class CompleteRequest:
    """What a ride has scanned: the token of a reservation, and at which queue."""

    def __init__(self, data: Any) -> None:
        """Read a body; raises InvalidFields with all its faults."""
        faults: dict[str, list[str]] = defaultdict(list)
        body = Body(data, faults)
        if "$" in faults:
            raise InvalidFields(faults)
        self.reservation_id = body.text("reservation_id")
        self.token = body.text(
            "token", longest=None, needed=self.reservation_id is None and not faults
        )
        self.queue = body.text("queue_id")
        if faults:
            raise InvalidFields(faults)


def _capital(name: str) -> str:
    return name[:1].upper() + name[1:]

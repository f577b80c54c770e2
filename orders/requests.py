"""What a partner asks for, parsed: the shape every dialect hands to the intake."""

from __future__ import annotations

import dataclasses
import datetime
import uuid
from collections.abc import Iterator
from decimal import Decimal

from catalog.expansion import Redemption


@dataclasses.dataclass(frozen=True, kw_only=True)
class ScheduleRequest:
    """When one component of a package is to be visited (venue's local date and time)."""

    item_number: str
    visit_date: datetime.date | None = None
    visit_time: datetime.time | None = None
    seats: tuple[str, ...] | None = None


@dataclasses.dataclass(frozen=True, kw_only=True)
class LineRequest:
    """One line; a list that was not sent is None, an empty one is a list.

    `hold_id` names a hold whose places the order takes over, `seats` numbered seats by label.
    `agreed_price` is what the guest was told a unit costs, VAT included, in the venue's currency;
    None: what it costs now. `redemption` narrows when, and says how often, its tickets admit.
    """

    item_number: str
    quantity: int = 1
    visit_date: datetime.date | None = None
    visit_time: datetime.time | None = None
    sell_to_email: str | None = None
    sell_to_name: str | None = None
    sell_to_language: str | None = None
    names: tuple[str, ...] | None = None
    external_reference_numbers: tuple[str, ...] | None = None
    component_schedule: tuple[ScheduleRequest, ...] | None = None
    seats: tuple[str, ...] | None = None
    hold_id: uuid.UUID | None = None
    agreed_price: Decimal | None = None
    redemption: Redemption | None = None

    def asked(self) -> Iterator[tuple[str, datetime.date | None]]:
        """Return the item number with each day that it is to be visited on."""
        yield self.item_number, self.visit_date
        for entry in self.component_schedule or ():
            if entry.visit_date is not None:
                yield self.item_number, entry.visit_date

    def named_seats(self) -> Iterator[str]:
        """Return the labels of all seats that it names."""
        yield from self.seats or ()
        for entry in self.component_schedule or ():
            yield from entry.seats or ()


@dataclasses.dataclass(frozen=True, kw_only=True)
class OrderRequest:
    """One order; lines carry what they inherited from the header (contract section 3)."""

    sell_to_order_reference: str
    lines: tuple[LineRequest, ...]
    sell_to_email: str | None = None
    sell_to_name: str | None = None
    sell_to_language: str | None = None
    payment_reference: str | None = None

    @property
    def guest_numbers(self) -> list[str]:
        """Return the external reference numbers of all lines."""
        return [number for line in self.lines for number in line.external_reference_numbers or ()]

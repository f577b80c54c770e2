"""From a line of an order to the wallets and assets it will become. Pure."""

from __future__ import annotations

import dataclasses
import datetime
import uuid
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from catalog.models import Component, Package, Seat
from catalog.visits import Visit


@dataclasses.dataclass(frozen=True)
class PlannedSeat:
    """A numbered seat of a session."""

    id: int
    label: str


@dataclasses.dataclass(frozen=True)
class PlannedComponent:
    """What one component puts into each wallet of a line: `units` assets of `admissions` each.

    Each of its guests may come `redemptions` times. is_outside: an outside system issues it.
    `session_id` is the session whose places it takes; `seats` are its numbered ones, for all
    wallets of the line: wallet by wallet, unit by unit, admission by admission; None where a wallet
    was cancelled and gave its seats back.
    """

    component_id: uuid.UUID
    item_id: uuid.UUID
    item_number: str
    type: str
    description: str
    units: int
    admissions: int
    visit_date: datetime.date | None
    visit_time: datetime.time | None
    valid_from: datetime.datetime
    valid_until: datetime.datetime
    session_id: uuid.UUID | None = None
    seats: tuple[PlannedSeat | None, ...] = ()
    redemptions: int = 1
    is_outside: bool = False

    def places(self, wallets: int) -> int:
        """Return how many places it takes in its session for so many wallets."""
        return wallets * self.units * self.admissions

    def seats_of(self, wallet: int, unit: int) -> str:
        """Return the seats of one asset in words; wallet and unit count from 1."""
        first = ((wallet - 1) * self.units + unit - 1) * self.admissions
        own = self.seats[first : first + self.admissions]
        return ", ".join(seat.label for seat in own if seat)

    @property
    def taken_seats(self) -> list[PlannedSeat]:
        """Return the seats of the wallets that were not cancelled."""
        return [seat for seat in self.seats if seat]

    def slots(self, wallets: Iterable[int]) -> list[int]:
        """Return where the seats of these wallets stand among `seats`; wallets count from 1."""
        each = self.places(1)
        return [slot for number in wallets for slot in range((number - 1) * each, number * each)]

    def without_seats_of(self, wallets: Iterable[int]) -> PlannedComponent:
        """Return the component with the seats of these wallets given up."""
        gone = set(self.slots(wallets))
        kept = (None if slot in gone else seat for slot, seat in enumerate(self.seats))
        return dataclasses.replace(self, seats=tuple(kept))


@dataclasses.dataclass(frozen=True, kw_only=True)
class Redemption:
    """When, and how often, what is sold may be redeemed, within what its package allows.

    Aware moments, `until` excluded; None: as the package says.
    """

    since: datetime.datetime | None = None
    until: datetime.datetime | None = None
    times: int | None = None

    def narrow(self, planned: PlannedComponent) -> PlannedComponent:
        """Return a component within these limits; raises NeverRedeemable where no moment is left."""
        valid_from = max(filter(None, (planned.valid_from, self.since)))
        valid_until = min(filter(None, (planned.valid_until, self.until)))
        if self != _UNLIMITED and valid_from >= valid_until:
            raise NeverRedeemable
        return dataclasses.replace(
            planned,
            valid_from=valid_from,
            valid_until=valid_until,
            redemptions=self.times or 1,
        )


_UNLIMITED = Redemption()


class NeverRedeemable(Exception):
    """What is sold could not be redeemed at any moment."""


@dataclasses.dataclass(frozen=True)
class Expansion:
    """How many wallets a line becomes, and what goes into each."""

    wallet_count: int
    components: tuple[PlannedComponent, ...]

    @property
    def asset_count(self) -> int:
        """Return how many assets all wallets of the line get together."""
        return self.wallet_count * sum(component.units for component in self.components)


def wallet_count(package: Package, quantity: int) -> int:
    """Return how many wallets a line issues: one for a group, else one per package."""
    return 1 if package.is_group else quantity


def expand(
    *,
    package: Package,
    components: Sequence[Component],
    quantity: int,
    visit: Visit,
    component_visits: Mapping[str, Visit],
    component_seats: Mapping[str, Sequence[Seat]] | None = None,
    redemption: Redemption | None = None,
) -> Expansion:
    """Return what a line becomes (contract section 6).

    Individual packages: one wallet each, one asset per component unit. A group package: one wallet
    with one ticket worth the whole quantity. `component_visits` and `component_seats` are by item
    number; a component that is not named there follows the line's visit. Raises NeverRedeemable.
    """
    planned = []
    for component in components:
        item = component.item
        at = component_visits.get(item.number, visit)
        planned.append(
            PlannedComponent(
                component_id=component.pk,
                item_id=item.pk,
                item_number=item.number,
                type=item.type,
                description=item.description,
                units=1 if package.is_group else component.quantity,
                admissions=quantity * component.quantity if package.is_group else 1,
                visit_date=at.date,
                visit_time=at.time,
                valid_from=at.valid_from,
                valid_until=at.valid_until,
                session_id=at.session.pk if at.session else None,
                seats=tuple(
                    PlannedSeat(seat.pk, seat.label)
                    for seat in (component_seats or {}).get(item.number, ())
                ),
                is_outside=component.is_outside,
            )
        )
    limits = redemption or _UNLIMITED
    return Expansion(
        wallet_count(package, quantity), tuple(limits.narrow(component) for component in planned)
    )


def to_json(component: PlannedComponent) -> dict[str, Any]:
    """Return a planned component as JSON, the way a line keeps it."""
    return {
        "componentId": str(component.component_id),
        "itemId": str(component.item_id),
        "itemNumber": component.item_number,
        "type": component.type,
        "description": component.description,
        "units": component.units,
        "admissions": component.admissions,
        "visitDate": component.visit_date and component.visit_date.isoformat(),
        "visitTime": component.visit_time and component.visit_time.isoformat(),
        "validFrom": component.valid_from.isoformat(),
        "validUntil": component.valid_until.isoformat(),
        "sessionId": component.session_id and str(component.session_id),
        "seats": [seat and dataclasses.asdict(seat) for seat in component.seats],
        "redemptions": component.redemptions,
        **({"isOutside": True} if component.is_outside else {}),
    }


def from_json(kept: Mapping[str, Any]) -> PlannedComponent:
    """Return the planned component that `to_json` wrote.

    Lines from before there were sessions have none, older ones are redeemed once.
    """
    session_id = kept.get("sessionId")
    return PlannedComponent(
        component_id=uuid.UUID(kept["componentId"]),
        item_id=uuid.UUID(kept["itemId"]),
        item_number=kept["itemNumber"],
        type=kept["type"],
        description=kept["description"],
        units=kept["units"],
        admissions=kept["admissions"],
        visit_date=kept["visitDate"] and datetime.date.fromisoformat(kept["visitDate"]),
        visit_time=kept["visitTime"] and datetime.time.fromisoformat(kept["visitTime"]),
        valid_from=datetime.datetime.fromisoformat(kept["validFrom"]),
        valid_until=datetime.datetime.fromisoformat(kept["validUntil"]),
        session_id=uuid.UUID(session_id) if session_id else None,
        seats=tuple(seat and PlannedSeat(**seat) for seat in kept.get("seats", ())),
        redemptions=kept.get("redemptions", 1),
        is_outside=kept.get("isOutside", False),
    )

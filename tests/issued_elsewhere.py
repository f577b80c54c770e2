"""What tests need of other systems that issue for a venue: their rows, and one that does as told."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from catalog.models import Component, ComponentSource, Connection, Session
from orders.models import OrderLine
from partners.models import Venue
from tests.orders.expected import NOON
from wallets.connectors.base import (
    BadSignature,
    Capabilities,
    Catalogue,
    OutsideTicketData,
    PlacesThere,
    PushedNotice,
    Standing,
    Wish,
)
from wallets.connectors.desk import Desk
from wallets.models import Asset, OutsideOrder, OutsideTicket


def connection_of(venue: Venue, system: str = "onebox", **settings: Any) -> Connection:
    """Return the venue's connection to a system, made when there is none."""
    return Connection.objects.get_or_create(
        venue=venue,
        system=system,
        name=f"The {system}",
        defaults={"base_url": "https://tickets.example", **settings},
    )[0]


def source_of(
    component: Component, session: Session | None = None, **values: Any
) -> ComponentSource:
    """Have a component issued elsewhere; its outside session is 77, its item 5."""
    connection = values.pop("connection", None) or connection_of(component.package.venue)
    told = {"outside_session": "77", "outside_item": "5", **values}
    return ComponentSource.objects.create(
        component=component, connection=connection, session=session, **told
    )


def issue_elsewhere(
    asset: Asset,
    *numbers: str,
    system: str = "onebox",
    urls: Sequence[str] = (),
    tickets_url: str = "",
    status: str = "Valid",
    order_status: str = "Made",
) -> OutsideOrder:
    """Let an asset be what another system issued, with a ticket there for each of the numbers.

    One number, and it is the asset's own; "" for one that is not told.
    """
    order = asset.wallet.order
    row, _ = OutsideOrder.objects.get_or_create(
        connection=connection_of(asset.venue, system),
        order_key=order.pk,
        defaults={
            "order": order,
            "buy_from_order_reference": order.buy_from_order_reference,
            "reference": order.buy_from_order_reference,
            "outside_reference": "THERE-1",
            "tickets_url": tickets_url,
            "status": order_status,
            "status_since": NOON,
            "created_at": NOON,
        },
    )
    position = row.tickets.count()
    for index, number in enumerate(numbers):
        OutsideTicket.objects.create(
            outside_order=row,
            position=position + index + 1,
            asset=asset,
            wallet_key=asset.wallet_id,
            component_key=asset.component_id,
            unit=asset.unit,
            number=number,
            url=urls[index] if index < len(urls) else "",
            status=status,
            status_since=NOON,
        )
    if len(numbers) == 1 and numbers[0]:
        asset.reference_number = numbers[0]
        asset.save(update_fields=["reference_number"])
    for line in OrderLine.objects.filter(order=order):
        for entry in line.plan:
            if entry["componentId"] == str(asset.component_id):
                entry["isOutside"] = True
        line.save(update_fields=["plan"])
    return row


class ScriptedConnector:
    """A system that does as it is told: `places` by outside session, or a fault; `asked` is a log."""

    capabilities = Capabilities(
        hold=True,
        availability=True,
        cancel=True,
        refund=True,
        read_back=True,
        push=False,
        catalogue=True,
    )
    credentials: Sequence[str] = ()
    optional_credentials: Sequence[str] = ()

    def __init__(self) -> None:
        self.asked: list[tuple[str, str]] = []
        self.places: dict[str, Sequence[PlacesThere]] = {}
        self.fault: Exception | None = None
        self.while_asked: Callable[[], None] = lambda: None

    def faults_of(self, connection: Connection) -> Mapping[str, str]:
        return {}

    def check(self, connection: Connection) -> str:
        return "It answers."

    def prepare(self, desk: Desk, wish: Wish) -> None:
        """Hold nothing."""

    def commit(self, desk: Desk, wish: Wish) -> Standing:
        numbers = iter(range(1, 1000))
        tickets = [
            OutsideTicketData(
                outside_session=unit.outside_session,
                outside_item=unit.outside_item,
                number=f"{wish.reference}/{next(numbers)}",
            )
            for unit in wish.units
            for _ in range(unit.count)
        ]
        return Standing(exists=True, outside_reference="THERE-1", tickets=tickets)

    def read_back(self, desk: Desk) -> Standing:
        return Standing(exists=None)

    def can_change(self, outside_order: OutsideOrder) -> bool:
        return self.capabilities.read_back

    def cancel(self, desk: Desk, tickets: Sequence[OutsideTicketData]) -> None:
        """Cancel at once."""

    def list_catalogue(self, connection: Connection) -> Catalogue:
        return Catalogue()

    def ask_places(self, connection: Connection, outside_session: str) -> Sequence[PlacesThere]:
        self.asked.append((connection.name, outside_session))
        self.while_asked()
        if self.fault is not None:
            raise self.fault
        return self.places.get(outside_session, ())

    def read_push(
        self, connection: Connection, headers: Mapping[str, str], body: bytes
    ) -> PushedNotice:
        raise BadSignature

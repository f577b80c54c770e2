"""What an order is to have issued elsewhere: its units, by the connection that issues them."""

from __future__ import annotations

import dataclasses
import uuid
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence

from django.db.models import Q

from catalog import expansion
from catalog.expansion import PlannedComponent
from catalog.models import ComponentSource, Connection
from orders.models import Order, OrderLine
from wallets.connectors.base import AssetKey, Buyer, Cause, ConnectorError, Unit, Wish
from wallets.models import Wallet

_NOBODY = "Guest"
_LONGEST_NAME = 100


@dataclasses.dataclass(frozen=True, kw_only=True)
class Part:
    """The units of an order that one connection issues."""

    connection: Connection
    units: Sequence[Unit]
    line_ids: frozenset[uuid.UUID | None]


class NotIssuable(ConnectorError):
    """Something must be mended at a connection or an outside id before anything is asked."""

    def __init__(self, cause: Cause, detail: str, about: object) -> None:
        super().__init__(cause, detail, permanent=True)
        self.about = about


def is_concerned(order: Order, lines: Iterable[OrderLine]) -> bool:
    """Tell whether outside systems issue some of an order; they are never asked about a test."""
    return not order.test_mode and any(
        entry.get("isOutside") for line in lines if line.units_left for entry in line.plan
    )


def read_parts(lines: Sequence[OrderLine], shells: Iterable[Wallet]) -> list[Part]:
    """Return what each connection is to issue, by the outside ids as they are now; one statement.

    Raises NotIssuable for a component that has none.
    """
    wallets = list(shells)
    wanted = list(wanted_elsewhere(lines, wallets))
    sources = _read_sources(component for _key, component in wanted)
    units: dict[uuid.UUID, list[Unit]] = defaultdict(list)
    connections: dict[uuid.UUID, Connection] = {}
    for key, component in wanted:
        source = _source_of(sources, component)
        connections[source.connection_id] = source.connection
        units[source.connection_id].append(
            Unit(
                key=key,
                outside_session=source.outside_session,
                outside_item=source.outside_item,
                count=component.admissions,
                valid_from=component.valid_from,
                valid_until=component.valid_until,
            )
        )
    lines_of = {wallet.pk: wallet.line_id for wallet in wallets}
    return [
        Part(
            connection=connections[key],
            units=units[key],
            line_ids=frozenset(lines_of[unit.key.wallet_id] for unit in units[key]),
        )
        for key in sorted(units)
    ]


def wish_of(order: Order, lines: Sequence[OrderLine], part: Part, *, reference: str) -> Wish:
    """Return what a connection is asked for; raises NotIssuable without anybody to give there."""
    email = order.sell_to_email or part.connection.buyer_email
    if not email:
        raise NotIssuable(
            Cause.MISCONFIGURED,
            "The order has no e-mail address, and the connection has none to give instead.",
            part.connection.pk,
        )
    first, _, last = (order.sell_to_name or "").strip().partition(" ")
    limits = {line.max_redemptions for line in lines if line.pk in part.line_ids}
    return Wish(
        reference=reference,
        units=part.units,
        buyer=Buyer(
            email=email,
            first_name=(first or _NOBODY)[:_LONGEST_NAME],
            last_name=(last.strip() or order.buy_from_order_reference)[:_LONGEST_NAME],
            language=order.sell_to_language or order.venue.language,
        ),
        amount=order.total_incl_vat,
        currency=order.currency,
        # The least of several: nobody may come more often than was sold.
        redemptions=min((one or 1 for one in limits), default=None) if any(limits) else None,
    )


def private_words(order: Order | None) -> list[str]:
    """Return how an order names its guest: the whole name, its parts with a capital, the address."""
    if order is None:
        return []
    name = (order.sell_to_name or "").strip()
    first, _, last = name.partition(" ")
    parts = [part for part in name.split() if part[0].isupper()]
    return list(filter(None, (order.sell_to_email, name, first, last.strip(), *parts)))


def wanted_elsewhere(
    lines: Sequence[OrderLine], shells: Iterable[Wallet]
) -> Iterator[tuple[AssetKey, PlannedComponent]]:
    """Yield the assets that others issue, in an order that never changes."""
    plans: dict[uuid.UUID | None, list[PlannedComponent]] = {
        line.pk: [expansion.from_json(entry) for entry in line.plan] for line in lines
    }
    numbers: dict[uuid.UUID | None, int] = {line.pk: line.line_no for line in lines}
    by_place = sorted(shells, key=lambda one: (numbers.get(one.line_id, 0), one.seq_no))
    for wallet in by_place:
        for component in plans.get(wallet.line_id, ()):
            if component.is_outside:
                for unit in range(1, component.units + 1):
                    yield AssetKey(wallet.pk, component.component_id, unit), component


def _read_sources(
    components: Iterable[PlannedComponent],
) -> Mapping[uuid.UUID, list[ComponentSource]]:
    wanted = list(components)
    rows = ComponentSource.objects.filter(
        Q(session=None) | Q(session__in={one.session_id for one in wanted if one.session_id}),
        component__in={one.component_id for one in wanted},
    )
    found: dict[uuid.UUID, list[ComponentSource]] = defaultdict(list)
    for row in rows.select_related("connection"):
        found[row.component_id].append(row)
    return found


def _source_of(
    sources: Mapping[uuid.UUID, list[ComponentSource]], component: PlannedComponent
) -> ComponentSource:
    """Return what a component is elsewhere: named for its session, else for any."""
    rows = sources.get(component.component_id, [])
    exact = [row for row in rows if row.session_id and row.session_id == component.session_id]
    general = [row for row in rows if row.session_id is None]
    for row in [*exact, *general]:
        return row
    raise NotIssuable(
        Cause.NO_OUTSIDE_ID,
        f"{component.item_number} has no outside id for this visit.",
        component.component_id,
    )

"""What failures have in common: a cause that is mended once, for every order that shows it.

A fingerprint names what has to change: `unmapped_item:<partner>:<item number>`, the package for one
that has nothing to issue or no price, the kind of fault for one of ours; what an outside system says no with names the connection, or the
component that has no outside id there.
"""

from __future__ import annotations

import dataclasses
import datetime
import uuid

from django.db.models import Count, Max, Min, Q

from channel_manager.lib.strict_fields import is_uuid
from orders.models import FailureCode, Order, OrderLine, OrderStatus
from orders.models.line import UNRESOLVED_CAUSES
from wallets.connectors.base import Cause as OutsideCause

# What outside systems say no with; it says of which connection, or of which component.
OUTSIDE_CAUSES = frozenset(FailureCode(cause.value) for cause in OutsideCause)


@dataclasses.dataclass(frozen=True, kw_only=True)
class CauseGroup:
    """The live orders that stand in Error for one cause.

    first_at and last_at: when the first and the last of them failed; at_risk: how many are for a
    visit from today on, next_visit: the earliest of these days; newest: one to look at.
    """

    failure_code: str
    fingerprint: str
    orders: int
    first_at: datetime.datetime
    last_at: datetime.datetime
    at_risk: int
    next_visit: datetime.date | None


def fingerprint_of(order: Order, failure_code: str, line: OrderLine | None = None) -> str:
    """Return what an order's failure has in common with others of its cause.

    line: the first that cannot be issued, when that is the cause.
    """
    if line is None:
        return failure_code
    if failure_code == FailureCode.UNMAPPED_ITEM or line.package_id is None:
        return _about_number(failure_code, order.partner_id, line.item_number)
    return f"{failure_code}:{line.package_id}"


def unmapped_fingerprint(partner_id: uuid.UUID, item_number: str) -> str:
    """Return what orders have in common that fail for an item number nobody has mapped."""
    return _about_number(FailureCode.UNMAPPED_ITEM, partner_id, item_number)


def read_groups(*, today: datetime.date) -> list[CauseGroup]:
    """Return the causes of live orders in Error, the most urgent first: one statement.

    Urgent is the earliest visit from today on, then the number of orders.
    """
    coming = Q(visit_date__gte=today)
    rows = (
        Order.objects.live()
        .filter(status=OrderStatus.ERROR)
        .order_by()
        .values("failure_code", "failure_fingerprint")
        .annotate(
            orders=Count("pk"),
            first_at=Min("status_since"),
            last_at=Max("status_since"),
            at_risk=Count("pk", coming),
            next_visit=Min("visit_date", filter=coming),
        )
    )
    groups = [
        CauseGroup(
            failure_code=row["failure_code"],
            fingerprint=row["failure_fingerprint"],
            orders=row["orders"],
            first_at=row["first_at"],
            last_at=row["last_at"],
            at_risk=row["at_risk"],
            next_visit=row["next_visit"],
        )
        for row in rows
    ]
    return sorted(groups, key=_urgency)


@dataclasses.dataclass(frozen=True)
class Parts:
    """What a fingerprint names: a partner and its item number, a package, or nothing.

    Of what outside systems said no with: the connection, or the component without an outside id.
    """

    partner_id: uuid.UUID | None = None
    item_number: str = ""
    package_id: uuid.UUID | None = None
    connection_id: uuid.UUID | None = None
    component_id: uuid.UUID | None = None


def parts_of(fingerprint: str) -> Parts:
    """Return what a fingerprint names; one of another making names nothing."""
    code, *parts = fingerprint.split(":", 2)
    if code in OUTSIDE_CAUSES and len(parts) == 1 and is_uuid(parts[0]):
        about = uuid.UUID(parts[0])
        if code == FailureCode.NO_OUTSIDE_ID:
            return Parts(component_id=about)
        return Parts(connection_id=about)
    if code not in UNRESOLVED_CAUSES or not parts or not is_uuid(parts[0]):
        return Parts()
    key = uuid.UUID(parts[0])
    return Parts(partner_id=key, item_number=parts[1]) if len(parts) == 2 else Parts(package_id=key)


def _about_number(failure_code: str, partner_id: uuid.UUID, item_number: str) -> str:
    return f"{failure_code}:{partner_id}:{item_number}"


def _urgency(group: CauseGroup) -> tuple[datetime.date, int, str]:
    return (group.next_visit or datetime.date.max, -group.orders, group.fingerprint)

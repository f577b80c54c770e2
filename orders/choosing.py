"""The orders that somebody chose for a batch: which an action would do something with, and why not."""

from __future__ import annotations

import dataclasses
import datetime
import uuid
from collections import Counter, defaultdict
from collections.abc import Collection, Mapping, Sequence
from decimal import Decimal

from django.db.models import Prefetch

from channel_manager.lib.errors import ErrorCode, Refusal
from orders.models import BatchAction, Order, OrderLine, OrderStatus
from orders.moving import visit_dates
from orders.outside import refusing
from orders.outside.uncertain import read_unsettled
from partners.models import Venue
from wallets.models import Asset, AssetStatus

MOST_ORDERS = 1_000
# Why an order is left out, beside its status.
ENTERED = "entered"
NO_VISIT = "no visit"
ELSEWHERE = "issued elsewhere"
_SETTLED = (OrderStatus.ISSUED, OrderStatus.DRAFT, OrderStatus.ERROR)
# As the buttons of one order have it.
STATUSES: Mapping[BatchAction, Collection[OrderStatus]] = {
    BatchAction.REPLAY: (OrderStatus.ERROR,),
    BatchAction.CONFIRM: (OrderStatus.DRAFT,),
    BatchAction.MOVE: _SETTLED,
    BatchAction.CANCEL: _SETTLED,
}


class TooManyOrders(Refusal):
    """More orders were chosen than are worked off at once."""

    code = ErrorCode.INVALID_REQUEST


@dataclasses.dataclass(frozen=True)
class Seen:
    """An order as somebody saw it: when it had been changed last."""

    order_id: uuid.UUID
    updated_at: datetime.datetime


@dataclasses.dataclass(frozen=True, kw_only=True)
class Choice:
    """Chosen orders, told apart by whether an action would do something with them.

    acted: those it would; changed: those that were changed since somebody saw them, which are left
    alone when their turn comes; left_out: by reason, a status or one of ours. days: how many of the
    acted ones are visited on which day, read where they are to be moved. unsettled: how many of the
    acted ones no replay can issue before somebody says what was made elsewhere.
    """

    action: BatchAction
    acted: Sequence[Order]
    changed: Sequence[tuple[Order, Seen]]
    left_out: Mapping[str, Sequence[Order]]
    days: Mapping[datetime.date, int]
    unsettled: int = 0

    @property
    def rows(self) -> list[tuple[uuid.UUID, str, datetime.datetime]]:
        """Return the orders to list: id, document number, and when somebody saw it changed last."""
        rows = [(order, order.updated_at) for order in self.acted]
        rows += [(order, seen.updated_at) for order, seen in self.changed]
        return [(order.pk, order.buy_from_order_reference, at) for order, at in rows]

    @property
    def venues(self) -> list[Venue]:
        """Return the venues of the acted orders."""
        return list({order.venue_id: order.venue for order in self.acted}.values())

    @property
    def guests(self) -> int:
        """Return how many guests the acted orders are for; one with two lines counts twice."""
        return sum(_guests(line) for order in self.acted for line in order.lines.all())

    @property
    def tests(self) -> int:
        """Return how many of the acted orders are tests, which the ledger does not know."""
        return sum(order.test_mode for order in self.acted)

    def count(self, *statuses: OrderStatus) -> int:
        """Return how many of the acted orders stand in these statuses."""
        return sum(order.status in statuses for order in self.acted)

    def totals(self, status: OrderStatus) -> dict[str, Decimal]:
        """Return what the acted live orders of a status come to, VAT included, by currency."""
        sums: dict[str, Decimal] = defaultdict(Decimal)
        for order in self.acted:
            if order.status == status and not order.test_mode:
                sums[order.currency] += order.total_incl_vat or 0
        return dict(sums)


def judge(
    *, seen: Sequence[Seen], action: BatchAction, from_date: datetime.date | None = None
) -> Choice:
    """Tell the chosen orders apart: four statements, however many they are.

    from_date: the day whose visits are to be moved; without one, any day counts. Orders that were
    removed are not among them. Raises TooManyOrders.
    """
    if len(seen) > MOST_ORDERS:
        raise TooManyOrders(
            f"{len(seen):,} orders are too many: at most {MOST_ORDERS:,} are worked off at once."
        )
    as_seen = {one.order_id: one for one in seen}
    orders = _read(as_seen)
    entered = _entered(as_seen) if action in (BatchAction.MOVE, BatchAction.CANCEL) else {}
    elsewhere = refusing.read_systems(as_seen) if action == BatchAction.MOVE else {}
    acted: list[Order] = []
    changed: list[tuple[Order, Seen]] = []
    left_out: dict[str, list[Order]] = defaultdict(list)
    for order in orders:
        if order.updated_at != as_seen[order.pk].updated_at:
            changed.append((order, as_seen[order.pk]))
            continue
        why = _why_not(order, action, from_date, entered.get(order.pk, set()))
        if not why and order.pk in elsewhere and _is_bound(order, from_date):
            why = ELSEWHERE
        (left_out[why] if why else acted).append(order)
    days: Counter[datetime.date] = Counter()
    if action == BatchAction.MOVE:
        days.update(day for order in acted for day in visit_dates(order))
    waiting = read_unsettled([order.pk for order in acted]) if action == BatchAction.REPLAY else {}
    return Choice(
        action=action,
        acted=acted,
        changed=changed,
        left_out=left_out,
        days=days,
        unsettled=len(waiting),
    )


def _read(keys: Collection[uuid.UUID]) -> list[Order]:
    lines = OrderLine.objects.only(
        "order", "quantity", "is_group", "cancelled", "visit_date", "component_schedule", "plan"
    ).order_by("line_no")
    orders = Order.objects.filter(pk__in=keys).select_related("venue").defer("venue__logo")
    return list(orders.order_by("received_at", "id").prefetch_related(Prefetch("lines", lines)))


def _entered(keys: Collection[uuid.UUID]) -> dict[uuid.UUID, set[datetime.date | None]]:
    """Return the days whose tickets guests have entered with, by order."""
    used = Asset.objects.filter(wallet__order__in=keys, admitted__gt=0)
    rows = used.exclude(status=AssetStatus.DESTROYED).order_by()
    found: dict[uuid.UUID, set[datetime.date | None]] = defaultdict(set)
    for key, day in rows.values_list("wallet__order", "visit_date").distinct():
        found[key].add(day)
    return found


def _why_not(
    order: Order,
    action: BatchAction,
    from_date: datetime.date | None,
    entered: Collection[datetime.date | None],
) -> str:
    """Return why an action would do nothing with an order, nothing where it would."""
    if order.status not in STATUSES[action]:
        return str(order.status)
    if action == BatchAction.CANCEL and entered:
        return ENTERED
    if action == BatchAction.MOVE:
        days = visit_dates(order)
        if not days or (from_date and from_date not in days):
            return NO_VISIT
        if from_date in entered if from_date else set(days) <= set(entered):
            return ENTERED
    return ""


def _is_bound(order: Order, from_date: datetime.date | None) -> bool:
    """Tell whether another system holds a visit of that day; without a day, every one."""
    entries = [entry for line in order.lines.all() if line.units_left for entry in line.plan]
    if from_date:
        entries = [entry for entry in entries if entry["visitDate"] == from_date.isoformat()]
        return any(entry.get("isOutside") for entry in entries)
    dated = [entry for entry in entries if entry["visitDate"]]
    return bool(dated) and all(entry.get("isOutside") for entry in dated)


def _guests(line: OrderLine) -> int:
    """Return how many guests a line is for: its ticket that admits most, as a closed day counts."""
    admitted = [
        entry["units"] * entry["admissions"] for entry in line.plan if entry["type"] == "ticket"
    ]
    return max(admitted, default=1) * len(line.wallets_left)

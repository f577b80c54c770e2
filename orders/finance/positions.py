"""Our side of a period: what the ledger has of each order in it, as positions."""

from __future__ import annotations

import dataclasses
import datetime
import uuid
import zoneinfo
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from django.db.models import Count, Q, Sum

from orders.finance.lines import OurOrder, Standing
from orders.finance.states import MatchState
from orders.models import (
    LedgerEntry,
    LedgerKind,
    Order,
    OrderLine,
    Period,
    Position,
    StatementLine,
    StatementStatus,
)

# How many keys one statement asks for.
_AT_ONCE = 5_000


@dataclasses.dataclass(frozen=True)
class OurSide:
    """A position of a period that is not saved yet, and what is matched of it."""

    row: Position
    order: OurOrder


@dataclasses.dataclass(frozen=True)
class _Facts:
    """What is known of an order beside its money."""

    ours: str
    theirs: str
    days: frozenset[datetime.date]


def in_batches(keys: Iterable[Any]) -> Iterator[list[Any]]:
    """Cut keys into pieces that one statement can ask for."""
    rest = list(keys)
    for start in range(0, len(rest), _AT_ONCE):
        yield rest[start : start + _AT_ONCE]


def read_positions(period: Period, *, names_guests: bool) -> list[OurSide]:
    """Return what the ledger has in a period: a position per order, and per adjustment without one.

    An order's adjustments count with it. names_guests: whether to read guests' names, which only
    suggestions need.
    """
    entries = LedgerEntry.objects.counting_in(period)
    rows = [*_of_orders(period), *_of_nothing(period, entries.filter(order__isnull=True))]
    keys = [row.order_id for row, _ in rows if row.order_id]
    facts, elsewhere = _facts(keys), _reported_elsewhere(period)
    names = _guests(keys) if names_guests else {}
    return [_side(row, is_over, facts, names, elsewhere) for row, is_over in rows]


def _of_orders(period: Period) -> Iterator[tuple[Position, bool]]:
    """Go through an order's sums, and whether nothing is left of it."""
    entries = LedgerEntry.objects.counting_in(period).filter(order__isnull=False)
    sums = entries.values("order_id", "currency").annotate(
        units=Sum("quantity"),
        incl=Sum("gross"),
        tax=Sum("vat"),
        cut=Sum("commission"),
        sold=Count("pk", filter=~Q(kind=LedgerKind.ADJUSTMENT)),
        adjusted=Count("pk", filter=Q(kind=LedgerKind.ADJUSTMENT)),
    )
    for one in sums.order_by("order_id").iterator():
        position = Position(
            period=period,
            order_id=one["order_id"],
            quantity=one["units"],
            gross=one["incl"],
            vat=one["tax"],
            commission=one["cut"],
            net=one["incl"] - one["cut"],
            currency=one["currency"],
            # An order of which only adjustments count is one itself; others are to be matched.
            state=MatchState.MISSING_AT_PARTNER if one["sold"] else MatchState.ADJUSTMENT,
        )
        # Free tickets come to nothing, too: what is over has no units, or was adjusted away.
        is_over = not one["units"] or bool(one["adjusted"])
        yield position, is_over and not (one["incl"] or one["incl"] - one["cut"])


def _of_nothing(period: Period, entries: Iterable[LedgerEntry]) -> Iterator[tuple[Position, bool]]:
    for entry in entries:
        position = Position(
            period=period,
            entry=entry,
            quantity=entry.quantity,
            gross=entry.gross,
            vat=entry.vat,
            commission=entry.commission,
            net=entry.net,
            currency=entry.currency,
            state=MatchState.ADJUSTMENT,
        )
        yield position, False


def _side(
    row: Position,
    is_over: bool,
    facts: Mapping[uuid.UUID, _Facts],
    names: Mapping[uuid.UUID, set[str]],
    elsewhere: Mapping[uuid.UUID, str],
) -> OurSide:
    known = facts[row.order_id] if row.order_id else _Facts("", "", frozenset())
    row.buy_from_order_reference = known.ours
    row.sell_to_order_reference = known.theirs
    is_adjustment = row.state == MatchState.ADJUSTMENT
    return OurSide(
        row,
        OurOrder(
            key=_key(row, is_adjustment=is_adjustment),
            our_reference=known.ours,
            their_reference=known.theirs,
            standing=Standing.ADJUSTMENT if is_adjustment else Standing.IN_SCOPE,
            is_cancelled=is_over,
            quantity=row.quantity,
            gross=row.gross,
            commission=row.commission,
            net=row.net,
            currency=row.currency,
            guest_names=frozenset(names.get(row.order_id, ()) if row.order_id else ()),
            dates=known.days,
            reported_in=elsewhere.get(row.order_id, "") if row.order_id else "",
        ),
    )


def _key(row: Position, *, is_adjustment: bool) -> str:
    """Return what names a position to matching: an adjustment alone is not its order."""
    if row.order_id is None:
        return f"entry:{row.entry_id}"
    return f"adjusted:{row.order_id}" if is_adjustment else str(row.order_id)


def _facts(keys: Sequence[uuid.UUID]) -> dict[uuid.UUID, _Facts]:
    found: dict[uuid.UUID, _Facts] = {}
    for some in in_batches(keys):
        orders = Order.objects.filter(pk__in=some).values_list(
            "pk",
            "buy_from_order_reference",
            "sell_to_order_reference",
            "received_at",
            "visit_date",
            "venue__timezone",
        )
        for key, ours, theirs, received, visit, zone in orders:
            booked = received.astimezone(zoneinfo.ZoneInfo(zone)).date()
            found[key] = _Facts(ours, theirs, frozenset({booked, visit or booked}))
    return found


def _guests(keys: Sequence[uuid.UUID]) -> dict[uuid.UUID, set[str]]:
    """Return the names that orders and their lines are of."""
    found: dict[uuid.UUID, set[str]] = defaultdict(set)
    for some in in_batches(keys):
        orders = Order.objects.filter(pk__in=some).values_list("pk", "sell_to_name")
        lines = OrderLine.objects.filter(order__in=some).values_list(
            "order_id", "sell_to_name", "names"
        )
        for key, name in orders:
            found[key].update(one for one in [name] if one)
        for key, name, names in lines:
            found[key].update(one for one in [name, *names] if one)
    return found


def _reported_elsewhere(period: Period) -> dict[uuid.UUID, str]:
    """Return the orders that statements of the partner's other periods list, and in which one."""
    lines = StatementLine.objects.filter(
        statement__partner=period.partner_id,
        statement__status=StatementStatus.READ,
        state=MatchState.WRONG_PERIOD,
        order_id__isnull=False,
    ).exclude(statement__period=period)
    found = lines.select_related("statement__period").only(
        "order_id", "statement__period__first_day", "statement__period__last_day"
    )
    return {line.order_id: line.statement.period.title for line in found if line.order_id}

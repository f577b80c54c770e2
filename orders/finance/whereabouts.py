"""Where a number is: its order, ledger, statement lines, periods and exports, or what became of it."""

from __future__ import annotations

import dataclasses
import datetime
import re
import uuid
from collections.abc import Mapping, Sequence

from django.db import connection
from django.db.models import Q

from orders import tombstone
from orders.models import (
    Decision,
    Export,
    ExportStatus,
    LedgerEntry,
    Order,
    OrderEvent,
    OrderLine,
    Position,
    StatementLine,
)
from orders.search import document_numbers, orders_with_number
from orders.search_parts import NUMBERS, find_by_part
from partners.actors import name_actors
from partners.models import Venue
from partners.numbering import TEST_PREFIX
from wallets.numbers import read_number

# A number of the partner's may be one of several partners' orders.
_MOST_ORDERS = 20
_MOST_LINES = 50
_MOST_EXPORTS = 50
# Reports that list sales or orders one by one, or their sums.
_REPORTS = ("register", "summary")
_OURS = re.compile(r"([A-Z][A-Z0-9]*?)(\d\d)-(\d{7,})")
_FIRST_YEAR = 20
# What the order search can find a part by.
_TRIGRAM = re.compile(r"[^\W_]{3}")
_MOST_LOOKED_AT = 500


@dataclasses.dataclass(frozen=True, kw_only=True)
class Whereabouts:
    """All that is known of a number; without an order, `fate` says what became of it.

    others: orders that have the number too, or, without an order, in another case. Decisions are named by who took them.
    """

    asked: str
    order: Order | None = None
    others: Sequence[Order] = ()
    entries: Sequence[LedgerEntry] = ()
    lines: Sequence[StatementLine] = ()
    positions: Sequence[Position] = ()
    decisions: Sequence[tuple[Decision, str]] = ()
    closed_exports: Sequence[Export] = ()
    covering_exports: Sequence[Export] = ()
    fate: str = ""


# The columns of a line that hold numbers; each has its index.
_REFERENCES = ("our_reference", "their_reference", "other_reference")


def find_whereabouts(*, asked: str, now: datetime.datetime) -> Whereabouts:
    """Return where a whole number is, in any case: twelve statements at most."""
    number = " ".join(asked.split()).replace("\0", "")
    if not number:
        return Whereabouts(asked="")
    ids = orders_with_number(number)
    found = Order.objects.select_related("partner", "venue").defer("venue__logo")
    orders = list(found.filter(pk__in=ids[:_MOST_ORDERS]).order_by("test_mode", "-received_at"))
    if not orders:
        if others := _in_another_case(number):
            return Whereabouts(asked=number, others=others)
        return Whereabouts(asked=number, lines=_lines_of(number, None), fate=_fate_of(number, now))
    order, *others = orders
    entries = list(
        order.ledger_entries.select_related("line", "contract", "corrects", "wallet").order_by("id")
    )
    lines = _lines_of(order.buy_from_order_reference, order)
    positions = list(order.positions.select_related("period").order_by("period__first_day"))
    return Whereabouts(
        asked=number,
        order=order,
        others=others,
        entries=entries,
        lines=lines,
        positions=positions,
        decisions=_decisions_on(order, lines),
        closed_exports=list(
            Export.objects.filter(period__in={row.period_id for row in positions})
            .select_related("period")
            .order_by("-started_at")[:_MOST_EXPORTS]
        ),
        covering_exports=_exports_covering(order, entries),
    )


def _in_another_case(number: str) -> list[Order]:
    """Return the orders with a partner's or an external number that differs by its case only.

    Ours are in capitals. Looked for among the parts that the order search knows, in bounded time.
    """
    if _OURS.fullmatch(number.upper().removeprefix(TEST_PREFIX)) or not _TRIGRAM.search(number):
        return []
    found = find_by_part(Order.objects.all(), number.split(), NUMBERS, most=_MOST_LOOKED_AT)
    if not found.ids:
        return []
    is_whole = Q(sell_to_order_reference__iexact=number) | Q(
        wallets__external_reference_number__iexact=number
    )
    orders = Order.objects.filter(is_whole, pk__in=found.ids).order_by("-pk").distinct()
    return list(orders.only("buy_from_order_reference")[:_MOST_ORDERS])


def _lines_of(number: str, order: Order | None) -> list[StatementLine]:
    """Return the lines of statements that were found to be of an order, or name the number."""
    written = {number, number.upper(), number.lower()}
    lines = StatementLine.objects.defer("guest_name")
    # One index each: the database would go through all lines for an OR of them.
    found = [lines.filter(**{f"{name}__in": written}).values("pk") for name in _REFERENCES]
    if order is not None:
        found.append(lines.filter(order_id=order.pk).values("pk"))
    first, *others = (keys.order_by() for keys in found)
    rows = lines.filter(pk__in=first.union(*others))
    rows = rows.select_related("statement__period__partner")
    return list(rows.order_by("-statement__uploaded_at", "row")[:_MOST_LINES])


def _decisions_on(order: Order, lines: Sequence[StatementLine]) -> list[tuple[Decision, str]]:
    subject = Q(order=order) | Q(line__in=[line.pk for line in lines])
    rows = list(Decision.objects.filter(subject).order_by("pk"))
    names = name_actors({row.actor for row in rows})
    return [(row, names[row.actor]) for row in rows]


def _exports_covering(order: Order, entries: Sequence[LedgerEntry]) -> list[Export]:
    """Return finished exports whose filters an order passes: what its state was then is not kept."""
    filters = Q()
    for name, value in (("partner", order.partner_id), ("venue", order.venue_id)):
        filters &= Q(**{f"filters__{name}": str(value)}) | ~Q(filters__has_key=name)
    exports = Export.objects.filter(
        filters,
        period=None,
        status=ExportStatus.DONE,
        report__in=_REPORTS,
        finished_at__gte=order.received_at,
    )
    shown = list(exports.order_by("-started_at")[:_MOST_EXPORTS])
    if not shown:
        return []
    facts = OrderLine.objects.filter(order=order).values_list("package", "visit_date")
    packages: set[str] = set()
    visits: set[datetime.date] = {order.visit_date} if order.visit_date else set()
    for package, visit in facts:
        packages.add(str(package))
        visits |= {visit} if visit else set()
    days = {
        "booked": {order.received_at.astimezone(order.venue.zone).date()},
        "counting": {entry.accounting_date for entry in entries if entry.accounting_date},
        "visit": visits,
    }
    return [export for export in shown if _covers(export, packages, days)]


def _covers(export: Export, packages: set[str], days: Mapping[str, set[datetime.date]]) -> bool:
    asked = export.filters
    if asked.get("package") and asked["package"] not in packages:
        return False
    first, last = asked.get("firstDay", ""), asked.get("lastDay", "")
    if not (first or last):
        return True
    its = days.get(asked.get("dateBy") or "booked", set())
    return any((not first or f"{day}" >= first) and (not last or f"{day}" <= last) for day in its)


def _fate_of(number: str, now: datetime.datetime) -> str:
    """Say what became of a number that no order has."""
    variants = {number, number.upper(), number.lower(), read_number(number)}
    prefixes: Sequence[str] = ()
    ours = variants | document_numbers(number, prefixes)
    removed = OrderEvent.objects.filter(tombstone.lists_any_of(ours), name=tombstone.EVENT)
    event = removed.order_by("-id").first()
    if event is not None:
        return _fate_of_removed(event)
    for one in sorted(ours):
        is_test = one.startswith(TEST_PREFIX)
        parts = _OURS.fullmatch(one.removeprefix(TEST_PREFIX))
        venue = parts and Venue.objects.only("id").filter(reference_prefix=parts[1]).first()
        if parts and venue:
            return _fate_of_drawn(one, venue, is_test=is_test, parts=parts, now=now)
    return "No order has this number, and none that was removed had it."


def _fate_of_removed(event: OrderEvent) -> str:
    venue = _venue_of(event)
    at = event.at.astimezone(venue.zone) if venue else event.at
    who = name_actors({event.actor})[event.actor]
    test = "test " if event.data.get("testMode") else ""
    why = f" Reason: {event.reason}." if event.reason else ""
    return (
        f"The {test}order {event.data.get('buyFromOrderReference', '')} was deleted by {who} on "
        f"{at:%-d %b %Y, %H:%M}, before it was issued: nothing of it was ever posted.{why}"
    )


def _venue_of(event: OrderEvent) -> Venue | None:
    try:
        key = uuid.UUID(str(event.data.get("venueId", "")))
    except ValueError:
        return None
    return Venue.objects.only("timezone").filter(pk=key).first()


def _fate_of_drawn(
    number: str, venue: Venue, *, is_test: bool, parts: re.Match[str], now: datetime.datetime
) -> str:
    """Say whether a number was drawn, by its venue's sequence, which is never reset."""
    sequence = venue.test_number_sequence if is_test else venue.number_sequence
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT CASE WHEN is_called THEN last_value ELSE 0 END"  # noqa: S608 -- our own name
            f" FROM {connection.ops.quote_name(sequence)}"
        )
        (last,) = cursor.fetchone()
    prefix = f"{TEST_PREFIX if is_test else ''}{parts[1]}"
    kind = "test number" if is_test else "number"
    if int(parts[3]) > last or int(parts[3]) == 0:
        told = (
            f"the venue's last {kind} is {last:07d}" if last else f"the venue has drawn no {kind}"
        )
        return f"{number} was never given out: {told}."
    this_year = now.year % 100
    years = range(_FIRST_YEAR, max(this_year, _FIRST_YEAR) + 2)
    given = Order.objects.filter(
        buy_from_order_reference__in=[f"{prefix}{year:02d}-{parts[3]}" for year in years]
    )
    other = given.values_list("buy_from_order_reference", flat=True).first()
    if other:
        return f"{number} was never given out: this {kind} of the venue's is {other}."
    return (
        f"{number} was drawn, and no order was accepted under it: the request was refused, or broke "
        "off, after its number was drawn. Nothing was posted, and it is not given out again."
    )

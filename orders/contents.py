"""The rows of an order, made from planned lines: totals, lines and wallet shells."""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Sequence
from decimal import Decimal

from catalog import expansion
from catalog.mapping import Catalogue, read_catalogue
from channel_manager.lib.errors import Fault
from channel_manager.lib.inserting import insert_together
from orders import magic, places
from orders.models import Allocation, Order, OrderLine
from orders.planning import LinePlan, plan_lines
from orders.requests import LineRequest, OrderRequest
from partners.account import Account
from wallets.models import Wallet

LINE_STEP = 100_000
CONTENT_FIELDS = [
    "sell_to_email",
    "sell_to_name",
    "sell_to_language",
    "payment_reference",
    "total_incl_vat",
    "total_excl_vat",
    "visit_date",
    "loses_webhooks",
    "erased_at",
]


def plan_contents(
    account: Account,
    lines: Sequence[LineRequest],
    received_at: datetime.datetime,
    own: Sequence[Allocation] = (),
    faults: Sequence[Fault] = (),
    locked: Catalogue | None = None,
) -> list[LinePlan]:
    """Plan lines by the catalogue of the day they were received; places of `own` count as left.

    locked: as `catalogue_of` takes it. For a test account there is room, unless it asks for none. Raises InvalidRequest with all that
    is wrong, `faults` first, or NoRoom when nothing else is.
    """
    catalogue = catalogue_of(account, lines, received_at, locked)
    return plan_by(catalogue, account, lines, received_at, own, faults)


def plan_by(
    catalogue: Catalogue,
    account: Account,
    lines: Sequence[LineRequest],
    received_at: datetime.datetime,
    own: Sequence[Allocation] = (),
    faults: Sequence[Fault] = (),
) -> list[LinePlan]:
    """Plan lines as `plan_contents` does, by a catalogue that was read for them."""
    agenda = places.read_agenda(account, catalogue, own, now=received_at)
    plans = plan_lines(
        partner=account.partner,
        lines=lines,
        offers=catalogue.offers,
        agenda=agenda,
        now=received_at,
        faults=faults,
    )
    magic.refuse_sold_out(account, plans, agenda)
    return plans


def catalogue_of(
    account: Account,
    lines: Sequence[LineRequest],
    received_at: datetime.datetime,
    locked: Catalogue | None = None,
) -> Catalogue:
    """Read what lines ask for, as of the day they were received.

    locked: read before its sessions were locked. No others are chosen then: who has one of them may
    wait for one of ours.
    """
    catalogue = read_catalogue(
        account=account,
        asked=[asked for line in lines for asked in line.asked()],
        on=received_at.astimezone(account.venue.zone).date(),
    )
    return locked.as_of(catalogue) if locked else catalogue


def set_contents(order: Order, request: OrderRequest, lines: Sequence[OrderLine]) -> None:
    """Set what a partner may change of an order: header and totals (CONTENT_FIELDS).

    What was erased before does not come back; what is sent now is kept.
    """
    order.erased_at = None
    order.loses_webhooks = magic.will_lose_webhooks(order, lines)
    order.sell_to_email = request.sell_to_email
    order.sell_to_name = request.sell_to_name
    order.sell_to_language = request.sell_to_language
    order.payment_reference = request.payment_reference
    set_totals(order, lines)


def set_totals(order: Order, lines: Iterable[OrderLine]) -> None:
    """Add up the lines, without what was cancelled; unknown while one of them has no price."""
    rows = list(lines)
    prices = [(row.unit_price_incl_vat, row.unit_price_excl_vat, row.units_left) for row in rows]
    order.total_incl_vat = order.total_excl_vat = None
    if all(incl is not None for incl, _, _ in prices):
        order.total_incl_vat = sum((i * n for i, _, n in prices if i is not None), Decimal(0))
        order.total_excl_vat = sum((e * n for _, e, n in prices if e is not None), Decimal(0))
    set_visit_date(order, rows)


def set_visit_date(order: Order, lines: Iterable[OrderLine]) -> None:
    """Write the first day of the lines that were not cancelled on their order."""
    days = (row.visit_date for row in lines if row.visit_date and row.units_left)
    order.visit_date = min(days, default=None)


def make_lines(order: Order, plans: Sequence[LinePlan]) -> list[OrderLine]:
    """Make the unsaved lines of an order."""
    return [
        fill_line(OrderLine(order=order, line_no=number * LINE_STEP), plan)
        for number, plan in enumerate(plans, start=1)
    ]


def fill_line(line: OrderLine, plan: LinePlan) -> OrderLine:
    """Write a plan on a line and return it: as asked, and what it will become at what price."""
    request = plan.request
    line.item_number = request.item_number
    line.quantity = request.quantity
    line.visit_date = request.visit_date
    line.visit_time = request.visit_time
    line.sell_to_email = request.sell_to_email
    line.sell_to_name = request.sell_to_name
    line.sell_to_language = request.sell_to_language
    line.names = list(request.names or ())
    line.external_reference_numbers = list(request.external_reference_numbers or ())
    line.seats = list(request.seats or ())
    line.component_schedule = [
        {
            "itemNumber": entry.item_number,
            "visitDate": entry.visit_date and entry.visit_date.isoformat(),
            "visitTime": entry.visit_time and entry.visit_time.isoformat(),
            **({"seats": list(entry.seats)} if entry.seats else {}),
        }
        for entry in request.component_schedule or ()
    ]
    limits = request.redemption or expansion.Redemption()
    line.redeemable_from, line.redeemable_until = limits.since, limits.until
    line.max_redemptions = limits.times
    line.unresolved_cause = plan.unresolved_cause or ""
    if plan.offer:
        line.package = plan.offer.package
        line.mapping_id = plan.offer.mapping_id
        line.description = plan.offer.package.name
        line.is_package = len(plan.offer.components) > 1
        line.is_group = plan.offer.package.is_group
    if plan.price and plan.expansion:
        line.unit_price_incl_vat = plan.price.incl_vat
        line.unit_price_excl_vat = plan.price.excl_vat
        line.vat_parts = [
            {
                "rate": str(part.rate),
                "inclVat": str(part.incl_vat),
                "exclVat": str(part.excl_vat),
            }
            for part in plan.price.parts
        ]
        line.plan = [expansion.to_json(component) for component in plan.expansion.components]
    return line


def make_shells(order: Order, lines: Iterable[OrderLine]) -> list[Wallet]:
    """Make the wallet shells of resolved lines, numbers and names on them at once."""
    shells = []
    for line in lines:
        if line.unresolved_cause:
            continue
        count = 1 if line.is_group else line.quantity
        for index in range(count):
            numbers, names = line.external_reference_numbers, line.names
            shells.append(
                Wallet(
                    venue_id=order.venue_id,
                    test_mode=order.test_mode,
                    order=order,
                    line=line,
                    seq_no=index + 1,
                    external_reference_number=numbers[index] if numbers else None,
                    name=names[index] if names else None,
                )
            )
    return shells


def make_allocations(lines: Iterable[OrderLine], plans: Iterable[LinePlan]) -> list[Allocation]:
    """Make the unsaved allocations of planned lines."""
    return [
        allocation
        for line, plan in zip(lines, plans, strict=True)
        if plan.expansion and plan.offer
        for allocation in places.of_line(line, plan.expansion.components, plan.offer.allotment)
    ]


def insert_rows(
    lines: Sequence[OrderLine], wallets: Sequence[Wallet], allocations: Sequence[Allocation]
) -> None:
    """Insert lines and wallet shells and take places; sessions are locked last, and shortly.

    Raises IntegrityError when a number is taken or a place is gone.
    """
    magic.store_what_lines_need(lines)
    # In the order of the guests' numbers: two orders that clash wait for each other one way only.
    shells = sorted(wallets, key=lambda wallet: wallet.external_reference_number or "")
    if any(allocation.seat_id for allocation in allocations):
        insert_together(lines, shells)
        places.take(allocations)
    else:
        # Their triggers lock the sessions when all else is written.
        insert_together(lines, shells, allocations)

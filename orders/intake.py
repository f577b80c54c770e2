"""Taking orders in: a new one, or new contents for one that may be replaced."""

from __future__ import annotations

import datetime
import uuid
from collections.abc import Iterable, Sequence
from decimal import Decimal

from django.db import IntegrityError, transaction
from django.db.models import QuerySet

from catalog import expansion
from catalog.mapping import find_offers
from channel_manager.history import runner
from channel_manager.history.runner import Change
from channel_manager.lib import jobs
from channel_manager.lib.errors import ErrorCode, Fault, InvalidRequest, Refusal
from channel_manager.lib.identity import time_ordered_uuid
from orders import destruction, reading
from orders.actions import require_action
from orders.models import Order, OrderLine
from orders.planning import LinePlan, plan_lines
from orders.requests import LineRequest, OrderRequest
from partners.models import Partner
from partners.numbering import next_document_number
from wallets.models import Wallet

ISSUE_TASK = "orders.issue_order"
LINE_STEP = 100_000


class DuplicateOrder(Refusal):
    """The partner has an order with this reference already."""

    code = ErrorCode.DUPLICATE_ORDER


class ExternalReferenceTaken(InvalidRequest):
    """A number that the guest would show is on a living wallet of the venue."""


def submit_order(*, partner: Partner, request: OrderRequest, now: datetime.datetime) -> Order:
    """Store an order as Submitted with its lines and wallet shells, and enqueue its issuance.

    One transaction. The order comes back with lines and wallets attached. Raises InvalidRequest
    with all faults, DuplicateOrder, ExternalReferenceTaken (contract sections 3 and 5).
    """
    plans = _plan(partner, request.lines, now)
    order = Order(
        id=time_ordered_uuid(),
        venue=partner.venue,
        partner=partner,
        sell_to_order_reference=request.sell_to_order_reference,
        received_at=now,
        currency=partner.venue.currency,
        updated_at=now,
        status_since=now,
    )
    _set_contents(order, request, plans)
    lines = _make_lines(order, plans)
    wallets = _make_shells(order, lines)
    try:
        with transaction.atomic():
            order.buy_from_order_reference = next_document_number(venue=partner.venue, now=now)
            order.job_id = enqueue_issuance(order.pk)
            order.save(force_insert=True)
            _insert(lines, wallets)
            runner.record(
                [order],
                change=Change(name="submitted", actor=partner.actor, now=now),
                before=[None],
            )
    except IntegrityError as clash:
        raise _explain(clash, partner, request) from clash
    reading.attach(order, lines, wallets)
    return order


def replace_order(
    *,
    orders: QuerySet[Order],
    order_id: uuid.UUID,
    request: OrderRequest,
    now: datetime.datetime,
    actor: str,
) -> Order:
    """Give a Draft or Error order new contents and submit it again.

    Its identity, references and moment of receipt stay; old wallets are destroyed, old lines go.
    Raises NotFound, InvalidRequest, OrderStateConflict, ExternalReferenceTaken (contract
    section 5); the old order stands then.
    """
    with transaction.atomic():
        order = reading.lock_order(orders, order_id)
        if request.sell_to_order_reference != order.sell_to_order_reference:
            detail = "An order's sellToOrderReference cannot be changed."
            raise InvalidRequest([Fault("/sellToOrderReference", "reference_differs", detail)])
        require_action(order, "replace")
        plans = _plan(order.partner, request.lines, now)
        destruction.destroy_wallets(order=order, by=actor, why="replaced", now=now)
        order.lines.all().delete()
        _set_contents(order, request, plans)
        order.save(update_fields=_CONTENT_FIELDS)
        lines = _make_lines(order, plans)
        wallets = _make_shells(order, lines)
        try:
            with transaction.atomic():
                _insert(lines, wallets)
        except IntegrityError as clash:
            raise _explain(clash, order.partner, request) from clash
        job_id = enqueue_issuance(order.pk)
        runner.apply_to(
            [order],
            lambda row: row.replace(now=now, job_id=job_id),
            change=Change(name="replaced", actor=actor, now=now),
        )
        reading.attach(order, lines, wallets)
        return order


def resolve_lines(*, order: Order, now: datetime.datetime) -> None:
    """Resolve the lines of a locked order that could not be resolved at submit.

    They are planned as of the order's receipt, by today's catalogue; lines resolved before keep
    their price. Raises InvalidRequest when one still cannot be issued or does not fit.
    """
    waiting = [line for line in order.lines.order_by("line_no") if line.unresolved_cause]
    if not waiting:
        return
    plans = _plan(order.partner, [_as_request(line) for line in waiting], order.received_at)
    faults = [
        Fault(
            f"/items/{line.line_no}",
            plan.unresolved_cause,
            f"Line {line.line_no}: {line.item_number} still cannot be issued "
            f"({plan.unresolved_cause.label.lower()}).",
        )
        for line, plan in zip(waiting, plans, strict=True)
        if plan.unresolved_cause
    ]
    if faults:
        raise InvalidRequest(faults)
    for line, plan in zip(waiting, plans, strict=True):
        _fill_line(line, plan)
        line.save()
    shells = _make_shells(order, waiting)
    try:
        with transaction.atomic():
            _insert([], shells)
    except IntegrityError as clash:
        request = OrderRequest(
            sell_to_order_reference=order.sell_to_order_reference,
            lines=tuple(_as_request(line) for line in waiting),
        )
        raise _explain(clash, order.partner, request) from clash
    _set_totals(order, order.lines.all())
    order.updated_at = now
    order.save(update_fields=["total_incl_vat", "total_excl_vat", "visit_date", "updated_at"])


def enqueue_issuance(order_id: uuid.UUID) -> int:
    """Enqueue the job that issues an order, in the open transaction; return its id."""
    return jobs.defer(ISSUE_TASK, order_id=str(order_id))


_CONTENT_FIELDS = [
    "sell_to_email",
    "sell_to_name",
    "sell_to_language",
    "payment_reference",
    "total_incl_vat",
    "total_excl_vat",
    "visit_date",
]


def _plan(
    partner: Partner, lines: Sequence[LineRequest], received_at: datetime.datetime
) -> list[LinePlan]:
    offers = find_offers(
        partner=partner,
        item_numbers=[line.item_number for line in lines],
        on=received_at.astimezone(partner.venue.zone).date(),
    )
    return plan_lines(
        partner=partner, venue=partner.venue, lines=lines, offers=offers, now=received_at
    )


def _set_contents(order: Order, request: OrderRequest, plans: Sequence[LinePlan]) -> None:
    order.sell_to_email = request.sell_to_email
    order.sell_to_name = request.sell_to_name
    order.sell_to_language = request.sell_to_language
    order.payment_reference = request.payment_reference
    _set_totals(order, [_fill_line(OrderLine(quantity=1), plan) for plan in plans])


def _set_totals(order: Order, lines: Iterable[OrderLine]) -> None:
    """Add up the lines; the totals are unknown while one of them has no price."""
    rows = list(lines)
    prices = [(row.unit_price_incl_vat, row.unit_price_excl_vat, row.quantity) for row in rows]
    order.total_incl_vat = order.total_excl_vat = None
    if all(incl is not None for incl, _, _ in prices):
        order.total_incl_vat = sum((i * n for i, _, n in prices if i is not None), Decimal(0))
        order.total_excl_vat = sum((e * n for _, e, n in prices if e is not None), Decimal(0))
    order.visit_date = min((row.visit_date for row in rows if row.visit_date), default=None)


def _make_lines(order: Order, plans: Sequence[LinePlan]) -> list[OrderLine]:
    return [
        _fill_line(OrderLine(order=order, line_no=number * LINE_STEP), plan)
        for number, plan in enumerate(plans, start=1)
    ]


def _fill_line(line: OrderLine, plan: LinePlan) -> OrderLine:
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
    line.component_schedule = [
        {
            "itemNumber": entry.item_number,
            "visitDate": entry.visit_date and entry.visit_date.isoformat(),
            "visitTime": entry.visit_time and entry.visit_time.isoformat(),
        }
        for entry in request.component_schedule or ()
    ]
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


def _make_shells(order: Order, lines: Iterable[OrderLine]) -> list[Wallet]:
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
                    order=order,
                    line=line,
                    seq_no=index + 1,
                    external_reference_number=numbers[index] if numbers else None,
                    name=names[index] if names else None,
                )
            )
    return shells


def _insert(lines: Sequence[OrderLine], wallets: Sequence[Wallet]) -> None:
    if lines:
        OrderLine.objects.bulk_create(lines)
    # In the order of the guests' numbers: two orders that clash wait for each other one way only.
    Wallet.objects.bulk_create(
        sorted(wallets, key=lambda wallet: wallet.external_reference_number or "")
    )


def _as_request(line: OrderLine) -> LineRequest:
    """Return what was asked for when the line was stored."""
    return LineRequest(
        item_number=line.item_number,
        quantity=line.quantity,
        visit_date=line.visit_date,
        visit_time=line.visit_time,
        sell_to_email=line.sell_to_email,
        sell_to_name=line.sell_to_name,
        sell_to_language=line.sell_to_language,
        names=tuple(line.names) or None,
        external_reference_numbers=tuple(line.external_reference_numbers) or None,
        component_schedule=reading.requested_schedule(line) or None,
    )


def _explain(clash: IntegrityError, partner: Partner, request: OrderRequest) -> Exception:
    """Turn a broken constraint into the refusal it stands for; anything else stays what it is."""
    name = getattr(getattr(clash.__cause__, "diag", None), "constraint_name", None)
    if name == "order_reference_once_per_partner":
        return _duplicate(partner, request.sell_to_order_reference)
    if name == "external_reference_once_among_living":
        return _taken(partner, request)
    return clash


def _duplicate(partner: Partner, reference: str) -> DuplicateOrder:
    existing = Order.objects.filter(partner=partner, sell_to_order_reference=reference).first()
    # It may have been deleted since it stood in our way.
    members = reading.identify(existing) if existing else {}
    return DuplicateOrder(
        f"An order with sellToOrderReference {reference!r} exists already.", members=members
    )


def _taken(partner: Partner, request: OrderRequest) -> ExternalReferenceTaken:
    wanted = {
        number: f"/items/{index}/wallet/externalReferenceNumbers/{position}"
        for index, line in enumerate(request.lines)
        for position, number in enumerate(line.external_reference_numbers or ())
    }
    taken = set(
        Wallet.objects.living()
        .filter(venue=partner.venue_id, external_reference_number__in=wanted)
        .values_list("external_reference_number", flat=True)
    )
    return ExternalReferenceTaken(
        [
            Fault(
                pointer,
                ErrorCode.EXTERNAL_REFERENCE_TAKEN,
                f"{number} is on another wallet of this venue.",
            )
            for number, pointer in wanted.items()
            # Empty when the other order vanished in the meantime: then all of them are suspect.
            if number in taken or not taken
        ]
    )

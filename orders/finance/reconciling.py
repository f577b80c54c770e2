"""Matching a period: read both sides, match them, and write what came of it.

Reading and matching take their time outside of any transaction; the result is written in one, under
the period's lock, if nothing has changed meanwhile.
"""

from __future__ import annotations

import dataclasses
import datetime
import logging
import re
import uuid
from collections.abc import Mapping, Sequence, Set
from decimal import Decimal
from typing import Any

from django.db import connection, transaction

from channel_manager.lib import jobs
from channel_manager.lib.errors import ErrorCode, NotFound, Refusal
from channel_manager.lib.money import rounded
from orders.finance import candidates, matching
from orders.finance.figures import contract_of, hash_of, lines_of, size_of
from orders.finance.lines import LineKind, OurOrder, StatedLine
from orders.finance.periods import PeriodConflict, find_changing, lock_changing
from orders.finance.positions import OurSide, in_batches, read_positions
from orders.models import Period, Position, StatementLine
from orders.queueing import enqueue_matching

_ATTEMPTS = 3
# So many lines and entries are matched while somebody waits for the page.
_AT_ONCE = 3_000
_log = logging.getLogger(__name__)
# More than a file may have.
_ROWS_OF_ONE = 1_000_000
_ROW = re.compile(r"(?:(?<=[Rr]ow )|(?<=[Rr]ows )|(?<=[0-9] and ))[1-9][0-9]{6,9}\b")
# Only what has changed is written.
_WRITE_LINES = """
UPDATE orders_statementline AS l
SET state = v.state, rule = v.rule, cause = v.cause, position_id = p.id, order_id = v.found,
    suggestions = v.suggestions::uuid[], net = v.net
FROM unnest(%s::bigint[], %s::text[], %s::text[], %s::text[], %s::uuid[], %s::text[],
    %s::numeric[]) AS v (id, state, rule, cause, found, suggestions, net)
LEFT JOIN orders_position AS p
    ON p.period_id = %s AND p.order_id = v.found AND p.entry_id IS NULL
WHERE l.id = v.id
    AND (l.state, l.rule, l.cause, l.position_id, l.order_id, l.suggestions, l.net)
    IS DISTINCT FROM (v.state, v.rule, v.cause, p.id, v.found, v.suggestions::uuid[], v.net)
"""


class KeepsChanging(Refusal):
    """Orders or statements of the period changed each time it was matched."""

    code = ErrorCode.BUSY


def match_period(*, period_id: uuid.UUID, now: datetime.datetime) -> Period:
    """Match a period's statements with the ledger, and write states, causes and positions.

    The same figures give the same result. Raises NotFound, PeriodConflict when the period is
    closed, KeepsChanging.
    """
    for _attempt in range(_ATTEMPTS):
        period = find_changing(period_id)
        seen = hash_of(period)
        lines = lines_of(period)
        ours, result = _match(period, lines)
        with transaction.atomic():
            locked = lock_changing(period_id)
            if hash_of(locked) != seen:
                continue
            _write(locked, lines, ours, result)
            locked.matched_at, locked.matched_as = now, seen
            locked.save(update_fields=["matched_at", "matched_as"])
            return locked
    raise KeepsChanging("Orders of this period keep changing. Match it again in a moment.")


def match_soon(*, period_id: uuid.UUID, now: datetime.datetime) -> Period:
    """Match a period at once where that takes a moment, else in the background.

    Raises as `match_period`; twice in the background is once.
    """
    period = find_changing(period_id)
    if size_of(period) <= _AT_ONCE:
        return match_period(period_id=period_id, now=now)
    with transaction.atomic():
        locked = lock_changing(period_id)
        if not is_being_matched(locked):
            locked.match_job_id = enqueue_matching(period_id)
            locked.save(update_fields=["match_job_id"])
        return locked


def match_in_background(*, period_id: uuid.UUID, now: datetime.datetime) -> None:
    """Match a period that somebody wants matched; one that was closed or removed since is left."""
    try:
        match_period(period_id=period_id, now=now)
    except (NotFound, PeriodConflict):
        _log.info("Period %s is not matched any more", period_id, exc_info=True)


def is_being_matched(period: Period) -> bool:
    """Tell whether a job in the background has still to match a period."""
    return period.match_job_id is not None and jobs.is_live(period.match_job_id)


def is_current(period: Period) -> bool:
    """Tell whether nothing has changed since the period was matched."""
    return bool(period.matched_as) and period.matched_as == hash_of(period)


def _match(
    period: Period, lines: Sequence[StatementLine]
) -> tuple[list[OurSide], matching.Matching]:
    stated = _stated_lines(lines)
    ours = read_positions(period, names_guests=any(line.guest_name for line in stated))
    named = matching.references_of(stated)
    numbers = candidates.numbers_named(period, named.exact)
    in_scope = [_with_numbers(side.order, numbers) for side in ours]
    others = _others(period, named, in_scope, numbers)
    contract = contract_of(period)
    # Some nets are other ones then: what is matched is stated anew.
    _work_out_nets(lines, stated, in_scope)
    result = matching.match(
        lines=_stated_lines(lines),
        orders=[*in_scope, *others],
        tolerance=contract.tolerance if contract else Decimal(0),
    )
    return ours, result


def _work_out_nets(
    lines: Sequence[StatementLine], stated: Sequence[StatedLine], orders: Sequence[OurOrder]
) -> None:
    """Change the net of lines that state none to that by their order's terms, if a number names it."""
    by_number = {
        number: order
        for order in orders
        for number in (order.their_reference, order.our_reference)
        if number and order.gross
    }
    for line, given in zip(lines, stated, strict=True):
        order = by_number.get(given.our_reference) or by_number.get(given.their_reference)
        if line.net_is_worked_out and order is not None and line.gross is not None:
            share = line.gross * order.commission / order.gross
            line.net = line.gross - rounded(share, line.currency)


def _stated_lines(lines: Sequence[StatementLine]) -> list[StatedLine]:
    """Return lines as they are matched; rows of a second statement go on from a million."""
    places: dict[uuid.UUID, int] = {}
    return [
        StatedLine(
            row=places.setdefault(line.statement_id, len(places)) * _ROWS_OF_ONE + line.row,
            our_reference=line.our_reference,
            their_reference=line.their_reference,
            other_reference=line.other_reference,
            guest_name=line.guest_name,
            date=line.date,
            quantity=line.quantity,
            gross=line.gross,
            commission=line.commission,
            net=line.net,
            currency=line.currency,
            kind=LineKind(line.kind),
            damage=tuple(line.damage),
            net_is_worked_out=line.net_is_worked_out,
            linked_order=str(line.linked_order or ""),
        )
        for line in lines
    ]


def _with_numbers(order: OurOrder, numbers: Mapping[uuid.UUID, set[str]]) -> OurOrder:
    found = numbers.get(uuid.UUID(order.key)) if ":" not in order.key else None
    return dataclasses.replace(order, other_numbers=frozenset(found)) if found else order


def _others(
    period: Period,
    named: matching.References,
    in_scope: Sequence[OurOrder],
    numbers: Mapping[uuid.UUID, set[str]],
) -> list[OurOrder]:
    """Return the orders out of scope that lines name; only for what is left is every order read."""
    known = {uuid.UUID(order.key) for order in in_scope if ":" not in order.key}
    keys = {uuid.UUID(key) for key in named.keys}
    found = candidates.orders_named(period, named.exact) | numbers.keys() | keys
    others = list(candidates.out_of_scope(period, found - known, numbers))
    others.extend(candidates.removed(period, named.exact))
    answered = {
        matching.normalised(text)
        for order in (*in_scope, *others)
        for text in (order.our_reference, order.their_reference, *order.other_numbers)
    }
    alike = candidates.orders_alike(period, named.normalised - answered) - known - found
    others.extend(candidates.out_of_scope(period, alike, numbers))
    return others


def _write(
    period: Period,
    lines: Sequence[StatementLine],
    ours: Sequence[OurSide],
    result: matching.Matching,
) -> None:
    of_orders = {one.key: one for one in result.orders}
    for side in ours:
        one = of_orders[side.order.key]
        side.row.state, side.row.counts_in, side.row.cause = one.state, one.counts_in, one.cause
    _write_positions(period, [side.row for side in ours])
    composed = {one.row for one in result.lines if one.row > _ROWS_OF_ONE}
    pairs = list(zip(lines, result.lines, strict=True))
    with connection.cursor() as cursor:
        for some in in_batches(pairs):
            cursor.execute(_WRITE_LINES, [*_columns(some, composed), period.pk])


def _write_positions(period: Period, rows: Sequence[Position]) -> None:
    """Have just these positions: those that are there already, and as they are, stay."""
    there = {_told(row): row.pk for row in Position.objects.filter(period=period)}
    wanted = {_told(row): row for row in rows}
    gone = [key for told, key in there.items() if told not in wanted]
    for some in in_batches(gone):
        Position.objects.filter(pk__in=some).delete()
    new = [row for told, row in wanted.items() if told not in there]
    Position.objects.bulk_create(new, batch_size=5_000)


def _told(row: Position) -> tuple[object, ...]:
    """Return all that a position says."""
    return tuple(
        getattr(row, field.attname) for field in row._meta.concrete_fields if field.name != "id"
    )


def _columns(
    pairs: Sequence[tuple[StatementLine, matching.LineResult]], composed: Set[int]
) -> list[list[Any]]:
    return [
        [line.pk for line, _ in pairs],
        [str(one.state) for _, one in pairs],
        [str(one.rule or "") for _, one in pairs],
        [_in_file(one.cause, composed)[:500] for _, one in pairs],
        [one.order_key for _, one in pairs],
        ["{" + ",".join(one.suggestions) + "}" for _, one in pairs],
        [line.net for line, _ in pairs],
    ]


def _in_file(cause: str, composed: Set[int]) -> str:
    """Return what a sentence says of rows of a second statement, as they stand in their file."""

    def told(found: re.Match[str]) -> str:
        if int(found[0]) not in composed:
            return found[0]
        place, row = divmod(int(found[0]), _ROWS_OF_ONE)
        return f"{row} of statement {place + 1}"

    return _ROW.sub(told, cause) if composed else cause

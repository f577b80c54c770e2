"""The causes in words: one sentence with its figures, never with a guest's or a partner's name.

A cause may go into a letter to the partner whose statement it is.
"""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

from channel_manager.lib.money import smallest_unit
from orders.finance.lines import LineKind, OurOrder, Standing, StatedLine
from orders.finance.matching.amounts import Total, gross_of
from orders.finance.matching.finding import Found
from orders.finance.matching.references import spoilt, stated
from orders.finance.matching.repeats import Pair


def figures(amount: Decimal, currency: str) -> str:
    """Write an amount with its currency, with all the decimals that were stated: 34.00 EUR."""
    amount += 0  # of two zeros only one is written with a sign
    unit = smallest_unit(currency)
    exact = amount.quantize(unit)
    return f"{exact if exact == amount else amount:f} {currency}"


def stated_amount(line: StatedLine) -> str:
    """Write what a line comes to: its gross, or its net where it states no gross."""
    gross = gross_of(line)
    return figures(line.net if gross is None else gross, line.currency)


def our_amount(order: OurOrder) -> str:
    """Write an order's gross."""
    return figures(order.gross, order.currency)


def amounts_differ(sums: Total, order: OurOrder) -> str:
    """Say what the partner states of an order, and what we have."""
    theirs, ours, kind = _sides(sums, order)
    rows = f" in {sums.count} lines" if sums.count > 1 else ""
    return (
        f"The partner states {theirs}{kind}{rows} where we have {ours}{kind} for "
        f"{order.our_reference}."
    )


def within_tolerance(sums: Total, order: OurOrder) -> str:
    """Say by how little the partner is off."""
    gap = figures(sums.gap(order), order.currency)
    return f"The partner is {gap} off what we have for {order.our_reference}: within the tolerance."


def commissions_differ(sums: Total, order: OurOrder) -> str:
    """Say which commission the partner takes, and which one we have."""
    theirs = figures((sums.gross or Decimal(0)) - sums.net, order.currency)
    ours = figures(order.gross - order.net, order.currency)
    return (
        f"The partner states a commission of {theirs} where we have {ours} for "
        f"{order.our_reference}."
    )


def quantities_differ(sums: Total, order: OurOrder) -> str:
    """Say how many units the partner states, and how many we have."""
    theirs, ours, kind = _sides(sums, order)
    return (
        f"The partner states {_units(sums.quantity or 0)} for {theirs}{kind} where we have "
        f"{_units(order.quantity)} for {ours}{kind} for {order.our_reference}."
    )


def currencies_differ(lines: Sequence[StatedLine], order: OurOrder) -> str:
    """Say in which currency the partner states an order, and in which we have it."""
    theirs = " and ".join(stated_amount(line) for line in lines[:3])
    more = f" and {len(lines) - 3} more lines" if len(lines) > 3 else ""
    return (
        f"The partner states {theirs}{more} where we have {our_amount(order)} for "
        f"{order.our_reference}."
    )


def cancelled_here(sums: Total, order: OurOrder) -> str:
    """Say what the partner states for an order that we cancelled."""
    amount = figures(_leading(sums), order.currency)
    return f"The partner states {amount} for {order.our_reference}, which is cancelled here."


def cancelled_there(sums: Total, order: OurOrder) -> str:
    """Say that the partner bills nothing for an order that we issued."""
    amount = figures(_leading(sums), order.currency)
    return (
        f"The partner states {amount} in all for {order.our_reference}, which is issued here for "
        f"{our_amount(order)}."
    )


def repeats(line: StatedLine, first: StatedLine, order: OurOrder) -> str:
    """Say that a line states again what is in the statement already."""
    return (
        f"Row {line.row} states {stated_amount(line)} for {order.our_reference} again; the order is "
        f"complete with what begins in row {first.row}."
    )


def pair(rows: Pair) -> str:
    """Say which two lines undo each other."""
    first, second = sorted(line.row for line in rows)
    return f"Rows {first} and {second} cancel each other out."


def out_of_scope(order: OurOrder) -> str:
    """Say why an order is not in this statement's scope."""
    if order.standing == Standing.OTHER_PARTNER:
        return f"{order.our_reference} was not sold through this partner."
    why = order.why or (
        "belongs to another period"
        if order.standing == Standing.OTHER_PERIOD
        else "is not to be billed"
    )
    return f"{order.our_reference} {why}."


def not_found(line: StatedLine, found: Found) -> str:
    """Say why no order was found for a line."""
    sentences = list(line.damage)
    for text in spoilt(line):
        if not any(text in sentence for sentence in line.damage):
            sentences.append(f"The number {text} was spoilt by a spreadsheet.")
    if found.ambiguous:
        numbers = " and ".join(found.ambiguous)
        sentences.insert(0, f"{numbers} fits more than one of our orders.")
    else:
        sentences.insert(0, _without_order(line))
    return " ".join(sentences)


def _without_order(line: StatedLine) -> str:
    amount = stated_amount(line)
    numbers = dict.fromkeys(text for text in stated(line) if text)
    if not numbers:
        kind = "an adjustment of " if line.kind == LineKind.ADJUSTMENT else ""
        return f"The partner states {kind}{amount} and names no order."
    return f"The partner states {amount} for {', '.join(numbers)}, and we have no such order."


def not_stated(order: OurOrder) -> str:
    """Say that an order is not in the statement."""
    return f"{order.our_reference} for {our_amount(order)} is not in the statement."


def reported_elsewhere(order: OurOrder) -> str:
    """Say which other statement lists an order."""
    return f"{order.our_reference} for {our_amount(order)} was reported in {order.reported_in}."


def adjusted(order: OurOrder) -> str:
    """Say what finance adjusted."""
    amount = figures(order.net, order.currency)
    return f"An adjustment of {amount} is posted here{f': {order.why}' if order.why else ''}."


def _sides(sums: Total, order: OurOrder) -> tuple[str, str, str]:
    """Return both amounts: in gross, or in net where the lines state no gross."""
    if sums.gross is None:
        return figures(sums.net, order.currency), figures(order.net, order.currency), " net"
    return figures(sums.gross, order.currency), our_amount(order), ""


def _leading(sums: Total) -> Decimal:
    return sums.net if sums.gross is None else sums.gross


def _units(count: int) -> str:
    return f"{count} unit{'' if abs(count) == 1 else 's'}"

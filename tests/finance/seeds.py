"""The differences that are seeded into a true statement, and what each must be found as."""

from __future__ import annotations

import dataclasses
import random
from decimal import Decimal

from channel_manager.lib.money import smallest_unit
from orders.finance.lines import LineKind, Standing
from orders.finance.states import MatchState as S
from tests.finance.naming import NO_NUMBERS, by_our_number, renamed
from tests.finance.seeded import Entry, Month, Seed, cancel, refund_of


def _add(entry: Entry, at: int, net: Decimal, gross: Decimal) -> None:
    """Add to what a line states in net and gross; its commission is what lies between."""
    line = entry.lines[at]
    stated = (line.gross or Decimal(0)) + gross
    entry.change_line(at, gross=stated, net=line.net + net, commission=stated - line.net - net)


def _any(entry: Entry, rng: random.Random) -> int:
    return rng.randrange(len(entry.lines))


def amount_differs(month: Month, entry: Entry) -> None:
    off = month.off(entry)
    _add(entry, _any(entry, month.random), off, off)
    entry.end_in(S.AMOUNT_DIFFERS, S.AMOUNT_DIFFERS)


def within_tolerance(month: Month, entry: Entry) -> None:
    off = month.random.choice((-1, 1)) * month.tolerance / month.random.choice((1, 2))
    _add(entry, _any(entry, month.random), off, month.random.choice((off, Decimal(0))))
    entry.end_in(S.WITHIN_TOLERANCE, S.WITHIN_TOLERANCE)


def commission_differs(month: Month, entry: Entry) -> None:
    _add(entry, _any(entry, month.random), month.off(entry), Decimal(0))
    entry.hidden.discard("gross")
    entry.end_in(S.COMMISSION_DIFFERS, S.COMMISSION_DIFFERS)


def currency_differs(month: Month, entry: Entry) -> None:
    for at in month.random.choice((range(len(entry.lines)), [_any(entry, month.random)])):
        entry.change_line(at, currency="CHF")
    entry.end_in(S.CURRENCY_DIFFERS, S.CURRENCY_DIFFERS)


def units_too_many(month: Month, entry: Entry) -> None:
    """Bill more units than were sold, at their price or for the same money."""
    at = _any(entry, month.random)
    line = entry.lines[at]
    units = line.quantity or 1
    entry.change_line(at, quantity=units + 1)
    # Of several lines that look alike, one that grew may as well be one that was repeated.
    if len({line.other_reference for line in entry.lines}) == len(entry.lines):
        unit = smallest_unit(line.currency)
        more = month.random.choice((Decimal(0), (line.net / units).quantize(unit)))
        _add(entry, at, more, more)
    entry.hidden.discard("quantity")
    entry.end_in(S.QUANTITY_DIFFERS, S.QUANTITY_DIFFERS)


def tickets_too_few(month: Month, entry: Entry) -> None:
    price = month.amount("EUR")
    other = month.entry([(1, price)] * month.random.randint(2, 5), "EUR")
    entry.order, entry.lines = other.order, other.lines
    del entry.lines[_any(entry, month.random)]
    entry.hidden.discard("quantity")
    entry.end_in(S.QUANTITY_DIFFERS, S.QUANTITY_DIFFERS)


def missing_at_partner(month: Month, entry: Entry) -> None:
    entry.lines = []
    entry.end_in(S.MISSING_AT_PARTNER)


def missing_at_us(month: Month, entry: Entry) -> None:
    entry.is_ours = entry.is_found = False
    entry.end_in(S.MISSING_AT_PARTNER, S.MISSING_AT_US)


def numbers_spoilt(month: Month, entry: Entry) -> None:
    """Spoil the only number of each line: neither side can be told from the other any more."""
    column = month.random.choice(sorted(NO_NUMBERS))
    for at in range(len(entry.lines)):
        spoilt = {**NO_NUMBERS, column: "1.23E+11", "linked_order": ""}
        entry.change_line(at, **spoilt, damage=("1.23E+11 has lost digits.",))
    entry.is_found = False
    entry.end_in(S.MISSING_AT_PARTNER, S.MISSING_AT_US)


def number_fits_two(month: Month, entry: Entry) -> None:
    number = month.number()
    twin = month.true_entry().order
    entry.change_order(their_reference=f"Q-{number}")
    entry.others = [(dataclasses.replace(twin, their_reference=f"q{number}"), S.MISSING_AT_PARTNER)]
    for at in range(len(entry.lines)):
        named = {**NO_NUMBERS, "their_reference": f"Q {number}", "linked_order": ""}
        entry.change_line(at, **named)
    entry.is_found = False
    entry.end_in(S.MISSING_AT_PARTNER, S.MISSING_AT_US)


def cancelled_here(month: Month, entry: Entry) -> None:
    cancel(entry)
    entry.end_in(S.CANCELLED_HERE, S.CANCELLED_HERE)


def taken_back_there(month: Month, entry: Entry) -> None:
    """Sell and take back each line there, in any sequence, of an order that was issued here."""
    entry.lines = [*entry.lines, *map(refund_of, entry.lines)]
    month.random.shuffle(entry.lines)
    entry.end_in(S.CANCELLED_THERE, S.REVERSAL_PAIR)


def only_refunded_there(month: Month, entry: Entry) -> None:
    entry.lines = [refund_of(line) for line in entry.lines]
    entry.end_in(S.CANCELLED_THERE, S.CANCELLED_THERE)


def stated_as_nothing(month: Month, entry: Entry) -> None:
    nothing = {"gross": Decimal(0), "commission": Decimal(0), "net": Decimal("-0.00")}
    entry.lines = [dataclasses.replace(entry.lines[0], **nothing, quantity=0)]
    entry.end_in(S.CANCELLED_THERE, S.CANCELLED_THERE)


def reversal_pair(month: Month, entry: Entry) -> None:
    cancel(entry)
    entry.lines = [*entry.lines, *map(refund_of, entry.lines)]
    month.random.shuffle(entry.lines)
    entry.end_in(S.REVERSAL_PAIR, S.REVERSAL_PAIR)


def sold_again(month: Month, entry: Entry) -> None:
    """Sell, take back, sell again: the first two undo each other."""
    lines = entry.lines
    entry.lines = [*lines, *map(refund_of, lines), *lines]
    states = [S.REVERSAL_PAIR] * 2 * len(lines) + [S.MATCHED] * len(lines)
    entry.end_in(S.MATCHED, *states)


def duplicate(month: Month, entry: Entry) -> None:
    """Bill the whole order again, once or more, by the same or another number."""
    rng, lines = month.random, entry.lines
    # Two lines by one number and two by another may as well be two tickets, each billed twice.
    are_alike = len(set(lines)) < len(lines)
    for _ in range(rng.randint(1, 3)):
        is_same = are_alike or rng.random() < 0.5
        entry.lines = [
            *entry.lines,
            *(line if is_same else renamed(line, entry.order, rng) for line in lines),
        ]
    again = len(entry.lines) - len(lines)
    entry.end_in(S.DUPLICATE, *[S.MATCHED] * len(lines), *[S.DUPLICATE] * again)


def ticket_twice(month: Month, entry: Entry) -> None:
    """Bill one ticket of several again, each line naming its ticket."""
    tickets = sorted(entry.order.other_numbers)
    for at in range(len(entry.lines)):
        named = {"our_reference": entry.order.our_reference, "their_reference": ""}
        entry.change_line(at, **named, other_reference=tickets[at], linked_order="")
    count = len(entry.lines)
    entry.lines = [*entry.lines, entry.lines[_any(entry, month.random)]]
    entry.end_in(S.DUPLICATE, *[S.MATCHED] * count, S.DUPLICATE)


def adjustment_there(month: Month, entry: Entry) -> None:
    entry.is_ours = entry.is_found = False
    nameless = {**NO_NUMBERS, "linked_order": "", "kind": LineKind.ADJUSTMENT}
    entry.lines = [dataclasses.replace(entry.lines[0], **nameless, net=-month.amount("EUR"))]
    entry.end_in(S.ADJUSTMENT, S.ADJUSTMENT)


def adjustment_here(month: Month, entry: Entry) -> None:
    entry.change_order(standing=Standing.ADJUSTMENT, net=-entry.order.net)
    entry.lines = []
    entry.end_in(S.ADJUSTMENT)


def of_another_period(month: Month, entry: Entry) -> None:
    entry.change_order(standing=Standing.OTHER_PERIOD, why="belongs to April 2026")
    entry.end_in(S.WRONG_PERIOD, S.WRONG_PERIOD)


def reported_in_another_period(month: Month, entry: Entry) -> None:
    entry.change_order(reported_in="April 2026")
    entry.lines = []
    entry.end_in(S.WRONG_PERIOD)


def of_another_partner(month: Month, entry: Entry) -> None:
    entry.change_order(standing=Standing.OTHER_PARTNER)
    named = {**NO_NUMBERS, **by_our_number(entry.order, month.random), "linked_order": ""}
    entry.lines = [dataclasses.replace(line, **named) for line in entry.lines]
    entry.end_in(S.WRONG_PARTNER, S.WRONG_PARTNER)


def another_partners_number(month: Month, entry: Entry) -> None:
    """Name an order by a number that another partner's order has, too: it is not to be found."""
    stranger = dataclasses.replace(month.true_entry().order, standing=Standing.OTHER_PARTNER)
    entry.others = [(stranger, S.WRONG_PARTNER)]
    number = month.random.choice((stranger.their_reference, *sorted(stranger.other_numbers)))
    for at in range(len(entry.lines)):
        named = {**NO_NUMBERS, "their_reference": number, "linked_order": ""}
        entry.change_line(at, **named)
    entry.is_ours = entry.is_found = False
    entry.end_in(S.MISSING_AT_PARTNER, S.MISSING_AT_US)


def not_billable(month: Month, entry: Entry) -> None:
    entry.change_order(standing=Standing.NOT_BILLABLE, why="is a test order")
    entry.end_in(S.NOT_BILLABLE, S.NOT_BILLABLE)


def names_two_orders(month: Month, entry: Entry) -> None:
    """Name our number of one order and the partner's of another, which nobody states."""
    other = month.true_entry().order
    entry.others = [(other, S.MISSING_AT_PARTNER)]
    ours, theirs = entry.order.our_reference, other.their_reference
    for at in range(len(entry.lines)):
        entry.change_line(at, our_reference=ours, their_reference=theirs, linked_order="")


def rounded_elsewhere(month: Month, entry: Entry) -> None:
    """Round half a smallest unit up on one line and down on another: the sum agrees."""
    if len(entry.lines) > 1:
        half = smallest_unit(entry.order.currency) / 2
        _add(entry, 0, half, half)
        _add(entry, 1, -half, -half)


SEEDS: tuple[Seed, ...] = (
    amount_differs,
    within_tolerance,
    commission_differs,
    currency_differs,
    units_too_many,
    tickets_too_few,
    missing_at_partner,
    missing_at_us,
    numbers_spoilt,
    number_fits_two,
    cancelled_here,
    taken_back_there,
    only_refunded_there,
    stated_as_nothing,
    reversal_pair,
    sold_again,
    duplicate,
    ticket_twice,
    adjustment_there,
    adjustment_here,
    of_another_period,
    reported_in_another_period,
    of_another_partner,
    another_partners_number,
    not_billable,
    names_two_orders,
    rounded_elsewhere,
)

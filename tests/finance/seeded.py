"""A month of orders, a statement that states it truly, and differences seeded into both.

Each order makes an entry: what we have of it, the lines that state it, and the states that they
must end in. A seed is a function that turns a true entry into one with a difference.
"""

from __future__ import annotations

import dataclasses
import datetime
import random
from collections.abc import Callable, Sequence
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from channel_manager.lib.money import smallest_unit
from orders.finance.lines import LineKind, OurOrder, Standing, StatedLine
from orders.finance.states import MatchState
from tests.finance.naming import name_lines

FIRST_DAY = datetime.date(2026, 3, 1)
# Beside the euro, a dollar, and currencies without and with three decimals.
CURRENCIES = ("EUR", "EUR", "EUR", "EUR", "USD", "JPY", "KWD")
NAMES = ("Ada Lovelace", "Grace Hopper", "Alan Turing", "Edsger Dijkstra")
S = MatchState


@dataclasses.dataclass
class Entry:
    """An order with the lines that are made from it, in the file's sequence, and their states."""

    order: OurOrder
    lines: list[StatedLine]
    order_state: MatchState = S.MATCHED
    line_states: list[MatchState] = dataclasses.field(default_factory=list)
    # Whether the order is handed to the matching, and whether the lines are to be found to be of it.
    is_ours: bool = True
    is_found: bool = True
    # An order that is there only so that something may be mistaken for it.
    others: list[tuple[OurOrder, MatchState]] = dataclasses.field(default_factory=list)
    # What the partner's file has no columns for.
    hidden: set[str] = dataclasses.field(default_factory=set)

    def end_in(self, order: MatchState, *lines: MatchState) -> None:
        """Say what the order must end in, and its lines: all in the same, or each in its own."""
        self.order_state = order
        self.line_states = list(lines) * len(self.lines) if len(lines) == 1 else list(lines)

    def change_order(self, **members: Any) -> None:
        self.order = dataclasses.replace(self.order, **members)

    def change_line(self, at: int, **members: Any) -> None:
        self.lines[at] = dataclasses.replace(self.lines[at], **members)


@dataclasses.dataclass(frozen=True, repr=False)
class Seeded:
    """A statement and a month of ours, with what matching must make of them."""

    recipe: str
    sown: list[str]
    lines: list[StatedLine]
    orders: list[OurOrder]
    tolerance: Decimal
    line_states: dict[int, MatchState]
    line_orders: dict[int, str | None]
    order_states: dict[str, MatchState]

    def __repr__(self) -> str:
        return self.recipe


class Month:
    """What makes entries, all numbers in them unlike."""

    def __init__(self, seed: int, tolerance: Decimal) -> None:
        self.random = random.Random(seed)
        self.tolerance = tolerance
        self.drawn = self.random.randrange(5000)

    def number(self) -> int:
        """Return a number that was not drawn before; near ones resemble each other."""
        self.drawn += self.random.randint(1, 9)
        return self.drawn

    def amount(self, currency: str) -> Decimal:
        unit = smallest_unit(currency)
        return Decimal(self.random.randint(500, 9000)) * (unit if unit < 1 else 1) + 5

    def off(self, entry: Entry) -> Decimal:
        """Return an amount past the tolerance, but too small to be mistaken for a line's own."""
        unit = smallest_unit(entry.order.currency)
        least = min(line.net for line in entry.lines)
        low = int(self.tolerance / unit) + 1
        high = max(low, min(low + 400, int(least / 2 / unit)))
        return self.random.choice((-1, 1)) * unit * self.random.randint(low, high)

    def entry(self, parts: Sequence[tuple[int, Decimal]], currency: str) -> Entry:
        """Make an order of so many units at a price each, a line per part, and what states it."""
        percent = Decimal(self.random.choice((0, 10, 15, 20, 25)))
        number = self.number()
        lines = [self._line(units, price, percent, currency) for units, price in parts]
        order = OurOrder(
            key=f"{self.random.randrange(10**6):06}-{number}",
            our_reference=f"CM26-{number:07}",
            their_reference=self._their_reference(),
            other_numbers=frozenset(f"T-{self.number()}" for _ in range(len(lines) + 1)),
            quantity=sum(line.quantity or 0 for line in lines),
            gross=sum((line.gross or Decimal(0) for line in lines), Decimal(0)),
            commission=sum((line.commission or Decimal(0) for line in lines), Decimal(0)),
            net=sum((line.net for line in lines), Decimal(0)),
            currency=currency,
            guest_names=frozenset({self.random.choice(NAMES)}),
            dates=frozenset({FIRST_DAY + datetime.timedelta(days=self.random.randrange(28))}),
        )
        entry = Entry(order, name_lines(lines, order, self.random))
        entry.end_in(S.MATCHED, S.MATCHED)
        entry.hidden = {
            column for column in ("gross", "commission", "quantity") if self.random.random() < 0.2
        }
        return entry

    def _line(self, units: int, price: Decimal, percent: Decimal, currency: str) -> StatedLine:
        gross = units * price
        commission = (gross * percent / 100).quantize(smallest_unit(currency), ROUND_HALF_UP)
        return StatedLine(
            row=1,
            date=FIRST_DAY,
            guest_name=self.random.choice(NAMES),
            quantity=units,
            gross=gross,
            commission=commission,
            net=gross - commission,
            currency=currency,
            kind=LineKind.REFUND if gross < 0 else LineKind.SALE,
        )

    def _their_reference(self) -> str:
        number = self.number()
        return self.random.choice((f"WEB-{number}", f"{number:09}", f"b/{number}/x", f"{number}K"))

    def parts(self, currency: str) -> list[tuple[int, Decimal]]:
        """Draw what an order has: one line of some units, equal tickets, or several packages."""
        shape = self.random.choice(("one", "tickets", "packages"))
        if shape == "one":
            return [(self.random.randint(1, 40), self.amount(currency))]
        if shape == "tickets":
            return [(1, self.amount(currency))] * self.random.randint(2, 4)
        return [
            (self.random.randint(1, 3), self.amount(currency))
            for _ in range(self.random.randint(2, 3))
        ]

    def true_entry(self) -> Entry:
        """Make an order that was sold and is billed truly."""
        currency = self.random.choice(CURRENCIES)
        return self.entry(self.parts(currency), currency)

    def agreed_entry(self) -> Entry:
        """Make one of the sorts of orders about which both sides agree."""
        return self.random.choice((Month.true_entry, _partly_refunded, _quietly_cancelled))(self)


def refund_of(line: StatedLine) -> StatedLine:
    """Return the line that undoes a sale."""
    return dataclasses.replace(
        line,
        kind=LineKind.REFUND,
        gross=-(line.gross or Decimal(0)),
        commission=-(line.commission or Decimal(0)),
        net=-line.net,
    )


def _partly_refunded(month: Month) -> Entry:
    """Two tickets, one of which both sides took back: the partner with a line of its own."""
    price = month.amount("EUR")
    entry = month.entry([(1, price)], "EUR")
    entry.lines = [entry.lines[0], entry.lines[0], refund_of(entry.lines[0])]
    entry.end_in(S.MATCHED, S.REVERSAL_PAIR, S.MATCHED, S.REVERSAL_PAIR)
    return entry


def _quietly_cancelled(month: Month) -> Entry:
    """An order sold and cancelled in the month, of which the partner says nothing, or nothing due."""
    entry = month.true_entry()
    cancel(entry)
    nothing = {"gross": Decimal(0), "commission": Decimal(0), "net": Decimal(0), "quantity": 0}
    entry.lines = [
        dataclasses.replace(line, **nothing) for line in entry.lines[: month.random.randint(0, 1)]
    ]
    entry.end_in(S.REVERSAL_PAIR, S.REVERSAL_PAIR)
    return entry


def cancel(entry: Entry) -> None:
    """Cancel the order of an entry on our side."""
    nothing = dict.fromkeys(("gross", "commission", "net"), Decimal(0))
    entry.change_order(is_cancelled=True, quantity=0, **nothing)


Seed = Callable[[Month, Entry], None]


def seed_month(*, seed: int, tolerance: Decimal, agreed: int, seeds: Sequence[Seed]) -> Seeded:
    """Make a month with so many orders on which both sides agree, and one for each seed."""
    month = Month(seed, tolerance)
    entries = [month.agreed_entry() for _ in range(agreed)]
    for sow in seeds:
        entry = month.true_entry()
        sow(month, entry)
        entries.append(entry)
    sown = [sow.__name__ for sow in seeds]
    recipe = f"seed_month({seed=}, {tolerance=}, {agreed=}, seeds=[{', '.join(sown)}])"
    lines, line_states, line_orders = _written(month, entries)
    orders, order_states = _held(month, entries)
    return Seeded(
        recipe=recipe,
        sown=sown,
        lines=lines,
        orders=orders,
        tolerance=tolerance,
        line_states=line_states,
        line_orders=line_orders,
        order_states=order_states,
    )


def _written(
    month: Month, entries: list[Entry]
) -> tuple[list[StatedLine], dict[int, MatchState], dict[int, str | None]]:
    """Mix the lines of all entries in the file, each entry's in its own sequence."""
    places = [number for number, entry in enumerate(entries) for _ in entry.lines]
    month.random.shuffle(places)
    queues = [iter(zip(entry.lines, entry.line_states, strict=True)) for entry in entries]
    lines, states, keys = [], {}, {}
    for row, number in enumerate(places, start=2):
        entry = entries[number]
        line, states[row] = next(queues[number])
        keys[row] = entry.order.key if entry.is_found else None
        hidden = dict.fromkeys(sorted(entry.hidden), None)
        lines.append(dataclasses.replace(line, row=row, **hidden))
    return lines, states, keys


def _held(month: Month, entries: list[Entry]) -> tuple[list[OurOrder], dict[str, MatchState]]:
    """Return what we have, and the states of those that are to be in the results."""
    held = [
        pair
        for entry in entries
        for pair in ([(entry.order, entry.order_state)] if entry.is_ours else []) + entry.others
    ]
    month.random.shuffle(held)
    results = (Standing.IN_SCOPE, Standing.ADJUSTMENT)
    states = {order.key: state for order, state in held if order.standing in results}
    return [order for order, _ in held], states

"""What the cells of a whole file say about how it is written, before it is understood."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Mapping
from decimal import Decimal
from typing import IO

from orders.finance.statements.cells import Cell, as_text
from orders.finance.statements.damage import Widths
from orders.finance.statements.dates import numbers_of
from orders.finance.statements.format import (
    REFERENCES,
    Column,
    DateOrder,
    SignRule,
    StatementFormat,
)
from orders.finance.statements.headers import Header, plain, positions
from orders.finance.statements.source import source_of
from orders.finance.statements.values import MAX_VALUE_CHARACTERS, NO_CENTS

_MOST_EXAMPLES = 3
_MOST_WORDS = 200
_NUMBER = re.compile(r"\d[\d.,' ]*\d|\d", re.ASCII)
_BLANKS = str.maketrans({"\u00a0": " ", "\u202f": " ", "\u2009": " ", "\u2019": "'"})
_MINUS = re.compile(r"[-\u2212\u2013(]")
# By the words of a type, without accents: money that goes back.
_REFUND_NAMES = (
    "refund refunds refunded cancel cancelled canceled cancellation cancelation reversal reversed "
    "chargeback credit creditnote return returned terugbetaling terugbetaald retour annulering "
    "geannuleerd creditering storno storniert stornierung erstattung ruckerstattung gutschrift "
    "remboursement rembourse annulation annule avoir reembolso devolucion cancelacion cancelado "
    "anulacion anulado abono"
)
# And what belongs to no booking.
_ADJUSTMENT_NAMES = (
    "adjustment adjustments correction corrections fee fees marketing rebate bonus correctie "
    "aanpassing toeslag korrektur anpassung gebuhr ajustement frais regularisation ajuste "
    "correccion cargo"
)
_REFUND_WORDS = frozenset(_REFUND_NAMES.split())
_ADJUSTMENT_WORDS = frozenset(_ADJUSTMENT_NAMES.split())


class DecimalEvidence:
    """Which sign parts the decimals of amounts, and which the thousands."""

    def __init__(self) -> None:
        self.examples: dict[str, str] = {}
        self.undecided: list[str] = []
        self._thousands: dict[str, None] = {}

    def add(self, text: str) -> None:
        """Take in the text of an amount; of it only the number is kept."""
        text = text[:MAX_VALUE_CHARACTERS].translate(_BLANKS)
        if dash := NO_CENTS.search(text):
            numbers = _NUMBER.findall(text[: dash.start()])
            self.examples.setdefault(dash[0][0], "".join(numbers[-1:]) + dash[0])
            return
        found = _NUMBER.search(text)
        if found is None:
            return
        number = found[0]
        points = [character for character in number if character in ".,"]
        for blank in (" ", "'"):
            if blank in number:
                self._thousands.setdefault(blank)
        if not points:
            return
        last = points[-1]
        other = "," if last == "." else "."
        whole, _, fraction = number.rpartition(last)
        if other in points:
            self._thousands.setdefault(other)
            self.examples.setdefault(last, number)
        elif len(points) > 1:
            self._thousands.setdefault(last)
            self.examples.setdefault(other, number)
        elif len(fraction) != 3 or len(whole) > 3 or whole == "0":
            self.examples.setdefault(last, number)
        elif len(self.undecided) < _MOST_EXAMPLES and number not in self.undecided:
            self.undecided.append(number)

    def thousands(self, decimal: str) -> str:
        """Return what parts thousands beside a decimal sign; where it was not seen, the other."""
        seen = [sign for sign in self._thousands if sign != decimal]
        return seen[0] if seen else {".": ",", ",": "."}[decimal]


class DateEvidence:
    """In which order the numbers of dates can stand."""

    def __init__(self) -> None:
        self.orders: frozenset[DateOrder] = frozenset(DateOrder) - {DateOrder.UNDECIDED}
        # Those that read as different days, and those that made an order impossible.
        self.undecided: list[str] = []
        self.telling: dict[frozenset[DateOrder], str] = {}

    def add(self, text: str) -> None:
        """Take in the text of a date; one that is no date, or says itself, tells nothing."""
        numbers = numbers_of(text)
        orders = numbers.reads_as if numbers else frozenset()
        if numbers is None or not orders:
            return
        self.orders &= orders
        days = {numbers.day(order) for order in orders}
        if len(orders) == 1:
            self.telling.setdefault(orders, text)
        elif len(days) > 1 and len(self.undecided) < _MOST_EXAMPLES and text not in self.undecided:
            self.undecided.append(text)


class SignEvidence:
    """Whether amounts have signs, and which words the type column uses."""

    def __init__(self) -> None:
        self.positive = 0
        self.negative = 0
        self.refund_words: dict[str, None] = {}
        self.adjustment_words: dict[str, None] = {}
        self.refunds_by_type = 0
        self._words: set[str] = set()

    def add_amount(self, cell: Cell) -> None:
        """Take in a gross or net amount; zero tells nothing."""
        if isinstance(cell, Decimal):
            self.positive += cell > 0
            self.negative += cell < 0
        elif isinstance(cell, str) and re.search("[1-9]", cell):
            is_negative = _MINUS.search(NO_CENTS.sub("", cell)) is not None
            self.negative += is_negative
            self.positive += not is_negative

    def add_type(self, text: str) -> None:
        """Take in what the type column says of a row."""
        said = plain(text)
        if said not in self._words and len(self._words) < _MOST_WORDS:
            self._words.add(said)
            words = set(said.split())
            if words & _REFUND_WORDS and not words & {"non", "not"}:
                self.refund_words.setdefault(said)
            elif words & _ADJUSTMENT_WORDS:
                self.adjustment_words.setdefault(said)
        self.refunds_by_type += said in self.refund_words

    @property
    def rule(self) -> SignRule:
        """Return the sign rule of the file."""
        if self.negative and not self.positive:
            return SignRule.ALL_REVERSED
        if self.refund_words and self.positive and not self.negative:
            return SignRule.BY_TYPE
        return SignRule.AS_STATED


@dataclasses.dataclass
class Evidence:
    """What one pass over all rows of a file has found."""

    decimals: DecimalEvidence = dataclasses.field(default_factory=DecimalEvidence)
    dates: DateEvidence = dataclasses.field(default_factory=DateEvidence)
    signs: SignEvidence = dataclasses.field(default_factory=SignEvidence)
    widths: Widths = dataclasses.field(default_factory=Widths)

    def add(self, cells: list[Cell], places: Mapping[Column, int]) -> None:
        """Take in a row."""
        for column, place in places.items():
            cell = cells[place] if place < len(cells) else ""
            if cell == "":
                continue
            if column in {Column.GROSS, Column.NET, Column.COMMISSION}:
                if isinstance(cell, str):
                    self.decimals.add(cell)
                if column is not Column.COMMISSION:
                    self.signs.add_amount(cell)
            elif column is Column.DATE and isinstance(cell, str):
                self.dates.add(cell.strip())
            elif column is Column.TYPE:
                self.signs.add_type(as_text(cell))
            elif column in REFERENCES:
                self.widths.add(column, cell)


def evidence_of(file: IO[bytes], form: StatementFormat, header: Header) -> Evidence:
    """Go through a file as a whole. Raises UnreadableStatement."""
    evidence = Evidence()
    places = positions(header.names, form.columns)
    for number, cells in source_of(file, form=form)():
        if number > header.row:
            evidence.add(cells, places)
    return evidence

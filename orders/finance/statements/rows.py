"""What one row of a statement turns out to be, once its format is known."""

from __future__ import annotations

import dataclasses
import datetime
from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from typing import TypeAlias, TypeVar

from orders.finance.lines import LineKind, StatedLine
from orders.finance.statements import values
from orders.finance.statements.cells import Cell, Formula, as_text
from orders.finance.statements.damage import Widths, damage_to
from orders.finance.statements.format import (
    AMOUNTS,
    REFERENCES,
    Column,
    Kind,
    SignRule,
    StatementFormat,
)
from orders.finance.statements.headers import plain
from orders.finance.statements.totals import RunningSums, label_of

_Value = TypeVar("_Value")
# Of a gross amount and a number of places, what the contract leaves as net; None when it cannot.
NetOf: TypeAlias = Callable[[Decimal, int | None], Decimal | None]
MAX_TEXT_CHARACTERS = 200
_NO_NET = (
    "the statement has no net or commission column, and the contract's commission cannot be worked "
    "out from gross alone"
)


@dataclasses.dataclass(frozen=True, kw_only=True)
class RowFault:
    """A row that should be a line and cannot be read; a sentence for each thing wrong with it."""

    row: int
    faults: tuple[str, ...]


@dataclasses.dataclass(frozen=True, kw_only=True)
class TotalRow:
    """A row that adds up others, left out. Amounts, signs made ours, as far as it states them.

    label: what it calls itself; empty when only its amounts gave it away.
    """

    row: int
    label: str
    gross: Decimal | None
    net: Decimal | None
    currency: str


@dataclasses.dataclass(frozen=True, kw_only=True)
class TextRow:
    """A row with no reference and no amount, or the header once more: nothing is counted of it."""

    row: int


Reading: TypeAlias = StatedLine | RowFault | TotalRow | TextRow


class RowReader:
    """Reads the rows below the header, in their order: totals are known by what came before."""

    def __init__(
        self,
        form: StatementFormat,
        *,
        names: Sequence[str],
        places: Mapping[Column, int],
        widths: Widths,
        net_of: NetOf | None,
    ) -> None:
        self._form = form
        self._names = names
        self._places = places
        self._widths = widths
        self._net_of = net_of
        self._sums = RunningSums()

    def read(self, number: int, cells: Sequence[Cell]) -> Reading:
        """Return what a row is."""
        row = _Row(number, cells, self._form, self._names, self._places)
        if row.repeats_header or row.is_text:
            return TextRow(row=number)
        if row.label or row.is_formula_total:
            self._sums.end_block()
            return row.total()
        line = self._line(row)
        if isinstance(line, RowFault):
            return line
        if not row.has_reference and not line.guest_name and line.date is None:
            stated = {
                Column.GROSS: line.gross,
                Column.NET: line.net if row.states(Column.NET) else None,
            }
            amounts = {column: value for column, value in stated.items() if value is not None}
            if self._sums.are(amounts, line.currency):
                self._sums.end_block()
                return row.total()
        self._sums.add(line)
        return line

    def _line(self, row: _Row) -> StatedLine | RowFault:
        row.must_fit()
        references = {column: row.reference(column) for column in REFERENCES}
        date = row.understood(Column.DATE, self._date)
        quantity = row.understood(Column.QUANTITY, values.quantity)
        stated = {column: row.amount(column) for column in AMOUNTS}
        currency = row.currency([each for each in stated.values() if each])
        kind = row.stated_kind
        amounts = {
            column: row.in_currency(column, each, currency, kind) for column, each in stated.items()
        }
        gross, net = amounts[Column.GROSS], amounts[Column.NET]
        commission = commission_in_our_sign(amounts[Column.COMMISSION], gross=gross, net=net)
        is_worked_out = net is None and commission is None
        if net is None and not row.faults:
            net = self._net(row, gross, commission, quantity)
        if row.faults or net is None:
            return RowFault(row=row.number, faults=tuple(row.faults))
        return StatedLine(
            row=row.number,
            our_reference=references[Column.OUR_REFERENCE],
            their_reference=references[Column.THEIR_REFERENCE],
            other_reference=references[Column.OTHER_REFERENCE],
            guest_name=row.text(Column.GUEST_NAME)[:MAX_TEXT_CHARACTERS],
            date=date,
            quantity=quantity,
            gross=gross,
            commission=commission,
            net=net,
            net_is_worked_out=is_worked_out,
            currency=currency,
            kind=_kind(kind, net or gross or Decimal(0)),
            damage=tuple(
                sentence
                for column in REFERENCES
                for sentence in damage_to(
                    row.cell(column), row=row.number, column=column, widths=self._widths
                )
            ),
        )

    def _net(
        self, row: _Row, gross: Decimal | None, commission: Decimal | None, quantity: int | None
    ) -> Decimal | None:
        if gross is None:
            row.faults.append(f"row {row.number}: there is no amount, neither net nor gross")
            return None
        if commission is not None:
            return gross - commission
        net = self._net_of(gross, quantity) if self._net_of else None
        if net is None:
            row.faults.append(f"row {row.number}: {_NO_NET}")
        return net

    def _date(self, cell: Cell) -> datetime.date | None:
        return values.date(cell, order=self._form.date_order)


class _Row:
    """The cells of one row by their meanings, and what is wrong with them."""

    def __init__(
        self,
        number: int,
        cells: Sequence[Cell],
        form: StatementFormat,
        names: Sequence[str],
        places: Mapping[Column, int],
    ) -> None:
        self.number = number
        self.faults: list[str] = []
        self._cells = cells
        self._form = form
        self._names = names
        self._places = places
        texts = [cell.strip() for cell in cells if isinstance(cell, str)]
        self.references = [self.text(column) for column in REFERENCES if self.text(column)]
        # A word for a total in the place of a reference; one with digits is a reference.
        labels = [text for text in self.references if label_of([text]) and not _has_digit(text)]
        self.has_reference = len(self.references) > len(labels)
        self.label = "" if self.has_reference else (labels or [self._label(texts)])[0]

    @property
    def repeats_header(self) -> bool:
        return all(self.text(column) == self._names[i] for column, i in self._places.items())

    @property
    def is_text(self) -> bool:
        """Whether it has no amount, and no reference but a title's or a footer's words."""
        if self.label or any(self.states(column) for column in AMOUNTS):
            return False
        filled = [cell for cell in self._cells if as_text(cell)]
        is_sentence = len(filled) == 1 and (
            " " in as_text(filled[0]) or not _has_digit(as_text(filled[0]))
        )
        return not self.has_reference or is_sentence

    @property
    def is_formula_total(self) -> bool:
        cells = [self.cell(column) for column in AMOUNTS]
        return not self.has_reference and any(
            isinstance(cell, Formula) and cell.is_sum for cell in cells
        )

    @property
    def stated_kind(self) -> LineKind | None:
        """What the type column calls it; None when it calls it nothing of the kind."""
        said = plain(self.text(Column.TYPE))
        if said in self._form.adjustment_words:
            return LineKind.ADJUSTMENT
        return LineKind.REFUND if said in self._form.refund_words else None

    def _label(self, texts: Sequence[str]) -> str:
        """Return what calls the row a total: not a guest of that name, nor what a guest booked."""
        label = label_of(text for text in texts if text)
        guest, date = self.text(Column.GUEST_NAME), self.text(Column.DATE)
        if guest and (guest != label or " " in guest):
            return ""
        return label if date in {"", label} else ""

    def cell(self, column: Column) -> Cell:
        place = self._places.get(column, len(self._cells))
        return self._cells[place] if place < len(self._cells) else ""

    def text(self, column: Column) -> str:
        return " ".join(as_text(self.cell(column)).split())

    def states(self, column: Column) -> bool:
        return self.text(column) != ""

    def must_fit(self) -> None:
        """Find fault with more cells than the header has: what is behind a stray separator."""
        extra = self._cells[len(self._names) :]
        if self._form.kind is Kind.CSV and any(as_text(cell) for cell in extra):
            self.faults.append(
                f"row {self.number}: it has {len(self._cells)} cells and the header "
                f"{len(self._names)}; a separator stands within a cell that is not in quotation "
                "marks"
            )

    def understood(self, column: Column, parse: Callable[[Cell], _Value | None]) -> _Value | None:
        try:
            return parse(self.cell(column))
        except values.NotUnderstood as error:
            self._fault(column, str(error))
            return None

    def reference(self, column: Column) -> str:
        if isinstance(self.cell(column), Formula):
            self._fault(
                column,
                "a formula is not worked out here; save the file with values instead of formulas",
            )
        text = self.text(column)
        if len(text) > MAX_TEXT_CHARACTERS:
            self._fault(column, f"a reference of {len(text):,} characters is none")
        return text

    def amount(self, column: Column) -> values.Amount | None:
        form = self._form
        return self.understood(
            column,
            lambda cell: values.amount(cell, decimal=form.decimal, thousands=form.thousands),
        )

    def currency(self, amounts: Sequence[values.Amount]) -> str:
        """Return the row's currency: its column's, else that beside an amount, else the file's."""
        stated = self.understood(Column.CURRENCY, values.currency)
        if stated:
            return stated
        beside = [each.currencies for each in amounts if len(each.currencies) == 1]
        return next(iter(beside[0])) if beside else self._form.currency

    def in_currency(
        self,
        column: Column,
        amount: values.Amount | None,
        currency: str,
        kind: LineKind | None,
    ) -> Decimal | None:
        """Return an amount of a currency in our sign."""
        if amount is None:
            return None
        try:
            value = amount.in_currency(currency)
        except values.NotUnderstood as error:
            self._fault(column, str(error))
            return None
        rule = self._form.sign_rule
        is_turned = rule is SignRule.ALL_REVERSED or (
            rule is SignRule.BY_TYPE and kind is LineKind.REFUND and value > 0
        )
        return -value if is_turned and value else value

    def total(self) -> TotalRow:
        """Return the row as a total; what cannot be read of it is left out."""
        stated = {column: self.amount(column) for column in (Column.GROSS, Column.NET)}
        currency = self.currency([each for each in stated.values() if each])
        amounts = {
            column: self.in_currency(column, each, currency, None)
            for column, each in stated.items()
        }
        return TotalRow(
            row=self.number,
            label=self.label,
            gross=amounts[Column.GROSS],
            net=amounts[Column.NET],
            currency=currency,
        )

    def _fault(self, column: Column, what: str) -> None:
        name = self._names[self._places[column]]
        self.faults.append(f"row {self.number}, {name}: {what}")


def commission_in_our_sign(
    commission: Decimal | None, *, gross: Decimal | None, net: Decimal | None
) -> Decimal | None:
    """Return a commission with the sign of its sale, whether it was stated as a deduction or not.

    Where gross and net differ by just that much, their difference is the commission.
    """
    if not commission:
        return commission
    if gross is not None and net is not None and abs(gross - net) == abs(commission):
        return gross - net
    basis = gross or net
    if not basis:
        return commission
    return abs(commission) if basis > 0 else -abs(commission)


def _kind(stated: LineKind | None, amount: Decimal) -> LineKind:
    if stated is LineKind.ADJUSTMENT:
        return stated
    if not amount:
        return stated or LineKind.SALE
    return LineKind.REFUND if amount < 0 else LineKind.SALE


def _has_digit(text: str) -> bool:
    return any(character.isdigit() for character in text)

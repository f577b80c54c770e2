"""How a partner writes its statements: kept with the partner, and used for the next file."""

from __future__ import annotations

import dataclasses
import enum
from collections.abc import Mapping
from typing import Any, TypeVar

from orders.finance.statements.currencies import KNOWN_CURRENCIES
from orders.finance.statements.refusals import Problem, UnreadableStatement


class Kind(enum.StrEnum):
    """The kinds of file that are read."""

    CSV = "csv"
    XLSX = "xlsx"


class Column(enum.StrEnum):
    """What a column of a statement can mean to us."""

    OUR_REFERENCE = "our_reference"
    THEIR_REFERENCE = "their_reference"
    OTHER_REFERENCE = "other_reference"
    GUEST_NAME = "guest_name"
    DATE = "date"
    QUANTITY = "quantity"
    GROSS = "gross"
    COMMISSION = "commission"
    NET = "net"
    CURRENCY = "currency"
    TYPE = "type"


REFERENCES = (Column.OUR_REFERENCE, Column.THEIR_REFERENCE, Column.OTHER_REFERENCE)
AMOUNTS = (Column.GROSS, Column.COMMISSION, Column.NET)


class DateOrder(enum.StrEnum):
    """In which order a date's numbers stand; undecided: only dates that read one way are read."""

    YEAR_MONTH_DAY = "ymd"
    DAY_MONTH_YEAR = "dmy"
    MONTH_DAY_YEAR = "mdy"
    UNDECIDED = ""

    @property
    def label(self) -> str:
        """Return the order in words."""
        words = {"y": "year", "m": "month", "d": "day"}
        return ", ".join(words[letter] for letter in self.value) or "undecided"


class SignRule(enum.StrEnum):
    """How a file tells money that comes from money that goes back."""

    # Refunds are negative, as we have it.
    AS_STATED = "as_stated"
    # Every amount has the other sign: what is a cost to the partner.
    ALL_REVERSED = "all_reversed"
    # No amount has a sign: the type column says which are refunds.
    BY_TYPE = "by_type"


_Name = TypeVar("_Name", bound=str)
ENCODINGS = ("utf-8", "utf-8-sig", "utf-16", "cp1252")
SEPARATORS = (",", ";", "\t", "|")
THOUSANDS = ("", ".", ",", " ", "'")


@dataclasses.dataclass(frozen=True, kw_only=True)
class StatementFormat:
    """How a file is written, and which of its columns mean what.

    encoding and separator are empty for a workbook, sheet for a CSV file. header_row: where the
    header was found, from 1; reading looks for the header itself, as titles above it come and go.
    columns: the header text of each column that is known. currency: of amounts that name none.
    refund_words, adjustment_words: what the type column says, in lower case.
    """

    kind: Kind
    encoding: str = ""
    separator: str = ""
    decimal: str = "."
    thousands: str = ","
    date_order: DateOrder = DateOrder.UNDECIDED
    sign_rule: SignRule = SignRule.AS_STATED
    header_row: int = 1
    sheet: str = ""
    columns: Mapping[Column, str]
    currency: str
    refund_words: frozenset[str] = frozenset()
    adjustment_words: frozenset[str] = frozenset()

    def __post_init__(self) -> None:
        for fault in _faults(self):
            raise UnreadableStatement(Problem.INVALID_FORMAT, f"This format is not valid: {fault}")

    def to_data(self) -> dict[str, Any]:
        """Return the format as it is kept in JSON."""
        return {
            "kind": self.kind.value,
            "encoding": self.encoding,
            "separator": self.separator,
            "decimal": self.decimal,
            "thousands": self.thousands,
            "date_order": self.date_order.value,
            "sign_rule": self.sign_rule.value,
            "header_row": self.header_row,
            "sheet": self.sheet,
            "columns": {column.value: header for column, header in self.columns.items()},
            "currency": self.currency,
            "refund_words": sorted(self.refund_words),
            "adjustment_words": sorted(self.adjustment_words),
        }

    @classmethod
    def from_data(cls, data: Any) -> StatementFormat:
        """Return a format that was kept; raise UnreadableStatement unless it is exactly one."""
        names = {field.name for field in dataclasses.fields(cls)}
        if not isinstance(data, Mapping) or set(data) != names:
            raise UnreadableStatement(
                Problem.INVALID_FORMAT, f"A format has the members {', '.join(sorted(names))}."
            )
        columns = _typed(data, "columns", dict)
        if not all(isinstance(header, str) for header in columns.values()):
            raise UnreadableStatement(Problem.INVALID_FORMAT, "Header names are texts.")
        try:
            return cls(
                kind=Kind(data["kind"]),
                encoding=_typed(data, "encoding", str),
                separator=_typed(data, "separator", str),
                decimal=_typed(data, "decimal", str),
                thousands=_typed(data, "thousands", str),
                date_order=DateOrder(data["date_order"]),
                sign_rule=SignRule(data["sign_rule"]),
                header_row=_typed(data, "header_row", int),
                sheet=_typed(data, "sheet", str),
                columns={Column(name): header for name, header in columns.items()},
                currency=_typed(data, "currency", str),
                refund_words=_words(data, "refund_words"),
                adjustment_words=_words(data, "adjustment_words"),
            )
        except ValueError as error:
            raise UnreadableStatement(
                Problem.INVALID_FORMAT, f"This format is not valid: {error}."
            ) from error

    def answered(self, about: str, value: str) -> StatementFormat:
        """Return the format with a question answered: `decimal`, `date_order`, `columns.<name>`.

        An empty value for a column says that the file has none. Raises UnreadableStatement when
        the value is none that the question offers.
        """
        data = self.to_data()
        part, _, name = about.partition(".")
        if part == "columns" and name:
            data["columns"] = chosen_columns(data["columns"], {name: value})
        elif part == "decimal":
            data["decimal"] = value
            data["thousands"] = {".": ",", ",": "."}.get(value, "")
        elif part in {"date_order", "sign_rule", "currency"} and not name:
            data[part] = value
        else:
            raise UnreadableStatement(Problem.INVALID_FORMAT, f"Nothing is asked about “{about}”.")
        return StatementFormat.from_data(data)


def chosen_columns(columns: Mapping[_Name, str], chosen: Mapping[_Name, str]) -> dict[_Name, str]:
    """Return columns with some chosen by hand: a header means one thing, an empty one none."""
    result = dict(columns)
    for column, name in chosen.items():
        result = {other: text for other, text in result.items() if other != column and text != name}
        if name:
            result[column] = name
    return result


def _faults(form: StatementFormat) -> list[str]:
    faults = []
    if form.kind is Kind.CSV and form.encoding not in ENCODINGS:
        faults.append(f"the encoding is one of {', '.join(ENCODINGS)}.")
    if form.kind is Kind.CSV and form.separator not in SEPARATORS:
        faults.append("the separator is a comma, a semicolon, a tab or a bar.")
    if form.decimal not in {".", ","} or form.thousands not in THOUSANDS:
        faults.append("the decimal sign is a point or a comma.")
    if form.decimal == form.thousands:
        faults.append("the decimal sign cannot part thousands too.")
    if not 1 <= form.header_row <= 1_048_576:
        faults.append("the header's row is counted from 1.")
    if form.currency not in KNOWN_CURRENCIES:
        faults.append(f"{form.currency!r} is no currency of ISO 4217.")
    headers = list(form.columns.values())
    if not all(headers) or len(set(headers)) != len(headers):
        faults.append("each column has a header of its own.")
    return faults


def _typed(data: Mapping[str, Any], name: str, kind: type) -> Any:
    value = data[name]
    if not isinstance(value, kind) or isinstance(value, bool):
        raise UnreadableStatement(Problem.INVALID_FORMAT, f"{name} of a format is of another type.")
    return value


def _words(data: Mapping[str, Any], name: str) -> frozenset[str]:
    words = _typed(data, name, list)
    if not all(isinstance(word, str) and word for word in words):
        raise UnreadableStatement(Problem.INVALID_FORMAT, f"{name} of a format are texts.")
    return frozenset(words)

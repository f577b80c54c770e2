"""How a file is written, found out from the file itself; what cannot be found out is asked."""

from __future__ import annotations

import dataclasses
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import IO

from orders.finance.statements import csv_file
from orders.finance.statements.cells import Row
from orders.finance.statements.evidence import evidence_of
from orders.finance.statements.format import (
    SEPARATORS,
    Column,
    Kind,
    StatementFormat,
    chosen_columns,
)
from orders.finance.statements.headers import (
    HEADER_WITHIN,
    Header,
    columns_missing,
    currency_named,
    header_names,
    header_of,
    positions,
    with_our_references,
)
from orders.finance.statements.preview import PreviewRow, preview_of, raw_preview
from orders.finance.statements.questions import (
    Question,
    ask_for_columns,
    decided_date_order,
    decided_decimal,
    decided_sign_rule,
)
from orders.finance.statements.reading import header_index, readings
from orders.finance.statements.refusals import Problem, UnreadableStatement
from orders.finance.statements.rows import NetOf
from orders.finance.statements.source import first_rows, kind_of
from orders.finance.statements.xlsx_file import Workbook


@dataclasses.dataclass(frozen=True, kw_only=True)
class Detection:
    """What was found out about a file.

    questions: what somebody has to answer (StatementFormat.answered) before it can be read.
    notes: sentences about what was found and should be looked at. names: the header's cells, in
    their places. preview: the first 20 rows; without lines while columns are missing.
    """

    format: StatementFormat
    questions: tuple[Question, ...]
    notes: tuple[str, ...]
    names: tuple[str, ...]
    preview: tuple[PreviewRow, ...]

    @property
    def headers(self) -> tuple[str, ...]:
        """Return the names to choose columns from."""
        return tuple(dict.fromkeys(name for name in self.names if name))


def detect(
    file: IO[bytes],
    *,
    file_name: str,
    currency: str,
    saved: StatementFormat | None = None,
    chosen: Mapping[Column, str] | None = None,
    net_of: NetOf | None = None,
) -> Detection:
    """Return how a file is written, and its first 20 rows as that is understood.

    currency: of amounts that name none, the contract's. saved: the partner's format, used when its
    columns are all there; encoding, separator and sheet are found anew. chosen: the headers that a
    person chose for columns, empty for a column that the file has not; with others the dates and
    amounts are other ones, so that they are looked at again here. The file is gone through
    as a whole, never held in memory. Raises UnreadableStatement.
    """
    layout, rows = _layout(file, file_name=file_name, currency=currency, saved=saved)
    notes: list[str] = []
    questions: list[Question] = []
    if saved is not None:
        missing = [name for name in saved.columns.values() if name not in _all_names(rows, saved)]
        if missing:
            notes.append(
                f"The saved format was not used: the file has no column {_listed(missing)}."
            )
            saved = None
        else:
            notes.append("The partner's saved format was used.")
    if saved is not None:
        found = rows[header_index(rows[:HEADER_WITHIN], saved)]
        header = Header(row=found[0], names=header_names(found[1]), candidates={})
        form = dataclasses.replace(
            saved,
            columns=chosen_columns(saved.columns, chosen or {}),
            kind=layout.kind,
            encoding=layout.encoding,
            separator=layout.separator,
            sheet=layout.sheet,
            header_row=header.row,
        )
    else:
        header, form = _recognised(rows, layout, chosen or {}, notes)
        questions += ask_for_columns(header, form.columns, chosen or {})
    evidence = evidence_of(file, form, header)
    # Numbers of a workbook have no decimal sign, so that a format saved from one knows none.
    same_kind = saved if saved is not None and saved.kind is form.kind else None
    form = decided_decimal(form, evidence.decimals, same_kind, questions)
    form = decided_date_order(form, evidence.dates, saved, questions)
    form = decided_sign_rule(form, evidence.signs, saved, questions, notes)
    return Detection(
        format=form,
        questions=tuple(questions),
        notes=tuple(notes),
        names=header.names,
        preview=raw_preview(rows, header)
        if columns_missing(form.columns)
        else preview_of(readings(file, form=form, net_of=net_of, widths=evidence.widths)),
    )


def _layout(
    file: IO[bytes], *, file_name: str, currency: str, saved: StatementFormat | None
) -> tuple[StatementFormat, list[Row]]:
    """Return how the file parts its cells, as a format with no columns yet, and its first rows."""
    candidates = (
        _sheets(file, currency)
        if kind_of(file, file_name=file_name) is Kind.XLSX
        else _separations(file, currency)
    )
    best: tuple[tuple[int, int, int], StatementFormat, list[Row]] | None = None
    refused: UnreadableStatement | None = None
    for candidate in candidates:
        try:
            rows = first_rows(file, form=candidate)
        except UnreadableStatement as error:
            # Of a wrong separator, most likely: quotation marks would stand within its cells.
            refused = refused or error
            continue
        score = _score(rows, saved)
        if best is None or score > best[0]:
            best = score, candidate, rows
    if best is None:
        raise refused or UnreadableStatement(Problem.EMPTY, "The workbook has no sheet to read.")
    _, layout, rows = best
    if not rows:
        raise UnreadableStatement(Problem.EMPTY, "The file has no row with anything in it.")
    if refused is not None and max(len(cells) for _, cells in rows) < 2:
        raise refused
    return layout, rows


def _separations(file: IO[bytes], currency: str) -> list[StatementFormat]:
    encoding = csv_file.encoding_of(file)
    declared = csv_file.separator_line(file, encoding=encoding)
    return [
        StatementFormat(
            kind=Kind.CSV, encoding=encoding, separator=separator, columns={}, currency=currency
        )
        for separator in ([declared] if declared in SEPARATORS else SEPARATORS)
    ]


def _sheets(file: IO[bytes], currency: str) -> list[StatementFormat]:
    return [
        StatementFormat(kind=Kind.XLSX, sheet=name, columns={}, currency=currency)
        for name in Workbook(file).sheet_names
    ]


def _score(rows: Sequence[Row], saved: StatementFormat | None) -> tuple[int, int, int]:
    """Return how much a reading of the first rows looks like a statement."""
    wanted = set(saved.columns.values()) if saved else set()
    known = max((len(wanted & set(header_names(cells))) for _, cells in rows), default=0)
    header = header_of(rows)
    widths = Counter(len(cells) for _, cells in rows)
    width, count = widths.most_common(1)[0] if widths else (0, 0)
    return known, len(header.candidates) if header else 0, count if width > 1 else 0


def _all_names(rows: Sequence[Row], saved: StatementFormat) -> tuple[str, ...]:
    """Return the names in the row that comes closest to the header of a format."""
    wanted = set(saved.columns.values())
    found = [header_names(cells) for _, cells in rows[:HEADER_WITHIN]]
    return max(found, key=lambda names: len(wanted.intersection(names)))


def _recognised(
    rows: Sequence[Row],
    layout: StatementFormat,
    chosen: Mapping[Column, str],
    notes: list[str],
) -> tuple[Header, StatementFormat]:
    header = header_of(rows)
    if header is None:
        raise UnreadableStatement(
            Problem.NO_HEADER,
            f"None of the first {min(len(rows), HEADER_WITHIN)} rows names the columns. A "
            "statement needs a row of headings above its bookings.",
        )
    below = [row for row in rows if row[0] > header.row]
    header, note = with_our_references(header, below)
    columns = chosen_columns(header.columns, chosen)
    positions(header.names, columns)
    if note:
        notes.append(note)
    currency = currency_named(columns)
    if currency and currency != layout.currency and Column.CURRENCY not in columns:
        notes.append(
            f"The header says that the amounts are in {currency}; the contract is in "
            f"{layout.currency}."
        )
    form = dataclasses.replace(
        layout,
        columns=columns,
        header_row=header.row,
        currency=currency or layout.currency,
    )
    return header, form


def _listed(names: Sequence[str]) -> str:
    return ", ".join(f"“{name}”" for name in names)

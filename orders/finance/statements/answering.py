"""An uploaded file looked at again: as its format stands, or with what somebody has answered."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from typing import IO

from orders.finance.statements.detection import Detection
from orders.finance.statements.evidence import Evidence, evidence_of
from orders.finance.statements.format import Column, StatementFormat, chosen_columns
from orders.finance.statements.headers import (
    columns_missing,
    header_at,
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
from orders.finance.statements.reading import readings
from orders.finance.statements.rows import NetOf
from orders.finance.statements.source import first_rows


@dataclasses.dataclass(frozen=True, kw_only=True)
class Answers:
    """What somebody has chosen. Nothing of it is asked or found out once more.

    columns: the header of each, empty for a column that the file has not. settings: of `decimal`,
    `date_order`, `sign_rule` and `currency` those that were chosen.
    """

    columns: Mapping[Column, str]
    settings: Mapping[str, str]


def look(
    file: IO[bytes],
    *,
    form: StatementFormat,
    questions: Sequence[Question],
    net_of: NetOf | None = None,
) -> Detection:
    """Return the first rows of a file as a format has them, with what is still to be asked.

    Raises UnreadableStatement.
    """
    rows = first_rows(file, form=form)
    header = header_at(rows, form.header_row)
    positions(header.names, form.columns)
    return Detection(
        format=form,
        questions=tuple(questions),
        notes=(),
        names=header.names,
        preview=raw_preview(rows, header)
        if columns_missing(form.columns)
        else _preview(file, form, net_of),
    )


def answer(
    file: IO[bytes],
    *,
    form: StatementFormat,
    questions: Sequence[Question],
    answers: Answers,
    net_of: NetOf | None = None,
) -> Detection:
    """Return what a file is with some answers, and what is to be asked then.

    form, questions: as the file was understood before; it keeps its header and how its cells are
    parted. With other columns the dates and amounts are other ones, so that the file is gone
    through again. Raises UnreadableStatement.
    """
    rows = first_rows(file, form=form)
    header = header_at(rows, form.header_row)
    header, _ = with_our_references(header, [row for row in rows if row[0] > header.row])
    columns = chosen_columns(form.columns, answers.columns)
    open_now = ask_for_columns(header, columns, answers.columns)
    now = dataclasses.replace(form, columns=columns)
    evidence = evidence_of(file, now, header)
    now = decided_decimal(now, evidence.decimals, None, open_now)
    now = decided_date_order(now, evidence.dates, None, open_now)
    now = decided_sign_rule(now, evidence.signs, None, open_now, [])
    for question in questions:
        # It was asked because of earlier files, which nobody looks at here.
        if question.about == "sign_rule":
            open_now.append(question)
            now = dataclasses.replace(now, sign_rule=form.sign_rule)
    now = _settled(now, answers.settings, evidence)
    return Detection(
        format=now,
        questions=tuple(one for one in open_now if one.about not in answers.settings),
        notes=(),
        names=header.names,
        preview=raw_preview(rows, header)
        if columns_missing(columns)
        else _preview(file, now, net_of),
    )


def _settled(
    form: StatementFormat, settings: Mapping[str, str], evidence: Evidence
) -> StatementFormat:
    for name, value in settings.items():
        form = form.answered(name, value)
    if "decimal" in settings:
        thousands = evidence.decimals.thousands(form.decimal)
        form = dataclasses.replace(form, thousands=thousands)
    return form


def _preview(
    file: IO[bytes], form: StatementFormat, net_of: NetOf | None
) -> tuple[PreviewRow, ...]:
    return preview_of(readings(file, form=form, net_of=net_of))

"""What a file leaves open, decided where the evidence is enough and asked where it is not."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping

from orders.finance.statements.evidence import DateEvidence, DecimalEvidence, SignEvidence
from orders.finance.statements.format import (
    REFERENCES,
    Column,
    DateOrder,
    SignRule,
    StatementFormat,
)
from orders.finance.statements.headers import Header

_SIGN_RULES = {
    SignRule.AS_STATED: "As stated: refunds are negative",
    SignRule.ALL_REVERSED: "All reversed: sales are negative",
    SignRule.BY_TYPE: "By the type column: no amount has a sign",
}


@dataclasses.dataclass(frozen=True, kw_only=True)
class Question:
    """Something about a file that only a person can tell.

    about: what StatementFormat.answered calls it. options: the values to choose from, each with
    its words; an empty value says that the file has no such column. examples: cells of the file.
    """

    about: str
    text: str
    options: tuple[tuple[str, str], ...]
    examples: tuple[str, ...] = ()


def ask_for_columns(
    header: Header, columns: Mapping[Column, str], chosen: Mapping[Column, str]
) -> list[Question]:
    """Return the questions about columns: needed ones that are missing, and meanings with two.

    Nothing is asked about what was chosen, unless it leaves out what is needed.
    """
    questions = [
        Question(
            about=f"columns.{column}",
            text=f"Two columns may be the {_words(column)}: which one is it?",
            options=tuple((name, name) for name in names),
        )
        for column, names in header.candidates.items()
        if len(names) > 1 and column not in chosen
    ]
    every = tuple((name, name) for name in dict.fromkeys(header.names) if name)
    none = ("", "The file has none")
    if not any(column in columns for column in REFERENCES):
        questions.append(
            Question(
                about=f"columns.{Column.THEIR_REFERENCE}",
                text="No column with a reference was recognised: which one has the partner's?",
                options=every,
            )
        )
    if Column.NET not in columns and Column.GROSS not in columns:
        questions += [
            Question(
                about=f"columns.{Column.GROSS}",
                text="No column with an amount was recognised: which one has what guests paid, "
                "VAT included?",
                options=(none, *every),
            ),
            Question(
                about=f"columns.{Column.NET}",
                text="And which one has what goes over, the commission taken off?",
                options=(none, *every),
            ),
        ]
    only_gross = Column.GROSS in columns and not {Column.NET, Column.COMMISSION} & set(columns)
    others = tuple((name, name) for name, _ in every if name not in columns.values())
    if only_gross and others:
        # Worked out from our own contract, net would agree whatever the partner states.
        questions += [
            Question(
                about=f"columns.{column}",
                text=f"Only gross amounts were recognised: does a column have the {column}?",
                options=(none, *others),
            )
            for column in (Column.COMMISSION, Column.NET)
            if column not in chosen
        ]
    return questions


def decided_decimal(
    form: StatementFormat,
    evidence: DecimalEvidence,
    saved: StatementFormat | None,
    questions: list[Question],
) -> StatementFormat:
    """Return the format with its decimal sign; add a question where the file does not tell."""
    seen = list(evidence.examples)
    if saved is not None and (not seen or saved.decimal in seen):
        return form
    if len(seen) == 1:
        return dataclasses.replace(form, decimal=seen[0], thousands=evidence.thousands(seen[0]))
    if seen or evidence.undecided:
        questions.append(
            Question(
                about="decimal",
                text="Amounts are written in two ways: what parts the cents?"
                if seen
                else "It cannot be told what parts the cents from the rest: each amount reads "
                "either way.",
                options=((".", "A point, as in 1,234.50"), (",", "A comma, as in 1.234,50")),
                examples=tuple(evidence.examples.values()) or tuple(evidence.undecided),
            )
        )
    return form


def decided_date_order(
    form: StatementFormat,
    evidence: DateEvidence,
    saved: StatementFormat | None,
    questions: list[Question],
) -> StatementFormat:
    """Return the format with its order of dates; add a question where the file does not tell."""
    if saved is not None and saved.date_order and saved.date_order in evidence.orders:
        return form
    if len(evidence.orders) == 1:
        return dataclasses.replace(form, date_order=next(iter(evidence.orders)))
    if evidence.orders and not evidence.undecided:
        # No date of the file depends on it.
        return form
    undecided = dataclasses.replace(form, date_order=DateOrder.UNDECIDED)
    orders = evidence.orders or frozenset(DateOrder) - {DateOrder.UNDECIDED}
    questions.append(
        Question(
            about="date_order",
            text="Dates are written in different orders: which one counts?"
            if not evidence.orders
            else "Every date reads in more than one way: in which order do they stand?",
            options=tuple(
                (order.value, order.label.capitalize()) for order in DateOrder if order in orders
            ),
            examples=tuple(evidence.telling.values())
            if not evidence.orders
            else tuple(evidence.undecided),
        )
    )
    return undecided


def decided_sign_rule(
    form: StatementFormat,
    evidence: SignEvidence,
    saved: StatementFormat | None,
    questions: list[Question],
    notes: list[str],
) -> StatementFormat:
    """Return the format with its sign rule and the words of its types."""
    form = dataclasses.replace(
        form,
        refund_words=form.refund_words | frozenset(evidence.refund_words),
        adjustment_words=form.adjustment_words | frozenset(evidence.adjustment_words),
    )
    rule = evidence.rule
    if saved is not None and (saved.sign_rule is not SignRule.AS_STATED or rule is saved.sign_rule):
        return form
    if rule is SignRule.ALL_REVERSED and saved is not None:
        questions.append(
            Question(
                about="sign_rule",
                text="Every amount is negative, which those of earlier files were not: are they "
                "all refunds, or are the signs reversed?",
                options=tuple(
                    (each.value, words)
                    for each, words in _SIGN_RULES.items()
                    if each is not SignRule.BY_TYPE
                ),
            )
        )
        return form
    if rule is SignRule.ALL_REVERSED:
        notes.append("Every amount is negative: the signs are taken to be reversed.")
    elif rule is SignRule.BY_TYPE:
        words = ", ".join(f"“{word}”" for word in evidence.refund_words)
        notes.append(
            f"No amount is negative: the {evidence.refunds_by_type} rows whose "
            f"“{form.columns[Column.TYPE]}” says {words} are taken as refunds."
        )
    return dataclasses.replace(form, sign_rule=rule)


def _words(column: Column) -> str:
    words = {
        Column.OUR_REFERENCE: "venue's reference",
        Column.THEIR_REFERENCE: "partner's reference",
        Column.OTHER_REFERENCE: "number of a ticket or voucher",
        Column.DATE: "date by which the contract counts",
    }
    return words.get(column, column.replace("_", " "))

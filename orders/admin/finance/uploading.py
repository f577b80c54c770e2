"""Uploading a statement: the file, how it is understood, and the answers to what is unclear."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from django import forms
from django.core.files.uploadedfile import UploadedFile
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone

from channel_manager.lib.admin.asking import Question, show_question
from channel_manager.lib.admin.columns import money
from channel_manager.lib.admin.confirmation import actor_of, attempt, attempt_in
from channel_manager.lib.admin.typed import FileInput, ModelAdmin, Select, TextInput
from channel_manager.lib.errors import Refusal
from orders.finance import receiving
from orders.finance.statements.answering import Answers
from orders.finance.statements.cells import MAX_FILE_BYTES
from orders.finance.statements.detection import Detection
from orders.finance.statements.format import (
    AMOUNTS,
    Column,
    DateOrder,
    SignRule,
    StatementFormat,
)
from orders.finance.statements.headers import columns_missing
from orders.finance.statements.preview import PreviewRow, cells_without_people
from orders.finance.statements.questions import Question as Asked
from orders.models import Period, Statement

# Of a field that is asked about: nothing is chosen yet. No header has two blanks together.
_OPEN = "to  choose"
# The columns that tell each setting.
_TOLD_BY: Mapping[str, frozenset[Column]] = {
    "decimal": frozenset(AMOUNTS),
    "date_order": frozenset({Column.DATE}),
    "sign_rule": frozenset({*AMOUNTS, Column.TYPE}),
}
_DECIMALS = ((".", "Point: 1,234.50"), (",", "Comma: 1.234,50"))
_SIGNS = (
    (SignRule.AS_STATED, "Refunds are negative"),
    (SignRule.ALL_REVERSED, "Sales are negative, refunds positive"),
    (SignRule.BY_TYPE, "No amount has a sign: the type column says what is a refund"),
)
_ORDERS = (
    (DateOrder.YEAR_MONTH_DAY, "Year, month, day"),
    (DateOrder.DAY_MONTH_YEAR, "Day, month, year"),
    (DateOrder.MONTH_DAY_YEAR, "Month, day, year"),
)
_SETTINGS: Mapping[str, Sequence[tuple[str, str]]] = {
    "decimal": _DECIMALS,
    "date_order": _ORDERS,
    "sign_rule": _SIGNS,
}
COLUMN_LABELS: Mapping[Column, str] = {
    Column.OUR_REFERENCE: "Our number (buyFromOrderReference)",
    Column.THEIR_REFERENCE: "The partner's number",
    Column.OTHER_REFERENCE: "Wallet, ticket or voucher number",
    Column.GUEST_NAME: "Guest's name",
    Column.DATE: "Date",
    Column.QUANTITY: "Quantity",
    Column.GROSS: "Gross",
    Column.COMMISSION: "Commission",
    Column.NET: "Net",
    Column.CURRENCY: "Currency",
    Column.TYPE: "Type (sale, refund, ...)",
}


class UploadForm(forms.Form):
    """Asks for a file."""

    file = forms.FileField(
        label="CSV or Excel file (XLSX)",
        widget=FileInput(
            attrs={
                "accept": ".csv,.txt,.tsv,.xlsx",
                "data-max-bytes": str(MAX_FILE_BYTES),
                "data-too-large": "This file is larger than 20 MB. A statement of so many lines "
                "comes in parts.",
            }
        ),
        help_text="As the partner sent it, at most 20 MB. You see how it is understood before "
        "anything is matched.",
    )


class FormatForm(forms.Form):
    """How a file is written: proposed from the file itself, to be put right.

    A field that something is asked about says what, and proposes nothing: its answer is chosen.
    """

    decimal = forms.ChoiceField(label="Decimals", choices=_DECIMALS, widget=Select)
    date_order = forms.ChoiceField(
        label="Order of dates", choices=[("", "–"), *_ORDERS], widget=Select, required=False
    )
    sign_rule = forms.ChoiceField(label="Signs", choices=_SIGNS, widget=Select)
    currency = forms.CharField(
        label="Currency, where a row names none", max_length=3, min_length=3, widget=TextInput
    )

    def __init__(
        self, data: Mapping[str, Any] | None, *, detection: Detection, **kwargs: Any
    ) -> None:
        super().__init__(data, **kwargs)
        self._form = detection.format
        choices = [("", "– not in this file"), *((name, name) for name in detection.headers)]
        for column, label in COLUMN_LABELS.items():
            self.fields[f"column_{column}"] = forms.ChoiceField(
                label=label, choices=choices, required=False, widget=Select
            )
        self._asked = {_field_of(one): one for one in detection.questions}
        for name, question in self._asked.items():
            field = self.fields[name]
            if isinstance(field, forms.ChoiceField):
                field.choices = [(_OPEN, "– choose"), *_SETTINGS.get(name, choices)]
            field.help_text = " ".join([question.text, "   ".join(question.examples)]).strip()
        self.initial = _values(detection.format) | dict.fromkeys(self._asked, _OPEN)

    def clean(self) -> dict[str, Any]:
        """See that no header is chosen for two columns."""
        given = super().clean() or self.cleaned_data
        seen: dict[str, Column] = {}
        for column in COLUMN_LABELS:
            name = given.get(f"column_{column}", "")
            if name in {"", _OPEN}:
                continue
            first = seen.setdefault(name, column)
            if first is not column:
                told = f"“{name}” is chosen for “{COLUMN_LABELS[first]}” already."
                self.add_error(f"column_{column}", told)
        return given

    def answers(self) -> Answers:
        """Return what was chosen: not what is still asked, nor what was found out and may change.

        Where columns were missing, that a file has not the others is nothing anybody has chosen:
        it may be asked next. What was found out of columns is found out anew where they change.
        """
        before, given = self._form, self.cleaned_data
        was_whole = not columns_missing(before.columns)
        columns = {}
        for column in COLUMN_LABELS:
            name, header = f"column_{column}", given[f"column_{column}"]
            is_chosen = header or was_whole or name in self._asked or column in before.columns
            if header != _OPEN and is_chosen:
                columns[column] = header
        moved = {one for one in columns if columns[one] != before.columns.get(one, "")}
        settings = {"currency": given["currency"].upper()}
        for name, told_by in _TOLD_BY.items():
            is_old = name not in self._asked and given[name] == self.initial[name]
            if given[name] not in {"", _OPEN} and not (is_old and moved & told_by):
                settings[name] = given[name]
        return Answers(columns=columns, settings=settings)


def _field_of(question: Asked) -> str:
    return question.about.replace("columns.", "column_")


def upload_view(model_admin: ModelAdmin[Any], request: HttpRequest, period: Period) -> HttpResponse:
    """Ask for a file (GET); keep it, and lead to how it is understood (POST)."""
    form = UploadForm(request.POST or None, request.FILES or None)
    if request.method == "POST" and form.is_valid():
        given: UploadedFile[bytes] = form.cleaned_data["file"]
        statement = attempt_in(
            form,
            lambda: receiving.receive_statement(
                period_id=period.pk,
                file=given,
                file_name=given.name or "a file",
                actor=actor_of(request),
                now=timezone.now(),
            ),
        )
        if statement is not None:
            return redirect("admin:orders_statement_change", statement.pk)
    question = Question(
        title=f"Upload a statement of {period}",
        button="Upload",
        back=reverse("admin:orders_period_change", args=[period.pk]),
        introduction="Nothing is written to orders. The same file is taken once.",
    )
    return show_question(
        request, model_admin=model_admin, subject=period, question=question, form=form
    )


def format_view(
    model_admin: ModelAdmin[Any], request: HttpRequest, statement: Statement
) -> HttpResponse:
    """Show how an uploaded file is understood; look again with other answers, or read it (POST)."""
    try:
        detection = receiving.preview_statement(statement=statement)
    except Refusal as refusal:
        return _page(model_admin, request, statement, refusal=refusal.detail)
    asked = FormatForm(request.POST or None, detection=detection)
    if request.method == "POST" and asked.is_valid():
        answers = asked.answers()
        seen = attempt_in(
            asked, lambda: receiving.answer_questions(statement=statement, answers=answers)
        )
        if seen is not None:
            # What is asked now may be something else.
            detection, asked = seen, FormatForm(None, detection=seen)
            asked = FormatForm(asked.initial, detection=seen)
            if "_read" in request.POST and _may_be_read(asked, seen):
                if attempt(request, lambda: _agree(request, statement, seen)):
                    return redirect("admin:orders_statement_change", statement.pk)
            else:
                attempt(
                    request,
                    lambda: receiving.keep_answers(statement_id=statement.pk, detection=seen),
                )
    return _page(model_admin, request, statement, asked=asked, detection=detection)


def _may_be_read(asked: FormatForm, detection: Detection) -> bool:
    """Tell whether nothing is left to ask; else say what is."""
    for question in detection.questions:
        asked.add_error(_field_of(question), "Choose an answer: the file is not read before.")
    if not detection.questions and any(row.faults for row in detection.preview):
        asked.add_error(None, "Rows below cannot be read like this: a file is read whole, or not.")
    return not asked.errors


def _agree(request: HttpRequest, statement: Statement, detection: Detection) -> Statement:
    return receiving.agree_to_format(
        statement_id=statement.pk,
        form=detection.format,
        actor=actor_of(request),
        now=timezone.now(),
    )


def _values(form: StatementFormat) -> dict[str, str]:
    return {
        "decimal": form.decimal,
        "date_order": form.date_order.value,
        "sign_rule": form.sign_rule.value,
        "currency": form.currency,
        **{f"column_{column}": form.columns.get(column, "") for column in COLUMN_LABELS},
    }


def _page(
    model_admin: ModelAdmin[Any],
    request: HttpRequest,
    statement: Statement,
    *,
    asked: FormatForm | None = None,
    detection: Detection | None = None,
    refusal: str = "",
) -> HttpResponse:
    context = {
        **model_admin.admin_site.each_context(request),
        "title": f"How {statement} is understood",
        "opts": model_admin.opts,
        "original": statement,
        "statement": statement,
        "refusal": refusal,
        "media": model_admin.media,
        "back": reverse("admin:orders_period_change", args=[statement.period_id]),
    }
    if asked is not None and detection is not None:
        sees_people = request.user.has_perm("orders.view_personal_data")
        context |= {
            "form": asked,
            "media": model_admin.media + asked.media,
            "questions": detection.questions,
            "settings_fields": [
                asked[name] for name in ("decimal", "date_order", "sign_rule", "currency")
            ],
            "column_fields": [asked[f"column_{column}"] for column in COLUMN_LABELS],
            "rows": [_shown(row, detection, sees_people) for row in detection.preview],
            "way": _in_words(detection.format),
        }
    status = 422 if refusal or (asked is not None and asked.errors) else 200
    return TemplateResponse(request, "admin/orders/statement/format.html", context, status=status)


def _shown(row: PreviewRow, detection: Detection, sees_people: bool) -> dict[str, Any]:
    line = row.line
    cells = row.cells
    if not sees_people:
        columns = detection.format.columns
        cells = cells_without_people(row, names=detection.names, columns=columns)
    return {
        "row": row.row,
        "line": line,
        "date": f"{line.date:%-d %b %Y}" if line and line.date else "–",
        "gross": money(line.gross, line.currency) if line else "",
        "commission": money(line.commission, line.currency) if line else "",
        "net": money(line.net, line.currency) if line else "",
        "faults": row.faults,
        "left_out": row.left_out,
        "cells": " · ".join(cell for cell in cells if cell),
    }


def _in_words(form: StatementFormat) -> str:
    """Say how the file is written, as far as nobody can choose it."""
    if form.sheet:
        return f"Excel, sheet {form.sheet}; header in row {form.header_row}"
    separators = {",": "commas", ";": "semicolons", "\t": "tabs", "|": "bars"}
    encodings = {"utf-8": "UTF-8", "utf-8-sig": "UTF-8 with BOM", "utf-16": "UTF-16"}
    encoding = encodings.get(form.encoding, "Windows-1252")
    return f"CSV with {separators[form.separator]}, {encoding}; header in row {form.header_row}"

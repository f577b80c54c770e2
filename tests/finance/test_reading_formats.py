"""A partner's format is kept as JSON, and only a whole and sound one is taken back."""

import json

import pytest

from orders.finance.statements.format import (
    Column,
    DateOrder,
    Kind,
    SignRule,
    StatementFormat,
)
from orders.finance.statements.refusals import Problem, UnreadableStatement

FORMAT = StatementFormat(
    kind=Kind.CSV,
    encoding="cp1252",
    separator=";",
    decimal=",",
    thousands=".",
    date_order=DateOrder.DAY_MONTH_YEAR,
    sign_rule=SignRule.BY_TYPE,
    header_row=4,
    columns={Column.NET: "Netto", Column.TYPE: "Art"},
    currency="CHF",
    refund_words=frozenset({"storno", "gutschrift"}),
)
DATA = {
    "kind": "csv",
    "encoding": "cp1252",
    "separator": ";",
    "decimal": ",",
    "thousands": ".",
    "date_order": "dmy",
    "sign_rule": "by_type",
    "header_row": 4,
    "sheet": "",
    "columns": {"net": "Netto", "type": "Art"},
    "currency": "CHF",
    "refund_words": ["gutschrift", "storno"],
    "adjustment_words": [],
}


def test_a_format_is_kept_and_read_again():
    assert FORMAT.to_data() == DATA
    assert StatementFormat.from_data(json.loads(json.dumps(DATA))) == FORMAT


@pytest.mark.parametrize(
    "change",
    [
        {"kind": "ods"},
        {"kind": []},
        {"encoding": "utf-7"},
        {"separator": "x"},
        {"decimal": "."},
        {"decimal": "'"},
        {"thousands": "x"},
        {"date_order": "ydm"},
        {"sign_rule": None},
        {"header_row": "4"},
        {"header_row": True},
        {"header_row": 0},
        {"columns": []},
        {"columns": {"net": 1}},
        {"columns": {"nett": "Netto"}},
        {"columns": {"net": ""}},
        {"columns": {"net": "Netto", "gross": "Netto"}},
        {"currency": "EURO"},
        {"refund_words": "storno"},
        {"refund_words": [1]},
        {"more": 1},
    ],
)
def test_a_format_that_is_not_whole_or_not_sound_is_refused(change):
    with pytest.raises(UnreadableStatement) as refused:
        StatementFormat.from_data(DATA | change)
    assert refused.value.problem is Problem.INVALID_FORMAT


def test_a_member_that_is_missing_is_refused():
    with pytest.raises(UnreadableStatement):
        StatementFormat.from_data({name: DATA[name] for name in DATA if name != "sheet"})
    with pytest.raises(UnreadableStatement):
        StatementFormat.from_data([])


def test_an_answer_takes_a_column_from_another_meaning():
    answered = FORMAT.answered("columns.gross", "Netto")
    assert answered.columns == {Column.TYPE: "Art", Column.GROSS: "Netto"}
    assert answered.answered("columns.gross", "").columns == {Column.TYPE: "Art"}


@pytest.mark.parametrize(
    ("about", "value"),
    [
        ("columns", "x"),
        ("columns.nett", "x"),
        ("decimal", ";"),
        ("date_order", "xyz"),
        ("kind", "xlsx"),
        ("currency", "XXX"),
    ],
)
def test_an_answer_to_nothing_is_refused(about, value):
    with pytest.raises(UnreadableStatement):
        FORMAT.answered(about, value)

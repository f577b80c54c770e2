"""The filters of reports: kept as text, read strictly."""

from __future__ import annotations

import datetime
import uuid

import pytest

from channel_manager.lib.errors import InvalidRequest
from orders.finance.reports.filters import DateBy, ReportFilters

KEY = uuid.UUID("019aa0d0-0000-7000-8000-000000000001")


def test_filters_are_read_as_they_were_kept() -> None:
    filters = ReportFilters(
        first_day=datetime.date(2026, 3, 1),
        last_day=datetime.date(2026, 3, 31),
        date_by=DateBy.COUNTING,
        partner=KEY,
        venue=KEY,
        package=KEY,
        state="Issued",
    )

    assert filters.to_data() == {
        "firstDay": "2026-03-01",
        "lastDay": "2026-03-31",
        "dateBy": "counting",
        "partner": str(KEY),
        "venue": str(KEY),
        "package": str(KEY),
        "state": "Issued",
    }
    assert ReportFilters.from_data(filters.to_data()) == filters
    assert ReportFilters.from_data({}) == ReportFilters()


@pytest.mark.parametrize(
    ("sent", "pointer", "code"),
    [
        ({"firstDay": "1 March"}, "?firstDay", "invalid"),
        ({"firstDay": "20260301"}, "?firstDay", "invalid"),
        ({"lastDay": "9999-12-31"}, "?lastDay", "invalid"),
        ({"lastDay": "2026-02-30"}, "?lastDay", "invalid"),
        ({"firstDay": "2026-03-02", "lastDay": "2026-03-01"}, "?lastDay", "days_out_of_order"),
        ({"dateBy": "paid"}, "?dateBy", "unknown_value"),
        ({"state": "issued"}, "?state", "unknown_value"),
        ({"partner": "1"}, "?partner", "invalid"),
        ({"colour": "red"}, "?colour", "unknown_member"),
    ],
)
def test_what_is_no_filter_is_refused(sent: dict[str, str], pointer: str, code: str) -> None:
    with pytest.raises(InvalidRequest) as refused:
        ReportFilters.from_data(sent)

    assert [(fault.pointer, fault.code) for fault in refused.value.faults] == [(pointer, code)]

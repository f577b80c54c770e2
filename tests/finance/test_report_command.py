"""`manage.py report`: the same reports at the command line."""

from __future__ import annotations

import io
import sys
from collections.abc import Callable
from pathlib import Path

import openpyxl
import pytest
from django.core.management import CommandError, call_command

from orders.models import Order
from tests.orders.expected import Clock

Issued = Callable[..., Order]


class _Output:
    """Standard output as bytes."""

    def __init__(self) -> None:
        self.buffer = io.BytesIO()


@pytest.fixture
def order(transactional_db: None, issued: Issued, clock: Clock) -> Order:
    return issued()


def report(name: str, *arguments: str) -> None:
    call_command("report", name, *arguments)


def test_a_report_is_written_to_a_file(order: Order, tmp_path: Path) -> None:
    path = tmp_path / "register.xlsx"

    report("register", "--format", "xlsx", "--output", str(path), "--from", "2026-11-01")

    assert openpyxl.load_workbook(path).active["C2"].value == order.buy_from_order_reference  # type: ignore[index]


def test_a_report_is_written_to_standard_output(
    order: Order, monkeypatch: pytest.MonkeyPatch
) -> None:
    output = _Output()
    monkeypatch.setattr(sys, "stdout", output)

    report(
        "summary",
        *("--partner", "Sunny Trips", "--venue", "dunes", "--package", "DAY"),
        *("--state", "Issued", "--from", "2026-11-01", "--to", "2026-11-30", "--output", "-"),
    )

    assert output.buffer.getvalue().decode("utf-8-sig").splitlines() == [
        "Venue,Partner,Month,Terms,Currency,Orders,Units,Sales,Reversals,Adjustments,Gross,VAT,"
        "Commission,Net",
        "dunes,Sunny Trips,2026-11-01,no contract,EUR,1,1,34.50,0.00,0.00,34.50,2.85,0.00,34.50",
    ]


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["--from", "March"], "--from: Must be a date such as 2026-03-31."),
        (
            ["--from", "2026-03-31", "--to", "2026-03-01"],
            "--to: The last day lies before the first.",
        ),
        (["--partner", "Nobody"], "There is no partner: Nobody."),
        (["--state", "issued"], "--state: Unknown value 'issued'; known are"),
    ],
)
def test_what_cannot_be_done_is_told_in_a_sentence(
    order: Order, arguments: list[str], told: str
) -> None:
    with pytest.raises(CommandError) as refused:
        report("register", "--output", "-", *arguments)

    assert str(refused.value).startswith(told)
    assert refused.value.returncode == 2


def test_a_file_that_cannot_be_written_is_named(order: Order) -> None:
    with pytest.raises(CommandError) as refused:
        report("register", "--output", "/nowhere/at/all.csv")

    assert str(refused.value) == "/nowhere/at/all.csv: No such file or directory"
    assert refused.value.returncode == 1

"""A statement's lines are read once and whole, whatever becomes of the workers that read them."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
from decimal import Decimal
from types import SimpleNamespace
from typing import Any

import pytest
from django.db import connection
from django.utils import timezone
from procrastinate.contrib.django.models import ProcrastinateJob

from orders import tasks
from orders.finance import line_reading, receiving
from orders.finance.lines import StatedLine
from orders.finance.stated_totals import StatedTotals
from orders.finance.statements.format import StatementFormat
from orders.finance.statements.rows import TotalRow
from orders.models import Period, Statement, StatementFile, StatementLine
from tests.finance.months import ACCOUNTANT, HEADER, stated
from tests.process import ROOT, wait_for

pytestmark = pytest.mark.usefixtures("clock")
ROWS = 7


def agreed(period: Period, text: str = "") -> Statement:
    """Have a statement whose format is agreed to, and which nobody has begun to read."""
    rows = [stated(f"WEB-{number}", "") for number in range(ROWS)]
    statement = receiving.receive_statement(
        period_id=period.pk,
        file=io.BytesIO((text or "\n".join([HEADER, *rows])).encode()),
        file_name="november.csv",
        actor=ACCOUNTANT,
        now=timezone.now(),
    )
    form = StatementFormat.from_data(statement.format)
    return receiving.agree_to_format(
        statement_id=statement.pk, form=form, actor=ACCOUNTANT, now=timezone.now()
    )


def read(statement: Statement) -> Statement:
    """Do what the worker does."""
    line_reading.read_statement(statement_id=statement.pk, clock=timezone.now)
    return Statement.objects.get(pk=statement.pk)


def rows_of(statement: Statement) -> list[int]:
    return list(statement.lines.order_by("row").values_list("row", flat=True))


# What a worker process does that stands still once two pieces are there, to be killed.
_DYING = """
import json, sys, time, uuid
from django.conf import settings
settings.DATABASES["default"].update(json.loads(sys.argv[1]))
import django
django.setup()
from django.utils import timezone
from orders.finance import line_reading
line_reading._AT_ONCE = 2
keep, left = line_reading._keep, [2]
def stand_still(statement, batch):
    left[0] -= 1
    if left[0] < 0:
        print("two", flush=True)
        time.sleep(600)
    keep(statement, batch)
line_reading._keep = stand_still
line_reading.read_statement(statement_id=uuid.UUID(sys.argv[2]), clock=timezone.now)
"""


@pytest.mark.django_db(transaction=True)
def test_a_statement_whose_worker_process_is_killed_is_read_by_the_next(period: Period) -> None:
    statement = agreed(period)
    names = ("NAME", "HOST", "PORT", "USER", "PASSWORD")
    database = json.dumps({name: connection.settings_dict[name] for name in names})
    with subprocess.Popen(
        [sys.executable, "-c", _DYING, database, str(statement.pk)],
        env={**os.environ, "DJANGO_SETTINGS_MODULE": "channel_manager.settings"},
        cwd=ROOT,
        stdout=subprocess.PIPE,
    ) as worker:
        assert worker.stdout is not None
        assert worker.stdout.readline() == b"two\n"
        with pytest.raises(line_reading.Overtaken):
            read(statement)
        assert len(rows_of(statement)) == 4
        worker.kill()
    wait_for("the dead worker's connection is gone", lambda: not _is_claimed(), seconds=30)

    done = read(statement)

    assert (done.status, done.line_count, done.rows_read) == ("Read", ROWS, ROWS)
    assert rows_of(done) == list(range(2, 2 + ROWS))
    assert not _is_claimed()


def _is_claimed() -> bool:
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND objsubid = 1")
        return bool(cursor.fetchone()[0])


def test_lines_that_another_worker_adds_make_reading_begin_anew(
    period: Period, monkeypatch: pytest.MonkeyPatch
) -> None:
    statement = agreed(period)
    finish = line_reading._finish

    def finish_late(*arguments: Any) -> None:
        StatementLine.objects.create(
            statement=statement, row=99, net=1, currency="EUR", kind="sale", their_reference="X"
        )
        finish(*arguments)

    with monkeypatch.context() as meanwhile:
        meanwhile.setattr(line_reading, "_finish", finish_late)
        with pytest.raises(line_reading.Overtaken):
            read(statement)

    assert Statement.objects.get(pk=statement.pk).status == "Reading"
    assert (read(statement).status, rows_of(statement)) == ("Read", list(range(2, 2 + ROWS)))


@pytest.mark.parametrize("change", ["a new job", "given up", "begun anew", "the same rows"])
def test_a_worker_that_was_overtaken_writes_no_more_lines(
    period: Period, monkeypatch: pytest.MonkeyPatch, change: str
) -> None:
    monkeypatch.setattr(line_reading, "_AT_ONCE", 2)
    statement = agreed(period)
    keep = line_reading._keep
    ours = Statement.objects.filter(pk=statement.pk)

    def keep_after_others(mine: Statement, batch: list[StatementLine]) -> None:
        if mine.rows_read == 4:
            if change == "a new job":
                ours.update(job_id=0)
            elif change == "begun anew":
                ours.update(rows_read=2)
            elif change == "the same rows":
                StatementLine.objects.create(
                    statement=statement, row=6, net=1, currency="EUR", kind="sale"
                )
            else:
                line_reading.refuse_statement(
                    statement_id=statement.pk, message="Too slow.", now=timezone.now()
                )
        keep(mine, batch)

    with monkeypatch.context() as meanwhile:
        meanwhile.setattr(line_reading, "_keep", keep_after_others)
        with pytest.raises(line_reading.Overtaken):
            read(statement)

    assert len(rows_of(statement)) == {"given up": 0, "the same rows": 5}.get(change, 4)
    if change == "given up":
        assert ours.get().message == "Too slow."
    else:
        assert (read(statement).status, len(rows_of(statement))) == ("Read", ROWS)


@pytest.mark.django_db(transaction=True)
def test_a_file_that_ends_its_worker_each_time_is_given_up(period: Period) -> None:
    statement = agreed(period)
    StatementLine.objects.create(
        statement=statement, row=2, net=1, currency="EUR", kind="sale", their_reference="X"
    )
    context: Any = SimpleNamespace(job=SimpleNamespace(attempts=20))

    tasks.read_statement(context, str(statement.pk))

    refused = Statement.objects.get(pk=statement.pk)
    assert (refused.status, refused.message, rows_of(refused)) == (
        "Refused",
        "Its worker has ended 20 times while it was read.",
        [],
    )
    assert not StatementFile.objects.exists()
    tasks.read_statement(context, str(statement.pk))
    context.job.attempts = 1
    tasks.read_statement(context, str(statement.pk))
    assert Statement.objects.get(pk=statement.pk).status == "Refused"


def test_lines_whose_worker_died_before_they_were_matched_are_matched_by_the_next(
    period: Period, monkeypatch: pytest.MonkeyPatch
) -> None:
    statement = agreed(period)

    def die(**_: Any) -> None:
        raise SystemExit

    with monkeypatch.context() as dying:
        dying.setattr(line_reading, "match_period", die)
        with pytest.raises(SystemExit):
            read(statement)
    assert set(statement.lines.values_list("state", flat=True)) == {""}

    read(statement)

    assert set(statement.lines.values_list("state", flat=True)) == {"missing_at_us"}
    with monkeypatch.context() as dying:
        dying.setattr(line_reading, "match_period", die)
        assert read(statement).status == "Read"


def test_a_statement_whose_job_is_lost_gets_another(period: Period) -> None:
    statement = agreed(period)
    line_reading.recover_statements()
    assert Statement.objects.get(pk=statement.pk).job_id == statement.job_id
    ProcrastinateJob.objects.filter(pk=statement.job_id)._raw_delete("default")

    line_reading.recover_statements()

    given = Statement.objects.get(pk=statement.pk).job_id
    assert given != statement.job_id
    assert ProcrastinateJob.objects.get(pk=given).task_name == "orders.read_statement"


def test_a_net_that_the_contract_gave_is_told_from_one_that_is_stated(period: Period) -> None:
    text = "Booking reference;Quantity;Gross;Commission;Net\nWEB-1;1;34,50;;27,60\n"
    text += "WEB-2;1;34,50;6,90;\nWEB-3;1;34,50;;\n"

    lines = read(agreed(period, text)).lines.order_by("row")

    assert list(lines.values_list("net", "net_is_worked_out")) == [
        (Decimal("27.600"), False),
        (Decimal("27.600"), False),
        (Decimal("27.600"), True),
    ]


def test_subtotals_are_held_against_the_lines_of_their_own_currency() -> None:
    totals = StatedTotals()

    def add(row: int, net: str, currency: str) -> None:
        totals.add(StatedLine(row=row, net=Decimal(net), currency=currency))

    def compare(row: int, net: str, currency: str) -> None:
        amount = Decimal(net)
        totals.compare(
            TotalRow(row=row, label="Subtotal", gross=None, net=amount, currency=currency)
        )

    add(2, "10.00", "EUR")
    add(3, "7.00", "USD")
    compare(4, "10.00", "EUR")
    compare(5, "7.00", "USD")
    add(6, "5.00", "EUR")
    add(7, "3.00", "USD")
    compare(8, "5.00", "EUR")
    compare(9, "3.00", "USD")
    assert totals.off() == {}
    compare(10, "16.00", "EUR")
    assert totals.off() == {"EUR": "1.00"}
    assert totals.notes == [
        "Row 4 (Subtotal) was left out: 10.00 EUR is the sum of its lines.",
        "Row 5 (Subtotal) was left out: 7.00 USD is the sum of its lines.",
        "Row 8 (Subtotal) was left out: 5.00 EUR is the sum of its lines.",
        "Row 9 (Subtotal) was left out: 3.00 USD is the sum of its lines.",
        "Row 10 (Subtotal) was left out: 16.00 EUR is off the sum of its lines by 1.00.",
    ]


def test_each_fault_is_told_in_a_sentence_of_its_own(period: Period) -> None:
    rows = [HEADER, *(stated(f"WEB-{number}", "") for number in range(25))]
    rows += ["WEB-98;;not a day;1;34,50;6,90;27,60", "WEB-99;;20-11-2026;some;34,50;6,90;"]
    statement = read(agreed(period, "\n".join(rows)))
    assert (statement.status, statement.message.split("\n")) == (
        "Refused",
        [
            "Row 27, Date: what stands there is not a date.",
            "Row 28, Quantity: what stands there is not a number of places.",
        ],
    )

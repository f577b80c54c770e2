"""Exports: reports as files, written in the background, kept in pieces."""

from __future__ import annotations

import csv
import dataclasses
import datetime
import hashlib
import io
import json
import os
import subprocess
import sys
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import openpyxl
import pytest
from django.db import connection
from django.utils import timezone
from procrastinate.contrib.django.models import ProcrastinateJob

from channel_manager.history.models import Event
from channel_manager.lib.errors import InvalidRequest
from orders.finance import exports
from orders.finance.reports import files
from orders.finance.reports.catalogue import REPORTS
from orders.finance.reports.filters import ReportFilters
from orders.models import Export, ExportChunk, ExportFormat, Order, Period
from partners.models import Contract, Partner
from tests.orders.expected import NOON, Clock, line
from tests.process import ROOT, wait_for

Issued = Callable[..., Order]
ACTOR = "staff:1"


def ask(**members: Any) -> Export:
    """Ask for the register as CSV, unless something else is said."""
    asked = {"report": "register", "format": "csv", "filters": ReportFilters(), **members}
    return exports.request_export(actor=ACTOR, now=NOON, **asked)


def written(**members: Any) -> Export:
    """Ask for an export, do what the worker does, and return it."""
    export = ask(**members)
    exports.write_export(export_id=export.pk, clock=timezone.now)
    return Export.objects.get(pk=export.pk)


def file_of(export: Export) -> bytes:
    return b"".join(exports.read_file(export))


def table_of(export: Export) -> list[list[str]]:
    text = file_of(export).decode("utf-8-sig")
    return list(csv.reader(io.StringIO(text, newline=""), strict=True))


@pytest.fixture
def sold(
    transactional_db: None,
    issued: Issued,
    partner: Partner,
    terms: Callable[..., Contract],
    clock: Clock,
) -> list[Order]:
    """Three orders; the second has a dangerous number."""
    terms(partner)
    return [
        issued(sellToOrderReference="WEB-1"),
        issued(sellToOrderReference='=HYPERLINK("http://x","y")', paymentReference="@SUM(1)"),
        issued(line("GROUP", quantity=3), sellToOrderReference="0042"),
    ]


local = datetime.datetime.fromisoformat

HEAD = [
    "Venue",
    "Row",
    "Our number",
    "Partner's number",
    "Partner",
    "Status",
    "Received",
    "Issued",
    "First visit",
    "Counts from",
    "Counts until",
    "Packages",
    "Ordered",
    "Left",
    "Currency",
    "Gross",
    "VAT",
    "Commission",
    "Net",
    "Payment reference",
    "Admitted",
    "Explanation",
]
ISSUED = ["2026-11-20 12:00:00", "2026-11-20 12:00:00", "2026-11-23", "2026-11-20", "2026-11-20"]


def csv_row(number: int, theirs: str, package: str, units: int, *rest: str) -> list[str]:
    ours = ["dunes", "Order", f"CM26-000000{number}", theirs, "Sunny Trips", "Issued"]
    return [*ours, *ISSUED, package, str(units), str(units), "EUR", *rest, "no", ""]


def test_a_csv_holds_the_register_with_no_cell_that_is_a_formula(sold: list[Order]) -> None:
    export = written()

    content = file_of(export)
    assert content.startswith(b"\xef\xbb\xbfVenue,Row,Our number,")
    assert content.endswith(b"\r\n")
    assert table_of(export) == [
        HEAD,
        csv_row(1, "WEB-1", "DAY", 1, "34.50", "2.85", "6.90", "27.60", "PAY-1"),
        csv_row(
            2,
            '\'=HYPERLINK("http://x","y")',
            "DAY",
            1,
            *("34.50", "2.85", "6.90", "27.60", "'@SUM(1)"),
        ),
        csv_row(3, "0042", "GROUP", 3, "81.00", "6.69", "16.20", "64.80", "PAY-1"),
    ]
    assert {
        name: getattr(export, name)
        for name in ("status", "title", "row_count", "rows_done", "size", "sha256", "message")
    } == {
        "status": "Done",
        "title": "Order register: all days",
        "row_count": 3,
        "rows_done": 3,
        "size": len(content),
        "sha256": hashlib.sha256(content).hexdigest(),
        "message": "",
    }
    events = Event.objects.filter(kind="export", subject_id=export.pk).order_by("id")
    assert list(events.values_list("name", "actor", "from_state", "to_state", "data")) == [
        ("requested", ACTOR, "Waiting", "Waiting", {"report": "register", "format": "csv"}),
        ("finished", "worker", "Running", "Done", {"sha256": export.sha256}),
    ]


def test_a_workbook_has_texts_numbers_and_dates_and_a_frozen_head(sold: list[Order]) -> None:
    book = openpyxl.load_workbook(io.BytesIO(file_of(written(format="xlsx"))))

    (sheet,) = book.worksheets
    assert [cell.value for cell in sheet[1]] == HEAD
    assert (sheet.title, sheet.freeze_panes, sheet.auto_filter.ref) == (
        "Order register",
        "A2",
        "A1:V4",
    )
    noon, today = local("2026-11-20T12:00"), local("2026-11-20")
    second = dict(zip(HEAD, sheet[3], strict=True))
    assert {name: cell.value for name, cell in second.items()} == {
        "Venue": "dunes",
        "Row": "Order",
        "Our number": "CM26-0000002",
        "Partner's number": '=HYPERLINK("http://x","y")',
        "Partner": "Sunny Trips",
        "Status": "Issued",
        "Received": noon,
        "Issued": noon,
        "First visit": local("2026-11-23"),
        "Counts from": today,
        "Counts until": today,
        "Packages": "DAY",
        "Ordered": 1,
        "Left": 1,
        "Currency": "EUR",
        "Gross": 34.5,
        "VAT": 2.85,
        "Commission": 6.9,
        "Net": 27.6,
        "Payment reference": "@SUM(1)",
        "Admitted": "no",
        "Explanation": None,
    }
    # A text, not a formula.
    assert second["Partner's number"].data_type in ("s", "inlineStr")
    assert sheet["D4"].value == "0042"
    assert (second["Gross"].number_format, second["Issued"].is_date) == ("#,##0.00", True)


def test_a_sheet_that_is_full_is_followed_by_another() -> None:
    report = REPORTS["summary"]
    row = ["dunes", "Sunny Trips", datetime.date(2026, 3, 1), "net", "JPY", 1, 1]
    rows = [[*row, *[Decimal(number)] * 7] for number in range(5)]

    content = b"".join(files.write(report, rows, ExportFormat.XLSX, most_rows=2))

    book = openpyxl.load_workbook(io.BytesIO(content))
    assert [(sheet.title, sheet.max_row, sheet.freeze_panes) for sheet in book.worksheets] == [
        ("Sales and commission", 3, "A2"),
        ("Sales and commission (2)", 3, "A2"),
        ("Sales and commission (3)", 2, "A2"),
    ]
    assert book.worksheets[2]["H2"].number_format == "#,##0"


def test_amounts_have_the_decimals_of_their_currency() -> None:
    row = ["dunes", "Sunny Trips", datetime.date(2026, 3, 1), "net"]
    rows = [[*row, currency, 1, 1, *[Decimal("7.000")] * 7] for currency in ("EUR", "JPY", "KWD")]

    text = b"".join(files.write(REPORTS["summary"], rows, ExportFormat.CSV)).decode()

    assert [line.rsplit(",", 1)[1] for line in text.splitlines()[1:]] == ["7.00", "7", "7.000"]


def test_a_large_file_is_kept_in_pieces(sold: list[Order], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(files, "PIECE", 100)

    export = written()

    sizes = [len(piece) for piece in exports.read_file(export)]
    assert set(sizes[:-1]) == {100}
    assert sum(sizes) == export.size
    assert hashlib.sha256(file_of(export)).hexdigest() == export.sha256


@pytest.mark.parametrize("file_format", ["csv", "xlsx"])
def test_an_export_whose_worker_died_is_begun_anew_and_is_one_file(
    sold: list[Order], monkeypatch: pytest.MonkeyPatch, file_format: str
) -> None:
    monkeypatch.setattr(files, "PIECE", 100)
    export = ask(format=file_format)
    store, pieces = exports._Pieces._store, iter(range(3))

    def die_at_the_third(self: Any, content: bytes) -> None:
        if next(pieces, None) is None:
            raise SystemExit
        store(self, content)

    with monkeypatch.context() as dying:
        dying.setattr(exports._Pieces, "_store", die_at_the_third)
        with pytest.raises(SystemExit):
            exports.write_export(export_id=export.pk, clock=timezone.now)
    left = Export.objects.get(pk=export.pk)
    assert (left.status, left.chunks.count()) == ("Running", 3)

    exports.write_export(export_id=export.pk, clock=timezone.now)

    done = Export.objects.get(pk=export.pk)
    content = file_of(done)
    assert (done.status, done.size) == ("Done", len(content))
    assert done.sha256 == hashlib.sha256(content).hexdigest()
    assert done.chunks.count() == -(-done.size // 100)


# What a worker process does that stands still once three pieces are there, to be killed.
_DYING = """
import json, sys, time, uuid
from django.conf import settings
settings.DATABASES["default"].update(json.loads(sys.argv[1]))
import django
django.setup()
from django.utils import timezone
from orders.finance import exports
from orders.finance.reports import files
files.PIECE = 100
store, left = exports._Pieces._store, [3]
def stand_still(self, content):
    left[0] -= 1
    if left[0] < 0:
        print("three", flush=True)
        time.sleep(600)
    store(self, content)
exports._Pieces._store = stand_still
exports.write_export(export_id=uuid.UUID(sys.argv[2]), clock=timezone.now)
"""


def test_an_export_whose_worker_process_is_killed_is_written_by_the_next(
    sold: list[Order], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(files, "PIECE", 100)
    export = ask()
    names = ("NAME", "HOST", "PORT", "USER", "PASSWORD")
    database = json.dumps({name: connection.settings_dict[name] for name in names})
    with subprocess.Popen(
        [sys.executable, "-c", _DYING, database, str(export.pk)],
        env={**os.environ, "DJANGO_SETTINGS_MODULE": "channel_manager.settings"},
        cwd=ROOT,
        stdout=subprocess.PIPE,
    ) as worker:
        assert worker.stdout is not None
        assert worker.stdout.readline() == b"three\n"
        with pytest.raises(exports.Overtaken):
            exports.write_export(export_id=export.pk, clock=timezone.now)
        worker.kill()
    assert Export.objects.get(pk=export.pk).chunks.count() == 3
    wait_for("the dead worker's connection is gone", lambda: not _is_claimed(), seconds=30)

    exports.write_export(export_id=export.pk, clock=timezone.now)

    done = Export.objects.get(pk=export.pk)
    content = file_of(done)
    assert (done.status, done.size) == ("Done", len(content))
    assert done.sha256 == hashlib.sha256(content).hexdigest()


def _is_claimed() -> bool:
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND objsubid = 1")
        return bool(cursor.fetchone()[0])


def test_a_piece_of_a_worker_that_had_stood_still_makes_the_export_begin_anew(
    sold: list[Order], monkeypatch: pytest.MonkeyPatch
) -> None:
    export = ask()
    end = exports._Pieces.end

    def end_late(self: Any) -> None:
        end(self)
        ExportChunk.objects.create(export=export, number=self.count, content=b"of another")

    with monkeypatch.context() as meanwhile:
        meanwhile.setattr(exports._Pieces, "end", end_late)
        with pytest.raises(exports.Overtaken):
            exports.write_export(export_id=export.pk, clock=timezone.now)

    exports.write_export(export_id=export.pk, clock=timezone.now)
    assert b"of another" not in file_of(Export.objects.get(pk=export.pk))


def test_an_export_is_of_one_moment(sold: list[Order], monkeypatch: pytest.MonkeyPatch) -> None:
    report = REPORTS["register"]
    count = report.count

    def count_and_change(*arguments: Any) -> int:
        total = count(*arguments)
        Order.objects.filter(pk=sold[0].pk).update(payment_reference="LATER")
        return total

    changed = {**REPORTS, "register": _with(report, count=count_and_change)}
    monkeypatch.setattr(exports, "REPORTS", changed)

    assert b"LATER" not in file_of(written())


def _with(report: Any, **members: Any) -> Any:

    return dataclasses.replace(report, **members)


def test_a_fault_of_ours_fails_the_export_with_a_sentence(
    sold: list[Order], monkeypatch: pytest.MonkeyPatch
) -> None:
    def break_down(*arguments: Any) -> int:
        raise ZeroDivisionError

    broken = {**REPORTS, "register": _with(REPORTS["register"], rows=break_down)}
    monkeypatch.setattr(exports, "REPORTS", broken)

    export = written()

    assert (export.status, export.message) == (
        "Failed",
        "This failed for a reason of ours, which is in the log.",
    )
    with pytest.raises(exports.ExportGone):
        exports.read_file(export)


def test_two_workers_never_write_the_same_export(sold: list[Order]) -> None:
    export = ask()
    key = int.from_bytes(export.pk.bytes[8:], "big", signed=True)
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_lock(%s)", [key])
        try:
            with pytest.raises(exports.Overtaken):
                exports.write_export(export_id=export.pk, clock=timezone.now)
        finally:
            cursor.execute("SELECT pg_advisory_unlock(%s)", [key])


def test_an_export_that_has_ended_is_not_written_again(sold: list[Order]) -> None:
    export = written()

    exports.write_export(export_id=export.pk, clock=timezone.now)

    assert Export.objects.get(pk=export.pk).finished_at == export.finished_at


def test_an_export_whose_job_is_lost_gets_another(sold: list[Order]) -> None:
    export = ask()
    exports.recover_exports(now=NOON)
    assert Export.objects.get(pk=export.pk).job_id == export.job_id
    ProcrastinateJob.objects.filter(pk=export.job_id)._raw_delete("default")

    exports.recover_exports(now=NOON)
    given = Export.objects.get(pk=export.pk).job_id
    assert given != export.job_id
    assert ProcrastinateJob.objects.get(pk=given).task_name == "orders.write_export"

    ProcrastinateJob.objects.filter(pk=given)._raw_delete("default")
    exports.recover_exports(now=NOON + datetime.timedelta(hours=7))
    lost = Export.objects.get(pk=export.pk)
    assert (lost.status, lost.message) == ("Failed", "It could not be written within six hours.")


def test_files_are_forgotten_after_two_weeks_but_not_those_of_a_closed_period(
    sold: list[Order], partner: Partner
) -> None:
    period = Period.objects.create(partner=partner, first_day=NOON.date(), last_day=NOON.date())
    plain, closing = written(), written(period=period)

    exports.prune_exports(now=timezone.now() + datetime.timedelta(days=13))
    assert ExportChunk.objects.count() == 2
    exports.prune_exports(now=timezone.now() + datetime.timedelta(days=15))

    plain.refresh_from_db(fields=["is_kept"])
    closing.refresh_from_db(fields=["is_kept"])
    assert (plain.is_kept, closing.is_kept) == (False, True)
    assert file_of(closing)
    with pytest.raises(exports.ExportGone):
        exports.read_file(plain)


def test_a_report_or_a_format_that_there_is_not_is_refused(db: None) -> None:
    with pytest.raises(InvalidRequest) as refused:
        ask(report="guests", format="pdf")

    assert [fault.pointer for fault in refused.value.faults] == ["?report", "?format"]
    assert not Export.objects.exists()


def test_the_title_says_what_it_was_asked_for(partner: Partner) -> None:
    filters = ReportFilters(
        first_day=datetime.date(2026, 3, 1),
        last_day=datetime.date(2026, 3, 31),
        partner=partner.pk,
        venue=partner.venue_id,
    )

    export = ask(report="summary", filters=filters)

    assert (export.title, export.filters) == (
        "Sales and commission: counting 1 Mar 2026 – 31 Mar 2026, Sunny Trips, Dune Park",
        {
            "firstDay": "2026-03-01",
            "lastDay": "2026-03-31",
            "dateBy": "counting",
            "partner": str(partner.pk),
            "venue": str(partner.venue_id),
        },
    )

"""`manage.py report`: a report as a file, at once."""

from __future__ import annotations

import argparse
import shutil
import sys
import tempfile
from pathlib import Path
from typing import IO, Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from catalog.models import Package
from channel_manager.lib.errors import InvalidRequest
from channel_manager.lib.replica import read_recent
from channel_manager.lib.strict_fields import is_uuid
from orders.finance.reports import files
from orders.finance.reports.catalogue import REPORTS
from orders.finance.reports.filters import DateBy, ReportFilters
from orders.finance.reports.source import snapshot
from orders.models import ExportFormat
from partners.models import Partner, Venue

_STANDARD_OUTPUT = "-"
# As argparse ends where it cannot read an option.
_WRONG_OPTIONS = 2
# What a filter is called here, where it has another name in the API.
_OPTIONS = {"firstDay": "from", "lastDay": "to", "dateBy": "date-by"}


class Command(BaseCommand):
    help = "Write a report to a file or to standard output, as it is now."

    def add_arguments(self, parser: CommandParser) -> None:
        """Take the report's name and what narrows it."""
        reports = "; ".join(f"{name}: {report.title}" for name, report in REPORTS.items())
        parser.add_argument("name", choices=list(REPORTS), help=f"Which report. {reports}.")
        parser.add_argument(
            "--from",
            dest="first_day",
            metavar="DAY",
            help="The first day on the venue's clock, such as 2026-03-01; default: no beginning.",
        )
        parser.add_argument(
            "--to",
            dest="last_day",
            metavar="DAY",
            help="The last day, which is included; default: no end.",
        )
        parser.add_argument(
            "--date-by",
            choices=[each.value for each in DateBy],
            help="Which day of an order is meant: received, counting by its contract, or visit. "
            "A report that knows one kind only takes that one; default: the report's own.",
        )
        parser.add_argument("--partner", help="Only this partner: its id or name.")
        parser.add_argument("--venue", help="Only this venue: its id or code.")
        parser.add_argument("--package", help="Only orders of this package: its id or code.")
        parser.add_argument("--state", help="Only orders in this status now, such as Issued.")
        parser.add_argument(
            "--format",
            choices=ExportFormat.values,
            default="csv",
            help="How the file is written; default: csv.",
        )
        parser.add_argument(
            "--output",
            required=True,
            metavar="FILE",
            help="The file to write, or - for standard output; one that is there is replaced.",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        """Write it; a file that is there already is replaced."""
        report = REPORTS[options["name"]]
        filters = report.fitted(_filters(argparse.Namespace(**options)))
        with tempfile.TemporaryFile() as whole:

            def write(database: str) -> None:
                # What a replica began and could not finish is begun again.
                whole.seek(0)
                whole.truncate()
                with snapshot(database) as source:
                    rows = report.rows(source, filters, timezone.now())
                    whole.writelines(files.write(report, rows, options["format"]))

            read_recent(write)
            whole.seek(0)
            _hand_over(whole, options["output"])


def _hand_over(whole: IO[bytes], output: str) -> None:
    if output == _STANDARD_OUTPUT:
        shutil.copyfileobj(whole, sys.stdout.buffer)
        sys.stdout.buffer.flush()
        return
    try:
        with Path(output).open("wb") as file:
            shutil.copyfileobj(whole, file)
    except OSError as fault:
        raise CommandError(f"{output}: {fault.strerror}") from fault


def _filters(asked: argparse.Namespace) -> ReportFilters:
    named = {
        "partner": (Partner, "name", asked.partner),
        "venue": (Venue, "code", asked.venue),
        "package": (Package, "code", asked.package),
    }
    keys = {name: _key(name, *each) for name, each in named.items() if each[2]}
    data = {
        "firstDay": asked.first_day,
        "lastDay": asked.last_day,
        "dateBy": asked.date_by,
        "state": asked.state,
        **keys,
    }
    try:
        return ReportFilters.from_data(data)
    except InvalidRequest as refusal:
        names = [fault.pointer.removeprefix("?") for fault in refusal.faults]
        faults = (
            f"--{_OPTIONS.get(name, name)}: {fault.detail}"
            for name, fault in zip(names, refusal.faults, strict=True)
        )
        raise CommandError(" ".join(faults), returncode=_WRONG_OPTIONS) from refusal


def _key(kind: str, model: Any, field: str, text: str) -> str:
    """Return the id that somebody means; raises CommandError unless there is exactly one."""
    wanted = {"pk": text} if is_uuid(text) else {field: text}
    found = [str(key) for key in model.objects.filter(**wanted).values_list("pk", flat=True)[:2]]
    if len(found) != 1:
        raise CommandError(
            f"There {'is no' if not found else 'are several of this'} {kind}: {text}.",
            returncode=_WRONG_OPTIONS,
        )
    return found[0]

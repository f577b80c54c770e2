"""Exports: a report as a file, asked for by somebody and written in the background.

It is read as all was at one moment, over a connection of its own, and kept in pieces. A worker may
die at any moment: whoever is given the job then begins anew.
"""

from __future__ import annotations

import datetime
import hashlib
import logging
import uuid
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from django.conf import settings
from django.db import IntegrityError, transaction
from django.db.models import Count, Sum
from django.db.models.functions import Length

from channel_manager.history import runner
from channel_manager.history.runner import WORKER, Change
from channel_manager.lib import jobs
from channel_manager.lib.database import DATABASE_AWAY
from channel_manager.lib.errors import ErrorCode, Fault, InvalidRequest, Refusal
from channel_manager.lib.replica import read_up_to_date
from orders.finance.reports import files
from orders.finance.reports.catalogue import REPORTS
from orders.finance.reports.filters import ReportFilters
from orders.finance.reports.source import Source, snapshot, turn
from orders.finance.reports.wording import title_of
from orders.models import Export, ExportChunk, ExportFormat, ExportStatus, Period
from orders.queueing import enqueue_export

UNDER_WAY = (ExportStatus.WAITING, ExportStatus.RUNNING)
KEPT_FOR = datetime.timedelta(days=14)
# Nothing takes so long: what is not written by then is not going to be.
LONGEST = datetime.timedelta(hours=6)
_log = logging.getLogger(__name__)


class ExportGone(Refusal):
    """Its file is not there: it is still being written, has failed, or was kept for long enough."""

    code = ErrorCode.NOT_FOUND


class Overtaken(Exception):
    """Another worker writes this export, or has written it."""


def request_export(
    *,
    report: str,
    format: str,  # noqa: A002  # what it is called on the row
    filters: ReportFilters,
    actor: str,
    now: datetime.datetime,
    period: Period | None = None,
) -> Export:
    """Have a report written to a file in the background.

    period: the one that is closed with it; its file is kept for good. Raises InvalidRequest for a
    report or a format that there is not.
    """
    faults = [
        Fault(f"?{name}", "unknown_value", f"There is no {name} {value[:64]!r}.")
        for name, value, known in (
            ("report", report, list(REPORTS)),
            ("format", format, ExportFormat.values),
        )
        if value not in known
    ]
    if faults:
        raise InvalidRequest(faults)
    filters = REPORTS[report].fitted(filters)
    export = Export(
        report=report,
        format=format,
        filters=filters.to_data(),
        title=title_of(REPORTS[report].title, filters),
        period=period,
        started_by=actor,
        started_at=now,
    )
    with transaction.atomic():
        export.job_id = enqueue_export(export.pk)
        export.save(force_insert=True)
        data = {"report": report, "format": format, **export.filters}
        runner.note(export, change=Change(name="requested", actor=actor, now=now, data=data))
    return export


def write_export(*, export_id: uuid.UUID, clock: Callable[[], datetime.datetime]) -> None:
    """Write the file of an export, from the beginning.

    Raises what the database says when it is not there, and Overtaken, for the job to be tried
    again; any other fault fails the export.
    """
    try:
        with turn(int.from_bytes(export_id.bytes[8:], "big", signed=True)) as mine:
            if mine is None:
                raise Overtaken(f"Export {export_id} is being written by another worker")

            def write(database: str) -> None:
                with snapshot(database) as source:
                    _write_anew(source, export_id, mine, clock)

            # The file of a period has what was committed with its closing.
            read_up_to_date(write, patience=settings.REPLICA_MAX_LAG_SECONDS)
    except (*DATABASE_AWAY, Overtaken):
        raise
    except Refusal as refusal:
        fail_export(export_id=export_id, message=refusal.detail, now=clock())
    except Exception:
        _log.exception("Export %s could not be written", export_id)
        message = "This failed for a reason of ours, which is in the log."
        fail_export(export_id=export_id, message=message, now=clock())


def fail_export(*, export_id: uuid.UUID, message: str, now: datetime.datetime) -> None:
    """Give an export up, unless it has ended, and say why; what was written of it goes."""
    with transaction.atomic():
        rows = runner.lock(Export.objects.filter(pk=export_id, status__in=UNDER_WAY))
        for row in rows:
            ExportChunk.objects.filter(export=row).delete()
        runner.apply_to(
            rows,
            lambda row: row.fail(message=message, now=now),
            change=Change(name="failed", actor=WORKER, now=now, reason=message),
        )


def recover_exports(*, now: datetime.datetime) -> None:
    """Give a job to every export whose job was lost, or has failed; give up after LONGEST."""
    with transaction.atomic():
        for export in runner.lock_if_free(Export.objects.filter(status__in=UNDER_WAY)):
            if jobs.is_live(export.job_id):
                continue
            if now - export.started_at > LONGEST:
                message = "It could not be written within six hours."
                fail_export(export_id=export.pk, message=message, now=now)
                continue
            export.job_id = enqueue_export(export.pk)
            export.save(update_fields=["job_id"])


def prune_exports(*, now: datetime.datetime) -> None:
    """Remove files after two weeks, but not those that a period was closed with."""
    old = Export.objects.filter(is_kept=True, period=None, finished_at__lt=now - KEPT_FOR)
    for key in list(old.values_list("pk", flat=True)):
        with transaction.atomic():
            for export in runner.lock(old.filter(pk=key)):
                ExportChunk.objects.filter(export=export).delete()
                export.is_kept = False
                export.save(update_fields=["is_kept"])


def read_file(export: Export) -> Iterator[bytes]:
    """Yield the pieces of an export's file, one statement each. Raises ExportGone."""
    if export.status != ExportStatus.DONE or not export.is_kept:
        raise ExportGone("The file of this export is not there.")
    return _pieces_of(export)


def _pieces_of(export: Export) -> Iterator[bytes]:
    number = 0
    chunks = ExportChunk.objects.filter(export=export)
    while (
        content := chunks.filter(number=number).values_list("content", flat=True).first()
    ) is not None:
        yield bytes(content)
        number += 1


class _Pieces:
    """The file as it grows: its hash, its size, and the pieces that are in the database.

    Each is committed by itself, with how many rows are done.
    """

    def __init__(self, export: Export, mine: Source) -> None:
        self._export = export
        self._mine = mine
        self._hash = hashlib.sha256()
        self._rest = bytearray()
        self.count = self.size = self.rows = 0

    def add(self, data: bytes) -> None:
        """Take bytes; raises Overtaken."""
        self._hash.update(data)
        self.size += len(data)
        self._rest += data
        while len(self._rest) >= files.PIECE:
            self._store(bytes(self._rest[: files.PIECE]))
            del self._rest[: files.PIECE]

    def end(self) -> None:
        """Keep what is left over."""
        if self._rest:
            self._store(bytes(self._rest))
            self._rest.clear()

    def tell(self, rows: int) -> None:
        """Note how many rows are done; every ten thousand are told."""
        before, self.rows = self.rows, rows
        if before // 10_000 != rows // 10_000:
            try:
                self._mine.all("SELECT 1")
            except DATABASE_AWAY as error:
                # Not as the replica's fault: begun anew at the primary, it would be without a turn.
                raise Overtaken(f"Export {self._export.pk} has lost its turn") from error
            self._running().update(rows_done=rows)

    @property
    def sha256(self) -> str:
        """Return the hash of all that was added."""
        return self._hash.hexdigest()

    def _store(self, content: bytes) -> None:
        try:
            with transaction.atomic():
                if not self._running().update(rows_done=self.rows):
                    raise Overtaken(f"Export {self._export.pk} has ended")
                ExportChunk.objects.create(
                    export_id=self._export.pk, number=self.count, content=content
                )
        except IntegrityError as clash:
            raise Overtaken(f"Piece {self.count} of export {self._export.pk}") from clash
        self.count += 1

    def _running(self) -> Any:
        return Export.objects.filter(pk=self._export.pk, status=ExportStatus.RUNNING)


def _write_anew(
    source: Source, export_id: uuid.UUID, mine: Source, clock: Callable[[], datetime.datetime]
) -> None:
    """Write all of an export that is under way, from what a source has; mine: holds our turn."""
    export = _begin(export_id)
    if export is None:
        return
    pieces = _Pieces(export, mine)
    _write(source, export, pieces, clock())
    _finish(export, pieces, clock())


def _begin(export_id: uuid.UUID) -> Export | None:
    with transaction.atomic():
        rows = runner.lock(Export.objects.filter(pk=export_id, status__in=UNDER_WAY))
        runner.apply_to(rows, lambda row: row.begin())
        ExportChunk.objects.filter(export__in=rows).delete()
    return rows[0] if rows else None


def _write(source: Source, export: Export, pieces: _Pieces, now: datetime.datetime) -> None:
    report, filters = REPORTS[export.report], ReportFilters.from_data(export.filters)
    total = report.count(source, filters, now)
    Export.objects.filter(pk=export.pk).update(row_count=total)
    rows = report.rows(source, filters, now)
    for data in files.write(report, rows, export.format, tell=pieces.tell):
        pieces.add(data)
    pieces.end()


def _finish(export: Export, pieces: _Pieces, now: datetime.datetime) -> None:
    """Have the whole file, and nothing else: a worker that had stood still may have added to it."""
    with transaction.atomic():
        running = Export.objects.filter(pk=export.pk, status=ExportStatus.RUNNING)
        rows = runner.lock(running)
        there: Mapping[str, Any] = ExportChunk.objects.filter(export=export).aggregate(
            count=Count("pk"), size=Sum(Length("content"))
        )
        if not rows or (there["count"], there["size"]) != (pieces.count, pieces.size):
            raise Overtaken(f"Export {export.pk} is not what was written")
        runner.apply_to(
            rows,
            lambda row: row.finish(
                rows=pieces.rows, size=pieces.size, sha256=pieces.sha256, now=now
            ),
            change=Change(name="finished", actor=WORKER, now=now, data={"sha256": pieces.sha256}),
        )

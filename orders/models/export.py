"""The export: a report as a file, written in the background and kept in pieces."""

from __future__ import annotations

import datetime
from typing import ClassVar

from django.db import models
from django.db.models import Q
from django_fsm import FSMField, FSMModelMixin, transition

from channel_manager.lib.identity import time_ordered_uuid
from orders.models.period import Period


class ExportStatus(models.TextChoices):
    """The states of an export."""

    WAITING = "Waiting"
    RUNNING = "Running"
    DONE = "Done"
    FAILED = "Failed"


class ExportFormat(models.TextChoices):
    """The kinds of file."""

    CSV = "csv", "CSV"
    XLSX = "xlsx", "Excel (XLSX)"


class Export(FSMModelMixin, models.Model):
    """A report with its filters, who asked for it, how far it is, and the hash of its file.

    The row and its hash stay; the file's chunks are removed after a while, unless it is the one
    that a period was closed with.
    """

    LIFECYCLE_FIELDS: ClassVar[tuple[str, ...]] = (
        "status",
        "finished_at",
        "message",
        "row_count",
        "rows_done",
        "size",
        "sha256",
        "job_id",
    )

    id = models.UUIDField(primary_key=True, default=time_ordered_uuid, editable=False)
    status = FSMField(default=ExportStatus.WAITING, choices=ExportStatus.choices, protected=True)
    report = models.CharField(max_length=30, help_text="A name in orders/finance/reports.")
    format = models.CharField(max_length=10, choices=ExportFormat.choices)
    filters = models.JSONField(default=dict)
    title = models.CharField(max_length=300, help_text="What it holds, in words.")
    period = models.ForeignKey(
        Period,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="exports",
        help_text="The period that was closed with it.",
    )
    started_by = models.CharField(max_length=60, help_text="staff:<id>, as in the event log.")
    started_at = models.DateTimeField()
    finished_at = models.DateTimeField(null=True, blank=True)
    message = models.TextField(blank=True, help_text="Why it failed.")
    row_count = models.PositiveIntegerField(
        null=True, blank=True, help_text="How many rows there are to write, about."
    )
    rows_done = models.PositiveIntegerField(default=0)
    size = models.PositiveBigIntegerField(default=0, help_text="Bytes.")
    sha256 = models.CharField(max_length=64, blank=True)
    job_id = models.BigIntegerField(null=True, blank=True)
    is_kept = models.BooleanField(default=True, help_text="Whether its file is still there.")

    class Meta:
        ordering = ("-started_at", "-id")
        constraints = [
            models.CheckConstraint(
                condition=Q(status__in=ExportStatus.values), name="export_status_known"
            ),
            models.CheckConstraint(
                condition=Q(format__in=ExportFormat.values), name="export_format_known"
            ),
            models.CheckConstraint(
                condition=~Q(status=ExportStatus.DONE) | ~Q(sha256=""), name="export_has_its_hash"
            ),
            models.CheckConstraint(
                condition=~Q(status=ExportStatus.FAILED) | ~Q(message=""),
                name="failed_export_says_why",
            ),
        ]
        indexes = [models.Index(fields=("started_at", "id"), name="export_by_start")]

    def __str__(self) -> str:
        return self.title

    @property
    def is_under_way(self) -> bool:
        """Tell whether its file is still being written."""
        return self.status in {ExportStatus.WAITING, ExportStatus.RUNNING}

    @property
    def file_name(self) -> str:
        """Return the name that its file is downloaded under."""
        return f"{self.report}-{self.started_at:%Y%m%d-%H%M%S}.{self.format}"

    @transition(
        "status", source=[ExportStatus.WAITING, ExportStatus.RUNNING], target=ExportStatus.RUNNING
    )
    def begin(self) -> None:
        """Write it, or write it anew after a worker has died."""
        self.rows_done = 0

    @transition("status", source=ExportStatus.RUNNING, target=ExportStatus.DONE)
    def finish(self, *, rows: int, size: int, sha256: str, now: datetime.datetime) -> None:
        """Have the whole file."""
        self.row_count = self.rows_done = rows
        self.size, self.sha256, self.finished_at = size, sha256, now

    @transition(
        "status", source=[ExportStatus.WAITING, ExportStatus.RUNNING], target=ExportStatus.FAILED
    )
    def fail(self, *, message: str, now: datetime.datetime) -> None:
        """Give up, and say why."""
        self.message, self.finished_at = message, now


class ExportChunk(models.Model):
    """A piece of an export's file."""

    export = models.ForeignKey(Export, models.CASCADE, related_name="chunks", db_index=False)
    number = models.PositiveIntegerField()
    content = models.BinaryField()

    class Meta:
        ordering = ("export", "number")
        constraints = [
            models.UniqueConstraint(fields=("export", "number"), name="export_chunk_once"),
        ]

    def __str__(self) -> str:
        return f"{self.export_id}: {self.number}"

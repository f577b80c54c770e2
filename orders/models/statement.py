"""The statement: what a partner reports of a period, and its lines."""

from __future__ import annotations

import datetime
from typing import ClassVar

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django_fsm import FSMField, FSMModelMixin, transition

from channel_manager.lib.identity import time_ordered_uuid
from orders.finance.lines import LineKind
from orders.finance.states import MatchRule, MatchState
from orders.models.period import Period
from orders.models.position import Position
from partners.models import Partner


class StatementStatus(models.TextChoices):
    """The states of a statement."""

    UPLOADED = "Uploaded"
    READING = "Reading"
    READ = "Read"
    REFUSED = "Refused"
    WITHDRAWN = "Withdrawn"


class Statement(FSMModelMixin, models.Model):
    """A file of a partner, as it was read. Nothing of it is ever written to orders.

    format: a StatementFormat (orders/finance/statements/format.py).
    """

    LIFECYCLE_FIELDS: ClassVar[tuple[str, ...]] = ("status", "message", "read_at", "job_id")

    id = models.UUIDField(primary_key=True, default=time_ordered_uuid, editable=False)
    partner = models.ForeignKey(Partner, models.PROTECT, related_name="statements", db_index=False)
    period = models.ForeignKey(Period, models.PROTECT, related_name="statements")
    status = FSMField(
        default=StatementStatus.UPLOADED, choices=StatementStatus.choices, protected=True
    )
    message = models.TextField(blank=True, help_text="Why it was refused.")
    file_name = models.CharField(max_length=200)
    sha256 = models.CharField(max_length=64, help_text="Of the file, which is not kept.")
    format = models.JSONField(default=dict)
    questions = models.JSONField(
        default=list, blank=True, help_text="What somebody has to answer before it is read."
    )
    notes = models.JSONField(
        default=list, blank=True, help_text="Sentences on how it is written, and was read."
    )
    stated_totals = models.JSONField(
        default=dict,
        blank=True,
        help_text="By currency, how far its rows of totals are from the sum of its lines.",
    )
    line_count = models.PositiveIntegerField(default=0)
    rows_read = models.PositiveIntegerField(default=0, help_text="How far reading is.")
    uploaded_by = models.CharField(max_length=60, help_text="staff:<id>, as in the event log.")
    uploaded_at = models.DateTimeField()
    read_at = models.DateTimeField(null=True, blank=True)
    job_id = models.BigIntegerField(null=True, blank=True)

    class Meta:
        ordering = ("-uploaded_at", "-id")
        constraints = [
            models.CheckConstraint(
                condition=Q(status__in=StatementStatus.values), name="statement_status_known"
            ),
            models.CheckConstraint(
                condition=~Q(status=StatementStatus.REFUSED) | ~Q(message=""),
                name="refused_statement_says_why",
            ),
            # One that was refused, or withdrawn, may be sent again.
            models.UniqueConstraint(
                fields=("partner", "sha256"),
                condition=~Q(status__in=(StatementStatus.REFUSED, StatementStatus.WITHDRAWN)),
                name="statement_file_once",
            ),
        ]
        indexes = [models.Index(fields=("uploaded_at", "id"), name="statement_by_upload")]

    def __str__(self) -> str:
        return self.file_name

    @transition("status", source=StatementStatus.UPLOADED, target=StatementStatus.READING)
    def begin_reading(self, *, job_id: int) -> None:
        """Let the background read it."""
        self.job_id = job_id

    @transition("status", source=StatementStatus.READING, target=StatementStatus.READ)
    def finish_reading(self, *, now: datetime.datetime) -> None:
        """Have all its lines."""
        self.read_at = now

    @transition(
        "status",
        source=[StatementStatus.UPLOADED, StatementStatus.READING],
        target=StatementStatus.REFUSED,
    )
    def refuse(self, *, message: str) -> None:
        """Give up: the file cannot be read."""
        self.message = message

    @transition(
        "status",
        source=[StatementStatus.UPLOADED, StatementStatus.READ],
        target=StatementStatus.WITHDRAWN,
    )
    def withdraw(self) -> None:
        """Take it out of its period: it was the wrong file."""


class StatementFile(models.Model):
    """A statement's bytes, until they are read: they may name guests."""

    statement = models.OneToOneField(
        Statement, models.CASCADE, primary_key=True, related_name="file"
    )
    content = models.BinaryField()

    def __str__(self) -> str:
        return f"File of {self.statement_id}"


class PartnerFormat(models.Model):
    """How a partner's statements are read, as it was last agreed to by somebody."""

    partner = models.OneToOneField(
        Partner, models.PROTECT, primary_key=True, related_name="statement_format"
    )
    format = models.JSONField()
    saved_by = models.CharField(max_length=60)
    saved_at = models.DateTimeField()

    def __str__(self) -> str:
        return f"Format of {self.partner_id}"


class StatementLine(models.Model):
    """One line, its signs made ours, and what matching found it to be.

    Amounts as in orders/finance/lines.py. order_id names what it was found to be of: no foreign
    key, for a draft may be removed.
    """

    statement = models.ForeignKey(Statement, models.CASCADE, related_name="lines", db_index=False)
    row = models.PositiveIntegerField(help_text="In the file, from 1.")
    our_reference = models.CharField(max_length=200, blank=True)
    their_reference = models.CharField(max_length=200, blank=True)
    other_reference = models.CharField(max_length=200, blank=True)
    guest_name = models.CharField(max_length=200, blank=True)
    date = models.DateField(null=True, blank=True)
    quantity = models.IntegerField(null=True, blank=True)
    gross = models.DecimalField(max_digits=20, decimal_places=3, null=True, blank=True)
    commission = models.DecimalField(max_digits=20, decimal_places=3, null=True, blank=True)
    net = models.DecimalField(max_digits=20, decimal_places=3)
    net_is_worked_out = models.BooleanField(
        default=False, help_text="The file has no net: ours follows from the terms of its order."
    )
    currency = models.CharField(max_length=3)
    kind = models.CharField(max_length=10, choices=[(kind, kind.title()) for kind in LineKind])
    damage = ArrayField(models.CharField(max_length=300), default=list, blank=True)
    linked_order = models.UUIDField(null=True, blank=True, help_text="Somebody linked it by hand.")
    state = models.CharField(max_length=20, choices=MatchState.choices, blank=True)
    rule = models.CharField(max_length=20, choices=MatchRule.choices, blank=True)
    cause = models.CharField(max_length=500, blank=True)
    position = models.ForeignKey(
        Position, models.SET_NULL, null=True, blank=True, related_name="lines"
    )
    order_id = models.UUIDField(null=True, blank=True)
    suggestions = ArrayField(models.UUIDField(), default=list, blank=True)

    class Meta:
        ordering = ("statement", "row")
        constraints = [
            models.UniqueConstraint(fields=("statement", "row"), name="statement_row_once"),
            models.CheckConstraint(
                condition=Q(state__in=["", *MatchState.values]), name="statement_line_state_known"
            ),
        ]
        indexes = [
            models.Index(fields=("statement", "state", "row"), name="statement_line_by_state"),
            models.Index(
                fields=("order_id",),
                condition=Q(order_id__isnull=False),
                name="statement_line_by_order",
            ),
            models.Index(
                fields=("our_reference",),
                condition=~Q(our_reference=""),
                name="statement_line_by_number",
            ),
            models.Index(
                fields=("their_reference",),
                condition=~Q(their_reference=""),
                name="statement_line_by_theirs",
            ),
            models.Index(
                fields=("other_reference",),
                condition=~Q(other_reference=""),
                name="statement_line_by_other",
            ),
            models.Index(
                fields=("statement",), condition=~Q(guest_name=""), name="statement_line_of_a_guest"
            ),
        ]

    def __str__(self) -> str:
        return f"Row {self.row}"

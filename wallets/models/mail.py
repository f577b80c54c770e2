"""E-mails with the link of a manifest: asked for, and what became of them."""

from __future__ import annotations

import datetime
from typing import ClassVar

from django.db import models
from django.db.models import Q
from django_fsm import FSMField, FSMModelMixin, transition

from channel_manager.lib.identity import time_ordered_uuid


class MailStatus(models.TextChoices):
    """The states of an e-mail. What is Sending is never sent again: it may have left."""

    WAITING = "Waiting"
    SENDING = "Sending"
    SENT = "Sent"
    FAILED = "Failed"


class ManifestMail(FSMModelMixin, models.Model):
    """One e-mail to a guest: who asked for it, and whether it was sent. It keeps no address.

    The key to the order points against the direction of imports, as a wallet's does.
    """

    LIFECYCLE_FIELDS: ClassVar[tuple[str, ...]] = ("status", "attempts", "failure", "ended_at")

    id = models.UUIDField(primary_key=True, default=time_ordered_uuid, editable=False)
    # Issued orders are never removed; asking when others are would cost a statement.
    order = models.ForeignKey("orders.Order", models.DO_NOTHING, related_name="manifest_mails")
    line_no = models.PositiveIntegerField(
        null=True, blank=True, help_text="Whose guest it is for; empty: the order's."
    )
    asked_by = models.CharField(max_length=60, help_text="staff:<id>, as in the event log.")
    asked_at = models.DateTimeField()
    status = FSMField(default=MailStatus.WAITING, choices=MailStatus.choices, protected=True)
    attempts = models.PositiveSmallIntegerField(default=0)
    failure = models.CharField(max_length=200, blank=True)
    ended_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ("-asked_at", "-id")
        permissions = [("resend_manifest", "Can send the link of a manifest again")]
        constraints = [
            models.CheckConstraint(
                condition=Q(status__in=MailStatus.values), name="manifest_mail_status_known"
            ),
            models.CheckConstraint(
                condition=Q(ended_at__isnull=True) ^ Q(status__in=("Sent", "Failed")),
                name="manifest_mail_says_when_it_ended",
            ),
            models.CheckConstraint(
                condition=Q(failure="") ^ Q(status="Failed"), name="manifest_mail_failed_says_why"
            ),
            models.UniqueConstraint(
                fields=("order",),
                condition=Q(status__in=("Waiting", "Sending")),
                name="manifest_mail_one_at_a_time",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.status} {self.asked_at:%Y-%m-%d}"

    @transition("status", source=MailStatus.WAITING, target=MailStatus.SENDING)
    def begin(self) -> None:
        """Set out: from now on it may have left."""
        self.attempts += 1

    @transition("status", source=MailStatus.SENDING, target=MailStatus.WAITING)
    def put_off(self) -> None:
        """Wait for the mail server, which was not reached: nothing has left."""

    @transition("status", source=MailStatus.SENDING, target=MailStatus.SENT)
    def succeed(self, *, now: datetime.datetime) -> None:
        """Note that the mail server took it."""
        self.ended_at = now

    @transition("status", source=[MailStatus.WAITING, MailStatus.SENDING], target=MailStatus.FAILED)
    def fail(self, *, why: str, now: datetime.datetime) -> None:
        """Give it up and say why, in words without an address."""
        self.failure, self.ended_at = why[:200], now

"""What outside systems push to us."""

from __future__ import annotations

from django.db import models

from catalog.models import Connection


class OutsideNotice(models.Model):
    """What an outside system pushed to us, once each. A hint only: its order is read back."""

    connection = models.ForeignKey(Connection, models.CASCADE, related_name="notices")
    dedupe_key = models.CharField(max_length=120)
    event = models.CharField(max_length=60)
    outside_reference = models.CharField(max_length=100, blank=True)
    received_at = models.DateTimeField()
    read_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=("connection", "dedupe_key"), name="outside_notice_once"
            ),
        ]
        indexes = [models.Index(fields=("received_at",), name="outside_notice_by_moment")]

    def __str__(self) -> str:
        return f"{self.event} {self.outside_reference}"

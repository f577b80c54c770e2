"""The append-only event log, whose rows name their subject by kind and id and so outlive it; and
who tried to sign in.
"""

from django.contrib.postgres.indexes import GinIndex
from django.db import models


class Event(models.Model):
    """One thing that happened to one subject: who, when, why, from which state to which.

    Carries ids and numbers, never a person's name or address: rows cannot be changed (trigger).
    """

    kind = models.CharField(max_length=20, help_text="What the subject is, such as order.")
    subject_id = models.UUIDField()
    name = models.CharField(max_length=40, help_text="What happened, such as confirmed.")
    from_state = models.CharField(max_length=20, blank=True)
    to_state = models.CharField(max_length=20, blank=True)
    actor = models.CharField(max_length=60, help_text="partner:<id>, staff:<id> or worker.")
    reason = models.TextField(blank=True)
    data = models.JSONField(default=dict)
    at = models.DateTimeField()

    class Meta:
        ordering = ("id",)
        indexes = [
            models.Index(fields=("kind", "subject_id", "id"), name="event_by_subject"),
            GinIndex(
                fields=("data",),
                opclasses=("jsonb_path_ops",),
                condition=models.Q(name="deleted"),
                name="event_tombstone_numbers",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.name}"


class SignInAttempt(models.Model):
    """Somebody tried to sign in to the admin: who and from where, as keyed hashes only.

    What is typed as a name may be a password. Rows are forgotten after a month.
    """

    name_hash = models.CharField(max_length=64)
    address_hash = models.CharField(max_length=64)
    succeeded = models.BooleanField(default=False)
    at = models.DateTimeField()

    class Meta:
        indexes = [
            models.Index(fields=("name_hash", "at"), name="sign_in_by_name"),
            models.Index(fields=("address_hash", "at"), name="sign_in_by_address"),
            models.Index(fields=("at",), name="sign_in_by_moment"),
        ]

    def __str__(self) -> str:
        return "succeeded" if self.succeeded else "failed"

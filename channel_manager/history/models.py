"""The append-only event log, whose rows name their subject by kind and id and so outlive it; what
else staff did; who tried to sign in, and with which second factor; and which groups are the product's
roles.
"""

from django.contrib.auth.models import Group
from django.contrib.postgres.indexes import GinIndex
from django.db import models
from django.db.models.fields.json import KeyTextTransform
from django_otp.plugins.otp_totp.models import TOTPDevice

from channel_manager.lib.document_numbers import running_number
from channel_manager.lib.sealing import Unsealable, unseal


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
            models.Index(
                fields=("at",),
                name="event_by_staff",
                condition=models.Q(actor__startswith="staff:"),
            ),
            GinIndex(
                fields=("data",),
                opclasses=("jsonb_path_ops",),
                condition=models.Q(name="deleted"),
                name="event_tombstone_numbers",
            ),
            # The tombstones of a venue by the number that each order had.
            models.Index(
                KeyTextTransform("venueId", "data"),
                running_number(KeyTextTransform("buyFromOrderReference", "data")),
                condition=models.Q(name="deleted"),
                name="event_tombstone_by_number",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.name}"


class AuditRecord(models.Model):
    """One thing that somebody of staff did which is no event: an edit, signing in, a new key.

    Names its subject by kind and id, and so outlives it. Rows cannot be changed (trigger): values of
    secrets and people's particulars are not among the changes, only that they changed.
    """

    kind = models.CharField(max_length=40, help_text="What the subject is, such as package.")
    subject_id = models.CharField(max_length=64)
    subject = models.CharField(max_length=200, help_text="What it was called then.")
    name = models.CharField(max_length=40, help_text="What was done, such as changed.")
    actor = models.CharField(max_length=60, help_text="staff:<id>.")
    reason = models.TextField(blank=True)
    changes = models.JSONField(default=list, help_text="Fields with their before and after.")
    at = models.DateTimeField()

    class Meta:
        default_permissions = ()
        indexes = [
            models.Index(fields=("kind", "subject_id", "id"), name="audit_by_subject"),
            models.Index(fields=("at",), name="audit_by_moment"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.name}"


class AuditEntry(models.Model):
    """One line of the audit log: an event of staff's, or a record. A view of both tables."""

    id = models.CharField(primary_key=True, max_length=24)
    kind = models.CharField("what it was done to", max_length=40)
    subject_id = models.CharField(max_length=64)
    subject = models.CharField(max_length=200)
    name = models.CharField(max_length=40)
    from_state = models.CharField(max_length=20)
    to_state = models.CharField(max_length=20)
    actor = models.CharField(max_length=60)
    reason = models.TextField()
    changes = models.JSONField(help_text="A record's fields, or an event's data.")
    at = models.DateTimeField("when")

    class Meta:
        managed = False
        default_permissions = ("view",)
        verbose_name = "audit log entry"
        verbose_name_plural = "audit log entries"

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


class SealedTOTPDevice(TOTPDevice):  # type: ignore[misc]  # the library is not typed
    """What makes somebody's codes, an app on a phone; its secret is sealed.

    The library's own column is too short for that. It holds a secret that nobody has, so that a row
    taken for the library's verifies nothing.
    """

    sealed_key = models.TextField(help_text="The secret, hex-encoded.")

    class Meta:
        default_permissions = ()
        verbose_name = "TOTP device"

    @property
    def bin_key(self) -> bytes:
        """Return the secret; raises Unsealable."""
        return bytes.fromhex(unseal(self.sealed_key))

    @property
    def is_readable(self) -> bool:
        """Tell whether a key in the environment opens the secret."""
        try:
            return bool(self.bin_key)
        except Unsealable:
            return False


class Role(models.Model):
    """A group that the product made and keeps as its table of permissions says (role_matrix.py).

    Groups without one are the park's own.
    """

    name = models.CharField(max_length=20, unique=True)
    group = models.OneToOneField(Group, on_delete=models.PROTECT, related_name="role")

    class Meta:
        default_permissions = ()

    def __str__(self) -> str:
        return self.name

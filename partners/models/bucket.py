"""The token bucket of an API key (contract section 1)."""

from django.db import models
from django.db.models import Q

from partners.models.key import ApiKey


class TokenBucket(models.Model):
    """What is left of a key's requests; written by one statement only (partners/limits.py).

    The table is unlogged: a bucket is written with every request and worth nothing after a crash,
    which empties the table. Every key then begins with a full bucket again.
    """

    key = models.OneToOneField(
        ApiKey, models.CASCADE, primary_key=True, related_name="token_bucket", editable=False
    )
    level = models.BigIntegerField(help_text="Millionths of a token, as of the moment below.")
    is_granted = models.BooleanField(help_text="Whether the last request got a token.")
    at = models.DateTimeField(help_text="The database's clock.")
    refused_at = models.DateTimeField(null=True, help_text="When it last had no token left.")

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(level__gte=0), name="token_bucket_not_below_empty")
        ]

    def __str__(self) -> str:
        return f"{self.key_id}: {self.level / 1_000_000:.2f}"

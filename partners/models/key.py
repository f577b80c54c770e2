"""A partner's API keys and what they may do (contract section 1)."""

from __future__ import annotations

import datetime

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q

from partners.models.dialect import Dialect
from partners.models.partner import Partner


class Scope(models.TextChoices):
    """What an API key may do (contract section 1)."""

    ORDERS_READ = "orders:read"
    ORDERS_WRITE = "orders:write"
    CATALOG_READ = "catalog:read"
    WEBHOOKS = "webhooks"
    REPORTS = "reports"


def all_scopes() -> list[str]:
    """Return every scope, what a new key gets."""
    return list(Scope.values)


# A key that is replaced is given that long for it, and one that was used that lately is in use.
EXPIRY_NOTICE = datetime.timedelta(days=14)
IN_USE = datetime.timedelta(days=14)


class ApiKeyQuerySet(models.QuerySet["ApiKey"]):
    """Filters that read as adjectives."""

    def usable(self, now: datetime.datetime) -> ApiKeyQuerySet:
        """Keep the keys that are neither revoked nor expired."""
        return self.filter(revoked_at=None).filter(Q(expires_at=None) | Q(expires_at__gt=now))

    def ending_in_use(self, now: datetime.datetime) -> ApiKeyQuerySet:
        """Keep the usable keys that are used and expire within two weeks."""
        return self.usable(now).filter(
            expires_at__lte=now + EXPIRY_NOTICE, last_used_at__gt=now - IN_USE
        )


class ApiKey(models.Model):
    """A partner's key: only its SHA-256 is kept, so it can be shown once and never again.

    A partner has two usable ones of each mode and dialect at most, so that one can replace the other
    (trigger `api_key_two_live_per_mode`).
    """

    partner = models.ForeignKey(Partner, models.CASCADE, related_name="api_keys")
    name = models.CharField(max_length=60, blank=True)
    test_mode = models.BooleanField(
        default=False,
        db_default=False,
        editable=False,
        help_text="Its orders are tests: they sell nothing and admit nobody.",
    )
    dialect = models.CharField(
        max_length=14,
        choices=Dialect.choices,
        blank=True,
        default="",
        db_default="",
        editable=False,
        help_text="The dialect that it is for; empty for the partner API.",
    )
    prefix = models.CharField(
        max_length=16, editable=False, help_text="The key's first characters."
    )
    key_hash = models.CharField(max_length=64, unique=True, editable=False)
    scopes = ArrayField(models.CharField(max_length=20), default=all_scopes)
    created_at = models.DateTimeField(auto_now_add=True)
    last_used_at = models.DateTimeField(null=True, editable=False)
    expires_at = models.DateTimeField(null=True, blank=True)
    revoked_at = models.DateTimeField(null=True, editable=False)

    objects = ApiKeyQuerySet.as_manager()

    class Meta:
        ordering = ("-created_at",)
        verbose_name = "API key"
        constraints = [
            models.CheckConstraint(
                condition=Q(key_hash__regex=r"^[0-9a-f]{64}$"), name="api_key_hash_is_sha256"
            ),
            models.CheckConstraint(
                condition=Q(scopes__contained_by=list(Scope.values)), name="api_key_scopes_known"
            ),
            models.CheckConstraint(
                condition=Q(dialect__in=["", *Dialect.values]), name="api_key_dialect_known"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.prefix}…"

    def is_usable(self, now: datetime.datetime) -> bool:
        """Tell whether the key is neither revoked nor expired."""
        return self.revoked_at is None and (self.expires_at is None or self.expires_at > now)

    def ends_in_use(self, now: datetime.datetime) -> bool:
        """Tell whether the key is usable and used, and expires within two weeks."""
        return (
            self.is_usable(now)
            and self.expires_at is not None
            and self.expires_at <= now + EXPIRY_NOTICE
            and self.last_used_at is not None
            and self.last_used_at > now - IN_USE
        )

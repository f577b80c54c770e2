"""Storefronts: what a partner's shop that speaks one of the four dialects is known by."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from channel_manager.lib.identity import time_ordered_uuid
from partners.models.dialect import Dialect
from partners.models.partner import Partner

# Those whose guests pay at our page, so that there is something to be spared.
ON_ACCOUNT_DIALECTS = (Dialect.OPENTICKET, Dialect.VOORDEMENSEN)


class Storefront(models.Model):
    """A partner in one mode, in the words of one dialect: a channel, a shop, a client, a park.

    Its secrets are API keys of the same partner, dialect and mode; a new key changes none of the
    ids that a shop has stored.
    """

    id = models.UUIDField(primary_key=True, default=time_ordered_uuid, editable=False)
    partner = models.ForeignKey(Partner, models.CASCADE, related_name="storefronts")
    dialect = models.CharField(max_length=14, choices=Dialect.choices)
    test_mode = models.BooleanField(
        default=False,
        db_default=False,
        help_text="Its orders are tests: they sell nothing and admit nobody.",
    )
    public_id = models.CharField(
        max_length=64,
        help_text="What its requests name it by: a channel, a shop or a client; a park for Ordino.",
    )
    mails_tickets = models.BooleanField(
        default=False,
        db_default=False,
        help_text="Guests are e-mailed their tickets as soon as these are issued.",
    )
    sells_on_account = models.BooleanField(
        "sells on account",
        default=False,
        db_default=False,
        help_text="For a partner's server, not for a shop with guests: on account is its only "
        "payment method. Orders by it are complete at once, nobody pays at our page, and the "
        "partner is billed by statement.",
    )
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ("partner", "dialect")
        constraints = [
            models.CheckConstraint(
                condition=Q(dialect__in=Dialect.values), name="storefront_dialect_known"
            ),
            models.UniqueConstraint(
                fields=("dialect", "public_id"), name="storefront_public_id_once"
            ),
            models.UniqueConstraint(
                fields=("partner", "dialect", "test_mode"), name="storefront_once_per_mode"
            ),
            models.CheckConstraint(
                condition=Q(sells_on_account=False) | Q(dialect__in=ON_ACCOUNT_DIALECTS),
                name="storefront_on_account_where_guests_pay",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_dialect_display()} {self.public_id}"


class OutwardId(models.Model):
    """The id that a storefront knows one of our things by, in the shape that its dialect uses.

    Random and its own: what another storefront calls a thing means nothing here.
    """

    storefront = models.ForeignKey(Storefront, models.CASCADE, related_name="outward_ids")
    kind = models.CharField(max_length=20)
    key = models.CharField(max_length=120, help_text="What we know it by.")
    value = models.CharField(max_length=64)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=("storefront", "kind", "key"), name="outward_id_once_per_key"
            ),
            models.UniqueConstraint(
                fields=("storefront", "kind", "value"), name="outward_id_means_one_thing"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.value}"


class VisitorBucket(models.Model):
    """What is left of the requests of one address at a storefront that asks for no key.

    Written by one statement only (partners/limits.py); unlogged, as the buckets of keys are.
    """

    storefront = models.ForeignKey(
        Storefront, models.CASCADE, related_name="visitor_buckets", db_index=False
    )
    address = models.CharField(max_length=45)
    level = models.BigIntegerField(help_text="Millionths of a token, as of the moment below.")
    is_granted = models.BooleanField(help_text="Whether the last request got a token.")
    at = models.DateTimeField(help_text="The database's clock.")
    refused_at = models.DateTimeField(null=True, help_text="When it last had no token left.")

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=("storefront", "address"), name="visitor_bucket_once_per_address"
            ),
            models.CheckConstraint(
                condition=Q(level__gte=0), name="visitor_bucket_not_below_empty"
            ),
        ]
        indexes = [models.Index(fields=("at",), name="visitor_bucket_by_moment")]

    def __str__(self) -> str:
        return f"{self.address}: {self.level / 1_000_000:.2f}"

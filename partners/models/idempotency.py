"""The stored answers of requests that may be repeated (contract section 1)."""

from django.db import models
from django.db.models import Q

from partners.models.partner import Partner


class IdempotencyRecord(models.Model):
    """The stored answer to a request that carried an Idempotency-Key (contract section 1)."""

    partner = models.ForeignKey(Partner, models.CASCADE, related_name="idempotency_records")
    test_mode = models.BooleanField(default=False, db_default=False)
    key = models.CharField(max_length=255)
    fingerprint = models.CharField(max_length=64)
    status_code = models.PositiveSmallIntegerField()
    location = models.CharField(max_length=200, blank=True)
    body = models.TextField(
        help_text="JSON, its members in the order they were answered in; sealed if it has a secret."
    )
    order_id = models.UUIDField(
        null=True,
        blank=True,
        help_text="The order that is answered, if one is. No key: it outlives orders.",
    )
    created_at = models.DateTimeField(db_index=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=("partner", "key", "test_mode"), name="idempotency_key_once"
            )
        ]
        indexes = [
            models.Index(
                fields=("order_id",),
                condition=Q(order_id__isnull=False),
                name="idempotency_by_order",
            )
        ]

    def __str__(self) -> str:
        return self.key

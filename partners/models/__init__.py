"""Venues, the partners that sell for them, and the partners' API keys with what belongs to them."""

from partners.models.bucket import TokenBucket
from partners.models.idempotency import IdempotencyRecord
from partners.models.key import ApiKey, Scope, all_scopes
from partners.models.partner import (
    DEFAULT_HOLD_MINUTES,
    MAX_BURST,
    MAX_HOLD_MINUTES,
    MAX_PER_SECOND,
    Partner,
    PartnerStatus,
    UnmappedItems,
)
from partners.models.venue import Venue, check_timezone

__all__ = [
    "DEFAULT_HOLD_MINUTES",
    "MAX_BURST",
    "MAX_HOLD_MINUTES",
    "MAX_PER_SECOND",
    "ApiKey",
    "IdempotencyRecord",
    "Partner",
    "PartnerStatus",
    "Scope",
    "TokenBucket",
    "UnmappedItems",
    "Venue",
    "all_scopes",
    "check_timezone",
]

"""Venues, the partners that sell for them, and the partners' API keys and idempotency records."""

from partners.models.idempotency import IdempotencyRecord
from partners.models.key import ApiKey, Scope, all_scopes
from partners.models.partner import (
    DEFAULT_HOLD_MINUTES,
    MAX_HOLD_MINUTES,
    Partner,
    PartnerStatus,
    UnmappedItems,
)
from partners.models.venue import Venue, check_timezone

__all__ = [
    "DEFAULT_HOLD_MINUTES",
    "MAX_HOLD_MINUTES",
    "ApiKey",
    "IdempotencyRecord",
    "Partner",
    "PartnerStatus",
    "Scope",
    "UnmappedItems",
    "Venue",
    "all_scopes",
    "check_timezone",
]

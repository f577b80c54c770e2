"""Venues, the partners that sell for them, and what belongs to a partner: contracts, keys, webhooks."""

from partners.models.bucket import TokenBucket
from partners.models.contract import BilledBy, Contract, ContractQuerySet, DateBasis, Terms
from partners.models.dialect import Dialect
from partners.models.idempotency import IdempotencyRecord
from partners.models.key import ApiKey, Scope, all_scopes
from partners.models.milestone import Milestone, MilestoneName
from partners.models.partner import (
    DEFAULT_HOLD_MINUTES,
    MAX_BURST,
    MAX_HOLD_MINUTES,
    MAX_PER_SECOND,
    Partner,
    PartnerStatus,
    UnmappedItems,
)
from partners.models.storefront import (
    ON_ACCOUNT_DIALECTS,
    OutwardId,
    Storefront,
    VisitorBucket,
)
from partners.models.venue import Venue, check_timezone
from partners.models.webhook import (
    MAX_URL_LENGTH,
    DeliveryStatus,
    EndpointStatus,
    EventSequence,
    EventType,
    WebhookAttempt,
    WebhookDelivery,
    WebhookEndpoint,
    WebhookEvent,
)

__all__ = [
    "DEFAULT_HOLD_MINUTES",
    "MAX_BURST",
    "MAX_HOLD_MINUTES",
    "MAX_PER_SECOND",
    "MAX_URL_LENGTH",
    "ON_ACCOUNT_DIALECTS",
    "ApiKey",
    "BilledBy",
    "Contract",
    "ContractQuerySet",
    "DateBasis",
    "DeliveryStatus",
    "Dialect",
    "EndpointStatus",
    "EventSequence",
    "EventType",
    "IdempotencyRecord",
    "Milestone",
    "MilestoneName",
    "OutwardId",
    "Partner",
    "PartnerStatus",
    "Scope",
    "Storefront",
    "Terms",
    "TokenBucket",
    "UnmappedItems",
    "Venue",
    "VisitorBucket",
    "WebhookAttempt",
    "WebhookDelivery",
    "WebhookEndpoint",
    "WebhookEvent",
    "all_scopes",
    "check_timezone",
]

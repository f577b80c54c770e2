"""The admin of venues, partners, their contracts, API keys and webhooks."""

from partners.admin.contracts import ContractAdmin
from partners.admin.partners import PartnerAdmin
from partners.admin.storefronts import StorefrontAdmin
from partners.admin.venues import VenueAdmin
from partners.admin.webhooks import WebhookEndpointAdmin

__all__ = ["ContractAdmin", "PartnerAdmin", "StorefrontAdmin", "VenueAdmin", "WebhookEndpointAdmin"]

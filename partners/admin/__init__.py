"""The admin of venues, partners, their API keys and their webhooks."""

from partners.admin.partners import PartnerAdmin
from partners.admin.venues import VenueAdmin
from partners.admin.webhooks import WebhookEndpointAdmin

__all__ = ["PartnerAdmin", "VenueAdmin", "WebhookEndpointAdmin"]

"""The admin of webhooks: where partners are told, how it goes, and what is sent again."""

from partners.admin.webhooks.endpoints import WebhookEndpointAdmin

__all__ = ["WebhookEndpointAdmin"]

"""The addresses of webhooks and the feed; they stand before those of orders."""

from django.urls import path

from partners.api import webhooks
from partners.api.feed import EventListView

_ONE = "channelManager/webhooks/<str:webhook_id>"
urlpatterns = [
    path("channelManager/events", EventListView.as_view()),
    path("channelManager/webhooks", webhooks.WebhookCollectionView.as_view()),
    path(_ONE, webhooks.WebhookOneView.as_view()),
    path(f"{_ONE}/test", webhooks.TestWebhookView.as_view()),
    path(f"{_ONE}/rotate", webhooks.RotateWebhookView.as_view()),
    path(f"{_ONE}/pause", webhooks.PauseWebhookView.as_view()),
    path(f"{_ONE}/resume", webhooks.ResumeWebhookView.as_view()),
    path(f"{_ONE}/replay", webhooks.ReplayWebhookView.as_view()),
    path(f"{_ONE}/deliveries", webhooks.DeliveryListView.as_view()),
]

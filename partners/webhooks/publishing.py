"""From events that were written to deliveries on their way: what the background tasks call."""

import datetime

from partners.webhooks import dispatching, sequencing


def publish_events(*, now: datetime.datetime) -> None:
    """Number new events and send them where partners want them."""
    endpoints = sequencing.sequence_events(now=now)
    dispatching.dispatch_to(endpoint_ids=endpoints, now=now)


def catch_up(*, now: datetime.datetime) -> None:
    """Publish what was left behind, and send what has become due."""
    publish_events(now=now)
    dispatching.dispatch_due(now=now)

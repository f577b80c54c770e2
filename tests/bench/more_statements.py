"""Client SQL statements of what is not an order's own path: availability, tickets, webhooks.

Counted in this process: `Stack.django("tests.bench.more_statements", key, partner_id)` runs it on a
stack without workers and prints a JSON object. The second partner's endpoint is a receiver of ours.
"""

from __future__ import annotations

import datetime
import functools
import json
import sys

from django.test import Client
from django.utils import timezone

from channel_manager.lib.sealing import seal
from partners.models import WebhookDelivery, WebhookEndpoint
from partners.webhooks import delivering, publishing
from partners.webhooks.signing import new_secret
from tests.bench import events
from tests.bench.statements import count
from tests.fakes.receiver import running_receiver
from tests.traffic import BASE
from wallets.models import Asset


def count_more(key: str, partner_id: str) -> dict[str, int]:
    """Return how many statements each took; wants an order that was issued."""
    client = Client(headers={"x-api-key": key})
    today = timezone.now().date()
    days = f"from={today}&to={today + datetime.timedelta(days=30)}"
    found = {}
    for name, path in (
        ("Availability", f"{BASE}/availability?itemNumber=DAY&{days}"),
        ("PDF ticket", f"/w/{_issued_token()}.pdf"),
    ):
        found[name], response = count(functools.partial(client.get, path))
        assert response.status_code == 200, response.content
    found.update(_count_webhook(partner_id))
    return found


def _issued_token() -> str:
    return str(Asset.objects.filter(status="Valid").select_related("wallet")[0].wallet.token)


def _count_webhook(partner_id: str) -> dict[str, int]:
    now = timezone.now()
    with running_receiver() as receiver:
        endpoint = WebhookEndpoint.objects.create(
            partner_id=partner_id,
            url=receiver.url,
            sealed_secret=seal(new_secret()),
            status_since=now,
            created_at=now,
            updated_at=now,
        )
        events.record(partner_id, 1)
        numbered, _ = count(lambda: publishing.publish_events(now=timezone.now()))
        delivery = WebhookDelivery.objects.get(endpoint=endpoint)
        sent, _ = count(
            lambda: delivering.deliver(
                delivery_id=delivery.pk, attempt=delivery.attempts, clock=timezone.now
            )
        )
        assert len(receiver.received) == 1, "the delivery was not made"
        endpoint.delete()
    return {"Webhook events, numbered and handed out": numbered, "Webhook delivery": sent}


if __name__ == "__main__":
    print(json.dumps(count_more(*sys.argv[1:])))

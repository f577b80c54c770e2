"""Events are kept for ninety days, and longer while an endpoint still waits for them."""

from __future__ import annotations

import datetime

import pytest

from partners.models import Partner, WebhookAttempt, WebhookDelivery, WebhookEvent
from partners.webhooks import pruning
from partners.webhooks.pruning import prune_events
from tests.webhooks.conftest import START, make_endpoint


def event(partner: Partner, name: str, days_old: int) -> WebhookEvent:
    return WebhookEvent.objects.create(
        partner=partner,
        type="ota_cm_order_changed",
        data={"name": name},
        at=START - datetime.timedelta(days=days_old),
        position=WebhookEvent.objects.count() + 1,
    )


def kept() -> set[str]:
    return {one.data["name"] for one in WebhookEvent.objects.all()}


@pytest.mark.parametrize("at_once", [1, 5000])
def test_old_events_go_with_their_deliveries(
    partner: Partner, monkeypatch: pytest.MonkeyPatch, at_once: int
) -> None:
    monkeypatch.setattr(pruning, "_AT_ONCE", at_once)
    endpoint = make_endpoint(partner, "https://a.example/")
    for name, status in (("waits", "Pending"), ("delivered", "Delivered"), ("failed", "Failed")):
        delivery = WebhookDelivery.objects.create(
            event=event(partner, name, 100),
            endpoint=endpoint,
            status=status,
            next_attempt_at=START if status == "Pending" else None,
        )
        WebhookAttempt.objects.create(delivery=delivery, number=1, started_at=START)
    event(partner, "never sent", 91)
    event(partner, "young", 89)
    assert prune_events(now=START) == 3
    assert kept() == {"waits", "young"}
    assert [one.event.data["name"] for one in WebhookDelivery.objects.all()] == ["waits"]
    assert WebhookAttempt.objects.count() == 1
    assert prune_events(now=START) == 0


def test_where_everything_is_old_everything_goes(partner: Partner) -> None:
    for number in range(3):
        event(partner, str(number), 200)
    assert prune_events(now=START) == 3
    assert kept() == set()

"""What the documentation shows as an answer is what the API answers."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from channel_manager.docs.webhook_samples import WEBHOOK_ANSWERS
from orders.models import Order
from tests.channel_manager.test_docs_pages import shape
from tests.conftest import ApiClient
from tests.fakes.receiver import Receiver
from tests.webhooks.test_endpoints_api import FEED, HOOKS, send_all


def test_the_samples_have_theshape_of_real_answers(
    api: ApiClient, receiver: Receiver, issue: Callable[[str], Order]
) -> None:
    body = {"url": receiver.url}
    made = api.post(body, HOOKS).json()
    path = f"{HOOKS}/{made['webhookId']}"
    issue(api.create()["orderId"])
    send_all()
    answers: dict[str, Any] = {
        "createWebhook": made,
        "listWebhooks": api.get(HOOKS).json(),
        "getWebhook": api.get(path).json(),
        "replaceWebhook": api.request("PUT", path, body).json(),
        "testWebhook": api.post(None, f"{path}/test").json(),
        "rotateWebhook": api.post(None, f"{path}/rotate").json(),
        "pauseWebhook": api.post(None, f"{path}/pause").json(),
        "resumeWebhook": api.post(None, f"{path}/resume").json(),
        "replayWebhook": api.post({"failed": True}, f"{path}/replay").json(),
        "listDeliveries": api.get(f"{path}/deliveries").json(),
        "listEvents": api.get(FEED).json(),
        "deleteWebhook": api.request("DELETE", path).json(),
    }
    assert {name: shape(answer) for name, answer in answers.items()} == {
        name: shape(answer) for name, answer in WEBHOOK_ANSWERS.items()
    }

"""Several web processes answer for one server: each scrape tells what all of them have counted."""

from __future__ import annotations

import http.client

from prometheus_client.parser import text_string_to_metric_families

from tests.concurrency.conftest import METRICS_TOKEN
from tests.stack import Stack


def ask(stack: Stack, path: str) -> str:
    """Send a request by a connection of its own: which process takes it is chance."""
    connection = http.client.HTTPConnection("127.0.0.1", stack.port, timeout=30)
    try:
        connection.request("GET", path, headers={"Authorization": f"Bearer {METRICS_TOKEN}"})
        return connection.getresponse().read().decode()
    finally:
        connection.close()


def lived(stack: Stack) -> float:
    """Return how often the server has said that it lives, by whichever process is asked."""
    (total,) = (
        sample.value
        for family in text_string_to_metric_families(ask(stack, "/metrics"))
        for sample in family.samples
        if sample.name == "channel_manager_http_requests_total"
        and sample.labels == {"route": "/health/live", "method": "GET", "status": "200"}
    )
    return total


def test_every_process_tells_what_all_have_counted(stack: Stack) -> None:
    ask(stack, "/health/live")
    before = lived(stack)
    for _ in range(20):
        ask(stack, "/health/live")
    assert {lived(stack) for _ in range(8)} == {before + 20}

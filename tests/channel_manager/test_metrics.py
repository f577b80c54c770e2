"""/metrics: who may ask, what it tells of requests and of work that waits, and what it costs."""

from __future__ import annotations

import datetime
import re
from collections.abc import Callable
from typing import Any

import pytest
from django.db import OperationalError, ProgrammingError, connection
from django.test import Client
from django.utils import timezone
from prometheus_client.parser import text_string_to_metric_families

from channel_manager import health, metrics
from channel_manager.database_meters import METERS
from channel_manager.lib import meters
from channel_manager.middleware import counted_route
from orders.models import Order
from partners.models import WebhookEndpoint
from tests.conftest import ApiClient

pytestmark = pytest.mark.django_db

TOKEN = "tests-own-metrics-token"
Samples = dict[tuple[str, frozenset[tuple[str, str]]], float]


@pytest.fixture
def scrape(client: Client, settings: Any) -> Callable[[], Samples]:
    """Ask as Prometheus does; return every sample by name and labels."""
    settings.METRICS_TOKEN = TOKEN

    def ask() -> Samples:
        response = client.get("/metrics", headers={"authorization": f"Bearer {TOKEN}"})
        assert response.status_code == 200
        assert response["Content-Type"].startswith("text/plain; version=")
        return {
            (sample.name.removeprefix("channel_manager_"), frozenset(sample.labels.items())): (
                sample.value
            )
            for family in text_string_to_metric_families(response.content.decode())
            for sample in family.samples
        }

    return ask


def of(samples: Samples, name: str, **labels: str) -> float | None:
    return samples.get((name, frozenset(labels.items())))


def test_without_a_token_there_is_nothing_here(client: Client, settings: Any) -> None:
    settings.METRICS_TOKEN = ""
    bodies = []
    for path in ("/metrics", "/nothing"):
        response = client.get(path, headers={"authorization": "Bearer "})
        assert response.status_code == 404
        bodies.append({**response.json(), "requestId": ""})
    assert bodies[0] == bodies[1]


@pytest.mark.parametrize("sent", ["", "Bearer", f"Basic {TOKEN}", f"Bearer {TOKEN}x", "Bearer é"])
def test_another_token_is_refused(client: Client, settings: Any, sent: str) -> None:
    settings.METRICS_TOKEN = TOKEN
    response = client.get("/metrics", headers={"authorization": sent})
    assert (response.status_code, response.json()["code"]) == (401, "unauthenticated")


def test_requests_are_told_by_their_route_and_never_by_what_stands_in_it(
    scrape: Callable[[], Samples], api: ApiClient, issue: Callable[[str], Order]
) -> None:
    route = "/channelManager/<str:order_id>"
    before = scrape()
    order = api.create()
    issue(order["orderId"])
    api.get(f"/channelManager/{order['orderId']}")
    api.get(f"/channelManager/{order['orderId']}?wait=5")
    api.request("BREW", "/channelManager")
    api.get("/channelManager/nothing/here")
    after = scrape()
    assert order["orderId"] not in str(after)

    def counted(name: str, **labels: str) -> float:
        return (of(after, name, **labels) or 0) - (of(before, name, **labels) or 0)

    requests = "http_requests_total"
    assert counted(requests, route="/channelManager", method="POST", status="201") == 1
    assert counted(requests, route=route, method="GET", status="200") == 2
    assert counted(requests, route="/channelManager", method="other", status="405") == 1
    assert counted(requests, route="unmatched", method="other", status="404") == 1
    # Whoever asked to wait did not wait for us.
    assert counted("http_request_duration_seconds_count", route=route) == 1
    assert counted("http_refusals_total", code="method_not_allowed") == 1
    assert counted("http_refusals_total", code="not_found") == 1


def test_who_is_not_let_in_multiplies_no_figures(
    scrape: Callable[[], Samples], client: Client
) -> None:
    for path in ("add/", "", "00000000-0000-4000-8000-000000000000/change/"):
        assert client.get(f"/admin/orders/order/{path}").status_code == 302
    for method in ("GET", "PUT", "DELETE"):
        assert client.generic(method, "/channelManager").status_code == 401
    samples = scrape()
    routes = {dict(labels)["route"] for name, labels in samples if name.startswith("http_request")}
    assert "/admin/orders/order" in routes
    assert not [route for route in routes if route.count("/") > 3 and "/admin/" in route]
    told = {
        dict(labels)["method"]
        for name, labels in samples
        if name == "http_requests_total"
        and labels >= {("route", "/channelManager"), ("status", "401")}
    }
    assert told == {"other"}


@pytest.mark.parametrize(
    ("route", "counted"),
    [
        ("/admin/orders/order/<path:object_id>/change/", "/admin/orders/order"),
        ("/admin/orders/order/", "/admin/orders/order"),
        ("/admin/two-factor/code/", "/admin/"),
        ("/admin/password_change/done/", "/admin/"),
        ("/admin/(?P<url>.*)$", "/admin/"),
        ("/admin/", "/admin/"),
        ("/channelManager/<str:order_id>", "/channelManager/<str:order_id>"),
    ],
)
def test_the_admin_is_counted_by_model(route: str, counted: str) -> None:
    assert counted_route(route) == counted


def test_beyond_what_has_room_a_request_is_counted_by_its_status(
    scrape: Callable[[], Samples], client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(meters, "_known", set())
    monkeypatch.setattr(meters, "_pairs", {})
    monkeypatch.setattr(meters, "MOST", 0)
    before = scrape()
    client.get("/health/live")
    labels = {"route": "other", "method": "other", "status": "200"}
    after = of(scrape(), "http_requests_total", **labels) or 0
    # The request that told us of the ones before is one of them.
    assert after - (of(before, "http_requests_total", **labels) or 0) == 2


def test_work_that_waits_and_work_that_failed_is_told(
    scrape: Callable[[], Samples], api: ApiClient, tester: ApiClient
) -> None:
    now = timezone.now()
    api.create()
    Order.objects.update(status_since=now - datetime.timedelta(seconds=100))
    error = {"status": "Error", "failure_code": "no_price", "failure_fingerprint": "price:x"}
    for developer in (api, tester):
        failed = developer.create(sellToOrderReference="WEB-2")
        Order.objects.filter(pk=failed["orderId"]).update(**error)
    for status, failing in (("Active", None), ("Active", now), ("Paused", None)):
        WebhookEndpoint.objects.create(
            partner=api.partner,
            url="https://x.example/",
            status=status,
            status_since=now,
            sealed_secret="x",
            failing_since=failing,
            created_at=now,
            updated_at=now,
        )
    with connection.cursor() as cursor:
        cursor.execute("UPDATE procrastinate_events SET at = now() - interval '70 seconds'")
    samples = scrape()
    assert of(samples, "orders_in_flight", status="Submitted") == 1
    assert of(samples, "orders_in_flight", status="Processing") == 0
    assert of(samples, "orders_oldest_in_flight_seconds", status="Submitted") == pytest.approx(
        100, abs=20
    )
    assert of(samples, "orders_failed", failure_code="no_price", mode="live") == 1
    assert of(samples, "orders_failed", failure_code="no_price", mode="test") == 1
    assert of(samples, "jobs_waiting", queue="orders") == 3
    assert of(samples, "jobs_oldest_waiting_seconds", queue="orders") == pytest.approx(70, abs=20)
    states = ("active", "failing", "paused", "off")
    told = [of(samples, "webhook_endpoints", state=state, mode="live") for state in states]
    assert told == [1, 1, 1, 0]
    assert of(samples, "outside_calls_recent", system="onebox", effect="unknown") == 0
    assert of(samples, "database_up") == of(samples, "database_migrated") == 1
    assert {name for name, _ in samples} >= {meter.name for meter in METERS} - {
        "worker_heartbeat_age_seconds",
        "worker_regular_work_age_seconds",
    }


def test_a_scrape_takes_seven_statements(scrape: Callable[[], Samples]) -> None:
    scrape()  # from here on the process knows that the schema is its own
    asked: list[str] = []

    def note(execute: Any, sql: Any, params: Any, many: Any, context: Any) -> Any:
        asked.append(str(sql))
        return execute(sql, params, many, context)

    with connection.execute_wrapper(note):
        scrape()
    assert len(asked) == 7


def test_what_was_counted_is_told_while_the_database_is_away(
    scrape: Callable[[], Samples], monkeypatch: pytest.MonkeyPatch
) -> None:
    def away() -> None:
        raise OperationalError("the connection is lost")

    scrape()
    monkeypatch.setattr(metrics, "read_families", away)
    samples = scrape()
    assert of(samples, "database_up") == 0
    assert of(samples, "orders_in_flight", status="Submitted") is None
    assert of(samples, "http_requests_total", route="/metrics", method="GET", status="200")


def test_tables_that_are_not_there_yet_are_no_database_that_is_away(
    scrape: Callable[[], Samples], monkeypatch: pytest.MonkeyPatch
) -> None:
    def missing() -> None:
        raise ProgrammingError('relation "orders_order" does not exist')

    monkeypatch.setattr(health, "migrations_applied", lambda: False)
    monkeypatch.setattr(metrics, "read_families", missing)
    samples = scrape()
    assert of(samples, "database_up") == 1
    assert of(samples, "database_migrated") == 0


def test_a_request_is_answered_although_it_cannot_be_counted(
    client: Client, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def full(*args: Any, **options: Any) -> None:
        raise OSError("no space left on the device")

    monkeypatch.setattr(meters, "count_request", full)
    assert client.get("/health/live").status_code == 200
    assert "could not be counted" in caplog.text


def test_names_and_help_follow_the_conventions() -> None:
    for meter in metrics.ALL:
        assert re.fullmatch(r"[a-z]+(_[a-z]+)*", meter.name), meter.name
        assert not re.search(r"_(ms|minutes|percent|count)$", meter.name), meter.name
        assert meter.help.endswith("."), meter.name
    assert len({meter.name for meter in metrics.ALL}) == len(metrics.ALL)


def test_a_scrape_reads_what_a_million_orders_do_not_lengthen(
    scrape: Callable[[], Samples],
) -> None:
    plans: list[str] = []

    def explain(execute: Any, sql: Any, params: Any, many: Any, context: Any) -> Any:
        with connection.connection.cursor() as cursor:
            cursor.execute("SET LOCAL enable_seqscan = off")
            cursor.execute(f"EXPLAIN {sql}", params)
            plans.extend(line for (line,) in cursor.fetchall())
        return execute(sql, params, many, context)

    scrape()
    with connection.execute_wrapper(explain):
        scrape()
    text = "\n".join(plans)
    # One row for each endpoint, and one row.
    read_whole = set(re.findall(r"Seq Scan on (\w+)", text))
    assert read_whole == {"partners_webhookendpoint", "partners_eventsequence"}
    used = set(re.findall(r"Index (?:Only )?Scan (?:using|on) (\w+)", text))
    # Whichever the planner takes finds those only that wait.
    assert used & {"webhook_event_unsequenced", "partners_webhookevent_position_key"}
    assert used >= {
        "order_in_flight",
        "hold_by_expiry",
        "checkout_paid_late",
        "outside_order_unsettled",
        "outside_order_ending",
        "outside_ticket_left",
        "webhook_delivery_due",
        "webhook_delivery_failed",
        "wallets_connectoroutcome_pkey",
        "procrastinate_events_job_id_fkey_v1",
    }

"""Lines of the log: what they carry of the request or job that they belong to, in JSON and as text."""

from __future__ import annotations

import json
import logging
import sys
from collections.abc import Callable, Iterator
from types import SimpleNamespace
from typing import Any

import pytest
from django.test import Client

from channel_manager.lib import logs
from channel_manager.lib.job_log import log_job
from channel_manager.lib.logs import JsonFormatter, TextFormatter
from tests import awaiting
from tests.conftest import ApiClient

KEY = "cm_live_GMzkGeWOXMSMhBO_dXzh0_3kZICnHpy4_9qG-n7LqzY"
ORDER = "019aa0d0-0000-7000-8000-000000000001"
Lines = Callable[[], list[dict[str, Any]]]


@pytest.fixture
def lines() -> Iterator[Lines]:
    """What is logged at INFO or above, as it stands in the log."""
    written: list[str] = []
    handler = logging.Handler()
    handler.emit = lambda record: written.append(JsonFormatter().format(record))  # type: ignore[method-assign]
    root = logging.getLogger()
    before = root.level
    root.addHandler(handler)
    root.setLevel(logging.INFO)
    yield lambda: [json.loads(line) for line in written]
    root.removeHandler(handler)
    root.setLevel(before)


def record(message: str, *arguments: Any, **more: Any) -> logging.LogRecord:
    made = logging.LogRecord("orders.x", logging.ERROR, "", 1, message, arguments, None)
    made.created = 1_774_345_200.5
    made.__dict__.update(more)
    return made


def test_a_line_is_one_object_without_secrets() -> None:
    said = f"refused\nDETAIL:  Key (name)=(Ann\nde Boer).\nHINT:  {KEY}"
    try:
        raise ValueError(said)
    except ValueError:
        told = record(
            "sent %s\nINFO forged", f"to ann@x.example with {KEY}", exc_info=sys.exc_info()
        )
    token = logs.begin({"requestId": KEY, "orderId": ORDER})
    try:
        line = JsonFormatter().format(told)
    finally:
        logs.end(token)
    assert "\n" not in line
    read = json.loads(line)
    exception = read.pop("exception")
    assert exception.endswith("cm_live_GMzk[redacted]")
    assert "Ann" not in exception
    assert read == {
        "time": "2026-03-24T09:40:00.500Z",
        "level": "ERROR",
        "logger": "orders.x",
        "message": "sent to [e-mail] with cm_live_GMzk[redacted]\nINFO forged",
        "requestId": "cm_live_GMzk[redacted]",
        "orderId": ORDER,
    }


def test_a_text_names_what_it_is_about_behind_the_message() -> None:
    formatter = TextFormatter("%(levelname)s %(name)s %(message)s")
    told = record("kept", members={"status": 201})
    assert formatter.format(told) == "ERROR orders.x kept [status=201]"
    assert formatter.format(record("kept")) == "ERROR orders.x kept"


def test_what_procrastinate_tells_of_a_job_is_taken_without_its_arguments() -> None:
    job = {"id": 7, "task_name": "orders.issue_order", "queue": "orders", "task_kwargs": {"b": KEY}}
    assert json.loads(JsonFormatter().format(record("gone", job=job))) == {
        "time": "2026-03-24T09:40:00.500Z",
        "level": "ERROR",
        "logger": "orders.x",
        "message": "gone",
        "jobId": 7,
        "task": "orders.issue_order",
        "queue": "orders",
    }


def test_nothing_is_noted_outside_of_a_request_or_job() -> None:
    logs.note(orderId=ORDER)
    assert "orderId" not in JsonFormatter().format(record("idle"))


@pytest.mark.django_db
def test_a_request_is_one_line_that_names_what_it_made(api: ApiClient, lines: Lines) -> None:
    order = api.create()
    (line,) = [line for line in lines() if line["logger"] == "channel_manager.access"]
    assert line.pop("durationMs") > 0
    assert line.pop("keyId") == api.partner.api_keys.get().pk
    for name in ("time", "requestId"):
        assert line.pop(name)
    assert line == {
        "level": "INFO",
        "logger": "channel_manager.access",
        "message": "POST /channelManager 201",
        "partnerId": str(api.partner.pk),
        "orderId": order["orderId"],
        "buyFromOrderReference": order["buyFromOrderReference"],
        "method": "POST",
        "route": "/channelManager",
        "status": 201,
    }


@pytest.mark.django_db
def test_a_refusal_and_its_request_are_found_by_the_id_in_the_answer(
    api: ApiClient, lines: Lines
) -> None:
    answer = api.post({}, x_request_id="shop-4711").json()
    assert answer["requestId"] == "shop-4711"
    found = [line for line in lines() if line.get("requestId") == "shop-4711"]
    assert [line["message"] for line in found] == [
        "POST /channelManager refused: invalid_request",
        "POST /channelManager 400",
    ]
    assert found[0]["code"] == "invalid_request"


@pytest.mark.django_db
def test_a_path_cannot_begin_a_line(api: ApiClient, lines: Lines) -> None:
    api.get("/x%0AERROR forged")
    (line,) = [line for line in lines() if line["logger"] == "channel_manager.access"]
    assert line["message"] == r"GET /x\nERROR forged 404"


@pytest.mark.django_db
def test_a_long_path_is_cut(api: ApiClient, lines: Lines) -> None:
    api.get(f"/channelManager/{'x%0A' * 400}")
    refused, answered = lines()
    path = ("/channelManager/" + "x\\n" * 400)[:300]
    assert refused["message"] == f"GET {path} refused: not_found"
    assert answered["message"] == f"GET {path} 404"


@pytest.mark.django_db
def test_what_machines_ask_every_few_seconds_is_no_line(api: ApiClient, lines: Lines) -> None:
    assert api.get("/health/live").status_code == 200
    assert lines() == []


def job_of(**arguments: Any) -> Any:
    job = SimpleNamespace(
        id=7, task_name="orders.issue_order", queue="orders", attempts=0, task_kwargs=arguments
    )
    return SimpleNamespace(job=job)


def run(context: Any, work: Callable[[], None]) -> None:
    async def call_next() -> None:
        work()

    worker: Any = SimpleNamespace(worker_id=3)
    awaiting.run(log_job(call_next, context, worker))


def test_a_job_tells_when_it_began_and_how_it_ended(lines: Lines) -> None:
    run(job_of(order_id=ORDER, body=KEY), lambda: logging.getLogger("orders.x").info("on its way"))
    about = {
        "jobId": 7,
        "task": "orders.issue_order",
        "queue": "orders",
        "attempt": 1,
        "worker": 3,
        "orderId": ORDER,
    }
    told = lines()
    assert [line["message"] for line in told] == ["Job started", "on its way", "Job done"]
    assert told[2].pop("durationMs") >= 0
    for line in told:
        assert {name: line.get(name) for name in about} == about
        assert KEY not in str(line)


def test_a_job_that_fails_says_by_what_and_goes_on_failing(lines: Lines) -> None:
    def fail() -> None:
        raise ValueError(KEY)

    with pytest.raises(ValueError, match=KEY):
        run(job_of(timestamp=1), fail)
    (line,) = lines()  # that a periodic job began is no news
    assert (line["level"], line["message"]) == ("WARNING", "Job failed: ValueError")


@pytest.mark.django_db
def test_a_host_that_is_not_ours_is_a_refusal_and_no_fault(settings: Any, lines: Lines) -> None:
    settings.ALLOWED_HOSTS = ["park.example"]
    answer = Client(HTTP_HOST="elsewhere.example").get("/docs")
    assert answer.status_code == 400
    told = [(line["level"], line["logger"], line.get("code")) for line in lines()]
    assert told == [
        ("WARNING", "channel_manager.api", "invalid_request"),
        ("INFO", "channel_manager.access", None),
    ]

"""What outside systems push: verified, kept once, read back; and browsers that they send back."""

from __future__ import annotations

import datetime
import uuid
from collections.abc import Callable, Mapping
from types import SimpleNamespace
from typing import Any

import pytest
from django.test import Client
from procrastinate.contrib.django.models import ProcrastinateJob

from catalog.models import Connection, Package, System
from orders.models import Order
from orders.outside import notices, reading_back, views, visiting
from orders.queueing import READ_TASK
from tests.concurrency.test_invariants import sql
from tests.conftest import ApiClient
from tests.orders.expected import NOON, SENTENCE, Clock, Like
from tests.orders.racing import at_once
from tests.outside.playhouse import NOTHING, Playhouse, PlayhouseConnector
from tests.outside.reading import SECRET, PushingConnector, only_row, states, tell, wrong
from wallets.connectors.registry import CONNECTORS
from wallets.models import OutsideNotice

pytestmark = pytest.mark.django_db(transaction=True)

Work = Callable[[Any], Order]
Push = Callable[..., Any]
SHOW = {"itemNumber": "SHOW", "visitDate": "2026-11-23"}


@pytest.fixture(autouse=True)
def nobody_has_called(transactional_db: None) -> None:
    """Begin with full buckets, and without the jobs of other tests."""
    visiting.VISITORS.forget_all()
    sql("DELETE FROM procrastinate_jobs")


@pytest.fixture
def connector(monkeypatch: pytest.MonkeyPatch) -> PlayhouseConnector:
    """The connector to a playhouse that pushes."""
    speaking = PushingConnector()
    monkeypatch.setitem(CONNECTORS, System.ONEBOX, speaking)  # type: ignore[arg-type]
    return speaking


@pytest.fixture
def order(api: ApiClient, work: Work, show: Package) -> Order:
    """A ticket that the playhouse has made."""
    return work(api.create(SHOW))


@pytest.fixture
def push(connection: Connection) -> Push:
    """Push as the playhouse does."""

    def send(
        body: str | bytes = "", *, to: object = None, method: str = "POST", **headers: str
    ) -> Any:
        sent = {"x-secret": SECRET, "x-key": "K1", **headers}
        return Client(raise_request_exception=False).generic(
            method,
            f"/outside/{to or connection.pk}/notices",
            body,
            content_type="application/json",
            headers={name.replace("_", "-"): value for name, value in sent.items()},
        )

    return send


def jobs() -> list[Mapping[str, str]]:
    rows = ProcrastinateJob.objects.filter(task_name=READ_TASK).order_by("id")
    return list(rows.values_list("args", flat=True))


def do_jobs(clock: Clock) -> None:
    """Do what was queued for reading back."""
    for job in jobs():
        reading_back.read_in_background(
            outside_order_id=uuid.UUID(job["outside_order_id"]),
            since=datetime.datetime.fromisoformat(job["since"]),
            clock=clock,
        )


def kept() -> list[tuple[str, str, str]]:
    rows = OutsideNotice.objects.order_by("pk")
    return list(rows.values_list("dedupe_key", "event", "outside_reference"))


@pytest.mark.usefixtures("order")
def test_a_notice_has_its_order_read_back(push: Push, playhouse: Playhouse, clock: Clock) -> None:
    reference = only_row().outside_reference
    tell(playhouse, "used")
    clock.forward(seconds=61)
    response = push(reference)
    assert (response.status_code, response.json()) == (200, {"effect": "noted"})
    assert kept() == [("K1", "scanned", reference)]
    assert jobs() == [{"outside_order_id": str(only_row().pk), "since": clock.now.isoformat()}]
    assert states() == [("HALL-0001", "Valid", "Valid")]
    do_jobs(clock)
    assert states() == [("HALL-0001", "Used", "Used")]
    assert OutsideNotice.objects.get().read_at == clock.now
    assert wrong() == []


@pytest.mark.usefixtures("order")
def test_a_repeated_notice_has_no_second_effect(
    push: Push, playhouse: Playhouse, clock: Clock
) -> None:
    reference = only_row().outside_reference
    clock.forward(seconds=61)
    assert push(reference).json() == {"effect": "noted"}
    assert push(reference).json() == {"effect": "known"}
    assert (len(kept()), len(jobs())) == (1, 1)
    at_once(*[lambda: push(reference, x_key="K2")] * 3)
    assert (len(kept()), len(jobs())) == (2, 2)
    do_jobs(clock)
    assert playhouse.operations().count("read") == 1


@pytest.mark.usefixtures("order")
def test_a_notice_is_not_followed_faster_than_the_system_allows(
    push: Push, playhouse: Playhouse, clock: Clock
) -> None:
    push(only_row().outside_reference)
    clock.forward(seconds=10)
    do_jobs(clock)
    assert (playhouse.operations().count("read"), len(jobs())) == (0, 2)
    clock.forward(seconds=50)
    do_jobs(clock)
    assert playhouse.operations().count("read") == 1


def problem(status: int, code: str) -> dict[str, Any]:
    return {
        "type": Like(rf".*/docs/errors/{code}"),
        "title": Like(".+"),
        "status": status,
        "detail": SENTENCE,
        "code": code,
        "requestId": Like(".+"),
        "retryable": False,
    }


@pytest.mark.parametrize(
    ("sent", "status", "code"),
    [
        ({"x_secret": "guessed"}, 401, "unauthenticated"),
        ({"to": uuid.uuid4()}, 404, "not_found"),
        ({"to": "nothing"}, 404, "not_found"),
        ({"method": "GET"}, 405, "method_not_allowed"),
        ({"method": "GET", "to": uuid.uuid4()}, 404, "not_found"),
        ({"body": b"x" * (views.MAX_NOTICE_BYTES + 1)}, 413, "payload_too_large"),
    ],
)
def test_what_is_no_notice_is_refused_in_our_words(
    push: Push, sent: dict[str, Any], status: int, code: str
) -> None:
    response = push(**sent)
    assert response.status_code == status
    body = response.json()
    assert body.pop("errors") == []
    assert body == problem(status, code)
    assert response["Content-Type"] == "application/problem+json"
    assert (kept(), jobs()) == ([], [])


def test_a_system_that_pushes_nothing_has_no_such_address(
    push: Push, connector: PlayhouseConnector, monkeypatch: pytest.MonkeyPatch
) -> None:
    connector.capabilities = NOTHING
    assert push().status_code == 404
    monkeypatch.delitem(CONNECTORS, System.ONEBOX)  # type: ignore[misc]
    assert push().status_code == 404


@pytest.mark.parametrize("body", ["", "X\0Y", "ü" * 101, "nobody's"])
def test_a_notice_that_names_no_order_is_kept_and_has_no_effect(push: Push, body: str) -> None:
    response = push(body.encode(), x_key="k" * 200, x_event="e" * 99)
    assert response.json() == {"effect": "noted"}
    ((key, event, reference),) = kept()
    assert (len(key), event, reference) == (64, "e" * 60, body if body == "nobody's" else "")
    assert jobs() == []
    assert push(body.encode(), x_key="k" * 200).json() == {"effect": "known"}


def test_an_address_that_floods_us_is_told_to_wait(
    push: Push, monkeypatch: pytest.MonkeyPatch
) -> None:
    standing = SimpleNamespace(monotonic=lambda: 1.0)
    monkeypatch.setattr(visiting, "time", standing)
    answers = [push(x_secret="guessed").status_code for _ in range(200)]
    assert set(answers) == {401}
    refused = push(x_secret="guessed")
    assert (refused.status_code, refused.headers["Retry-After"]) == (429, "1")


def test_notices_are_forgotten_after_a_month(push: Push, clock: Clock) -> None:
    push("nobody's")
    notices.prune(now=NOON + datetime.timedelta(days=31))
    assert len(kept()) == 1
    notices.prune(now=NOON + datetime.timedelta(days=31, seconds=1))
    assert kept() == []


def come_back(connection_id: object, query: str, **headers: str) -> Any:
    client = Client(raise_request_exception=False)
    return client.get(f"/outside/{connection_id}/return?{query}", headers=headers)


@pytest.mark.parametrize("name", ["return", "response"])
@pytest.mark.usefixtures("order")
def test_a_browser_that_comes_back_has_its_order_read_soon(
    connection: Connection, playhouse: Playhouse, clock: Clock, name: str
) -> None:
    tell(playhouse, "cancelled")
    response = come_back(connection.pk, f"{name}={only_row().outside_reference}")
    assert response.status_code == 200
    assert "Your order is being processed." in response.content.decode()
    assert states() == [("HALL-0001", "Valid", "Valid")]
    assert only_row().next_poll_at == NOON + datetime.timedelta(seconds=60)
    assert reading_back.read_due(clock=clock) == 0
    clock.forward(seconds=60)
    assert reading_back.read_due(clock=clock) == 1
    assert states() == [("HALL-0001", "Ended", "Destroyed")]


@pytest.mark.usefixtures("order")
def test_what_can_be_no_reference_does_not_hide_the_one_beside_it(
    connection: Connection, clock: Clock
) -> None:
    come_back(connection.pk, f"return=../x&response={only_row().outside_reference}")
    assert only_row().next_poll_at == NOON + datetime.timedelta(seconds=60)


@pytest.mark.parametrize(
    "query", ["", "return=", "return=another", "return=%00", "return=" + "x" * 300]
)
@pytest.mark.usefixtures("order")
def test_a_browser_that_names_nothing_sees_the_same_page(
    connection: Connection, query: str
) -> None:
    known = come_back(connection.pk, f"return={only_row().outside_reference}")
    before = only_row().next_poll_at
    response = come_back(connection.pk, query)
    assert (response.status_code, response.content) == (200, known.content)
    assert only_row().next_poll_at == before


def test_nobody_s_address_says_that_there_is_nothing(connection: Connection) -> None:
    response = come_back(uuid.uuid4(), "return=X", **{"accept-language": "nl"})
    assert (response.status_code, response["Content-Language"]) == (404, "nl")
    assert "Op dit adres staat niets" in response.content.decode()


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE"])
def test_a_browser_comes_back_by_get_only(connection: Connection, method: str) -> None:
    """A browser's own method, without the admin's token, is refused in our words."""
    asked = Client(raise_request_exception=False, enforce_csrf_checks=True)
    response = asked.generic(method, f"/outside/{connection.pk}/return")
    assert (response.status_code, response["Allow"]) == (405, "GET, HEAD")
    body = response.json()
    assert body.pop("errors") == []
    assert body == problem(405, "method_not_allowed")
    assert asked.generic(method, f"/outside/{uuid.uuid4()}/return").status_code == 404


def test_partners_are_not_told_of_these_addresses(client: Client) -> None:
    assert "/outside/" not in client.get("/openapi.json").content.decode()

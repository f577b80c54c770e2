"""The bar on every admin page while no background worker is heard of."""

from __future__ import annotations

import re

import pytest
from django.contrib.auth.models import User
from django.db import OperationalError, connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from channel_manager import workers
from channel_manager.workers import Signs, WorkerAlarm, alarm_of, read_signs
from tests.staff import person, signed_in, text_of

pytestmark = pytest.mark.django_db

SILENT = WorkerAlarm(
    title="No background worker has been heard of for 3 min.",
    meaning="Orders are accepted and wait: nothing is issued, and partners are not told of "
    "anything. Nothing is lost. Gates admit as ever.",
    remedy="Ask whoever runs this server to start the workers; their logs say why they stopped. "
    "What waits is then done by itself.",
    look="danger",
)
LATE = WorkerAlarm(
    title="Background work has waited for 3 min.",
    meaning="A worker lives, but the one that issues orders does not, or has more to do than it "
    "can. Orders are accepted and wait. Nothing is lost.",
    remedy="If this stays, ask whoever runs this server to look at the workers and their logs. "
    "What waits is then done by itself.",
    look="warning",
)


@pytest.fixture(autouse=True)
def no_workers(db: None) -> None:
    """Forget what other tests have left of workers."""
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM procrastinate_periodic_defers")
        cursor.execute("DELETE FROM procrastinate_workers")


def heard(*, seconds_ago: int) -> None:
    """Leave the heartbeat of a worker."""
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO procrastinate_workers (last_heartbeat)"
            " VALUES (now() - make_interval(secs => %s))",
            [seconds_ago],
        )


def begun(task: str, *, seconds_ago: int) -> None:
    """Leave the trace of a periodic task."""
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO procrastinate_periodic_defers (task_name, periodic_id, defer_timestamp)"
            " VALUES (%s, %s, EXTRACT(EPOCH FROM now())::bigint - %s)",
            [f"orders.{task}", task, seconds_ago],
        )


@pytest.mark.parametrize(
    ("signs", "alarm"),
    [
        (Signs(heartbeat=59, regular_work=None), None),
        (Signs(heartbeat=3, regular_work=3), None),
        (Signs(heartbeat=None, regular_work=59), None),  # stopped to be started again
        (Signs(heartbeat=190, regular_work=200), SILENT),
        (Signs(heartbeat=None, regular_work=190), SILENT),
        (Signs(heartbeat=190, regular_work=None), SILENT),
        (Signs(heartbeat=3, regular_work=190), LATE),
    ],
)
def test_silence_of_more_than_a_minute_is_told(signs: Signs, alarm: WorkerAlarm | None) -> None:
    assert alarm_of(signs) == alarm


@pytest.mark.parametrize(
    ("seconds", "said"),
    [
        (61, "61 s"),
        (119.9, "119 s"),
        (120, "2 min"),
        (7199, "119 min"),
        (7200, "2 h"),
        (172_799, "47 h"),
        (172_800, "2 days"),
    ],
)
def test_the_length_of_a_silence_is_told_in_its_largest_unit(seconds: float, said: str) -> None:
    assert workers.in_words(seconds) == said


def test_the_youngest_sign_of_each_kind_counts() -> None:
    assert read_signs() == Signs(None, None)
    heard(seconds_ago=600)
    heard(seconds_ago=20)
    begun("expire_holds", seconds_ago=90)
    begun("dispatch_webhooks", seconds_ago=40)
    begun("prune", seconds_ago=1)  # hourly, and so no sign of what is regular
    signs = read_signs()
    assert signs == Signs(pytest.approx(20, abs=2), pytest.approx(40, abs=2))
    assert signs.latest == signs.heartbeat


def test_every_admin_page_says_that_no_worker_lives(order_desk: User) -> None:
    heard(seconds_ago=185)
    desk = signed_in(order_desk)
    pages = {
        "/admin/": 200,
        reverse("admin:orders_order_changelist"): 200,
        reverse("admin:catalog_session_month"): 200,
        reverse("admin:partners_venue_add"): 200,
        reverse("admin:password_change"): 200,
        "/admin/nothing/here/": 404,
    }
    for address, status in pages.items():
        with CaptureQueriesContext(connection) as queries:
            page = desk.get(address)
        asked = [query["sql"] for query in queries if "procrastinate_workers" in query["sql"]]
        assert (page.status_code, len(asked)) == (status, 1), address
        assert page.content.count(b'role="alert"') == 1, address
        assert f"{SILENT.title} {SILENT.meaning} {SILENT.remedy}" in text_of(page), address


def test_somebody_without_any_right_sees_it_too() -> None:
    page = text_of(signed_in(person("new")).get("/admin/"))
    assert "No background worker has been heard of yet." in page


def test_work_that_is_not_begun_is_told_although_a_sender_lives(order_desk: User) -> None:
    heard(seconds_ago=5)
    begun("expire_holds", seconds_ago=185)
    page = signed_in(order_desk).get("/admin/")
    assert LATE.title in text_of(page)
    assert re.search(rb'class="[^"]*cm-worker-alarm-warning"', page.content)


def test_there_is_no_bar_while_workers_live_nor_before_the_log_in(order_desk: User) -> None:
    asking = Client().get("/admin/login/")
    assert b"cm-worker-alarm" not in asking.content
    heard(seconds_ago=5)
    begun("expire_holds", seconds_ago=5)
    assert b"cm-worker-alarm" not in signed_in(order_desk).get("/admin/").content


def test_a_database_that_is_away_is_not_taken_for_silent_workers(
    order_desk: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away() -> Signs:
        raise OperationalError("the connection is lost")

    monkeypatch.setattr(workers, "read_signs", away)
    page = signed_in(order_desk).get("/admin/")
    assert (page.status_code, b"cm-worker-alarm" in page.content) == (200, False)


@pytest.mark.parametrize(("seconds_ago", "is_ready"), [(29, True), (31, False)])
def test_the_installation_is_ready_while_a_worker_is_heard(
    client: Client, seconds_ago: int, is_ready: bool
) -> None:
    heard(seconds_ago=seconds_ago)
    assert client.get("/health/ready").json()["checks"]["worker"] is is_ready

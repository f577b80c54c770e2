"""Whether the installation lives and is ready; a database that hangs keeps nobody waiting."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import OperationalError, connection, connections
from django.test import Client

from channel_manager import health
from channel_manager.lib.database_deadline import answering_within


def test_a_process_lives_without_a_database(client: Client) -> None:
    response = client.get("/health/live")
    assert (response.status_code, response.json()) == (200, {"status": "live"})


@pytest.mark.django_db
def test_a_database_that_is_away_is_told_and_nothing_else_is_asked(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away() -> bool:
        raise OperationalError("the connection is lost")

    monkeypatch.setattr(health, "_database_answers", away)
    response = client.get("/health/ready")
    assert response.status_code == 503
    assert response.json() == {"status": "not ready", "checks": {"database": False}}
    assert response["Cache-Control"] == "no-store"


@pytest.mark.django_db
def test_code_whose_migrations_are_not_applied_is_not_ready(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(health, "_schema_is_ours", False)
    applied = health.known_migrations()
    monkeypatch.setattr(health, "known_migrations", lambda: applied | {("orders", "9999_newer")})
    assert client.get("/health/ready").json()["checks"]["migrations"] is False
    monkeypatch.setattr(health, "known_migrations", lambda: applied)
    assert client.get("/health/ready").json()["checks"]["migrations"] is True


def test_who_asks_while_somebody_is_told_is_told_the_same(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun, may_end = threading.Event(), threading.Event()
    checks: list[Mapping[str, bool]] = []

    def check() -> Mapping[str, bool]:
        begun.set()
        assert may_end.wait(30)
        checks.append({"database": len(checks) == 0})
        return checks[-1]

    class Lock:
        """Says who has come to it, which is who has asked."""

        def __init__(self) -> None:
            self._lock = threading.Lock()
            self.came = threading.Semaphore(0)

        def __enter__(self) -> None:
            self.came.release()
            self._lock.acquire()

        def __exit__(self, *exception: object) -> None:
            self._lock.release()

    lock = Lock()
    monkeypatch.setattr(health, "_check", check)
    monkeypatch.setattr(health, "_checking", lock)
    with ThreadPoolExecutor(5) as pool:
        answers = [pool.submit(client.get, "/health/ready")]
        assert begun.wait(30)
        answers += [pool.submit(client.get, "/health/ready") for _ in range(4)]
        for _ in range(5):
            assert lock.came.acquire(timeout=30)
        may_end.set()
        told = [answer.result(30).json()["checks"] for answer in answers]
    assert told == [{"database": True}] * 5
    assert checks == [{"database": True}]
    # Who asks afterwards is told what is so then.
    assert client.get("/health/ready").json()["checks"] == {"database": False}


@pytest.mark.django_db(transaction=True)
def test_a_database_that_hangs_is_cut_off() -> None:
    connection.ensure_connection()
    hanging = connection.connection.info.backend_pid
    with (
        pytest.raises(OperationalError),
        answering_within(0.2),
        connection.cursor() as cursor,
    ):
        cursor.execute("SELECT pg_sleep(50)")
    connection.close()
    with answering_within(60), connection.cursor() as cursor:
        cursor.execute("SELECT pg_terminate_backend(%s)", [hanging])
        assert cursor.fetchone() == (True,)


@pytest.mark.django_db(transaction=True)
def test_a_server_that_cannot_be_connected_to_is_a_database_that_is_away(client: Client) -> None:
    connection.close()
    with pytest.MonkeyPatch.context() as patch:
        nowhere = {**connection.get_connection_params(), "host": "/nowhere"}
        patch.setattr(connections["default"], "get_connection_params", lambda: nowhere)
        response = client.get("/health/ready")
    assert (response.status_code, response.json()["checks"]) == (503, {"database": False})

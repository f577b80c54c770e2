"""Lists and reports come from a streaming replica while it is good enough, else from the primary."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg
import pytest
from django.core.management import call_command
from django.db import OperationalError, connection, connections, transaction
from django.utils import timezone
from psycopg.errors import QueryCanceled, SerializationFailure

from channel_manager.lib import replica, replica_settings
from channel_manager.lib.embedded_postgres import EmbeddedPostgres
from channel_manager.lib.environment import Environment
from orders.finance import exports
from orders.finance.reports.filters import ReportFilters
from tests.conftest import ApiClient
from tests.process import wait_for
from tests.replicas import NoReplica, streaming_replica

pytestmark = [
    pytest.mark.filterwarnings("ignore:.*multi-threaded, use of fork:DeprecationWarning"),
    pytest.mark.django_db(transaction=True, databases=["default", "replica"]),
]
_NAME = "reads-of-a-test"
_ENGINE = "django.db.backends.postgresql"


@pytest.fixture(scope="module")
def standby(django_db_setup: None, django_db_blocker: Any) -> Iterator[EmbeddedPostgres]:
    """A replica of the server that the tests use, known to the product."""
    primary = connection.settings_dict
    address = {
        "host": primary["OPTIONS"].get("host", primary["HOST"]),
        "port": primary["OPTIONS"].get("port", primary["PORT"]) or 5432,
        "user": primary["USER"],
        "password": primary["PASSWORD"],
    }
    url = psycopg.conninfo.make_conninfo(**address)
    try:
        with streaming_replica(url, {"shared_buffers": "32MB", "fsync": "off"}) as server:
            ours = server.place.url.replace("/channel_manager?", f"/{primary['NAME']}?")
            with pytest.MonkeyPatch.context() as patch, django_db_blocker.unblock():
                patch.setenv("REPLICA_DATABASE_URL", ours)
                known = replica_settings.read(Environment(), {**primary, "ENGINE": _ENGINE})
                known["replica"]["OPTIONS"]["application_name"] = _NAME
                patch.setitem(connections.settings, "replica", known["replica"])
                yield server
                connections["replica"].close()
                del connections["replica"]
    except NoReplica as reason:
        if "TEST_DATABASE_URL" not in os.environ:
            raise
        pytest.skip(f"No replica can be made of TEST_DATABASE_URL: {reason}")


@pytest.fixture
def at_hand(
    standby: EmbeddedPostgres, transactional_db: None, settings: Any
) -> Iterator[psycopg.Connection[Any]]:
    """The replica in use, and a connection of ours to it."""
    settings.REPLICA_MAX_LAG_SECONDS = 60  # others keep this machine busy
    standby.ensure_running()
    replica.look_anew()
    with connection.cursor() as cursor:
        cursor.execute("SET synchronous_commit = on")  # as where orders must not be lost
    with psycopg.connect(standby.place.url, autocommit=True) as looking:
        yield looking
    with connection.cursor() as cursor:
        cursor.execute("RESET synchronous_commit")
    connections["replica"].close()


@pytest.fixture
def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let a list wait for the replica for as long as the other tests' writing may take."""
    monkeypatch.setitem(replica.read_up_to_date.__kwdefaults__, "patience", 60.0)


def asked(standby: psycopg.Connection[Any]) -> str:
    """Return the last statement that the product's connections ran at the replica."""
    found = standby.execute(
        "SELECT query FROM pg_stat_activity WHERE application_name = %s"
        " ORDER BY query_start DESC LIMIT 1",
        [_NAME],
    ).fetchone()
    return str(found[0]) if found else ""


def caught_up(standby: psycopg.Connection[Any]) -> None:
    """Wait until the replica has all that is committed, a commit of just now among it."""
    with connection.cursor() as cursor:
        # A replica that has just started knows no age before the first commit that it replays, and
        # others write on: without one it would be taken for too old.
        cursor.execute("SELECT pg_logical_emit_message(true, 'tests', 'now')")
        cursor.execute("SELECT pg_current_wal_flush_lsn()::text")
        position = cursor.fetchone()[0]
    has_all = "SELECT pg_last_wal_replay_lsn() >= %s::pg_lsn"
    wait_for(
        "the replica has all",
        lambda: standby.execute(has_all, [position]).fetchone() == (True,),
        seconds=30,
    )
    replica.look_anew()


@contextmanager
def standing_still(standby: psycopg.Connection[Any]) -> Iterator[None]:
    """Let the replica receive and replay nothing for a block."""
    caught_up(standby)
    standby.execute("SELECT pg_wal_replay_pause()")
    paused = "SELECT pg_get_wal_replay_pause_state()"
    wait_for(
        "the replica stands still",
        lambda: standby.execute(paused).fetchone() == ("paused",),
        seconds=30,
    )
    try:
        yield
    finally:
        standby.execute("SELECT pg_wal_replay_resume()")


def listed(api: ApiClient) -> list[str]:
    """Return the partner's own references in its list of orders."""
    response = api.get(f"{api.base}/orders/{api.partner.pk}")
    assert response.status_code == 200, response.content
    return [order["sellToOrderReference"] for order in response.json()["data"]]


def registered(api: ApiClient) -> list[str]:
    """Return the partner's own references in its order register."""
    response = api.get(f"{api.base}/reports/register")
    assert response.status_code == 200, response.content
    return [row["sellToOrderReference"] for row in response.json()["data"]]


def test_a_list_is_read_at_the_replica_and_has_the_order_of_a_moment_ago(
    at_hand: psycopg.Connection[Any], patient: None, api: ApiClient
) -> None:
    api.create(sellToOrderReference="FIRST")

    assert listed(api) == ["FIRST"]
    assert 'FROM "orders_order"' in asked(at_hand)


def test_a_list_never_lacks_what_was_written_before_it_was_asked_for(
    at_hand: psycopg.Connection[Any], api: ApiClient
) -> None:
    api.create(sellToOrderReference="FIRST")
    with standing_still(at_hand):
        assert listed(api) == ["FIRST"]
        api.create(sellToOrderReference="SECOND")

        assert listed(api) == ["FIRST", "SECOND"]
    assert 'FROM "orders_order"' not in asked(at_hand)  # asked where it stands, and no more


def test_a_report_may_lack_the_last_seconds_and_no_more(
    at_hand: psycopg.Connection[Any], api: ApiClient, settings: Any
) -> None:
    api.create(sellToOrderReference="FIRST")
    with standing_still(at_hand):
        api.create(sellToOrderReference="SECOND")
        settings.REPLICA_MAX_LAG_SECONDS = 3600
        assert registered(api) == ["FIRST"]

        settings.REPLICA_MAX_LAG_SECONDS = 0
        replica.look_anew()
        assert registered(api) == ["FIRST", "SECOND"]


def test_the_verdict_on_the_replica_holds_for_a_second(
    at_hand: psycopg.Connection[Any], api: ApiClient
) -> None:
    api.create()
    caught_up(at_hand)
    connections["replica"].ensure_connection()  # a new one asks for types first
    looks: list[str] = []

    def note(execute: Any, sql: str, *arguments: Any) -> Any:
        looks.append(sql)
        return execute(sql, *arguments)

    with connections["replica"].execute_wrapper(note):
        assert [replica.read_recent(str) for _ in range(20)] == ["replica"] * 20
    assert len(looks) == 1


def test_one_order_is_read_where_it_is_written(
    at_hand: psycopg.Connection[Any], api: ApiClient
) -> None:
    order = api.create()
    caught_up(at_hand)
    before = asked(at_hand)

    assert api.get(f"{api.base}/{order['orderId']}").status_code == 200
    assert asked(at_hand) == before


@pytest.mark.parametrize(
    ("is_cancelled", "read_at"), [(False, ["replica"]), (True, ["replica", "default"])]
)
def test_an_export_is_read_at_the_replica_unless_recovery_cancels_it_there(
    at_hand: psycopg.Connection[Any],
    api: ApiClient,
    monkeypatch: pytest.MonkeyPatch,
    is_cancelled: bool,
    read_at: list[str],
) -> None:
    asked_at: list[str] = []
    snapshot = exports.snapshot

    @contextmanager
    def noted(using: str) -> Iterator[Any]:
        asked_at.append(using)
        with snapshot(using) as source:
            yield source
            if is_cancelled and using == "replica":
                raise OperationalError("conflict with recovery") from SerializationFailure()

    monkeypatch.setattr(exports, "snapshot", noted)
    for reference in ("FIRST", "SECOND"):
        api.create(sellToOrderReference=reference)
    export = exports.request_export(
        report="register", format="csv", filters=ReportFilters(), actor="t", now=timezone.now()
    )

    exports.write_export(export_id=export.pk, clock=timezone.now)

    export.refresh_from_db()
    content = b"".join(exports.read_file(export))
    assert (export.status, asked_at) == ("Done", read_at)
    assert b"FIRST" in content
    assert b"SECOND" in content
    assert b"Drawn and never accepted" not in content  # a replica's sequences run ahead


def test_what_takes_too_long_at_the_replica_is_not_asked_of_the_primary_as_well(
    at_hand: psycopg.Connection[Any],
) -> None:
    caught_up(at_hand)
    asked_at: list[str] = []

    def ask(database: str) -> None:
        asked_at.append(database)
        with transaction.atomic(using=database), connections[database].cursor() as cursor:
            cursor.execute("SET LOCAL statement_timeout = 1")
            cursor.execute("SELECT pg_sleep(30)")

    with pytest.raises(OperationalError) as told:
        replica.read_recent(ask)

    assert isinstance(told.value.__cause__, QueryCanceled)
    assert asked_at == ["replica"]


def test_the_report_command_reads_at_the_replica(
    at_hand: psycopg.Connection[Any], api: ApiClient, tmp_path: Path, settings: Any
) -> None:
    api.create(sellToOrderReference="FIRST")
    settings.REPLICA_MAX_LAG_SECONDS = 3600
    file = tmp_path / "register.csv"
    with standing_still(at_hand):
        api.create(sellToOrderReference="SECOND")
        call_command("report", "register", "--output", str(file))

    assert "FIRST" in file.read_text()
    assert "SECOND" not in file.read_text()


def test_nothing_is_written_at_what_is_taken_for_the_replica(
    at_hand: psycopg.Connection[Any],
) -> None:
    with connections["replica"].cursor() as cursor:
        cursor.execute("SHOW default_transaction_read_only")
        assert cursor.fetchone() == ("on",)


def test_a_server_that_replays_nothing_is_no_replica(
    at_hand: psycopg.Connection[Any], api: ApiClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    api.create(sellToOrderReference="FIRST")
    connections["replica"].close()
    known = connections["replica"].settings_dict["OPTIONS"]
    monkeypatch.setitem(known, "host", connection.settings_dict["OPTIONS"]["host"])
    replica.look_anew()

    assert replica.read_recent(str) == "default"
    assert listed(api) == ["FIRST"]


def test_a_replica_that_is_killed_is_missed_by_nobody(
    at_hand: psycopg.Connection[Any], standby: EmbeddedPostgres, api: ApiClient
) -> None:
    api.create(sellToOrderReference="FIRST")
    caught_up(at_hand)
    assert listed(api) == ["FIRST"]
    assert standby.pid is not None
    os.kill(standby.pid, signal.SIGKILL)

    assert listed(api) == ["FIRST"]
    assert registered(api) == ["FIRST"]
    # A backend that has not noticed yet may have answered; whoever looks next finds nobody.
    wait_for("it is given up", lambda: replica.read_recent(str) == "default", seconds=30)

    standby.ensure_running()
    replica.look_anew()
    wait_for("it is asked again", _is_asked, seconds=30)


def _is_asked() -> bool:
    replica.look_anew()
    return replica.read_up_to_date(str) == "replica"

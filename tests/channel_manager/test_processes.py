"""The commands that installations are run by: one migrates at a time; web and workers are what they say."""

from __future__ import annotations

import os
from io import StringIO
from typing import Any

import pytest
from django.core.management import call_command
from django.core.management.commands import migrate as django_migrate
from django.db import connections
from django.test import override_settings
from procrastinate.contrib.django import app

from channel_manager.lib.queues import QUEUES
from channel_manager.management.commands import migrate


class Became(Exception):
    """The process would be another program now."""


@pytest.fixture
def became(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Collect the words of the program that a command gives way to."""
    words: list[str] = []

    def become(program: str, command: list[str]) -> None:
        words.extend(command)
        raise Became

    monkeypatch.setattr(os, "execv", become)
    return words


def value_of(option: str, words: list[str]) -> str:
    return words[words.index(option) + 1]


@pytest.mark.django_db(transaction=True)
def test_a_second_migrate_waits_until_the_first_is_done(monkeypatch: pytest.MonkeyPatch) -> None:
    first = connections.create_connection("default")
    with first.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_lock(%s)", [migrate.KEY])
    done: list[str] = []

    def end_first(seconds: float) -> None:
        if first.connection is not None:
            done.append("first")
            first.close()

    def handle(command: object, *args: Any, **options: Any) -> None:
        done.append("second")

    monkeypatch.setattr(migrate.time, "sleep", end_first)
    monkeypatch.setattr(django_migrate.Command, "handle", handle)
    said = StringIO()
    call_command("migrate", stderr=said)
    assert done == ["first", "second"]
    assert said.getvalue() == "Another migrate is at work; waiting for it ...\n"


@pytest.mark.django_db(transaction=True)
def test_every_migration_may_take_its_time_but_not_wait_long_for_locks(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    found: list[list[str]] = []

    def find_limits() -> None:
        names = ("statement_timeout", "lock_timeout", "idle_in_transaction_session_timeout")
        with connections["default"].cursor() as cursor:
            cursor.execute("SELECT " + ", ".join(f"current_setting('{name}')" for name in names))
            found.append(list(cursor.fetchone()))

    def handle(command: migrate.Command, *args: Any, **options: Any) -> None:
        command.verbosity = 0
        find_limits()
        for action in ("apply", "apply", "unapply"):
            command.migration_progress_callback(f"{action}_start")
            find_limits()
            with connections["default"].cursor() as cursor:
                cursor.execute("RESET statement_timeout; RESET lock_timeout")
            command.migration_progress_callback(f"{action}_success")

    monkeypatch.setattr(django_migrate.Command, "handle", handle)
    find_limits()
    call_command("migrate")
    find_limits()
    usual = ["1min", "10s", "8s"]
    assert found == [usual, *[["0", "10s", "0"]] * 4, usual]


def test_web_has_the_processes_and_threads_that_it_is_given(
    became: list[str],
) -> None:
    with override_settings(WEB_THREADS=7, WEB_WORKERS=3), pytest.raises(Became):
        call_command("web", "--port", "8123")
    assert became[-1] == "channel_manager.wsgi:application"
    options = ("--host", "--port", "--workers", "--blocking-threads")
    assert [value_of(option, became) for option in options] == ["127.0.0.1", "8123", "3", "7"]


def test_workers_do_different_things(became: list[str]) -> None:
    found = []
    for arguments in ([], ["--webhooks"]):
        with override_settings(WEBHOOK_SENDERS=9, WORKER_CONCURRENCY=5), pytest.raises(Became):
            call_command("worker", *arguments)
        found.append((set(value_of("--queues", became).split(",")), became.copy()))
        became.clear()
    (queues, worker), (others, sender) = found
    assert others == {"webhooks"}
    assert not queues & others
    assert value_of("--concurrency", worker) == "5"
    assert value_of("--concurrency", sender) == "9"


def test_a_worker_works_at_every_queue_that_a_task_of_ours_waits_in() -> None:
    used = {task.queue for task in app.tasks.values()}
    assert used - {"builtin"} == set(QUEUES)  # procrastinate brings a task that we do not use

"""What is set and wrong is refused by its name; what is set to nothing is not set."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from typing import Any

import pytest
from django.core.exceptions import ImproperlyConfigured

from channel_manager.lib.environment import Environment
from tests.process import ROOT

Reader = Callable[[Environment], Any]
READERS: dict[str, Reader] = {
    "number": lambda env: env.int("GIVEN", default=7),
    "number_or_none": lambda env: env.int("GIVEN", least=0, most=9, default=7),
    "measure": lambda env: env.float("GIVEN", default=1.5),
    "switch": lambda env: env.bool("GIVEN", default=True),
    "choice": lambda env: env.choice("GIVEN", ("json", "INFO"), default="json"),
    "schedule": lambda env: env.cron("GIVEN", default="* * * * *"),
    "website": lambda env: env.website("GIVEN", default="https://park.example"),
    "database": lambda env: env.postgres("GIVEN").get("NAME"),
    "mail": lambda env: env.mail("GIVEN", default="consolemail://")["EMAIL_BACKEND"],
}
A_DATABASE = "GIVEN cannot be used; it must be such as postgres://user:password@host/name."
A_MAIL_SERVER = "GIVEN cannot be used; it must be such as smtp+tls://user:password@host:587."


@pytest.mark.parametrize(
    ("reader", "text", "value"),
    [
        ("number", "12", 12),
        ("number", " ", 7),
        ("number_or_none", "0", 0),
        ("measure", "0.5", 0.5),
        ("measure", "", 1.5),
        ("switch", "No", False),
        ("switch", "on", True),
        ("switch", "", True),
        ("choice", "info", "INFO"),
        ("choice", "", "json"),
        ("schedule", "* * * * * */5", "* * * * * */5"),
        ("website", "http://127.0.0.1:8000/", "http://127.0.0.1:8000"),
        ("database", "postgresql://me@/park?host=/tmp/socket", "park"),
        ("database", "", None),
        (
            "mail",
            "smtp+tls://me:pass@mail.example:587",
            "django.core.mail.backends.smtp.EmailBackend",
        ),
        ("mail", "", "django.core.mail.backends.console.EmailBackend"),
    ],
)
def test_what_does_is_read(
    monkeypatch: pytest.MonkeyPatch, reader: str, text: str, value: Any
) -> None:
    monkeypatch.setenv("GIVEN", text)
    assert READERS[reader](Environment()) == value


@pytest.mark.parametrize(
    ("reader", "text", "sentence"),
    [
        ("number", "abc", "GIVEN is 'abc'; it must be a whole number, 1 or more."),
        ("number", "0", "GIVEN is '0'; it must be a whole number, 1 or more."),
        ("number", "-3", "GIVEN is '-3'; it must be a whole number, 1 or more."),
        ("number", "1_000", "GIVEN is '1_000'; it must be a whole number, 1 or more."),
        ("number_or_none", "10", "GIVEN is '10'; it must be a whole number, from 0 to 9."),
        ("measure", "x", "GIVEN is 'x'; it must be a number above 0."),
        ("measure", "nan", "GIVEN is 'nan'; it must be a number above 0."),
        ("measure", "0", "GIVEN is '0'; it must be a number above 0."),
        (
            "switch",
            "maybe",
            "GIVEN is 'maybe'; it must be 1, true, yes or on; or 0, false, no or off.",
        ),
        ("choice", "xml", "GIVEN is 'xml'; it must be json or INFO."),
        ("schedule", "often", "GIVEN is 'often'; it must be a schedule such as * * * * *."),
        (
            "website",
            "https://park.example/tickets",
            "GIVEN is 'https://park.example/tickets'; it must be an address such as "
            "https://tickets.example.com.",
        ),
        (
            "website",
            "park.example",
            "GIVEN is 'park.example'; it must be an address such as https://tickets.example.com.",
        ),
        ("database", "nonsense", A_DATABASE),
        ("database", "mysql://me:pass@host/park", A_DATABASE),
        ("database", "postgres://me:pass@host:port/park", A_DATABASE),
        ("database", "postgres://host", A_DATABASE),
        ("mail", "nonsense", A_MAIL_SERVER),
        ("mail", "smtp://me:pass@mail.example:port", A_MAIL_SERVER),
        ("mail", "smtp+tls://", A_MAIL_SERVER),
    ],
)
def test_what_does_not_is_named(
    monkeypatch: pytest.MonkeyPatch, reader: str, text: str, sentence: str
) -> None:
    monkeypatch.setenv("GIVEN", text)
    with pytest.raises(ImproperlyConfigured) as refused:
        READERS[reader](Environment())
    assert str(refused.value) == sentence


@pytest.mark.parametrize("command", ["run", "check"])
def test_a_command_says_one_sentence_and_fails(command: str, tmp_path: Any) -> None:
    done = subprocess.run(
        [sys.executable, "manage.py", command],
        cwd=ROOT,
        env={
            "PATH": os.environ["PATH"],
            "SECRET_KEY": "x",
            "VAR_DIR": str(tmp_path),
            "WORKER_CONCURRENCY": "abc",
        },
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    sentence = "WORKER_CONCURRENCY is 'abc'; it must be a whole number, 1 or more.\n"
    assert (done.returncode, done.stdout, done.stderr) == (1, "", sentence)

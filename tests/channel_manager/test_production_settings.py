"""What the settings make of a production environment, and what `check --deploy` says of others."""

from __future__ import annotations

import json
import os
import re
import runpy
import subprocess
import sys
from typing import Any

from django.test import override_settings

from channel_manager.checks import check_installation
from tests.process import ROOT

PRODUCTION: dict[str, Any] = {
    "PUBLIC_URL": "https://park.example",
    "ALLOWED_HOSTS": ["park.example"],
    "DEMO": False,
    "DEBUG": False,
    "DATABASE_IS_OUR_OWN": False,
    "ENCRYPTION_KEYS": ["only-for-these-tests-0123456789"],
    "OUTBOUND_ALLOW_LOOPBACK": False,
    "REDIRECT_ALLOW_LOOPBACK": False,
}
NEW_ENVIRONMENT = runpy.run_path(str(ROOT / "docs/deploy/new_environment.py"))["environment"]


def new_environment() -> dict[str, str]:
    """Return what docs/deploy/new_environment.py writes for an installation."""
    lines = NEW_ENVIRONMENT("tickets.dunes.example").splitlines()
    return dict(line.split("=", 1) for line in lines if not line.startswith("#"))


# Checks the settings, then asks for some addresses; the database does not exist.
PROGRAM = """
import json, django
django.setup()
from django.core.management import call_command
from django.test import Client
call_command("check", deploy=True, fail_level="WARNING")
def ask(path, **headers):
    answer = Client(HTTP_HOST="tickets.dunes.example").get(path, headers=headers)
    cookies = {name: [m["secure"], m["path"], m["domain"]] for name, m in answer.cookies.items()}
    return [answer.status_code, dict(answer.items()), cookies]
print(json.dumps({
    "clear": ask("/docs"),
    "health": ask("/health/live"),
    "https": ask("/admin/login/", **{"X-Forwarded-Proto": "https"}),
}))
"""


def run(**changes: str) -> subprocess.CompletedProcess[str]:
    """Run the program with the settings of a production environment, changed as said."""
    given = {
        "DATABASE_URL": "postgres://nobody@127.0.0.1:1/nothing",
        "DJANGO_SETTINGS_MODULE": "channel_manager.settings",
        "PATH": os.environ["PATH"],
        **new_environment(),
        **changes,
    }
    return subprocess.run(
        [sys.executable, "-W", "error", "-W", "ignore:No directory at:UserWarning", "-c", PROGRAM],
        cwd=ROOT,
        env={name: value for name, value in given.items() if value},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_a_production_environment_is_clean_and_answers_by_tls_only() -> None:
    done = run()
    assert "no issues" in done.stdout, done.stderr
    answers: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    status, headers, _ = answers["clear"]
    assert (status, headers["Location"]) == (301, "https://tickets.dunes.example/docs")
    assert answers["health"][0] == 200
    status, headers, cookies = answers["https"]
    assert status == 200
    assert headers["Strict-Transport-Security"] == "max-age=31536000; includeSubDomains"
    assert cookies == {"__Host-csrftoken": [True, "/", ""]}


def test_a_proxy_is_believed_only_when_the_settings_say_so() -> None:
    done = run(TRUST_PROXY="")
    answers = json.loads(done.stdout.splitlines()[-1])
    assert answers["https"][0] == 301


def test_production_does_not_start_without_its_hosts() -> None:
    done = run(ALLOWED_HOSTS="")
    assert done.returncode != 0
    assert "Set the ALLOWED_HOSTS environment variable" in done.stderr


def test_what_is_unfit_for_production_is_named() -> None:
    done = run(PUBLIC_URL="http://tickets.dunes.example", DEMO="1", DEBUG="1", SECRET_KEY="short")
    assert done.returncode != 0
    for code in (
        "channel_manager.W001",
        "channel_manager.W002",
        "security.W018",
        "security.W009",
    ):
        assert f"({code})" in done.stderr


def test_what_production_needs_and_has_not_is_named() -> None:
    done = run(DATABASE_URL="", ENCRYPTION_KEYS=",", OUTBOUND_ALLOW_LOOPBACK="1")
    assert done.returncode != 0
    codes = re.findall(r"\((channel_manager\.W\d+)\)", done.stderr)
    assert codes == ["channel_manager.W007", "channel_manager.W008", "channel_manager.W009"]


@override_settings(**{**PRODUCTION, "ALLOWED_HOSTS": ["*"]})
def test_a_wildcard_among_the_hosts_is_named() -> None:
    assert [message.id for message in check_installation(None)] == ["channel_manager.W003"]


@override_settings(**{**PRODUCTION, "ALLOWED_HOSTS": ["elsewhere.example"]})
def test_hosts_without_the_public_one_are_named() -> None:
    assert [message.id for message in check_installation(None)] == ["channel_manager.W004"]


@override_settings(**PRODUCTION)
def test_a_mail_server_without_tls_and_a_sender_of_nowhere_are_named() -> None:
    with override_settings(EMAIL_HOST="mail.example", DEFAULT_FROM_EMAIL="tickets@localhost"):
        names = [message.id for message in check_installation(None)]
    assert names == ["channel_manager.W005", "channel_manager.W006"]
    with override_settings(
        EMAIL_HOST="mail.example", EMAIL_USE_TLS=True, DEFAULT_FROM_EMAIL="nobody"
    ):
        names = [message.id for message in check_installation(None)]
    assert names == ["channel_manager.W006"]

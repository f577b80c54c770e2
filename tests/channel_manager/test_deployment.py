"""What stands in the files that installations are made of is what the product has and says."""

from __future__ import annotations

import configparser
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from django.core.management import get_commands, load_command_class
from django.urls import resolve
from procrastinate.contrib.django import app

from channel_manager.management import processes
from tests.channel_manager.test_production_settings import new_environment

ROOT = Path(__file__).resolve().parents[2]
COMPOSE: dict[str, Any] = yaml.safe_load((ROOT / "compose.yaml").read_text())
OURS = {
    name: service
    for name, service in COMPOSE["services"].items()
    if "channel-manager" in service["image"]
}
UNITS = sorted((ROOT / "docs/deploy/systemd").glob("*.service"))
DOCKERFILE = (ROOT / "Dockerfile").read_text()
NGINX = (ROOT / "docs/deploy/nginx.conf").read_text()


def unit(path: Path) -> dict[str, str]:
    """Return the settings of a unit; those that stand there twice only once."""
    parser = configparser.ConfigParser(strict=False, interpolation=None, delimiters=("=",))
    parser.optionxform = str  # type: ignore[assignment, method-assign]
    parser.read(path)
    return {name: value for part in parser.sections() for name, value in parser[part].items()}


def commands() -> Iterator[tuple[str, list[str]]]:
    """Yield where a command of ours stands, and its words after manage.py."""
    for name, service in OURS.items():
        if "command" in service:
            yield name, service["command"]
    for path in UNITS:
        yield path.name, unit(path)["ExecStart"].replace("%i", "8000").split()
    for words in re.findall(r"^CMD \[(.*)\]$", DOCKERFILE, re.MULTILINE):
        yield "Dockerfile", re.findall(r'"([^"]*)"', words)


def test_commands_that_are_started_exist_and_take_what_they_are_given() -> None:
    started = set()
    for _place, words in commands():
        if "manage.py" in words:
            name, *arguments = words[words.index("manage.py") + 1 :]
            load_command_class(get_commands()[name], name).create_parser("", name).parse_args(
                arguments
            )
            started.add((name, *arguments))
    kinds = {"web", "worker", "migrate", "backup"}
    assert {words[0] for words in started} == kinds
    assert ("worker", "--webhooks") in started


def test_every_queue_has_a_worker() -> None:
    queues: set[str] = set()
    for kind in (processes.orders_worker, processes.webhooks_worker):
        command = kind(stop_seconds=1)
        queues |= set(command[command.index("--queues") + 1].split(","))
    tasks = [task for name, task in app.tasks.items() if not name.startswith("builtin")]
    named = {task.queue for task in tasks if "procrastinate" not in task.name}
    assert named <= queues
    assert "webhooks" in named


def test_whoever_stops_a_process_lets_it_finish() -> None:
    longest = {"web": processes.WEB_STOP_SECONDS, "worker": processes.WORKER_STOP_SECONDS}
    waited = []
    for service in OURS.values():
        kind = service.get("command", ["python", "manage.py", "web"])[2]
        if kind in longest and "stop_grace_period" in service:
            waited.append((kind, int(service["stop_grace_period"].removesuffix("s"))))
    for path in UNITS:
        settings = unit(path)
        kind = settings["ExecStart"].split()[2]
        if kind in longest:
            waited.append((kind, int(settings["TimeoutStopSec"])))
            assert (settings["KillMode"], settings["Restart"]) == ("mixed", "always")
    assert len(waited) == 7
    for kind, seconds in waited:
        assert seconds >= longest[kind] + 5


@pytest.mark.parametrize("service", list(OURS))
def test_containers_can_write_nothing_and_have_no_rights(service: str) -> None:
    settings = OURS[service]
    assert settings["read_only"] is True
    assert settings["cap_drop"] == ["ALL"]
    assert settings["security_opt"] == ["no-new-privileges:true"]
    assert settings["env_file"] == [".env"]
    assert "privileged" not in settings
    assert re.search(r"^USER [1-9]\d+$", DOCKERFILE, re.MULTILINE)


@pytest.mark.parametrize("path", UNITS, ids=[path.name for path in UNITS])
def test_units_can_write_nothing_and_have_no_rights(path: Path) -> None:
    settings = unit(path)
    assert settings["NoNewPrivileges"] == "yes"
    assert settings["ProtectSystem"] == "strict"
    assert settings["CapabilityBoundingSet"] == ""
    assert settings["User"] == "channel-manager"
    assert settings["EnvironmentFile"].startswith("/etc/")


def test_no_file_has_a_secret() -> None:
    texts = [(ROOT / "compose.yaml").read_text(), DOCKERFILE, *(p.read_text() for p in UNITS)]
    name = r"(?:PASSWORD|SECRET_KEY|_KEYS?|SECRET)"
    given = [
        value for text in texts for value in re.findall(rf"(?:^|\s)\w*{name}\s*[:=]\s*(\S+)", text)
    ]
    assert {value for value in given if not value.startswith("${")} == {"only-for-collecting"}


def test_the_image_has_a_python_that_the_product_takes() -> None:
    found = re.search(r"^ARG BASE_IMAGE=python:(\d+)\.(\d+)-", DOCKERFILE, re.MULTILINE)
    assert found
    wanted = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["requires-python"]
    oldest = tuple(int(part) for part in wanted.removeprefix(">=").split("."))
    assert (int(found[1]), int(found[2])) >= oldest


def test_the_image_gets_everything_that_the_product_reads() -> None:
    ignored = (ROOT / ".dockerignore").read_text().splitlines()
    apps = {path.parent.parent.name for path in ROOT.glob("*/migrations/__init__.py")}
    kept = {line.removeprefix("!") for line in ignored if line.startswith("!")}
    assert "*" in ignored
    assert kept == apps | {
        *("channel_manager", "manage.py", "pyproject.toml", "requirements.lock"),
        *("docs", "static", "templates"),
    }
    assert all((ROOT / name).exists() for name in kept)


def test_the_proxy_logs_no_ticket_and_no_query() -> None:
    logged = re.search(r"log_format channel_manager (.*?);", NGINX, re.DOTALL)
    assert logged
    assert not re.search(r"\$(request|request_uri|uri|args|http_referer)\b", logged[1])
    kept = re.search(r"~\^(\S+) ", NGINX)
    assert kept
    pattern = kept[1].replace("?<", "?P<")
    for path in ("/m/abc", "/w/abc", "/pay/abc", "/return/abc"):
        assert re.match(pattern, path)
    for path in (
        "/voordemensen/v1/dunes/order/",
        "/voordemensen/dunes/order/",
        "/openticket/x/return/",
    ):
        found = re.match(pattern, f"{path}ABCDE-ABCDE-ABCDE-ABCDE/ticket")
        assert found
        assert found["kept"] == path
    assert not re.match(pattern, "/channelManager/1")


@pytest.mark.parametrize("path", ["/metrics", "/health/ready"])
def test_what_machines_ask_for_is_not_passed_on_by_the_proxy(path: str) -> None:
    assert resolve(path)
    assert re.search(rf"location = {path} {{\s*return 404;\s*}}", NGINX)


def test_a_new_environment_has_fresh_secrets_and_what_production_asks_for() -> None:
    first, second = new_environment(), new_environment()
    secret = {"SECRET_KEY", "ENCRYPTION_KEYS", "POSTGRES_PASSWORD"}
    assert {name: value for name, value in first.items() if name not in secret} == {
        "PUBLIC_URL": "https://tickets.dunes.example",
        "ALLOWED_HOSTS": "tickets.dunes.example",
        "TRUST_PROXY": "1",
        "WEB_WORKERS": "2",
    }
    assert {name for name in first if first[name] != second[name]} == secret


def test_a_new_environment_is_for_a_host_name() -> None:
    refused = subprocess.run(
        [sys.executable, str(ROOT / "docs/deploy/new_environment.py"), "https://dunes.example/"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert (refused.returncode, refused.stdout) == (2, "")

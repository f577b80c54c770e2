"""What `manage.py run` prints once everything answers."""

import json
from collections.abc import Sequence
from datetime import date, timedelta
from pathlib import Path
from typing import TypedDict
from zoneinfo import ZoneInfo

from django.utils import timezone


class DemoUser(TypedDict):
    username: str
    password: str
    role: str


class DemoAdmin(TypedDict):
    path: str
    users: list[DemoUser]


class DemoPartner(TypedDict):
    name: str
    partnerId: str
    apiKey: str
    state: str
    testMode: bool


class Demo(TypedDict):
    """The members of `$VAR_DIR/demo.json` that are shown."""

    admin: DemoAdmin
    venue: dict[str, str]
    partners: list[DemoPartner]
    packages: dict[str, str]


def banner(base_url: str, demo_file: Path | None, logs: Sequence[Path]) -> str:
    """Return the text: where to go, who to be, and a first order to paste.

    `demo_file` is `$VAR_DIR/demo.json`, None where no demo was loaded.
    """
    demo: Demo | None = json.loads(demo_file.read_text()) if demo_file else None
    rule = "-" * 78
    lines = ["", rule, f"  OTA Channel Manager is ready at {base_url}", rule, ""]
    lines.append(f"  Admin      {base_url}{demo['admin']['path'] if demo else '/admin/'}")
    if demo:
        users = demo["admin"]["users"]
        width = max(len(user["username"]) for user in users)
        lines += [
            f"             {user['username']:<{width}}  {user['password']}  ({user['role']})"
            for user in users
        ]
    else:
        lines.append("             log-in: .venv/bin/python manage.py createsuperuser")
    lines += [
        f"  API docs   {base_url}/docs",
        *([f"  Demo       {demo_file} has every key and code"] if demo_file else []),
        f"  Logs       {'  '.join(str(log) for log in logs)}",
        *_test_key(demo),
        "",
    ]
    if demo:
        lines += [
            "  A first order, to paste into another terminal:",
            "",
            *_first_order(base_url, demo),
        ]
    lines += ["  Ctrl-C stops everything.", ""]
    return "\n".join(lines)


def _test_key(demo: Demo | None) -> list[str]:
    """Return the line with the key whose orders sell nothing."""
    entries = demo["partners"] if demo else []
    keys = [one["apiKey"] for one in entries if one["testMode"] and one["state"] == "Active"]
    return [f"  Test key   {key} sells nothing: try item number TEST-OK" for key in keys[:1]]


def _first_order(base_url: str, demo: Demo) -> list[str]:
    """Return shell lines for bash and zsh; each paste makes its own reference."""
    partner = next(
        one for one in demo["partners"] if one["state"] == "Active" and not one["testMode"]
    )
    return f"""\
curl -sS {base_url}/channelManager \\
  -H 'x-api-key: {partner["apiKey"]}' -H 'Content-Type: application/json' \\
  -d '{{"partnerId": "{partner["partnerId"]}",
       "sellToOrderReference": "FIRST-'"$(date +%s)-$RANDOM"'",
       "paymentReference": "PAID-1",
       "items": [{{"itemNumber": "{demo["packages"]["individual"]}", "quantity": 2,
                  "visitDate": "{_visit_date(demo)}"}}]}}' | python3 -m json.tool

  Then, with the orderId it answered:

curl -sS -H 'x-api-key: {partner["apiKey"]}' \\
  '{base_url}/channelManager/ORDER_ID?wait=20' | python3 -m json.tool
""".split("\n")


def _visit_date(demo: Demo) -> date:
    """Return a day next week at the venue, so that the text is good for some days."""
    return timezone.localdate(timezone=ZoneInfo(demo["venue"]["timezone"])) + timedelta(days=7)

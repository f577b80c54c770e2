"""The pages for whoever runs the product name what there is: metrics, alerts, members, tests."""

from __future__ import annotations

import ast
import json
import re
from functools import cache
from pathlib import Path

from channel_manager import metrics

ROOT = Path(__file__).resolve().parents[2]
MONITORING = (ROOT / "docs/monitoring.md").read_text()
SECURITY = (ROOT / "docs/security.md").read_text()
LOGS = (ROOT / "docs/logs.md").read_text()
ALERTS = (ROOT / "docs/deploy/prometheus/alerts.yml").read_text()
ALERTS_TEST = (ROOT / "docs/deploy/prometheus/alerts_test.yml").read_text()
KNOWN = {meter.full_name for meter in metrics.ALL}


def test_the_table_of_metrics_is_what_is_told() -> None:
    rows = re.findall(r"^\| `(channel_manager_\w+)` \|([^|]*)\|([^|]*)\|(.*)\|$", MONITORING, re.M)
    listed = [
        (name, kind.strip(), tuple(re.findall(r"`(\w+)`", labels)), text.strip())
        for name, kind, labels, text in rows
    ]
    assert listed == [(each.full_name, each.kind, each.labels, each.help) for each in metrics.ALL]


def test_alerts_are_about_metrics_that_exist() -> None:
    for text in (ALERTS, ALERTS_TEST, MONITORING):
        named = set(re.findall(r"channel_manager_\w+?(?=_bucket\b|\b)", text)) - {"channel_manager"}
        assert named
        assert named <= KNOWN


def test_every_alert_has_a_section_that_its_runbook_leads_to() -> None:
    alerts = re.findall(r"alert: (\w+)", ALERTS)
    assert alerts == re.findall(r"^### (ChannelManager\w+)$", MONITORING, re.M)
    runbooks = re.findall(r"runbook: docs/monitoring.md#(\w+)", ALERTS)
    assert runbooks == [alert.lower() for alert in alerts]
    assert set(re.findall(r"alertname: (\w+)", ALERTS_TEST)) <= set(alerts)


@cache
def functions_in(path: Path) -> frozenset[str]:
    return frozenset(
        node.name
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.FunctionDef)
    )


def test_every_test_that_the_threat_model_names_exists() -> None:
    rows = [row for row in SECURITY.split("## Roles")[0].splitlines() if row.count("|") == 5]
    rows = [row for row in rows if not row.startswith(("| Who |", "|---"))]
    assert len(rows) > 50
    for row in rows:
        named = re.findall(r"`(tests/[\w/]+\.py)(?:::(\w+))?`", row)
        assert named, row
        for path, test in named:
            assert (ROOT / path).is_file(), path
            assert not test or test in functions_in(ROOT / path), f"{path}::{test}"


def test_every_member_of_a_line_is_described() -> None:
    described = set(re.findall(r"`(\w+)`", LOGS.split("## Members")[1].split("## Examples")[0]))
    noted = {
        name
        for app in ("channel_manager", "partners", "catalog", "wallets", "orders")
        for path in (ROOT / app).rglob("*.py")
        for call in re.findall(r"logs\.note\(([^)]*)\)", path.read_text())
        for name in re.findall(r"(\w+)=", call)
    }
    assert noted >= {"partnerId", "orderId", "durationMs"}
    assert noted <= described
    (examples,) = re.findall(r"```json\n(.*?)```", LOGS, re.S)
    for line in examples.splitlines():
        assert set(json.loads(line)) <= described

"""The check of admissions that every torture ends with finds what it is there for."""

from __future__ import annotations

import pytest

from tests.concurrency.test_invariants import sql
from tests.conftest import ApiClient
from tests.gate.conftest import Gate, Issued, asset_of, clock, gate, issued, make_gate  # noqa: F401
from tests.gate_invariants import GATE_RULES
from tests.invariants import violations
from tests.orders.expected import line

# Each breaks a group of four, of whom three entered and two stand, beside a cancelled order.
BREAKS: dict[str, str] = {
    "an asset was not admitted as often as its scans say": (
        "UPDATE wallets_asset SET admitted = admitted + 1 WHERE status = 'Valid'"
    ),
    "an asset was admitted more often than it is worth": """
        ALTER TABLE wallets_asset DROP CONSTRAINT asset_not_over_admitted;
        UPDATE wallets_asset SET admitted = 5 WHERE status = 'Destroyed'
    """,
    "an asset is Used and not all taken, or all taken and not Used": """
        ALTER TABLE wallets_asset DROP CONSTRAINT asset_used_when_all_taken;
        UPDATE wallets_asset SET status = 'Used' WHERE status = 'Valid'
    """,
    "an admission does not stand once in the history of its order": (
        "DELETE FROM history_event WHERE name = 'admitted'"
    ),
    "an undo does not stand once in the history of its order": (
        "DELETE FROM history_event WHERE name = 'admission_undone'"
    ),
    "an admission was recorded that no scan made": "DELETE FROM wallets_scan",
    "somebody was admitted with a ticket of a cancelled order": """
        UPDATE history_event SET subject_id =
            (SELECT subject_id FROM history_event WHERE name = 'cancelled'),
            id = id + 1000000
        WHERE name = 'admitted'
    """,
    "an answer does not say what its scan was": "UPDATE wallets_scan SET answer = '{}'",
}


@pytest.fixture
def admitted(gate: Gate, issued: Issued, api: ApiClient) -> None:  # noqa: F811
    """Some admissions; triggers and keys to other tables are off."""
    number = asset_of(issued(line("GROUP", quantity=4))).reference_number
    gate.scan(number)
    gate.undo(gate.scan(number)["admissionId"])
    gate.scan(number)
    gate.scan("nothing")
    api.delete(str(issued().pk))
    sql("SET CONSTRAINTS ALL IMMEDIATE")
    sql("SET LOCAL session_replication_role = 'replica'")
    sql("DELETE FROM procrastinate_jobs")


@pytest.mark.usefixtures("admitted")
def test_admissions_that_are_whole_violate_nothing() -> None:
    assert violations(sql) == []


@pytest.mark.usefixtures("admitted")
@pytest.mark.parametrize("rule", GATE_RULES)
def test_a_broken_rule_is_named(rule: str) -> None:
    for statement in BREAKS[rule].split(";"):
        sql(statement)
    assert any(found.startswith(f"{rule}: ") for found in violations(sql))

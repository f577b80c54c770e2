"""How many client SQL statements a scan takes, and that each finds its rows by an index."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.conf import settings

from tests.conftest import ApiClient
from tests.gate.conftest import ON_THE_DAY, Gate, Issued, asset_of, wallet_of
from tests.orders.expected import line
from wallets.models import Asset, GateDevice

Statements = Callable[[], Any]

ADMITTED, REFUSED, UNKNOWN, REPEATED, UNDONE = 8, 6, 9, 2, 9
# A partner's number is looked for after those that other systems of the venue's have given.
ADMITTED_BY_PARTNERS_NUMBER = 9


def counted(statements: Statements, work: Callable[[], Any], allowed: int) -> Any:
    """Do it, fail with the statements themselves when there are too many."""
    with statements() as count:
        result = work()
    assert len(count) <= allowed, "\n".join(count.statements)
    return result


@pytest.fixture
def used_gate(gate: Gate) -> Gate:
    """A gate whose use was noted within this minute."""
    GateDevice.objects.update(last_used_at=ON_THE_DAY)
    return gate


@pytest.mark.parametrize("shown", ["asset", "wallet", "partner", "manifest"])
def test_an_admission_is_within_the_budget_by_any_number(
    used_gate: Gate, issued: Issued, statements: Statements, shown: str
) -> None:
    order = issued(line(wallet={"externalReferenceNumbers": ["SUN-1"]}))
    number = {
        "asset": asset_of(order).reference_number,
        "wallet": wallet_of(order).reference_number,
        "partner": "SUN-1",
        "manifest": f"{settings.PUBLIC_URL}/w/{wallet_of(order).token}",
    }[shown]
    allowed = ADMITTED_BY_PARTNERS_NUMBER if shown == "partner" else ADMITTED
    answer = counted(statements, lambda: used_gate.scan(number, requestId="R-1"), allowed)
    assert answer["admitted"]
    counted(statements, lambda: used_gate.scan(number, requestId="R-1"), REPEATED)
    refused = counted(statements, lambda: used_gate.scan(number), REFUSED)
    assert refused["code"] == "already_used"
    counted(statements, lambda: used_gate.undo(answer["admissionId"]), UNDONE)


def test_a_wallet_of_many_tickets_costs_no_more(
    used_gate: Gate, issued: Issued, statements: Statements, api: ApiClient
) -> None:
    api.partner.venue.packages.get(code="DAY").components.update(quantity=20)
    number = wallet_of(issued()).reference_number
    assert Asset.objects.count() == 20
    assert counted(statements, lambda: used_gate.scan(number), ADMITTED)["admitted"]


@pytest.mark.parametrize(
    "number", ["nothing", "T0000000000000000", f"https://x.example/w/{'x' * 32}"]
)
def test_a_number_that_nothing_has_is_within_the_budget(
    used_gate: Gate, statements: Statements, number: str
) -> None:
    assert counted(statements, lambda: used_gate.scan(number), UNKNOWN)["code"] == "unknown"

"""Tickets that another system of the venue's has issued, at our gate."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from channel_manager.history import runner
from orders.models import Order, OrderLine
from tests.gate.conftest import Gate
from tests.gate.expected import admission
from tests.issued_elsewhere import issue_elsewhere
from tests.orders.expected import line
from wallets.models import Asset

Issued = Callable[..., Order]
THERE = {"outsideSystem": "Onebox", "outsideNumber": "ob-0042/x"}


def test_the_number_there_admits_and_the_answer_names_the_system(
    gate: Gate, issued: Issued
) -> None:
    issued()
    issue_elsewhere(Asset.objects.get(), "ob-0042/x")
    assert gate.scan("ob-0042/x\n") == admission(referenceNumber="ob-0042/x", **THERE)
    assert gate.scan("ob-0042/x")["code"] == "already_used"


def test_our_number_finds_a_ticket_that_has_none_there(gate: Gate, issued: Issued) -> None:
    issued()
    asset = Asset.objects.get()
    issue_elsewhere(asset, "", system="ordino")
    answer = gate.scan(asset.reference_number)
    assert answer == admission(outsideSystem="Ordino", outsideNumber=None)


def test_any_number_of_a_group_admits_one_of_it(gate: Gate, issued: Issued) -> None:
    issued()
    Asset.objects.update(admissions=2)
    issue_elsewhere(Asset.objects.get(), "G-1", "G-2")
    first, second = gate.scan("G-1"), gate.scan("G-2")
    assert [(one["outsideNumber"], one["admissionsLeft"]) for one in (first, second)] == [
        ("G-1", 1),
        ("G-2", 0),
    ]
    assert gate.scan("G-2")["code"] == "already_used"


def test_a_number_of_a_group_admits_one_guest_once(gate: Gate, issued: Issued) -> None:
    issued()
    Asset.objects.update(admissions=3)
    issue_elsewhere(Asset.objects.get(), "G-1", "G-2", "G-3")
    first, second = gate.scan("G-1\n"), gate.scan("G-1")
    assert first["admitted"]
    assert (second["code"], second["reason"]) == (
        "already_used",
        "Already used today at 10:00 at North entrance.",
    )
    many = gate.scan("G-2", quantity=2)
    assert (many["code"], many["reason"]) == ("too_few_left", "Only 1. This ticket is for one.")
    assert gate.scan("G-2")["admitted"]
    assert Asset.objects.get().admitted == 2


def test_a_number_of_a_group_is_scanned_again_once_its_admission_was_undone(
    gate: Gate, issued: Issued
) -> None:
    issued()
    Asset.objects.update(admissions=2)
    issue_elsewhere(Asset.objects.get(), "G-1", "G-2")
    gate.undo(gate.scan("G-1")["admissionId"])
    assert gate.scan("G-1")["admitted"]
    assert gate.scan("G-1")["code"] == "already_used"


def test_each_of_a_groups_guests_comes_as_often_as_was_sold(gate: Gate, issued: Issued) -> None:
    issued()
    asset = Asset.objects.get()
    Asset.objects.update(admissions=4)
    issue_elsewhere(asset, "G-1", "G-2")
    row = OrderLine.objects.get()
    row.plan[0]["redemptions"] = 2
    row.save()
    codes = [gate.scan("G-1")["code"] for _ in range(3)]
    assert codes == ["admitted", "admitted", "already_used"]


def test_gates_that_scan_one_guest_of_a_group_at_once_admit_one(
    gate: Gate, issued: Issued, monkeypatch: pytest.MonkeyPatch
) -> None:
    issued()
    Asset.objects.update(admissions=2)
    issue_elsewhere(Asset.objects.get(), "G-1", "G-2")
    lock, answers = runner.lock, []

    def late(rows: Any) -> Any:
        # Just before the lock is ours, another gate has scanned it.
        monkeypatch.setattr(runner, "lock", lock)
        answers.append(gate.scan("G-1"))
        return lock(rows)

    monkeypatch.setattr(runner, "lock", late)
    answers.append(gate.scan("G-1"))
    assert [one["code"] for one in answers] == ["admitted", "already_used"]


def test_a_number_there_wins_over_what_a_partner_calls_a_wallet(gate: Gate, issued: Issued) -> None:
    issued(line(wallet={"externalReferenceNumbers": ["OB-1"]}), sellToOrderReference="A")
    issued(sellToOrderReference="B")
    theirs = Asset.objects.get(wallet__order__sell_to_order_reference="B")
    issue_elsewhere(theirs, "OB-1")
    answer = gate.scan("OB-1")
    assert answer["walletReferenceNumber"] == theirs.wallet.reference_number


def test_a_cancelled_ticket_is_still_known_by_its_number_there(gate: Gate, issued: Issued) -> None:
    issued()
    issue_elsewhere(Asset.objects.get(), "OB-1", status="Ended")
    Asset.objects.update(status="Destroyed")
    answer = gate.scan("OB-1")
    assert (answer["code"], answer["outsideSystem"]) == ("cancelled", "Onebox")


@pytest.mark.parametrize("length", [1, 99, 100])
def test_numbers_of_up_to_a_hundred_characters_are_scanned(
    gate: Gate, issued: Issued, length: int
) -> None:
    issued()
    issue_elsewhere(Asset.objects.get(), "z" * length)
    assert gate.scan("z" * length)["admitted"]


def test_a_number_without_a_ticket_of_ours_is_not_known(gate: Gate, issued: Issued) -> None:
    issued()
    row = issue_elsewhere(Asset.objects.get(), "", system="ordino")
    row.tickets.update(number="OB-9", asset=None)
    assert gate.scan("OB-9")["code"] == "unknown"

"""Gates that scan at the same moment, in processes of their own: each guest is admitted once."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any

import pytest

from tests.chaos.gates import scan_at_two_gates
from tests.chaos.stage import Stage
from tests.traffic import Answer, Gate, Seller, at_once

Codes = Counter[str]


@contextmanager
def gates(stage: Stage, count: int) -> Iterator[list[Gate]]:
    """Open connections of the two devices, in turn, and close them."""
    keys = stage.made["gates"]
    connections = [Gate(stage.stack.port, keys[n % len(keys)]) for n in range(count)]
    try:
        yield connections
    finally:
        for connection in connections:
            connection.close()


@pytest.fixture
def seller(stage: Stage) -> Iterator[Seller]:
    """A partner that sells tickets which are valid today."""
    with stage.seller() as ours:
        yield ours


def sold(stage: Stage, seller: Seller) -> tuple[str, str]:
    """Sell one ticket; return its order's id and its number."""
    order = seller.create(seller.order(stage.reference(), {"itemNumber": "ANYDAY"})).body
    issued = seller.wait(order["orderId"]).body
    return order["orderId"], issued["items"][0]["wallets"][0]["assets"][0]["referenceNumber"]


def codes(answers: list[Answer]) -> Codes:
    return Counter(answer.body["code"] for answer in answers)


def counted(stage: Stage, number: str) -> tuple[str, int]:
    """Return the state of a ticket, and how often it was admitted."""
    [row] = stage.stack.sql(
        "SELECT status, admitted FROM wallets_asset WHERE reference_number = %s", number
    )
    return row[0], row[1]


def test_two_gates_scan_the_same_ticket_and_one_admits_it(stage: Stage) -> None:
    assert scan_at_two_gates(stage, tickets=10) == []


def test_the_same_scan_sent_many_times_at_once_has_one_answer(stage: Stage, seller: Seller) -> None:
    for round_ in range(5):
        _, number = sold(stage, seller)
        connections = [Gate(stage.stack.port, stage.made["gates"][0]) for _ in range(8)]
        answers = at_once([partial(gate.scan, number, f"same-{round_}") for gate in connections])
        for gate in connections:
            gate.close()
        assert {answer.status for answer in answers} == {200}
        assert len({answer.text for answer in answers}) == 1
        assert answers[0].body["admitted"] is True
        assert counted(stage, number) == ("Used", 1)


def test_of_a_group_of_ten_ten_are_admitted_however_many_come_at_once(
    stage: Stage, seller: Seller
) -> None:
    for round_ in range(3):
        _, number = sold(stage, seller)
        stage.stack.sql(
            "UPDATE wallets_asset SET admissions = 10 WHERE reference_number = %s", number
        )
        with gates(stage, 14) as connections:
            calls = [
                partial(gate.scan, number, f"group-{round_}-{n}")
                for n, gate in enumerate(connections)
            ]
            assert codes(at_once(calls)) == {"admitted": 10, "already_used": 4}
        assert counted(stage, number) == ("Used", 10)


def test_a_wallets_tickets_are_admitted_one_by_one_by_its_number(
    stage: Stage, seller: Seller
) -> None:
    order_id, number = sold(stage, seller)
    give_five_more_tickets(stage, order_id, number)
    wallet = seller.get(order_id).body["items"][0]["wallets"][0]["walletReferenceNumber"]
    with gates(stage, 8) as connections:
        calls = [partial(gate.scan, wallet, f"wallet-{n}") for n, gate in enumerate(connections)]
        answers = at_once(calls)
    assert codes(answers) == {"admitted": 6, "already_used": 2}
    admitted = {answer.body["referenceNumber"] for answer in answers if answer.body["admitted"]}
    assert len(admitted) == 6


def give_five_more_tickets(stage: Stage, order_id: str, number: str) -> None:
    """Put five copies of a ticket into its wallet, as if its package had six of the item."""
    same = (
        "venue_id, wallet_id, component_id, item_id, position, generation, type, description,"
        " admissions, admitted, status, seat, valid_from, valid_until"
    )
    stage.stack.sql(
        f"INSERT INTO wallets_asset (id, unit, reference_number, {same})"
        f" SELECT gen_random_uuid(), extra, left(reference_number, 15) || extra, {same}"
        " FROM wallets_asset, generate_series(2, 6) AS extra WHERE reference_number = %s",
        number,
    )
    stage.stack.sql(
        "UPDATE orders_orderline SET plan = jsonb_set(plan, '{0,units}', '6')"
        " WHERE order_id = %s::uuid",
        order_id,
    )


def test_a_scan_races_the_cancelling_of_its_order(stage: Stage, seller: Seller) -> None:
    seen: Counter[Any] = Counter()
    for round_ in range(15):
        order_id, number = sold(stage, seller)
        with gates(stage, 1) as (gate,):
            scan, cancelled = at_once(
                [
                    partial(gate.scan, number, f"cancel-{round_}"),
                    partial(seller.delete, order_id),
                ]
            )
        outcome = (scan.body["code"], cancelled.status, *counted(stage, number))
        seen[outcome] += 1
        assert outcome in {
            ("admitted", 409, "Used", 1),
            ("cancelled", 200, "Destroyed", 0),
        }
    assert sum(seen.values()) == 15


def test_two_undos_at_once_take_an_admission_back_once(stage: Stage, seller: Seller) -> None:
    for round_ in range(5):
        _, number = sold(stage, seller)
        connections = [Gate(stage.stack.port, stage.made["gates"][0]) for _ in range(4)]
        admission = connections[0].scan(number, f"undo-{round_}").body["admissionId"]
        path = f"/gate/admissions/{admission}"
        body = {"reason": "Wrong guest"}
        answers = at_once([partial(gate.send, "DELETE", path, body) for gate in connections])
        assert {answer.status for answer in answers} == {200}
        assert len({answer.text for answer in answers}) == 1
        assert counted(stage, number) == ("Valid", 0)
        assert connections[0].scan(number, f"again-{round_}").body["admitted"]
        for gate in connections:
            gate.close()


def test_an_undo_races_a_scan_of_the_same_ticket(stage: Stage, seller: Seller) -> None:
    for round_ in range(10):
        _, number = sold(stage, seller)
        with gates(stage, 2) as (first, second):
            admission = first.scan(number, f"first-{round_}").body["admissionId"]
            path = f"/gate/admissions/{admission}"
            undone, scan = at_once(
                [
                    partial(first.send, "DELETE", path, {"reason": "Wrong guest"}),
                    partial(second.scan, number, f"second-{round_}"),
                ]
            )
        assert undone.status == 200
        assert scan.body["code"] in {"admitted", "already_used"}
        expected = ("Used", 1) if scan.body["admitted"] else ("Valid", 0)
        assert counted(stage, number) == expected

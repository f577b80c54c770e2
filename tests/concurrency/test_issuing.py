"""Processes that issue the same order at once, or die at any step of it."""

from __future__ import annotations

import json
from collections.abc import Callable

from tests.concurrency.racers import DEATHS
from tests.stack import Stack

Submitted = Callable[[int], list[str]]
# What a process that died there has left behind.
LEFT = {
    "Scheduled saved": "Submitted",
    "Scheduled committed": "Scheduled",
    "Processing saved": "Scheduled",
    "Processing committed": "Processing",
    "assets inserted": "Processing",
    "Issued saved": "Processing",
    "sale posted": "Processing",
    "Issued committed": "Issued",
}


def test_an_order_whose_process_dies_at_any_step_is_finished_by_another(
    idle_stack: Stack, submitted: Submitted
) -> None:
    orders = dict(zip(DEATHS, submitted(len(DEATHS)), strict=True))
    assert race(idle_stack, *((order, death) for death, order in orders.items())) == {"killed"}
    assert {death: state(idle_stack, order) for death, order in orders.items()} == {
        death: (status, int(status == "Issued")) for death, status in LEFT.items()
    }
    idle_stack.start_worker()
    idle_stack.wait_until_settled(seconds=30)
    assert {state(idle_stack, order) for order in orders.values()} == {("Issued", 1)}


def test_an_order_whose_process_dies_is_finished_by_another_of_the_same_kind(
    idle_stack: Stack, submitted: Submitted
) -> None:
    """Without a job, as when it was lost together with the worker's."""
    orders = submitted(len(DEATHS))
    race(idle_stack, *zip(orders, DEATHS, strict=True))
    assert race(idle_stack, *((order, "") for order in orders)) == {"done"}
    assert {state(idle_stack, order) for order in orders} == {("Issued", 1)}


def test_processes_that_issue_the_same_orders_at_once_issue_them_once(
    idle_stack: Stack, submitted: Submitted
) -> None:
    orders = submitted(4)
    assert race(idle_stack, *((order, "") for order in orders * 4)) == {"done"}
    assert {state(idle_stack, order) for order in orders} == {("Issued", 1)}


def test_two_workers_at_one_backlog_issue_every_order_once(
    idle_stack: Stack, submitted: Submitted
) -> None:
    orders = submitted(40)
    for _ in range(2):
        idle_stack.start_worker(wait=False, environment={"ISSUED_TOGETHER": "4"})
    idle_stack.wait_until_settled(seconds=30)
    assert {state(idle_stack, order) for order in orders} == {("Issued", 1)}


def race(stack: Stack, *entrants: tuple[str, str]) -> set[str]:
    """Let processes issue orders all at once, each to die where it is told; return their ends."""
    given = [{"do": "issue", "order": order, "die": death} for order, death in entrants]
    return set(json.loads(stack.django("tests.concurrency.racers", given=json.dumps(given))))


def state(stack: Stack, order_id: str) -> tuple[str, int]:
    """Return an order's status and how many assets it has."""
    query = (
        "SELECT o.status, count(a.id) FROM orders_order o"
        " JOIN wallets_wallet w ON w.order_id = o.id"
        " LEFT JOIN wallets_asset a ON a.wallet_id = w.id WHERE o.id = %s GROUP BY o.id"
    )
    status, assets = stack.sql(query, order_id)[0]
    return str(status), int(assets)

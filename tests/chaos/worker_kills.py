"""SIGKILL of the worker while it issues: no order is lost and nothing is minted twice."""

from __future__ import annotations

import dataclasses
import random
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from tests.chaos.stage import SETTLE_SECONDS
from tests.invariants import violations
from tests.process import wait_for
from tests.stack import Stack
from tests.traffic import Expected, Seller, mixed_order

_BURST_SECONDS = 30.0

Say = Callable[[str], None]


@dataclass
class Outcome:
    """What a run did and what was found."""

    seed: int
    orders: int
    kills: int
    cut: int = 0  # jobs that a kill found running
    settled_in: float = 0.0  # seconds from the last kill to the last order
    settled: dict[str, int] = field(default_factory=dict)
    issued: int = 0  # once the drafts were confirmed
    violations: list[str] = field(default_factory=list)


def kill_worker_during_orders(
    stack: Stack, *, seed: int, orders: int, kills: int, say: Say
) -> Outcome:
    """Send mixed orders in bursts, each while a worker starts, and kill it as it works them off.

    One worker at a time. Ends within `kills` times half a minute and SETTLE_SECONDS.
    """
    chance = random.Random(seed)
    outcome = Outcome(seed, orders, kills)
    accepted: dict[str, Expected] = {}
    stack.stop_workers()
    with stack.seller() as seller:
        for number in range(kills):
            known = stack.last_worker
            stack.start_worker(wait=False)
            first, last = orders * number // kills, orders * (number + 1) // kills
            for index in range(first, last):
                _send(seller, f"CHAOS-{seed}-{index}", chance, accepted)
            outcome.cut += kill_at_work(stack, known, chance)
            say(f"  {last} orders sent, worker killed {number + 1} times, {outcome.cut} jobs cut")
    stack.start_worker(wait=False)
    outcome.settled_in = stack.wait_until_settled(seconds=SETTLE_SECONDS)
    outcome.violations = violations(stack.sql, accepted)
    for expected in accepted.values():
        outcome.settled[expected.status] = outcome.settled.get(expected.status, 0) + 1
    outcome.violations += _confirm_drafts(stack, accepted)
    [(outcome.issued,)] = stack.sql(
        "SELECT count(*) FROM orders_order WHERE status = 'Issued' AND id = ANY(%s::uuid[])",
        list(accepted),
    )
    return outcome


def _confirm_drafts(stack: Stack, accepted: dict[str, Expected]) -> list[str]:
    """Confirm what was ordered as a draft; return the rules broken by then."""
    with stack.seller() as seller:
        for order_id, expected in accepted.items():
            if expected.status == "Draft":
                seller.confirm(order_id)
    issued = {key: dataclasses.replace(order, status="Issued") for key, order in accepted.items()}
    return violations(stack.sql, issued)


def _send(
    seller: Seller, reference: str, chance: random.Random, accepted: dict[str, Expected]
) -> None:
    body, expected = mixed_order(seller, reference, chance)
    answer = seller.create(body)
    if answer.status != 201:
        raise AssertionError(f"{reference} was answered {answer.status}: {answer.text!r}")
    accepted[answer.body["orderId"]] = expected


def kill_at_work(stack: Stack, known: int, chance: random.Random) -> int:
    """Kill the worker some milliseconds after it took up its work.

    `known` is the last worker there was before it. Returns how many jobs the kill found running.
    """
    wait_for(
        "the worker is at work or done",
        lambda: stack.jobs_held_by(known + 1) or not stack.jobs_waiting,
        seconds=_BURST_SECONDS,
    )
    time.sleep(chance.uniform(0, 0.15))  # not to wait for anything: the moment of the fault
    stack.workers.pop().kill()
    return stack.jobs_held_by(known + 1)

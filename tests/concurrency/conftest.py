"""One stack for all of them, and the check of every invariant after each."""

from __future__ import annotations

import itertools
import signal
from collections.abc import Callable, Iterator

import pytest

from tests.chaos.stage import Stage
from tests.chaos.theatre import ENVIRONMENT
from tests.invariants import violations
from tests.stack import Stack, running_stack
from tests.traffic import Answer, Seller

SETTLE_SECONDS = 60.0
METRICS_TOKEN = "tests-own-metrics-token"
# As in production: what is logged there must have no secrets either.
WATCHED = {"LOG_FORMAT": "json", "LOG_LEVEL": "INFO", "METRICS_TOKEN": METRICS_TOKEN}
_numbers = itertools.count(1)


@pytest.fixture(scope="session")
def only_stack() -> Iterator[Stack]:
    """The processes of this run: database and web; the tests start the workers they want."""
    with running_stack(workers=0, environment={**ENVIRONMENT, **WATCHED}) as running:
        yield running


@pytest.fixture
def stack(only_stack: Stack) -> Iterator[Stack]:
    """The stack; when a test is done every order settles and every invariant holds."""
    yield only_stack
    for worker in only_stack.workers:
        worker.signal(signal.SIGCONT)
    if all(worker.exit_code is not None for worker in only_stack.workers):
        only_stack.start_worker()
    only_stack.wait_until_settled(seconds=SETTLE_SECONDS)
    assert violations(only_stack.sql) == []
    assert only_stack.faults_logged() == []


@pytest.fixture(scope="session")
def only_stage(only_stack: Stack) -> Stage:
    """The venue whose places are fought for."""
    return Stage.of(only_stack)


@pytest.fixture
def stage(working_stack: Stack, only_stage: Stage) -> Stage:
    """The venue, with a worker at work."""
    return only_stage


@pytest.fixture
def idle_stack(stack: Stack) -> Stack:
    """The stack without any worker: what is submitted stays Submitted."""
    stack.stop_workers()
    return stack


@pytest.fixture
def working_stack(stack: Stack) -> Stack:
    """The stack with a worker."""
    if all(worker.exit_code is not None for worker in stack.workers):
        stack.start_worker()
    return stack


@pytest.fixture
def seller(stack: Stack) -> Iterator[Seller]:
    """Our partner's connection."""
    with stack.seller() as ours:
        yield ours


@pytest.fixture
def reference() -> Callable[[], str]:
    """Give out references that no order has yet."""
    return lambda: f"RACE-{next(_numbers)}"


@pytest.fixture
def settled(
    working_stack: Stack, seller: Seller, reference: Callable[[], str]
) -> Callable[..., str]:
    """Create an order, wait until it has settled as wanted, and return its id."""

    def create(status: str = "Issued", **changes: object) -> str:
        body = {**seller.order(reference(), paid=status != "Draft"), **changes}
        answer = seller.create(body)
        assert answer.status == 201, answer.text
        order_id = str(answer.body["orderId"])
        assert seller.wait(order_id).body["status"] == status
        return order_id

    return create


@pytest.fixture
def submitted(seller: Seller, reference: Callable[[], str]) -> Callable[[int], list[str]]:
    """Create some orders of the same kind and return their ids."""

    def create(count: int) -> list[str]:
        answers: list[Answer] = [seller.create(seller.order(reference())) for _ in range(count)]
        assert {answer.status for answer in answers} == {201}
        return [str(answer.body["orderId"]) for answer in answers]

    return create

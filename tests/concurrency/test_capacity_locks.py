"""Two who wait for each other's locks, arranged step by step: none of them is ever a deadlock.

Somebody in a transaction of his own holds a session, so that those who want it queue up, one after
the other; what they have locked by then, and in which order, is what each test is about.
"""

from __future__ import annotations

import functools
import json
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

import psycopg
import pytest

from tests.chaos.places import Outcome, outcome
from tests.chaos.stage import Stage
from tests.process import wait_for
from tests.traffic import Answer, Seller, visits

LOCK = "SELECT 1 FROM catalog_session WHERE id = %s FOR NO KEY UPDATE"
RESIZE = "UPDATE catalog_session SET capacity = %s WHERE id = %s"
REMOVE = "DELETE FROM catalog_session WHERE id = %s"
REMOVE_ALLOTMENT = (
    "UPDATE orders_allocation SET allotment_id = NULL WHERE allotment_id = %s",
    "DELETE FROM catalog_allotmentuse WHERE allotment_id = %s",
    "DELETE FROM catalog_allotment WHERE id = %s",
)
GO_BACK = (
    "DELETE FROM orders_allocation"
    " WHERE line_id IN (SELECT id FROM orders_orderline WHERE order_id = %s::uuid)"
)
SECONDS = 30.0


class Queue:
    """Those who wait for a session, in the order in which they came."""

    def __init__(self, stage: Stage, pool: ThreadPoolExecutor) -> None:
        self.stage = stage
        self.pool = pool

    def join(self, call: Callable[[], Any]) -> Future[Any]:
        """Make a call that has to wait; return it once it does."""
        before = self.stage.waiting
        joined = self.pool.submit(call)
        wait_for("it waits", lambda: self.stage.waiting > before or joined.done(), seconds=SECONDS)
        assert not joined.done(), joined.result()
        return joined


@pytest.fixture
def queue(stage: Stage) -> Iterator[Queue]:
    with ThreadPoolExecutor(8) as pool:
        yield Queue(stage, pool)


@pytest.fixture
def pair(stage: Stage) -> Iterator[tuple[Seller, Seller]]:
    """Two connections of our partner."""
    with stage.seller() as one, stage.seller() as other:
        yield one, other


@contextmanager
def somebody(stage: Stage) -> Iterator[psycopg.Connection[Any]]:
    """Yield a transaction that nobody else knows of."""
    with psycopg.connect(stage.stack.database_url) as connection:
        yield connection


def ends(*calls: Future[Answer]) -> list[Outcome]:
    return sorted(outcome(call.result(SECONDS)) for call in calls)


def test_a_session_that_is_removed_while_it_is_waited_for_is_not_sold(
    stage: Stage, queue: Queue, pair: tuple[Seller, Seller]
) -> None:
    day, (seller, other) = stage.new_day(capacity=5), pair
    session, line = stage.session("show", day), visits("SHOW", day, "10:00")
    with somebody(stage) as staff:
        staff.execute(LOCK, [session])
        order = queue.join(lambda: seller.create(seller.order(stage.reference(), line)))
        hold = queue.join(lambda: other.hold(line))
        staff.execute(REMOVE, [session])
        staff.commit()
        assert ends(order, hold) == [(400, "unknown_session")] * 2


def test_an_allotment_that_is_removed_while_its_session_is_waited_for_binds_nobody(
    stage: Stage, queue: Queue
) -> None:
    day = stage.new_day(capacity=5)
    [allotment] = stage.stack.sql(
        "SELECT id, partner_id, package_id, places FROM catalog_allotment"
    )
    try:
        with stage.sellers(2, number=1) as (one, other), somebody(stage) as staff:
            settled(one, one.order(stage.reference(), visits("ALLOTTED", day, "10:00")))
            staff.execute(LOCK, [stage.session("show", day)])
            body = other.order(stage.reference(), visits("ALLOTTED", day, "10:00"))
            order = queue.join(lambda: other.create(body))
            for statement in REMOVE_ALLOTMENT:
                staff.execute(statement, [allotment[0]])
            staff.commit()
            assert ends(order) == [(201, "Submitted")]
    finally:
        stage.stack.sql(
            "INSERT INTO catalog_allotment (id, partner_id, package_id, places)"
            " VALUES (%s, %s, %s, %s) ON CONFLICT DO NOTHING",
            *allotment,
        )


def test_an_order_sent_twice_is_taken_once_when_its_session_is_fought_for(
    stage: Stage, queue: Queue, pair: tuple[Seller, Seller]
) -> None:
    """The one that lost the places at first takes another turn, and must not lock out its twin."""
    for _ in range(3):
        day, (one, other) = stage.new_day(capacity=5), pair
        session = stage.session("show", day)
        body = one.order(stage.reference(), visits("SHOW", day, "10:00"))
        with somebody(stage) as first, somebody(stage) as second:
            first.execute(RESIZE, [0, session])
            calls = [queue.join(lambda: one.create(body)), queue.join(lambda: other.create(body))]  # noqa: B023
            resize = queue.join(lambda: second.execute(RESIZE, [5, session]))  # noqa: B023
            first.commit()
            resize.result(SECONDS)
            second.commit()
            assert ends(*calls) in (
                [(201, "Submitted"), (400, "duplicate_order")],
                [(201, "Submitted"), (409, "sold_out")],
                [(409, "sold_out"), (409, "sold_out")],  # both were before the second change
            )


def test_a_seat_may_be_given_back_while_somebody_who_wants_it_has_its_session(
    stage: Stage, queue: Queue, pair: tuple[Seller, Seller]
) -> None:
    for _ in range(3):
        day, (holder, buyer) = stage.new_day(), pair
        session, line = stage.session("stalls", day), visits("STALLS", day, "10:00", seats=["A1"])
        with somebody(stage) as first, somebody(stage) as second:
            first.execute(LOCK, [session])
            hold = queue.join(lambda: holder.hold(line))  # noqa: B023
            lock = queue.join(lambda: second.execute(LOCK, [session]))  # noqa: B023
            order = queue.join(lambda: buyer.create(buyer.order(stage.reference(), line)))  # noqa: B023
            first.commit()
            kept = hold.result(SECONDS).body["holdId"]
            lock.result(SECONDS)
            release = queue.join(lambda: holder.release(kept))  # noqa: B023
            second.commit()
            assert ends(release) == [(200, "Released")]
            assert ends(order)[0] in {(201, "Submitted"), (409, "seat_taken")}


def test_a_replay_and_an_order_with_the_same_guest_take_turns_before_they_lock_a_session(
    stage: Stage, queue: Queue, pair: tuple[Seller, Seller]
) -> None:
    day, (one, other) = stage.new_day(capacity=5), pair
    session = stage.session("show", day)
    guest = {"externalReferenceNumbers": [f"GUEST-{stage.reference()}"]}
    failed = one.create(
        one.order(stage.reference(), visits("NOT-MAPPED", day, "10:00", wallet=guest))
    ).body["orderId"]
    assert one.wait(failed).body["status"] == "Error"
    # Large, so that it comes to the session after the replay has taken its next turn.
    large = {"itemNumber": "ANYDAY", "quantity": 500}
    body = other.order(stage.reference(), visits("SHOW", day, "10:00", wallet=guest), large)
    with mapped(stage), somebody(stage) as first, somebody(stage) as second:
        first.execute(RESIZE, [0, session])
        replay = queue.join(lambda: replayed(stage, failed))
        order = queue.join(lambda: other.create(body))
        resize = queue.join(lambda: second.execute(RESIZE, [5, session]))
        first.commit()
        resize.result(SECONDS)
        second.commit()
        assert (replay.result(SECONDS), *ends(order)) in {
            ("done", (400, "external_reference_taken")),
            ("refused: ExternalReferenceTaken", (201, "Submitted")),
        }


@pytest.mark.parametrize("way", ["hold", "order", "replacement"])
def test_who_plans_again_does_not_wait_for_a_session_that_is_opened_meanwhile(
    stage: Stage, queue: Queue, pair: tuple[Seller, Seller], way: str
) -> None:
    """The cancellation has it, and waits for the one that was lost at first."""
    one, other = pair
    day = next(day for day in days(stage) if show(stage, day, "10:00") < show(stage, day, "12:00"))
    both = visits("SHOW", day, "10:00"), visits("SHOW", day, "12:00")
    cancelled = settled(other, other.order(stage.reference(), *both))
    ask = asked(one, stage.reference(), visits("EITHER-SHOW", day), way=way)
    open_for_sale(stage, show(stage, day, "10:00"), False)
    with beaten(stage, queue, ask, show(stage, day, "12:00"), places=5) as (again, go_on):
        open_for_sale(stage, show(stage, day, "10:00"), True)
        cancellation = queue.join(lambda: other.delete(cancelled))
        go_on()
        assert ends(cancellation) == [(200, "Cancelled")]
        assert ends(again)[0][1] in {"Held", "Submitted"}


def test_who_plans_again_does_not_wait_for_a_session_of_a_number_that_is_mapped_meanwhile(
    stage: Stage, queue: Queue, pair: tuple[Seller, Seller]
) -> None:
    one, other = pair
    stalls = functools.partial(stage.session, "stalls")
    day = next(day for day in days(stage) if show(stage, day, "10:00") < stalls(day))
    cancelled = settled(other, other.order(stage.reference(), visits("EVENING", day, "10:00")))
    lines = visits("STALLS", day, "10:00"), visits("NOT-MAPPED", day, "10:00")
    ask = asked(one, stage.reference(), *lines)
    with beaten(stage, queue, ask, stalls(day), places=20) as (again, go_on), mapped(stage):
        cancellation = queue.join(lambda: other.delete(cancelled))
        go_on()
        assert ends(again, cancellation) == [(200, "Cancelled"), (201, "Submitted")]
    assert one.wait(again.result().body["orderId"]).body["status"] == "Error"


def test_a_replay_does_not_wait_for_a_session_of_a_number_that_is_mapped_meanwhile(
    stage: Stage, queue: Queue, pair: tuple[Seller, Seller]
) -> None:
    """It takes the places again that went back first, and has their session by then."""
    one, other = pair
    stalls = functools.partial(stage.session, "stalls")
    day = next(day for day in days(stage) if show(stage, day, "10:00") < stalls(day))
    cancelled = settled(other, other.order(stage.reference(), visits("EVENING", day, "10:00")))
    lines = visits("STALLS", day, "10:00"), visits("NOT-MAPPED", day, "10:00")
    failed = one.create(one.order(stage.reference(), *lines)).body["orderId"]
    assert one.wait(failed).body["status"] == "Error"
    stage.stack.sql(GO_BACK, failed)
    with somebody(stage) as first:
        first.execute(LOCK, [stalls(day)])
        replay = queue.join(lambda: replayed(stage, failed))
        with mapped(stage):
            cancellation = queue.join(lambda: other.delete(cancelled))
            first.commit()
            assert ends(cancellation) == [(200, "Cancelled")]
            assert replay.result(SECONDS) == "refused: InvalidRequest"


def days(stage: Stage) -> Iterator[str]:
    """Yield new days: the keys of their sessions are in one order here and in another there."""
    while True:
        yield stage.new_day(capacity=5)


def show(stage: Stage, day: str, at: str) -> str:
    return stage.session("show", day, at)


def asked(
    seller: Seller, reference: str, *lines: dict[str, Any], way: str = "order"
) -> Callable[[], Answer]:
    """Return the call that takes places for lines; the order that is replaced has none."""
    body = seller.order(reference, *lines, paid=False)
    match way:
        case "hold":
            return lambda: seller.hold(*lines)
        case "order":
            return lambda: seller.create(body)
    before = seller.order(reference, {"itemNumber": "ANYDAY", "quantity": 1}, paid=False)
    replaced = settled(seller, before)
    return lambda: seller.replace(replaced, body)


def settled(seller: Seller, body: dict[str, Any]) -> str:
    order_id = str(seller.create(body).body["orderId"])
    assert seller.wait(order_id).body["status"] in {"Draft", "Issued"}
    return order_id


def open_for_sale(stage: Stage, session: str, is_on_sale: bool) -> None:
    switch = "UPDATE catalog_session SET is_on_sale = %s WHERE id = %s::uuid"
    stage.stack.sql(switch, is_on_sale, session)


@contextmanager
def beaten(
    stage: Stage, queue: Queue, ask: Callable[[], Answer], session: str, *, places: int
) -> Iterator[tuple[Future[Answer], Callable[[], None]]]:
    """Yield a call that has lost a session, and waits to lock it and plan again until it may go on.

    One place of the session is sold; it has as many as before by then.
    """
    with somebody(stage) as first, somebody(stage) as second:
        first.execute(RESIZE, [1, session])
        call = queue.join(ask)
        resize = queue.join(lambda: second.execute(RESIZE, [places, session]))
        first.commit()
        resize.result(SECONDS)
        wait_for("it waits again", lambda: stage.waiting > 0, seconds=SECONDS)
        yield call, second.commit


@contextmanager
def mapped(stage: Stage) -> Iterator[None]:
    """Have the number that nobody knows mapped for a while."""
    switch = "UPDATE catalog_packagemapping SET is_active = %s WHERE item_number = 'NOT-MAPPED'"
    stage.stack.sql(switch, True)
    try:
        yield
    finally:
        stage.stack.sql(switch, False)


def replayed(stage: Stage, order_id: str) -> str:
    entrants = json.dumps([{"do": "replay", "order": order_id}])
    (ended,) = json.loads(stage.stack.django("tests.concurrency.racers", given=entrants))
    return str(ended)

"""Two callers who want different ends for the same order: one after the other, never both."""

from __future__ import annotations

import json
from collections.abc import Callable

from tests.process import wait_for
from tests.stack import Stack
from tests.traffic import Answer, Seller, at_once, day_tickets

Settled = Callable[..., str]
Outcome = tuple[int, str]
_RUNNING = "SELECT 1 FROM orders_batch WHERE finished_at IS NULL"


def both(*calls: Callable[[], Answer]) -> tuple[Outcome, ...]:
    """Make the calls at once; return each one's status and the order's, or the error's code."""
    answers = at_once(calls)
    return tuple(
        (answer.status, answer.body.get("code") or answer.body["status"]) for answer in answers
    )


def test_confirming_races_deleting_a_draft(seller: Seller, settled: Settled) -> None:
    with seller.twin() as twin:
        for _ in range(20):
            order_id = settled("Draft")
            outcome = both(
                lambda: seller.confirm(order_id),  # noqa: B023
                lambda: twin.delete(order_id),  # noqa: B023
            )
            assert outcome in {
                ((200, "Issued"), (200, "Cancelled")),
                ((404, "not_found"), (200, "Cancelled")),
            }


def test_replacing_races_deleting_a_draft(stack: Stack, seller: Seller, settled: Settled) -> None:
    with seller.twin() as twin:
        for _ in range(10):
            order_id = settled("Draft")
            before = seller.get(order_id).body["sellToOrderReference"]
            body = seller.order(before, day_tickets(3))
            outcome = both(
                lambda: seller.replace(order_id, body),  # noqa: B023
                lambda: twin.delete(order_id),  # noqa: B023
            )
            assert outcome in {
                ((200, "Submitted"), (200, "Cancelled")),  # replaced, issued, cancelled
                ((200, "Submitted"), (409, "order_state_conflict")),
                ((404, "not_found"), (200, "Cancelled")),
            }
            stack.wait_until_settled(seconds=30)


def test_an_issued_order_is_cancelled_once_by_two_deletes(
    stack: Stack, seller: Seller, settled: Settled
) -> None:
    with seller.twin() as twin:
        for _ in range(5):
            order_id = settled("Issued")
            outcome = both(
                lambda: seller.delete(order_id),  # noqa: B023
                lambda: twin.delete(order_id),  # noqa: B023
            )
            assert outcome == ((200, "Cancelled"), (200, "Cancelled"))
            postings = stack.sql(
                "SELECT kind, gross FROM orders_ledgerentry WHERE order_id = %s ORDER BY id",
                order_id,
            )
            assert [(kind, str(gross)) for kind, gross in postings] == [
                ("sale", "34.500"),
                ("reversal", "-34.500"),
            ]


def test_two_drafts_that_exchange_their_guest_numbers_do_not_both_get_them(
    seller: Seller, settled: Settled, reference: Callable[[], str]
) -> None:
    with seller.twin() as twin:
        for _ in range(3):
            numbers = [f"{reference()}/1", f"{reference()}/2"]
            drafts = [
                settled("Draft", items=[day_tickets(1, externalReferenceNumbers=[number])])
                for number in numbers
            ]
            bodies = [
                seller.order(
                    seller.get(draft).body["sellToOrderReference"],
                    day_tickets(1, externalReferenceNumbers=[number]),
                )
                for draft, number in zip(drafts, reversed(numbers), strict=True)
            ]
            outcome = both(
                lambda: seller.replace(drafts[0], bodies[0]),  # noqa: B023
                lambda: twin.replace(drafts[1], bodies[1]),  # noqa: B023
            )
            assert {code for _, code in outcome} <= {
                "Submitted",
                "external_reference_taken",  # the other one had it still
            }


def test_a_cause_is_replayed_once_by_three_who_press_and_a_worker_that_is_killed(
    stack: Stack, settled: Settled
) -> None:
    stack.sql("UPDATE partners_partner SET sell_by_package_code = false")
    try:
        failed = [settled("Error") for _ in range(6)]
    finally:
        stack.sql("UPDATE partners_partner SET sell_by_package_code = true")
    stack.stop_workers()
    entrants = [{"do": "replay cause", "order": failed[0]} for _ in range(3)]
    said = stack.django("tests.concurrency.racers", given=json.dumps(entrants))
    assert sorted(json.loads(said)) == ["done", *["refused: NothingToReplay"] * 2]
    stack.start_worker(wait=False).kill()
    stack.start_worker()
    stack.wait_until_settled(seconds=30)
    wait_for("the replay has ended", lambda: not stack.sql(_RUNNING), seconds=30)
    stack.wait_until_settled(seconds=30)
    outcomes = stack.sql(
        "SELECT r.outcome, o.status, (SELECT count(*) FROM history_event AS e"
        " WHERE e.subject_id = o.id AND e.name = 'replayed')"
        " FROM orders_batchorder AS r JOIN orders_order AS o ON o.id = r.order_id"
        " WHERE o.id = ANY(%s::uuid[])",
        failed,
    )
    assert outcomes == [("replayed", "Issued", 1)] * 6


def test_an_order_is_replayed_once_by_two_who_press_the_button(
    stack: Stack, settled: Settled
) -> None:
    stack.sql("UPDATE partners_partner SET sell_by_package_code = false")
    try:
        failed = [settled("Error") for _ in range(4)]
    finally:
        stack.sql("UPDATE partners_partner SET sell_by_package_code = true")
    stack.stop_workers()
    entrants = [{"do": "replay", "order": order_id} for order_id in failed for _ in range(2)]
    said = stack.django("tests.concurrency.racers", given=json.dumps(entrants))
    ended = json.loads(said)
    for one, other in zip(ended[::2], ended[1::2], strict=True):
        assert {one, other} == {"done", "refused: OrderStateConflict"}
    stack.start_worker()
    stack.wait_until_settled(seconds=30)
    states = stack.sql(
        "SELECT DISTINCT status FROM orders_order WHERE id = ANY(%s::uuid[])", failed
    )
    assert states == [("Issued",)]

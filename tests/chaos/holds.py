"""Holds that end in two ways at once: their places go to an order or back, never both or neither."""

from __future__ import annotations

import random
import time
from collections.abc import Sequence
from functools import partial
from typing import Any

from tests.chaos.places import require_all, unlike
from tests.chaos.stage import Stage
from tests.traffic import Answer, Seller, at_once, visits

# How long before and after its time a hold is converted in the race with its expiry.
_AROUND = 0.15
ENDED = (409, "hold_ended")


def make_holds(
    stage: Stage, sellers: Sequence[Seller], line: dict[str, Any], *, seconds: float = 300.0
) -> list[str]:
    """Make a hold for each seller, all of which end so many seconds from now; return their ids."""
    answers = at_once([partial(seller.hold, line) for seller in sellers])
    require_all(answers, (201, "Held"))
    holds = [str(answer.body["holdId"]) for answer in answers]
    stage.stack.sql(
        "UPDATE orders_hold SET expires_at = clock_timestamp() + make_interval(secs => %s)"
        " WHERE id = ANY(%s::uuid[])",
        seconds,
        holds,
    )
    return holds


def convert(seller: Seller, reference: str, line: dict[str, Any], hold: str) -> Answer:
    """Order what a hold keeps."""
    return seller.create(seller.order(reference, {**line, "holdId": hold}))


def expiry_against_conversion(stage: Stage, *, holds: int, chance: random.Random) -> list[str]:
    """Convert holds around the moment their time is over, while overdue ones are ended nonstop."""
    day = stage.new_day(capacity=holds)
    line = visits("SHOW", day, "10:00")
    with stage.sellers(holds) as sellers, stage.stack.running_django("tests.chaos.janitor"):
        kept = make_holds(stage, sellers, line, seconds=2 * _AROUND)
        ends_at = time.time() + 2 * _AROUND
        moments = [ends_at + chance.uniform(-_AROUND, _AROUND) for _ in kept]

        def convert_at(moment: float, seller: Seller, hold: str) -> Answer:
            time.sleep(max(0.0, moment - time.time()))  # not to wait: the moment of the race
            return convert(seller, stage.reference(), line, hold)

        answers = at_once(
            [partial(convert_at, *race) for race in zip(moments, sellers, kept, strict=True)]
        )
        stage.wait_until_nothing_is_held(day)
        return _unlike_one_end(stage, day, kept, answers)


def _unlike_one_end(
    stage: Stage, day: str, holds: Sequence[str], answers: Sequence[Answer]
) -> list[str]:
    """Return what is wrong unless each hold became an order that was answered, or expired."""
    wrong = unlike(stage, answers, {(201, "Submitted"), ENDED})
    rows = stage.stack.sql(
        "SELECT h.id::text, h.status, e.subject_id::text, sum(a.quantity) FROM orders_hold h"
        " LEFT JOIN history_event e ON e.name = 'submitted' AND e.data -> 'holds' ? h.id::text"
        " LEFT JOIN orders_orderline l ON l.order_id = e.subject_id"
        " LEFT JOIN orders_allocation a ON a.line_id = l.id"
        " WHERE h.id = ANY(%s::uuid[]) GROUP BY h.id, e.subject_id",
        list(holds),
    )
    found = {hold: tuple(rest) for hold, *rest in rows}
    for hold, answer in zip(holds, answers, strict=True):
        order = answer.body["orderId"] if answer.status == 201 else None
        expected = ("Converted", order, 1) if order else ("Expired", None, None)
        if found.get(hold) != expected:
            wrong.append(f"hold {hold} should be {expected} and is {found.get(hold)}")
    sold = sum(answer.status == 201 for answer in answers)
    if stage.taken(day) != (0, sold):
        wrong.append(f"{stage.taken(day)} are held and sold after {sold} conversions")
    return wrong


def converted_twice(stage: Stage, *, holds: int) -> list[str]:
    """Have two orders want the same hold: one gets it, the other is told that it has ended."""
    day = stage.new_day(capacity=holds)
    line = visits("SHOW", day, "10:00")
    with stage.sellers(2 * holds) as sellers:
        kept = make_holds(stage, sellers[:holds], line)
        answers = at_once(
            [
                partial(convert, seller, stage.reference(), line, hold)
                for seller, hold in zip(sellers, [*kept, *kept], strict=True)
            ]
        )
    wrong = unlike(stage, answers, {(201, "Submitted"), ENDED})
    for hold, one, other in zip(kept, answers[:holds], answers[holds:], strict=True):
        if sorted((one.status, other.status)) != [201, 409]:
            wrong.append(f"hold {hold} was converted: {one.status} and {other.status}")
    if stage.taken(day) != (0, holds):
        wrong.append(f"{stage.taken(day)} are held and sold of {holds}")
    return wrong

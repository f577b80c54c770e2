"""Orders and holds that several ends come to at once: their places go back exactly once."""

from __future__ import annotations

import json
import random
import threading
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

from tests.chaos.holds import ENDED, convert, make_holds
from tests.chaos.places import SETTLE_SECONDS, make_drafts, unlike
from tests.chaos.stage import Stage
from tests.process import wait_for
from tests.traffic import Answer, Seller, at_once, visits

_SHOPPED = {(201, "Held"), (201, "Submitted"), (200, "Released"), (409, "sold_out")}
_GONE = {(404, "not_found"), (409, "order_state_conflict")}


def drafts_ending_in_every_way(stage: Stage, *, drafts: int) -> list[str]:
    """Have drafts expire while each is deleted twice, confirmed, and replaced by another day."""
    days = [stage.new_day(capacity=3 * drafts) for _ in range(2)]
    with stage.sellers(4 * drafts) as sellers, stage.stack.running_django("tests.chaos.janitor"):
        lines = [visits("SHOW", days[0], "10:00", quantity=2)] * drafts
        made = make_drafts(stage, sellers[:drafts], lines)
        calls: list[Callable[[], Answer]] = []
        for draft, four in zip(made, _in_fours(sellers), strict=True):
            order, other_day = draft["orderId"], visits("SHOW", days[1], "10:00", quantity=3)
            body = four[0].order(draft["sellToOrderReference"], other_day, paid=False)
            calls += [
                partial(four[0].replace, order, body),
                partial(four[1].confirm, order),
                partial(four[2].delete, order),
                partial(four[3].delete, order),
            ]
        stage.stack.sql(
            "UPDATE orders_order SET draft_expires_at = clock_timestamp()"
            " WHERE status = 'Draft' AND id = ANY(%s::uuid[])",
            [draft["orderId"] for draft in made],
        )
        answers = at_once(calls)
    stage.stack.wait_until_settled(seconds=SETTLE_SECONDS)
    allowed = {(200, "Submitted"), (200, "Issued"), (200, "Cancelled"), *_GONE}
    return [*unlike(stage, answers, allowed), *sold_unlike_orders(stage, days)]


def orders_changing_size(stage: Stage, *, orders: int) -> list[str]:
    """Replace the orders of a full session at once: half of them grow, by what the others leave."""
    day = stage.new_day(capacity=2 * orders)
    with stage.sellers(orders) as sellers:
        made = make_drafts(stage, sellers, [visits("SHOW", day, "10:00", quantity=2)] * orders)

        def resized(number: int, seller: Seller) -> Answer:
            draft = made[number]
            line = visits("SHOW", day, "10:00", quantity=(1, 3)[number % 2])
            body = seller.order(draft["sellToOrderReference"], line, paid=False)
            return seller.replace(draft["orderId"], body)

        answers = at_once([partial(resized, *entry) for entry in enumerate(sellers)])
    wrong = unlike(stage, answers, {(200, "Submitted"), (409, "sold_out")})
    if any(answer.status != 200 for answer in answers[::2]):
        wrong.append("an order that only gave places back was refused")
    return [*wrong, *sold_unlike_orders(stage, [day])]


def holds_ending_in_every_way(stage: Stage, *, holds: int) -> list[str]:
    """Have each hold released twice and converted while its time is over and it is being ended."""
    day = stage.new_day(capacity=holds)
    line = visits("SHOW", day, "10:00")
    with stage.sellers(3 * holds) as sellers, stage.stack.running_django("tests.chaos.janitor"):
        kept = make_holds(stage, sellers[:holds], line, seconds=0.2)
        calls: list[Callable[[], Answer]] = []
        for hold, one, other, third in zip(
            kept, sellers[:holds], sellers[holds:], sellers[2 * holds :], strict=False
        ):
            calls += [
                partial(one.release, hold),
                partial(convert, other, stage.reference(), line, hold),
                partial(third.release, hold),
            ]
        answers = at_once(calls)
        stage.wait_until_nothing_is_held(day)
    ends = {(200, name) for name in ("Released", "Converted", "Expired")}
    return [
        *unlike(stage, answers, {(201, "Submitted"), ENDED, *ends}),
        *sold_unlike_orders(stage, [day]),
    ]


def capacity_changed_while_selling(
    stage: Stage, *, clients: int, changes: int, chance: random.Random
) -> list[str]:
    """Have staff change a session's capacity nonstop while clients hold, buy and give back."""
    day = stage.new_day(capacity=10)
    session = stage.session("show", day)
    seed = str(chance.randrange(10**6))
    said, answers = _while_shopping(
        stage,
        lambda: stage.stack.django("tests.chaos.resizer", session, seed, str(changes)),
        day=day,
        clients=clients,
        chance=chance,
    )
    wrong, report = unlike(stage, answers, _SHOPPED), json.loads(said)
    [(capacity,)] = stage.stack.sql("SELECT capacity FROM catalog_session WHERE id = %s", session)
    if capacity != report["capacity"]:
        wrong.append(f"the capacity is {capacity} after it was last set to {report['capacity']}")
    if not 0 < report["refused"] < changes:
        wrong.append(f"{report['refused']} of {changes} changes were refused: no race")
    return wrong


def day_closed_while_selling(
    stage: Stage, *, clients: int, chance: random.Random, moving: bool
) -> list[str]:
    """Have staff close a day while clients hold, buy and give back: nobody keeps a visit there."""
    days = [stage.new_day(capacity=1000) for _ in range(2 if moving else 1)]
    closure, answers = _while_shopping(
        stage,
        lambda: stage.stack.django("tests.chaos.closer", *days),
        day=days[0],
        clients=clients,
        chance=chance,
    )
    closed = {(400, "venue_closed"), (400, "unknown_session"), (200, "Expired"), ENDED}
    wrong = unlike(stage, answers, {*_SHOPPED, *closed})
    status = "SELECT 1 FROM orders_closure WHERE id = %s::uuid AND status = 'Done'"
    wait_for("it is done", lambda: stage.stack.sql(status, closure.strip()), seconds=SETTLE_SECONDS)
    if stage.taken(days[0]) != (0, 0):
        wrong.append(f"{stage.taken(days[0])} are held and sold of a day that is closed")
    sold = sum(answer.status == 201 and "orderId" in answer.body for answer in answers)
    [(outcomes,)] = stage.stack.sql(
        "SELECT count(*) FROM orders_closureorder WHERE closure_id = %s::uuid", closure.strip()
    )
    if outcomes != sold:
        wrong.append(f"{outcomes} orders are listed of {sold} that were taken")
    return [*wrong, *sold_unlike_orders(stage, days)]


def sold_unlike_orders(stage: Stage, days: Sequence[str]) -> list[str]:
    """Return what is wrong unless as many places are sold as living orders have visits."""
    wrong = []
    for day in days:
        [(ordered,)] = stage.stack.sql(
            "SELECT coalesce(sum(l.quantity), 0)::int FROM orders_orderline l"
            " JOIN orders_order o ON o.id = l.order_id"
            " WHERE o.status <> 'Cancelled' AND o.venue_id = %s AND l.visit_date = %s",
            stage.made["venue"],
            day,
        )
        if stage.taken(day) != (0, ordered):
            wrong.append(f"{stage.taken(day)} are held and sold of {ordered} that are ordered")
    return wrong


def _while_shopping(
    stage: Stage, work: Callable[[], str], *, day: str, clients: int, chance: random.Random
) -> tuple[str, list[Answer]]:
    """Have clients shop until a program has ended; return what it said, and their answers."""
    done = threading.Event()
    said: list[str] = []

    def run() -> list[Answer]:
        try:
            said.append(work())
        finally:
            done.set()
        return []

    seeds = [chance.random() for _ in range(clients)]
    with stage.sellers(clients) as sellers:
        shoppers = [
            partial(_shop, stage, seller, day, random.Random(seed), done)
            for seller, seed in zip(sellers, seeds, strict=True)
        ]
        answers = [answer for each in at_once([run, *shoppers]) for answer in each]
    return said[0], answers


def _shop(
    stage: Stage, seller: Seller, day: str, chance: random.Random, done: threading.Event
) -> list[Answer]:
    """Hold and buy or give back, again and again until it is done."""
    answers: list[Answer] = []
    while not done.is_set():
        line: dict[str, Any] = visits("SHOW", day, "10:00", quantity=chance.randint(1, 3))
        answers.append(seller.hold(line))
        if answers[-1].status == 201:
            hold = str(answers[-1].body["holdId"])
            if chance.random() < 0.1:
                answers.append(convert(seller, stage.reference(), line, hold))
            else:
                answers.append(seller.release(hold))
    return answers


def _in_fours(sellers: Sequence[Seller]) -> list[Sequence[Seller]]:
    return [sellers[first : first + 4] for first in range(0, len(sellers), 4)]

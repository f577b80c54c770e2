"""Many clients who want the same few places: none is sold twice, and everybody gets an answer.

Each race has a day of its own and returns what went wrong in sentences; orders settle later.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from typing import Any

from tests.chaos.stage import Stage
from tests.traffic import Answer, Seller, at_once, visits

SETTLE_SECONDS = 60.0
TOURS = ("TOUR-ABC", "TOUR-BCA", "TOUR-CBA")
EVENINGS = ("EVENING", "GNINEVE")
SEATS = tuple(f"{row}{n}" for row in "AB" for n in range(1, 11))

Outcome = tuple[int, str]
Line = Callable[[int], dict[str, Any]]


def sell_out(stage: Stage, *, clients: int, places: int) -> list[str]:
    """Have more clients than places; each wants one, all at the same moment."""
    day = stage.new_day(capacity=places)
    return _fight(stage, day, clients, places, lambda _: visits("SHOW", day, "10:00"))


def tours_in_any_order(stage: Stage, *, calls: int, places: int) -> list[str]:
    """Sell packages that go through the same three sessions in different orders."""
    day = stage.new_day(capacity=places)
    return _fight(
        stage, day, calls, places, lambda n: visits(TOURS[n % len(TOURS)], day, "10:00"), per=3
    )


def fill_seats(stage: Stage, *, clients: int) -> list[str]:
    """Have the product choose among 20 numbered seats, for two packages that also need a show."""
    day = stage.new_day(capacity=100)
    wrong = _fight(stage, day, clients, 20, lambda n: visits(EVENINGS[n % 2], day, "10:00"), per=2)
    return [*wrong, *_seats_sold(stage, day, 20)]


def name_seats(stage: Stage, *, clients: int, chance: random.Random) -> list[str]:
    """Have clients name three seats each, in any order; who shares one with another loses."""
    day = stage.new_day()
    wanted = [chance.sample(SEATS, 3) for _ in range(clients)]

    def line(number: int) -> dict[str, Any]:
        return visits("STALLS", day, "10:00", quantity=3, seats=wanted[number])

    answers = _order_at_once(stage, clients, line)
    wrong = [*unlike(stage, answers, {(201, "Submitted"), (409, "seat_taken"), (409, "sold_out")})]
    got = [seats for seats, answer in zip(wanted, answers, strict=True) if answer.status == 201]
    if not got:
        wrong.append("nobody got the seats they named")
    return [*wrong, *_seats_sold(stage, day, 3 * len(got))]


def exchange_days(stage: Stage, *, pairs: int, spare: int) -> list[str]:
    """Have drafts of two days replaced at once, each by a visit on the other day.

    `spare` are the places beyond those sold: without any, nobody may move.
    """
    days = [stage.new_day(capacity=pairs + spare) for _ in range(2)]
    with stage.sellers(2 * pairs) as sellers:
        drafts = make_drafts(
            stage, sellers, [visits("SHOW", days[n % 2], "10:00") for n in range(2 * pairs)]
        )
        answers = at_once(
            [
                partial(
                    seller.replace,
                    draft["orderId"],
                    seller.order(
                        draft["sellToOrderReference"],
                        visits("SHOW", days[(number + 1) % 2], "10:00"),
                        paid=False,
                    ),
                )
                for number, (seller, draft) in enumerate(zip(sellers, drafts, strict=True))
            ]
        )
    wrong = [*unlike(stage, answers, {(200, "Submitted"), (409, "sold_out")})]
    moved = sum(answer.status == 200 for answer in answers)
    if spare >= pairs and moved != 2 * pairs:
        wrong.append(f"{moved} of {2 * pairs} orders moved, with room for all")
    if not spare and moved:
        wrong.append(f"{moved} orders moved to a day that was full")
    sold = [stage.taken(day)[1] for day in days]
    if sum(sold) != 2 * pairs:
        wrong.append(f"{sold} places are sold after {2 * pairs} orders exchanged days")
    return wrong


def make_drafts(
    stage: Stage, sellers: Sequence[Seller], lines: Sequence[dict[str, Any]]
) -> list[dict[str, Any]]:
    """Create a draft of each line, one for each seller, and return them once they are settled."""
    bodies = [
        seller.order(stage.reference(), line, paid=False)
        for seller, line in zip(sellers, lines, strict=True)
    ]
    answers = at_once(
        [partial(seller.create, body) for seller, body in zip(sellers, bodies, strict=True)]
    )
    require_all(answers, (201, "Submitted"))
    stage.stack.wait_until_settled(seconds=SETTLE_SECONDS)
    return [answer.body for answer in answers]


def outcome(answer: Answer) -> Outcome:
    """Return an answer's status with the order's or hold's, or the error's code."""
    return answer.status, str(answer.body.get("code") or answer.body["status"])


def require_all(answers: Iterable[Answer], expected: Outcome) -> None:
    """Raise AssertionError unless every answer is the one that a race is prepared with."""
    counted = Counter(map(outcome, answers))
    if counted.keys() != {expected}:
        raise AssertionError(f"not all were {expected}: {counted}")


def unlike(stage: Stage, answers: Iterable[Answer], allowed: Iterable[Outcome]) -> list[str]:
    """Note how a race ended; return a sentence for each kind of answer that is not allowed."""
    counted = Counter(map(outcome, answers))
    for (_status, name), count in counted.items():
        stage.noted[name] += count
    return [
        f"{count} answers were {status} {name}"
        for (status, name), count in counted.items()
        if (status, name) not in set(allowed)
    ]


def _fight(
    stage: Stage, day: str, clients: int, places: int, line: Line, *, per: int = 1
) -> list[str]:
    """Order at once; return what is wrong unless as many got one as there are places.

    `per` is how many places one of them takes, over all sessions.
    """
    answers = _order_at_once(stage, clients, line)
    wrong = [*unlike(stage, answers, {(201, "Submitted"), (409, "sold_out")})]
    accepted = sum(answer.status == 201 for answer in answers)
    if accepted != places:
        wrong.append(f"{accepted} of {clients} were accepted for {places} places")
    untold = sum(answer.status == 409 and answer.body.get("placesLeft") != 0 for answer in answers)
    if untold:
        wrong.append(f"{untold} refusals do not tell that no places are left")
    if stage.taken(day) != (0, places * per):
        wrong.append(f"{stage.taken(day)} places are held and sold, of {places * per}")
    return wrong


def _order_at_once(stage: Stage, clients: int, line: Line) -> list[Answer]:
    with stage.sellers(clients) as sellers:
        return at_once(
            [
                partial(seller.create, seller.order(stage.reference(), line(number)))
                for number, seller in enumerate(sellers)
            ]
        )


def _seats_sold(stage: Stage, day: str, expected: int) -> list[str]:
    """Return what is wrong unless so many different seats were sold."""
    [(rows, seats)] = stage.stack.sql(
        "SELECT count(*), count(DISTINCT seat_id) FROM orders_allocation"
        " WHERE session_id = %s::uuid",
        stage.session("stalls", day),
    )
    return [] if (rows, seats) == (expected, expected) else [f"{seats} seats in {rows} rows sold"]

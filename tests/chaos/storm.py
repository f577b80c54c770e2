"""Everything at once on two small days: orders and holds made, changed and ended by many clients.

Each client's moves are drawn from a seed. Every answer must be one that the contract knows; what
became of it all is for the invariants to say.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from tests.chaos.places import EVENINGS, SEATS, TOURS, Outcome, outcome
from tests.chaos.stage import Stage
from tests.traffic import Answer, Seller, at_once, visits

CAPACITY = 12
NOT_MAPPED = "NOT-MAPPED"
TAKEN = "external_reference_taken"
_TIMES = ("10:00", "12:00", "14:00")
_NO_ROOM = {(409, "sold_out"), (409, "seat_taken")}
_ORDERED = {
    (201, "Submitted"),
    *_NO_ROOM,
    (409, "hold_ended"),
    (400, "duplicate_order"),
    (400, TAKEN),
}
_CHANGED = {(404, "not_found"), (409, "order_state_conflict")}
ALLOWED: dict[str, set[Outcome]] = {
    "create": _ORDERED,
    "convert": _ORDERED,
    "twice": _ORDERED,
    "hold": {(201, "Held"), *_NO_ROOM},
    "extend": {(200, "Held"), (409, "hold_ended")},
    "release": {(200, "Released"), (200, "Expired"), (200, "Converted")},
    "replace": {(200, "Submitted"), *_CHANGED, *_ORDERED} - {(400, "duplicate_order")},
    "confirm": {(200, "Issued"), *_CHANGED},
    "delete": {(200, "Cancelled"), *_CHANGED},
}
_WEIGHTS = {
    "create": 6,
    "convert": 5,
    "twice": 2,
    "hold": 6,
    "extend": 1,
    "release": 2,
    "replace": 5,
    "confirm": 2,
    "delete": 5,
}


@dataclass
class Storm:
    """One run; `answers` counts every move and its outcome, `deadlocks` those of the database."""

    stage: Stage
    seed: int
    clients: int
    moves: int
    staffed: bool = False  # whether staff and a worker without rest join in
    answers: Counter[tuple[str, Outcome]] = field(default_factory=Counter)
    deadlocks: int = 0
    _wrong: list[str] = field(default_factory=list)
    _days: Sequence[str] = ()
    # By partner: what clients of it may lay hands on, each other's things too.
    _orders: tuple[list[dict[str, Any]], ...] = ([], [])
    _holds: tuple[list[tuple[str, dict[str, Any]]], ...] = ([], [])

    def run(self) -> list[str]:
        """Let all clients loose, half of them for each partner; return what was wrong."""
        before = self.stage.deadlocks
        self._orders, self._holds = ([], []), ([], [])
        self._days = [self.stage.new_day(capacity=CAPACITY) for _ in range(2)]
        clients = [partial(self._client, number) for number in range(self.clients)]
        with ExitStack() as exits:
            for program in ("tests.chaos.janitor", "tests.chaos.staff") if self.staffed else ():
                arguments = () if program.endswith("janitor") else (str(self.seed), *self._days)
                exits.enter_context(self.stage.stack.running_django(program, *arguments))
            at_once(clients)
        self.deadlocks = self.stage.deadlocks - before
        return self._wrong

    def _client(self, number: int) -> None:
        chance = random.Random(f"{self.seed}/{number}")
        names, weights = list(_WEIGHTS), list(_WEIGHTS.values())
        partner = number % 2
        with self.stage.seller(partner) as seller, self.stage.seller(partner) as twin:
            client = _Client(self, partner, seller, twin, chance)
            for _ in range(self.moves):
                (move,) = chance.choices(names, weights)
                for answer in getattr(client, move)():
                    self.answers[move, outcome(answer)] += 1
                    self.stage.noted[outcome(answer)[1]] += 1
                    if not self._is_known(move, answer):
                        self._wrong.append(f"{move} was answered {answer.status} {answer.body}")

    def _is_known(self, move: str, answer: Answer) -> bool:
        if outcome(answer) in ALLOWED[move]:
            return True
        # A session that staff took off sale is told of together with whatever else is wrong.
        faults = {fault["code"] for fault in answer.body.get("errors", ())}
        off_sale = "unknown_session" in faults
        return self.staffed and off_sale and faults <= {"unknown_session", TAKEN}

    def line(self, partner: int, chance: random.Random) -> dict[str, Any]:
        """Return a line of any kind."""
        day, at = chance.choice(self._days), chance.choice(_TIMES)
        match chance.randrange(7):
            case 0:
                return visits("SHOW", day, at, quantity=chance.randint(1, 3))
            case 1:
                return visits("SHOW-GROUP", day, at, quantity=chance.randint(2, 5))
            case 2:
                return visits("EITHER-SHOW", day, quantity=chance.randint(1, 3))
            case 3:
                return visits("ALLOTTED" if partner else "SHOW", day, at)
            case 4:
                return visits(chance.choice(TOURS), day, "10:00", quantity=chance.randint(1, 2))
            case 5:
                seats = chance.sample(SEATS, chance.randint(1, 3))
                return visits("STALLS", day, "10:00", quantity=len(seats), seats=seats)
        return visits(chance.choice(EVENINGS), day, "10:00", quantity=chance.randint(1, 2))


@dataclass
class _Client:
    """A client's moves; each yields its answers, and none where there is nothing to move."""

    storm: Storm
    partner: int
    seller: Seller
    twin: Seller
    chance: random.Random

    def create(self) -> list[Answer]:
        return [self._order(self._body())]

    def twice(self) -> list[Answer]:
        """Send the same order twice at once, as a client does who lost patience."""
        body = self._body()
        answers = at_once([partial(self.seller.create, body), partial(self.twin.create, body)])
        self.twin.close()  # the server would, while it is idle
        for answer in answers:
            self._remember(answer)
        return answers

    def convert(self) -> list[Answer]:
        if not (kept := self._any(self._holds)):
            return []
        hold, line = kept
        if self.chance.random() < 0.7 and kept in self._holds:
            self._holds.remove(kept)  # the others are fought for
        return [self._order(self._body({**line, "holdId": hold}))]

    def hold(self) -> list[Answer]:
        line = self._line()
        answer = self.seller.hold(line)
        if answer.status == 201:
            self._holds.append((answer.body["holdId"], line))
            if self.chance.random() < 0.3:
                self._let_expire(answer.body["holdId"])
        return [answer]

    def extend(self) -> list[Answer]:
        return [self.seller.extend(kept[0])] if (kept := self._any(self._holds)) else []

    def release(self) -> list[Answer]:
        return [self.seller.release(kept[0])] if (kept := self._any(self._holds)) else []

    def replace(self) -> list[Answer]:
        if not (order := self._any(self._orders)):
            return []
        lines = [self._line()]
        if (kept := self._any(self._holds)) and self.chance.random() < 0.3:
            lines.append({**kept[1], "holdId": kept[0]})
        body = self.seller.order(order["sellToOrderReference"], *_seated_once(lines), paid=False)
        return [self.seller.replace(order["orderId"], body)]

    def confirm(self) -> list[Answer]:
        order = self._any(self._orders)
        return [self.seller.confirm(order["orderId"])] if order else []

    def delete(self) -> list[Answer]:
        order = self._any(self._orders)
        return [self.seller.delete(order["orderId"])] if order else []

    @property
    def _orders(self) -> list[dict[str, Any]]:
        return self.storm._orders[self.partner]

    @property
    def _holds(self) -> list[tuple[str, dict[str, Any]]]:
        return self.storm._holds[self.partner]

    def _any(self, things: Sequence[Any]) -> Any:
        """Return one of the newest things: the older ones have ended."""
        return self.chance.choice(things[-8:]) if things else None

    def _line(self) -> dict[str, Any]:
        return self.storm.line(self.partner, self.chance)

    def _body(self, *lines: dict[str, Any]) -> dict[str, Any]:
        lines = lines or tuple(self._line() for _ in range(self.chance.choice((1, 1, 2))))
        if self.chance.random() < 0.3:
            lines = (*lines, self._guest())
        paid = self.chance.random() < 0.3
        return self.seller.order(self.storm.stage.reference(), *_seated_once(lines), paid=paid)

    def _guest(self) -> dict[str, Any]:
        """Return a guest with a number, one of few; a third has an order that ends in Error."""
        item = self.chance.choice(("SHOW", "SHOW", NOT_MAPPED))
        guest = {"externalReferenceNumbers": [f"GUEST-{self.chance.randrange(20)}"]}
        return visits(item, self.storm._days[0], self.chance.choice(_TIMES), wallet=guest)

    def _order(self, body: dict[str, Any]) -> Answer:
        answer = self.seller.create(body)
        self._remember(answer)
        return answer

    def _remember(self, answer: Answer) -> None:
        if answer.status == 201:
            self._orders.append(answer.body)

    def _let_expire(self, hold: str) -> None:
        self.storm.stage.stack.sql(
            "UPDATE orders_hold SET expires_at = clock_timestamp() + interval '0.5 s'"
            " WHERE id = %s::uuid AND status = 'Held'",
            hold,
        )


def _seated_once(lines: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """Let only the first line name seats: an order must not name one twice."""
    first, *others = lines
    return [first, *({k: v for k, v in line.items() if k != "seats"} for line in others)]

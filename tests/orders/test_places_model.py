"""Random histories of orders and holds, held step by step against a model that counts in Python."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest
from django.db import transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from catalog.models import Attraction, Package, SeatPlan
from orders import holds, recovery
from orders.models import Allocation, Order
from tests.conftest import ApiClient
from tests.factories import AllotmentFactory
from tests.orders.expected import NOON, Clock, line
from tests.orders.held import HOLDS
from tests.orders.sessions import counters, seated, session

Places = Counter[str]
# Package, time, places, and how many of them our partner may take.
SESSIONS = {"SHOW 12:00": (5, 4), "SHOW 14:00": (3, 4), "PLAY 19:30": (10, 99)}

wanted = st.lists(
    st.tuples(st.sampled_from(sorted(SESSIONS)), st.integers(1, 4)), min_size=1, max_size=3
)
which = st.integers(0, 9)
steps = st.lists(
    st.one_of(
        st.tuples(st.just("create"), wanted, st.booleans()),
        st.tuples(st.just("replace"), which, wanted),
        st.tuples(st.just("delete"), which),
        st.tuples(st.just("confirm"), which),
        st.tuples(st.just("hold"), wanted),
        st.tuples(st.just("convert"), which, wanted),
        st.tuples(st.just("replace by hold"), which, which, wanted),
        st.tuples(st.just("extend"), which),
        st.tuples(st.just("release"), which),
        st.tuples(st.just("wait"), st.integers(1, 9)),
    ),
    min_size=5,
    max_size=20,
)


class Park:
    """A partner's developer beside the model of what must be counted."""

    def __init__(self, api: ApiClient, issue: Callable[[str], Order], clock: Clock) -> None:
        self.api, self.issue, self.clock = api, issue, clock
        self.orders: dict[str, Places] = {}
        self.references: dict[str, str] = {}
        self.drafts: list[str] = []
        self.holds: dict[str, Places] = {}
        self.made: list[str] = []
        self.expires: dict[str, int] = {}
        self.minutes = self.count = 0

    def taken(self, session: str, *, but: tuple[Places, ...] = ()) -> int:
        """Return how many places of a session are taken, without those of some."""
        everybody = [*self.orders.values(), *self.holds.values()]
        return sum(places[session] for places in everybody) - sum(own[session] for own in but)

    def fits(self, want: Places, *own: Places) -> bool:
        return all(
            self.taken(name, but=own) + places <= min(SESSIONS[name])
            for name, places in want.items()
        )

    def body(self, want: list[tuple[str, int]], reference: str, **members: Any) -> Any:
        items = [
            line(name[:4], quantity=places, visitTime=name[5:], **members) for name, places in want
        ]
        return self.api.order_body(*items, sellToOrderReference=reference, paymentReference=None)

    def place(self, want: list[tuple[str, int]], own: Places, **members: Any) -> bool:
        """Create an order; tell whether there was room for it."""
        self.count += 1
        reference = f"WEB-{self.count}"
        response = self.api.post(self.body(want, reference, **members))
        if not self.agrees(response, 201, want, own):
            return False
        order_id = response.json()["orderId"]
        self.settle(order_id, want)
        self.references[order_id] = reference
        self.drafts.append(order_id)
        return True

    def agrees(self, response: Any, status: int, want: Any, *own: Places) -> bool:
        """Tell whether there was room; the model must say the same."""
        has_room = self.fits(total(want), *own)
        assert response.status_code == (status if has_room else 409), response.content
        if not has_room:
            assert response.json()["code"] == "sold_out"
        return has_room

    def settle(self, order_id: str, want: list[tuple[str, int]]) -> None:
        assert self.issue(order_id).status == "Draft"
        self.orders[order_id] = total(want)

    def create(self, want: list[tuple[str, int]], paid: bool) -> None:
        if self.place(want, Counter()) and paid:
            self.confirm(len(self.drafts) - 1)

    def confirm(self, number: int) -> None:
        if self.drafts:
            order_id = self.drafts.pop(number % len(self.drafts))
            assert self.api.confirm(order_id).status_code == 200

    def replace(
        self, number: int, want: list[tuple[str, int]], own: Places | None = None, **members: Any
    ) -> bool:
        if not self.drafts:
            return False
        order_id = self.drafts[number % len(self.drafts)]
        response = self.api.put(order_id, self.body(want, self.references[order_id], **members))
        if not self.agrees(response, 200, want, self.orders[order_id], own or Counter()):
            return False
        self.settle(order_id, want)
        return True

    def delete(self, number: int) -> None:
        if self.orders:
            order_id = sorted(self.orders)[number % len(self.orders)]
            assert self.api.delete(order_id).status_code == 200
            del self.orders[order_id]
            self.drafts = [draft for draft in self.drafts if draft != order_id]

    def hold(self, want: list[tuple[str, int]]) -> None:
        items = self.body(want, "")["items"]
        response = self.api.post({"items": items}, HOLDS)
        if self.agrees(response, 201, want):
            hold_id = response.json()["holdId"]
            self.holds[hold_id] = total(want)
            self.expires[hold_id] = self.minutes + 8
            self.made.append(hold_id)

    def held(self, number: int) -> str | None:
        return self.made[number % len(self.made)] if self.made else None

    def convert(self, number: int, want: list[tuple[str, int]]) -> None:
        hold_id = self.held(number)
        if hold_id is None:
            return
        if hold_id not in self.holds:
            response = self.api.post(self.body(want, "ENDED", holdId=hold_id))
            assert (response.status_code, response.json()["code"]) == (409, "hold_ended")
        elif self.place(want, self.holds[hold_id], holdId=hold_id):
            del self.holds[hold_id]

    def replace_by_hold(self, number: int, which: int, want: list[tuple[str, int]]) -> None:
        hold_id = self.held(which)
        if hold_id in self.holds and self.replace(
            number, want, self.holds[hold_id], holdId=hold_id
        ):
            del self.holds[hold_id]

    def extend(self, number: int) -> None:
        if hold_id := self.held(number):
            response = self.api.request("POST", f"{HOLDS}/{hold_id}/extend")
            assert response.status_code == (200 if hold_id in self.holds else 409)
            if hold_id in self.holds:
                self.expires[hold_id] = min(self.minutes + 8, self.hour_of(hold_id))

    def hour_of(self, hold_id: str) -> int:
        made = self.api.get(f"{HOLDS}/{hold_id}").json()["createdAt"]
        return int(made[14:16]) + 60 * (int(made[11:13]) - NOON.hour) + 60

    def release(self, number: int) -> None:
        if hold_id := self.held(number):
            assert self.api.request("DELETE", f"{HOLDS}/{hold_id}").status_code == 200
            self.holds.pop(hold_id, None)

    def wait(self, minutes: int) -> None:
        """Let time pass; what is over goes back, and the worker looks after the rest."""
        self.minutes += minutes
        now = self.clock.forward(minutes=minutes)
        over = [hold_id for hold_id in self.holds if self.expires[hold_id] <= self.minutes]
        assert holds.expire_holds(now=now) == len(over)
        for hold_id in over:
            del self.holds[hold_id]
        recovery.recover_orders(now=now)

    def expected(self) -> dict[str, str]:
        counted = {}
        for name in SESSIONS:
            held = sum(places[name] for places in self.holds.values())
            sold = sum(places[name] for places in self.orders.values())
            if held or sold:
                where = "theatre" if name.startswith("PLAY") else "cinema"
                counted[f"{where} {name[5:]}"] = f"{held}+{sold}"
        return counted


def total(want: list[tuple[str, int]]) -> Places:
    counted: Places = Counter()
    for name, places in want:
        counted[name] += places
    return counted


@pytest.fixture
def park(
    api: ApiClient,
    issue: Callable[[str], Order],
    clock: Clock,
    cinema: Attraction,
    theatre: Attraction,
    show: Package,
    play: Package,
    hall: SeatPlan,
) -> Callable[[], Park]:
    """Two shows with an allotment, and a play on ten numbered seats."""
    session(cinema, "12:00", capacity=5), session(cinema, "14:00", capacity=3)
    seated(theatre, hall)
    AllotmentFactory.create(partner=api.partner, package=show, places=4)
    assert play.code == "PLAY"

    def opened() -> Park:
        clock.now = NOON
        return Park(api, issue, clock)

    return opened


@given(history=steps)
@settings(
    max_examples=40,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
def test_counters_are_what_a_model_says_after_every_step(
    park: Callable[[], Park], history: list[Any]
) -> None:
    with transaction.atomic():
        it = park()
        for name, *arguments in history:
            getattr(it, name.replace(" ", "_"))(*arguments)
            assert counters() == it.expected()
            seats = Allocation.objects.filter(session__seat_plan__isnull=False)
            assert not seats.filter(seat=None).exists()
        transaction.set_rollback(True)

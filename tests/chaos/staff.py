"""Staff at work in a storm: capacities, moved and cancelled orders, replays, mappings.

`Stack.running_django("tests.chaos.staff", seed, day, day)` runs it for a while. Refusals are part
of the work; anything else ends it, with the reason in its log.
"""

from __future__ import annotations

import datetime
import random
import sys
from collections.abc import Callable
from contextlib import suppress

from django.utils import timezone

from catalog.models import PackageMapping, Session
from catalog.scheduling import PlacesTaken, adjust_session
from channel_manager.lib.errors import Refusal
from orders.cancellation import cancel_order
from orders.lifecycle import replay_order, replay_over_capacity
from orders.models import Order, OrderStatus
from orders.moving import move_order

ACTOR = "staff:1"
VENUE = "stage"
NOT_MAPPED = "NOT-MAPPED"
_MOST_PLACES = 16
_SETTLED = (OrderStatus.DRAFT, OrderStatus.ISSUED, OrderStatus.ERROR)


class Staff:
    """Somebody who presses one button after the other on two days."""

    def __init__(self, chance: random.Random, days: list[datetime.date]) -> None:
        self.chance = chance
        self.days = days
        self.buttons: list[Callable[[], object]] = [
            self.change_a_capacity,
            self.move_an_order,
            self.cancel_an_order,
            self.map_or_forget,
            self.replay,
            self.replay_over_capacity,
        ]

    def press(self) -> None:
        """Do one thing; what is refused was tried."""
        with suppress(Refusal, PlacesTaken):
            self.chance.choice(self.buttons)()

    def change_a_capacity(self) -> None:
        sessions = Session.objects.filter(attraction__venue__code=VENUE, date__in=self.days)
        adjust_session(
            session_id=self.chance.choice(list(sessions.filter(seat_plan=None))).pk,
            capacity=self.chance.randint(0, _MOST_PLACES),
            is_on_sale=self.chance.random() < 0.9,
            actor=ACTOR,
            now=timezone.now(),
        )

    def move_an_order(self) -> None:
        one, other = self.chance.sample(self.days, 2)
        if order := self._any(*_SETTLED):
            move_order(
                orders=Order.objects.all(),
                order_id=order.pk,
                from_date=one,
                to_date=other,
                actor=ACTOR,
                now=timezone.now(),
            )

    def cancel_an_order(self) -> None:
        if self.chance.random() < 0.3 and (order := self._any(*_SETTLED)):
            cancel_order(
                orders=Order.objects.all(), order_id=order.pk, actor=ACTOR, now=timezone.now()
            )

    def map_or_forget(self) -> None:
        """Map the number that nobody knows, or take its mappings away: replays come through."""
        PackageMapping.objects.filter(item_number=NOT_MAPPED).update(
            is_active=self.chance.random() < 0.5
        )

    def replay(self) -> None:
        if order := self._any(OrderStatus.ERROR):
            replay_order(
                orders=Order.objects.all(), order_id=order.pk, actor=ACTOR, now=timezone.now()
            )

    def replay_over_capacity(self) -> None:
        if order := self._any(OrderStatus.ERROR):
            replay_over_capacity(
                orders=Order.objects.all(),
                order_id=order.pk,
                actor=ACTOR,
                now=timezone.now(),
                reason="They queue at the gate.",
            )

    def _any(self, *statuses: OrderStatus) -> Order | None:
        """Return one of the newest orders in one of these states."""
        orders = Order.objects.filter(venue__code=VENUE, status__in=statuses)
        newest = list(orders.order_by("-id")[:20])
        return self.chance.choice(newest) if newest else None


if __name__ == "__main__":
    seed, *days = sys.argv[1:]
    staff = Staff(random.Random(seed), [datetime.date.fromisoformat(day) for day in days])
    print("at work", flush=True)
    while True:
        staff.press()

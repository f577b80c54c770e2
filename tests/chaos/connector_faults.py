"""Outside systems that hang, reset, answer nonsense, or too much: orders settle, nothing is doubled.

`Stack.django("tests.chaos.connector_faults", SYSTEM, FAULTS, SEED)` prints a JSON object: how many
faults, how the orders ended, and what was wrong. Each call of issuing goes wrong in each way, in a
random order, FAULTS of them at most. SYSTEM is one of `system_names.SYSTEMS`.
"""

from __future__ import annotations

import itertools
import json
import random
import sys
import uuid
from typing import Any

from django.db import connections

from orders.models import Order, OrderStatus
from orders.models.order import ISSUED_ELSEWHERE, FailureCode
from tests.chaos.connector_kills import Forge, Outcome, Trial, stage_of
from tests.chaos.outside_systems import make
from tests.fakes.faults import Fault, running
from wallets.models import OutsideOrder

_PATIENCE = 1  # seconds for an answer: what hangs is to take no longer


class FaultTrial(Trial):
    """Faults instead of kills."""

    def fail_at(self, operation: str, fault: Fault) -> None:
        """Have one call go wrong while an order is issued; follow the order to its end."""
        guest = f"chaos-{uuid.uuid4().hex}@example.org"
        order = self._sell(guest)
        self.far.system.faults.add(operation, fault)
        self.outcome.kills += 1
        self._issue(order.pk)
        self.far.system.faults.clear()
        self._settle(order.pk, guest, f"{operation} {fault.name}")

    def _check_outcome(self, order: Order, there: int, rows: Any, where: str) -> None:
        """What failed for good has left nothing there, or is named as uncertain."""
        if order.status == OrderStatus.ERROR:
            is_uncertain = order.failure_code == FailureCode.OUTCOME_UNKNOWN
            if order.failure_code not in ISSUED_ELSEWHERE:
                self._wrong(f"{where}: {order} failed for {order.failure_code}")
            elif is_uncertain != rows.unsettled().exists():
                self._wrong(f"{where}: {order} failed for {order.failure_code}; unsettled: {rows}")
            elif there and not is_uncertain:
                self._wrong(f"{where}: {there} tickets are left there of {order}, which failed")

    def _settle_by_hand(self, order: Order, guest: str) -> None:
        if OutsideOrder.objects.filter(order_key=order.pk, is_current=True).unsettled().exists():
            super()._settle_by_hand(order, guest)
        else:
            self._replay(order)


def fail_in_every_way(title: str, most: int, seed: str) -> Outcome:
    """Have every call of a system go wrong in every way, or so many of these."""
    far, hands = make(title), Forge()
    chance = random.Random(f"{seed}/{title}")
    try:
        with running(far.system):
            trial = FaultTrial(hands, far, *stage_of(title.partition(",")[0], far, _PATIENCE))
            ways = list(itertools.product(far.steps, Fault))
            for operation, fault in chance.sample(ways, min(most, len(ways))):
                trial.fail_at(operation, fault)
            return trial.outcome
    finally:
        hands.close()


if __name__ == "__main__":
    connections.close_all()
    told = fail_in_every_way(sys.argv[1], int(sys.argv[2]), sys.argv[3])
    print(json.dumps(told.as_data()))

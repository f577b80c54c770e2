"""Numbers that an outside system tells late are on our tickets from then on, each on its own."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from orders import lifecycle
from orders.models import Order
from orders.outside import settling
from tests.conftest import ApiClient
from tests.fakes.faults import Fault
from tests.orders.expected import Clock
from tests.outside.playhouse import NOTHING, Playhouse, PlayhouseConnector
from tests.outside.reading import only_row, read
from wallets.models import Asset, OutsideOrder, OutsideTicket

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("show")]

Work = Callable[[Any], Order]
SHOW = {"itemNumber": "SHOW", "visitDate": "2026-11-23", "quantity": 2}


def named() -> list[tuple[str, str]]:
    rows = OutsideTicket.objects.order_by("position")
    return list(rows.values_list("outside_id", "number"))


def test_a_number_that_was_not_told_at_first_is_kept_when_it_comes(
    api: ApiClient, work: Work, playhouse: Playhouse, clock: Clock
) -> None:
    playhouse.tells_numbers = False
    work(api.create(SHOW))
    assert named() == [("id-1", ""), ("id-2", "")]
    own = list(Asset.objects.order_by("pk").values_list("reference_number", flat=True))
    playhouse.tells_numbers = True
    read(clock)
    assert named() == [("id-1", "HALL-0001"), ("id-2", "HALL-0002")]
    # What was given to the partner stays what it is.
    assert list(Asset.objects.order_by("pk").values_list("reference_number", flat=True)) == own


def test_tickets_of_an_order_that_a_person_found_get_their_names_when_it_is_read(
    api: ApiClient, work: Work, playhouse: Playhouse, connector: PlayhouseConnector, clock: Clock
) -> None:
    able, connector.capabilities = connector.capabilities, NOTHING
    playhouse.faults.add("order", Fault.RESET_AFTER)
    order = work(api.create(SHOW))
    told: dict[str, Any] = {"actor": "staff:1", "reason": "Seen.", "now": clock()}
    settling.settle_done(outside_order_id=only_row().pk, outside_reference="X", **told)
    lifecycle.replay_order(
        orders=Order.objects.all(), order_id=order.pk, actor="staff:1", now=clock()
    )
    work({"orderId": order.pk})
    assert named() == [("", ""), ("", "")]
    connector.capabilities = able
    OutsideOrder.objects.update(next_poll_at=clock())
    read(clock)
    assert named() == [("id-1", "HALL-0001"), ("id-2", "HALL-0002")]

"""What the tests of reading back share: what the playhouse is made to tell, and how we read it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from channel_manager.history.models import Event
from orders.models import Order
from orders.outside import reading_back
from tests.concurrency.test_invariants import sql
from tests.invariants import violations
from tests.orders.expected import Clock
from tests.outside.playhouse import Playhouse, PlayhouseConnector
from wallets.connectors.base import BadSignature, PushedNotice
from wallets.models import Asset, OutsideOrder, OutsideTicket

# Longer than a connection's own interval.
A_WHILE = 901
SECRET = "open sesame"


def tell(playhouse: Playhouse, state: str, *numbers: str) -> None:
    """Have tickets there in a state; without numbers, all of them."""
    for tickets in playhouse.orders.values():
        for ticket in tickets:
            if not numbers or ticket["number"] in numbers:
                ticket["state"] = state


def read(clock: Clock) -> None:
    """Read whatever is due after a while."""
    clock.forward(seconds=A_WHILE)
    reading_back.read_due(clock=clock)


def events_of(order: Order, *names: str) -> list[tuple[str, str, Mapping[str, Any]]]:
    """Return events of an order: name, actor and data."""
    rows = Event.objects.filter(kind="order", subject_id=order.pk, name__in=names).order_by("id")
    return list(rows.values_list("name", "actor", "data"))


def states() -> list[tuple[str, str, str]]:
    """Return each ticket there with how it stands, and how its asset does."""
    return [
        (one.number, one.status, one.asset.status if one.asset else "")
        for one in OutsideTicket.objects.select_related("asset").order_by("number")
    ]


def taken() -> list[tuple[str, int, int, str]]:
    """Return what is left of every asset: number, admissions, how many were taken, status."""
    rows = Asset.objects.order_by("reference_number")
    return list(rows.values_list("reference_number", "admissions", "admitted", "status"))


def only_row() -> OutsideOrder:
    return OutsideOrder.objects.get()


def wrong() -> list[str]:
    """Return which invariants do not hold; what the jobs had to do is done."""
    sql("DELETE FROM procrastinate_jobs WHERE queue_name = 'orders'")
    return violations(sql)


class PushingConnector(PlayhouseConnector):
    """Speaks to a playhouse that pushes: with its secret, a key, and the order's reference."""

    def read_push(
        self, connection: object, headers: Mapping[str, str], body: bytes
    ) -> PushedNotice:
        if headers.get("x-secret") != SECRET:
            raise BadSignature("It does not know the secret.")
        return PushedNotice(
            dedupe_key=headers.get("x-key", ""),
            event=headers.get("x-event", "scanned"),
            outside_reference=body.decode(),
        )

"""Sellers, guests and rides at the same moment: the database decides who was first."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest

from orders.models import GuestOrder, Order, Reservation, SigningKey, VirtualQueue
from tests.dialects.ordino.speaking import ORDERS, SEED, Park
from tests.orders.racing import at_once
from wallets.models import Asset, Scan

pytestmark = pytest.mark.django_db(transaction=True)
ENTRANTS = 8


def race(act: Callable[[int], Any]) -> list[Any]:
    """Let many do something at once and return what each was told."""
    told: list[Any] = []
    at_once(*(lambda number=number: told.append(act(number)) for number in range(ENTRANTS)))  # type: ignore[misc]
    return told


def test_one_id_sent_many_times_at_once_is_one_order(park: Park) -> None:
    answers = race(lambda _number: park.request("POST", ORDERS, SEED, x_api_key=park.key))
    assert [answer.status_code for answer in answers] == [200] * ENTRANTS
    assert Order.objects.count() == GuestOrder.objects.count() == 1


def test_one_id_for_many_orders_at_once_is_the_first_one(park: Park) -> None:
    answers = race(lambda number: park.order({**SEED, "guest_email": f"guest-{number}"}))
    assert Counter(answer.status_code for answer in answers) == {200: 1, 400: ENTRANTS - 1}
    errors = {tuple(answer.json().get("errors", ())) for answer in answers}
    assert errors == {(), ("Metadata.Order_id",)}
    assert Order.objects.count() == GuestOrder.objects.count() == 1


def test_an_entitlement_is_reserved_once_and_completed_once(
    park: Park, sold: Callable[..., Order], queue: VirtualQueue
) -> None:
    sold(park)
    app = park.guest()
    key = app.entitlements()[0]["entitlement_key"]
    answers = race(lambda _number: app.reserve("dino", key))
    assert Counter(answer.status_code for answer in answers) == {201: 1, 400: ENTRANTS - 1}
    assert {answer.json().get("error") for answer in answers} == {None, "already_reserved"}
    assert Reservation.objects.count() == SigningKey.objects.count() == 1
    (made,) = (answer.json()["data"] for answer in answers if answer.status_code == 201)
    results = race(lambda _number: park.complete(token=made["token"])["data"]["result"])
    assert Counter(results) == {"allowed": 1, "already_completed": ENTRANTS - 1}
    assert (Scan.objects.count(), Asset.objects.get(pk=key).admitted) == (1, 1)


def test_signing_keys_made_at_once_are_one(
    park: Park, sold: Callable[..., Order], queue: VirtualQueue
) -> None:
    sold(park, packages=[{"package_id": "pkg_ride_pass", "quantity": ENTRANTS}])
    app = park.guest()
    keys = [one["session_key"] for one in app.entitlements()]
    answers = race(lambda number: app.reserve("dino", keys[number]))
    assert [answer.status_code for answer in answers] == [201] * ENTRANTS
    assert SigningKey.objects.count() == 1
    places = Reservation.objects.order_by("place").values_list("place", flat=True)
    assert list(places) == list(range(1, ENTRANTS + 1))

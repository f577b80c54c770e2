"""Two orders of one reference at once, when places are contested: no deadlock reaches a client."""

from __future__ import annotations

import threading
from typing import Any

import pytest
from django.db import connection, transaction
from django.utils import timezone

from catalog.models import Package, Session
from channel_manager.history import runner
from orders import intake
from orders.clashes import DuplicateOrder
from orders.models import Order
from orders.places import PlacesLost
from orders.requests import LineRequest, OrderRequest
from partners.account import Account
from partners.models import Partner
from tests.conftest import TOMORROW
from tests.factories import AttractionFactory
from tests.orders.sessions import counted, session

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def places(day: Package) -> Session:
    """The only session of the day ticket's attraction."""
    attraction = AttractionFactory.create(venue=day.venue)
    counted(day, attraction)
    return session(attraction, None, TOMORROW.isoformat(), capacity=5)


def test_a_second_try_waits_for_its_twin_before_it_holds_a_session(
    partner: Partner, places: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    request = OrderRequest(
        sell_to_order_reference="WEB-1",
        lines=(LineRequest(item_number="DAY", visit_date=TOMORROW),),
    )
    inserted, waits = threading.Event(), threading.Event()
    errors: list[BaseException] = []

    def twin() -> None:
        """Be on the first try: the order's row is there, and the session comes next."""
        try:
            with transaction.atomic():
                order = intake.new_order(Account(partner), "WEB-1", timezone.now())
                order.buy_from_order_reference = "CM26-9999999"
                order.save(force_insert=True)
                inserted.set()
                assert waits.wait(10)
                runner.lock(Session.objects.filter(pk=places.pk))
        except BaseException as error:
            errors.append(error)
        finally:
            connection.close()

    other = threading.Thread(target=twin)
    other.start()
    assert inserted.wait(10)
    first = intake._submit
    tries: list[Any] = []

    def lose_once(*arguments: Any) -> Order:
        tries.append(arguments)
        if len(tries) == 1:
            raise PlacesLost
        return first(*arguments)

    def claim(*arguments: Any) -> None:
        waits.set()
        claimed(*arguments)

    claimed = intake._claim_reference
    monkeypatch.setattr(intake, "_submit", lose_once)
    monkeypatch.setattr(intake, "_claim_reference", claim)
    with pytest.raises(DuplicateOrder):
        intake.submit_order(account=Account(partner), request=request, now=timezone.now())
    other.join(10)
    assert not errors
    assert Order.objects.get().buy_from_order_reference == "CM26-9999999"
    assert Session.objects.get().sold == 0


def test_a_second_try_leaves_no_row_behind(
    partner: Partner, places: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    request = OrderRequest(
        sell_to_order_reference="WEB-1",
        lines=(LineRequest(item_number="DAY", visit_date=TOMORROW, quantity=2),),
    )
    first, tries = intake._submit, list[int]()

    def lose_once(*arguments: Any) -> Order:
        tries.append(1)
        if len(tries) == 1:
            raise PlacesLost
        return first(*arguments)

    monkeypatch.setattr(intake, "_submit", lose_once)
    order = intake.submit_order(account=Account(partner), request=request, now=timezone.now())
    assert Order.objects.get() == order
    assert order.buy_from_order_reference.startswith("CM")
    assert Session.objects.get().sold == 2

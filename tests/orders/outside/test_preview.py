"""What a preview says of components that another system would issue."""

from __future__ import annotations

import pytest

from catalog.models import Package, Session
from channel_manager.lib.errors import InvalidRequest
from tests.conftest import ApiClient
from tests.issued_elsewhere import connection_of, source_of
from tests.orders.expected import Clock, line
from tests.orders.sessions import session
from tests.orders.test_preview import previewed

MATINEE = line("SHOW", visitTime="14:00")


def test_it_names_the_connection_of_each_component(
    api: ApiClient, clock: Clock, show: Package, matinee: Session
) -> None:
    component = show.components.get()
    assert previewed(api, MATINEE).elsewhere == {}
    source_of(component)
    assert previewed(api, MATINEE).elsewhere == {component.pk: "The onebox"}


def test_it_says_that_no_outside_id_fits_the_visit(
    api: ApiClient, clock: Clock, show: Package, matinee: Session
) -> None:
    component = show.components.get()
    source_of(component, session(matinee.attraction, "16:00", capacity=9))
    assert previewed(api, MATINEE).elsewhere == {component.pk: ""}


def test_it_is_refused_where_a_guest_would_have_to_pay(
    api: ApiClient, clock: Clock, show: Package, matinee: Session
) -> None:
    connection = connection_of(show.venue, "openticket")
    source_of(show.components.get(), connection=connection, outside_price=None)
    with pytest.raises(InvalidRequest) as refused:
        previewed(api, MATINEE)
    assert [fault.code for fault in refused.value.faults] == ["guest_payment_needed"]


def test_it_is_refused_for_the_session_that_a_guest_would_have_to_pay_for_only(
    api: ApiClient, clock: Clock, show: Package, matinee: Session
) -> None:
    component = show.components.get()
    source_of(component)
    evening = session(matinee.attraction, "16:00", capacity=9)
    shop = connection_of(show.venue, "openticket")
    source_of(component, evening, connection=shop, outside_price=None)
    assert previewed(api, MATINEE).elsewhere == {component.pk: "The onebox"}
    assert api.post(api.order_body(MATINEE)).status_code == 201
    refused = api.post(api.order_body(line("SHOW", visitTime="16:00"), sellToOrderReference="B"))
    assert (refused.status_code, refused.json()["code"]) == (400, "guest_payment_needed")
    assert [fault["pointer"] for fault in refused.json()["errors"]] == ["/items/0/itemNumber"]


def test_a_session_of_its_own_is_sold_where_any_other_would_ask_a_guest_to_pay(
    api: ApiClient, clock: Clock, show: Package, matinee: Session
) -> None:
    component = show.components.get()
    shop = connection_of(show.venue, "openticket")
    source_of(component, connection=shop, outside_price=None)
    source_of(component, matinee)
    assert api.post(api.order_body(MATINEE)).status_code == 201


def test_a_test_order_asks_no_guest_to_pay(
    tester: ApiClient, clock: Clock, show: Package, matinee: Session
) -> None:
    shop = connection_of(show.venue, "openticket")
    source_of(show.components.get(), connection=shop, outside_price=None)
    assert tester.post(tester.order_body(MATINEE)).status_code == 201

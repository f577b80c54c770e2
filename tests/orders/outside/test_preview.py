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

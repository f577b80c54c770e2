"""Our connector for Onebox against our own dialect of it, over real HTTP."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from typing import Any

import pytest

from catalog.models import Session
from orders.dialects.onebox import refunds
from orders.models import Checkout, Order
from tests.connectors.conftest import fakes_are_reached, make_connection, unit
from tests.connectors.onebox.conftest import Story
from tests.dialects.onebox.channel import Channel, channel
from tests.orders.conftest import cinema, clock, matinee, show
from tests.orders.expected import Clock
from tests.orders.sessions import counters
from wallets.connectors.base import Cause, ConnectorError, Standing, TicketState, TryLater
from wallets.connectors.onebox import OneboxConnector
from wallets.models import Asset

__all__ = ["channel", "cinema", "clock", "fakes_are_reached", "matinee", "show"]

pytestmark = pytest.mark.django_db(transaction=True)
Issue = Callable[[str], Order]


@pytest.fixture
def story(
    channel: Channel,
    matinee: Session,
    live_server: Any,
    connect_to: Callable[[str, Channel], Story],
    settings: Any,
    monkeypatch: pytest.MonkeyPatch,
) -> Story:
    """An order of ours that the other instance is to make: two places of its matinee."""
    settings.PUBLIC_URL = live_server.url
    # What the test does between two questions is not waited for.
    monkeypatch.setattr(refunds, "WAIT_SECONDS", 0)
    story = connect_to(live_server.url, channel)
    (entry,) = story.connector.list_catalogue(story.connection)
    story.wish = story.wishing(unit(entry.outside_item, entry.outside_session, count=2))
    return story


@pytest.fixture
def connect_to(clock: Clock) -> Callable[[str, Channel], Story]:
    """Connect to an instance as one of its channels."""

    def connect(url: str, as_whom: Channel) -> Story:
        connection = make_connection(
            "onebox",
            f"{url}/onebox",
            account=as_whom.storefront.public_id,
            credentials={"client_secret": as_whom.secret},
            read_seconds=10,
        )
        return Story(connection, clock)

    return connect


def made_there(story: Story, issue: Issue) -> Standing:
    """Have it made, with the other instance's worker doing its part in between."""
    story.connector.prepare(story.desk, story.wish)
    with pytest.raises(TryLater, match="Its tickets are being made there"):
        story.connector.commit(story.desk, story.wish)
    issue(str(order_there().pk))
    return story.connector.commit(story.desk, story.wish)


def order_there() -> Order:
    """Return the one order of the other instance."""
    checkout = Checkout.objects.get(order__isnull=False)
    return Order.objects.get(pk=uuid.UUID(str(checkout.order_id)))


def test_what_is_picked_from_the_catalogue_is_issued_with_its_numbers(
    story: Story, issue: Issue
) -> None:
    (entry,) = story.connector.list_catalogue(story.connection)
    assert story.connector.faults_of(story.connection) == {}
    assert story.connector.check(story.connection) == ("The channel is let in; it lists 1 session.")
    standing = made_there(story, issue)
    numbers = set(Asset.objects.values_list("reference_number", flat=True))
    assert len(numbers) == 2
    assert {one.number for one in standing.tickets} == numbers
    assert {(one.outside_session, one.outside_item) for one in standing.tickets} == {
        (entry.outside_session, entry.outside_item)
    }
    assert all(one.url and one.outside_id for one in standing.tickets)
    assert standing.tickets_url
    theirs = order_there()
    assert (theirs.sell_to_email, theirs.sell_to_name, theirs.sell_to_language) == (
        "guest@example.com",
        "Anna de Vries",
        "nl-NL",
    )
    assert story.connector.read_back(story.desk) == standing


def test_places_are_told_and_taken(story: Story, issue: Issue) -> None:
    (unit_there,) = story.wish.units
    before = story.connector.ask_places(story.connection, unit_there.outside_session)
    made_there(story, issue)
    after = story.connector.ask_places(story.connection, unit_there.outside_session)
    assert ([one.left for one in before], [one.left for one in after]) == ([5], [3])
    assert counters() == {"cinema 14:00": "0+2"}


def test_a_ticket_is_refunded_and_then_all_of_them(story: Story, issue: Issue) -> None:
    first, second = made_there(story, issue).tickets
    story.connector.cancel(story.desk, [first])
    standing = story.connector.read_back(story.desk)
    assert [one.state for one in standing.tickets] == [TicketState.CANCELLED, TicketState.VALID]
    # As if the answer had never come: what is refunded already counts as done.
    story.connector.cancel(story.desk, [first, second])
    assert story.connector.read_back(story.desk).is_cancelled is True
    assert (order_there().status, counters()) == ("Cancelled", {})


def test_more_than_there_is_is_sold_out_and_takes_nothing(story: Story) -> None:
    (one,) = story.wish.units
    story.wish = story.wishing(unit(one.outside_item, one.outside_session, count=6))
    assert story.fault().cause == Cause.SOLD_OUT
    assert Checkout.objects.filter(order__isnull=False).exists() is False


def test_a_basket_that_lapsed_there_is_begun_anew(story: Story, clock: Clock, issue: Issue) -> None:
    story.connector.prepare(story.desk, story.wish)
    clock.forward(minutes=11)
    # Nobody issues there: its barcodes are waited for, and then it is told without them.
    assert [one.number for one in story.run().tickets] == ["", ""]
    assert story.desk.outside_order.round == 2
    issue(str(order_there().pk))
    assert all(one.number for one in story.connector.read_back(story.desk).tickets)
    assert Order.objects.count() == 1


def test_a_secret_that_was_revoked_there_is_named(story: Story, channel: Channel) -> None:
    channel.secret = "revoked"
    story.connection.set_credentials({"client_secret": channel.secret})
    with pytest.raises(ConnectorError) as caught:
        OneboxConnector().check(story.connection)
    assert caught.value.cause == Cause.CREDENTIALS

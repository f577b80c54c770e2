"""Orders at other systems in the admin: found, understood, and settled by a person."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client

from catalog.models import Connection
from orders.admin.home import Tile
from orders.models import Order
from tests.conftest import ApiClient
from tests.orders.elsewhere import begun, doubted, left, ticket
from tests.orders.expected import NOON
from tests.staff import messages_of, person, signed_in, text_of
from tests.wallets.elsewhere import FakeConnector, connect, put_in
from wallets.models import Asset, OutsideOrder

LIST = "/admin/wallets/outsideorder/"


@pytest.fixture(autouse=True)
def fake(monkeypatch: pytest.MonkeyPatch) -> FakeConnector:
    return put_in(monkeypatch, FakeConnector(), "onebox")


@pytest.fixture
def desk(order_desk: User) -> Client:
    return signed_in(order_desk)


@pytest.fixture
def onebox(api: ApiClient) -> Connection:
    return connect(api.partner.venue)


@pytest.fixture
def order(api: ApiClient, issue: Callable[[str], Order]) -> Order:
    return issue(api.create()["orderId"])


@pytest.fixture
def second(api: ApiClient, issue: Callable[[str], Order]) -> Order:
    return issue(api.create(sellToOrderReference="WEB-2")["orderId"])


def page_of(row: OutsideOrder) -> str:
    return f"{LIST}{row.pk}/change/"


def listed(desk: Client, **query: str) -> list[str]:
    return sorted(str(row) for row in desk.get(LIST, query).context["cl"].result_list)


def test_the_page_tells_what_was_asked_and_what_came(
    desk: Client, order: Order, onebox: Connection
) -> None:
    row = doubted(order, onebox)
    ticket(row, Asset.objects.filter(wallet__order=order)[0])
    told = text_of(desk.get(page_of(row)))
    for sentence in (
        "Outcome unknown An answer never came, and asking again could make it twice.",
        "Whether it was done there is not known",
        "No answer came in time.",
        "Asked there: create order",
        "Nothing was done: create order",
        "It is busy and asks us to wait. It answered nothing.",
        "Nobody knows what it did: create order",
        "HTTP status 429",
        "OB0000000001",
        order.buy_from_order_reference,
    ):
        assert sentence in told, sentence
    assert told.index("Nobody knows what it did") < told.index("Nothing was done")


def test_the_page_tells_why_it_could_not_be_read(
    desk: Client, order: Order, onebox: Connection
) -> None:
    row = doubted(order, onebox)
    assert "It is away" not in text_of(desk.get(page_of(row)))
    OutsideOrder.objects.update(
        read_cause="system_away", read_message="It answered 503.", read_failed_at=NOON
    )
    assert "It is away. It answered 503." in text_of(desk.get(page_of(row)))


def test_orders_are_found_by_either_number_and_by_their_tickets(
    desk: Client, order: Order, second: Order, onebox: Connection
) -> None:
    row, other = left(order, onebox), begun(second, onebox)
    ticket(row, Asset.objects.filter(wallet__order=order)[0])
    gone = begun(order, onebox, is_current=False, reference=f"{row}-2")
    OutsideOrder.objects.filter(pk=gone.pk).update(order=None)
    assert listed(desk, q=str(row)) == sorted([str(row), str(gone)])
    assert listed(desk, q=str(other).lower()) == [str(other)]
    assert listed(desk, q="OB-77") == [str(row)]
    assert listed(desk, q="OB0000000001") == [str(row)]
    assert listed(desk, q="nothing") == []


def test_the_list_narrows_to_what_needs_a_person(
    desk: Client, order: Order, second: Order, onebox: Connection
) -> None:
    unknown, made = doubted(order, onebox), begun(second, onebox)
    ordino = connect(onebox.venue, system="ordino", name="Ordino")
    stays = left(order, ordino, reference="X-1")
    assert listed(desk, waits="yes") == sorted([str(unknown), "X-1"])
    assert listed(desk, status__exact="Left") == [str(stays)]
    assert listed(desk, status__exact="Open") == [str(made)]
    assert listed(desk, connection__system__exact="ordino") == ["X-1"]
    assert listed(desk, connection__id__exact=str(onebox.pk)) == sorted([str(unknown), str(made)])


def test_an_unknown_outcome_is_settled_as_done(
    desk: Client, order: Order, onebox: Connection
) -> None:
    row = doubted(order, onebox)
    settle = f"{LIST}{row.pk}/settle_done/"
    assert settle in desk.get(page_of(row)).content.decode()
    asked = desk.get(settle)
    assert "it is issued with our numbers, and nothing is asked there" in text_of(asked)
    refused = desk.post(settle, {"outside_reference": "OB-9", "reason": ""})
    assert refused.status_code == 422
    page = desk.post(settle, {"outside_reference": "OB-9", "reason": "I saw it"}, follow=True)
    assert messages_of(page) == ["It is kept as made there."]
    row.refresh_from_db()
    assert (row.status, row.outside_reference) == ("Made", "OB-9")
    told = text_of(page)
    assert "Settled: done there" in told
    assert "I saw it" in told


def test_an_unknown_outcome_is_settled_as_not_done(
    desk: Client, order: Order, onebox: Connection
) -> None:
    row = doubted(order, onebox)
    desk.post(f"{LIST}{row.pk}/settle_not_done/", {"reason": "Not in its list"}, follow=True)
    row.refresh_from_db()
    assert (row.status, row.is_current) == ("Failed", False)
    again = desk.post(f"{LIST}{row.pk}/settle_done/", {"reason": "Yes it is"}, follow=True)
    assert messages_of(again) == ["Its status is now: Not made. Done there is not possible."]


def test_what_is_left_there_is_settled_once_it_was_cancelled_by_hand(
    desk: Client, order: Order, onebox: Connection
) -> None:
    row = left(order, onebox)
    assert "Onebox has no way to cancel." in text_of(desk.get(page_of(row)))
    page = desk.post(
        f"{LIST}{row.pk}/settle_ended/", {"reason": "Cancelled on their screen"}, follow=True
    )
    assert messages_of(page) == ["It is kept as cancelled there."]
    row.refresh_from_db()
    assert row.status == "Ended"
    assert listed(desk, waits="yes") == []


def test_single_tickets_that_are_left_there_are_settled_too(
    desk: Client, order: Order, onebox: Connection
) -> None:
    row = begun(order, onebox)
    row.make(now=order.received_at, outside_reference="OB-1")
    row.save()
    ticket(row, Asset.objects.filter(wallet__order=order)[0], status="Left", message="Refused.")
    assert listed(desk, waits="yes") == [str(row)]
    assert "Some of its tickets are valid there still" in text_of(desk.get(page_of(row)))
    desk.post(f"{LIST}{row.pk}/settle_ended/", {"reason": "Cancelled there"})
    assert [one.status for one in row.tickets.all()] == ["Ended"]
    assert listed(desk, waits="yes") == []


def test_who_may_only_look_sees_no_button_and_no_address_of_a_guest(
    order: Order, onebox: Connection
) -> None:
    row = doubted(order, onebox, tickets_url="https://onebox.example/all")
    ticket(row, Asset.objects.filter(wallet__order=order)[0])
    looker = signed_in(person("looker", "wallets.view_outsideorder"))
    page = looker.get(page_of(row))
    assert page.status_code == 200
    assert "settle_done" not in page.content.decode()
    assert "onebox.example" not in page.content.decode()
    assert looker.post(f"{LIST}{row.pk}/settle_done/", {"reason": "x"}).status_code == 403
    guests = person("guests", "wallets.view_outsideorder", "orders.view_personal_data")
    assert "https://onebox.example/all" in signed_in(guests).get(page_of(row)).content.decode()


def test_an_address_that_is_no_page_is_not_made_a_link_of(
    desk: Client, order: Order, onebox: Connection
) -> None:
    row = begun(order, onebox, tickets_url="javascript:alert(1)")
    assert "javascript:alert" not in desk.get(page_of(row)).content.decode()


def test_the_page_of_the_order_tells_where_it_is_issued(
    desk: Client, order: Order, onebox: Connection
) -> None:
    address = f"/admin/orders/order/{order.pk}/change/"
    assert "Issued elsewhere" not in text_of(desk.get(address))
    row = left(order, onebox)
    page = desk.get(address)
    assert "Issued elsewhere 1" in text_of(page)
    assert page_of(row) in page.content.decode()
    looker = signed_in(person("looker", "orders.view_order"))
    assert "Issued elsewhere" not in text_of(looker.get(address))


def test_an_order_that_failed_for_an_unknown_outcome_leads_there(
    desk: Client, order: Order, onebox: Connection
) -> None:
    row = doubted(order, onebox)
    fail(order, "outcome_unknown")
    address = f"/admin/orders/order/{order.pk}/change/"
    page = desk.get(address)
    assert f"Look for {row} at {onebox}, and say what you found." in text_of(page)
    assert f'href="{page_of(row)}">Settle it' in page.content.decode()
    desk.post(f"{LIST}{row.pk}/settle_not_done/", {"reason": "Not there"})
    assert "What was uncertain at the other system is settled." in text_of(desk.get(address))


def test_an_order_that_another_system_refused_says_where_to_mend_it(
    desk: Client, order: Order
) -> None:
    fail(order, "credentials_refused")
    told = text_of(desk.get(f"/admin/orders/order/{order.pk}/change/"))
    assert "Mend it there, at the connection or the outside id; then replay the order." in told


def test_the_home_page_counts_what_needs_a_person(
    desk: Client, order: Order, second: Order, onebox: Connection
) -> None:
    assert "Outside orders" not in [tile.title for tile in tiles(desk)]
    doubted(order, onebox)
    begun(second, onebox)
    first = tiles(desk)[0]
    assert (first.title, first.number, first.url) == ("Outside orders", 1, f"{LIST}?waits=yes")


def tiles(desk: Client) -> list[Tile]:
    """Return the tiles of the home page."""
    found: list[Tile] = desk.get("/admin/").context["tiles"]
    return found


def fail(order: Order, code: str) -> None:
    """Have an order stand in Error, whatever it was."""
    columns: Any = {
        "status": "Error",
        "failure_code": code,
        "failure_fingerprint": code,
        "status_message": "It failed there.",
    }
    Order.objects.filter(pk=order.pk).update(**columns)

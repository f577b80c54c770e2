"""The list of orders: what it shows, filters and finds, and what that costs."""

from __future__ import annotations

import datetime
import uuid
from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from catalog.models import Package
from orders.models import Order
from orders.search import document_numbers, find_orders
from partners.models import Venue
from tests.conftest import TOMORROW, ApiClient
from tests.factories import AttractionFactory, VenueFactory
from tests.orders.sessions import counted, session
from tests.staff import person, signed_in, text_of
from wallets.models import Asset, Wallet

LIST = "/admin/orders/order/"
Issue = Callable[[str], Order]
DAY = {"itemNumber": "DAY", "visitDate": TOMORROW.isoformat()}


@pytest.fixture
def desk(order_desk: User) -> Client:
    """The browser of somebody at the order desk."""
    return signed_in(order_desk)


@pytest.fixture
def order(api: ApiClient, issue: Issue) -> Order:
    """An issued order with all the numbers somebody may ask for."""
    line = {**DAY, "quantity": 2, "wallet": {"externalReferenceNumbers": ["GYG-1", "GYG-2"]}}
    sent = api.create(
        line,
        sellToOrderReference="Sun 2026/17",
        sellToName="Anna de Vries",
        sellToEmail="anna@example.com",
    )
    return issue(sent["orderId"])


@pytest.fixture
def other(rival: ApiClient, issue: Issue) -> Order:
    """An order of somebody else that no search for the first one may find."""
    sent = rival.create(
        sellToOrderReference="OTHER-1", paymentReference="PAY-OTHER", sellToName="Bo Yang"
    )
    return issue(sent["orderId"])


def found(client: Client, text: str, **filters: str) -> list[str]:
    """Return the numbers of the orders that a search lists."""
    page = client.get(LIST, {"q": text, **filters})
    assert page.status_code == 200
    return [str(row) for row in page.context["cl"].result_list]


def test_a_row_says_who_bought_what_when_and_whether_it_went_well(
    desk: Client, api: ApiClient, order: Order, issue: Issue
) -> None:
    failed = issue(api.create({**DAY, "itemNumber": "SKU-9"})["orderId"])
    row = text_of(desk.get(LIST, {"q": str(order)}))
    for text in (
        "Issued",
        order.buy_from_order_reference,
        "Sun 2026/17",
        "Sunny Trips",
        "Anna de Vries",
        "anna@example.com",
        f"{TOMORROW:%-d %b %Y}",
        "EUR 69.00",
        f"{order.received_at.astimezone(order.venue.zone):%-d %b %Y %H:%M}",
    ):
        assert text in row
    failures = text_of(desk.get(LIST, {"status": "Error"}))
    assert "Item number not mapped" in failures
    assert failed.status_message in failures


def test_an_order_is_found_by_every_number_it_has(desk: Client, order: Order, other: Order) -> None:
    wallet = Wallet.objects.filter(order=order).first()
    asset = Asset.objects.filter(wallet__order=order).first()
    assert wallet is not None
    assert asset is not None
    ours = order.buy_from_order_reference
    number = wallet.reference_number
    for text in (
        ours,
        ours.lower(),
        ours.replace("-", " "),
        ours.replace("-", ""),
        f"  {ours} ",
        ours[-7:].lstrip("0"),
        str(order.pk),
        str(order.pk).upper(),
        str(wallet.pk),
        str(asset.pk),
        "Sun 2026/17",
        "Sun  2026/17",
        number,
        number.lower(),
        f"{number[:5]} {number[5:9]}-{number[9:]}",
        number.replace("0", "o").replace("1", "l"),
        asset.reference_number,
        asset.reference_number.lower(),
        "GYG-1",
        "gyg-2",
        "PAY-1",
        "Anna de Vries",
        "VRIES anna",
        "anna@EXAMPLE.com",
        "Sun 20",
    ):
        assert found(desk, text) == [ours], text


def test_the_start_of_our_number_finds_all_that_begin_so(
    desk: Client, order: Order, other: Order
) -> None:
    start = order.buy_from_order_reference[:9].lower()
    assert found(desk, start) == [str(other), str(order)]


def test_a_number_that_is_nobodys_finds_nothing_and_points_to_the_history(
    desk: Client, order: Order
) -> None:
    page = desk.get(LIST, {"q": "W0000000000000000"})
    assert page.context["cl"].result_count == 0
    history = reverse("admin:orders_orderevent_changelist") + "?q=W000"
    assert history in page.content.decode()
    looker = signed_in(person("looker", "orders.view_order"))
    assert history not in looker.get(LIST, {"q": "W0000000000000000"}).content.decode()


def test_a_destroyed_wallet_still_leads_to_its_order(
    desk: Client, api: ApiClient, order: Order
) -> None:
    assert api.delete(str(order.pk)).status_code == 200
    number = Wallet.objects.filter(order=order).values_list("reference_number", flat=True)[0]
    assert found(desk, number) == [str(order)]
    assert found(desk, "GYG-1") == [str(order)]


@pytest.mark.parametrize("text", ["%", "_", "'", "\\", "Anna%", "O'Neil", "☃", "🎟" * 40, "-" * 300])
def test_odd_texts_find_nothing_and_break_nothing(desk: Client, order: Order, text: str) -> None:
    assert found(desk, text) == []


def test_a_search_narrows_what_a_filter_keeps(desk: Client, order: Order, other: Order) -> None:
    assert found(desk, str(order), status="Draft") == []
    assert found(desk, str(order), status="Issued") == [str(order)]


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("cm26-0000042", "CM26-0000042"),
        ("CM26 42", "CM26-0000042"),
        ("CM26–42", "CM26-0000042"),
        ("CM260000042", "CM26-0000042"),
        ("42", f"CM{TOMORROW - datetime.timedelta(1):%y}-0000042"),
        ("0000042", f"CM{TOMORROW - datetime.timedelta(1):%y}-0000042"),
    ],
)
def test_document_numbers_are_read_as_people_type_them(typed: str, meant: str) -> None:
    assert meant in document_numbers(typed, ["CM"])


@pytest.mark.parametrize("kind", ["ours", "theirs", "id", "wallet", "external", "asset", "start"])
def test_looking_for_a_number_reads_no_table_from_end_to_end(order: Order, kind: str) -> None:
    wallet = order.wallets.first()
    assert wallet is not None
    asset = wallet.assets.first()
    assert asset is not None
    text = {
        "ours": order.buy_from_order_reference,
        "theirs": order.sell_to_order_reference,
        "id": str(order.pk),
        "wallet": wallet.reference_number,
        "external": "GYG-1",
        "asset": asset.reference_number,
        "start": order.sell_to_order_reference[:5],
    }[kind]
    with CaptureQueriesContext(connection) as queries:
        assert [row.pk for row in find_orders(Order.objects.all(), text).orders] == [order.pk]
    with connection.cursor() as cursor:
        # The tables of a test are so small that reading them whole is cheapest; forbidden, it is
        # chosen only where no index can serve.
        cursor.execute("SET LOCAL enable_seqscan = off")
        for query in queries.captured_queries:
            cursor.execute("EXPLAIN " + query["sql"])
            plan = "\n".join(line for (line,) in cursor.fetchall())
            for table in ("orders_order", "wallets_wallet", "wallets_asset"):
                assert f"Seq Scan on {table}" not in plan, plan


def test_each_filter_keeps_what_it_names(
    desk: Client, api: ApiClient, rival: ApiClient, order: Order, other: Order, issue: Issue
) -> None:
    later = (TOMORROW + datetime.timedelta(days=30)).isoformat()
    line = {**DAY, "itemNumber": "SKU-9", "visitDate": later}
    failed = issue(api.create(line)["orderId"])
    ours, theirs, broken = str(order), str(other), str(failed)
    for filters, kept in (
        ({"status": "Issued"}, {ours, theirs}),
        ({"status": "Error"}, {broken}),
        ({"status": "in_flight"}, set()),
        ({"status": "Nonsense"}, set()),
        ({"cause": "unmapped_item"}, {broken}),
        ({"cause": "no_price"}, set()),
        ({"venue": "nowhere"}, set()),
        ({"partner__id__exact": str(rival.partner.pk)}, {theirs}),
        ({"venue": str(order.venue_id)}, {ours, theirs, broken}),
        ({"visit_date_from": later}, {broken}),
        ({"visit_date_to": TOMORROW.isoformat()}, {ours, theirs}),
    ):
        rows = desk.get(LIST, filters).context["cl"].result_list
        assert {str(row) for row in rows} == kept, filters


def test_a_session_leads_to_the_orders_that_have_its_places(
    desk: Client, venue: Venue, day: Package, api: ApiClient, rival: ApiClient
) -> None:
    park = AttractionFactory.create(venue=venue, code="park")
    counted(day, park)
    one = session(park, "10:00", TOMORROW.isoformat())
    other = session(park, "14:00", TOMORROW.isoformat())
    early, late = {**DAY, "visitTime": "10:00"}, {**DAY, "visitTime": "14:00"}
    both = api.create(early, early, late, sellToOrderReference="BOTH")
    rival.create(late)
    page = desk.get(f"/admin/catalog/session/{one.pk}/change/")
    address = f"{LIST}?session={one.pk}"
    assert f'href="{address}"' in page.content.decode()
    listed = desk.get(address)
    rows = [str(row) for row in listed.context["cl"].result_list]
    assert (rows, str(one) in text_of(listed)) == ([both["buyFromOrderReference"]], True)
    assert len(desk.get(LIST, {"session": str(other.pk)}).context["cl"].result_list) == 2
    for unknown in (uuid.uuid4(), "nothing"):
        assert list(desk.get(LIST, {"session": str(unknown)}).context["cl"].result_list) == []


def test_days_of_receipt_are_the_venues(desk: Client, order: Order, other: Order) -> None:
    """23:30 UTC on the 9th is the 10th in Amsterdam."""
    late = datetime.datetime(2026, 11, 9, 23, 30, tzinfo=datetime.UTC)
    Order.objects.filter(pk=order.pk).update(received_at=late)
    for days, kept in (
        (("2026-11-10", "2026-11-10"), [str(order)]),
        (("2026-11-09", "2026-11-09"), []),
        (("2026-11-11", ""), [str(other)]),
        (("", "2026-11-10"), [str(order)]),
        (("soon", ""), [str(other), str(order)]),
    ):
        filters = {"received_at_from": days[0], "received_at_to": days[1]}
        rows = desk.get(LIST, filters).context["cl"].result_list
        assert [str(row) for row in rows] == kept, days
    VenueFactory.create(timezone="America/New_York")
    filters = {"received_at_from": "2026-11-10", "received_at_to": "2026-11-10"}
    rows = desk.get(LIST, filters).context["cl"].result_list
    assert [str(row) for row in rows] == [str(order)]


@pytest.mark.parametrize("query", [{}, {"q": "WEB"}, {"status": "Issued"}], ids=str)
def test_the_list_takes_as_many_statements_for_30_rows_as_for_one(
    desk: Client, api: ApiClient, statements: Callable[[], Any], query: dict[str, str]
) -> None:
    taken = []
    for number in range(30):
        api.create(sellToOrderReference=f"WEB-{number}")
        if number in (0, 29):
            with statements() as count:
                page = desk.get(LIST, query)
            assert page.status_code == 200
            assert len(count) <= 15, "\n".join(count.statements)
            assert not any('"logo"' in statement for statement in count.statements)
            taken.append(len(count))
    assert taken[0] == taken[1]


def test_the_newest_order_stands_first_and_only_receipt_can_be_sorted_by(
    desk: Client, order: Order, other: Order
) -> None:
    assert found(desk, "") == [str(other), str(order)]
    page = desk.get(LIST, {"o": "7"})
    assert [str(row) for row in page.context["cl"].result_list] == [str(order), str(other)]


def test_orders_are_neither_added_nor_deleted_by_hand(desk: Client, order: Order) -> None:
    assert desk.get(f"{LIST}add/").status_code == 403
    assert desk.post(f"{LIST}{order.pk}/delete/", {"post": "yes"}).status_code == 403
    assert desk.post(f"{LIST}{order.pk}/change/", {"status": "Cancelled"}).status_code == 200
    selected = {"action": "delete_selected", "_selected_action": [str(order.pk)]}
    desk.post(LIST, selected)
    order = Order.objects.get(pk=order.pk)
    assert order.status == "Issued"


def test_only_who_may_see_orders_sees_them(order: Order) -> None:
    catalogue_only = signed_in(person("catalogue", "catalog.view_package"))
    assert catalogue_only.get(LIST).status_code == 403
    assert catalogue_only.get(f"{LIST}{order.pk}/change/").status_code == 403

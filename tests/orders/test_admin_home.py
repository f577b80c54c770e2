"""The admin's home page: what came in during the last 24 hours, and what stands still."""

from __future__ import annotations

import datetime
import re
from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from orders.admin.home import Tile
from orders.admin.traffic import PartnerTraffic, Traffic, read_traffic
from orders.models import Order
from partners.models import Partner
from tests.conftest import TOMORROW, ApiClient
from tests.factories import PartnerFactory
from tests.staff import person, signed_in, text_of

HOME = "/admin/"
LIST = "/admin/orders/order/"
UNMAPPED = {"itemNumber": "SKU-9", "visitDate": TOMORROW.isoformat()}
Received = Callable[..., Order]


@pytest.fixture
def desk(order_desk: User) -> Client:
    """The browser of somebody at the order desk."""
    return signed_in(order_desk)


@pytest.fixture
def received(issue: Callable[[str], Order]) -> Received:
    """Receive an order so many minutes ago; work is done at once unless it is to wait."""
    made: list[str] = []

    def receive(
        client: ApiClient, minutes_ago: float, *items: dict[str, Any], waits: bool = False
    ) -> Order:
        made.append(f"WEB-{len(made)}")
        order_id = client.create(*items, sellToOrderReference=made[-1])["orderId"]
        if not waits:
            issue(order_id)
        moment = timezone.now() - datetime.timedelta(minutes=minutes_ago)
        Order.objects.filter(pk=order_id).update(received_at=moment, status_since=moment)
        return Order.objects.get(pk=order_id)

    return receive


def tile(desk: Client, title: str) -> Tile:
    """Return a tile of the home page."""
    found: Tile = next(one for one in desk.get(HOME).context["tiles"] if one.title == title)
    return found


def count_of(desk: Client, url: str) -> int:
    """Return how many orders a link leads to."""
    return int(desk.get(url).context["cl"].result_count)


def test_orders_in_flight_for_too_long_are_told_in_red_and_listed(
    desk: Client, api: ApiClient, tester: ApiClient, received: Received
) -> None:
    received(api, 0.5, waits=True)
    received(api, 30)
    received(tester, 30, waits=True)
    calm = tile(desk, "In flight")
    assert (calm.number, calm.worse, calm.colour) == (1, "", "")
    late = [received(api, minutes, waits=True) for minutes in (3, 90)]
    shown = tile(desk, "In flight")
    assert (shown.number, shown.colour) == (3, "danger")
    assert (shown.worse, shown.worse_url) == ("2 for more than 2 min", f"{LIST}?status=late")
    assert count_of(desk, shown.url) == 3
    assert set(desk.get(shown.worse_url).context["cl"].result_list) == set(late)
    assert f'href="{LIST}?status=late">2 for more than 2 min</a>' in desk.get(HOME).content.decode()


def test_the_last_24_hours_are_counted_by_hour_and_partner(
    desk: Client, api: ApiClient, rival: ApiClient, tester: ApiClient, received: Received
) -> None:
    for client, minutes in ((api, 0), (api, 59), (api, 61), (rival, 61), (api, 23 * 60 + 59)):
        received(client, minutes)
    received(api, 70, UNMAPPED)
    received(rival, 70, waits=True)
    received(api, 24 * 60 + 1)
    received(tester, 10)
    traffic: Traffic = desk.get(HOME).context["traffic"]
    busy = {hour: (bar.count, bar.failed) for hour, bar in enumerate(traffic.bars) if bar.count}
    assert busy == {0: (1, 0), 22: (4, 1), 23: (2, 0)}
    assert [(bar.when, bar.height) for bar in traffic.bars[-2:]] == [
        ("2 to 1 hours ago", "100.0"),
        ("the last hour", "50.0"),
    ]
    ours, theirs = (
        f"{LIST}?recent=24h&partner__id__exact={one.partner.pk}" for one in (api, rival)
    )
    assert traffic.partners == [
        PartnerTraffic(
            name="Sunny Trips",
            received=5,
            issued=4,
            failed=1,
            received_url=ours,
            issued_url=f"{ours}&status=Issued",
            failed_url=f"{ours}&status=Error",
        ),
        PartnerTraffic(
            name="Rival Tours",
            received=2,
            issued=1,
            failed=0,
            received_url=theirs,
            issued_url=f"{theirs}&status=Issued",
            failed_url=f"{theirs}&status=Error",
        ),
    ]
    assert (traffic.received, traffic.most, traffic.more_partners) == (7, 4, 0)
    assert count_of(desk, traffic.received_url) == 7
    for partner in traffic.partners:
        assert count_of(desk, partner.received_url) == partner.received
        assert count_of(desk, partner.issued_url) == partner.issued
        assert count_of(desk, partner.failed_url) == partner.failed
    page = text_of(desk.get(HOME))
    assert "Orders per hour at most 4" in page
    assert "2 to 1 hours ago 4 1 the last hour 2 0" in page  # read aloud instead of the picture
    assert "Sunny Trips 5 4 1 Rival Tours 2 1 0" in page


def test_a_span_that_is_not_known_keeps_no_order(
    desk: Client, api: ApiClient, received: Received
) -> None:
    received(api, 1)
    assert count_of(desk, f"{LIST}?recent=24h") == 1
    assert count_of(desk, f"{LIST}?recent=soon") == 0
    assert count_of(desk, f"{LIST}?recent=") == 1


def test_the_partners_with_most_orders_are_named_and_the_others_counted(
    desk: Client, received: Received, api: ApiClient
) -> None:
    moved = [received(api, 5) for _ in range(14)]
    for number, order in enumerate(moved[:13]):
        other = PartnerFactory.create(venue=api.partner.venue, name=f"Partner {number:02d}")
        Order.objects.filter(pk=order.pk).update(partner=other)
    assert Partner.objects.count() == 14
    page = desk.get(HOME)
    names = [one.name for one in page.context["traffic"].partners]
    assert names == [f"Partner {number:02d}" for number in range(12)]
    assert "and 2 partners with fewer orders" in text_of(page)


def test_without_orders_it_says_so(desk: Client, api: ApiClient, received: Received) -> None:
    received(api, 25 * 60)
    page = desk.get(HOME)
    assert page.context["traffic"].bars == []
    assert "No orders in the last 24 hours." in text_of(page)


def test_the_last_24_hours_are_read_by_index_in_one_statement(
    api: ApiClient, received: Received
) -> None:
    received(api, 5)
    with CaptureQueriesContext(connection) as queries:
        read_traffic(now=timezone.now())
    (asked,) = queries.captured_queries
    with connection.cursor() as cursor:
        # A table of one row is read whole, unless that is forbidden.
        cursor.execute("SET LOCAL enable_seqscan = off")
        cursor.execute("EXPLAIN " + asked["sql"])
        plan = "\n".join(line for (line,) in cursor.fetchall())
    assert "Seq Scan on orders_order" not in plan, plan
    assert re.search(r"Index Cond: .*received_at > ", plan), plan


def test_who_may_not_see_orders_sees_no_traffic(api: ApiClient, received: Received) -> None:
    received(api, 5)
    page = signed_in(person("guide", "catalog.view_session")).get(HOME)
    assert "traffic" not in page.context
    assert "Last 24 hours" not in text_of(page)
    assert "Sunny Trips" not in text_of(page)

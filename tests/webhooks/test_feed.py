"""The feed: every event, in order, once, whatever commits when and whatever was restored."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.db import transaction

from orders.models import Order
from tests.conftest import ApiClient
from tests.orders.expected import assert_problem
from tests.webhooks.conftest import record

FEED = "/channelManager/events"
UNKNOWN = ("?after", "unknown_cursor")
Issue = Callable[[str], Order]


def test_an_empty_feed(api: ApiClient) -> None:
    assert api.get(FEED).json() == {"data": [], "cursor": "0", "moreEvents": False}


def test_events_are_read_on_from_the_cursor(api: ApiClient, issue: Issue) -> None:
    order = api.create(paymentReference=None)
    issue(order["orderId"])
    first = api.get(FEED).json()
    (event,) = first["data"]
    assert event == {
        "type": "ota_cm_order_processed",
        "eventId": event["eventId"],
        "timestamp": event["timestamp"],
        "testMode": False,
        "orderId": order["orderId"],
        "partnerId": order["partnerId"],
        "buyFromOrderReference": order["buyFromOrderReference"],
        "sellToOrderReference": order["sellToOrderReference"],
        "status": "Draft",
        "statusMessage": None,
        "cursor": first["cursor"],
    }
    assert api.get(f"{FEED}?after={first['cursor']}").json() == {**first, "data": []}
    api.confirm(order["orderId"])
    second = api.get(f"{FEED}?after={first['cursor']}").json()
    assert [one["type"] for one in second["data"]] == ["ota_cm_order_confirmed"]


def test_pages_of_the_feed(api: ApiClient) -> None:
    for name in "abcde":
        record(api.partner, name)
    names: list[str] = []
    page: dict[str, Any] = {"cursor": "0", "moreEvents": True}
    while page["moreEvents"]:
        page = api.get(f"{FEED}?after={page['cursor']}&limit=2").json()
        names += [event["name"] for event in page["data"]]
        assert page["cursor"] == page["data"][-1]["cursor"]
    assert names == list("abcde")


def test_a_partner_reads_its_own_events_only(api: ApiClient, rival: ApiClient) -> None:
    record(api.partner, "ours")
    record(rival.partner, "theirs")
    ours, theirs = api.get(FEED).json(), rival.get(FEED).json()
    assert [event["name"] for event in ours["data"]] == ["ours"]
    assert [event["name"] for event in theirs["data"]] == ["theirs"]
    assert_problem(api.get(f"{FEED}?after={theirs['cursor']}"), 400, "invalid_request", UNKNOWN)


@pytest.mark.parametrize("cursor", ["", "1", "x", "1-0123456789ab", "0-0123456789ab", "9" * 50])
def test_a_cursor_that_was_not_given_out_is_refused(api: ApiClient, cursor: str) -> None:
    record(api.partner)
    assert_problem(api.get(f"{FEED}?after={cursor}"), 400, "invalid_request", UNKNOWN)


@pytest.mark.parametrize(
    ("query", "fault"),
    [
        ("limit=0", ("?limit", "invalid_page_size")),
        ("limit=1001", ("?limit", "invalid_page_size")),
        ("limit=x", ("?limit", "invalid_page_size")),
        ("since=1", ("?since", "unknown_member")),
        ("limit=1&limit=2", ("?limit", "repeated_parameter")),
    ],
)
def test_a_wrong_query_is_refused(api: ApiClient, query: str, fault: tuple[str, str]) -> None:
    assert_problem(api.get(f"{FEED}?{query}"), 400, "invalid_request", fault)


def test_a_cursor_of_events_that_a_restore_has_lost_is_refused(api: ApiClient) -> None:
    record(api.partner, "kept")
    kept = api.get(FEED).json()["cursor"]
    with transaction.atomic():
        record(api.partner, "lost")
        lost = api.get(FEED).json()["cursor"]
        transaction.set_rollback(True)
    record(api.partner, "after the restore")
    assert_problem(api.get(f"{FEED}?after={lost}"), 400, "invalid_request", UNKNOWN)
    (event,) = api.get(f"{FEED}?after={kept}").json()["data"]
    assert event["name"] == "after the restore"


def test_the_feed_takes_few_statements(api: ApiClient, statements: Callable[[], Any]) -> None:
    for _ in range(50):
        record(api.partner)
    cursor = api.get(f"{FEED}?limit=10").json()["cursor"]
    record(api.partner)
    with statements() as count:
        assert len(api.get(f"{FEED}?after={cursor}").json()["data"]) == 41
    assert len(count) <= 7, "\n".join(count.statements)
    with statements() as count:
        api.get(f"{FEED}?after={cursor}")
    assert len(count) <= 4, "\n".join(count.statements)

"""listOrdersByPartner: envelope, order, pages and filters (contract section 4)."""

from __future__ import annotations

import datetime
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qsl, quote, urlencode, urlsplit

import pytest
from django.conf import settings
from django.core import signing

from orders.models import Order
from tests.conftest import ApiClient
from tests.orders.expected import (
    NOBODY,
    NOON,
    ORDER_MANIFEST,
    Clock,
    assert_problem,
    line,
    moment,
    order,
    settle,
)

pytestmark = pytest.mark.usefixtures("clock")


def listed(api: ApiClient, **query: Any) -> Any:
    response = api.get(path(api, **query))
    assert response.status_code == 200, response.content
    return response.json()


def path(api: ApiClient, **query: Any) -> str:
    base = f"/channelManager/orders/{api.partner.pk}"
    return f"{base}?{urlencode(query)}" if query else base


def references(page: Any) -> list[str]:
    return [row["sellToOrderReference"] for row in page["data"]]


def create(api: ApiClient, *names: str) -> list[Any]:
    return [api.create(line(), sellToOrderReference=name) for name in names]


def follow(api: ApiClient, page: Any) -> Any:
    """Ask for the next page by its address, as it was given."""
    assert page["morePages"] is True
    address = urlsplit(page["nextPageURL"])
    assert f"{address.scheme}://{address.netloc}" == settings.PUBLIC_URL
    assert dict(parse_qsl(address.query))["pageKey"] == page["nextPageKey"]
    response = api.get(f"{address.path}?{address.query}")
    assert response.status_code == 200, response.content
    return response.json()


def test_a_list_without_orders_has_its_envelope(api: ApiClient) -> None:
    assert listed(api) == {
        "data": [],
        "morePages": False,
        "nextPageKey": None,
        "nextPageURL": None,
    }


def test_rows_are_the_header_fields_without_items_oldest_first(
    api: ApiClient, clock: Clock, issue: Callable[[str], Order]
) -> None:
    guest = {"sellToEmail": "a@example.com", "sellToName": "Ann", "sellToLanguage": "nl"}
    issued = settle(api, issue, line(), **guest)
    later = clock.forward(hours=-1)
    api.create(line("unknown"), sellToOrderReference="WEB-2", paymentReference=None)
    header = order(partnerId=str(api.partner.pk))
    del header["items"]
    assert listed(api) == {
        "data": [
            {
                **header,
                "sellToOrderReference": "WEB-2",
                "paymentReference": None,
                "receivedAt": moment(later),
                "updatedAt": moment(later),
                "totalInclVat": None,
                "totalExclVat": None,
            },
            {
                **header,
                **guest,
                "orderId": issued["orderId"],
                "buyFromOrderReference": issued["buyFromOrderReference"],
                "status": "Issued",
                "manifestUrl": ORDER_MANIFEST,
            },
        ],
        "morePages": False,
        "nextPageKey": None,
        "nextPageURL": None,
    }
    assert listed(api)["data"][1] == {n: v for n, v in issued.items() if n != "items"}


def test_pages_follow_each_other_even_when_orders_came_at_the_same_moment(
    api: ApiClient, clock: Clock
) -> None:
    names = [f"WEB-{n}" for n in range(7)]
    created = create(api, *names[:5])
    clock.forward(seconds=1)
    created += create(api, *names[5:])
    assert len({row["receivedAt"] for row in created}) == 2
    pages = [listed(api, pageSize=2)]
    while pages[-1]["morePages"]:
        pages.append(follow(api, pages[-1]))
    assert [len(page["data"]) for page in pages] == [2, 2, 2, 1]
    assert [row["orderId"] for page in pages for row in page["data"]] == [
        row["orderId"] for row in sorted(created, key=lambda r: (r["receivedAt"], r["orderId"]))
    ]
    assert (pages[-1]["nextPageKey"], pages[-1]["nextPageURL"]) == (None, None)


def test_a_last_page_that_is_full_says_so(api: ApiClient) -> None:
    create(api, "A", "B")
    assert listed(api, pageSize=2)["morePages"] is False


def test_orders_that_come_or_go_between_two_pages_shift_nothing(
    api: ApiClient, clock: Clock, issue: Callable[[str], Order]
) -> None:
    drafts = []
    for name in "ABCD":
        drafts.append(settle(api, issue, sellToOrderReference=name, paymentReference=None))
        clock.forward(seconds=1)
    first = listed(api, pageSize=2)
    for gone in drafts[:2]:  # the key's own row among them
        assert api.delete(gone["orderId"]).status_code == 200
    create(api, "E")
    second = follow(api, first)
    assert (references(second), references(follow(api, second))) == (["C", "D"], ["E"])


def test_the_default_page_has_100_rows(api: ApiClient) -> None:
    template = api.create(line())
    first = Order.objects.get(pk=template["orderId"])
    for number in range(100):
        first.pk = None
        first.id = Order._meta.get_field("id").get_default()
        first.token = Order._meta.get_field("token").get_default()
        first.sell_to_order_reference = f"N{number}"
        first.buy_from_order_reference = f"X{number}"
        first.save(force_insert=True)
    page = listed(api)
    assert (len(page["data"]), page["morePages"]) == (100, True)
    assert len(listed(api, pageSize=1000)["data"]) == 101


def test_a_page_size_is_1_to_1000(api: ApiClient) -> None:
    for size in ("0", "1001", "-1", "1.5", "", "ten", "1e2", " 5", "\u0665", "9" * 400):
        assert_problem(
            api.get(path(api, pageSize=size)),
            400,
            "invalid_request",
            ("?pageSize", "invalid_page_size"),
        )


def test_filters_are_combined_with_and(api: ApiClient, issue: Callable[[str], Order]) -> None:
    settle(api, issue, sellToOrderReference="I")
    settle(api, issue, sellToOrderReference="D", paymentReference=None)
    failed = settle(api, issue, line("unknown"), sellToOrderReference="E")
    create(api, "S")
    assert references(listed(api, status="Issued")) == ["I"]
    assert sorted(references(listed(api, status="Issued,Error,Draft"))) == ["D", "E", "I"]
    assert references(listed(api, status="Scheduled,Processing,Cancelled")) == []
    assert references(listed(api, sellToOrderReference="E")) == ["E"]
    number = failed["buyFromOrderReference"]
    assert references(listed(api, buyFromOrderReference=number)) == ["E"]
    assert references(listed(api, buyFromOrderReference=number, status="Error")) == ["E"]
    assert references(listed(api, buyFromOrderReference=number, status="Issued")) == []
    assert references(listed(api, sellToOrderReference="e")) == []
    assert references(listed(api, sellToOrderReference="")) == []
    assert references(listed(api, sellToOrderReference="%")) == []


def test_bounds_of_receipt_are_included(api: ApiClient, clock: Clock) -> None:
    for name in "ABC":
        create(api, name)
        clock.forward(minutes=1)
    second, third = (moment(NOON + datetime.timedelta(minutes=n)) for n in (1, 2))
    assert references(listed(api, receivedAtFrom=second)) == ["B", "C"]
    assert references(listed(api, receivedAtTo=second)) == ["A", "B"]
    assert references(listed(api, receivedAtFrom=second, receivedAtTo=second)) == ["B"]
    assert references(listed(api, receivedAtFrom=third, receivedAtTo=second)) == []


@pytest.mark.parametrize("microsecond", [1, 999, 1000, 123_456, 999_999])
def test_an_order_is_found_by_the_very_moment_it_was_answered_with(
    api: ApiClient, clock: Clock, microsecond: int
) -> None:
    clock.now = NOON.replace(microsecond=microsecond)
    (created,) = create(api, "A")
    at = created["receivedAt"]
    assert references(listed(api, receivedAtFrom=at, receivedAtTo=at)) == ["A"]


BOUNDS = {
    "2026-11-20": ["A"],  # a day of the venue's
    "2026-11-21": [],
    "2026-11-20T11:00:00Z": ["A"],
    "2026-11-20T12:00:00+01:00": ["A"],
    "2026-11-20T12:00+0100": ["A"],
    "2026-11-20T11:00:00.001Z": [],
    "0001-01-02": ["A"],
    "9999-12-30": [],
}


def test_a_bound_is_a_date_or_a_moment(api: ApiClient) -> None:
    create(api, "A")
    for text, found in BOUNDS.items():
        assert references(listed(api, receivedAtFrom=text)) == found, text


def test_a_date_as_upper_bound_includes_its_whole_day_at_the_venue(
    api: ApiClient, clock: Clock
) -> None:
    clock.now = datetime.datetime(2026, 11, 20, 22, 59, 59, 999_999, tzinfo=datetime.UTC)
    create(api, "A")
    clock.forward(microseconds=1)
    create(api, "B")
    assert references(listed(api, receivedAtTo="2026-11-20")) == ["A"]
    assert references(listed(api, receivedAtFrom="2026-11-21")) == ["B"]


NO_MOMENTS = (
    *("", "yesterday", "2026-02-30", "2026-13-01", "2026-11-20T25:00Z", "10000-01-01"),
    *("1768000000", "0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00", "\x00"),
    *("2026-11-20T11:00:00+99:00", "2026-11-20\x00"),
)


@pytest.mark.parametrize("name", ["receivedAtFrom", "receivedAtTo"])
def test_a_bound_that_is_no_moment_is_refused(api: ApiClient, name: str) -> None:
    for text in NO_MOMENTS:
        response = api.get(path(api, **{name: text}))
        assert response.status_code == 400, text
        assert [fault["pointer"] for fault in response.json()["errors"]] == [f"?{name}"], text


def test_an_unknown_status_is_refused(api: ApiClient) -> None:
    odd = ("issued", "Issued,", ",", "", "Issued, Draft", "Nonsense", "Issued,Nonsense", "\x00")
    for status in odd:
        response = api.get(path(api, status=status))
        assert response.status_code == 400, status
        assert [fault["pointer"] for fault in response.json()["errors"]] == ["?status"]


def test_a_misspelt_filter_is_refused_with_its_name_and_all_faults_are_listed(
    api: ApiClient,
) -> None:
    query = {"Status": "Issued", "pageSize": "0", "status": "x", "receivedAtTo": "?"}
    assert_problem(
        api.get(path(api, **query)),
        400,
        "invalid_request",
        ("?Status", "unknown_member"),
        ("?pageSize", "invalid_page_size"),
        ("?status", "unknown_status"),
        ("?receivedAtTo", "invalid_moment"),
    )


def test_a_filter_sent_twice_is_not_half_ignored(api: ApiClient) -> None:
    response = api.get(path(api) + "?status=Issued&status=Submitted")
    assert response.status_code == 400


def _key(api: ApiClient, **filters: Any) -> str:
    return str(listed(api, pageSize=1, **filters)["nextPageKey"])


def _refuses_key(api: ApiClient, key: str, **filters: Any) -> None:
    assert_problem(
        api.get(path(api, pageKey=key, **filters)),
        400,
        "invalid_request",
        ("?pageKey", "invalid_page_key"),
    )


def test_a_key_binds_its_filters(api: ApiClient, clock: Clock) -> None:
    create(api, "A", "B", "C")
    plain, filtered = _key(api), _key(api, status="Submitted")
    _refuses_key(api, plain, status="Submitted")
    _refuses_key(api, filtered)
    _refuses_key(api, filtered, status="Submitted,Draft")
    _refuses_key(api, filtered, status="Submitted", receivedAtTo="2026-12-01")
    assert len(listed(api, pageKey=filtered, status="Submitted")["data"]) == 2
    assert len(listed(api, pageKey=plain, pageSize=1)["data"]) == 1


def test_a_key_of_the_rivals_is_refused(api: ApiClient, rival: ApiClient) -> None:
    create(rival, "A", "B")
    create(api, "A", "B")
    _refuses_key(api, _key(rival))


def test_an_altered_key_is_refused_at_every_place(api: ApiClient) -> None:
    create(api, "A", "B")
    key = _key(api)
    for place in range(0, len(key), 7):
        changed = "A" if key[place] != "A" else "B"
        _refuses_key(api, key[:place] + changed + key[place + 1 :])


def test_a_forged_key_is_refused(api: ApiClient) -> None:
    create(api, "A", "B")
    for key in ("", "x", "::", "a:b:c", "\x00", "é", ".eJw:1:2", "9" * 5000):
        _refuses_key(api, key)


def test_something_else_that_we_signed_is_not_a_key(api: ApiClient) -> None:
    create(api, "A", "B")
    for salt in ("", "session"):
        _refuses_key(api, signing.dumps(["", moment(NOON), NOBODY], salt=salt))


def test_only_our_orders_are_listed(api: ApiClient, rival: ApiClient) -> None:
    create(api, "OURS")
    create(rival, "THEIRS")
    assert references(listed(api)) == ["OURS"]
    assert references(listed(api, sellToOrderReference="THEIRS")) == []


@pytest.mark.parametrize("query", ["", "?pageSize=0", "?status=x", "?pageKey=x"])
def test_another_partners_list_is_not_found(api: ApiClient, rival: ApiClient, query: str) -> None:
    for partner_id in (rival.partner.pk, NOBODY, "x", quote("ü" * 36)):
        assert_problem(api.get(f"/channelManager/orders/{partner_id}{query}"), 404, "not_found")


def test_the_partner_id_is_accepted_in_any_case(api: ApiClient) -> None:
    response = api.get(f"/channelManager/orders/{str(api.partner.pk).upper()}")
    assert response.status_code == 200

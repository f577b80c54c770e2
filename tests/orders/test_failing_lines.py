"""What partners and staff are told of lines that cannot be issued."""

from __future__ import annotations

import uuid
from collections.abc import Callable

from catalog.models import Package
from orders.admin.failures import find_remedies
from orders.models import Order
from orders.resolution import faults_of
from tests.conftest import TOMORROW, ApiClient
from tests.factories import PackageFactory, PackageMappingFactory, sellable_package

Issue = Callable[[str], Order]


def failed(api: ApiClient, issue: Issue, *items: dict[str, object]) -> Order:
    return issue(api.create(*items)["orderId"])


def test_the_partner_is_told_of_every_line_that_fails(api: ApiClient, issue: Issue) -> None:
    order = failed(api, issue, {"itemNumber": "NOPE-8"}, {"itemNumber": "NOPE-9"})
    assert api.get(f"/channelManager/{order.pk}").json()["statusMessage"] == (
        "Line 100000: item number NOPE-8 is not mapped to a package of the venue. "
        "Line 200000: item number NOPE-9 is not mapped to a package of the venue."
    )


def test_staff_are_told_when_the_mapped_package_does_not_fit_the_order(
    api: ApiClient, issue: Issue, day: Package
) -> None:
    item = {"itemNumber": "NEW-SKU", "quantity": 2, "visitDate": TOMORROW.isoformat()}
    order = failed(api, issue, {"itemNumber": "DAY", "visitDate": TOMORROW.isoformat()}, item)
    open_dated = sellable_package(day.venue, "ANYDAY", dating="open")
    PackageMappingFactory.create(partner=api.partner, item_number="NEW-SKU", package=open_dated)
    lines = list(order.lines.order_by("line_no"))
    fault = "Line 200000: ANYDAY is open-dated: it takes no visitDate."
    told = faults_of(order=order, lines=lines)
    assert {number: [one.detail for one in faults] for number, faults in told.items()} == {
        200000: [fault]
    }
    (remedy,) = find_remedies(order, lines)
    assert not remedy.is_mended
    assert remedy.what == (
        f"Line 200000: NEW-SKU means ANYDAY now, but the order does not fit it. {fault}"
    )


def test_staff_are_told_when_a_replay_will_do(api: ApiClient, issue: Issue, day: Package) -> None:
    item = {"itemNumber": "NEW-SKU", "visitDate": TOMORROW.isoformat()}
    order = failed(api, issue, item)
    PackageMappingFactory.create(partner=api.partner, item_number="NEW-SKU", package=day)
    (remedy,) = find_remedies(order, list(order.lines.all()))
    assert remedy.is_mended
    assert remedy.what == "Line 100000: NEW-SKU means DAY now and can be issued."


def test_a_package_without_a_component_is_named(api: ApiClient, issue: Issue, day: Package) -> None:
    PackageFactory.create(venue=day.venue, code="EMPTY")
    order = failed(api, issue, {"itemNumber": "EMPTY", "visitDate": TOMORROW.isoformat()})
    assert (
        order.status_message == "Line 100000: item number EMPTY is a package with nothing to issue."
    )


def test_an_order_of_too_many_tickets_is_refused(api: ApiClient, day: Package) -> None:
    day.components.update(quantity=20)
    item = {"itemNumber": "DAY", "quantity": 501, "visitDate": TOMORROW.isoformat()}
    answer = api.post(api.order_body(item))
    assert answer.status_code == 400
    assert answer.json()["errors"] == [
        {
            "pointer": "/items",
            "code": "too_many_assets",
            "detail": "One order may have at most 10000 tickets and coupons; this one asks for "
            "10020.",
        }
    ]


def test_a_repeated_answer_is_the_first_one_to_the_byte(api: ApiClient) -> None:
    key = str(uuid.uuid4())
    first, again = (api.post(api.order_body(), idempotency_key=key) for _ in range(2))
    assert again["Idempotent-Replayed"] == "true"
    assert again.content == first.content


def test_a_moment_without_an_offset_is_refused(api: ApiClient) -> None:
    path = f"/channelManager/orders/{api.partner.pk}?receivedAtFrom=2026-11-21T01:48:00"
    assert api.get(path).json()["errors"] == [
        {
            "pointer": "?receivedAtFrom",
            "code": "invalid_moment",
            "detail": "Must be an ISO 8601 date, or a date and time with an offset.",
        }
    ]

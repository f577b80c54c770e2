"""Magic item numbers: every outcome that a partner must handle, for test keys only."""

from __future__ import annotations

import datetime
from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.exceptions import ValidationError
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import OperationalError, connection
from django.utils import timezone
from procrastinate.contrib.django.models import ProcrastinateJob

from catalog.magic import MAGIC
from catalog.models import TEST_TICKET, Component, Item, Package
from channel_manager.lib.errors import ErrorCode
from orders import issuance, magic
from orders.models import Order
from partners.keys import create_test_key
from partners.models import Partner, Venue
from tests.conftest import ApiClient
from tests.factories import (
    CalendarDayFactory,
    OpeningHoursFactory,
    PackageMappingFactory,
    PartnerFactory,
)
from tests.orders.expected import (
    assert_problem,
    asset,
    item,
    line,
    order,
    settle,
    stored,
    wallet,
)
from tests.orders.held import HOLDS
from tests.staff import signed_in, text_of

pytestmark = pytest.mark.usefixtures("clock")

Issue = Callable[[str], Order]
ISSUED = ("TEST-OK", "TEST-SLOW", "TEST-WEBHOOK-LOST")
PRICES = {"unitPriceInclVat": "10.00", "unitPriceExclVat": "9.17"}


def bare(number: str, **members: Any) -> dict[str, Any]:
    """Return a line without a visit."""
    return {"itemNumber": number, "quantity": 1, **members}


def expected(number: str, **members: Any) -> dict[str, Any]:
    """Return an order of one test ticket as it is answered, just Submitted."""
    ticket = {
        "itemNumber": number,
        "packageCode": TEST_TICKET,
        "description": "Test ticket",
        "visitDate": None,
    }
    totals = {"totalInclVat": "10.00", "totalExclVat": "9.17"}
    numbers = {"buyFromOrderReference": "T-CM26-0000001", "testMode": True}
    return order(item(wallet(**PRICES), **ticket), **{**totals, **numbers, **members})


@pytest.fixture
def unready(venue: Venue) -> ApiClient:
    """A partner that is onboarding, has no mapping and may not sell by package codes."""
    partner = PartnerFactory.create(
        venue=venue, name="New Horizons", status="Onboarding", sell_by_package_code=False
    )
    return ApiClient(create_test_key(partner=partner)[1], partner)


@pytest.mark.parametrize("number", ISSUED)
def test_a_test_ticket_is_ordered_and_issued_like_any_package(
    unready: ApiClient, issue: Issue, number: str
) -> None:
    created = unready.create(bare(number))
    assert created == expected(number)
    issue(created["orderId"])
    found = unready.get(f"/channelManager/{created['orderId']}").json()
    assert found["status"] == "Issued"
    (only,) = found["items"][0]["wallets"]
    assert only["status"] == "Active"
    assert only["assets"] == [
        asset(
            itemNumber=TEST_TICKET,
            description="Test ticket",
            validFrom="2026-11-20T11:00:00.000Z",
            validUntil="2027-11-20T19:00:00.000Z",
        )
    ]
    assert Component.objects.filter(package__is_test=True).count() == 1


@pytest.mark.parametrize("visit", [{}, {"visitTime": "10:00"}])
def test_a_test_ticket_takes_a_visit_which_is_checked(
    unready: ApiClient, issue: Issue, visit: dict[str, str]
) -> None:
    found = settle(unready, issue, line("TEST-OK", **visit), bare("TEST-OK", quantity=3))
    dated, undated = found["items"]
    assert dated["wallets"][0]["assets"][0]["validFrom"] == (
        "2026-11-23T09:00:00.000Z" if visit else "2026-11-23T07:00:00.000Z"
    )
    assert len(undated["wallets"]) == 3
    CalendarDayFactory.create(venue=unready.partner.venue, date=datetime.date(2026, 11, 24))
    for refused, code in (
        ({"visitDate": "2026-11-19"}, "visit_in_past"),
        ({"visitDate": "2026-11-24"}, "venue_closed"),
    ):
        body = unready.order_body({**line("TEST-OK"), **refused}, sellToOrderReference="WEB-2")
        told = code if code in set(ErrorCode) else "invalid_request"
        assert_problem(unready.post(body), 400, told, ("/items/0/visitDate", code))


@pytest.mark.parametrize("with_visit", [True, False])
def test_sold_out_is_refused_as_a_full_session_is(tester: ApiClient, with_visit: bool) -> None:
    made = line if with_visit else bare
    body = tester.order_body(made("TEST-OK"), made("TEST-SOLD-OUT", quantity=2))
    before = stored()
    shortage = {
        "pointer": "/items/1",
        "itemNumber": TEST_TICKET,
        "visitDate": "2026-11-23" if with_visit else "2026-11-20",
        "visitTime": None,
        "capacity": 0,
        "placesWanted": 2,
        "placesLeft": 0,
        "nearestSessions": [],
    }
    told = {"placesLeft": 0, "nearestSessions": [], "shortages": [shortage]}
    assert_problem(tester.post(body), 409, "sold_out", ("/items/1", "sold_out"), **told)
    held = tester.post({"items": body["items"]}, HOLDS)
    assert_problem(held, 409, "sold_out", ("/items/1", "sold_out"), **told)
    assert stored() == before


def test_a_duplicate_and_a_fault_are_told_before_sold_out(tester: ApiClient) -> None:
    tester.create(bare("TEST-OK"))
    again = tester.post(tester.order_body(bare("TEST-SOLD-OUT")))
    assert again.json()["code"] == "duplicate_order"
    body = tester.order_body(bare("TEST-SOLD-OUT"), line("DAY", visitDate="2026-11-19"))
    fault = ("/items/1/visitDate", "visit_in_past")
    body["sellToOrderReference"] = "WEB-2"
    assert_problem(tester.post(body), 400, "visit_in_past", fault)


def test_slow_waits_for_half_a_minute_without_a_worker(tester: ApiClient) -> None:
    created = tester.create(bare("TEST-SLOW"), bare("TEST-OK"))
    row = Order.objects.get(pk=created["orderId"])
    job = ProcrastinateJob.objects.get(pk=row.job_id)
    assert job.status == "todo"
    wait = job.scheduled_at - datetime.datetime.now(datetime.UTC)
    assert 25 <= wait.total_seconds() <= 30
    quick = tester.create(bare("TEST-OK"), sellToOrderReference="WEB-2")
    job = ProcrastinateJob.objects.get(pk=Order.objects.get(pk=quick["orderId"]).job_id)
    assert job.scheduled_at is None


def test_two_outages_are_tried_again_and_then_it_is_issued(tester: ApiClient) -> None:
    key = Order.objects.get(pk=tester.create(bare("TEST-FAILS-TWICE"))["orderId"]).pk
    for failures in (0, 1):
        with pytest.raises(OperationalError):
            issuance.issue_order(order_id=key, clock=timezone.now, failures=failures)
        assert Order.objects.get(pk=key).status == "Processing"
    issuance.issue_order(order_id=key, clock=timezone.now, failures=2)
    assert Order.objects.get(pk=key).status == "Issued"


def test_an_issuance_error_settles_in_error_and_can_be_replaced(
    tester: ApiClient, issue: Issue, caplog: pytest.LogCaptureFixture
) -> None:
    found = settle(tester, issue, bare("TEST-OK"), bare("TEST-ERROR"))
    assert (found["status"], found["statusMessage"]) == (
        "Error",
        "Issuing failed for a reason of ours.",
    )
    assert [w["assets"] for one in found["items"] for w in one["wallets"]] == [[], []]
    assert not caplog.records
    answer = tester.put(found["orderId"], tester.order_body(bare("TEST-OK")))
    assert answer.status_code == 200
    assert issue(found["orderId"]).status == "Issued"


def test_unmapped_ends_in_error_or_is_refused_as_the_partner_agreed(
    tester: ApiClient, day: Package, issue: Issue
) -> None:
    PackageMappingFactory.create(partner=tester.partner, item_number="TEST-UNMAPPED", package=day)
    found = settle(tester, issue, line("TEST-UNMAPPED"))
    assert found["status"] == "Error"
    assert Order.objects.get().failure_code == "unmapped_item"
    Partner.objects.update(unmapped_items="refuse")
    body = tester.order_body(line("TEST-UNMAPPED"), sellToOrderReference="WEB-2")
    fault = ("/items/0/itemNumber", "unknown_item")
    assert_problem(tester.post(body), 400, "unknown_item", fault)


def test_only_an_order_that_asks_for_it_loses_its_webhooks(tester: ApiClient, issue: Issue) -> None:
    lost = tester.create(bare("TEST-WEBHOOK-LOST"), bare("TEST-OK"), paymentReference=None)
    kept = tester.create(bare("TEST-OK"), sellToOrderReference="WEB-2")
    assert magic.is_webhook_lost(Order.objects.get(pk=lost["orderId"]))
    assert not magic.is_webhook_lost(Order.objects.get(pk=kept["orderId"]))
    issue(lost["orderId"])
    assert tester.put(lost["orderId"], tester.order_body(bare("TEST-OK"))).status_code == 200
    assert not magic.is_webhook_lost(Order.objects.get(pk=lost["orderId"]))


@pytest.mark.parametrize("number", [*MAGIC, TEST_TICKET])
def test_to_a_live_key_a_magic_number_is_like_any_unknown_one(
    api: ApiClient, tester: ApiClient, number: str
) -> None:
    tester.create(bare("TEST-OK"))
    for setting in ("accept", "refuse"):
        Partner.objects.update(unmapped_items=setting)
        told = []
        for n, one in enumerate((number, "NOTHING")):
            body = api.order_body(bare(one), sellToOrderReference=f"{setting}-{n}")
            answer = api.post(body).json()
            told.append({k: answer.get(k) for k in ("code", "status", "testMode", "totalInclVat")})
        assert told[0] == told[1]
    assert api.get(f"/channelManager/availability?itemNumber={number}").status_code == 400
    assert not Order.objects.filter(test_mode=False, loses_webhooks=True).exists()


def test_a_live_mapping_of_a_magic_number_is_the_partners_own(
    api: ApiClient, tester: ApiClient, day: Package
) -> None:
    PackageMappingFactory.create(partner=api.partner, item_number="TEST-OK", package=day)
    assert api.create(line("TEST-OK"))["items"][0]["packageCode"] == "DAY"
    assert tester.create(line("TEST-OK"))["items"][0]["packageCode"] == TEST_TICKET


def test_staff_map_no_magic_number_and_keep_one_that_is_mapped(
    api: ApiClient, issue: Issue, order_desk: User, day: Package
) -> None:
    desk, mappings = signed_in(order_desk), "/admin/catalog/packagemapping/"
    failed = settle(api, issue, line("TEST-OK"))
    sent = {"partner": api.partner.pk, "item_number": "TEST-OK", "package": day.pk}
    sent |= {"valid_from": "", "is_active": "on"}
    why = "TEST-OK is a test item number. With a test key it does what the documentation says,"
    file = f"partner,item_number,package\n{api.partner.name},TEST-OK,DAY".encode()
    for page in (
        desk.post(f"{mappings}add/", sent),
        desk.post("/admin/orders/order/preview/mapping/", sent),
        desk.post(f"{mappings}import/", {"file": SimpleUploadedFile("a.csv", file)}),
        desk.get("/admin/orders/batch/unmapped/"),
        desk.get("/admin/orders/batch/causes/"),
        desk.get(f"/admin/orders/order/{failed['orderId']}/change/"),
    ):
        assert why in text_of(page)
        assert "Map TEST-OK" not in text_of(page)
    there = PackageMappingFactory.create(partner=api.partner, item_number="TEST-OK", package=day)
    assert desk.post(f"{mappings}{there.pk}/change/", sent).status_code == 302


def test_packages_list_the_magic_numbers_to_test_keys_with_samples_that_can_be_sent(
    api: ApiClient, tester: ApiClient, unready: ApiClient, issue: Issue
) -> None:
    assert not {row["itemNumber"] for row in _packages(api)} & {*MAGIC, TEST_TICKET}
    listed = {row["itemNumber"]: row for row in _packages(unready)}
    assert set(listed) == {number for number, row in MAGIC.items() if row.is_known}
    for number, row in listed.items():
        assert row["description"] == MAGIC[number].outcome
        answer = unready.post(row["sampleOrder"])
        assert answer.status_code == (409 if number == "TEST-SOLD-OUT" else 201), answer.content
    both = {row["itemNumber"] for row in _packages(tester)}
    assert both == {"BUNDLE", "DAY", "GROUP", *listed}
    path = "/channelManager/availability?itemNumber=TEST-OK&from=2026-11-23&to=2026-11-24"
    rows = unready.get(path).json()["data"]
    assert [row["visitDate"] for row in rows] == ["2026-11-23", "2026-11-24"]


def test_samples_are_for_a_day_of_the_season(unready: ApiClient) -> None:
    OpeningHoursFactory.create(
        venue=unready.partner.venue,
        valid_from=datetime.date(2026, 11, 20),
        valid_until=datetime.date(2026, 11, 25),
        opens_at=None,
        closes_at=None,
    )
    samples = {row["sampleOrder"]["items"][0]["visitDate"] for row in _packages(unready)}
    assert samples == {"2026-11-26"}
    path = "/channelManager/availability?itemNumber=TEST-OK&from=2026-11-23&to=2026-11-26"
    assert [row["visitDate"] for row in unready.get(path).json()["data"]] == ["2026-11-26"]


def test_the_test_ticket_is_hidden_from_the_catalogue(tester: ApiClient) -> None:
    tester.create(bare("TEST-OK"))
    assert not Package.objects.filter(code=TEST_TICKET).exists()
    assert not Item.objects.filter(number=TEST_TICKET).exists()
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM catalog_package WHERE is_test")
        assert cursor.fetchone() == (1,)
    venue = tester.partner.venue
    for row in (Package(venue=venue, code=TEST_TICKET), Item(venue=venue, number=TEST_TICKET)):
        with pytest.raises(ValidationError, match="that of the test ticket"):
            row.clean()


@pytest.mark.parametrize("number", ["TEST-OK", "DAY"])
def test_a_test_order_keeps_the_budget_of_statements(
    tester: ApiClient, statements: Callable[[], Any], number: str
) -> None:
    tester.create(bare("TEST-OK"))
    for lines in (1, 100):
        items = [line(number) for _ in range(lines)]
        with statements() as count:
            tester.create(*items, sellToOrderReference=f"WEB-{lines}-{number}")
        assert len(count) <= 12, count.statements


def _packages(who: ApiClient) -> list[dict[str, Any]]:
    return list(who.get("/channelManager/packages").json()["data"])
